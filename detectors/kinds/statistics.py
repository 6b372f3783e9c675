# long-file: table
"""The per-tag statistical kinds.

Words they share:

* **window**: the open bucket and the ``buckets`` before it, ``window / buckets`` wide and aligned to event time; so it
  is between ``window`` and one bucket more long, unless the kind says that the oldest bucket counts by its share.
* **side**: ``high`` looks upwards, ``low`` downwards, ``both`` at either. Trigger and reset are then measured in that
  direction and positive, but of ``mean`` and ``peak``, whose limits are values as of a limit.
* **every**: 0 judges every reading; else the mean of the readings of each such stretch (aligned to event time) is one
  sample, judged with the first reading after it.
* **bucket kinds** (shift, noise, velocity, inverse velocity) are judged with the first reading after a bucket's end.

Bad quality, for all: a BAD reading makes the condition unknown and enters nothing; it stays unknown until there is a
number again. Held and synthetic rows and values that are no number are not measurements and enter nothing. A number
made with an UNCERTAIN reading is UNCERTAIN: it raises and holds, and never clears.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from detectors.kinds.params import OfOneTag, Params, delays, finite
from detectors.statistics import layout as lo

MAX_BUCKETS: Final = 60
MAX_PAIRED: Final = 30
"""buckets of a velocity: 435 pairs are sorted at each close"""
MAX_SAMPLES: Final = 15
MAX_SLOTS: Final = 288
DAY: Final = 86_400_000_000_000
HOUR: Final = 3_600_000_000_000
SIDES: Final = {"high": 1, "low": -1, "both": 0}
TOTALS: Final = {"increments": lo.INCREMENTS, "counter": lo.COUNTER, "flow": lo.FLOW}
GAPS: Final = {"leave": lo.LEAVE, "zero": lo.ZERO}


def _word(name: str, what: str, value: str, allowed: dict[str, int]) -> None:
    if value not in allowed:
        raise ValueError(f"{name}: {what} {value!r}; allowed {', '.join(allowed)}")


def _limits(name: str, trigger: float, reset: float, *, low: bool = False, above: bool = False) -> None:
    """``above``: the number is never negative, a trigger of 0 would always be beyond."""
    finite(name, trigger, reset)
    if (reset < trigger) if low else (reset > trigger):
        raise ValueError(f"{name}: reset {reset} lies beyond trigger {trigger}")
    if above and trigger <= 0:
        raise ValueError(f"{name}: trigger {trigger}; allowed more than 0")


def _window(name: str, window: int, buckets: int, least: int = 1, most: int = MAX_BUCKETS) -> None:
    if not least <= buckets <= most or window < buckets:
        raise ValueError(f"{name}: window {window} ns in {buckets} buckets; allowed {least}..{most} buckets")


def _between(name: str, what: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ValueError(f"{name}: {what} {value}; allowed {low:g} to {high:g}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistic(OfOneTag):
    """A kind of this family."""

    family: ClassVar[str] = "statistics"


@dataclass(frozen=True, slots=True, kw_only=True)
class Total(Statistic):
    """Number = the amount of the last ``window``: rain in 24 h, volume in an hour. In the unit of the amounts, of
    ``flow`` in (tag's unit x ``per``); it is also the value that an alarm reports.

    ``of`` says what a reading is: ``increments``: the amount since the one before; ``counter``: a meter that counts up
    (a fall is a restart, the new value counts); ``flow``: amount per ``per`` (ns), held until the next reading or the
    tag's max age, and integrated. The oldest bucket counts by the share of it that is still in the window. No warm-up:
    the sum of what was seen is a lower bound and may raise at once.

    Bad quality: unknown time adds nothing (a counter adds what it counted meanwhile). While less than ``coverage`` of
    the window is known the sum does not clear.
    """

    trigger: float
    reset: float
    window: int
    of: str = "increments"
    per: int = HOUR
    coverage: float = 0.5
    buckets: int = 48
    code: ClassVar[int] = lo.TOTAL

    def __post_init__(self) -> None:
        _limits("total", self.trigger, self.reset)
        delays("total", self.on_delay, self.off_delay)
        _window("total", self.window, self.buckets)
        _word("total", "of", self.of, TOTALS)
        _between("total", "coverage", self.coverage, 0.0, 1.0)
        if self.per <= 0:
            raise ValueError(f"total: per {self.per} ns; allowed more than 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean(Statistic):
    """Number = the time-weighted mean of the last ``window``, in the tag's unit: STEL (15 min) and TWA (8 h) of toxic
    gas (GBZ 2.1-2019: time-weighted average by integration of concentration over time). A value counts until the next
    reading, or its tag's max age. The oldest bucket counts by the share of it that is still in the window. The number
    is also the value that an alarm reports. ``side`` ``low`` judges a mean that is too low; not ``both``.

    ``gaps`` says what unknown time counts as. ``leave``: it is left out; no number while less than ``coverage`` of the
    window is known, which is the warm-up. ``zero``: as a value of 0, so the number is the dose by the window's length,
    a lower bound for what cannot be negative; it raises at once and below ``coverage`` does not clear.

    Bad quality: BAD time is a gap.
    """

    trigger: float
    reset: float
    window: int
    side: str = "high"
    gaps: str = "leave"
    coverage: float = 0.5
    buckets: int = 30
    code: ClassVar[int] = lo.MEAN

    def __post_init__(self) -> None:
        _word("mean", "side", self.side, {k: v for k, v in SIDES.items() if v})
        _limits("mean", self.trigger, self.reset, low=self.side == "low")
        delays("mean", self.on_delay, self.off_delay)
        _window("mean", self.window, self.buckets)
        _word("mean", "gaps", self.gaps, GAPS)
        _between("mean", "coverage", self.coverage, 0.0, 1.0)
        if self.gaps == "zero" and self.side == "low":
            raise ValueError("mean: gaps 'zero' is a lower bound; allowed with side high only")


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak(Statistic):
    """Number = the highest (``side`` ``low``: lowest) reading of the window, in the tag's unit; it is also the value
    that an alarm reports. No warm-up.

    Bad quality: while less than ``coverage`` of the window is known it does not clear.
    """

    trigger: float
    reset: float
    window: int
    side: str = "high"
    coverage: float = 0.5
    buckets: int = 30
    code: ClassVar[int] = lo.PEAK

    def __post_init__(self) -> None:
        _word("peak", "side", self.side, {k: v for k, v in SIDES.items() if v})
        _limits("peak", self.trigger, self.reset, low=self.side == "low")
        delays("peak", self.on_delay, self.off_delay)
        _window("peak", self.window, self.buckets)
        _between("peak", "coverage", self.coverage, 0.0, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Starts(Statistic):
    """Number = how often the rounded value came to be one of ``values`` within the window: starts per hour of a motor.
    It is also the value that an alarm reports. The first reading is no start. No warm-up.

    Bad quality: the state before a gap is remembered, so a start within it counts once: a lower bound. While less than
    ``coverage`` of the window is known it does not clear.
    """

    values: tuple[int, ...]
    trigger: float
    reset: float
    window: int = HOUR
    coverage: float = 0.5
    buckets: int = 60
    code: ClassVar[int] = lo.STARTS

    def __post_init__(self) -> None:
        _limits("starts", self.trigger, self.reset, above=True)
        delays("starts", self.on_delay, self.off_delay)
        _window("starts", self.window, self.buckets)
        _between("starts", "coverage", self.coverage, 0.0, 1.0)
        if not self.values:
            raise ValueError("starts: no values")


@dataclass(frozen=True, slots=True, kw_only=True)
class Oscillation(Statistic):
    """Number = reversals of the signal within the window that are larger than ``band`` (tag's unit): a reversal is a
    way back of at least ``band`` from the last extreme, as in rainflow counting (ASTM E1049 uses the same turning
    points). A loop that hunts has two a cycle. No warm-up.

    Bad quality: extremes before a gap are remembered: a lower bound. While less than ``coverage`` of the window is
    known it does not clear.
    """

    band: float
    trigger: float
    reset: float
    window: int
    coverage: float = 0.5
    buckets: int = 30
    code: ClassVar[int] = lo.OSCILLATION

    def __post_init__(self) -> None:
        finite("oscillation", self.band)
        _limits("oscillation", self.trigger, self.reset, above=True)
        delays("oscillation", self.on_delay, self.off_delay)
        _window("oscillation", self.window, self.buckets)
        _between("oscillation", "coverage", self.coverage, 0.0, 1.0)
        if self.band <= 0:
            raise ValueError(f"oscillation: band {self.band}; allowed more than 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dwell(Statistic):
    """Number = time (ns) with the rounded value in ``values``: within the window, or with ``window`` 0 in one go. A
    bypass that is held too long. Beyond at ``longest``, raised at that moment also when no reading comes; within when
    the time of the window is less than ``reset`` and the value outside, in one go as soon as it is outside. Onset is
    the moment it came inside. There are no further delays. No warm-up.

    Bad quality: unknown time is not counted, nor does it end a go. An UNCERTAIN value outside leaves it inside.
    """

    values: tuple[int, ...]
    longest: int
    reset: int
    window: int = 0
    buckets: int = 48
    code: ClassVar[int] = lo.DWELL

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError("dwell: no values")
        if self.on_delay or self.off_delay:
            raise ValueError("dwell: on_delay and off_delay; allowed 0, longest and reset are its delays")
        if not 0 < self.reset <= self.longest:
            raise ValueError(
                f"dwell: longest {self.longest} and reset {self.reset}; allowed 0 < reset <= longest"
            )
        if self.window:
            _window("dwell", self.window, self.buckets)
            if self.longest > self.window:
                raise ValueError(
                    f"dwell: longest {self.longest}; allowed up to {self.window}, the length of the window"
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Setpoint(Statistic):
    """Number = value - ``target`` in the direction of ``side``, tag's unit. No warm-up.

    Bad quality: as for all kinds.
    """

    target: float
    trigger: float
    reset: float
    side: str = "both"
    code: ClassVar[int] = lo.SETPOINT

    def __post_init__(self) -> None:
        finite("setpoint", self.target)
        _word("setpoint", "side", self.side, SIDES)
        _limits("setpoint", self.trigger, self.reset, above=True)
        delays("setpoint", self.on_delay, self.off_delay)


def _chart(name: str, rule: "Cusum | Ewma") -> None:
    """The checks of a control chart."""
    finite(name, rule.mean, rule.sigma)
    _word(name, "side", rule.side, SIDES)
    _limits(name, rule.trigger, rule.reset, above=True)
    delays(name, rule.on_delay, rule.off_delay, rule.every)
    if rule.sigma <= 0 or rule.warm_up < 0 or rule.warm_up == 1:
        raise ValueError(
            f"{name}: sigma {rule.sigma} and warm_up {rule.warm_up}; allowed sigma > 0, warm_up 0 or at least 2"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cusum(Statistic):
    """Number = the cumulative sum (Page 1954) in standard deviations: with z = (x - mean) / sigma,
    S+ = max(0, S+ + z - k) and S- = max(0, S- - z - k); the larger of them, or that of ``side``. ``trigger`` is h; k
    is half of the change to be found, in sigmas. The sums stop at 2 h, so that they come back.

    ``warm_up`` 0: mean and sigma are given. Else both are learned from that many GOOD samples and then frozen, and
    ``sigma`` is the least one; no number before.

    Bad quality: as for all kinds; the sums stand still.
    """

    trigger: float
    reset: float
    k: float = 0.5
    mean: float = 0.0
    sigma: float = 1.0
    warm_up: int = 0
    side: str = "both"
    every: int = 0
    code: ClassVar[int] = lo.CUSUM

    def __post_init__(self) -> None:
        _chart("cusum", self)
        _between("cusum", "k", self.k, 0.0, 100.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ewma(Statistic):
    """Number = the exponentially weighted mean of z = (x - mean) / sigma (Roberts 1959), E = (1 - lambda) E + lambda z,
    in its own standard deviations, sqrt(lambda / (2 - lambda) (1 - (1 - lambda)^2n)) (Lucas and Saccucci 1990).
    ``trigger`` is L.

    ``warm_up`` 0: mean and sigma are given. Else both are learned from that many GOOD samples and then frozen, and
    ``sigma`` is the least one; no number before.

    Bad quality: as for all kinds; the mean stands still.
    """

    trigger: float
    reset: float
    weight: float = 0.1
    mean: float = 0.0
    sigma: float = 1.0
    warm_up: int = 0
    side: str = "both"
    every: int = 0
    code: ClassVar[int] = lo.EWMA

    def __post_init__(self) -> None:
        _chart("ewma", self)
        _between("ewma", "weight (lambda)", self.weight, 0.001, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageHinkley(Statistic):
    """Number = the Page-Hinkley statistic (Page 1954, Hinkley 1971) in the tag's unit: with m the running mean of the
    last ``memory`` samples or so (m += (x - m) / min(n, memory)), U = max(0, U + x - m - delta) and
    D = max(0, D - x + m - delta), which is the sum less its least value so far; the larger, or that of ``side``.
    ``trigger`` is its lambda. The sums stop at twice the trigger, so that they come back as the mean follows.

    No number before ``warm_up`` samples; the sums begin then.

    Bad quality: as for all kinds; mean and sums stand still.
    """

    trigger: float
    reset: float
    delta: float
    memory: int = 1000
    warm_up: int = 30
    side: str = "both"
    every: int = 0
    code: ClassVar[int] = lo.PAGE_HINKLEY

    def __post_init__(self) -> None:
        finite("page-hinkley", self.delta)
        _word("page-hinkley", "side", self.side, SIDES)
        _limits("page-hinkley", self.trigger, self.reset, above=True)
        delays("page-hinkley", self.on_delay, self.off_delay, self.every)
        if self.delta < 0 or self.warm_up < 1 or self.memory < self.warm_up:
            raise ValueError(
                f"page-hinkley: delta {self.delta}, warm_up {self.warm_up}, memory {self.memory}; "
                "allowed delta >= 0 and 1 <= warm_up <= memory"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Hampel(Statistic):
    """Number = distance of a sample from the median of the ``samples`` before it, in scales: 1.4826 times their median
    absolute deviation from it, at least ``sigma`` (Hampel 1974; Davies and Gather 1993). Withstands wild points up to
    half of the samples; a lasting change is taken over after half of them. No number before that many samples.

    Bad quality: as for all kinds.
    """

    trigger: float
    reset: float
    sigma: float
    samples: int = 11
    side: str = "both"
    every: int = 0
    code: ClassVar[int] = lo.HAMPEL

    def __post_init__(self) -> None:
        finite("hampel", self.sigma)
        _word("hampel", "side", self.side, SIDES)
        _limits("hampel", self.trigger, self.reset, above=True)
        delays("hampel", self.on_delay, self.off_delay, self.every)
        if self.sigma <= 0 or not 3 <= self.samples <= MAX_SAMPLES:
            raise ValueError(
                f"hampel: sigma {self.sigma} and {self.samples} samples; allowed sigma > 0, 3..{MAX_SAMPLES}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline(Statistic):
    """Number = departure from what the same moment of the cycle has been, in learned scales. The cycle of ``period``
    (a day, a batch; aligned to event time, UTC) has ``slots``; each learns a level and a variance from its visits, with
    weight max(1 / n, ``share``). Between the middles of two slots the level is interpolated, the scale is the larger
    one, at least ``sigma``. A reading counts for no more than 4 scales once its slot is warm.

    A slot is judged after ``warm_up`` visits. Nothing is learned from readings beyond the trigger or while the rule is
    not normal: a fault is not learned as normal, and a lasting change stays an alarm until the rule is changed.

    Bad quality: as for all kinds; UNCERTAIN readings are not learned.
    """

    trigger: float
    reset: float
    sigma: float
    period: int = DAY
    slots: int = 24
    warm_up: int = 7
    share: float = 0.05
    side: str = "both"
    code: ClassVar[int] = lo.BASELINE

    def __post_init__(self) -> None:
        finite("baseline", self.sigma)
        _word("baseline", "side", self.side, SIDES)
        _limits("baseline", self.trigger, self.reset, above=True)
        delays("baseline", self.on_delay, self.off_delay)
        _between("baseline", "share", self.share, 0.0001, 1.0)
        if not 1 <= self.slots <= MAX_SLOTS or self.period < self.slots:
            raise ValueError(
                f"baseline: {self.slots} slots in {self.period} ns; allowed 1..{MAX_SLOTS} slots"
            )
        if self.sigma <= 0 or self.warm_up < 1:
            raise ValueError(
                f"baseline: sigma {self.sigma} and warm_up {self.warm_up}; allowed sigma > 0 and warm_up >= 1"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Excess(Statistic):
    """Number = value - background in the direction of ``side``, tag's unit: gas on top of what is always there. The
    background is the ``quantile`` (``side`` low: 1 - quantile) of the means of the closed buckets of the window; a
    release shorter than 1 - quantile of the window does not lift it. No number before half of the buckets are filled.

    Bad quality: as for all kinds; only GOOD readings enter the background.
    """

    trigger: float
    reset: float
    window: int
    quantile: float = 0.2
    side: str = "high"
    buckets: int = 30
    code: ClassVar[int] = lo.EXCESS

    def __post_init__(self) -> None:
        _word("excess", "side", self.side, {k: v for k, v in SIDES.items() if v})
        _limits("excess", self.trigger, self.reset, above=True)
        delays("excess", self.on_delay, self.off_delay)
        _window("excess", self.window, self.buckets, least=3)
        _between("excess", "quantile", self.quantile, 0.0, 0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift(Statistic):
    """Number = median of the bucket means of the newer half of the window less that of the older half, in the direction
    of ``side``, less ``sigmas`` standard errors of it, tag's unit: what has changed beyond doubt. Standard error =
    1.2533 s sqrt(1 / n + 1 / m), s = 1.4826 times the median distance of the means from their own half's median.
    A step is raised when half of the newer window is past it, and clears when both windows are. Each half needs half
    of its buckets, and 3.

    Bad quality: as for all kinds.
    """

    trigger: float
    reset: float
    window: int
    sigmas: float = 3.0
    side: str = "both"
    buckets: int = 30
    code: ClassVar[int] = lo.SHIFT

    def __post_init__(self) -> None:
        _word("shift", "side", self.side, SIDES)
        _limits("shift", self.trigger, self.reset, above=True)
        delays("shift", self.on_delay, self.off_delay)
        _window("shift", self.window, self.buckets, least=6)
        _between("shift", "sigmas", self.sigmas, 0.0, 100.0)
        if self.buckets % 2:
            raise ValueError(f"shift: {self.buckets} buckets; allowed an even number, two halves")


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise(Statistic):
    """Number = ratio of two standard deviations, that of the newest ``recent`` buckets to that of the older ones
    (``side`` ``low``: the inverse; ``both``: the larger). They are of successive differences, sum d^2 / 2n
    (von Neumann 1941), which a slow movement does not touch; each is at least ``sigma``. A cable that comes loose, or
    an impulse line that plugs. Differences over a gap do not count. Both parts need half of their buckets.

    Bad quality: as for all kinds.
    """

    trigger: float
    reset: float
    window: int
    sigma: float
    side: str = "both"
    recent: int = 3
    buckets: int = 30
    code: ClassVar[int] = lo.NOISE

    def __post_init__(self) -> None:
        finite("noise", self.sigma)
        _word("noise", "side", self.side, SIDES)
        _limits("noise", self.trigger, self.reset)
        delays("noise", self.on_delay, self.off_delay)
        _window("noise", self.window, self.buckets, least=2)
        if self.sigma <= 0 or not 1 <= self.recent < self.buckets or self.trigger <= 1:
            raise ValueError(
                f"noise: sigma {self.sigma}, recent {self.recent}, trigger {self.trigger}; allowed sigma > 0, "
                f"1 <= recent < {self.buckets}, trigger > 1"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Velocity(Statistic):
    """Number = velocity over the window in the direction of ``side``, tag's unit per ``per`` (ns; a day unless said):
    the median slope of all pairs of bucket means (Theil 1950, Sen 1968). Stages of a slope's or dam's displacement
    are several rules, one for each limit. No number before three buckets are filled over half of the window. An alarm
    carries it as its rate, unit/s.

    Bad quality: as for all kinds.
    """

    trigger: float
    reset: float
    window: int
    per: int = DAY
    side: str = "both"
    buckets: int = 15
    code: ClassVar[int] = lo.VELOCITY

    def __post_init__(self) -> None:
        _word("velocity", "side", self.side, SIDES)
        _limits("velocity", self.trigger, self.reset, above=True)
        delays("velocity", self.on_delay, self.off_delay)
        _window("velocity", self.window, self.buckets, least=3, most=MAX_PAIRED)
        if self.per <= 0:
            raise ValueError(f"velocity: per {self.per} ns; allowed more than 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class InverseVelocity(Statistic):
    """Number = confidence, 0 to 1, that a moving mass fails within ``horizon``: before failure 1 / velocity falls
    linearly to zero (Fukuzono 1985). Velocities are differences of neighbouring bucket means; a line is fitted to
    1 / v with weights v^4 (the variance of 1 / v goes with v^-4); confidence = P(the line is at or below zero at the
    horizon), Student's t with n - 2 degrees of freedom by its normal approximation (Abramowitz and Stegun 26.7.8).
    ``trigger`` and ``reset`` are confidences. An alarm carries velocity, eta to the zero, and confidence.

    Velocities below ``slowest`` (unit per ``per``) do not count; with fewer than 5, or where the newest is one of them,
    nothing moves and the number is 0. No number before half of the buckets are filled. ``side`` ``both``: the
    direction of the movement over the window.

    Bad quality: as for all kinds.
    """

    trigger: float
    reset: float
    window: int
    horizon: int
    slowest: float
    per: int = DAY
    side: str = "both"
    buckets: int = 20
    code: ClassVar[int] = lo.INVERSE_VELOCITY

    def __post_init__(self) -> None:
        finite("inverse-velocity", self.slowest)
        _word("inverse-velocity", "side", self.side, SIDES)
        _limits("inverse-velocity", self.trigger, self.reset, above=True)
        _between("inverse-velocity", "trigger", self.trigger, 0.5, 1.0)
        delays("inverse-velocity", self.on_delay, self.off_delay)
        _window("inverse-velocity", self.window, self.buckets, least=6)
        if self.slowest <= 0 or self.per <= 0 or self.horizon <= 0:
            raise ValueError(
                f"inverse-velocity: slowest {self.slowest}, per {self.per}, horizon {self.horizon}; "
                "allowed more than 0"
            )


KINDS: Final[dict[str, type[Params]]] = {
    "total": Total,
    "mean": Mean,
    "peak": Peak,
    "starts": Starts,
    "oscillation": Oscillation,
    "dwell": Dwell,
    "setpoint": Setpoint,
    "cusum": Cusum,
    "ewma": Ewma,
    "page-hinkley": PageHinkley,
    "hampel": Hampel,
    "baseline": Baseline,
    "excess": Excess,
    "shift": Shift,
    "noise": Noise,
    "velocity": Velocity,
    "inverse-velocity": InverseVelocity,
}
"""the kinds of this family by name"""
