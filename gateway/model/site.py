"""The effective configuration as the core sees it: one site, its installations, links, tags and rules. Frozen data."""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Final, TypeAlias

from gateway.model.levels import Level, Stage
from gateway.model.people import Chain, OperatorConsole, Owner, Person, Post, Routing
from gateway.model.times import seconds

ID_PATTERN: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""Ids in topics. The raw 位号 is a field of its own."""


class Danger(StrEnum):
    """Which side of a measured quantity is dangerous."""

    HIGH = "high"
    LOW = "low"
    BOTH = "both"
    NONE = "none"


class Signal(StrEnum):
    """What the raw number on the wire is."""

    VALUE = "value"
    """already an engineering value (after linear scaling)"""
    MILLIAMP = "4-20mA"
    """a 4-20 mA loop current (after linear scaling to mA): NE 43 applies"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """One measured point (位号). Times are ns; ``low``/``high`` is the range in ``unit``."""

    id: str
    raw: str
    description: str
    cls: str
    unit: str
    installation: str
    description_en: str = ""
    low: float | None = None
    high: float | None = None
    danger: Danger = Danger.NONE
    signal: Signal = Signal.VALUE
    gain: float = 1.0
    """value (or mA) = raw * gain + offset"""
    offset: float = 0.0
    period: int = seconds(1)
    """expected time between readings"""
    max_age: int = seconds(5)
    """a GOOD value holds this long, then it is BAD (stale); 0 = for ever (only for event-driven states)"""
    frozen_window: int = 0
    """longer than the signal's normal rest; 0 = frozen detection off"""
    frozen_band: float = 0.0
    """movement up to this much still counts as not moving"""
    links: tuple[str, ...] = ()
    """link ids this tag depends on: bus first, then device"""
    limit_required: bool = False
    """its class is not judged at all unless a limit rule is enabled (live level not-judged)"""
    calibration_due: str = ""
    expression: str = ""
    """of a computed tag: what it is computed by"""
    inputs: tuple[str, ...] = ()
    """... from which tags (ids)"""
    source: str = ""
    """input it is read by"""
    address: str = ""
    """... and where there, as written: another one is another measurement"""
    names: tuple[tuple[str, str, str, tuple[float, ...]], ...] = ()
    """... and what its constants and tables mean: name, unit of x (a table's), unit, numbers (a table's x1, y1, ...)"""
    manual: bool = False
    """read by a person, who enters it"""
    twin: str = ""
    """of a manual tag: id of the online tag of the same point, that it is compared with"""
    twin_within: float = 0.0
    """... and how far the two may differ, in the tag's unit"""
    type: str = ""
    """point type of a pack, ``pack.type``"""
    substance: str = ""
    """of a gas"""
    required: tuple[str, ...] = ()
    """ids of rules without which its installation is not judged"""


class RuleKind(StrEnum):
    """How a tag or group is judged."""

    LIMIT_HIGH = "limit-high"
    """beyond when value >= trigger; within when value < reset"""
    LIMIT_LOW = "limit-low"
    """beyond when value <= trigger; within when value > reset"""
    RATE_RISE = "rate-rise"
    """slope over ``window``, unit per second, >= trigger"""
    RATE_FALL = "rate-fall"
    """slope over ``window`` <= -trigger; trigger and reset are positive numbers"""
    STATE = "state"
    """value (rounded) is in ``values``"""
    DISCREPANCY = "discrepancy"
    """command (first tag) differs from feedback (second tag)"""
    VOTE = "vote"
    """at least ``needed`` of the member tags are beyond trigger (side by ``danger_low``)"""
    DEVIATION = "deviation"
    """tag and set-point or twin are ``trigger`` apart"""
    MOVING_LIMIT = "moving-limit"
    """value is beyond a limit that moves with another tag"""
    SPREAD = "spread"
    """redundant sensors are ``trigger`` apart"""
    STATE_LIMIT = "state-limit"
    """value is beyond the limit of the state that another tag says"""
    BALANCE = "balance"
    """what is in a vessel and what flowed differ by ``trigger``"""
    MULTIVARIATE = "multivariate"
    """tags do not fit each other as they did"""
    EXPRESSION = "expression"
    """the result of an expression over tags is beyond ``trigger``"""
    DEPARTURE = "departure"
    """value is ``trigger`` times its own noise away from its own recent mean"""
    NOVELTY = "novelty"
    """value is unlike anything before it"""
    TOTAL = "total"
    """amount of a window: rain of a day"""
    MEAN = "mean"
    """time-weighted mean of a window: STEL, TWA"""
    PEAK = "peak"
    """highest or lowest reading of a window"""
    STARTS = "starts"
    """how often a state was entered in a window"""
    DWELL = "dwell"
    """how long a state has been held: a bypass"""
    TREND = "trend"
    """value will reach a limit within a horizon"""
    SPIKE = "spike"
    """one or two values far from those around them"""
    FROZEN = "frozen"
    """value has not moved for too long"""
    SETPOINT = "setpoint"
    """value is ``trigger`` away from a fixed set point"""
    CUSUM = "cusum"
    """cumulative sum: a small lasting change"""
    EWMA = "ewma"
    """exponentially weighted mean: a small lasting change"""
    PAGE_HINKLEY = "page-hinkley"
    """the running mean drifted"""
    HAMPEL = "hampel"
    """a wild point beside the median of those before it"""
    BASELINE = "baseline"
    """value is not what this moment of the cycle has been"""
    EXCESS = "excess"
    """value on top of its background"""
    SHIFT = "shift"
    """the level of a window's halves differs"""
    NOISE = "noise"
    """the noise is not what it was"""
    OSCILLATION = "oscillation"
    """reversals in a window"""
    VELOCITY = "velocity"
    """velocity of a displacement"""
    INVERSE_VELOCITY = "inverse-velocity"
    """1 / velocity falls towards zero: a failure foretold"""


class Degrade(StrEnum):
    """What a BAD member does to a vote."""

    TRIP = "trip"
    """counts as a vote for the alarm (2oo3 -> 1oo2)"""
    EXCLUDE = "exclude"
    """is left out; still ``needed`` of the others (2oo3 -> 2oo2)"""
    UNKNOWN = "unknown"
    """the vote is unknown as soon as BAD members could change the result"""


Setting: TypeAlias = float | str | tuple[float, ...]
"""one setting of a kind; times are ns, flags 0 or 1"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One judgement. H and HH are two rules. Times are ns, limits in the tag's unit."""

    id: str
    name: str
    """short name for topics and people: LL, L, H, HH, RATE, STATE, DISC, VOTE"""
    kind: RuleKind
    subject: str
    """tag id, or group id for group rules: the <tag> of the topics"""
    tags: tuple[str, ...]
    installation: str
    level: Level
    priority: int
    """1-4, 1 handled first"""
    trigger: float = 0.0
    reset: float = 0.0
    on_delay: int = 0
    off_delay: int = 0
    window: int = 0
    values: tuple[int, ...] = ()
    needed: int = 0
    settings: tuple[tuple[str, Setting], ...] = ()
    """what only a kind beyond the first seven has, by the names of its parameters (:mod:`detectors.kinds`)"""
    roles: tuple[str, ...] = ()
    """of such a kind: for each of ``tags`` the parameter it stands for"""
    danger_low: bool = False
    degrade: Degrade = Degrade.TRIP
    latched: bool = False
    raise_level: tuple[tuple[int, Level], ...] = ()
    """(ns in alarm since raised, level it then rises to), ascending"""
    highly_managed: bool = False
    """kept from the operator by two persons only, never by design (ISA-18.2: highly managed alarms)"""
    instrument: bool = False
    """it says something of an instrument (of two that should agree): a fault, no process alarm"""
    suppressed_while: tuple[str, ...] = ()
    """ids of rules whose active condition suppresses this one by design: a parent's alarm, a state of the plant"""
    disposal_due: int = 0
    """time to close the loop in (处置), ns; 0: none is asked for"""
    first_out: str = ""
    """group in which the first alarm is marked (first-out); empty: none"""
    re_alarm: int = 0
    modifies: str = ""
    """bypass or weather: while it is active, the live level of its installation may be raised"""
    """an acknowledged alarm that is still there is announced again after this, ns; 0: it is not"""
    stage: Stage = Stage.LIVE
    enabled: bool = True
    description: str = ""
    guidance: str = ""
    card: str = ""
    """id of its response card in ``Site.cards``"""
    standard: str = ""
    clause: str = ""
    edition: str = ""
    reason: str = ""
    """engineering reason of numbers that no standard gives"""
    mark: str = ""
    verified_by: str = ""
    version: str = ""
    """first 12 hex digits of the SHA-256 of the rule's own settings"""


@dataclass(frozen=True, slots=True)
class RollUp:
    """Several points of one item (a class of an installation) at a level count as one higher: GB 39496-2020, 5.5.4."""

    count: int
    of: Level
    to: Level


OVERDUE_DISPOSAL: Final = "overdue-disposal"
BYPASS: Final = "bypass"
WEATHER: Final = "weather"
GRADE: Final = "grade"
HEAD_POND: Final = "head-pond"
HEIGHTENED_WATCH: Final = "heightened-watch"
"""modifiers of the live level"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedWatch:
    """A period of heightened watch of the configuration, ns; ``installations`` empty: the whole site."""

    id: str
    start: int
    end: int
    reason: str
    installations: tuple[str, ...] = ()
    acknowledge: float = 1.0
    """factor on the times to acknowledge"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """A major hazard installation or monitored object (重大危险源)."""

    id: str
    name: str
    name_en: str = ""
    kind: str = ""
    grade: int | None = None
    base_level: Level = Level.BLUE
    """inherent (base) level, shown beside the live level"""
    stage: Stage = Stage.LIVE
    position: tuple[float, float] | None = None
    """longitude, latitude"""
    materials: tuple[str, ...] = ()
    chain: str = ""
    """id of its chain of responsible persons; empty: one person, of the role ``responsible``"""
    owners: tuple[Owner, ...] = ()
    """one for each role of the chain, the highest first"""
    head_pond: bool = False
    """a pond with people living below its dam (头顶库)"""
    roll_up: tuple[RollUp, ...] = ()
    pack: str = ""
    """pack it is an installation of"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A response card (应急处置卡): what the people on the spot do, in order."""

    id: str
    title: str
    title_en: str
    steps: tuple[str, ...]
    steps_en: tuple[str, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A bus or device whose loss is one fault that lists its tags."""

    id: str
    description: str
    source: str
    installation: str = ""
    """where its fault is published; empty: the first installation among its tags"""
    parent: str = ""
    """bus of a device; while the parent is down the device's own loss is not a fault of its own"""


@dataclass(frozen=True, kw_only=True)
class Site:
    """Everything the engine, the sinks and the console need to know about the plant.

    ``config_hash`` is the SHA-256 (hex) of the whole effective configuration; ``table`` its first 8 digits.
    """

    gateway: str
    county: str
    id: str
    name: str
    name_en: str = ""
    config_hash: str = "0" * 64
    installations: tuple[Installation, ...] = ()
    links: tuple[Link, ...] = ()
    tags: tuple[Tag, ...] = ()
    rules: tuple[Rule, ...] = ()
    cards: tuple[Card, ...] = ()
    """response cards of the packs"""
    shelve_longest: int = seconds(8 * 3600)
    """longest time an alarm may be shelved, ns"""
    remove_longest: int = seconds(30 * 86400)
    """longest time it may be out of service, ns"""
    report_due: tuple[tuple[Level, int], ...] = ()
    """levels of major events, and ns in which both their reports (双报告) are to be made"""
    people: tuple[Person, ...] = ()
    posts: tuple[Post, ...] = ()
    chains: tuple[Chain, ...] = ()
    routing: Routing = field(default_factory=Routing)
    consoles: tuple[OperatorConsole, ...] = ()
    """empty: the whole site is one operator's"""
    watches: tuple[PlannedWatch, ...] = ()
    modifiers: tuple[tuple[str, str], ...] = ()
    """modifiers of the live level that are on, and the engineer who signed each"""
    settings: tuple[tuple[str, str], ...] = ()
    """everything else that was configured, by name: sources, outputs, storage; kept and compared, read by nobody"""
    approval: str = "none"
    """none, asked or required: what is said of a configuration that nobody approved"""
    exercise: str = ""
    """id of the drill this site is a copy for; nothing of it may reach a live topic or table"""
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def table(self) -> str:
        """Tag-table id carried by every batch."""
        return self.config_hash[:8]

    @cached_property
    def tag_index(self) -> dict[str, int]:
        """Tag id -> row in ``tags`` (the ``tag`` column of a batch)."""
        return {t.id: i for i, t in enumerate(self.tags)}

    @cached_property
    def rule_index(self) -> dict[str, int]:
        """Rule id -> row in ``rules``."""
        return {r.id: i for i, r in enumerate(self.rules)}

    @cached_property
    def link_tags(self) -> dict[str, tuple[int, ...]]:
        """Link id -> rows of the tags that depend on it."""
        return {k.id: tuple(i for i, t in enumerate(self.tags) if k.id in t.links) for k in self.links}

    @property
    def root(self) -> str:
        """MQTT root of this gateway, without a trailing slash."""
        return (
            f"{'fengsui-exercise' if self.exercise else 'fengsui'}/v1/{self.county}/{self.id}/{self.gateway}"
        )

    def measurement(self, name: str) -> str:
        """Name of a table of a database: a drill has tables of its own."""
        return f"exercise_{name}" if self.exercise else name
