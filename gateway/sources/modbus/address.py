"""Address cells: ``1:holding:0:float32:CDAB``. How the number is written is declared for the source, never guessed."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gateway.sources.modbus.convert import number
from gateway.sources.modbus.plan import Area, Kind, Order, Point


class Notation(StrEnum):
    """How a source's tag list writes addresses."""

    ZERO = "zero-based"
    """``1:holding:0``: as on the wire"""
    ONE = "one-based"
    """``1:holding:1`` is the first"""
    HEX = "hex"
    """``1:holding:1F``: as on the wire, hexadecimal"""
    FIVE = "five-digit"
    """``1:40001`` is the first holding register; 0 coil, 1 discrete, 3 input, 4 holding; up to 49999"""
    SIX = "six-digit"
    """``1:400001``; up to 465536"""


@dataclass(frozen=True, slots=True)
class Binding:
    """Where a tag is read."""

    unit: int
    point: Point


LONGEST_TEXT: Final = 246
"""characters of a string: 123 registers"""
_FORMS: Final = {
    Notation.ZERO: ("unit:area:address", "address 0-65535 (0-based)"),
    Notation.ONE: ("unit:area:address", "address 1-65536 (1-based)"),
    Notation.HEX: ("unit:area:address", "address 0-FFFF (0-based, hexadecimal)"),
    Notation.FIVE: ("unit:number", "number 00001-09999, 10001-19999, 30001-39999 or 40001-49999"),
    Notation.SIX: ("unit:number", "number 000001-065536, 1..., 3... or 400001-465536"),
}
_EXAMPLE: Final = {
    Notation.ZERO: "1:holding:5.3:bit",
    Notation.ONE: "1:holding:6.3:bit",
    Notation.HEX: "1:holding:5.3:bit",
    Notation.FIVE: "1:40006.3:bit",
    Notation.SIX: "1:400006.3:bit",
}
_BY_DIGIT: Final = {"0": Area.COIL, "1": Area.DISCRETE, "3": Area.INPUT, "4": Area.HOLDING}
_PLACES: Final = {
    Notation.ZERO: re.compile(r"([a-z]+):([0-9]{1,5})"),
    Notation.ONE: re.compile(r"([a-z]+):([0-9]{1,5})"),
    Notation.HEX: re.compile(r"([a-z]+):([0-9A-Fa-f]{1,4})"),
    Notation.FIVE: re.compile(r"([0134])([0-9]{4})"),
    Notation.SIX: re.compile(r"([0134])([0-9]{5})"),
}
_CELL: Final = re.compile(
    r"([0-9]{1,3}):((?:[a-z]+:)?[0-9A-Fa-f]+)(?:\.([0-9]{1,2}))?(?::([a-z]+[0-9]*)(?::([A-Z]+))?)?(?:\{([^{}]*)\})?"
)
_CODE: Final = re.compile(r"([A-Za-z0-9+._-]+)=([+-]?[0-9]+(?:\.[0-9]+)?)")


def allowed(notation: Notation) -> str:
    """For the message about a wrong cell."""
    form, digits = _FORMS[notation]
    areas = "" if notation in (Notation.FIVE, Notation.SIX) else f"area {'|'.join(Area)}, "
    kinds = "|".join(k for k in Kind if k is not Kind.STRING)
    return (
        f"{form}[:type[:order]][{{code=value ...}}], unit 0-255, {areas}{digits}, type {kinds}|string2-{LONGEST_TEXT}, "
        f"order {'|'.join(Order)}; a bit of a register is {_EXAMPLE[notation]}"
    )


def parse(cell: str, notation: Notation) -> Binding:
    """An address cell.

    Raises:
        ValueError: says what is allowed.
    """
    found = _CELL.fullmatch(cell.strip())
    try:
        if found is None:
            raise ValueError("not of this form")
        return _binding(notation, found)
    except ValueError as error:
        raise ValueError(f"{cell!r}: {error}; allowed: {allowed(notation)}") from None


def _binding(notation: Notation, cell: re.Match[str]) -> Binding:
    unit, place, bit, kind_, order_, codes = cell.groups()
    area, address = _place(notation, place)
    kind, length = _kind(kind_, bits=area.of_bits or bit is not None)
    order = Order(order_) if order_ else Order.ABCD
    if int(unit) > 255:
        raise ValueError(f"unit {unit}")
    if area.of_bits and (kind is not Kind.BIT or bit or order_):
        raise ValueError(f"{area} holds single bits")
    if not area.of_bits and (kind is Kind.BIT) != (bit is not None):
        raise ValueError("a bit of a register needs both .bit and type bit")
    if bit and int(bit) > 15:
        raise ValueError(f"bit {bit} of a register")
    if kind is Kind.STRING and order not in (Order.ABCD, Order.BADC):
        raise ValueError("a string is ABCD or, with the two characters of a register swapped, BADC")
    point = Point(area, address, kind, order, int(bit or 0), length, _codes(codes, kind))
    if point.end > 0x10000:
        raise ValueError(f"{kind} ends behind the last address")
    return Binding(int(unit), point)


def _place(notation: Notation, place: str) -> tuple[Area, int]:
    found = _PLACES[notation].fullmatch(place)
    if found is None:
        raise ValueError(f"not an address of the notation {notation}")
    area, digits = found.groups()
    if notation in (Notation.FIVE, Notation.SIX):
        return _BY_DIGIT[area], _based(int(digits), 1)
    return Area(area), _based(
        int(digits, 16 if notation is Notation.HEX else 10), int(notation is Notation.ONE)
    )


def _based(written: int, first: int) -> int:
    if not first <= written < first + 0x10000:
        raise ValueError(f"address {written}")
    return written - first


def _kind(written: str | None, *, bits: bool) -> tuple[Kind, int]:
    """The type, and the bytes of a string."""
    if written is None:
        return (Kind.BIT if bits else Kind.UINT16), 0
    if not written.startswith("string"):
        return Kind(written), 0
    size = int(written.removeprefix("string") or 0)
    if not 2 <= size <= LONGEST_TEXT or size % 2:
        raise ValueError(f"a string has an even number of characters, 2 to {LONGEST_TEXT}")
    return Kind.STRING, size


def _codes(written: str | None, kind: Kind) -> tuple[tuple[str, float], ...]:
    """``{1=0 2=1}``: what is on the wire, and its value."""
    if written is None:
        return ()
    found = [_CODE.fullmatch(each) for each in written.split()]
    if not found or kind.value.startswith(("float", "count", "bit")):
        raise ValueError("an enumeration is {code=value ...}, of a whole number or a string")
    codes = tuple((m[1], float(m[2])) for m in found if m)
    if len(codes) != len(found) or len({c for c, _ in codes}) != len(codes):
        raise ValueError("an enumeration is {code=value ...}, each code once")
    if kind is not Kind.STRING and not all(number(c) == number(c) // 1 for c, _ in codes):
        raise ValueError("codes of a number are whole numbers")
    return codes
