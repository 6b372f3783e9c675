"""Numbers as Modbus registers: eight types in four byte/word orders.

The order letters name where the bytes of the big-endian number go: ABCD as is, CDAB words reversed,
BADC bytes swapped inside each word, DCBA both.  Sixteen-bit values are one word: always high byte first,
as the Modbus specification says (Application Protocol V1.1b3, 4.2), whatever the order of longer ones.
"""

import math
import struct
from collections.abc import Sequence

ORDERS = ("ABCD", "CDAB", "BADC", "DCBA")
FORMATS = {
    "int16": ">h",
    "uint16": ">H",
    "int32": ">i",
    "uint32": ">I",
    "int64": ">q",
    "uint64": ">Q",
    "float32": ">f",
    "float64": ">d",
}
LENGTHS = {name: struct.calcsize(form) // 2 for name, form in FORMATS.items()}
LENGTHS["bit"] = 1


def is_float(kind: str) -> bool:
    """Whether the type can hold NaN and fractions."""
    return kind.startswith("float")


def limits(kind: str) -> tuple[int, int]:
    """Smallest and largest value of an integer type."""
    bits = LENGTHS[kind] * 16
    return (0, 2**bits - 1) if kind.startswith("u") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def as_wire_number(value: float, kind: str) -> float | int:
    """Round and clip to what the type can hold; not-a-number in an integer becomes its lowest value."""
    if is_float(kind):
        return value
    low, high = limits(kind)
    return low if math.isnan(value) else max(low, min(high, round(value)))


def to_registers(value: float, kind: str, order: str = "ABCD") -> list[int]:
    """The registers of one number, lowest address first."""
    packed = struct.pack(FORMATS[kind], as_wire_number(value, kind))
    words = [packed[i : i + 2] for i in range(0, len(packed), 2)]
    return [int.from_bytes(word, "big") for word in _reorder(words, order)]


def from_registers(registers: Sequence[int], kind: str, order: str = "ABCD") -> float:
    """The inverse of :func:`to_registers`."""
    words = [register.to_bytes(2, "big") for register in registers]
    value: float = struct.unpack(FORMATS[kind], b"".join(_reorder(words, order)))[0]
    return value


def _reorder(words: list[bytes], order: str) -> list[bytes]:
    """Its own inverse, so it serves both directions."""
    if len(words) == 1:
        return words
    turned = words[::-1] if order in ("CDAB", "DCBA") else words
    return [word[::-1] for word in turned] if order in ("BADC", "DCBA") else turned
