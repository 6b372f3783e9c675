# long-file: table
"""A signal for each kind of one tag, that shows it at work on the page of detectors."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from detectors.kinds import Params, common
from detectors.kinds import statistics as kinds

S: Final = 1_000_000_000
MIN: Final = 60 * S
H: Final = 60 * MIN
DAY: Final = 24 * H
START: Final = 20_000 * DAY


@dataclass(frozen=True, slots=True)
class Signal:
    """Rows of one tag, and the rule that judges them."""

    shows: str
    rule: Params
    times: NDArray[np.int64]
    values: NDArray[np.float64]
    quality: NDArray[np.uint8]


def made(shows: str, rule: Params, step: int, values: Any, bad: tuple[int, int] = (0, 0)) -> Signal:
    """Evenly spaced readings; those from ``bad[0]`` to ``bad[1]`` are BAD."""
    values = np.array(values, np.float64)
    quality = np.zeros(len(values), np.uint8)
    quality[bad[0] : bad[1]] = 131
    values[bad[0] : bad[1]] = np.nan
    return Signal(shows, rule, START + step * np.arange(len(values)), values, quality)


def noise(count: int, sigma: float = 1.0, seed: int = 1) -> NDArray[np.float64]:
    """Independent normal noise."""
    return np.random.default_rng(seed).normal(0.0, sigma, count)


def between(count: int, begin: int, end: int) -> NDArray[np.float64]:
    """1 from ``begin`` to ``end``, else 0."""
    n = np.arange(count)
    return ((n >= begin) & (n < end)).astype(np.float64)


def limit() -> Signal:
    values = 70.0 + 8.0 * np.sin(np.arange(400) / 40.0) + noise(400, 1.0) + 8.0 * between(400, 40, 110)
    rule = common.Limit(tag=0, trigger=80.0, reset=77.0, on_delay=30 * S, off_delay=MIN)
    return made(
        "a level, limit 80 with a dead band of 3, delays of 30 s and 1 min", rule, 10 * S, values, (300, 330)
    )


def rate() -> Signal:
    values = (
        5.0 + noise(600, 0.05) + 0.02 * np.clip(np.arange(600) - 300, 0, 100) + 2.0 * between(600, 150, 152)
    )
    rule = common.Rate(tag=0, trigger=0.01 / 60, reset=0.005 / 60, window=30 * MIN)
    return made("a level by the minute: wild values are not, 2 cm a minute is a rise", rule, MIN, values)


def trend() -> Signal:
    n = np.arange(1500)
    pump = 1.0 - np.exp(-np.maximum(n - 150, 0) / 15.0)
    step, leak = 1.0 * between(1500, 400, 1500), 0.004 * np.clip(n - 850, 0, 500)
    values = 2.0 + pump + step + leak + noise(1500, 0.05)
    rule = common.Trend(tag=0, limit=6.0, horizon=4 * H, window=4 * H)
    return made(
        "a pump that starts, a step, then a slow rise: told 3 to 4 h before it would reach 6",
        rule,
        MIN,
        values,
    )


def spike() -> Signal:
    values = (
        noise(400, 0.2)
        + 5.0 * between(400, 100, 101)
        - 4.0 * between(400, 180, 182)
        + 3.0 * between(400, 280, 400)
    )
    rule = common.Spike(tag=0, trigger=2.0, reset=1.5, off_delay=MIN)
    return made("one wild value, then two; the step is none", rule, 5 * S, values)


def frozen() -> Signal:
    values = np.sin(np.arange(500) / 30.0) + noise(500, 0.05)
    values[200:350] = values[200]
    rule = common.Frozen(tag=0, window=10 * MIN, band=0.01)
    return made("a value that stands still for longer than the 10 min it ever rests", rule, 10 * S, values)


def total() -> Signal:
    rain = 4.0 * between(480, 100, 130) * np.abs(noise(480)) + 1.5 * between(480, 180, 200)
    rule = kinds.Total(tag=0, trigger=100.0, reset=60.0, window=24 * H)
    return made("rain, mm in 15 min: 100 mm in 24 h, until less than 60 mm are left", rule, 15 * MIN, rain)


def mean() -> Signal:
    gas = np.maximum(
        2.0 + noise(480, 0.5) + 60.0 * between(480, 100, 104) + 25.0 * between(480, 250, 310), 0.0
    )
    rule = kinds.Mean(tag=0, trigger=10.0, reset=5.0, window=15 * MIN, gaps="zero")
    return made(
        "toxic gas each 15 s: a puff is short, a lasting leak exceeds the 15 min STEL", rule, 15 * S, gas
    )


def peak() -> Signal:
    values = np.abs(noise(400)) + 8.0 * between(400, 150, 153)
    rule = kinds.Peak(tag=0, trigger=6.0, reset=5.0, window=10 * MIN)
    return made("a peak of seconds stands for 10 min", rule, 10 * S, values)


def starts() -> Signal:
    n = np.arange(480)
    running = np.where((n > 160) & (n < 320), n // 4 % 2, n // 60 % 2)
    rule = kinds.Starts(tag=0, values=(1,), trigger=6.0, reset=3.0)
    return made("a pump, minute by minute: six starts an hour", rule, MIN, running)


def dwell() -> Signal:
    bypass = between(900, 60, 90) + between(900, 150, 300)
    rule = kinds.Dwell(tag=0, values=(1,), longest=2 * H, reset=H, window=8 * H)
    return made("a bypass, minute by minute: 2 h of any 8 h", rule, MIN, bypass)


def oscillation() -> Signal:
    n = np.arange(480)
    hunting = 5.0 * np.sin(n / 3.0) * between(480, 150, 330)
    rule = kinds.Oscillation(tag=0, band=6.0, trigger=6.0, reset=2.0, window=10 * MIN)
    return made("a loop that hunts: reversals of 6 units, six in 10 min", rule, 10 * S, noise(480) + hunting)


def setpoint() -> Signal:
    values = 50.0 + noise(400) + 12.0 * between(400, 150, 260)
    rule = kinds.Setpoint(tag=0, target=50.0, trigger=8.0, reset=5.0, on_delay=MIN, off_delay=MIN)
    return made(
        "8 away from 50 for a minute; unknown while it cannot be read", rule, 10 * S, values, (200, 220)
    )


def cusum() -> Signal:
    values = noise(400) + 1.0 * between(400, 200, 300)
    rule = kinds.Cusum(tag=0, trigger=8.0, reset=4.0, warm_up=60, sigma=0.1)
    return made("the mean moves by one sigma: no eye sees it at once", rule, S, values)


def ewma() -> Signal:
    values = noise(400) + 1.0 * between(400, 200, 300)
    rule = kinds.Ewma(tag=0, trigger=3.5, reset=2.0, warm_up=60, sigma=0.1)
    return made("the same change in an exponentially weighted mean", rule, S, values)


def page_hinkley() -> Signal:
    values = noise(700) + 3.0 * np.clip((np.arange(700) - 200) / 100.0, 0.0, 1.0)
    rule = kinds.PageHinkley(tag=0, trigger=15.0, reset=5.0, delta=0.5, memory=100)
    return made("a drift; the running mean follows, and the alarm clears", rule, S, values)


def hampel() -> Signal:
    values = noise(400, 0.3) + 4.0 * np.sin(np.arange(400) / 30.0)
    values[[90, 210, 211, 300]] += [6.0, -7.0, -6.0, 5.0]
    rule = kinds.Hampel(tag=0, trigger=6.0, reset=4.0, sigma=0.4, off_delay=5 * S)
    return made("wild points on a signal that moves", rule, S, values)


def baseline() -> Signal:
    hours = np.arange(0, 12 * 24, 0.5)
    values = 20.0 + 6.0 * np.sin(hours * 2 * np.pi / 24) + noise(len(hours), 0.4)
    values -= 5.0 * ((hours > 9.4 * 24) & (hours < 9.8 * 24))
    rule = kinds.Baseline(tag=0, trigger=5.0, reset=3.0, sigma=0.2, warm_up=5)
    return made(
        "a day is learned for 5 days; the 10th is not as it was, within its usual range", rule, H // 2, values
    )


def excess() -> Signal:
    n = np.arange(600)
    values = 2.0 + n / 150.0 + noise(600, 0.3) + 4.0 * between(600, 330, 360)
    rule = kinds.Excess(tag=0, trigger=2.5, reset=1.5, window=2 * H, on_delay=2 * MIN)
    return made("gas on top of a background that rises by itself", rule, MIN, values)


def shift() -> Signal:
    values = noise(400) + 3.0 * between(400, 200, 400)
    rule = kinds.Shift(tag=0, trigger=1.0, reset=0.5, window=100 * S, buckets=20)
    return made("a step, until both halves of the window are past it", rule, S, values)


def rough() -> Signal:
    values = noise(600) * (1.0 + 3.0 * between(600, 300, 400)) + 5.0 * np.sin(np.arange(600) / 60.0)
    rule = kinds.Noise(tag=0, trigger=2.0, reset=1.5, window=200 * S, sigma=0.1, side="high", buckets=20)
    return made(
        "a cable comes loose: the noise is four times what it was, the movement is the same", rule, S, values
    )


def velocity() -> Signal:
    n = np.arange(480)
    moved = np.cumsum(np.where(n < 160, 0.02, np.where(n < 320, 0.15, 0.03))) + noise(480, 0.3)
    rule = kinds.Velocity(tag=0, trigger=2.0, reset=1.0, window=2 * DAY)
    return made("displacement, mm, hour by hour: a stage of 2 mm a day", rule, H, moved)


def inverse_velocity() -> Signal:
    days = np.arange(0, 29.5, 1 / 12)
    moved = -10.0 * np.log(1.0 - days / 30.0) + noise(len(days), 0.1)
    rule = kinds.InverseVelocity(tag=0, trigger=0.9, reset=0.5, window=8 * DAY, horizon=3 * DAY, slowest=0.3)
    return made(
        "displacement before a slope fails on day 30: raised 3 days before, with eta", rule, 2 * H, moved
    )


SIGNALS: Final[dict[str, Callable[[], Signal]]] = {
    "limit": limit,
    "rate": rate,
    "trend": trend,
    "spike": spike,
    "frozen": frozen,
    "total": total,
    "mean": mean,
    "peak": peak,
    "starts": starts,
    "oscillation": oscillation,
    "dwell": dwell,
    "setpoint": setpoint,
    "cusum": cusum,
    "ewma": ewma,
    "page-hinkley": page_hinkley,
    "hampel": hampel,
    "baseline": baseline,
    "excess": excess,
    "shift": shift,
    "noise": rough,
    "velocity": velocity,
    "inverse-velocity": inverse_velocity,
}
"""by kind"""
