"""The common kinds as the contract tests see them: random rules, and a naive twin for each."""

import itertools
import math
import statistics
from dataclasses import dataclass, field
from statistics import median
from typing import Any, ClassVar

import numpy as np
from hypothesis import strategies as st

from detectors.kinds.common import Discrepancy, Frozen, Limit, Rate, Spike, State, Trend, Vote
from tests.unit.detectors.streams import TAGS, S, delay, level, limits, tag
from tests.unit.detectors.twin import NS, UNKNOWN, GroupTwin, Seen, TagTwin, Twin, bad, good, sides, verdict


@st.composite
def limit_rules(draw: st.DrawFn) -> Limit:
    trigger, reset, low = draw(limits())
    return Limit(
        tag=draw(tag), trigger=trigger, reset=reset, low=low, on_delay=draw(delay), off_delay=draw(delay)
    )


@st.composite
def rate_rules(draw: st.DrawFn) -> Rate:
    trigger = draw(st.sampled_from([0.25, 0.5, 1.0]))
    return Rate(
        tag=draw(tag), trigger=trigger, reset=trigger / 2, window=draw(st.integers(3, 12)) * S,
        fall=draw(st.booleans()), buckets=draw(st.integers(3, 6)), on_delay=draw(delay), off_delay=draw(delay),
    )  # fmt: skip


@st.composite
def state_rules(draw: st.DrawFn) -> State:
    values = tuple(draw(st.sets(st.integers(-4, 4), min_size=1, max_size=4)))
    return State(tag=draw(tag), values=values, on_delay=draw(delay), off_delay=draw(delay))


@st.composite
def discrepancy_rules(draw: st.DrawFn) -> Discrepancy:
    command, feedback = draw(st.permutations(range(TAGS)))[:2]
    tolerance = draw(st.sampled_from([0.0, 1.0, 2.0]))
    return Discrepancy(
        command=command, feedback=feedback, tolerance=tolerance, reset=tolerance / 2,
        on_delay=draw(delay), off_delay=draw(delay),
    )  # fmt: skip


@st.composite
def vote_rules(draw: st.DrawFn) -> Vote:
    tags = tuple(draw(st.permutations(range(TAGS)))[: draw(st.integers(1, TAGS))])
    trigger, reset, low = draw(limits())
    return Vote(
        tags=tags, needed=draw(st.integers(1, len(tags))), trigger=trigger, reset=reset, low=low,
        degrade=draw(st.sampled_from(["trip", "exclude", "unknown"])), on_delay=draw(delay), off_delay=draw(delay),
    )  # fmt: skip


@st.composite
def trend_rules(draw: st.DrawFn) -> Trend:
    buckets = draw(st.integers(8, 10))
    window = draw(st.sampled_from([S, 2 * S, 3 * S])) * buckets
    return Trend(
        tag=draw(tag), limit=draw(level), horizon=draw(st.sampled_from([window // 4, window, 4 * window])),
        window=window, low=draw(st.booleans()), confidence=draw(st.sampled_from([0.5, 0.8, 0.95])),
        reset=draw(st.sampled_from([0.1, 0.5])), buckets=buckets, on_delay=draw(delay), off_delay=draw(delay),
    )  # fmt: skip


@st.composite
def spike_rules(draw: st.DrawFn) -> Spike:
    trigger = draw(st.sampled_from([1.0, 2.0, 3.0]))
    reset = draw(st.sampled_from([1.0, trigger]))
    return Spike(tag=draw(tag), trigger=trigger, reset=reset, on_delay=draw(delay), off_delay=draw(delay))


@st.composite
def frozen_rules(draw: st.DrawFn) -> Frozen:
    which = draw(tag)
    band = (0.0, 1.0, 2.0)[which]
    return Frozen(tag=which, window=(2 + which) * S, band=band, on_delay=draw(delay), off_delay=draw(delay))


RULES: dict[str, st.SearchStrategy[Any]] = {
    "limit": limit_rules(),
    "rate": rate_rules(),
    "state": state_rules(),
    "discrepancy": discrepancy_rules(),
    "vote": vote_rules(),
    "trend": trend_rules(),
    "spike": spike_rules(),
    "frozen": frozen_rules(),
}
# --- twins ----------------------------------------------------------------------------------------------------------


class LimitTwin(TagTwin):
    def sides(self, value: float) -> tuple[bool, bool]:
        return sides(value, self.params.trigger, self.params.reset, self.params.low)


class StateTwin(TagTwin):
    def sides(self, value: float) -> tuple[bool, bool]:
        beyond = not math.isnan(value) and round(value) in self.params.values
        return beyond, not beyond and not math.isnan(value)


@dataclass
class WindowTwin(TagTwin):
    """Judges when a bucket closes: once, by the first row beyond it."""

    points: list[tuple[int, float, int]] = field(default_factory=list)
    closed: int = -1
    least: ClassVar[int] = 3
    part: ClassVar[float] = 0.5

    def tell(self, before: int, time: int, seen: Seen, received: int) -> None:
        kept = self.rate, self.eta, self.confidence
        if self.condition() == UNKNOWN:
            self.rate = self.eta = self.confidence = math.nan
        super().tell(before, time, seen, received)
        self.rate, self.eta, self.confidence = kept

    def seen_row(self, new: Seen, held: bool, old: Seen, until: int) -> None:
        width = self.params.window // self.params.buckets
        last = max(self.points)[0] // width if self.points else -1
        end = (last + 1) * width
        if last > self.closed and new.source >= end:
            self.closed = last
            if end <= until and not bad(old.quality):
                self.bucket_closes(last, width, end, old, new, until)
        self.pass_time(new.source, until, old, new.received)
        if bad(new.quality):
            self.hear("unknown", False, new.source, new, new.received)
        elif not held:
            self.points.append((new.source, new.value, new.quality))
        if not good(new.quality) and self.phase == "pending-off":
            self.phase = "active"

    def bucket_closes(self, last: int, width: int, end: int, old: Seen, new: Seen, until: int) -> None:
        groups: dict[int, list[tuple[int, float, int]]] = {}
        for point in self.points:
            groups.setdefault(point[0] // width, []).append(point)
        groups = {k: v for k, v in groups.items() if k > last - self.params.buckets}
        t = [self.age(k, v, last, width) for k, v in sorted(groups.items())]
        y = [sum(x for _, x, _ in v) / len(v) for _, v in sorted(groups.items())]
        if len(t) < self.least or (t[-1] - t[0]) * NS < self.part * width * (self.params.buckets - 1):
            return
        worst = max(0 if good(q) else 64 for v in groups.values() for _, _, q in v)
        self.pass_time(end, until, old, new.received)
        x = self.number(t, y)
        p = self.params
        trigger = p.trigger if isinstance(p, Rate) else p.confidence
        self.hear(verdict(*sides(x, trigger, p.reset), worst), worst == 0, end, old, new.received)

    @staticmethod
    def age(k: int, bucket: list[tuple[int, float, int]], last: int, width: int) -> float:
        mean = sum((k + 1) * width - t for t, _, _ in bucket) / len(bucket) / NS
        return -((last - k) * (width / NS) + float(np.float32(mean)))

    def number(self, t: list[float], y: list[float]) -> float:
        raise NotImplementedError


def theil(t: list[float], y: list[float]) -> float:
    return median(
        (y[j] - y[i]) / (t[j] - t[i]) for i in range(len(t)) for j in range(i + 1, len(t)) if t[j] > t[i]
    )


class RateTwin(WindowTwin):
    def number(self, t: list[float], y: list[float]) -> float:
        self.rate = theil(t, y)
        return -self.rate if self.params.fall else self.rate


class TrendTwin(WindowTwin):
    least: ClassVar[int] = 8
    part: ClassVar[float] = 0.75

    def number(self, t: list[float], y: list[float]) -> float:
        p, n = self.params, len(t)
        up = [-v for v in y] if p.low else y
        limit, horizon = (-p.limit if p.low else p.limit), p.horizon / NS
        self.rate, self.eta, self.confidence = math.nan, math.nan, 0.0
        cuts = [0, n // 4, n // 2, 3 * n // 4, n]
        quarters = [(statistics.fmean(t[a:b]), median(up[a:b])) for a, b in itertools.pairwise(cuts)]
        steps = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in itertools.pairwise(quarters)]
        (t1, m1), (t4, m4) = quarters[0], quarters[3]
        rise = (m4 - m1) / (t4 - t1)
        arrives = rise > 0 and rise >= 0.5 * (limit - m4) / horizon
        formed = min(steps[:2]) >= 0.25 * rise and steps[2] >= max(0.5 * rise, 0.75 * steps[1])
        is_open = self.phase in {"active", "pending-off"}
        b = theil(t, up)
        now = median(v - b * s for s, v in zip(t, up, strict=True))
        rest = [v - b * s - now for s, v in zip(t, up, strict=True)]
        distances = [abs(e) for e in rest]
        scale = max(1.4826 * median(distances), 0.25 * statistics.fmean(distances))
        squares = sum(e * e for e in rest)
        alike = sum(a * b for a, b in itertools.pairwise(rest)) / squares if squares else 0.0
        alike = min(max((n * alike + 1) / (n - 4), 0.0), 0.9)
        wide = sum((s - statistics.fmean(t)) ** 2 for s in t)
        error = scale * math.sqrt(math.pi / 3 / wide * (1 + alike) / (1 - alike))
        over = b - (limit - now) / horizon
        sure = statistics.NormalDist().cdf(over / error) if error else float(over >= 0)
        clear = b * (t[-1] - t[0]) >= 4.0 * scale and b >= 5.0 * error
        if is_open or (arrives and formed and clear):
            self.rate, self.confidence = (-b if p.low else b), sure
            if b > 0:
                self.eta = max(limit - now, 0.0) / b
        elif self.phase == "unjudged" and sure >= p.reset:
            self.confidence = math.nan  # was it active before its memory was lost?
        return self.confidence


@dataclass
class SpikeTwin(TagTwin):
    values: list[float] = field(default_factory=list)

    def seen_row(self, new: Seen, held: bool, old: Seen, until: int) -> None:
        self.pass_time(new.source, until, old, new.received)
        x, fit = math.nan, good(new.quality) and not held
        if fit and len(self.values) >= 4:
            five = [*self.values[-4:], new.value]
            x = abs(five[2] - median(five))
        if fit:
            self.values.append(new.value)
        says = verdict(*sides(x, self.params.trigger, self.params.reset), new.quality)
        self.hear(says, good(new.quality), new.source, new, new.received)


@dataclass
class FrozenTwin(TagTwin):
    rest: float = math.nan
    since: int = 0

    def seen_row(self, new: Seen, held: bool, old: Seen, until: int) -> None:
        self.pass_time(new.source, until, old, new.received)
        beyond = within = False
        if not held and not bad(new.quality):
            if not abs(new.value - self.rest) <= self.params.band:
                self.rest, self.since = new.value, new.source
            beyond = new.source - self.since >= self.params.window
            within = not beyond
        says = verdict(beyond, within, new.quality)
        self.hear(says, good(new.quality), new.source, new, new.received)


class DiscrepancyTwin(GroupTwin):
    def judged(self, members: list[tuple[int, Seen]], new: Seen) -> tuple[str, bool]:
        p, command, feedback = self.params, members[0][1], members[1][1]
        new.value, new.quality = feedback.value, max(command.quality, feedback.quality)
        if bad(new.quality):
            return "unknown", False
        if p.tolerance:
            beyond, within = sides(abs(command.value - feedback.value), p.tolerance, p.reset)
        else:
            beyond = round(command.value) != round(feedback.value)
            within = not beyond
        return verdict(beyond, within, new.quality), good(new.quality)


@dataclass
class VoteTwin(GroupTwin):
    votes: dict[int, bool | None] = field(default_factory=dict)

    def member_row(self, tag: int, new: Seen) -> None:
        p = self.params
        says = verdict(*sides(new.value, p.trigger, p.reset, p.low), new.quality)
        if says in {"raise", "clear"}:
            self.votes[tag] = says == "raise"

    def judged(self, members: list[tuple[int, Seen]], new: Seen) -> tuple[str, bool]:
        p = self.params
        blind = [t for t, s in members if bad(s.quality) or self.votes.get(t) is None]
        yes = [t for t, _ in members if t not in blind and self.votes[t]]
        lost = [t for t in blind if self.votes.get(t)]
        doubtful = [t for t, s in members if t not in blind and not self.votes[t] and not good(s.quality)]
        says = self.outcome(len(yes), len(blind), len(lost), len(doubtful))
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

    def outcome(self, yes: int, blind: int, lost: int, doubtful: int) -> str:
        p = self.params
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
        falls = self.phase in {"active", "pending-off"}
        return self.falling(yes, blind, lost, doubtful) if falls else "clear"

    def falling(self, yes: int, blind: int, lost: int, doubtful: int) -> str:
        p = self.params
        trip = p.degrade == "trip"
        needed = max(1, p.needed - (blind - lost) - doubtful) if trip else p.needed
        if lost and yes + lost >= needed:
            return "unknown"
        return "hold" if trip and doubtful and yes >= max(1, p.needed - blind - doubtful) else "clear"


TWINS: dict[type[Any], type[Twin]] = {
    Limit: LimitTwin,
    Rate: RateTwin,
    State: StateTwin,
    Discrepancy: DiscrepancyTwin,
    Vote: VoteTwin,
    Trend: TrendTwin,
    Spike: SpikeTwin,
    Frozen: FrozenTwin,
}
LOOK_BACK = frozenset({"rate", "trend"})
"""kinds that see an outage as the gap it was"""
