"""Modbus TCP on the wire (MODBUS Messaging on TCP/IP Implementation Guide V1.0b, 3.1.3): bytes in, frames out. No I/O.

::

    transaction:2  protocol:2 (0)  length:2  unit:1 | function:1  data...
                                             `------ length counts from here

A value is taken only when transaction, protocol, length, unit, function and byte count are all those of the question in
flight. Only the four reading functions exist here; the product cannot write to the field.
"""

import struct
from dataclasses import dataclass
from typing import Final

from gateway.model.errors import Reject, Retry
from gateway.sources.modbus.plan import Area

FUNCTIONS: Final = {Area.COIL: 1, Area.DISCRETE: 2, Area.HOLDING: 3, Area.INPUT: 4}
AREAS: Final = {function: area for area, function in FUNCTIONS.items()}
EXCEPTIONS: Final = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "device failure",
    5: "acknowledge",
    6: "device busy",
    8: "memory parity error",
    10: "gateway path unavailable",
    11: "gateway target did not answer",
}
_HEAD: Final = struct.Struct(">HHHB")
_LONGEST: Final = 254  # unit and PDU: 1 + 253
EXCEPTION_FLAG: Final = 0x80


class Garbled(Retry):
    """The peer broke the protocol; nothing of its answer was taken."""


class DeviceException(Reject):
    """The device answered that it will not; it is alive. ``code`` as in :data:`EXCEPTIONS`."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exception {code} ({EXCEPTIONS.get(code, 'unknown')})")
        self.code = code


@dataclass(frozen=True, slots=True)
class Question:
    """One read, encoded once: ``wire`` and ``head`` lack only the transaction id in front.

    ``head`` is what the right answer begins with, ``size`` its data bytes.
    """

    unit: int
    function: int
    size: int
    wire: bytes
    head: bytes

    @property
    def address(self) -> int:
        """First address, 0-based."""
        return int.from_bytes(self.wire[6:8])


def question(unit: int, area: Area, address: int, count: int) -> Question:
    """The read of ``count`` addresses from ``address`` (0-based).

    Raises:
        ValueError: outside the limits of the standard.
    """
    most = 2000 if area.of_bits else 125
    if not (0 <= unit <= 255 and 1 <= count <= most and 0 <= address <= 0x10000 - count):
        raise ValueError(f"cannot ask unit {unit} for {count} of {area} from {address}")
    size = (count + 7) // 8 if area.of_bits else 2 * count
    function = FUNCTIONS[area]
    wire = struct.pack(">HHBBHH", 0, 6, unit, function, address, count)
    return Question(unit, function, size, wire, struct.pack(">HHBBB", 0, 3 + size, unit, function, size))


@dataclass(frozen=True, slots=True)
class Frame:
    """One answer as framed; nothing of it is checked yet but the frame."""

    transaction: int
    unit: int
    pdu: bytes


class Frames:
    """Cuts a byte stream into frames, however it is split."""

    def __init__(self) -> None:
        self._rest = b""

    @property
    def empty(self) -> bool:
        """No half frame is waiting."""
        return not self._rest

    def feed(self, data: bytes) -> list[Frame]:
        """Frames completed by ``data``.

        Raises:
            Garbled: this is not Modbus TCP, so no later byte can be trusted: close the connection.
        """
        rest, found = self._rest + data, []
        while len(rest) >= _HEAD.size:
            transaction, protocol, length, unit = _HEAD.unpack_from(rest)
            if protocol != 0 or not 2 <= length <= _LONGEST:
                raise Garbled(f"not a Modbus TCP frame: protocol {protocol}, length {length}")
            if len(rest) < 6 + length:
                break
            found.append(Frame(transaction, unit, rest[7 : 6 + length]))
            rest = rest[6 + length :]
        self._rest = rest
        return found


def answer(asked: Question, frame: Frame) -> bytes:
    """The data of the answer to ``asked`` (its transaction id is checked by the caller).

    Raises:
        DeviceException: the device refused.
        Garbled: another unit, function, byte count or length than asked for.
    """
    pdu = frame.pdu
    if frame.unit != asked.unit:
        raise Garbled(f"unit {frame.unit} answered for unit {asked.unit}")
    if pdu[0] == asked.function | EXCEPTION_FLAG and len(pdu) == 2:
        raise DeviceException(pdu[1])
    if pdu[0] != asked.function:
        raise Garbled(f"function {pdu[0]} answered for function {asked.function}")
    if len(pdu) != 2 + asked.size or pdu[1] != asked.size:
        said = pdu[1] if len(pdu) > 1 else "no"
        raise Garbled(f"asked for {asked.size} bytes, got {len(pdu) - 2} and a count of {said}")
    return pdu[2:]
