"""The kinds over several tags. Each is judged once for each input, on its members as of that input.

The number judged is also the value that its edges carry.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import ClassVar, Final

from detectors import program
from detectors.groups import layout as lo
from detectors.kinds.params import Delayed, Params, delays, finite

SIDES: Final = {"high": lo.HIGH, "low": lo.LOW, "both": lo.BOTH}
MEASURES: Final = {"range": lo.RANGE, "median": lo.FROM_MEDIAN}
OTHERWISE: Final = {"strictest": lo.STRICTEST, "unknown": lo.CANNOT_TELL}
STATISTICS: Final = {"both": lo.T2_AND_Q, "t2": lo.T2_ONLY, "q": lo.Q_ONLY}


def _one_of(name: str, word: str, allowed: Sequence[str]) -> None:
    if word not in allowed:
        raise ValueError(f"{name} {word!r}; allowed {', '.join(allowed)}")


def _different(name: str, tags: Sequence[int], least: int) -> None:
    if len(set(tags)) != len(tags) or len(tags) < least:
        raise ValueError(f"{name}: tags {tuple(tags)}; allowed {least} or more different tags")


def _distance(name: str, trigger: float, reset: float) -> None:
    finite(name, trigger, reset)
    if not 0 <= reset <= trigger or trigger <= 0:
        raise ValueError(
            f"{name}: trigger {trigger} and reset {reset}; allowed 0 <= reset <= trigger, 0 < trigger"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation(Delayed):
    """Number = value - reference, in the tags' unit; with ``span`` > 0 in percent of it. Set-point or twin sensor.

    ``side``: ``both`` beyond at |number| >= trigger, within at |number| < reset; ``high`` only above the reference,
    ``low`` only below. Trigger and reset are positive. Warm-up: none.

    Source: deviation alarm of EEMUA 191 and ISA-18.2 (difference between process value and set-point).

    Bad quality: the worse of the two counts.
    """

    tag: int
    reference: int
    trigger: float
    reset: float
    side: str = "both"
    span: float = 0.0
    code: ClassVar[int] = lo.DEVIATION
    family: ClassVar[str] = "groups"
    members: ClassVar[tuple[str, ...]] = ("tag", "reference")

    def __post_init__(self) -> None:
        _distance("deviation", self.trigger, self.reset)
        delays("deviation", self.on_delay, self.off_delay)
        _one_of("deviation: side", self.side, tuple(SIDES))
        _different("deviation", (self.tag, self.reference), 2)
        if not (math.isfinite(self.span) and self.span >= 0):
            raise ValueError(f"deviation: span {self.span}; allowed 0 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class MovingLimit(Delayed):
    """Number = value - (gain x other tag + offset): how far the value is above a limit that moves with another tag.

    ``low`` False: beyond at number >= 0, within at number < -dead_band. ``low`` True: beyond at number <= 0, within at
    number > dead_band. In the tag's unit. Warm-up: none.

    Source: plain arithmetic; "dynamic alarm limit" of ISA-18.2 and IEC 62682, enhanced and advanced alarm methods.

    Bad quality: the worse of the two counts: a limit that is not known is no limit.
    """

    tag: int
    other: int
    gain: float = 1.0
    offset: float = 0.0
    dead_band: float = 0.0
    low: float = False
    code: ClassVar[int] = lo.MOVING_LIMIT
    family: ClassVar[str] = "groups"
    members: ClassVar[tuple[str, ...]] = ("tag", "other")

    def __post_init__(self) -> None:
        finite("moving limit", self.gain, self.offset, self.dead_band)
        delays("moving limit", self.on_delay, self.off_delay)
        _different("moving limit", (self.tag, self.other), 2)
        if self.dead_band < 0 or self.gain == 0:
            raise ValueError(
                f"moving limit: gain {self.gain} and dead band {self.dead_band}; allowed a gain that is not 0, "
                f"a dead band of 0 or more"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread(Delayed):
    """Number = difference of redundant sensors: ``range`` the largest minus the smallest value, ``median`` the largest
    distance of any from the median of all. Beyond at number >= trigger, within at number < reset. Tags' unit.
    Warm-up: none.

    Source: sample range; median absolute deviation's centre (Huber and Ronchetti, Robust Statistics, 2009): of three
    sensors the median follows the two that agree.

    Bad quality: a BAD member is left out while ``least`` others remain (0: all are needed), and is unknown below that;
    while one is left out the rule raises and holds and never clears. Else the worst of the members counts.
    """

    tags: tuple[int, ...]
    trigger: float
    reset: float
    measure: str = "range"
    least: float = 0
    code: ClassVar[int] = lo.SPREAD
    family: ClassVar[str] = "groups"
    members: ClassVar[tuple[str, ...]] = ("tags",)

    def __post_init__(self) -> None:
        _distance("spread", self.trigger, self.reset)
        delays("spread", self.on_delay, self.off_delay)
        _one_of("spread: measure", self.measure, tuple(MEASURES))
        _different("spread", self.tags, 2)
        if self.least != 0 and not 2 <= self.least <= len(self.tags):
            raise ValueError(f"spread: least {self.least:g}; allowed 0 (all), 2..{len(self.tags)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class StateLimit(Delayed):
    """Number = the value; its limits are those of the state that the ``selector`` tag (rounded) says.

    ``states``, ``triggers`` and ``resets`` go together; ``free`` states have no limit: the rule is normal there. A
    state that is named nowhere is judged by the ``strictest`` of the limits, or makes the rule ``unknown``, as
    ``otherwise`` says. ``low`` as for a limit. Tag's unit. Warm-up: none.

    Source: state-based alarming, ISA-18.2 and IEC 62682, enhanced and advanced alarm methods.

    Bad quality: of the value, as for all kinds. A selector that is not GOOD never clears; while it is BAD,
    ``strictest`` is judged so (raises and holds, never clears), else the rule is unknown.
    """

    tag: int
    selector: int
    states: tuple[float, ...]
    triggers: tuple[float, ...]
    resets: tuple[float, ...]
    free: tuple[float, ...] = ()
    otherwise: str = "strictest"
    low: float = False
    code: ClassVar[int] = lo.STATE_LIMIT
    family: ClassVar[str] = "groups"
    members: ClassVar[tuple[str, ...]] = ("tag", "selector")

    def __post_init__(self) -> None:
        finite("state limit", *self.states, *self.triggers, *self.resets, *self.free)
        delays("state limit", self.on_delay, self.off_delay)
        _one_of("state limit: otherwise", self.otherwise, tuple(OTHERWISE))
        _different("state limit", (self.tag, self.selector), 2)
        if not len(self.states) == len(self.triggers) == len(self.resets) > 0:
            raise ValueError(
                "state limit: states, triggers and resets; allowed one of each for each state, at least one"
            )
        named = (*self.states, *self.free)
        if len(set(named)) != len(named) or any(s != round(s) for s in named):
            raise ValueError(f"state limit: states {named}; allowed different whole numbers")
        for trigger, reset in zip(self.triggers, self.resets, strict=True):
            if (reset < trigger) if self.low else (reset > trigger):
                raise ValueError(f"state limit: reset {reset} lies beyond trigger {trigger}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance(Delayed):
    """Number = the imbalance beyond its own uncertainty, in units of volume: what is in the vessel and did not flow in.

    ::

        imbalance = V(end) - V(start) - integral of (sum of inflows - sum of outflows) dt        over ``window``
        u         = sqrt(2 volume_u^2 + (flow_u x integral of sum of |flows| dt)^2)
        number    = sign(imbalance) x max(|imbalance| - k u, 0)

    V is the ``volume`` tag x ``gain`` (1 where the tag is a volume, m3 per m where it is a level); flows are volume per
    ``per`` ns, and joined by straight lines (trapezoids). The window is cut into ``cells`` of event time, judged at
    each cell's end once a sample beyond it has come, and only if measured without a gap longer than ``bridge`` (0:
    a cell). ``side``: ``high`` more than flowed in, ``low`` less (a leak), ``both``. Trigger and reset are positive.
    Warm-up: one window and a part of a cell.

    Source: volume balance of API RP 1130 (computational pipeline monitoring); uncertainty by GUM (JCGM 100:2008,
    5.1.2), flow meters taken as fully correlated, which errs to the side of no alarm; ``k`` 2 is about 95 %.

    Bad quality: a BAD member makes it unknown until the next whole verdict; an outage longer than ``bridge`` begins the
    window anew. A window with an UNCERTAIN sample never clears.
    """

    volume: int
    inflows: tuple[int, ...] = ()
    outflows: tuple[int, ...] = ()
    trigger: float
    reset: float
    window: int
    per: int
    gain: float = 1.0
    side: str = "both"
    volume_u: float = 0.0
    flow_u: float = 0.0
    k: float = 2.0
    cells: float = 12
    bridge: int = 0
    code: ClassVar[int] = lo.BALANCE
    family: ClassVar[str] = "groups"
    members: ClassVar[tuple[str, ...]] = ("volume", "inflows", "outflows")

    def __post_init__(self) -> None:
        _distance("balance", self.trigger, self.reset)
        finite("balance", self.gain, self.volume_u, self.flow_u, self.k)
        delays("balance", self.on_delay, self.off_delay, self.bridge)
        _one_of("balance: side", self.side, tuple(SIDES))
        _different("balance", (self.volume, *self.inflows, *self.outflows), 2)
        if min(self.volume_u, self.flow_u, self.k) < 0 or self.gain <= 0 or self.per <= 0:
            raise ValueError("balance: gain and per above 0; volume_u, flow_u and k 0 or more")
        if not 2 <= self.cells <= lo.MAX_CELLS or self.window < self.cells or self.bridge > self.window:
            raise ValueError(
                f"balance: window {self.window} ns in {self.cells:g} cells, bridge {self.bridge} ns; allowed "
                f"2..{lo.MAX_CELLS} cells and a bridge no longer than the window"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Multivariate(Delayed):
    """Number = max(T2 / its limit, Q / its limit) of the members taken together: above 1 they do not fit each other as
    they did while it learned. ``statistic`` picks one of the two.

    ::

        y  = (x - mean) / deviation                 of each member
        z += weight (y - z)                         exponentially weighted; weight 1: z = y
        f  = 1 - (1 - weight)^(2 i)                 its variance at the i-th sample, in that of what was learned
        R  = P L P'                                 correlations, by cyclic Jacobi rotations; by falling variance
        t  = P_k' z                                 the first k components that hold ``keep`` of the variance
        T2 = sum t_i^2 / l_i / f                    Hotelling's T squared: unusual, but of the known kind
        Q  = (|z|^2 - |t|^2) / f                    squared prediction error: of a kind never seen

    Limits at ``confidence``: T2 by F (k (n^2 - 1) / (n (n - k)) F(k, n - k), Paulson's quantile), Q by Jackson and
    Mudholkar. With ``smooth`` the median of the last five numbers is judged. Beyond at number >= trigger (1 as a rule),
    within below reset. A sample is taken at most every ``every`` ns (0: each input). Without unit.

    Learning: mean, deviation and loadings of the weighted values (u += weight (x - u)) from the GOOD samples of the
    first ``learn`` ns, at least ``least`` of them (0: 10 times the members), then frozen. So the variance of z is
    measured and not deduced: readings of a process are not independent, as Lowry's factor would have it. Until then
    nothing is known. Correlations are shrunk to (1 - ``shrink``) R + ``shrink`` I, which keeps members that are
    nearly the same apart. A member that never moved is left out; where none moved, or (``q``) nothing is left over to
    judge, it learns again and stays unknown. What was learned is in the snapshot; a changed
    rule or member learns again. With ``relearn`` the means are learned anew from that many GOOD samples after each
    raise (deviations and loadings stay), and then judged again: every raise is a change point, and the rule finds
    the next one.

    Source: Hotelling 1931; Jackson and Mudholkar, Technometrics 21 (1979); Paulson, Ann. Math. Stat. 13 (1942);
    MacGregor and Kourti, Control Eng. Practice 3 (1995); Lowry, Woodall, Champ and Rigdon, Technometrics 34 (1992).

    Bad quality: a BAD member makes it unknown; UNCERTAIN ones are not learned from, and judged they never clear.
    """

    tags: tuple[int, ...]
    learn: int
    trigger: float = 1.0
    reset: float = 1.0
    statistic: str = "both"
    keep: float = 0.9
    confidence: float = 0.999
    smooth: float = False
    every: int = 0
    least: float = 0
    weight: float = 1.0
    shrink: float = 0.0
    relearn: float = 0
    code: ClassVar[int] = lo.MULTIVARIATE
    family: ClassVar[str] = "groups"
    members: ClassVar[tuple[str, ...]] = ("tags",)

    def __post_init__(self) -> None:
        _distance("multivariate", self.trigger, self.reset)
        delays("multivariate", self.on_delay, self.off_delay, self.learn, self.every)
        _one_of("multivariate: statistic", self.statistic, tuple(STATISTICS))
        _different("multivariate", self.tags, 2)
        if len(self.tags) > lo.MAX_TAGS:
            raise ValueError(f"multivariate: {len(self.tags)} tags; allowed 2..{lo.MAX_TAGS}")
        if not 0 < self.keep <= 1 or not 0.5 < self.confidence < 1:
            raise ValueError(
                f"multivariate: keep {self.keep} and confidence {self.confidence}; allowed 0 < keep <= 1, "
                f"0.5 < confidence < 1"
            )
        if not (0 < self.weight <= 1 and 0 <= self.shrink < 1 and self.relearn >= 0):
            raise ValueError(
                f"multivariate: weight {self.weight}, shrink {self.shrink}, relearn {self.relearn:g}; allowed "
                f"0 < weight <= 1, 0 <= shrink < 1, relearn 0 or more samples"
            )
        spare = self.samples - len(self.tags)
        # Paulson's quantile of F ends where its cube root has no solution.
        if spare < 2 or (1 - 2 / (9 * spare)) ** 2 <= 2 * NormalDist().inv_cdf(self.confidence) ** 2 / (
            9 * spare
        ):
            raise ValueError(
                f"multivariate: least {self.samples} samples for {len(self.tags)} tags; allowed more for a confidence "
                f"of {self.confidence}, 10 times the tags as a rule"
            )

    @property
    def samples(self) -> int:
        """How many samples it learns from at least."""
        return int(self.least) or 10 * len(self.tags)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression(Delayed):
    """Number = the result of a program over the members (:mod:`detectors.program`; true is 1, false 0).

    ``low`` False: beyond at number >= trigger, within at number < reset; ``low`` True: beyond at number <= trigger,
    within at number > reset. ``steps`` are op, arg, op, arg, ...; ``points`` its tables. Warm-up: none.

    Source: written by the site.

    Bad quality: the worst of the members counts, also of one that the result does not depend on at the moment. A result
    that is not a number (division by zero, a root of a negative number) is unknown, never normal.
    """

    tags: tuple[int, ...]
    steps: tuple[float, ...]
    points: tuple[float, ...] = ()
    trigger: float = 1.0
    reset: float = 1.0
    low: float = False
    code: ClassVar[int] = lo.EXPRESSION
    family: ClassVar[str] = "groups"
    members: ClassVar[tuple[str, ...]] = ("tags",)

    def __post_init__(self) -> None:
        finite("expression", self.trigger, self.reset)
        delays("expression", self.on_delay, self.off_delay)
        _different("expression", self.tags, 1)
        if (self.reset < self.trigger) if self.low else (self.reset > self.trigger):
            raise ValueError(f"expression: reset {self.reset} lies beyond trigger {self.trigger}")
        program.check(self.program, len(self.tags), self.points)

    @property
    def program(self) -> tuple[program.Step, ...]:
        """The steps as pairs."""
        if len(self.steps) % 2:
            raise ValueError(f"expression: {len(self.steps)} numbers of steps; allowed pairs of op and arg")
        return tuple(zip((int(op) for op in self.steps[::2]), self.steps[1::2], strict=True))


KINDS: Final[dict[str, type[Params]]] = {
    "deviation": Deviation,
    "moving-limit": MovingLimit,
    "spread": Spread,
    "state-limit": StateLimit,
    "balance": Balance,
    "multivariate": Multivariate,
    "expression": Expression,
}
"""the kinds of this family by name"""
