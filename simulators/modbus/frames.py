"""Framing: Modbus TCP (Messaging on TCP/IP V1.0b, 3.1), RTU and ASCII (over Serial Line V1.02, 2.5). No I/O."""

import struct
from dataclasses import dataclass
from typing import Protocol

from simulators.errors import BadFrame

HEADER = struct.Struct(">HHHB")  # transaction, protocol (0), length of what follows it, unit
LENGTHS = range(2, 255)  # unit + at least a function code .. unit + 253 bytes


RTU_REQUEST = 8  # unit, function, address, count, CRC: the reading functions, and the single writes we refuse


@dataclass(frozen=True)
class Frame:
    """One message: transaction id (0 on serial lines), unit id, protocol data unit, and how it is framed."""

    transaction: int
    unit: int
    pdu: bytes
    framing: str = "tcp"

    def encoded(self) -> bytes:
        """The bytes on the wire."""
        body = bytes([self.unit & 0xFF]) + self.pdu
        if self.framing == "rtu":
            return body + crc16(body)
        if self.framing == "ascii":
            return b":" + (body + lrc(body)).hex().upper().encode() + b"\r\n"
        return HEADER.pack(self.transaction & 0xFFFF, 0, len(body), body[0]) + self.pdu


def crc16(data: bytes) -> bytes:
    """The check of RTU, low byte first (6.2.2)."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ (0xA001 if value & 1 else 0)
    return value.to_bytes(2, "little")


def lrc(data: bytes) -> bytes:
    """The check of ASCII (6.2.1)."""
    return bytes([-sum(data) & 0xFF])


class Buffer(Protocol):
    """Collects bytes, split anyhow, and gives back whole frames in order."""

    def feed(self, data: bytes) -> list[Frame]:
        """All frames complete so far; raises ``BadFrame`` when the stream is something else."""
        ...


class FrameBuffer:
    """Collects bytes, split anyhow, and gives back whole frames in order."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """All frames complete so far; raises ``BadFrame`` when the stream is not Modbus TCP."""
        self._pending += data
        frames: list[Frame] = []
        while (frame := self._take()) is not None:
            frames.append(frame)
        return frames

    def _take(self) -> Frame | None:
        if len(self._pending) < HEADER.size:
            return None
        transaction, protocol, length, unit = HEADER.unpack_from(self._pending)
        if protocol != 0 or length not in LENGTHS:
            raise BadFrame(f"protocol {protocol}, length {length}")
        end = 6 + length
        if len(self._pending) < end:
            return None
        pdu = bytes(self._pending[HEADER.size : end])
        del self._pending[:end]
        return Frame(transaction, unit, pdu)


class RtuBuffer:
    """Requests of a serial line, whose frames are told apart by their length. A wrong CRC forgets what was collected:
    a slave does not answer what it cannot read.
    """

    def __init__(self) -> None:
        self._pending = b""

    def feed(self, data: bytes) -> list[Frame]:
        """All requests complete so far."""
        self._pending += data
        frames = []
        while len(self._pending) >= RTU_REQUEST:
            whole, self._pending = self._pending[:RTU_REQUEST], self._pending[RTU_REQUEST:]
            if crc16(whole[:-2]) != whole[-2:]:
                self._pending = b""
                break
            frames.append(Frame(0, whole[0], whole[1:-2], "rtu"))
        return frames


class AsciiBuffer:
    """Requests of a serial line in hexadecimal; lines that cannot be read are not answered."""

    def __init__(self) -> None:
        self._pending = b""

    def feed(self, data: bytes) -> list[Frame]:
        """All requests complete so far."""
        *lines, self._pending = (self._pending + data).split(b"\r\n")
        self._pending = self._pending[-600:]
        frames = []
        for line in lines:
            try:
                raw = bytes.fromhex(line.rpartition(b":")[2].decode("ascii"))
            except ValueError:
                continue
            if len(raw) >= 3 and lrc(raw[:-1]) == raw[-1:]:
                frames.append(Frame(0, raw[0], raw[1:-1], "ascii"))
        return frames


BUFFERS: dict[str, type[FrameBuffer | RtuBuffer | AsciiBuffer]] = {
    "tcp": FrameBuffer,
    "rtu": RtuBuffer,
    "ascii": AsciiBuffer,
}
