"""A slow, obvious twin of the bank: plain objects, whole history kept, time counted as it passes."""

import math
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from detectors.kinds import Discrepancy, Limit, Params, Rate, State, Vote, tags_of

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


def good(quality: int) -> bool:
    return quality < 64


def bad(quality: int) -> bool:
    return quality >= 128


@dataclass
class Twin:
    """One rule."""

    row: int
    params: Params
    world: "World"
    phase: str = "unjudged"
    unknown: bool = False
    onset: int = 0
    waited: int = 0
    counted_to: int = 0
    rate: float = math.nan
    points: list[tuple[int, float, int]] = field(default_factory=list)
    votes: dict[int, bool | None] = field(default_factory=dict)
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
                )
            )

    # --- time -----------------------------------------------------------------------------------------------------

    def delay(self) -> int:
        return self.params.on_delay if self.phase == "pending-on" else self.params.off_delay

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

    def engine_time(self, now: int, hold: int, seen: Seen) -> None:
        if self.waiting() and seen.received + self.ends() - seen.source <= now:
            end, before = self.ends(), self.condition()
            if end - seen.source <= hold:
                self.finish()
                self.tell(before, end, seen, min(seen.received + end - seen.source, now))

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

    # --- numbers --------------------------------------------------------------------------------------------------

    def verdict(self, beyond: bool, within: bool, quality: int) -> str:
        if bad(quality):
            return "unknown"
        if beyond:
            return "raise"
        return "clear" if within and good(quality) else "hold"

    def sides(self, x: float, trigger: float, reset: float, low: bool) -> tuple[bool, bool]:
        return (x <= trigger, x > reset) if low else (x >= trigger, x < reset)

    def row_seen(self, row: Any, old: Seen, hold_until: int) -> None:
        p, now_seen = self.params, Seen(*(row[k].item() for k in ("source", "received", "value", "quality")))
        if isinstance(p, Rate):
            self.rate_seen(p, row, now_seen, old, hold_until)
            return
        self.pass_time(now_seen.source, hold_until, old, now_seen.received)
        if isinstance(p, Limit):
            beyond, within = self.sides(now_seen.value, p.trigger, p.reset, p.low)
        else:
            assert isinstance(p, State)
            beyond = not math.isnan(now_seen.value) and round(now_seen.value) in p.values
            within = not beyond and not math.isnan(now_seen.value)
        says = self.verdict(beyond, within, now_seen.quality)
        self.hear(says, good(now_seen.quality), now_seen.source, now_seen, now_seen.received)

    def rate_seen(self, p: Rate, row: Any, new: Seen, old: Seen, hold_until: int) -> None:
        width = p.window // p.buckets
        if self.points:
            last = max(self.points)[0] // width
            end = (last + 1) * width
            if new.source >= end and end <= hold_until and not bad(old.quality):
                self.slope_seen(p, last, width, end, old, new, hold_until)
        self.pass_time(new.source, hold_until, old, new.received)
        if bad(new.quality):
            self.hear("unknown", False, new.source, new, new.received)
        elif not row["flags"] & 4:
            self.points.append((new.source, new.value, new.quality))
        if not good(new.quality) and self.phase == "pending-off":
            self.phase = "active"

    def slope_seen(
        self, p: Rate, last: int, width: int, end: int, old: Seen, new: Seen, hold_until: int
    ) -> None:
        groups: dict[int, list[tuple[int, float, int]]] = {}
        for point in self.points:
            groups.setdefault(point[0] // width, []).append(point)
        groups = {k: v for k, v in groups.items() if k > last - p.buckets}
        means = [
            (
                (k - last) * width / NS + sum((t - k * width) / NS for t, _, _ in v) / len(v),
                sum(x for _, x, _ in v) / len(v),
            )
            for k, v in sorted(groups.items())
        ]
        if len(means) < 3 or (means[-1][0] - means[0][0]) * 2 * NS < width * (p.buckets - 1):
            return
        found = median((b[1] - a[1]) / (b[0] - a[0]) for i, a in enumerate(means) for b in means[i + 1 :])
        worst = max(0 if good(q) else 64 for v in groups.values() for _, _, q in v)
        self.pass_time(end, hold_until, old, new.received)
        self.rate = found
        x = -found if p.fall else found
        says = self.verdict(*self.sides(x, p.trigger, p.reset, low=False), worst)
        self.hear(says, worst == 0, end, old, new.received)

    def vote_of(self, row: Any) -> None:
        p = self.params
        assert isinstance(p, Vote)
        beyond, within = self.sides(float(row["value"]), p.trigger, p.reset, p.low)
        says = self.verdict(beyond, within, int(row["quality"]))
        if says in {"raise", "clear"}:
            self.votes[int(row["tag"])] = says == "raise"

    def group_seen(self) -> None:
        members = [(t, self.world.seen[t]) for t in tags_of(self.params)]
        known = [s for t, s in members if t in self.world.ever]
        new = Seen(
            max([self.clock.source, *(s.source for s in known)]),
            max([self.clock.received, *(s.received for s in known)]),
        )
        self.pass_time(new.source, FOREVER, self.clock, new.received)
        says, clear = (
            self.tally(members, new) if isinstance(self.params, Vote) else self.compare(members, new)
        )
        self.clock = new
        self.hear(says, clear, new.source, new, new.received)

    def compare(self, members: list[tuple[int, Seen]], new: Seen) -> tuple[str, bool]:
        p, command, feedback = self.params, members[0][1], members[1][1]
        assert isinstance(p, Discrepancy)
        new.value, new.quality = feedback.value, max(command.quality, feedback.quality)
        if bad(new.quality):
            return "unknown", False
        if p.tolerance:
            beyond, within = self.sides(abs(command.value - feedback.value), p.tolerance, p.reset, low=False)
        else:
            beyond = round(command.value) != round(feedback.value)
            within = not beyond
        return self.verdict(beyond, within, new.quality), good(new.quality)

    def tally(self, members: list[tuple[int, Seen]], new: Seen) -> tuple[str, bool]:
        p = self.params
        assert isinstance(p, Vote)
        blind = [t for t, s in members if bad(s.quality) or self.votes.get(t) is None]
        yes = [t for t, _ in members if t not in blind and self.votes[t]]
        lost = [t for t in blind if self.votes.get(t)]
        doubtful = [t for t, s in members if t not in blind and not self.votes[t] and not good(s.quality)]
        says = self.outcome(p, len(yes), len(blind), len(lost), len(doubtful))
        sign = -1 if p.low else 1
        seen = [s for _, s in members if not bad(s.quality) and not math.isnan(s.value)]
        new.value, new.quality = math.nan, self.clock.quality
        if seen:
            best = max(seen, key=lambda s: sign * s.value)
            new.value, new.quality = best.value, best.quality
        first_blind = next((i for i, (_, s) in enumerate(members) if bad(s.quality)), None)
        if says == "unknown" and first_blind is not None:
            before = [s for _, s in members[:first_blind] if not math.isnan(s.value)]
            new.value = max((s.value for s in before), key=lambda v: sign * v, default=math.nan)
            new.quality = members[first_blind][1].quality
        return says, says != "hold"

    def outcome(self, p: Vote, yes: int, blind: int, lost: int, doubtful: int) -> str:
        seeing = len(p.tags) - blind
        if seeing == 0:
            return "unknown"
        if p.degrade == "trip":
            if yes >= max(1, p.needed - blind):
                return "raise"
        elif yes >= p.needed:
            return "raise"
        elif (p.degrade == "unknown" and yes + blind >= p.needed) or (
            p.degrade == "exclude" and seeing < p.needed
        ):
            return "unknown"
        return (
            self.falling(p, yes, blind, lost, doubtful)
            if self.phase in {"active", "pending-off"}
            else "clear"
        )

    def falling(self, p: Vote, yes: int, blind: int, lost: int, doubtful: int) -> str:
        trip = p.degrade == "trip"
        needed = max(1, p.needed - (blind - lost) - doubtful) if trip else p.needed
        if lost and yes + lost >= needed:
            return "unknown"
        return "hold" if trip and doubtful and yes >= max(1, p.needed - blind - doubtful) else "clear"


class World:
    """All rules over all tags."""

    def __init__(self, tags: int, rules: list[Params], hold: list[int]) -> None:
        self.edges: list[Edge] = []
        self.seen = [Seen() for _ in range(tags)]
        self.ever: set[int] = set()
        self.hold = [h or FOREVER for h in hold]
        self.rules = [Twin(i, p, self) for i, p in enumerate(rules)]

    def feed(self, rows: Any, now: int) -> list[Edge]:
        self.edges, touched = [], set()
        for row in rows:
            tag = int(row["tag"])
            if not row["flags"] & 1:
                continue
            old = self.seen[tag]
            until = old.source + self.hold[tag] if tag in self.ever and self.hold[tag] != FOREVER else FOREVER
            for rule in self.rules:
                if tag not in tags_of(rule.params):
                    continue
                if isinstance(rule.params, Discrepancy | Vote):
                    touched.add(rule.row)
                    if isinstance(rule.params, Vote):
                        rule.vote_of(row)
                else:
                    rule.row_seen(row, old, until)
            self.seen[tag] = Seen(*(row[k].item() for k in ("source", "received", "value", "quality")))
            self.ever.add(tag)
        for row_number in sorted(touched):
            self.rules[row_number].group_seen()
        for rule in self.rules:
            group = isinstance(rule.params, Discrepancy | Vote)
            tag = tags_of(rule.params)[0]
            rule.engine_time(
                now, FOREVER if group else self.hold[tag], rule.clock if group else self.seen[tag]
            )
        return sorted(self.edges, key=lambda e: e.rule)
