"""The common kinds as the contract tests see them: random rules, and a naive twin for each."""

import math
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from hypothesis import strategies as st

from detectors.kinds import Discrepancy, Limit, Rate, State, Vote
from tests.unit.detectors.streams import TAGS, S, delay, limits, tag
from tests.unit.detectors.twin import NS, GroupTwin, Seen, TagTwin, Twin, bad, good, sides, verdict


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


RULES: dict[str, st.SearchStrategy[Any]] = {
    "limit": limit_rules(),
    "rate": rate_rules(),
    "state": state_rules(),
    "discrepancy": discrepancy_rules(),
    "vote": vote_rules(),
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
class RateTwin(TagTwin):
    points: list[tuple[int, float, int]] = field(default_factory=list)

    def seen_row(self, new: Seen, held: bool, old: Seen, until: int) -> None:
        width = self.params.window // self.params.buckets
        if self.points:
            last = max(self.points)[0] // width
            end = (last + 1) * width
            if new.source >= end and end <= until and not bad(old.quality):
                self.slope_seen(last, width, end, old, new, until)
        self.pass_time(new.source, until, old, new.received)
        if bad(new.quality):
            self.hear("unknown", False, new.source, new, new.received)
        elif not held:
            self.points.append((new.source, new.value, new.quality))
        if not good(new.quality) and self.phase == "pending-off":
            self.phase = "active"

    def slope_seen(self, last: int, width: int, end: int, old: Seen, new: Seen, until: int) -> None:
        p = self.params
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
        self.pass_time(end, until, old, new.received)
        self.rate = found
        x = -found if p.fall else found
        self.hear(verdict(*sides(x, p.trigger, p.reset), worst), worst == 0, end, old, new.received)


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
}
