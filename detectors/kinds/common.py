"""The common kinds: limit, rate, state, discrepancy, vote."""

from dataclasses import dataclass
from typing import ClassVar, Final

from detectors.kinds.params import Params, delays, finite
from detectors.layout import CANNOT_TELL, DISCREPANCY, EXCLUDE, LEVEL, RATE, STATE_IN, TRIP, VOTE

BUCKETS: Final = 15
"""buckets of a rate window: 105 pairs are sorted at each close, and the decision waits at most 1/15 of the window"""
MAX_BUCKETS: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Number = the value. ``low`` False: beyond at value >= trigger, within at value < reset (reset <= trigger).
    ``low`` True: beyond at value <= trigger, within at value > reset (reset >= trigger).

    Bad quality: as for all kinds.
    """

    tag: int
    trigger: float
    reset: float
    low: bool = False
    on_delay: int = 0
    off_delay: int = 0
    code: ClassVar[int] = LEVEL
    family: ClassVar[str] = "common"
    members: ClassVar[tuple[str, ...]] = ("tag",)

    def __post_init__(self) -> None:
        finite("limit", self.trigger, self.reset)
        delays("limit", self.on_delay, self.off_delay)
        if (self.reset < self.trigger) if self.low else (self.reset > self.trigger):
            raise ValueError(f"limit: reset {self.reset} lies beyond trigger {self.trigger}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Number = the slope, unit per second, over ``window``: the median of the slopes between all pairs of bucket means
    (Theil 1950, Sen 1968; withstands 29 % of wild points). Buckets are ``window / buckets`` wide, aligned to event
    time; it is judged at a bucket's end, once any reading beyond it has come. No slope before three buckets are
    filled over half of the window. ``fall``: beyond at slope <= -trigger; trigger and reset are positive numbers.

    Bad quality: BAD readings and repeated (held) values enter no bucket; after BAD the condition stays unknown until
    the next slope. A slope with an UNCERTAIN reading in its window is UNCERTAIN.
    """

    tag: int
    trigger: float
    reset: float
    window: int
    fall: bool = False
    buckets: int = BUCKETS
    on_delay: int = 0
    off_delay: int = 0
    code: ClassVar[int] = RATE
    family: ClassVar[str] = "common"
    members: ClassVar[tuple[str, ...]] = ("tag",)

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
class State:
    """Number = 1 while the rounded value is one of ``values``, else 0.

    Bad quality: as for all kinds.
    """

    tag: int
    values: tuple[int, ...]
    on_delay: int = 0
    off_delay: int = 0
    code: ClassVar[int] = STATE_IN
    family: ClassVar[str] = "common"
    members: ClassVar[tuple[str, ...]] = ("tag",)

    def __post_init__(self) -> None:
        delays("state", self.on_delay, self.off_delay)
        if not self.values:
            raise ValueError("state: no values")


@dataclass(frozen=True, slots=True, kw_only=True)
class Discrepancy:
    """Number = 1 while command and feedback round to different states; with ``tolerance`` > 0 their distance, beyond at
    ``tolerance``, within below ``reset``. Judged once per input, on its members as of that input.

    Bad quality: the worse of the two counts.
    """

    command: int
    feedback: int
    tolerance: float = 0.0
    reset: float = 0.0
    on_delay: int = 0
    off_delay: int = 0
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
class Vote:
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
    on_delay: int = 0
    off_delay: int = 0
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


DEGRADE: Final = {"trip": TRIP, "exclude": EXCLUDE, "unknown": CANNOT_TELL}
KINDS: Final[dict[str, type[Params]]] = {
    "limit": Limit,
    "rate": Rate,
    "state": State,
    "discrepancy": Discrepancy,
    "vote": Vote,
}
"""the kinds of this family by name"""
