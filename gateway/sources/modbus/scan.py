"""Which byte order and address base make most values plausible. Reads only.

A device's registers are read once, with one more on each side; then every order, and the address as written, one lower
and one higher, is tried on paper, and the values that fall into their tags' ranges are counted. It suggests; a person
decides: a value inside its range is likely, not proved.
"""

import asyncio
import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from gateway.model.errors import Retry
from gateway.model.probing import Pace, Spent
from gateway.model.site import Signal, Tag
from gateway.model.times import NS
from gateway.sources.modbus.address import Binding
from gateway.sources.modbus.counters import Counters
from gateway.sources.modbus.decode import Decoder
from gateway.sources.modbus.dial import Connection, dialler
from gateway.sources.modbus.frames import DeviceException, question
from gateway.sources.modbus.plan import Area, Block, Kind, Order, Point, block_of, plan
from gateway.sources.modbus.settings import Polling

BASES: Final = (0, -1, 1)
LAST: Final = 0xFFFF
TINY: Final = 1e-30
"""A float this small is a wrong order, not a measurement."""
Registers = Mapping[tuple[int, Area, int], bytes]
"""(unit, area, address) -> the two bytes of a register"""
Bound = Sequence[tuple[int, Tag, Binding]]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One way to read them all: ``inside`` of ``read`` tags fall into their ranges; ``zero`` of those are exactly 0."""

    order: str
    base: int
    inside: int
    read: int
    zero: int
    digits: float
    """mean significant digits of the values: of two ways that fit alike, the rounder numbers are likelier"""
    odd: tuple[str, ...]
    """tags outside their range (the first of them)"""

    @property
    def score(self) -> float:
        """Zeros fit every order, so they count little."""
        return (self.inside - 0.9 * self.zero) / max(1, self.read)


def suggest(bound: Bound, registers: Registers) -> list[Suggestion]:
    """Every order and base, the most plausible first.

    Ranges alone cannot tell a float from its neighbour's second half behind its own first: swapped words and an address
    one off give almost the same number. So among equals the rounder values come first; then the address as written.
    """
    useful = [(tag, b) for _, tag, b in bound if _useful(tag, b.point)]
    found = [_tried(useful, registers, order, base) for order in Order for base in BASES]
    return sorted(found, key=lambda s: (-round(s.score, 3), s.digits, abs(s.base), s.order))


def _useful(tag: Tag, point: Point) -> bool:
    ranged = tag.low is not None and tag.high is not None
    return ranged and not point.area.of_bits and point.kind not in (Kind.BIT, Kind.STRING)


def _tried(
    useful: Sequence[tuple[Tag, Binding]], registers: Registers, order: Order, base: int
) -> Suggestion:
    inside = read = zero = digits = 0
    odd = []
    for tag, binding in useful:
        value = _value(binding, registers, order, base)
        if value is None:
            continue
        read += 1
        if _plausible(tag, value):
            inside += 1
            zero += value == 0.0
            digits += _digits(binding.point, value)
        else:
            odd.append(tag.id)
    mean = round(digits / max(1, inside), 1)
    return Suggestion(order.value, base, inside, read, zero, mean, tuple(odd[:10]))


def _digits(point: Point, value: float) -> int:
    """Significant digits of the shortest decimal that is this number in its own type."""
    short = np.format_float_scientific(np.float32(value) if point.bytes <= 4 else np.float64(value), trim="-")
    return len(short.partition("e")[0].lstrip("-").replace(".", ""))


def _value(binding: Binding, registers: Registers, order: Order, base: int) -> float | None:
    """The number on the wire, if it were written so; None: a register of it was not read."""
    point = replace(binding.point, order=order, address=binding.point.address + base)
    places = [(binding.unit, point.area, a) for a in range(point.address, point.end)]
    if any(place not in registers for place in places):
        return None
    data = b"".join(registers[place] for place in places)
    decoder = Decoder([point], [block_of([0], [point])])
    return float(decoder.decode(data)[0])


def _plausible(tag: Tag, raw: float) -> bool:
    number = raw * tag.gain + tag.offset
    if not math.isfinite(number) or (raw != 0.0 and abs(raw) < TINY) or tag.low is None or tag.high is None:
        return False
    return 3.6 <= number <= 21.0 if tag.signal is Signal.MILLIAMP else tag.low <= number <= tag.high


async def read_around(settings: Polling, bound: Bound, pace: Pace) -> tuple[Registers, str]:
    """All registers of the tags and one more on each side, and why some are missing.

    One connection at a time; a refused block is read register by register as far as the budget goes. A unit that does
    not answer costs only itself: a serial line has others.
    """
    registers: dict[tuple[int, Area, int], bytes] = {}
    dial, whys = dialler(settings, Counters()), list[str]()
    line: Connection | None = None
    try:
        for unit in sorted({b.unit for _, _, b in bound}):
            if line is None or not line.up:
                line = await dial()
            points = [b.point for _, _, b in bound if b.unit == unit]
            try:
                await _unit(line, settings, unit, points, pace, registers)
            except Retry as error:
                whys.append(f"unit {unit}: {error.reason}")
    except Retry as error:
        whys.append(error.reason)
    except Spent as error:
        whys.append(str(error))
    finally:
        if line is not None:
            await line.close()
    return registers, "; ".join(whys)


async def _unit(
    line: Connection,
    settings: Polling,
    unit: int,
    points: Sequence[Point],
    pace: Pace,
    registers: dict[tuple[int, Area, int], bytes],
) -> None:
    todo = deque(plan(_single(points), settings.limits))
    while todo:
        block = todo.popleft()
        await asyncio.sleep(pace.turn(asyncio.get_running_loop().time()))
        try:
            asked = question(unit, block.area, block.address, block.count)
            data = await line.ask(asked, settings.timeout / NS)
        except DeviceException:
            todo.extendleft(_halved(block))
            continue
        for k in range(block.count):
            registers[unit, block.area, block.address + k] = data[2 * k : 2 * k + 2]


def _single(points: Sequence[Point]) -> list[Point]:
    """One point for each register to be read."""
    wanted = {
        (p.area, a)
        for p in points
        if not p.area.of_bits
        for a in range(max(0, p.address - 1), min(LAST, p.end) + 1)
    }
    return [Point(area, address, Kind.UINT16) for area, address in sorted(wanted)]


def _halved(block: Block) -> list[Block]:
    """The second half first, as ``extendleft`` wants it; none of a single register: it is not there."""
    if block.count < 2:
        return []
    middle = block.count // 2
    first = Block(block.area, block.address, middle, ())
    return [Block(block.area, block.address + middle, block.count - middle, ()), first]
