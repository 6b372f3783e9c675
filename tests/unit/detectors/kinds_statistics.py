# long-file: table
"""The kinds of ``detectors.statistics`` as the contract tests see them: random rules, and a naive twin for each.

A twin keeps every row and makes its number from them anew.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import NormalDist, fmean, median, stdev
from typing import Any

import numpy as np
from hypothesis import strategies as st

from detectors.kinds import statistics as kinds
from tests.unit.detectors.streams import S, delay, tag
from tests.unit.detectors.twin import FOREVER, NS, Seen, TagTwin, Twin, bad, good, sides, verdict

side = st.sampled_from(["high", "low", "both"])
one_side = st.sampled_from(["high", "low"])
share = st.sampled_from([0.0, 0.3, 0.5, 0.9])
values = st.sets(st.integers(-4, 4), min_size=1, max_size=4).map(tuple)


@st.composite
def of(draw: st.DrawFn, kind: Any, **fields: Any) -> Any:
    """A rule: each field drawn, or as it is; ``limits`` gives trigger and reset."""
    found = {k: draw(v) if isinstance(v, st.SearchStrategy) else v for k, v in fields.items()}
    if "limits" in found:
        found["trigger"], found["reset"] = found.pop("limits")
    if "window" in found and "buckets" in found:
        found["window"] *= S
    return kind(tag=draw(tag), **found)


def limits(*triggers: float) -> st.SearchStrategy[tuple[float, float]]:
    """Odd numbers: none is met exactly, where two ways of rounding would differ."""
    pairs = [(t, r) for t in triggers for r in (t, 0.7 * t)]
    return st.sampled_from(pairs)


@st.composite
def value_limits(draw: st.DrawFn, kind: Any, **fields: Any) -> Any:
    """Limits are values: of a low side the reset lies above."""
    found = {k: draw(v) for k, v in fields.items()}
    trigger, band = draw(st.sampled_from([-2.3, 0.4, 2.3])), draw(st.sampled_from([0.0, 1.1]))
    reset = trigger + band if found.get("side") == "low" else trigger - band
    if kind is kinds.Mean and found["side"] == "low":
        found["gaps"] = "leave"
    return kind(tag=draw(tag), trigger=trigger, reset=reset, **found)


@st.composite
def dwells(draw: st.DrawFn) -> kinds.Dwell:
    longest = draw(st.integers(1, 6)) * S
    window = draw(st.sampled_from([0, 1, 2])) * longest
    return kinds.Dwell(
        tag=draw(tag), values=draw(values), longest=longest, window=window,
        reset=draw(st.sampled_from([longest, longest // 2])), buckets=draw(st.integers(1, 6)),
    )  # fmt: skip


length = st.integers(3, 12).map(lambda n: n * S)
delays = {"on_delay": delay, "off_delay": delay}
chart = {
    "mean": st.sampled_from([0.0, 0.7]), "sigma": st.sampled_from([1.1, 2.1]), "warm_up": st.sampled_from([0, 2, 3]),
    "side": side, "every": st.sampled_from([0, 0, 2 * S]), **delays,
}  # fmt: skip
few = st.integers(1, 6)
cycle = st.integers(4, 12).map(lambda n: n * S)
ahead = st.integers(1, 9).map(lambda n: n * S)
RULES: dict[str, st.SearchStrategy[Any]] = {
    "total": of(
        kinds.Total, limits=limits(3.3, 7.7), window=st.integers(3, 12), of=st.sampled_from(sorted(kinds.TOTALS)),
        per=st.sampled_from([S, 4 * S]), coverage=share, buckets=few, **delays,
    ),
    "mean": value_limits(
        kinds.Mean, window=length, side=one_side, gaps=st.sampled_from(sorted(kinds.GAPS)), coverage=share, buckets=few,
        **delays,
    ),
    "peak": value_limits(kinds.Peak, window=length, side=one_side, coverage=share, buckets=few, **delays),
    "starts": of(
        kinds.Starts, values=values, limits=limits(0.9, 1.9), window=st.integers(3, 12), coverage=share, buckets=few,
        **delays,
    ),
    "oscillation": of(
        kinds.Oscillation, band=st.sampled_from([0.9, 2.9]), limits=limits(0.9, 1.9), window=st.integers(3, 12),
        coverage=share, buckets=few, **delays,
    ),
    "dwell": dwells(),
    "setpoint": of(kinds.Setpoint, target=st.sampled_from([0.0, 1.5]), limits=limits(1.1, 2.2), side=side, **delays),
    "cusum": of(kinds.Cusum, limits=limits(1.3, 2.7), k=st.sampled_from([0.0, 0.45]), **chart),
    "ewma": of(kinds.Ewma, limits=limits(1.1, 1.9), weight=st.sampled_from([0.2, 1.0]), **chart),
    "page-hinkley": of(
        kinds.PageHinkley, limits=limits(1.3, 2.7), delta=st.sampled_from([0.0, 0.35]), memory=st.integers(3, 6),
        warm_up=st.integers(1, 3), side=side, every=st.sampled_from([0, 0, 2 * S]), **delays,
    ),
    "hampel": of(
        kinds.Hampel, limits=limits(1.3, 2.7), sigma=st.sampled_from([0.7, 1.7]), samples=st.integers(3, 6), side=side,
        every=st.sampled_from([0, 0, 2 * S]), **delays,
    ),
    "baseline": of(
        kinds.Baseline, limits=limits(0.9, 2.3), sigma=st.sampled_from([0.7, 1.7]), period=cycle,
        slots=st.integers(1, 4), warm_up=st.integers(1, 2), share=st.sampled_from([0.1, 0.6]), side=side, **delays,
    ),
    "excess": of(
        kinds.Excess, limits=limits(0.9, 2.3), window=st.integers(3, 12), quantile=st.sampled_from([0.0, 0.23, 0.5]),
        side=one_side, buckets=st.integers(3, 6), **delays,
    ),
    "shift": of(
        kinds.Shift, limits=limits(0.9, 2.3), window=st.integers(6, 12), sigmas=st.sampled_from([0.0, 0.37]), side=side,
        buckets=st.sampled_from([6, 8]), **delays,
    ),
    "noise": of(
        kinds.Noise, limits=limits(1.3, 2.3), window=st.integers(3, 12), sigma=st.sampled_from([0.37, 1.37]), side=side,
        recent=st.integers(1, 2), buckets=st.integers(3, 6), **delays,
    ),
    "velocity": of(
        kinds.Velocity, limits=limits(0.37, 1.37), window=st.integers(3, 12), per=st.sampled_from([S, 3 * S]),
        side=side, buckets=st.integers(3, 6), **delays,
    ),
    "inverse-velocity": of(
        kinds.InverseVelocity, limits=limits(0.53, 0.83), window=st.integers(6, 12), horizon=ahead,
        slowest=st.sampled_from([0.11, 0.23]), per=S, side=side, buckets=st.integers(6, 8), **delays,
    ),
}  # fmt: skip
LOOK_BACK = set(RULES) - {"setpoint"}
"""kinds with buckets or samples by event time: an outage is a gap in them"""


# --- twins ------------------------------------------------------------------------------------------------------------


@dataclass
class NumberTwin(TagTwin):
    """Judges a number that is made of all rows so far."""

    rows: list[tuple[Seen, bool]] = field(default_factory=list)
    """every judged row, and whether it was a measurement"""
    stays: list[tuple[int, int, float, int]] = field(default_factory=list)
    """from, to, value, quality: what was so between rows"""

    def value_that_holds(self) -> tuple[Seen, int]:
        return self.clock, self.world.hold[self.params.tag]

    def seen_row(self, new: Seen, held: bool, old: Seen, until: int) -> None:
        self.pass_time(new.source, until, self.clock, new.received)
        measured = not bad(new.quality) and not held and math.isfinite(new.value)
        end = min(new.source, until)
        if self.rows and not bad(old.quality) and math.isfinite(old.value) and end > old.source:
            self.stays.append((old.source, end, old.value, old.quality))
        self.rows.append((new, measured))
        x, worst = self.number(new) if measured else (math.nan, 0)
        self.clock = Seen(new.source, new.received, self.reported(new, x, held), new.quality)
        self.judged(new, x, worst, measured)

    def judged(self, new: Seen, x: float, worst: int, measured: bool) -> None:
        if bad(new.quality):
            self.hear("unknown", False, new.source, self.clock, new.received)
        elif not math.isnan(x):
            says = verdict(*self.beyond(x), worst)
            self.hear(says, good(worst), new.source, self.clock, new.received)
        elif not good(new.quality) and self.phase == "pending-off":
            self.phase = "active"

    def beyond(self, x: float) -> tuple[bool, bool]:
        return sides(x, self.params.trigger, self.params.reset)

    def reported(self, new: Seen, x: float, held: bool) -> float:
        return new.value

    def measured(self) -> list[Seen]:
        return [row for row, is_one in self.rows if is_one]

    def number(self, new: Seen) -> tuple[float, int]:
        raise NotImplementedError

    def one_side(self, x: float) -> float:
        return abs(x) if self.params.side == "both" else x if self.params.side == "high" else -x


@dataclass
class WindowTwin(NumberTwin):
    """The open bucket and those before it."""

    oldest_by_share = False

    def reported(self, new: Seen, x: float, held: bool) -> float:
        return self.clock.value if held else x

    def amounts(self) -> list[tuple[int, float]]:
        """Time and amount of each measurement."""
        return []

    def number(self, new: Seen) -> tuple[float, int]:
        p = self.params
        width, total, known = p.window // p.buckets, 0.0, 0.0
        now = new.source // width
        begins = (now - p.buckets) * width
        amounts = [(t // width, amount) for t, amount in self.amounts() if t >= begins]
        stays = [stay for stay in self.stays if stay[1] > begins]
        worst = max(row.quality for row in self.measured() if row.source >= begins)
        for k in range(now - p.buckets, now + 1):
            left = 1.0
            if k == now - p.buckets and self.oldest_by_share:
                left = 1.0 - (new.source - now * width) / width
            for begin, end, value, quality in stays:
                inside = min(end, (k + 1) * width) - max(begin, k * width)
                if inside > 0:
                    total += left * self.adds(value) * inside / NS
                    known += left * inside / NS
                    worst = max(worst, quality)
            total += left * sum(amount for bucket, amount in amounts if bucket == k)
        enough = known >= p.coverage * (width * p.buckets / NS)
        return self.found(total, known, enough), worst if enough else max(worst, 64)

    def adds(self, value: float) -> float:
        return 0.0

    def found(self, total: float, known: float, enough: bool) -> float:
        return total


class TotalTwin(WindowTwin):
    oldest_by_share = True

    def adds(self, value: float) -> float:
        return value * NS / self.params.per if self.params.of == "flow" else 0.0

    def amounts(self) -> list[tuple[int, float]]:
        rows = self.measured()
        if self.params.of == "increments":
            return [(r.source, r.value) for r in rows]
        if self.params.of == "flow":
            return []
        return [
            (b.source, b.value - a.value if b.value >= a.value else max(b.value, 0.0))
            for a, b in pairwise(rows)
        ]


class MeanTwin(WindowTwin):
    oldest_by_share = True

    def adds(self, value: float) -> float:
        return value

    def found(self, total: float, known: float, enough: bool) -> float:
        p = self.params
        if p.gaps == "zero":
            return total / (p.window // p.buckets * p.buckets / NS)
        return total / known if enough and known else math.nan

    def beyond(self, x: float) -> tuple[bool, bool]:
        return sides(x, self.params.trigger, self.params.reset, self.params.side == "low")


class PeakTwin(WindowTwin):
    def number(self, new: Seen) -> tuple[float, int]:
        p = self.params
        _, worst = super().number(new)
        width = p.window // p.buckets
        recent = [r.value for r in self.measured() if r.source // width >= new.source // width - p.buckets]
        return (min if p.side == "low" else max)(recent), worst

    def beyond(self, x: float) -> tuple[bool, bool]:
        return sides(x, self.params.trigger, self.params.reset, self.params.side == "low")


class StartsTwin(WindowTwin):
    def amounts(self) -> list[tuple[int, float]]:
        inside = [round(r.value) in self.params.values for r in self.measured()]
        pairs = zip(self.measured()[1:], inside, inside[1:], strict=False)
        return [(r.source, 1.0) for r, before, after in pairs if after and not before]


class OscillationTwin(WindowTwin):
    def reported(self, new: Seen, x: float, held: bool) -> float:
        return new.value

    def amounts(self) -> list[tuple[int, float]]:
        found, way, extreme, rows = [], 0, [math.inf, -math.inf], self.measured()
        for r in rows:
            extreme = [min(extreme[0], r.value), max(extreme[1], r.value)]
            if way >= 0 and extreme[1] - r.value >= self.params.band:
                found += [(r.source, 1.0)] if way else []
                way, extreme[0] = -1, r.value
            elif way <= 0 and r.value - extreme[0] >= self.params.band:
                found += [(r.source, 1.0)] if way else []
                way, extreme[1] = 1, r.value
        return found


@dataclass
class DwellTwin(NumberTwin):
    inside: bool | None = None
    spans: list[tuple[int, int]] = field(default_factory=list)
    """times inside in this go (of a window: ever)"""
    deadline: int = FOREVER
    rest: int = 0

    def seen_row(self, new: Seen, held: bool, old: Seen, until: int) -> None:
        if self.inside and self.rows and not bad(old.quality):
            self.spans.append((old.source, max(old.source, min(new.source, until))))
        super().seen_row(new, held, old, until)

    def total(self, at: int, spans: Sequence[tuple[int, int]]) -> int:
        if not self.params.window:
            return sum(b - a for a, b in spans)
        width = self.params.window // self.params.buckets
        begin = (at // width - self.params.buckets) * width
        return sum(max(0, min(b, at) - max(a, begin)) for a, b in spans)

    def number(self, new: Seen) -> tuple[float, int]:
        inside = round(new.value) in self.params.values
        if inside:
            if not self.inside and not self.params.window:
                self.spans = []
            self.inside = True
        elif good(new.quality) or self.inside is None:
            self.inside = False
        return math.nan, 0

    def ends(self) -> int:
        return self.deadline

    def pass_time(self, to: int, hold_until: int, seen: Seen, latest: int) -> None:
        if not self.waiting():
            return
        if self.deadline <= hold_until if to > hold_until else self.deadline < to:
            end, before = self.deadline, self.condition()
            self.finish()
            self.tell(before, end, seen, min(seen.received + end - seen.source, latest))
        elif to > hold_until:
            self.deadline += to - hold_until

    def judged(self, new: Seen, x: float, worst: int, measured: bool) -> None:
        before, t = self.condition(), new.source
        if bad(new.quality):
            if self.waiting():
                self.rest = max(self.deadline - t, 0)
            self.unknown = True
        elif not measured:
            self.phase = "active" if not good(new.quality) and self.phase == "pending-off" else self.phase
        else:
            if self.unknown:
                self.deadline = t + self.rest
            self.unknown = False
            self.step(new, t)
            if self.waiting() and self.deadline <= t:
                self.finish()
        self.tell(before, t, self.clock, new.received)

    def step(self, new: Seen, t: int) -> None:
        over = self.phase in {"active", "pending-off"}
        if self.inside and over:
            self.phase = "active"
        elif self.inside:
            self.onset = self.onset if self.phase == "pending-on" else t
            self.phase, self.deadline = "pending-on", self.reached(t)
        elif not good(new.quality):
            self.phase = "active" if self.phase == "pending-off" else self.phase
        else:
            self.phase, self.deadline = ("pending-off", self.left(t)) if over else ("normal", FOREVER)

    def reached(self, t: int) -> int:
        p = self.params
        if not p.window:
            return t + max(p.longest - self.total(t, self.spans), 0)
        if self.total(t, self.spans) >= p.longest:
            return t
        width, start = p.window // p.buckets, t
        while True:
            end = (start // width + 1) * width
            needs = p.longest - self.total(start, [*self.spans, (t, start)])
            if needs <= end - start:
                return start + max(needs, 0)
            start = end

    def left(self, t: int) -> int:
        p = self.params
        width, at = p.window // p.buckets, t
        while p.window and self.total(at, self.spans) >= p.reset:
            at = (at // width + 1) * width
        return at


class SetpointTwin(NumberTwin):
    def number(self, new: Seen) -> tuple[float, int]:
        return self.one_side(new.value - self.params.target), new.quality


class SampleTwin(NumberTwin):
    def number(self, new: Seen) -> tuple[float, int]:
        every, rows = self.params.every, self.measured()
        if not every:
            return self.of_samples([(r.value, r.quality) for r in rows]), new.quality
        groups: dict[int, list[Seen]] = {}
        for r in rows:
            groups.setdefault(r.source // every, []).append(r)
        order = sorted(groups)
        if len(order) < 2 or len(groups[order[-1]]) > 1:
            return math.nan, 0
        samples = [
            (
                fmean(r.value for r in groups[k]),
                max([*(r.quality for r in groups[k]), groups[after][0].quality]),
            )
            for k, after in pairwise(order)
        ]
        return self.of_samples(samples), samples[-1][1]

    def of_samples(self, samples: list[tuple[float, int]]) -> float:
        raise NotImplementedError


class ChartTwin(SampleTwin):
    def of_samples(self, samples: list[tuple[float, int]]) -> float:
        p, learned, scores = self.params, [], []
        mean, sigma = p.mean, p.sigma
        for x, quality in samples:
            if len(learned) == p.warm_up:
                scores.append((x - mean) / sigma)
            elif good(quality):
                learned.append(x)
                if len(learned) == p.warm_up:
                    mean, sigma = fmean(learned), max(stdev(learned), p.sigma)
        return self.of_scores(scores) if scores else math.nan

    def of_scores(self, scores: list[float]) -> float:
        raise NotImplementedError


class CusumTwin(ChartTwin):
    def of_scores(self, scores: list[float]) -> float:
        p, up, down = self.params, 0.0, 0.0
        for z in scores:
            up = min(max(0.0, up + z - p.k), 2 * p.trigger)
            down = min(max(0.0, down - z - p.k), 2 * p.trigger)
        return {"high": up, "low": down, "both": max(up, down)}[p.side]


class EwmaTwin(ChartTwin):
    def of_scores(self, scores: list[float]) -> float:
        w, n = self.params.weight, len(scores)
        weights = [w * (1 - w) ** (n - 1 - i) for i in range(n)]
        value = sum(a * z for a, z in zip(weights, scores, strict=True))
        return self.one_side(value / math.sqrt(sum(a * a for a in weights)))


class PageHinkleyTwin(SampleTwin):
    def of_samples(self, samples: list[tuple[float, int]]) -> float:
        p, mean, up, down = self.params, 0.0, 0.0, 0.0
        for n, (x, _) in enumerate(samples, 1):
            mean += (x - mean) / min(n, p.memory)
            if n >= p.warm_up:
                up = min(max(0.0, up + x - mean - p.delta), 2 * p.trigger)
                down = min(max(0.0, down - x + mean - p.delta), 2 * p.trigger)
        if len(samples) < p.warm_up:
            return math.nan
        return {"high": up, "low": down, "both": max(up, down)}[p.side]


class HampelTwin(SampleTwin):
    def of_samples(self, samples: list[tuple[float, int]]) -> float:
        p, found = self.params, [x for x, _ in samples]
        before = found[:-1][-p.samples :]
        if len(before) < p.samples:
            return math.nan
        centre = median(before)
        scale = 1.4826 * median(abs(x - centre) for x in before)
        return self.one_side((found[-1] - centre) / max(scale, p.sigma))


@dataclass
class BaselineTwin(NumberTwin):
    slots: dict[int, tuple[float, float, int]] = field(default_factory=dict)
    """level, variance, visits"""
    visit: tuple[int, float, list[float]] = (-1, 0.0, [])
    """number, what readings are compared with, what they differ by"""

    def number(self, new: Seen) -> tuple[float, int]:
        p = self.params
        width = p.period // p.slots
        if new.source // width != self.visit[0]:
            self.close()
            self.visit = (new.source // width, 0.0, [])
        phase = (new.source % width) / width - 0.5
        mine = self.slots.get(new.source // width % p.slots, (0.0, 0.0, 0))
        other = self.slots.get((new.source // width + (1 if phase >= 0 else -1)) % p.slots, (0.0, 0.0, 0))
        if mine[2] < p.warm_up:
            return math.nan, new.quality
        level, variance = mine[0], mine[1]
        if other[2] >= p.warm_up:
            level = mine[0] + abs(phase) * (other[0] - mine[0])
            variance = max(mine[1], other[1])
        return self.one_side((new.value - level) / max(math.sqrt(variance), p.sigma)), new.quality

    def close(self) -> None:
        number, reference, steps = self.visit
        if not steps:
            return
        p, slot = self.params, number % self.params.slots
        level, variance, visits = self.slots.get(slot, (0.0, 0.0, 0))
        mean, square = fmean(steps), fmean(x * x for x in steps)
        if not visits:
            self.slots[slot] = (reference + mean, max(square - mean * mean, 0.0), 1)
            return
        weight = max(1 / (visits + 1), p.share)
        self.slots[slot] = (level + weight * mean, variance + weight * (square - variance), visits + 1)

    def judged(self, new: Seen, x: float, worst: int, measured: bool) -> None:
        super().judged(new, x, worst, measured)
        p = self.params
        if not measured or not good(new.quality) or x >= p.trigger:
            return
        if not math.isnan(x) and self.phase != "normal":
            return
        number, reference, steps = self.visit
        level, variance, visits = self.slots.get(number % p.slots, (0.0, 0.0, 0))
        if not steps:
            reference = level if visits else new.value
        step = new.value - reference
        if visits >= p.warm_up:
            most = 4.0 * max(math.sqrt(variance), p.sigma)
            step = min(max(step, -most), most)
        self.visit = (number, reference, [*steps, step])


def grouped(rows: list[Seen], width: int, before: int, buckets: int) -> dict[int, list[Seen]]:
    """Rows by bucket: the ``buckets`` buckets before bucket ``before``."""
    found: dict[int, list[Seen]] = {}
    for r in rows:
        if before - buckets <= r.source // width < before:
            found.setdefault(r.source // width, []).append(r)
    return dict(sorted(found.items()))


class ExcessTwin(NumberTwin):
    def number(self, new: Seen) -> tuple[float, int]:
        p = self.params
        width = p.window // p.buckets
        certain = [r for r in self.measured() if good(r.quality)]
        groups = grouped(certain, width, new.source // width, p.buckets)
        means = [fmean(r.value for r in group) for group in groups.values()]
        if len(means) < 3 or 2 * len(means) < p.buckets:
            return math.nan, new.quality
        level = np.quantile(means, p.quantile if p.side == "high" else 1 - p.quantile)
        return self.one_side(new.value - float(level)), new.quality


class CloseTwin(NumberTwin):
    """Judged with the first measurement of a bucket."""

    def number(self, new: Seen) -> tuple[float, int]:
        p, rows = self.params, self.measured()
        width = p.window // p.buckets
        now = new.source // width
        if len(rows) > 1 and rows[-2].source // width == now:
            return math.nan, new.quality
        x, worst = self.of_buckets(rows[:-1], width, now, new)
        return x, max(worst, new.quality)

    def of_buckets(self, rows: list[Seen], width: int, now: int, new: Seen) -> tuple[float, int]:
        raise NotImplementedError


def worst_of(groups: dict[int, list[Seen]]) -> int:
    return max((r.quality for group in groups.values() for r in group), default=0)


class ShiftTwin(CloseTwin):
    def of_buckets(self, rows: list[Seen], width: int, now: int, new: Seen) -> tuple[float, int]:
        p, m = self.params, self.params.buckets // 2
        parts = [grouped(rows, width, now - m, m), grouped(rows, width, now, m)]
        old, recent = ([fmean(r.value for r in g) for g in part.values()] for part in parts)
        if min(len(old), len(recent)) < max(3, m / 2):
            return math.nan, 0
        away = [abs(x - median(old)) for x in old] + [abs(x - median(recent)) for x in recent]
        error = 1.2533 * 1.4826 * median(away) * math.sqrt(1 / len(old) + 1 / len(recent))
        x = self.one_side(median(recent) - median(old)) - p.sigmas * error
        return max(x, 0.0), max(worst_of(parts[0]), worst_of(parts[1]))


class NoiseTwin(CloseTwin):
    def of_buckets(self, rows: list[Seen], width: int, now: int, new: Seen) -> tuple[float, int]:
        p = self.params
        steps = [
            (b.source // width, b.value - a.value, b.quality)
            for (a, was), (b, is_one) in zip(self.rows, self.rows[1:], strict=False)
            if was and is_one and b is not new
        ]
        recent, q = self.rough([s for s in steps if now - p.recent <= s[0] < now], p.recent)
        older, r = self.rough(
            [s for s in steps if now - p.buckets <= s[0] < now - p.recent], p.buckets - p.recent
        )
        ratio = recent / older
        return {"high": ratio, "low": 1 / ratio, "both": max(ratio, 1 / ratio)}[p.side], max(q, r)

    def rough(self, steps: list[tuple[int, float, int]], buckets: int) -> tuple[float, int]:
        worst = max((q for _, _, q in steps), default=0)
        if 2 * len({k for k, _, _ in steps}) < buckets:
            return math.nan, worst
        return max(math.sqrt(sum(d * d for _, d, _ in steps) / (2 * len(steps))), self.params.sigma), worst


class VelocityTwin(CloseTwin):
    def points(self, rows: list[Seen], width: int, now: int) -> tuple[list[tuple[float, float]], int]:
        """Seconds from the beginning of the window, mean."""
        groups = grouped(rows, width, now, self.params.buckets)
        begin = (now - self.params.buckets) * width
        return [
            (fmean(r.source - begin for r in g) / NS, fmean(r.value for r in g)) for g in groups.values()
        ], worst_of(groups)

    def of_buckets(self, rows: list[Seen], width: int, now: int, new: Seen) -> tuple[float, int]:
        p = self.params
        points, worst = self.points(rows, width, now)
        if len(points) < 3 or (points[-1][0] - points[0][0]) * 2 * NS < width * (p.buckets - 1):
            return math.nan, worst
        self.rate = median(
            (b[1] - a[1]) / (b[0] - a[0]) for i, a in enumerate(points) for b in points[i + 1 :]
        )
        return self.one_side(self.rate * p.per / NS), worst


class InverseVelocityTwin(VelocityTwin):
    def of_buckets(self, rows: list[Seen], width: int, now: int, new: Seen) -> tuple[float, int]:
        p = self.params
        points, worst = self.points(rows, width, now)
        if len(points) < p.buckets / 2:
            return math.nan, worst
        way = {"high": 1, "low": -1, "both": 1 if points[-1][1] >= points[0][1] else -1}[p.side]
        moves = [((a[0] + b[0]) / 2, way * (b[1] - a[1]) / (b[0] - a[0])) for a, b in pairwise(points)]
        self.rate, self.eta, self.confidence = way * moves[-1][1], math.nan, 0.0
        counted = [(t, v) for t, v in moves if v >= p.slowest * NS / p.per]
        if len(counted) >= 5 and moves[-1][1] >= p.slowest * NS / p.per:
            self.forecast(counted, (new.source - (now - p.buckets) * width) / NS)
        return self.confidence, worst

    def forecast(self, moves: list[tuple[float, float]], at: float) -> None:
        t, y = (np.array(column) for column in zip(*((t - at, 1 / v) for t, v in moves), strict=True))
        w = np.array([v**4 for _, v in moves])
        design = np.stack([np.ones_like(t), t], axis=1)
        inverse = np.linalg.inv(design.T * w @ design)
        a, b = inverse @ (design.T * w @ y)
        if b < 0:
            self.eta = max(-a / b, 0.0)
        ahead, freedom = np.array([1.0, self.params.horizon / NS]), len(t) - 2
        variance = float((w * (y - a - b * t) ** 2).sum()) / freedom
        line, error = float(ahead @ (a, b)), math.sqrt(variance * float(ahead @ inverse @ ahead))
        if error <= 1e-7 * abs(y).mean():
            self.confidence = 1.0 if line <= 0 else 0.0
            return
        q = -line / error
        z = q * (1 - 1 / (4 * freedom)) / math.sqrt(1 + q * q / (2 * freedom))
        self.confidence = NormalDist().cdf(z)


TWINS: dict[type[Any], type[Twin]] = {
    kinds.Total: TotalTwin,
    kinds.Mean: MeanTwin,
    kinds.Peak: PeakTwin,
    kinds.Starts: StartsTwin,
    kinds.Oscillation: OscillationTwin,
    kinds.Dwell: DwellTwin,
    kinds.Setpoint: SetpointTwin,
    kinds.Cusum: CusumTwin,
    kinds.Ewma: EwmaTwin,
    kinds.PageHinkley: PageHinkleyTwin,
    kinds.Hampel: HampelTwin,
    kinds.Baseline: BaselineTwin,
    kinds.Excess: ExcessTwin,
    kinds.Shift: ShiftTwin,
    kinds.Noise: NoiseTwin,
    kinds.Velocity: VelocityTwin,
    kinds.InverseVelocity: InverseVelocityTwin,
}
