"""The slow, obvious twin of the bank, without its kinds: plain objects, time counted as it passes.

A kind's twin is a :class:`TagTwin` or a :class:`GroupTwin` in ``kinds_<family>.py``, and says what its number says.
"""

import math
from dataclasses import dataclass, field
from typing import Any

from detectors.kinds import tags_of

FOREVER = (1 << 63) - 1
NORMAL, ACTIVE, UNKNOWN = 0, 1, 2
NS = 1_000_000_000


@dataclass
class Seen:
    source: int = 0
    received: int = 0
    value: float = math.nan
    quality: int = 128


@dataclass
class Edge:
    rule: int
    before: int
    after: int
    time: int
    onset: int
    value: float
    quality: int
    rate: float
    received: int
    eta: float
    confidence: float


def good(quality: int) -> bool:
    return quality < 64


def bad(quality: int) -> bool:
    return quality >= 128


def sides(x: float, trigger: float, reset: float, low: bool = False) -> tuple[bool, bool]:
    """Beyond the trigger, within the reset."""
    return (x <= trigger, x > reset) if low else (x >= trigger, x < reset)


def verdict(beyond: bool, within: bool, quality: int) -> str:
    if bad(quality):
        return "unknown"
    if beyond:
        return "raise"
    return "clear" if within and good(quality) else "hold"


@dataclass
class Twin:
    """One rule: the delay machine."""

    row: int
    params: Any
    world: "World"
    phase: str = "unjudged"
    unknown: bool = False
    onset: int = 0
    waited: int = 0
    counted_to: int = 0
    rate: float = math.nan
    eta: float = math.nan
    confidence: float = math.nan
    clock: Seen = field(default_factory=Seen)

    def condition(self) -> int:
        if self.unknown or self.phase == "unjudged":
            return UNKNOWN
        return ACTIVE if self.phase in {"active", "pending-off"} else NORMAL

    def tell(self, before: int, time: int, seen: Seen, received: int) -> None:
        if self.condition() != before:
            self.world.edges.append(
                Edge(
                    self.row,
                    before,
                    self.condition(),
                    time,
                    self.onset,
                    seen.value,
                    seen.quality,
                    self.rate,
                    received,
                    self.eta,
                    self.confidence,
                )
            )

    # --- time -----------------------------------------------------------------------------------------------------

    def delay(self) -> int:
        return int(self.params.on_delay if self.phase == "pending-on" else self.params.off_delay)

    def waiting(self) -> bool:
        return not self.unknown and self.phase.startswith("pending")

    def ends(self) -> int:
        return self.counted_to + self.delay() - self.waited

    def finish(self) -> None:
        self.phase = "active" if self.phase == "pending-on" else "normal"

    def pass_time(self, to: int, hold_until: int, seen: Seen, latest: int) -> None:
        if not self.waiting():
            return
        end, before = self.ends(), self.condition()
        if end <= hold_until if to > hold_until else end < to:
            self.finish()
            self.tell(before, end, seen, min(seen.received + end - seen.source, latest))
            return
        self.waited += min(to, hold_until) - self.counted_to
        self.counted_to = to

    def engine_time(self, now: int) -> None:
        seen, hold = self.value_that_holds()
        if self.waiting() and seen.received + self.ends() - seen.source <= now:
            end, before = self.ends(), self.condition()
            if end - seen.source <= hold:
                self.finish()
                self.tell(before, end, seen, min(seen.received + end - seen.source, now))

    def value_that_holds(self) -> tuple[Seen, int]:
        """The reading on which a delay runs, and how long it holds."""
        raise NotImplementedError

    # --- the delay machine ----------------------------------------------------------------------------------------

    def hear(self, says: str, may_clear: bool, time: int, seen: Seen, received: int) -> None:
        before = self.condition()
        if says == "unknown":
            if self.waiting():
                self.waited += time - self.counted_to
            self.unknown = True
        else:
            if self.unknown:
                self.counted_to = time
            self.unknown = False
            self.move(says, may_clear, time)
            if self.waiting() and self.ends() <= time:
                self.finish()
        self.tell(before, time, seen, received)

    def move(self, says: str, may_clear: bool, time: int) -> None:
        if says == "raise" and self.phase in {"normal", "unjudged"}:
            self.onset, self.phase, self.waited, self.counted_to = time, "pending-on", 0, time
        elif says == "raise" and self.phase == "pending-off":
            self.phase = "active"
        elif says == "clear" and self.phase in {"pending-on", "unjudged"}:
            self.phase = "normal"
        elif says == "clear" and self.phase == "active":
            self.phase, self.waited, self.counted_to = "pending-off", 0, time
        elif says == "hold" and self.phase == "pending-off" and not may_clear:
            self.phase = "active"


class TagTwin(Twin):
    """A rule on one tag."""

    def value_that_holds(self) -> tuple[Seen, int]:
        tag = tags_of(self.params)[0]
        return self.world.seen[tag], self.world.hold[tag]

    def seen_row(self, new: Seen, held: bool, old: Seen, until: int) -> None:
        """A judged row of the tag; ``old`` is the one before it, whose value held until ``until``. Override this for
        windows and memories, or only :meth:`sides` for a number made of the value.
        """
        self.pass_time(new.source, until, old, new.received)
        beyond, within = self.sides(new.value)
        self.hear(verdict(beyond, within, new.quality), good(new.quality), new.source, new, new.received)

    def sides(self, value: float) -> tuple[bool, bool]:
        """Of this value: beyond, within."""
        raise NotImplementedError


class GroupTwin(Twin):
    """A rule on several tags, judged once per input that touched one of them."""

    def value_that_holds(self) -> tuple[Seen, int]:
        return self.clock, FOREVER

    def member_row(self, tag: int, new: Seen) -> None:
        """A judged row of a member, before the input ends."""

    def input_ends(self) -> None:
        members = [(t, self.world.seen[t]) for t in tags_of(self.params)]
        known = [s for t, s in members if t in self.world.ever]
        new = Seen(
            max([self.clock.source, *(s.source for s in known)]),
            max([self.clock.received, *(s.received for s in known)]),
        )
        self.pass_time(new.source, FOREVER, self.clock, new.received)
        says, clear = self.judged(members, new)
        self.clock = new
        self.hear(says, clear, new.source, new, new.received)

    def judged(self, members: list[tuple[int, Seen]], new: Seen) -> tuple[str, bool]:
        """What the members say, and whether that may clear; sets the value and quality to report in ``new``."""
        raise NotImplementedError


class World:
    """All rules over all tags.

    Args:
        twins: class of twin by class of params.
    """

    def __init__(
        self, twins: dict[type[Any], type[Twin]], tags: int, rules: list[Any], hold: list[int]
    ) -> None:
        self.edges: list[Edge] = []
        self.seen = [Seen() for _ in range(tags)]
        self.ever: set[int] = set()
        self.hold = [h or FOREVER for h in hold]
        self.rules = [twins[type(p)](i, p, self) for i, p in enumerate(rules)]

    def feed(self, rows: Any, now: int) -> list[Edge]:
        self.edges, touched = [], set()
        for row in rows:
            if row["flags"] & 1:
                touched |= self.row(row)
        for rule in self.rules:
            if rule.row in touched and isinstance(rule, GroupTwin):
                rule.input_ends()
        for rule in self.rules:
            rule.engine_time(now)
        return sorted(self.edges, key=lambda e: e.rule)

    def row(self, row: Any) -> set[int]:
        tag = int(row["tag"])
        new, old = Seen(*(row[k].item() for k in ("source", "received", "value", "quality"))), self.seen[tag]
        until = old.source + self.hold[tag] if tag in self.ever and self.hold[tag] != FOREVER else FOREVER
        mine = [rule for rule in self.rules if tag in tags_of(rule.params)]
        for rule in mine:
            if isinstance(rule, GroupTwin):
                rule.member_row(tag, new)
            elif isinstance(rule, TagTwin):
                rule.seen_row(new, bool(row["flags"] & 4), old, until)
        self.seen[tag] = new
        self.ever.add(tag)
        return {rule.row for rule in mine}
