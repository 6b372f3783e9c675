"""Shapes of API version 1, for OpenAPI and to check what people send. Answers are encoded by orjson, not by these."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from gateway.console.times import Said

Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
Statement = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]
Level = Literal["red", "orange", "yellow", "blue"]
Live = Literal["red", "orange", "yellow", "blue", "no-view", "not-judged", "normal"]
Standing = Literal["good", "uncertain", "bad"]
MOST = (1 << 53) - 1
"""of whole numbers: what JavaScript and the store both hold exactly"""


class Model(BaseModel):
    """Unknown keys are refused, on both sides."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Problem(Model):
    """Why not. ``reason`` is for people."""

    error: str
    reason: str
    faults: list["FaultView"] | None = Field(None, description="of a configuration: everything that is wrong")


class FaultView(Model):
    """One thing that is wrong in a configuration, and what would be right."""

    file: str
    line: int | None
    path: str
    value: str
    allowed: str
    hint: str


class TagCount(Model):
    good: int
    uncertain: int
    bad: int


class StatusView(Model):
    """Who this gateway is and how it does."""

    gateway: str
    county: str
    site: str
    name: str
    name_en: str
    config: str
    table: str
    epoch: str
    seq: int
    hash: str
    state: Literal["starting", "online", "degraded"]
    time: str
    started: str
    version: str
    tags: TagCount
    backlog: dict[str, int]
    oldest_unsent_alarm: str | None
    disk_free: int
    disk_days: float | None = Field(description="until history reaches the disk's end or its own limit")
    history_from: str | None = Field(description="source time of the oldest readings kept")
    history_bytes: int
    durable: bool
    clock_offset_s: float | None
    clock_synchronised: bool | None = Field(description="the machine's clock is disciplined; null: not known")
    certificate_days: int | None
    troubles: list[str]
    exercise: str | None = Field(None, description="id of the drill that runs beside the plant")


class LevelView(Model):
    """Live level of a place beside its base level."""

    installation: str
    name: str
    name_en: str
    kind: str
    grade: int | None
    stage: Literal["shadow", "live"]
    owners: list[str]
    materials: list[str]
    level: Live
    base: Level
    since: str | None
    cause: list[str]
    blinded: list[str]
    not_judged: list[str]
    unjudged: list[str]
    suppressed: list[str]
    modifiers: list[str]


class LevelsView(Model):
    time: str
    levels: list[LevelView]


class ActorView(Model):
    id: str
    name: str
    workstation: str


class AlarmView(Model):
    """One open occurrence; its axes are never one flag."""

    id: str
    n: int
    rule: str
    name: str
    tag: str
    installation: str
    kind: str
    fault: bool
    shadow: bool
    description: str
    class_: str = Field(alias="class")
    unit: str
    level: Level
    priority: int
    onset: str
    raised: str
    changed: str
    condition: Literal["normal", "active", "unknown"]
    acknowledgement: Literal["unacknowledged", "acknowledged", "not-required"]
    latch: Literal["none", "latched"]
    suppression: str
    disposal: str
    report: str
    isa: str
    value: float | None
    limit: float | None
    reset: float | None
    quality: str
    quality_status: Standing
    guidance: str
    members: list[str]
    acknowledged_by: ActorView | None
    comment: str
    first_out: bool
    group: str
    until: str | None
    set_aside_by: ActorView | None
    reason: str
    permit: str
    calibrating: bool
    aside_for: str
    due: str | None
    report_due: str | None


class AlarmsView(Model):
    time: str
    epoch: str
    seq: int
    alarms: list[AlarmView]


class LimitView(Model):
    rule: str
    name: str
    side: Literal["high", "low"]
    trigger: float | None
    reset: float | None
    level: Level
    priority: int
    stage: Literal["shadow", "live"]
    enabled: bool


class TagView(Model):
    """A measured point, its limits and its present."""

    id: str
    raw: str
    description: str
    description_en: str
    class_: str = Field(alias="class")
    unit: str
    installation: str
    low: float | None
    high: float | None
    max_age_s: float
    links: list[str]
    calibration_due: str
    manual: bool
    twin: str = Field(description="of a manual tag: the online tag of the same point")
    twin_within: float = Field(description="by how much the two may differ")
    limits: list[LimitView]
    value: float | None
    quality: str
    quality_status: Standing
    source: str | None
    received: str | None


class TagsView(Model):
    time: str
    config: str
    table: str
    tags: list[TagView]


class LinkView(Model):
    """A line or device as its source counts it. ``cycles``: period asked for in s, achieved cycle in s."""

    link: str
    description: str
    parent: str
    up: bool | None
    requests: int
    replies: int
    errors: dict[str, int]
    overdue: int
    reply_s: float
    reply_max_s: float
    cycles: dict[str, float]


class LinksView(Model):
    time: str
    links: list[LinkView]


class HistoryView(Model):
    """Columns of one length. ``time_ms``: UTC, ms since 1970. A null value is no value, never zero."""

    tag: str
    unit: str
    start: str
    end: str
    time_ms: list[int]
    value: list[float | None]
    low: list[float | None]
    high: list[float | None]
    quality: list[int]


class EventsView(Model):
    """Journal records as published, oldest first."""

    epoch: str
    head: int
    events: list[dict[str, object]]


class SeenBody(Model):
    """An occurrence and the last event of it that the person saw: what is newer stays unacknowledged."""

    id: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    n: Annotated[int, Field(ge=1, le=MOST)]


class ActorBody(Model):
    """Who acts. Needed from the terminal and where there are no accounts; else the one who has signed in acts."""

    id: Word
    name: Word
    workstation: Annotated[str, StringConstraints(strip_whitespace=True, max_length=64)] = ""


class SecondBody(ActorBody):
    """The second person, who proves it where there are accounts."""

    password: Annotated[str, StringConstraints(max_length=200)] = ""
    code: Annotated[str, StringConstraints(max_length=16)] = ""


class ActBody(Model):
    """Who does it, to what, and why."""

    ids: Annotated[list[SeenBody], Field(min_length=1, max_length=1000)]
    actor: ActorBody | None = None
    comment: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""


class SetAsideBody(Model):
    """Who keeps which rules or alarms from the operator, why and until when."""

    ids: Annotated[list[SeenBody], Field(max_length=1000)] = []
    rules: Annotated[list[Word], Field(max_length=1000)] = []
    actor: ActorBody | None = None
    comment: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""
    tags: Annotated[list[Word], Field(max_length=1000)] = []
    installation: Annotated[str, StringConstraints(strip_whitespace=True, max_length=64)] = ""
    calibration: bool = False
    until: Said | None = None
    permit: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] = ""
    second: SecondBody | None = None


class LoopBody(ActBody):
    """One step of the closed loop, and what it states."""

    assignee: Statement = ""
    cause: Statement = ""
    measure: Statement = ""
    evidence: Statement = ""


class ReportBody(ActBody):
    """One of the two reports of a major event: to whom, with which receipt, when if not just now."""

    to: Literal["department", "congress"]
    reference: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    time: Said | None = None


class WatchBody(Model):
    """A period of heightened watch that begins now: why, until when, where, and how much quicker to acknowledge."""

    watch: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    until: Said
    installations: Annotated[list[Word], Field(max_length=1000)] = []
    acknowledge: Annotated[float, Field(gt=0, le=1)] = 1.0
    actor: ActorBody | None = None
    comment: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class WatchEndBody(Model):
    """A period of heightened watch that is over now."""

    watch: Word
    actor: ActorBody | None = None
    comment: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""


class ReloadBody(Model):
    """Who wants the files read again, and why."""

    actor: ActorBody | None = None
    accept: bool = Field(False, description="drop what two persons signed and the files do not say any more")
    comment: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class ReloadView(Model):
    """Hashes of the configuration that ran and of the one that follows, and what differs."""

    old: str
    new: str
    changes: list[str]


class DoneView(Model):
    """The events it caused, as published."""

    events: list[dict[str, object]]


class ReadyView(Model):
    ready: bool
    state: str
    troubles: list[str]


class HealthView(Model):
    status: Literal["ok"]
    version: str
