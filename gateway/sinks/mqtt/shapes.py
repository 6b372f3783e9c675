"""The published payloads as models: what a receiver may rely on. :mod:`~.schema` makes files of them.

Not imported by the running gateway, whose payloads are built in ``encode.py`` and ``birth.py`` and checked against
these models by the tests. Objects may gain fields within version 1: receivers ignore what they do not know.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from gateway.model.events import Acknowledgement, Condition, Disposal, EventKind, Latch, Report, Suppression
from gateway.model.levels import LiveLevel, Stage
from gateway.model.site import RuleKind

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Time = Annotated[
    str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$", description="UTC, nine digits")
]
County = Annotated[str, Field(pattern=r"^\d{6}$", description="GB/T 2260 code")]
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
OccurrenceId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
LevelWord = Literal["red", "orange", "yellow", "blue"]
Isa = Annotated[str, Field(pattern=r"^[A-I]$", description="letter of ISA-18.2")]


class _Model(BaseModel):
    model_config = ConfigDict(extra="allow", populate_by_name=True, use_enum_values=True)


class Axes(_Model):
    """The separate states of an occurrence."""

    condition: Condition
    acknowledgement: Acknowledgement
    latch: Latch
    suppression: Suppression
    disposal: Disposal
    report: Report | None = Field(
        None, description="the dual report; absent in journals of before there was one"
    )


class Actor(_Model):
    """Who did it, in what role, from where."""

    id: str
    name: str
    role: str
    workstation: str = ""


class Event(_Model):
    """One journalled change, on ``events``, and those of alarms also on ``alarms/...`` or ``faults/...``.

    The bytes are the journal's: hash = SHA-256(prev_hash + canonical JSON (RFC 8785) of the body without prev_hash and
    hash). Apply by (gateway, epoch, seq); the same event may come twice.
    """

    schema_: Literal["fengsui.event/1"] = Field(alias="schema")
    gateway: Id
    epoch: str
    seq: int = Field(ge=1)
    event: EventKind
    time: Time = Field(description="source time of what decided it")
    recorded: Time = Field(description="when it was journalled; strictly increasing per gateway")
    county: County
    site: Id
    id: OccurrenceId | None = Field(None, description="of the occurrence")
    n: int | None = Field(None, ge=1, description="n-th event of the occurrence")
    installation: str | None = None
    tag: str | None = None
    description: str | None = None
    class_: str | None = Field(None, alias="class")
    unit: str | None = None
    rule: str | None = None
    rule_version: str | None = None
    kind: str | None = None
    level: LevelWord | None = None
    levels: list[LevelWord] | None = Field(None, description="every level the occurrence has had")
    priority: int | None = Field(None, ge=1, le=4)
    onset: Time | None = Field(None, description="first reading beyond the trigger, before the delay")
    value: float | None = None
    limit: float | None = None
    reset: float | None = None
    quality: str | None = None
    rate: float | None = Field(None, description="unit per second")
    eta_s: float | None = None
    confidence: float | None = None
    before: Axes | None = None
    after: Axes | None = None
    isa: Isa | None = None
    actor: Actor | None = None
    comment: str | None = None
    guidance: str | None = None
    members: list[str] | None = Field(None, description="tags of a device, bus or group")
    detail: dict[str, Any] | None = Field(None, description="fields of one kind of event")
    fault: bool = Field(description="an instrument or system alarm, as against a process alarm")
    stage: Literal["shadow"] | None = Field(None, description="judged and journalled, not announced")
    backfill: Literal[True] | None = Field(None, description="decided on late data")
    late_s: float | None = None
    durable: Literal[False] | None = Field(None, description="it left before a failing disk could keep it")
    exercise: Id | None = Field(None, description="the drill it belongs to; it is none of the plant's")
    alg: Literal["sha256"]
    prev_hash: Hash
    hash: Hash


class Tags(_Model):
    """How many tags are in which quality."""

    good: int = Field(ge=0)
    uncertain: int = Field(ge=0)
    bad: int = Field(ge=0)


class Head(_Model):
    """The last event of the journal."""

    seq: int = Field(ge=0)
    hash: str


class Status(_Model):
    """Retained on ``status``. Older than ``expected_every_s`` an ``online`` is not online. The last will: offline."""

    schema_: Literal["fengsui.status/1"] = Field(alias="schema")
    state: Literal["starting", "online", "degraded", "offline"]
    gateway: Id
    epoch: str
    connected_at: Time
    time: Time | None = None
    started: Time | None = None
    expected_every_s: int | None = None
    county: County | None = None
    site: Id | None = None
    version: str | None = None
    config: Hash | None = None
    head: Head | None = None
    tags: Tags | None = None
    backlog: dict[str, int] | None = Field(None, description="output -> records or readings waiting")
    oldest_unsent_alarm: Time | None = None
    disk_free: int | None = Field(None, description="bytes")
    disk_days: float | None = Field(
        None, description="days until history reaches the disk's end or its own limit"
    )
    history_from: Time | None = Field(None, description="source time of the oldest readings kept")
    clock_offset_s: float | None = None
    clock_synchronised: bool | None = Field(None, description="the clock is disciplined; null: not known")
    certificate_days: int | None = None
    troubles: list[str] | None = None
    durable: bool | None = None
    exercise: str | None = Field(None, description="the drill that is running beside the plant")


class _Headed(_Model):
    gateway: Id
    epoch: str
    time: Time
    county: County
    site: Id


class Listed(_Model):
    """An installation and how many pages it has."""

    installation: str
    name: str
    pages: int = Field(ge=1)


class Counts(_Model):
    """Totals over all pages."""

    tags: int
    rules: int
    links: int


class Birth(_Headed):
    """Retained on ``birth``: the manifest of the pages."""

    schema_: Literal["fengsui.birth/1"] = Field(alias="schema")
    config: Hash
    version: str
    name: str | None = None
    name_en: str | None = None
    counts: Counts
    installations: list[Listed] | None = None


class Installation(_Model):
    """A major hazard installation."""

    id: str
    name: str | None = None
    name_en: str | None = None
    kind: str | None = None
    grade: int | None = Field(None, ge=1, le=4, description="GB 18218")
    base_level: LevelWord
    stage: Stage
    position: list[float] | None = Field(None, min_length=2, max_length=2, description="longitude, latitude")
    materials: list[str] | None = None
    owners: list[str] | None = None


class Tag(_Model):
    """A measured point."""

    id: str
    raw: str | None = None
    description: str | None = None
    description_en: str | None = None
    class_: str | None = Field(None, alias="class")
    unit: str | None = None
    low: float | None = None
    high: float | None = None
    period_s: float
    max_age_s: float
    limit_required: bool | None = None
    expression: str | None = None
    calibration_due: str | None = None
    links: list[str] | None = None


class Rule(_Model):
    """How a tag or group is judged."""

    id: str
    name: str
    kind: RuleKind
    tag: str
    tags: list[str] | None = None
    level: LevelWord
    priority: int = Field(ge=1, le=4)
    trigger: float
    reset: float
    on_delay_s: float
    off_delay_s: float
    stage: Stage
    enabled: bool
    description: str | None = None
    guidance: str | None = None
    standard: str | None = None
    clause: str | None = None
    mark: str | None = None
    verified_by: str | None = None
    version: str | None = None


class Link(_Model):
    """A bus or device."""

    id: str
    description: str | None = None
    source: str | None = None
    parent: str | None = None


class BirthPage(_Headed):
    """Retained on ``birth/<installation>/<n>``; at most 128 kB. Empty: the page is no longer there."""

    schema_: Literal["fengsui.birth-page/1"] = Field(alias="schema")
    config: Hash
    page: int = Field(ge=1)
    pages: int = Field(ge=1)
    installation: Installation
    tags: list[Tag]
    rules: list[Rule]
    links: list[Link]


class Live(_Model):
    """Live and base level of a place. Lists hold at most 100; ``*_count`` is the full number."""

    level: LiveLevel
    base: LevelWord
    since: Time
    cause: list[str] | None = None
    cause_count: int | None = None
    blinded: list[str] | None = None
    blinded_count: int | None = None
    not_judged: list[str] | None = None
    not_judged_count: int | None = None
    unjudged: list[str] | None = Field(
        None, description="rules whose condition is not known now, with why: ``LT-1.SL: state-not-listed``"
    )
    unjudged_count: int | None = None
    suppressed: list[str] | None = None
    suppressed_count: int | None = None
    modifiers: list[str] | None = Field(
        None, description="modifiers of the level that apply, with their causes"
    )
    modifiers_count: int | None = None


class LivePlace(Live):
    """The same of one installation."""

    installation: str


class Level(_Headed):
    """Retained on ``level``."""

    schema_: Literal["fengsui.level/1"] = Field(alias="schema")
    seq: int = Field(ge=0)
    live: Live
    installations: list[LivePlace] | None = None


class Occurrence(_Model):
    """One open alarm as of its n-th event."""

    id: OccurrenceId
    n: int = Field(ge=1)
    rule_version: str | None = None
    kind: str | None = None
    description: str | None = None
    class_: str | None = Field(None, alias="class")
    unit: str | None = None
    level: LevelWord
    levels: list[LevelWord]
    priority: int = Field(ge=1, le=4)
    onset: Time
    raised: Time
    changed: Time
    isa: Isa | None = None
    value: float | None = None
    limit: float | None = None
    reset: float | None = None
    quality: str
    guidance: str | None = None
    members: list[str] | None = None
    comment: str | None = None
    acknowledged_by: Actor | None = None
    until: Time | None = Field(None, description="when a suppression by a person ends by itself")
    set_aside_by: Actor | None = None
    reason: str | None = None
    first_out: bool | None = Field(None, description="the first of its group")
    group: str | None = Field(
        None, description="what it belongs to: first-out:GROUP, device:LINK, installation:ID or system"
    )
    due: Time | None = Field(None, description="when its disposal is overdue")
    report_due: Time | None = Field(None, description="when its dual report is overdue")
    fault: bool
    axes: Axes


class State(_Headed):
    """Retained on ``state/<installation>/<tag>/<rule>``: what is open of one rule, oldest first. Empty: nothing is."""

    schema_: Literal["fengsui.state/1"] = Field(alias="schema")
    seq: int = Field(ge=0)
    rule: str
    name: str | None = None
    installation: str | None = None
    tag: str | None = None
    occurrences: list[Occurrence] = Field(min_length=1)
