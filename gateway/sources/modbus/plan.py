"""Which requests read a set of points with the fewest round trips. Pure.

A *point* is one value on the wire: an area, an address, a type. A *block* is one request. Blocks never mix areas (units
are planned apart), never exceed the device's limits, never cut a value in two, and read through a hole when that is
cheaper than another request. What a device refused before is given as *cuts*: addresses no block may read across.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Area(StrEnum):
    """The four tables of a Modbus device."""

    COIL = "coil"
    DISCRETE = "discrete"
    INPUT = "input"
    HOLDING = "holding"

    @property
    def of_bits(self) -> bool:
        """One bit an address, packed eight to a byte; else one 16-bit register an address."""
        return self in (Area.COIL, Area.DISCRETE)


class Kind(StrEnum):
    """What the bits on the wire mean."""

    BIT = "bit"
    INT16 = "int16"
    UINT16 = "uint16"
    INT32 = "int32"
    UINT32 = "uint32"
    INT64 = "int64"
    UINT64 = "uint64"
    FLOAT16 = "float16"
    FLOAT32 = "float32"
    FLOAT64 = "float64"
    BCD16 = "bcd16"
    """four decimal digits, four bits each"""
    BCD32 = "bcd32"
    BCD64 = "bcd64"
    COUNT16 = "count16"
    """a counter that wraps; the value is its counts per second since the reading before"""
    COUNT32 = "count32"
    COUNT64 = "count64"
    UNIX32 = "unix32"
    """seconds since 1970; the value is seconds since 1970 for all three"""
    UNIX64 = "unix64"
    """milliseconds since 1970"""
    DATETIME64 = "datetime64"
    """year, month and day, hour and minute, milliseconds: a register each (IEC 60870-5-4's binary time), UTC"""
    STRING = "string"
    """text, two characters a register: a decimal number, or a word of its enumeration"""

    @property
    def bytes(self) -> int:
        """Bytes on the wire; a bit of a register takes its whole register; of a string its point knows."""
        if self in (Kind.BIT, Kind.STRING):
            return 2
        return int(self.value[-2:]) // 8

    @property
    def counts(self) -> bool:
        """A counter, told as counts per second."""
        return self.value.startswith("count")


class Order(StrEnum):
    """Order of the bytes on the wire, A the most significant of four; longer values continue the pattern."""

    ABCD = "ABCD"
    """big-endian, as the standard says"""
    CDAB = "CDAB"
    """words swapped"""
    BADC = "BADC"
    """bytes swapped in each word"""
    DCBA = "DCBA"
    """little-endian"""


@dataclass(frozen=True, slots=True)
class Point:
    """One value. ``address`` is 0-based as on the wire; ``bit`` counts from a register's least significant.

    ``length`` is the bytes of a string. ``codes`` is an enumeration: (what is on the wire, value), all others unknown.
    """

    area: Area
    address: int
    kind: Kind
    order: Order = Order.ABCD
    bit: int = 0
    length: int = 0
    codes: tuple[tuple[str, float], ...] = ()

    @property
    def bytes(self) -> int:
        """Bytes on the wire, of registers."""
        return self.length or self.kind.bytes

    @property
    def width(self) -> int:
        """Addresses taken: bits in a bit area, registers elsewhere."""
        return 1 if self.area.of_bits else self.bytes // 2

    @property
    def end(self) -> int:
        """First address behind it."""
        return self.address + self.width


@dataclass(frozen=True, slots=True)
class Block:
    """One request of ``count`` addresses. ``points`` are positions in the planned sequence, by address."""

    area: Area
    address: int
    count: int
    points: tuple[int, ...]

    @property
    def end(self) -> int:
        """First address behind it."""
        return self.address + self.count

    @property
    def bytes(self) -> int:
        """Bytes of data in its answer."""
        return (self.count + 7) // 8 if self.area.of_bits else 2 * self.count


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may ask for.

    A request costs about 21 bytes of headers and one turn of the device; a hole costs 2 bytes a register. ``max_gap``
    registers (16 times as many bits) are read through rather than asked around.
    """

    max_registers: int = 125
    max_bits: int = 2000
    max_gap: int = 32

    def most(self, area: Area) -> int:
        """Most addresses in one request."""
        return self.max_bits if area.of_bits else self.max_registers

    def gap(self, area: Area) -> int:
        """Longest hole read through."""
        return self.max_gap * 16 if area.of_bits else self.max_gap


DEFAULT: Final = Limits()
Cut = tuple[Area, int]
"""No block may contain both ``address - 1`` and ``address``."""


def plan(
    points: Sequence[Point],
    limits: Limits = DEFAULT,
    cuts: Collection[Cut] = (),
    skip: Collection[int] = (),
) -> tuple[Block, ...]:
    """Blocks for all points but those in ``skip`` (positions), by area and address."""
    blocks: list[Block] = []
    for area in Area:
        mine = [i for i, p in enumerate(points) if p.area is area and i not in skip]
        mine.sort(key=lambda i: (points[i].address, points[i].end, i))
        blocks += _plan_area(area, mine, points, limits, sorted(a for r, a in cuts if r is area))
    return tuple(blocks)


def _plan_area(
    area: Area, by_address: Sequence[int], points: Sequence[Point], limits: Limits, cuts: Sequence[int]
) -> list[Block]:
    blocks: list[Block] = []
    run: list[int] = []
    for i in by_address:
        if run and not _joins(area, run, points, i, limits, cuts):
            blocks.append(block_of(run, points))
            run = []
        run.append(i)
    return [*blocks, block_of(run, points)] if run else blocks


def _joins(
    area: Area, run: Sequence[int], points: Sequence[Point], new: int, limits: Limits, cuts: Sequence[int]
) -> bool:
    start, end = points[run[0]].address, max(points[i].end for i in run)
    point = points[new]
    if point.address - end > limits.gap(area) or max(end, point.end) - start > limits.most(area):
        return False
    # A cut inside what is read already was decided when that was joined; a value itself is never cut.
    return not any(end <= cut <= point.address for cut in cuts)


def block_of(run: Sequence[int], points: Sequence[Point]) -> Block:
    """The one block that reads ``run`` (positions sorted by address)."""
    start, end = points[run[0]].address, max(points[i].end for i in run)
    return Block(points[run[0]].area, start, end - start, tuple(run))


def halves(block: Block, points: Sequence[Point]) -> tuple[Block, Block] | None:
    """The block in two, holes at the edges left out; None when only one address range is left to blame.

    Points that overlap stay together.
    """
    run = block.points
    seams = [k for k in range(1, len(run)) if max(points[i].end for i in run[:k]) <= points[run[k]].address]
    if not seams:
        return None
    middle = min(seams, key=lambda k: abs(2 * k - len(run)))
    return block_of(run[:middle], points), block_of(run[middle:], points)
