"""Where a value goes if it goes on as it did: a straight line through the newest readings, with the band it may lie in.

Least squares over the last ``window``; the band is the 95 % interval of the line. Readings of one instrument are not
independent of each other, so their number is reduced by the correlation of neighbouring residuals r, to n (1 - r) /
(1 + r) (Bayley and Hammersley 1946). A picture for people; alarms come from the rules, which have their own trend.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

FEWEST: Final = 8
Z: Final = 1.96
"""two-sided 95 % of the normal distribution"""
NS: Final = 1_000_000_000
POINTS: Final = 25


@dataclass(frozen=True, slots=True)
class Line:
    """value(t) = level + slope (t - t0), ``t`` in s; ``spread`` is the residuals' standard deviation."""

    t0: float
    level: float
    slope: float
    spread: float
    sum_squares: float
    count: float
    """independent readings it stands on"""

    def at(self, t: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Value and half width of the band."""
        x = t - self.t0
        width = Z * self.spread * np.sqrt(1.0 / self.count + x * x / self.sum_squares)
        return self.level + self.slope * x, width


@dataclass(frozen=True, slots=True)
class Reach:
    """When a limit is reached, s from now: as the line goes, at the earliest and at the latest (None: not)."""

    expected: float | None
    earliest: float | None
    latest: float | None


def fit(time: NDArray[np.int64], value: NDArray[np.float64]) -> Line | None:
    """The line through readings (time ns, finite values); None where there are too few, or all at one time."""
    if len(time) < FEWEST or time[-1] == time[0]:
        return None
    t = (time - time[-1]) / NS
    x = t - t.mean()
    squares = float(x @ x)
    slope = float(x @ (value - value.mean())) / squares
    rest = value - value.mean() - slope * x
    spread = float(np.sqrt(rest @ rest / max(1, len(t) - 2)))
    share = _independent(rest)
    t0 = float(time[-1] / NS + t.mean())
    return Line(t0, float(value.mean()), slope, spread, squares * share, max(2.0, len(t) * share))


def _independent(rest: NDArray[np.float64]) -> float:
    """Share of the readings that count as independent."""
    whole = float(rest @ rest)
    if whole <= 0.0:
        return 1.0
    r = float(np.clip(rest[1:] @ rest[:-1] / whole, 0.0, 0.98))
    return (1.0 - r) / (1.0 + r)


def reach(line: Line, now: float, limit: float, horizon: float, *, high: bool) -> Reach | None:
    """When ``limit`` is reached within ``horizon`` s from ``now`` (s); None: the band does not touch it till then."""
    t = now + np.linspace(0.0, horizon, 400)
    middle, width = line.at(t)
    sign = 1.0 if high else -1.0
    near, far = middle + sign * width, middle - sign * width

    def first(curve: NDArray[np.float64]) -> float | None:
        hit = np.flatnonzero(sign * (curve - limit) >= 0.0)
        return None if not len(hit) else float(t[hit[0]] - now)

    found = Reach(first(middle), first(near), first(far))
    return None if found.earliest is None else found


def ahead(line: Line, now: float, horizon: float) -> dict[str, NDArray[np.float64]]:
    """Columns ``time_ms``, ``value``, ``low``, ``high`` from now to the horizon."""
    t = now + np.linspace(0.0, horizon, POINTS)
    middle, width = line.at(t)
    return {"time_ms": np.round(t * 1000.0), "value": middle, "low": middle - width, "high": middle + width}
