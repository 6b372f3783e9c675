"""Modbus ASCII frames (MODBUS over Serial Line V1.02, 2.5.2): ``:``, two hex digits a byte, LRC, CR LF. No I/O."""

import re
from typing import Final

from gateway.sources.modbus.frames import Frame, Garbled, Question
from gateway.sources.modbus.rtu import body

LONGEST: Final = 513
"""characters of a frame, ``:`` and CR LF included"""
_HEX: Final = re.compile(rb"(?:[0-9A-F]{2})*")


def lrc(data: bytes) -> bytes:
    """Longitudinal redundancy check of the standard (6.2.1): what makes the sum of all bytes 0.

    >>> lrc(bytes.fromhex("010300000001")).hex()
    'fb'
    """
    return bytes([-sum(data) & 0xFF])


class AsciiFrames:
    """Requests out, a byte stream in. After an error the half frame is forgotten."""

    silence_chars: Final = 0.0
    """frames have marks of their own"""

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
        self._rest, self._echo, self.echoed = b"", sent.rstrip(b"\r\n"), False

    def settle(self) -> list[Frame]:
        """Nothing is held: an echo is a whole line."""
        return []

    @staticmethod
    def request(asked: Question) -> bytes:
        """The question on the wire."""
        sent = body(asked)
        return b":" + (sent + lrc(sent)).hex().upper().encode() + b"\r\n"

    @staticmethod
    def characters(asked: Question) -> int:
        """On the line, for the question and its answer."""
        return 17 + 11 + 2 * asked.size

    def feed(self, data: bytes) -> list[Frame]:
        """Frames completed by ``data``.

        Raises:
            Garbled: characters outside a frame, no hex digits, a wrong LRC, or too long for a frame.
        """
        lines = (self._rest + data).split(b"\r\n")
        self._rest = b""
        found = [_frame(line) for line in lines[:-1] if not self._is_echo(line)]
        rest = lines[-1]
        if (rest and rest[:1] != b":") or len(rest) > LONGEST:
            raise Garbled("not a Modbus ASCII frame")
        self._rest = rest
        return found

    def _is_echo(self, line: bytes) -> bool:
        if not self._echo or line != self._echo:
            return False
        self._echo, self.echoed = b"", True
        return True


def _frame(line: bytes) -> Frame:
    if line[:1] != b":" or not _HEX.fullmatch(line, 1) or not 9 <= len(line) <= LONGEST - 2:
        raise Garbled("not a Modbus ASCII frame")
    raw = bytes.fromhex(line[1:].decode())
    if lrc(raw[:-1]) != raw[-1:]:
        raise Garbled("wrong LRC")
    return Frame(0, raw[0], raw[1:-1])
