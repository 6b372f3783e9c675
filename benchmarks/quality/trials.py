# long-file: table
"""What is tried of every kind. Noise is normal with standard deviation 1 unless a trial says otherwise."""

from typing import Final

import numpy as np

from benchmarks.quality import theory
from benchmarks.quality.trial import Trial, Values, normal, still
from detectors import program
from detectors.layout import NS

MINUTE: Final = 60 * NS
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR


def shift(by: float, tag: int = 0) -> "Change":
    """All later values of a tag are higher."""
    return Change(lambda v: v[:, :, tag].__iadd__(by))


class Change:
    """A change in place, with a name for tracebacks."""

    def __init__(self, do: object) -> None:
        self._do = do

    def __call__(self, values: Values) -> None:
        self._do(values)  # type: ignore[operator]


def ramp(per_reading: float, tag: int = 0) -> Change:
    """Rises steadily."""
    return Change(lambda v: v[:, :, tag].__iadd__(per_reading * np.arange(1, len(v) + 1)[:, None]))


def value(x: float, tag: int = 0) -> Change:
    """Becomes and stays ``x``."""
    return Change(lambda v: v[:, :, tag].__setitem__(slice(None), x))


def louder(times: float) -> Change:
    """Noise times as large."""
    return Change(lambda v: v.__imul__(times))


def one_spike(height: float) -> Change:
    """One reading, then as before."""
    return Change(lambda v: v[0].__iadd__(height))


def swing(height: float, period: int) -> Change:
    """A sine on top."""
    return Change(
        lambda v: v.__iadd__(height * np.sin(2 * np.pi * np.arange(len(v)) / period)[:, None, None])
    )


def blink(every: int, tag: int = 0) -> Change:
    """1 for one reading of every ``every``."""
    return Change(lambda v: v[:, :, tag].__setitem__(slice(None, None, every), 1.0))


def daily(rng: np.random.Generator, shape: tuple[int, int, int]) -> Values:
    """A daily cycle of amplitude 5 and noise of standard deviation 1, one reading in 10 minutes."""
    hours = np.arange(shape[0]) / 6.0
    values: Values = 5.0 * np.sin(2 * np.pi * hours / 24.0)[:, None, None] + rng.normal(0.0, 1.0, shape)
    return values


def tank(rng: np.random.Generator, shape: tuple[int, int, int]) -> Values:
    """A volume with an inflow of 1 and an outflow of 1 a reading, all measured with small noise."""
    values: Values = rng.normal(0.0, 1.0, shape) * np.array([0.05, 0.02, 0.02])
    values[:, :, 0] += 50.0
    values[:, :, 1:] += 1.0
    return values


def leak(values: Values) -> None:
    """The volume falls by 0.1 a reading and no flow says so."""
    values[:, :, 0] -= 0.1 * np.arange(1, len(values) + 1)[:, None]


def creep(rng: np.random.Generator, shape: tuple[int, int, int]) -> Values:
    """A slope that creeps 1 mm a day, measured to 0.05 mm every hour."""
    values: Values = np.arange(shape[0])[:, None, None] / 24.0 + rng.normal(0.0, 0.05, shape)
    return values


def collapse(values: Values) -> None:
    """Velocity 1 / (0.05 (t_f - t)) mm a day, t_f 20 days after the change (Fukuzono)."""
    days = np.arange(1, len(values) + 1) / 24.0
    moved = np.log(20.0 / np.maximum(20.0 - days, 0.02)) / 0.05
    values += (moved - days)[:, None, None]


_P3 = theory.beyond(3.0)
_P2 = theory.beyond(2.0)

TRIALS: Final[tuple[Trial, ...]] = (
    Trial(kind="limit", settings={"trigger": 3.0, "reset": 3.0}, change=shift(1.0), said="mean + 1 sd",
          rare=1 / _P3, late=1 / theory.beyond(2.0), noise=3000, source="Shewhart: 1 / p"),
    Trial(kind="rate", settings={"trigger": 0.18, "reset": 0.18, "window": 15 * NS, "buckets": 15}, change=ramp(0.4),
          said="+0.4 sd a reading", warm=20, copies=200, share=True,
          rare=1 / theory.beyond(0.18 / theory.slope_sd(15, 1.0, 1.0)), source="Theil-Sen: sd of the slope"),
    Trial(kind="state", settings={"values": (1,), "on_delay": 4 * NS}, change=value(1.0), said="state changes",
          draw=still, late=5, source="its delay"),
    Trial(kind="discrepancy", settings={"on_delay": 4 * NS}, roles={"command": 0, "feedback": 0}, change=value(1.0),
          said="command changes, feedback does not", draw=still, late=5, source="its delay"),
    Trial(kind="vote", settings={"needed": 2, "trigger": 2.0, "reset": 2.0}, roles={"tags": 3}, change=Change(
              lambda v: v.__iadd__(1.0)), said="all means + 1 sd", rare=1 / theory.at_least(2, 3, _P2),
          late=1 / theory.at_least(2, 3, theory.beyond(1.0)), source="binomial"),
    Trial(kind="trend", settings={"limit": 40.0, "horizon": 60 * NS, "window": 24 * NS, "buckets": 24},
          change=ramp(0.5), said="+0.5 sd a reading, 80 to the limit", warm=40, noise=1000),
    Trial(kind="spike", settings={"trigger": 4.0, "reset": 3.0}, change=one_spike(10.0), said="one reading + 10 sd",
          warm=15, after=4, late=3, source="two readings later"),
    Trial(kind="frozen", settings={"window": 60 * NS}, change=value(0.0), said="the value stands still", warm=10,
          late=61, source="its window"),
    Trial(kind="cusum", settings={"trigger": 4.0, "reset": 2.0, "k": 0.5}, change=shift(1.0), said="mean + 1 sd",
          rare=theory.cusum(4.0, 0.5, 0.0), late=theory.cusum(4.0, 0.5, 1.0), source="Siegmund 1985"),
    Trial(kind="ewma", settings={"trigger": 2.814, "reset": 1.0, "weight": 0.1}, change=shift(1.0), said="mean + 1 sd",
          rare=theory.ewma(2.814, 0.1, 0.0), late=theory.ewma(2.814, 0.1, 1.0), warm=30, noise=3000,
          source="Lucas and Saccucci 1990"),
    Trial(kind="page-hinkley", settings={"trigger": 4.0, "reset": 2.0, "delta": 0.5, "memory": 100_000,
          "warm_up": 6000}, change=shift(1.0), said="mean + 1 sd", warm=6010, noise=2000,
          rare=theory.cusum(4.0, 0.5, 0.0), late=theory.cusum(4.0, 0.5, 1.0), source="a CUSUM whose mean is learned"),
    Trial(kind="setpoint", settings={"trigger": 3.0, "reset": 3.0, "target": 0.0}, change=shift(1.0), noise=3000,
          said="mean + 1 sd", rare=1 / (2 * _P3), late=1 / (theory.beyond(2.0) + theory.beyond(4.0)),
          source="Shewhart, two sides"),
    Trial(kind="deviation", settings={"trigger": 4.0, "reset": 4.0}, roles={"tag": 0, "reference": 0},
          change=shift(2.0), said="one of two + 2 sd", rare=1 / (2 * theory.beyond(4.0 / 2**0.5)),
          late=1 / (theory.beyond(2.0 / 2**0.5) + theory.beyond(6.0 / 2**0.5)), source="difference of two normals"),
    Trial(kind="moving-limit", settings={"offset": 4.0}, roles={"tag": 0, "other": 0}, change=shift(2.0),
          said="value + 2 sd", rare=1 / theory.beyond(4.0 / 2**0.5), late=1 / theory.beyond(2.0 / 2**0.5),
          source="difference of two normals"),
    Trial(kind="spread", settings={"trigger": 4.5, "reset": 4.5}, roles={"tags": 3}, change=shift(4.0),
          said="one of three + 4 sd", rare=1 / theory.range_beyond(4.5, 3), source="range of three normals"),
    Trial(kind="state-limit", settings={"states": (0.0, 1.0), "triggers": (50.0, 3.0), "resets": (50.0, 3.0)},
          roles={"tag": 0, "selector": 0}, draw=lambda r, s: normal(r, s) * np.array([1.0, 0.0]) + np.array([0.0, 1.0]),
          change=shift(1.0), said="mean + 1 sd in the strict state", noise=3000, rare=1 / _P3,
          late=1 / theory.beyond(2.0), source="Shewhart: 1 / p"),
    Trial(kind="balance", settings={"trigger": 0.5, "reset": 0.25, "window": 60 * NS, "per": NS, "volume_u": 0.05,
          "flow_u": 0.01}, roles={"volume": 0, "inflows": 1, "outflows": 1}, draw=tank, change=leak, warm=80,
          said="a leak of a tenth of the flow"),
    Trial(kind="multivariate", settings={"learn": 1999 * NS, "least": 2000, "statistic": "t2", "keep": 1.0,
          "confidence": 0.995}, roles={"tags": 4}, change=Change(lambda v: v.__iadd__(1.0)), said="all means + 1 sd",
          warm=2010, noise=2000, share=True, rare=200.0, source="F distribution of T2"),
    Trial(kind="expression", settings={"steps": (program.LOAD, 0, program.LOAD, 1, program.ADD, 0), "trigger": 4.0,
          "reset": 4.0}, roles={"tags": 2}, change=shift(2.0), said="one of the two + 2 sd",
          rare=1 / theory.beyond(4.0 / 2**0.5), late=1 / theory.beyond(2.0 / 2**0.5), source="sum of two normals"),
    Trial(kind="total", settings={"trigger": 25.0, "reset": 25.0, "window": 60 * NS, "buckets": 60}, warm=130,
          after=200, change=shift(1.0), said="+1 sd each", share=True, rare=1 / theory.beyond(25.0 / 60**0.5),
          source="sum of 60 normals"),
    Trial(kind="mean", settings={"trigger": 0.4, "reset": 0.4, "window": 60 * NS, "buckets": 60}, warm=130, after=200,
          change=shift(1.0), said="mean + 1 sd", share=True, rare=1 / theory.beyond(0.4 * 60**0.5),
          late=24.0, source="mean of 60 normals; 0.4 of a window"),
    Trial(kind="peak", settings={"trigger": 3.0, "reset": 3.0, "window": 60 * NS}, change=shift(1.0),
          said="mean + 1 sd", noise=3000, rare=1 / _P3, late=1 / theory.beyond(2.0), source="Shewhart: 1 / p"),
    Trial(kind="starts", settings={"values": (1,), "trigger": 6.0, "reset": 4.0, "window": HOUR}, period=MINUTE,
          change=blink(5), said="a start every 5 minutes", draw=still, late=26, source="six starts"),
    Trial(kind="oscillation", settings={"band": 8.0, "trigger": 4.0, "reset": 2.0, "window": 120 * NS},
          change=swing(6.0, 20), said="a swing of 6 sd, period 20"),
    Trial(kind="dwell", settings={"values": (1,), "longest": 30 * MINUTE, "reset": 30 * MINUTE}, period=MINUTE,
          change=value(1.0), said="a bypass is set", draw=still, late=31, source="its longest time"),
    Trial(kind="hampel", settings={"trigger": 5.0, "reset": 3.0, "sigma": 0.5, "samples": 11}, change=one_spike(15.0),
          said="one reading + 15 sd", warm=15, after=3, late=1, source="at once"),
    Trial(kind="baseline", settings={"trigger": 3.0, "reset": 3.0, "sigma": 0.5}, draw=daily, period=10 * MINUTE,
          warm=144 * 20, noise=144 * 14, after=100, change=shift(5.0), said="+5 sd at any hour", share=True,
          copies=100),
    Trial(kind="excess", settings={"trigger": 4.0, "reset": 3.0, "window": 300 * NS}, change=shift(3.0),
          said="+3 sd on the background", warm=320),
    Trial(kind="shift", settings={"trigger": 0.2, "reset": 0.1, "window": 120 * NS}, change=shift(2.0),
          said="mean + 2 sd", warm=130),
    Trial(kind="noise", settings={"trigger": 2.0, "reset": 1.5, "window": 120 * NS, "sigma": 0.1}, change=louder(3.0),
          said="noise 3 times as large", warm=130),
    Trial(kind="velocity", settings={"trigger": 0.18, "reset": 0.18, "window": 15 * NS, "per": NS, "side": "high",
          "buckets": 15}, change=ramp(0.4), said="+0.4 sd a reading", warm=20, copies=200, share=True,
          rare=1 / theory.beyond(0.18 / theory.slope_sd(15, 1.0, 1.0)), source="Theil-Sen: sd of the slope"),
    Trial(kind="inverse-velocity", settings={"trigger": 0.9, "reset": 0.5, "window": 10 * DAY, "horizon": 3 * DAY,
          "slowest": 0.2}, draw=creep, period=HOUR, warm=300, noise=1000, after=24 * 20, change=collapse,
          said="failure 20 days on", copies=100),
    Trial(kind="departure", settings={"trigger": 3.5, "reset": 2.0, "floor": 0.01, "noise": 2000, "learn": 500},
          change=shift(3.0), said="mean + 3 sd", warm=1500, noise=2000,
          rare=1 / theory.beyond(3.5 * (1.0 - 1.0 / 120.0) ** 0.5, 2), source="normal, mean and scale learned"),
    Trial(kind="novelty", settings={}, change=shift(4.0), said="mean + 4 sd", warm=600, noise=3000),
)  # fmt: skip
