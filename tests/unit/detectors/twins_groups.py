"""Naive twins of the kinds of ``detectors.groups``: every sample kept, every number worked out from all of them."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import NormalDist, median
from typing import Any

import numpy as np

from detectors import program as op
from detectors.kinds.groups import (
    Balance,
    Deviation,
    Expression,
    MovingLimit,
    Multivariate,
    Spread,
    StateLimit,
)
from tests.unit.detectors.twin import FOREVER, NS, GroupTwin, Seen, Twin, bad, good, sides, verdict


def _steps(*steps: Any) -> tuple[float, ...]:
    return tuple(float(x) for step in steps for x in (step if isinstance(step, tuple) else (step, 0)))


A, B = (op.LOAD, 0), (op.LOAD, 1)
POINTS = (3.0, -2.0, 0.0, 3.0, 5.0, 1.0, 4.0)
PROGRAMS: dict[tuple[float, ...], Callable[[float, float], float]] = {
    _steps(A, B, op.SUB): lambda a, b: a - b,
    _steps(A, B, op.DIV): lambda a, b: a / b if b else math.nan,
    _steps(A, op.SQRT, B, op.ADD): lambda a, b: math.sqrt(a) + b if a >= 0 else math.nan,
    _steps(A, B, op.GT, B, (op.PUSH, 1), op.GE, op.AND): lambda a, b: float(a > b >= 1),
    _steps(B, (op.PUSH, 0), op.EQ, (op.UNLESS, 6), A, (op.JUMP, 9), A, B, op.DIV): lambda a, b: a / b if b else a,
    _steps(A, (op.TABLE, 0), B, op.MIN): lambda a, b: (
        min(5 - 2 * (a + 2) if a <= 0 else 1 + a, b) if -2 <= a <= 3 else math.nan
    ),
    _steps(A, B, (op.PICK, 0), (op.PICK, 1), op.MUL, (op.SQUASH, 2)): lambda a, b: a * b,
}  # fmt: skip


def sided(side: str, x: float) -> float:
    return abs(x) if side == "both" else -x if side == "low" else x


class NumberTwin(GroupTwin):
    """The worst member's quality, and a number of values that may all be judged."""

    def judged(self, members: list[tuple[int, Seen]], new: Seen) -> tuple[str, bool]:
        new.quality, new.value = max(s.quality for _, s in members), math.nan
        if bad(new.quality):
            return "unknown", False
        new.value = self.number([s.value for _, s in members])
        if math.isnan(new.value):
            new.quality = 133
        return verdict(*self.beyond(new.value), new.quality), good(new.quality)

    def number(self, values: list[float]) -> float:
        raise NotImplementedError

    def beyond(self, x: float) -> tuple[bool, bool]:
        raise NotImplementedError


class DeviationTwin(NumberTwin):
    def number(self, values: list[float]) -> float:
        return (values[0] - values[1]) * (100 / self.params.span if self.params.span else 1)

    def beyond(self, x: float) -> tuple[bool, bool]:
        return sides(sided(self.params.side, x), self.params.trigger, self.params.reset)


class MovingTwin(NumberTwin):
    def number(self, values: list[float]) -> float:
        return float(values[0] - self.params.gain * values[1] - self.params.offset)

    def beyond(self, x: float) -> tuple[bool, bool]:
        p = self.params
        return sides(x, 0, p.dead_band if p.low else -p.dead_band, p.low)


class ExpressionTwin(NumberTwin):
    def number(self, values: list[float]) -> float:
        return PROGRAMS[self.params.steps](values[0], values[1])

    def beyond(self, x: float) -> tuple[bool, bool]:
        return sides(x, self.params.trigger, self.params.reset, self.params.low)


class SpreadTwin(GroupTwin):
    def judged(self, members: list[tuple[int, Seen]], new: Seen) -> tuple[str, bool]:
        p, seeing = self.params, [s for _, s in members if not bad(s.quality)]
        if len(seeing) < (p.least or len(p.tags)):
            new.quality = max(s.quality for _, s in members)
            return "unknown", False
        values = [s.value for s in seeing]
        new.quality = max(s.quality for s in seeing)
        if len(seeing) < len(members):
            new.quality = max(new.quality, 69)
        new.value = max(values) - min(values)
        if p.measure == "median":
            new.value = max(abs(v - median(values)) for v in values)
        return verdict(*sides(new.value, p.trigger, p.reset), new.quality), good(new.quality)


class StateLimitTwin(GroupTwin):
    def judged(self, members: list[tuple[int, Seen]], new: Seen) -> tuple[str, bool]:
        p, tag, selector = self.params, members[0][1], members[1][1]
        new.value, new.quality = tag.value, max(tag.quality, selector.quality)
        cases = dict(zip(p.states, zip(p.triggers, p.resets, strict=True), strict=True))
        pick: Callable[[Any], Any] = max if p.low else min
        limits_ = (pick(p.triggers), pick(p.resets))
        if bad(selector.quality):
            if p.otherwise == "strictest" and not bad(tag.quality):
                new.quality = max(tag.quality, 69)
        elif float(round(selector.value)) in p.free:
            return verdict(False, True, new.quality), good(new.quality)
        elif float(round(selector.value)) in cases:
            limits_ = cases[float(round(selector.value))]
        elif p.otherwise == "unknown":
            new.quality = 137
        return verdict(*sides(new.value, *limits_, p.low), new.quality), good(new.quality)


@dataclass
class BalanceTwin(GroupTwin):
    """Keeps every sample since the last gap."""

    chain: list[tuple[int, float, list[float], int]] = field(default_factory=list)
    segments: list[Any] = field(default_factory=list)

    def input_ends(self) -> None:
        members = [(t, self.world.seen[t]) for t in tags_of_rule(self.params)]
        known = [s for t, s in members if t in self.world.ever]
        new = Seen(
            max([self.clock.source, *(s.source for s in known)]),
            max([self.clock.received, *(s.received for s in known)]),
            self.clock.value,
            max(s.quality for _, s in members),
        )
        if not bad(new.quality):
            self.sample(members, new)
            new.value = self.clock.value
        self.clock.quality = new.quality
        self.pass_time(new.source, FOREVER, self.clock, new.received)
        self.clock = new
        if bad(new.quality):
            self.hear("unknown", False, new.source, new, new.received)
        elif not good(new.quality) and self.phase == "pending-off":
            self.phase = "active"

    def sample(self, members: list[tuple[int, Seen]], new: Seen) -> None:
        p, t = self.params, new.source
        width = p.window // p.cells
        flows = [
            s.value * NS / p.per * (1 if i < len(p.inflows) else -1) for i, (_, s) in enumerate(members[1:])
        ]
        point = (t, members[0][1].value * p.gain, flows, new.quality)
        if self.chain and t - self.chain[-1][0] > (p.bridge or width):
            self.chain, self.segments = [], []
        if self.chain and t > self.chain[-1][0]:
            self.segments.append((self.chain[-1], point))
            first = self.chain[-1][0] // width + 1
            for k in range(first, t // width + 1):
                self.cell_ends(k * width, new)
        if self.chain and t == self.chain[-1][0]:
            self.chain[-1] = point
        else:
            self.chain.append(point)

    def cell_ends(self, end: int, new: Seen) -> None:
        p = self.params
        start = end - (p.window // p.cells) * p.cells
        if self.chain[0][0] > start:
            return
        net = gross = 0.0
        worst = 0
        for a, b in self.segments:
            low, high = max(a[0], start), min(b[0], end)
            if high > low:
                at = [[self.at(a, b, x, i) for i in range(len(a[2]))] for x in (low, high)]
                net += sum(x + y for x, y in zip(*at, strict=True)) / 2 * (high - low) / NS
                absolute = [[abs(f) for f in (a[2], b[2])[i]] for i in range(2)]
                lines = [
                    [u + (v - u) * (x - a[0]) / (b[0] - a[0]) for u, v in zip(*absolute, strict=True)]
                    for x in (low, high)
                ]
                gross += sum(x + y for x, y in zip(*lines, strict=True)) / 2 * (high - low) / NS
            if high > low or b[0] == start:
                worst = max(worst, *(0 if good(q) else 64 for q in (a[3], b[3])))
        if self.chain[0][0] == start:
            worst = max(worst, 0 if good(self.chain[0][3]) else 64)
        found = self.volume(end) - self.volume(start) - net
        u = math.sqrt(2 * p.volume_u**2 + (p.flow_u * gross) ** 2)
        number = math.copysign(max(abs(found) - p.k * u, 0.0), found)
        self.pass_time(end, FOREVER, self.clock, new.received)
        self.clock.value, self.clock.quality = number, new.quality
        says = verdict(*sides(sided(p.side, number), p.trigger, p.reset), worst)
        seen = Seen(self.clock.source, self.clock.received, number, new.quality)
        self.hear(says, worst == 0, end, seen, new.received)

    @staticmethod
    def at(a: Any, b: Any, x: int, i: int) -> float:
        return float(a[2][i] + (b[2][i] - a[2][i]) * (x - a[0]) / (b[0] - a[0]))

    def volume(self, when: int) -> float:
        if self.chain[0][0] == when:
            return self.first_volume()
        a, b = next((a, b) for a, b in self.segments if a[0] < when <= b[0])
        return float(a[1] + (b[1] - a[1]) * (when - a[0]) / (b[0] - a[0]))

    def first_volume(self) -> float:
        return float(self.chain[0][1])


def tags_of_rule(p: Balance) -> tuple[int, ...]:
    return (p.volume, *p.inflows, *p.outflows)


@dataclass
class MultivariateTwin(GroupTwin):
    """Keeps every sample; moments and components by numpy, once."""

    samples: list[list[float]] = field(default_factory=list)
    since: int = 0
    last: int | None = None
    model: Any = None
    numbers: list[float] = field(default_factory=list)
    again: list[list[float]] = field(default_factory=list)
    judge_first: bool = False

    def judged(self, members: list[tuple[int, Seen]], new: Seen) -> tuple[str, bool]:
        new.quality, new.value = max(s.quality for _, s in members), self.clock.value
        if bad(new.quality):
            new.value = math.nan
            return "unknown", False
        p, x = self.params, [s.value for _, s in members]
        if self.last is not None and new.source - self.last < p.every:
            return "", good(new.quality)
        if self.model is None:
            if good(new.quality):
                self.since = self.since or new.source
                self.last = new.source
                self.samples.append(x)
                if new.source - self.since >= p.learn and len(self.samples) >= p.samples:
                    model = Model(p, np.array(weighted(self.samples, p.weight)))
                    self.model, self.samples, self.since = model if model.limit > 0.0 else None, [], 0
            return "", good(new.quality)
        self.last = new.source
        if p.relearn and self.phase == "active" and not self.judge_first:
            if good(new.quality):
                self.again.append(x)
            if len(self.again) == p.relearn:
                self.model.begin(np.array(self.again).mean(0))
                self.again, self.numbers, self.judge_first = [], [], True
            return "", good(new.quality)
        self.numbers.append(self.model.ratio(np.array(x)))
        ordered = sorted(self.numbers[-5:])
        new.value = ordered[len(ordered) // 2] if p.smooth else self.numbers[-1]
        if self.phase != "active" or new.value >= p.trigger:
            self.judge_first = False
            if self.phase != "active":
                self.again = []
        return verdict(*sides(new.value, p.trigger, p.reset), new.quality), good(new.quality)

    def hear(self, says: str, may_clear: bool, time: int, seen: Seen, received: int) -> None:
        if says:
            super().hear(says, may_clear, time, seen, received)
        elif not may_clear and self.phase == "pending-off":
            self.phase = "active"


def weighted(samples: list[list[float]], weight: float) -> list[Any]:
    """The exponentially weighted mean after each."""
    out = [np.array(samples[0])]
    for x in samples[1:]:
        out.append(out[-1] + weight * (np.array(x) - out[-1]))
    return out


class Model:
    """What was learned, by the book."""

    def __init__(self, p: Multivariate, x: Any) -> None:
        n, self.p = len(x), p
        self.mean, s = x.mean(0), x.std(0, ddof=1)
        self.s = np.where(s > 1e-11 * abs(self.mean), s, np.inf)
        correlation = np.cov(x.T) / np.outer(self.s, self.s)
        correlation = (1 - p.shrink) * correlation + np.diag(np.where(self.s < np.inf, p.shrink, 0.0))
        variance, loadings = np.linalg.eigh(correlation)
        self.variance, self.loadings = variance[::-1], loadings[:, ::-1]
        self.begin(self.mean)
        real = self.variance > 1e-11
        shares = np.cumsum(self.variance)
        self.k = k = min(int(np.sum(shares < p.keep * shares[-1])) + 1, int(real.sum()))
        z = NormalDist().inv_cdf(p.confidence)
        self.t2 = k * (n * n - 1) / (n * (n - k)) * paulson(z, k, n - k) if k else 0.0
        rest = np.maximum(self.variance[k:], 0)
        one, two, three = (float(np.sum(rest**e)) for e in (1, 2, 3))
        self.q = 0.0
        if one > 1e-11:
            h = max(1 - 2 * one * three / (3 * two * two), 0.001)
            self.q = one * (z * math.sqrt(2 * two) * h / one + 1 + two * h * (h - 1) / one**2) ** (1 / h)
        self.limit = {"t2": self.t2, "q": self.q, "both": max(self.t2, self.q)}[p.statistic]

    def begin(self, mean: Any) -> None:
        self.mean, self.z, self.n = mean, np.zeros(len(mean)), 0

    def ratio(self, x: Any) -> float:
        w, self.n = self.p.weight, self.n + 1
        self.z = self.z + w * ((x - self.mean) / self.s - self.z)
        z = self.z / math.sqrt(1 - (1 - w) ** (2 * self.n))
        t = self.loadings[:, : self.k].T @ z
        t2 = float(np.sum(t * t / self.variance[: self.k])) / self.t2 if self.t2 else 0.0
        q = max(float(z @ z - t @ t), 0.0) / self.q if self.q else 0.0
        return {"t2": t2, "q": q, "both": max(t2, q)}[self.p.statistic]


def paulson(z: float, a: int, b: int) -> float:
    """Solved for the cube root of F: a quadratic."""
    ca, cb = 2 / (9 * a), 2 / (9 * b)
    x, y, w = (1 - cb) ** 2 - z * z * cb, (1 - cb) * (1 - ca), (1 - ca) ** 2 - z * z * ca
    return float(((y + math.sqrt(max(y * y - x * w, 0))) / x) ** 3)


TWINS: dict[type[Any], type[Twin]] = {
    Deviation: DeviationTwin,
    MovingLimit: MovingTwin,
    Spread: SpreadTwin,
    StateLimit: StateLimitTwin,
    Balance: BalanceTwin,
    Multivariate: MultivariateTwin,
    Expression: ExpressionTwin,
}
