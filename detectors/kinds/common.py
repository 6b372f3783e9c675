"""The common kinds: limit, rate, state, discrepancy, vote, trend, spike, frozen."""

from dataclasses import dataclass
from typing import ClassVar, Final

from detectors.common.layout import FROZEN, SPIKE, TREND
from detectors.kinds.params import Delayed, OfOneTag, Params, delays, finite
from detectors.layout import CANNOT_TELL, DISCREPANCY, EXCLUDE, LEVEL, NS, RATE, STATE_IN, TRIP, VOTE

BUCKETS: Final = 15
"""buckets of a rate window: 105 pairs are sorted at each close, and the decision waits at most 1/15 of the window"""
TREND_BUCKETS: Final = 30
"""of a trend's window: its memory is 12 bytes each"""
MIN_TREND_BUCKETS: Final = 8
MAX_BUCKETS: Final = 60
FURTHEST: Final = 4
"""windows: nothing is foretold further than four times as long as it was watched"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit(OfOneTag):
    """Number = the value. ``low`` False: beyond at value >= trigger, within at value < reset (reset <= trigger).
    ``low`` True: beyond at value <= trigger, within at value > reset (reset >= trigger).

    Bad quality: as for all kinds.
    """

    trigger: float
    reset: float
    low: bool = False
    code: ClassVar[int] = LEVEL
    family: ClassVar[str] = "common"

    def __post_init__(self) -> None:
        finite("limit", self.trigger, self.reset)
        delays("limit", self.on_delay, self.off_delay)
        if (self.reset < self.trigger) if self.low else (self.reset > self.trigger):
            raise ValueError(f"limit: reset {self.reset} lies beyond trigger {self.trigger}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate(OfOneTag):
    """Number = the slope, unit per second, over ``window``: the median of the slopes between all pairs of bucket means
    (Theil 1950, Sen 1968; withstands 29 % of wild points). Buckets are ``window / buckets`` wide, aligned to event
    time; it is judged at a bucket's end, once any reading beyond it has come. No slope before three buckets are
    filled over half of the window. ``fall``: beyond at slope <= -trigger; trigger and reset are positive numbers.

    Bad quality: BAD readings and repeated (held) values enter no bucket; after BAD the condition stays unknown until
    the next slope. A slope with an UNCERTAIN reading in its window is UNCERTAIN.
    """

    trigger: float
    reset: float
    window: int
    fall: bool = False
    buckets: int = BUCKETS
    code: ClassVar[int] = RATE
    family: ClassVar[str] = "common"

    def __post_init__(self) -> None:
        finite("rate", self.trigger, self.reset)
        delays("rate", self.on_delay, self.off_delay)
        if self.reset > self.trigger:
            raise ValueError(f"rate: reset {self.reset} lies beyond trigger {self.trigger}")
        if not 3 <= self.buckets <= MAX_BUCKETS or self.window < self.buckets:
            raise ValueError(
                f"rate: window {self.window} ns in {self.buckets} buckets; allowed 3..{MAX_BUCKETS} buckets"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class State(OfOneTag):
    """Number = 1 while the rounded value is one of ``values``, else 0.

    Bad quality: as for all kinds.
    """

    values: tuple[int, ...]
    code: ClassVar[int] = STATE_IN
    family: ClassVar[str] = "common"

    def __post_init__(self) -> None:
        delays("state", self.on_delay, self.off_delay)
        if not self.values:
            raise ValueError("state: no values")


@dataclass(frozen=True, slots=True, kw_only=True)
class Discrepancy(Delayed):
    """Number = 1 while command and feedback round to different states; with ``tolerance`` > 0 their distance, beyond at
    ``tolerance``, within below ``reset``. Judged once per input, on its members as of that input.

    Bad quality: the worse of the two counts.
    """

    command: int
    feedback: int
    tolerance: float = 0.0
    reset: float = 0.0
    code: ClassVar[int] = DISCREPANCY
    family: ClassVar[str] = "common"
    members: ClassVar[tuple[str, ...]] = ("command", "feedback")

    def __post_init__(self) -> None:
        finite("discrepancy", self.tolerance, self.reset)
        delays("discrepancy", self.on_delay, self.off_delay)
        if self.tolerance < 0 or self.reset > self.tolerance:
            raise ValueError(
                f"discrepancy: tolerance {self.tolerance} and reset {self.reset}; allowed 0 <= reset <= tolerance"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote(Delayed):
    """Number = how many members are beyond trigger; beyond at ``needed``. Each member has its own comparator (UNCERTAIN
    raises its vote and never takes it back). Judged once per input, on its members as of that input.

    Bad quality: a BAD (or never judged) member is *blind*; all blind is unknown, and otherwise ``degrade`` decides:

    * ``trip``: each blind member lowers ``needed`` by one, to 1 at least (2oo3 -> 1oo2 -> 1oo1);
    * ``exclude``: ``needed`` of the others (2oo3 -> 2oo2); unknown when fewer than ``needed`` are left;
    * ``unknown``: unknown as soon as the blind members could change the result.

    A failing member never clears: if the alarm falls only because a blind member's vote is lost, it is unknown. Nor
    does a member that comes back UNCERTAIN and only thereby raises the number of votes needed: the alarm holds.
    """

    tags: tuple[int, ...]
    needed: int
    trigger: float
    reset: float
    low: bool = False
    degrade: str = "trip"
    code: ClassVar[int] = VOTE
    family: ClassVar[str] = "common"
    members: ClassVar[tuple[str, ...]] = ("tags",)

    def __post_init__(self) -> None:
        finite("vote", self.trigger, self.reset)
        delays("vote", self.on_delay, self.off_delay)
        if (self.reset < self.trigger) if self.low else (self.reset > self.trigger):
            raise ValueError(f"vote: reset {self.reset} lies beyond trigger {self.trigger}")
        if len(set(self.tags)) != len(self.tags) or not 1 <= self.needed <= len(self.tags):
            raise ValueError(
                f"vote: {self.needed} of {self.tags}; allowed 1..{len(set(self.tags))} of different tags"
            )
        if self.degrade not in DEGRADE:
            raise ValueError(f"vote: degrade {self.degrade!r}; allowed {', '.join(DEGRADE)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend(OfOneTag):
    """Number = the confidence, 0 to 1, that the value reaches ``limit`` within ``horizon`` if it goes on as it did over
    ``window``; beyond at ``confidence``, within below ``reset``. ``low``: falling to the limit. Judged at the end of
    each bucket (``window / buckets``, aligned to event time), once any reading beyond it has come; says nothing before
    eight buckets are filled over three quarters of the window.

    With b the median of the slopes between all pairs of bucket means (Theil 1950, Sen 1968), a the median of what
    remains at the bucket's end, and s the scale of the residuals (1.4826 times their median distance; at least
    0.25 times the mean one):

    * standard error of b: s sqrt(pi/3) / sqrt(sum (t - mean t)^2), times sqrt((1 + r) / (1 - r)) for the first
      autocorrelation r of the residuals (Bayley and Hammersley 1946), r corrected for its bias (Kendall 1954) and
      believed up to 0.9;
    * confidence = normal probability of ((b - (limit - a) / horizon) / standard error);
    * eta = (limit - a) / b seconds.

    It is 0, whatever b, unless all of this holds (while it is not active): between the medians of the first and the
    last quarter of the window the value rises at half of the slope that is needed, or more; each step between the
    quarters' medians is at least a quarter of that rise, the last one half of it and three quarters of the step before
    (a step, a spike, a pump that starts and levels off are not); the line rises by four times s over the window, and
    b is five times its standard error. A rule that was not judged before, and so might have been active, has no number
    as long as this decides.

    The standard error is that of normal errors, which are alike only from one bucket to the next. What is alike for
    longer than a tenth of the window looks like a trend: choose a window of ten times that. False alarms a week, noise
    of standard deviation 1 two (four) below the limit, horizon and window 1 h: none (none) for white noise; 0.25 (none)
    where it is alike for 1 min; 2 (0.1) for 3 min; 6 (3) for 10 min.

    Bad quality: as for a rate.
    """

    limit: float
    horizon: int
    window: int
    low: bool = False
    confidence: float = 0.95
    reset: float = 0.5
    buckets: int = TREND_BUCKETS
    code: ClassVar[int] = TREND
    family: ClassVar[str] = "common"

    def __post_init__(self) -> None:
        finite("trend", self.limit)
        delays("trend", self.on_delay, self.off_delay)
        if not 0.5 <= self.confidence < 1 or not 0 < self.reset <= self.confidence:
            raise ValueError(
                f"trend: confidence {self.confidence} and reset {self.reset}; allowed 0.5 <= confidence < 1, "
                "0 < reset <= confidence"
            )
        if not MIN_TREND_BUCKETS <= self.buckets <= MAX_BUCKETS or self.window < self.buckets * NS:
            raise ValueError(
                f"trend: window {self.window} ns in {self.buckets} buckets; allowed {MIN_TREND_BUCKETS}..{MAX_BUCKETS} "
                "buckets of a second or more"
            )
        if not 0 < self.horizon <= FURTHEST * self.window:
            raise ValueError(f"trend: horizon {self.horizon} ns; allowed up to {FURTHEST} windows")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spike(OfOneTag):
    """Number = distance of a value from the median of the five around it, two before and two after; beyond at
    ``trigger``, within below ``reset``. One or two wild values are a spike, a step is not. Known two readings late.

    Bad quality: only GOOD measured values are among the five; as for all kinds else.
    """

    trigger: float
    reset: float
    code: ClassVar[int] = SPIKE
    family: ClassVar[str] = "common"

    def __post_init__(self) -> None:
        finite("spike", self.trigger, self.reset)
        delays("spike", self.on_delay, self.off_delay)
        if not 0 < self.reset <= self.trigger:
            raise ValueError(
                f"spike: trigger {self.trigger} and reset {self.reset}; allowed 0 < reset <= trigger"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen(OfOneTag):
    """Number = 1 while the value has stayed within ``band`` of where it came to rest for ``window`` or longer, else 0.
    For signals that never rest as long: not for rain, states, counters, a gas at its floor, a tank that stands idle.
    Rules on one tag have one window and band.

    Bad quality: BAD readings and repeated (held) values neither rest nor move; as for all kinds else.
    """

    window: int
    band: float = 0.0
    code: ClassVar[int] = FROZEN
    family: ClassVar[str] = "common"

    def __post_init__(self) -> None:
        finite("frozen", self.band)
        delays("frozen", self.on_delay, self.off_delay)
        if self.window <= 0 or self.band < 0:
            raise ValueError(
                f"frozen: window {self.window} ns, band {self.band}; allowed more than 0, 0 or more"
            )


DEGRADE: Final = {"trip": TRIP, "exclude": EXCLUDE, "unknown": CANNOT_TELL}
KINDS: Final[dict[str, type[Params]]] = {
    "limit": Limit,
    "rate": Rate,
    "state": State,
    "discrepancy": Discrepancy,
    "vote": Vote,
    "trend": Trend,
    "spike": Spike,
    "frozen": Frozen,
}
"""the kinds of this family by name"""
