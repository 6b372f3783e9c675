"""Modbus RTU frames (MODBUS over Serial Line V1.02, 2.5.1): unit, function, data, CRC-16, low byte first. No I/O.

Where a frame ends is told by its own head and proved by its CRC, not by silence on the line: an operating system and a
serial server both deliver bytes in pieces and late. A frame whose CRC is wrong gives nothing.
"""

from typing import Final

from gateway.sources.modbus.frames import EXCEPTION_FLAG, Frame, Garbled, Question

SHORTEST: Final = 5
"""unit, function, exception code, CRC"""
_POLYNOMIAL: Final = 0xA001


def _table() -> tuple[int, ...]:
    found = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ (_POLYNOMIAL if crc & 1 else 0)
        found.append(crc)
    return tuple(found)


_TABLE: Final = _table()


def crc(data: bytes) -> bytes:
    """CRC-16 of the standard (6.2.2), as on the wire.

    >>> crc(bytes.fromhex("010300000001")).hex()
    '840a'
    """
    value = 0xFFFF
    for byte in data:
        value = (value >> 8) ^ _TABLE[(value ^ byte) & 0xFF]
    return value.to_bytes(2, "little")


def body(asked: Question) -> bytes:
    """Unit, function, address, count: what RTU and ASCII send of a question, without their check."""
    return asked.wire[4:]


class RtuFrames:
    """Requests out, a byte stream in. After an error the half frame is forgotten."""

    silence_chars: Final = 3.5
    """rest between two frames, in characters"""

    def __init__(self) -> None:
        self._rest = self._echo = b""
        self.echoed = False
        """our own question came back"""

    @property
    def empty(self) -> bool:
        """No half frame is waiting."""
        return not self._rest

    def expect(self, sent: bytes) -> None:
        """``sent`` goes out and may come back (an RS-485 adapter that hears itself): that is no answer."""
        self._rest, self._echo, self.echoed = b"", sent, False

    def settle(self) -> list[Frame]:
        """What was held because it may have been the beginning of an echo is none: nothing more came.

        Raises:
            Garbled: as :meth:`feed`.
        """
        self._echo = b""
        return self.feed(b"")

    @staticmethod
    def request(asked: Question) -> bytes:
        """The question on the wire."""
        sent = body(asked)
        return sent + crc(sent)

    @staticmethod
    def characters(asked: Question) -> int:
        """On the line, for the question and its answer."""
        return 8 + SHORTEST + asked.size

    def feed(self, data: bytes) -> list[Frame]:
        """Frames completed by ``data``.

        Raises:
            Garbled: this is no answer to any reading function, or its CRC is wrong.
        """
        rest, found = self._rest + data, []
        self._rest = b""
        while len(rest) >= SHORTEST:
            if self._echo and self._echo.startswith(rest[: len(self._echo)]):
                if len(rest) < len(self._echo):
                    break
                rest, self._echo, self.echoed = rest[len(self._echo) :], b"", True
                continue
            size = _size(rest)
            if len(rest) < size:
                break
            if crc(rest[: size - 2]) != rest[size - 2 : size]:
                raise Garbled("wrong CRC")
            found.append(Frame(0, rest[0], rest[1 : size - 2]))
            rest = rest[size:]
        self._rest = rest
        return found


def _size(rest: bytes) -> int:
    function = rest[1]
    if 1 <= function <= 4:
        return SHORTEST + rest[2]
    if 1 <= function ^ EXCEPTION_FLAG <= 4:
        return SHORTEST
    raise Garbled(f"not a Modbus RTU answer: function {function}")
