"""The common set in numpy, one array per remembered number: what the kernel is measured against.

Written to be fast: the same cheap tests go before the costly ones as in the kernel, and a tag whose trend may matter is
worked out on its own. One reading of every tag a step, all of one time; no quality, no gaps: less than the kernel does.
"""

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from detectors.kinds.common import Frozen, Limit, Rate, Spike, Trend

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
NS: Final = 1_000_000_000


class Hysteresis:
    """Beyond, within, and what was before for all tags."""

    def __init__(self, tags: int) -> None:
        self.active = np.zeros(tags, bool)
        self.raised = 0

    def see(self, beyond: Flags, within: Flags) -> None:
        up, down = beyond & ~self.active, within & self.active
        if up.any() or down.any():
            self.active ^= up | down
            self.raised += int(up.sum())


@dataclass
class Window:
    """Means of the closed buckets of all tags, oldest first after ``view``."""

    width: int
    means: Floats
    total: Floats
    close: int = 0
    count: int = 0
    filled: int = 0

    def add(self, time: int, x: Floats) -> bool:
        """True when a bucket closed before this reading."""
        closed = self.count > 0 and time >= self.close
        if closed:
            self.means[self.filled % len(self.means)] = self.total / self.count
            self.filled, self.count = self.filled + 1, 0
            self.total[:] = 0.0
        if self.count == 0:
            self.close = (time // self.width + 1) * self.width
        self.total += x
        self.count += 1
        return closed

    def last(self, count: int) -> Floats:
        order = np.arange(self.filled - count, self.filled) % len(self.means)
        found: Floats = self.means[order]
        return found


class NumpySet:
    """The rules of one tag (``benchmarks._common``), over ``tags`` tags."""

    def __init__(self, rules: list[Any], tags: int) -> None:
        self.limits = [(r, Hysteresis(tags)) for r in rules if isinstance(r, Limit)]
        (self.rate,), (self.trend,) = (
            [r for r in rules if isinstance(r, Rate)],
            [r for r in rules if isinstance(r, Trend)],
        )
        (self.spike,), (self.frozen,) = (
            [r for r in rules if isinstance(r, Spike)],
            [r for r in rules if isinstance(r, Frozen)],
        )
        self.steep, self.arriving, self.wild, self.still = (Hysteresis(tags) for _ in range(4))
        width, slots = self.trend.window // self.trend.buckets, self.trend.buckets
        if self.rate.window // self.rate.buckets != width:
            raise ValueError("rate and trend of the common set are to share a window")
        self.window = Window(width, np.zeros((slots, tags)), np.zeros(tags))
        self.five = np.full((5, tags), np.nan)
        self.steps = 0
        self.rest, self.since = np.full(tags, np.nan), np.zeros(tags, np.int64)

    def raised(self) -> list[int]:
        """How often each rule was raised."""
        others = (self.steep, self.arriving, self.wild, self.still)
        return [h.raised for _, h in self.limits] + [h.raised for h in others]

    def see(self, time: int, x: Floats) -> None:
        """One reading of every tag."""
        for rule, state in self.limits:
            if rule.low:
                state.see(x <= rule.trigger, x > rule.reset)
            else:
                state.see(x >= rule.trigger, x < rule.reset)
        if self.window.add(time, x):
            self._slopes()
        self._spike(x)
        moved = ~(np.abs(x - self.rest) <= self.frozen.band)
        self.rest[moved], self.since[moved] = x[moved], time
        frozen = time - self.since >= self.frozen.window
        self.still.see(frozen, ~frozen)

    def _spike(self, x: Floats) -> None:
        five, at = self.five, self.steps
        five[at % 5] = x
        self.steps += 1
        if at < 4:
            return
        middle, near = five[(at - 2) % 5], self.spike.reset
        calm = (np.abs(middle - five[(at - 1) % 5]) < near) & (np.abs(middle - five[(at - 3) % 5]) < near)
        if calm.all() and not self.wild.active.any():
            return
        far = np.abs(middle - np.median(five, axis=0))
        self.wild.see(far >= self.spike.trigger, far < self.spike.reset)

    def _slopes(self) -> None:
        if self.window.filled >= self.rate.buckets:
            self._rate(self.window.last(self.rate.buckets))
        if self.window.filled >= self.trend.buckets:
            self._trend(self.window.last(self.trend.buckets))

    def _rate(self, y: Floats) -> None:
        n, dt = len(y), self.window.width / NS
        bar = self.rate.trigger * dt
        z = y - bar * np.arange(n)[:, None]
        steep = sum((z[i + 1 :] >= z[i]).sum(axis=0) for i in range(n - 1))
        pairs = n * (n - 1) // 2
        may = (steep >= pairs - pairs // 2) | self.steep.active
        slope = np.full(y.shape[1], -np.inf)
        if may.any():
            i, j = np.triu_indices(n, 1)
            slope[may] = np.median((y[j][:, may] - y[i][:, may]) / ((j - i) * dt)[:, None], axis=0)
        self.steep.see(slope >= self.rate.trigger, slope < self.rate.reset)

    def _trend(self, y: Floats) -> None:
        n, dt = len(y), self.window.width / NS
        cuts = [0, n // 4, n // 2, 3 * n // 4, n]
        first, last = np.median(y[: cuts[1]], axis=0), np.median(y[cuts[3] :], axis=0)
        t = np.arange(n) * dt
        rise = (last - first) / (t[cuts[3] :].mean() - t[: cuts[1]].mean())
        needed = (self.trend.limit - last) / (self.trend.horizon / NS)
        may = ((rise > 0) & (rise >= 0.5 * needed)) | self.arriving.active
        confidence = np.zeros(y.shape[1])
        for tag in np.flatnonzero(may):
            confidence[tag] = self._one(
                np.asarray(t - n * dt, float), y[:, tag], rise[tag], is_open=bool(self.arriving.active[tag])
            )
        self.arriving.see(confidence >= self.trend.confidence, confidence < self.trend.reset)

    def _one(self, t: Floats, y: Floats, rise: float, *, is_open: bool) -> float:
        n = len(y)
        parts = np.array_split(np.arange(n), [n // 4, n // 2, 3 * n // 4])
        middles = np.array([np.median(y[p]) for p in parts])
        steps = np.diff(middles) / np.diff([t[p].mean() for p in parts])
        if not is_open and (min(steps[:2]) < 0.25 * rise or steps[2] < max(0.5 * rise, 0.75 * steps[1])):
            return 0.0
        i, j = np.triu_indices(n, 1)
        b = float(np.median((y[j] - y[i]) / (t[j] - t[i])))
        now = float(np.median(y - b * t))
        e = y - b * t - now
        scale = max(1.4826 * float(np.median(np.abs(e))), 0.25 * float(np.abs(e).mean()))
        first = float(e[1:] @ e[:-1]) / (float(e @ e) or 1.0)
        alike = min(max((n * first + 1) / (n - 4), 0.0), 0.9)
        error = scale * math.sqrt(math.pi / 3 / ((t - t.mean()) ** 2).sum() * (1 + alike) / (1 - alike))
        if not is_open and (b * (t[-1] - t[0]) < 4 * scale or b < 5 * error):
            return 0.0
        over = b - (self.trend.limit - now) / (self.trend.horizon / NS)
        return 0.5 * math.erfc(-over / error / math.sqrt(2)) if error > 0 else float(over >= 0)
