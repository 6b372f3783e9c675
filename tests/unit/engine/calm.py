"""Every kind of rule with a plant of its own, for the tests of false calm: what is written, quiet, and what raises.

The tags are of a class that needs no limit and has no dangerous side, so that only the rule itself can say that its
place is not normal.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from gateway.engine import Engine
from gateway.engine.snapshot import Snapshot
from gateway.model.batch import of_rows
from gateway.model.events import Event
from gateway.model.inputs import Input, Numbered, Readings, Started, Tick
from gateway.model.levels import LiveLevel
from gateway.model.ports import LiveState
from gateway.model.site import Danger, Rule, Site, Tag
from tests.unit.config.writing import good
from tests.unit.engine.plant import T0, S
from tests.unit.engine.test_groups import BALANCE, DEVIATION, EXPRESSION, MOVING, MULTI, STATE
from tests.unit.engine.test_groups import SITE as TEXT
from tests.unit.engine.test_statistics import ENTRIES, level

TAGS = """\
id,raw,class,unit,low,high,installation,source,address,period,max_age,frozen,frozen_band
A,A,level,m,0,20,tank-farm,plc1,1:holding:0,1s,10s,,
B,B,level,m,0,20,tank-farm,plc1,1:holding:1,1s,10s,,
C,C,level,m,0,20,tank-farm,plc1,1:holding:2,1s,10s,,
F,F,flow,m3/h,0,900,tank-farm,plc1,1:holding:3,1s,10s,,
M,M,state,,,,tank-farm,plc1,1:holding:4,1s,10s,,
N,N,state,,,,tank-farm,plc1,1:holding:5,1s,10s,,
R,R,rainfall,mm,0,50,tank-farm,plc1,1:holding:6,1s,10s,,
D,D,displacement,mm,-500,500,tank-farm,plc1,1:holding:7,1s,10s,,
Z,Z,level,m,0,20,tank-farm,plc1,1:holding:8,1s,10s,20s,0.05
"""
NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
Shape = Callable[[int], float]
"""value at a second; from 200 s on it leads to an alarm, before it is quiet"""


def quiet(n: int) -> float:
    """10 with a small ripple."""
    return 10.0 + 0.1 * math.sin(n * 2.4)


def once(n: int) -> float:
    """One value far from the others."""
    return quiet(n) + (5.0 if n == 200 else 0.0)


def slide(n: int) -> float:
    """At rest, then towards failure at 320 s."""
    return 0.001 * math.sin(n * 2.4) - (60.0 * math.log((320 - min(n, 315)) / 120) if n >= 200 else 0.0)


def step(low: float, high: float) -> Shape:
    return lambda n: high if n >= 200 else low


def ripple(to: float) -> Shape:
    return lambda n: to + 0.1 * math.sin(n * 2.4) if n >= 200 else quiet(n)


@dataclass(frozen=True)
class How:
    """A rule as it is written, and its tags' values."""

    entry: str
    shapes: Mapping[str, Shape]


_HIGH = {"A": step(10.0, 15.0)}
KINDS: dict[str, How] = {
    "limit-high": How("{id: A.X, kind: limit-high, tag: A, trigger: 12, reset: 11, level: red}", _HIGH),
    "limit-low": How(
        "{id: A.X, kind: limit-low, tag: A, trigger: 5, reset: 6, level: red}", {"A": step(10.0, 2.0)}
    ),
    "rate-rise": How(
        "{id: A.X, kind: rate-rise, tag: A, trigger: 0.5, reset: 0.3, window: 20s, level: red}",
        {"A": lambda n: 5.0 + max(n - 200, 0)},
    ),
    "rate-fall": How(
        "{id: A.X, kind: rate-fall, tag: A, trigger: 0.5, reset: 0.3, window: 20s, level: red}",
        {"A": lambda n: 18.0 - max(n - 200, 0)},
    ),
    "state": How("{id: M.X, kind: state, tag: M, values: [3], level: red}", {"M": step(1.0, 3.0)}),
    "discrepancy": How(
        "{id: N.X, kind: discrepancy, command: M, feedback: N, level: red}",
        {"M": step(1.0, 0.0), "N": step(1.0, 1.0)},
    ),
    "vote": How(
        "{id: V.X, kind: vote, group: V, tags: [A, B, C], needed: 2, trigger: 12, reset: 11, level: red}",
        dict.fromkeys("ABC", step(10.0, 15.0)),
    ),
    "deviation": How(DEVIATION, {"A": step(10.0, 13.0), "B": step(10.0, 10.0)}),
    "moving-limit": How(MOVING, {"A": step(10.0, 19.0), "B": step(6.0, 6.0)}),
    "spread": How(
        "{id: L.X, kind: spread, group: L, tags: [A, B, C], trigger: 2, reset: 1, level: red}",
        {"A": step(10.0, 10.0), "B": step(10.0, 10.0), "C": step(10.0, 14.0)},
    ),
    "state-limit": How(STATE, {"A": step(10.0, 15.0), "M": step(1.0, 1.0)}),
    "balance": How(BALANCE, {"A": lambda n: 18.0 - 0.02 * max(n - 200, 0), "F": step(0.0, 0.0)}),
    "expression": How(EXPRESSION, {"A": step(10.0, 15.0), "B": step(10.0, 10.0), "M": step(1.0, 1.0)}),
    "multivariate": How(
        MULTI, {"A": quiet, "B": lambda n: 10.0 + 0.2 * math.cos(n * 1.7) + (4.0 if n >= 200 else 0.0)}
    ),
    "departure": How(
        "{id: A.X, kind: departure, tag: A, trigger: 6, reset: 4, floor: 0.05, learn: 60, level: red}",
        {"A": ripple(15.0)},
    ),
    "novelty": How(
        "{id: A.X, kind: novelty, tag: A, trigger: 5, learn: 60, level: red}", {"A": ripple(15.0)}
    ),
    "trend": How(
        "{id: A.X, kind: trend, tag: A, limit: 15, horizon: 60s, window: 60s, level: red}",
        {"A": lambda n: 10.0 + 0.01 * math.sin(n * 2.4) + 0.05 * min(max(n - 200, 0), 80)},
    ),
    "spike": How("{id: A.X, kind: spike, tag: A, trigger: 2, level: red}", {"A": once}),
    "frozen": How(
        "{id: Z.X, kind: frozen, tag: Z, level: red}",
        {"Z": lambda n: 10.0 + 0.2 * math.sin(min(n, 200) * 2.4)},
    ),
}
_OF_ONE: dict[str, tuple[str, Shape]] = {
    "total": ("R", lambda n: 1.0 if n >= 200 else 0.0),
    "starts": ("M", lambda n: float(n // 10 % 2) if n >= 200 else 0.0),
    "dwell": ("M", lambda n: float(n >= 200)),
    "hampel": ("A", once),
    "noise": ("A", lambda n: 10.0 + (1.0 if 200 <= n < 210 else 0.1) * math.sin(n * 2.4)),
    "shift": ("A", lambda n: quiet(n) + (3.0 if n >= 200 else 0.0)),
    "velocity": ("D", slide),
    "inverse-velocity": ("D", slide),
}
KINDS |= {kind: How(entry, dict([_OF_ONE.get(kind, ("A", level))])) for kind, entry in ENTRIES.items()}


def plain(tag: Tag) -> Tag:
    """Of a class that needs no limit: only its rules say that it is not judged."""
    return replace(tag, limit_required=False, required=(), danger=Danger.NONE)


def site_of(folder: Path, kind: str) -> Site:
    """A place with one rule of this kind."""
    found = good(folder, TEXT % KINDS[kind].entry, TAGS).site
    return replace(found, tags=tuple(plain(t) for t in found.tags if t.id in KINDS[kind].shapes))


class World:
    """An engine that is read once a second, with all the events it made."""

    def __init__(self, site: Site, shapes: Mapping[str, Shape], *, start: bool = True) -> None:
        self.site, self.shapes = site, dict(shapes)
        self.engine, self.number, self.at = Engine(site, "e1"), 0, 0
        self.events: list[Event] = []
        if start:
            self.give(Started(T0, 0, "1"))

    @classmethod
    def again(cls, site: Site, shapes: Mapping[str, Shape], snapshot: Snapshot, at: int) -> "World":
        """As it was at this second."""
        world = cls(site, shapes, start=False)
        world.engine.restore(snapshot)
        world.number, world.at = snapshot.number, at
        return world

    @property
    def rule(self) -> Rule:
        return self.site.rules[0]

    @property
    def now(self) -> int:
        return T0 + self.at * S

    @property
    def place(self) -> LiveState:
        return self.engine.book.levels()[1]

    @property
    def level(self) -> LiveLevel:
        """Of the place; the site says no less."""
        found = {state.level for state in self.engine.book.levels()}
        assert len(found) == 1, found
        return found.pop()

    def give(self, item: Input) -> list[Event]:
        self.number += 1
        step = self.engine.step([Numbered(self.number, item)])
        assert not step.refused, step.refused
        new = [event for _, event in step.events]
        self.events += new
        return new

    def read(
        self, seconds: int = 1, *, values: Mapping[str, float] = NOTHING, quality: Mapping[str, int] = NOTHING,
        without: str = "", ahead: int = 0,
    ) -> None:  # fmt: skip
        """So many seconds of readings, of all tags of the rule but ``without``; some with another value or quality."""
        index = self.site.tag_index
        for _ in range(seconds):
            self.at += 1
            rows = [
                (index[t], self.now + ahead, self.now, values.get(t, shape(self.at)), quality.get(t, 0))
                for t, shape in self.shapes.items()
                if t != without
            ]
            self.give(Readings(of_rows(self.site.table, rows)))
            self.give(Tick(self.now))

    def wait(self, seconds: int) -> None:
        for _ in range(seconds):
            self.at += 1
            self.give(Tick(self.now))
