"""Modbus TCP framing (Modbus Messaging on TCP/IP V1.0b, 3.1): bytes in, requests out, no I/O."""

import struct
from dataclasses import dataclass

from simulators.errors import BadFrame

HEADER = struct.Struct(">HHHB")  # transaction, protocol (0), length of what follows it, unit
LENGTHS = range(2, 255)  # unit + at least a function code .. unit + 253 bytes


@dataclass(frozen=True)
class Frame:
    """One message: transaction id, unit id, protocol data unit."""

    transaction: int
    unit: int
    pdu: bytes

    def encoded(self) -> bytes:
        """The bytes on the wire."""
        return HEADER.pack(self.transaction & 0xFFFF, 0, len(self.pdu) + 1, self.unit & 0xFF) + self.pdu


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
