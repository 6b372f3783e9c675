"""What theory says of a chart on independent normal noise: how long between false alarms, how late a true one."""

import math
from statistics import NormalDist

import numpy as np

NORMAL = NormalDist()


def beyond(trigger: float, sides: int = 1) -> float:
    """Probability that a standard normal number is beyond, on one side or two."""
    return sides * (1.0 - NORMAL.cdf(trigger))


def at_least(k: int, n: int, p: float) -> float:
    """Probability of ``k`` or more of ``n`` (binomial)."""
    return sum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1))


def cusum(h: float, k: float, shift: float, sides: int = 2) -> float:
    """Average run length of a CUSUM by Siegmund's corrected diffusion (Sequential Analysis, 1985): the sum must go
    h + 1.166 at a drift of shift - k.
    """

    def one(drift: float) -> float:
        b = h + 1.166
        return (
            b * b
            if abs(drift) < 1e-9
            else (math.exp(-2 * drift * b) + 2 * drift * b - 1) / (2 * drift * drift)
        )

    up = one(shift - k)
    return up if sides == 1 else 1.0 / (1.0 / up + 1.0 / one(-shift - k))


def ewma(limit: float, weight: float, shift: float, states: int = 201) -> float:
    """Average run length of a two-sided EWMA with constant limits (Lucas and Saccucci 1990), as a Markov chain of the
    in-control band (Brook and Evans 1972).
    """
    edge = limit * math.sqrt(weight / (2.0 - weight))
    width = 2.0 * edge / states
    middle = -edge + width * (np.arange(states) + 0.5)
    upper = (middle[None, :] + width / 2 - (1 - weight) * middle[:, None]) / weight - shift
    lower = (middle[None, :] - width / 2 - (1 - weight) * middle[:, None]) / weight - shift
    cdf = np.vectorize(NORMAL.cdf)
    step = cdf(upper) - cdf(lower)
    lengths = np.linalg.solve(np.eye(states) - step, np.ones(states))
    return float(lengths[states // 2])


def slope_sd(points: int, spacing: float, sigma: float) -> float:
    """Standard deviation of a Theil-Sen slope of evenly spaced points: that of least squares, at its asymptotic
    efficiency of 3 / pi on normal noise (Sen 1968), and 0.57 / n wider for few points (4 % at 15; by simulation).
    """
    t = spacing * (np.arange(points) - (points - 1) / 2)
    return float(sigma / math.sqrt((t * t).sum()) / math.sqrt(3.0 / math.pi) * (1 + 0.57 / points))


def range_beyond(r: float, n: int) -> float:
    """Probability that the range of ``n`` standard normal numbers is above ``r``."""
    x = np.linspace(-8.0, 8.0, 4001)
    density = np.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    cdf = np.vectorize(NORMAL.cdf)
    inside = cdf(x + r) - cdf(x)
    return float(1.0 - n * np.trapezoid(density * inside ** (n - 1), x))
