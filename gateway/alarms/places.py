"""What is counted of the site, or of one installation, and the level that follows."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.alarms.modifiers import MODIFIERS
from gateway.model.events import Occurrence
from gateway.model.levels import Level, LiveLevel
from gateway.model.site import RollUp


@dataclass(slots=True)
class Place:
    """Counters of the site or one installation."""

    id: str
    base: Level
    rows: int = 0
    sighted: int = 0
    empty: int = 0
    """installations without tags, or of which nothing is judged (of the site: any of them)"""
    shadow: bool = False
    alarms: dict[str, Occurrence] = field(default_factory=dict)
    counts: list[int] = field(default_factory=lambda: [0] * (max(Level) + 1))
    blinded: set[int] = field(default_factory=set)
    not_judged: tuple[int, ...] = ()
    unjudged: set[int] = field(default_factory=set)
    """rows of live rules whose condition is not known, and that no other stands in for"""
    aside: dict[str, Occurrence] = field(default_factory=dict)
    """shelved, out of service, or standing and suppressed by design or only recorded"""
    roll_up: tuple[RollUp, ...] = ()
    within: "list[Place]" = field(default_factory=list)
    """of the site: the installations whose level may be higher than that of any of their alarms"""
    modifiers: dict[str, dict[str, str]] = field(default_factory=dict)
    """modifier -> what makes it apply now (rule, period, grade), by an id of its own"""
    modifying: dict[str, Level] = field(default_factory=dict)
    """occurrence -> level, of those that are counted and modify: they do not raise themselves"""

    def colour(self) -> Level | None:
        """What the alarms say, raised by the modifiers that apply; None: no alarm colours it."""
        plain, own = self.unmodified(), max(self.modifying.values(), default=None)
        raised = None if plain is None else Level(min(plain + self.steps(), Level.RED))
        found = [c for c in (raised, own, *(place.colour() for place in self.within)) if c is not None]
        return max(found, default=None)

    def unmodified(self) -> Level | None:
        """What the alarms say that are no modifiers themselves."""
        own = list(self.modifying.values())
        highest = [level for level in Level if self.counts[level] > own.count(level)]
        rolled = [r.to for r, _, _ in self.rolled()] if highest else []
        return max([*highest, *rolled], default=None)

    def steps(self) -> int:
        """By how much the modifiers raise: the largest of those that apply."""
        return max((MODIFIERS[m].steps for m, by in self.modifiers.items() if by), default=0)

    def applying(self) -> tuple[str, ...]:
        """Modifiers that apply, with what makes them: ``bypass: BP-1.STATE``."""
        held = (
            f"{m}: {what}" for m, by in sorted(self.modifiers.items()) for what in sorted(set(by.values()))
        )
        return tuple(held)

    def modify(self, modifier: str, ident: str, what: str) -> bool:
        """``ident`` makes the modifier apply as ``what`` (empty: no longer). True if that is new."""
        known = self.modifiers.setdefault(modifier, {})
        old = known.pop(ident, "")
        if what:
            known[ident] = what
        return old != what

    def level(self) -> LiveLevel:
        """The first row of the table in :mod:`gateway.alarms.levels` that applies."""
        colour = self.colour()
        if colour is not None:
            return LiveLevel(colour.word)
        if self.blinded or (self.rows and not self.sighted):
            return LiveLevel.NO_VIEW
        if self.not_judged or self.empty or not self.rows or self.unjudged or self.aside:
            return LiveLevel.NOT_JUDGED
        return LiveLevel.NORMAL

    def rolled(self) -> Iterator[tuple[RollUp, str, int]]:
        """Roll-ups that apply now, with the item (class) and how many of its points."""
        if not self.roll_up:
            return
        points: dict[str, dict[str, Level]] = defaultdict(dict)
        for o in self.alarms.values():
            known = points[o.cls].get(o.tag, o.level)
            points[o.cls][o.tag] = max(known, o.level)
        for item, levels in sorted(points.items()):
            for rule in self.roll_up:
                count = sum(level >= rule.of for level in levels.values())
                if count >= rule.count:
                    yield rule, item, count

    def put(self, o: Occurrence | None, ident: str) -> bool:
        """Count the occurrence ``ident`` as ``o`` (None: not at all). True if the level may differ."""
        old = self.alarms.pop(ident, None)
        if old is not None:
            self.counts[old.level] -= 1
        if o is not None:
            self.alarms[ident] = o
            self.counts[o.level] += 1
        may_differ = bool(self.roll_up or self.within or self.modifiers)
        return may_differ or (old and old.level) != (o and o.level)

    def put_aside(self, o: Occurrence | None, ident: str) -> bool:
        """The occurrence ``ident`` is kept from the operator by a person as ``o`` (None: it is not). True if new."""
        old = self.aside.pop(ident, None)
        if o is not None:
            self.aside[ident] = o
        return (old is None) != (o is None)
