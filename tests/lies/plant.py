"""What the devices hold: registers that change every few seconds, addresses that do not exist, tags on all of it."""

from __future__ import annotations

import math
import random
import struct
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from gateway.sources.modbus.plan import Area, Kind, Order, Point
from tests.unit.sources.test_modbus_decode import cut, naive

SIZE = 600
EPOCH_S = 3.0
"""Every register has another value this often, so that an old answer is a wrong one."""
KINDS = [k for k in Kind if k not in (Kind.BIT, Kind.STRING) and not k.counts]


@dataclass(frozen=True)
class Device:
    """One unit: the addresses it refuses, by area."""

    unit: int
    illegal: frozenset[tuple[Area, int]]
    seed: int

    def refuses(self, area: Area, address: int, count: int) -> bool:
        return address + count > SIZE or any(
            (area, a) in self.illegal for a in range(address, address + count)
        )

    def read(self, area: Area, address: int, count: int, now: float) -> bytes:
        return cut(image(self.seed, self.unit, area, int(now / EPOCH_S)), area, address, count)

    def values(self, point: Point, since: float, until: float) -> list[float]:
        """All it could honestly have said of a point in that time."""
        if self.refuses(point.area, point.address, point.width):
            return []
        epochs = range(int(max(0.0, since) / EPOCH_S), int(until / EPOCH_S) + 1)
        return [naive(point, image(self.seed, self.unit, point.area, e)) for e in epochs]


@lru_cache(maxsize=512)
def image(seed: int, unit: int, area: Area, epoch: int) -> bytes:
    """An area's content as :func:`naive` reads it. Digits and floats of ordinary size are made likely."""
    rng = np.random.default_rng([seed, unit, list(Area).index(area), epoch])
    words = rng.integers(0, 1 << 16, SIZE, dtype=np.uint16)
    digits = rng.integers(0, 10, (SIZE, 4)) @ np.array([4096, 256, 16, 1])
    words = np.where(rng.random(SIZE) < 0.3, digits, words).astype(">u2")
    return words.tobytes()


def devices(rng: random.Random, units: int, seed: int) -> dict[int, Device]:
    """Units 1.. with a few holes each."""
    made = {}
    for unit in range(1, units + 1):
        holes = {(rng.choice(list(Area)), rng.randrange(SIZE)) for _ in range(rng.randrange(4))}
        made[unit] = Device(unit, frozenset(holes), seed)
    return made


def points(rng: random.Random, count: int) -> list[Point]:
    """Tags on clusters of addresses, of all types and orders, some on top of each other."""
    found: list[Point] = []
    while len(found) < count:
        area, address = rng.choice(list(Area)), rng.randrange(SIZE - 150)
        for _ in range(min(count - len(found), rng.randrange(1, 30))):
            kind = Kind.BIT if area.of_bits else rng.choice(KINDS)
            point = Point(area, address, kind, rng.choice(list(Order)))
            if not area.of_bits and rng.random() < 0.05:
                point = replace(point, kind=Kind.BIT, bit=rng.randrange(16))
            found.append(point)
            address += rng.choice((0, point.width, point.width, point.width, point.width + rng.randrange(8)))
    return found


def honest(value: float, allowed: list[float]) -> bool:
    """The value is one of them, to the last bit."""
    return any(struct.pack("d", value) == struct.pack("d", a) for a in allowed if math.isfinite(a))
