"""The learned kinds as the contract tests see them: random rules, and a naive twin for each: all readings kept, every
tail from a sorted list.
"""

import math
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from detectors.kinds.learned import SIDES, Departure, Novelty
from tests.unit.detectors.streams import delay, tag
from tests.unit.detectors.twin import Seen, TagTwin, Twin, good, sides, verdict

HALF_HOUR = 1800 * 1_000_000_000
DAY = 48 * HALF_HOUR


@st.composite
def departure_rules(draw: st.DrawFn) -> Departure:
    trigger = draw(st.sampled_from([1.1, 1.7, 2.3]))
    return Departure(
        tag=draw(tag), trigger=trigger, reset=trigger * draw(st.sampled_from([0.6, 1.0])),
        floor=draw(st.sampled_from([0.3, 1.3])), memory=draw(st.integers(1, 8)), noise=draw(st.integers(1, 12)),
        learn=draw(st.integers(1, 4)), side=draw(st.sampled_from(sorted(SIDES))),
        on_delay=draw(delay), off_delay=draw(delay),
    )  # fmt: skip


@st.composite
def novelty_rules(draw: st.DrawFn) -> Novelty:
    trigger, largest, fast = (
        draw(st.sampled_from([0.4, 0.8, 1.3])),
        draw(st.integers(2, 4)),
        draw(st.integers(1, 3)),
    )
    return Novelty(
        tag=draw(tag), trigger=trigger, reset=trigger * draw(st.sampled_from([0.6, 1.0])), fast=fast,
        slow=fast + draw(st.integers(1, 4)), reference=draw(st.integers(1, 6)), largest=largest,
        learn=largest + draw(st.integers(1, 3)), hold=draw(st.integers(0, 3)),
        on_delay=draw(delay), off_delay=draw(delay),
    )  # fmt: skip


RULES: dict[str, st.SearchStrategy[Any]] = {"departure": departure_rules(), "novelty": novelty_rules()}


def weighted(means: list[float], x: float, memory: float) -> float:
    """Next exponentially weighted mean; ``means`` are all before it. The first readings weigh the same."""
    if not means:
        return x
    return means[-1] + max(1.0 / memory, 1.0 / (len(means) + 1)) * (x - means[-1])


@dataclass
class DepartureTwin:
    """All readings that taught, as the mean and mean square after each."""

    p: Departure
    means: list[float] = field(default_factory=list)
    squares: list[float] = field(default_factory=list)

    def see(self, x: float, source: int, teach: bool) -> float:
        p, n = self.p, len(self.squares)
        mean = self.means[-1] if self.means else x
        noise = max(math.sqrt(self.squares[-1]) if n else 0.0, p.floor)
        off = x - mean
        if teach:
            r = max(-5 * noise, min(5 * noise, off)) if n >= p.learn else off
            before = self.squares[-1] if n else 0.0
            self.squares.append(before + max(1 / (n + 1), 1 / p.noise) * (r * r - before))
            self.means.append(mean + max(1 / (n + 1), 1 / p.memory) * r)
        if n < p.learn:
            return math.nan
        return {"both": abs(off), "high": off, "low": -off}[p.side] / noise


def surprise(before: list[float], largest: int, x: float) -> float:
    """Of a number, in view of all numbers before it."""
    top = sorted(before)[-largest - 1 :]
    excess = [v - top[0] for v in top[1:]]
    over = x - top[0]
    if over <= 0 or sum(excess) <= 0:
        return 0.0 if over <= 0 else 10.0
    mean = sum(excess) / largest
    spread = sum(e * e for e in excess) / largest - mean * mean
    shape = min(0.45, 0.5 * (1 - mean * mean / spread)) if spread > mean * mean else 0.0
    scale = mean * (1 - shape)
    tail = math.exp(-over / scale) if shape < 1e-3 else (1 + shape * over / scale) ** (-1 / shape)
    return -math.log10(tail * largest / len(before)) if tail > 0 else math.inf


@dataclass
class NoveltyTwin:
    """All readings that taught, and all excursions."""

    p: Novelty
    fast: list[float] = field(default_factory=list)
    slow: list[float] = field(default_factory=list)
    reference: list[float] = field(default_factory=list)
    hours: dict[int, list[float]] = field(default_factory=dict)
    numbers: list[tuple[float, float, float]] = field(default_factory=list)
    excursions: list[tuple[float, int]] = field(default_factory=list)
    peak: tuple[float, int] | None = None
    beyond: int | None = None

    def see(self, x: float, source: int, teach: bool) -> float:
        p, n = self.p, len(self.numbers)
        fast, slow = weighted(self.fast, x, p.fast), weighted(self.slow, x, p.slow)
        reference = weighted(self.reference, x, p.reference)
        hour = self.hours.setdefault(source % DAY // HALF_HOUR, [])
        found = (fast - slow, x - reference, x - hour[-1] if hour else 0.0)
        if self.peak and n - self.peak[1] > p.hold:
            self.excursions, self.peak = [*self.excursions, self.peak][-16:], None
        number = self.number(found, n, teach) if n >= p.learn else math.nan
        held = self.beyond is not None and n - self.beyond <= p.hold
        if teach:
            self.fast.append(fast)
            self.slow.append(slow)
            self.reference.append(reference)
            hour.append(weighted(hour, x, 50))
            self.numbers.append(found)
            if number >= p.trigger:
                self.beyond = n
        else:
            held = self.beyond is not None and n - self.beyond - 1 < p.hold
        return max(number, p.trigger) if held else number

    def number(self, found: tuple[float, float, float], n: int, teach: bool) -> float:
        total = 0.0
        for view, x in enumerate(found):
            before = [seen[view] for seen in self.numbers]
            up = surprise(before, self.p.largest, x)
            total += max(up, surprise([-v for v in before], self.p.largest, -x))
        if total <= 4:
            return total
        like = sum(0.5 ** ((n - at) / 2000) for height, at in self.excursions if height >= 0.9 * total)
        if teach and (self.peak is None or total > self.peak[0]):
            self.peak = (total, n)
        return total / (1 + 0.15 * like)


@dataclass
class LearnedTwin(TagTwin):
    memory: Any = None

    def seen_row(self, new: Seen, held: bool, old: Seen, until: int) -> None:
        self.pass_time(new.source, until, old, new.received)
        self.memory = self.memory or MEMORIES[type(self.params)](self.params)
        x = math.nan
        if new.quality < 128 and not held:
            x = self.memory.see(new.value, new.source, good(new.quality))
        beyond, within = sides(x, self.params.trigger, self.params.reset)
        self.hear(verdict(beyond, within, new.quality), good(new.quality), new.source, new, new.received)


MEMORIES: dict[type[Any], Any] = {Departure: DepartureTwin, Novelty: NoveltyTwin}
TWINS: dict[type[Any], type[Twin]] = {Departure: LearnedTwin, Novelty: LearnedTwin}
