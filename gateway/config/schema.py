"""The site file as pydantic models. Unknown keys are refused; every field says what it means (the reference is generated)."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gateway.config.durations import Duration
from gateway.model.site import ID_PATTERN
from gateway.model.times import seconds

Id = Annotated[str, Field(pattern=f"^{ID_PATTERN.pattern}$")]
LevelWord = Literal["red", "orange", "yellow", "blue"]
StageWord = Literal["live", "shadow"]
Priority = Annotated[int, Field(ge=1, le=4)]


class Strict(BaseModel):
    """Base: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SiteName(Strict):
    """The enterprise's plant or mine."""

    id: Id = Field(description="topic-safe id of the site")
    name: str = Field(description="name (Chinese)")
    name_en: str = Field("", description="name (English)")


class InstallationEntry(Strict):
    """A major hazard installation or monitored object (重大危险源)."""

    id: Id = Field(description="topic-safe id")
    name: str = Field(description="name (Chinese)")
    name_en: str = Field("", description="name (English)")
    kind: str = Field("", description="what it is: tank-farm, pond, face, ...")
    grade: Annotated[int, Field(ge=1, le=4)] | None = Field(
        None, description="grade 1-4 by GB 18218, where it applies"
    )
    base_level: LevelWord = Field("blue", description="inherent (base) level")
    stage: StageWord = Field("live", description="shadow: judged and journalled, nothing published as alarm")
    position: tuple[float, float] | None = Field(None, description="longitude, latitude")
    materials: tuple[str, ...] = Field((), description="materials held")
    owners: tuple[str, ...] = Field((), description="named responsible persons")


class Defaults(Strict):
    """What a tag has when its row leaves the cell empty."""

    period: Duration = Field(seconds(1), description="expected time between readings")
    max_age_periods: Annotated[float, Field(ge=1)] = Field(
        3.0, description="max age of a value, in its own periods"
    )
    min_max_age: Duration = Field(seconds(3), description="... and never less than this")


class LimitColumn(Strict):
    """Level and priority of one of the four limit columns."""

    level: LevelWord = Field(description="what people are told")
    priority: Priority = Field(description="1-4, 1 handled first")
    raise_level: tuple[tuple[Duration, LevelWord], ...] = Field(
        (), description="pairs of time in alarm and the level it then rises to"
    )
    latched: bool = Field(False, description="stays until an operator resets it")


class Limits(Strict):
    """The four limit columns of the tag list."""

    LL: LimitColumn = LimitColumn(level="red", priority=1)
    L: LimitColumn = LimitColumn(level="yellow", priority=2)
    H: LimitColumn = LimitColumn(level="yellow", priority=2)
    HH: LimitColumn = LimitColumn(level="red", priority=1)


class RuleEntry(Strict):
    """A rule that is not a limit column."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")] = Field(
        description="unique id, e.g. LT-101.RISE"
    )
    kind: Literal["limit-high", "limit-low", "rate-rise", "rate-fall", "state", "discrepancy", "vote"] = (
        Field(description="how it judges")
    )
    tag: str | None = Field(None, description="the tag judged (limit, rate, state)")
    command: str | None = Field(None, description="discrepancy: the command tag")
    feedback: str | None = Field(None, description="discrepancy: the feedback tag")
    group: Id | None = Field(None, description="vote: id of the group, the <tag> of its topics")
    tags: tuple[str, ...] = Field((), description="vote: the member tags")
    needed: Annotated[int, Field(ge=1)] | None = Field(None, description="vote: k of k-of-n")
    degrade: Literal["trip", "exclude", "unknown"] = Field("trip", description="vote: what a BAD member does")
    side: Literal["high", "low"] = Field("high", description="vote: dangerous side")
    trigger: float | None = Field(None, description="limit, rate or vote: beyond at and past this")
    reset: float | None = Field(
        None, description="normal again inside this (never equal or past the trigger)"
    )
    per: Literal["s", "min", "h", "d"] = Field("s", description="rate: time unit of trigger and reset")
    window: Duration = Field(seconds(60), description="rate: time base of the slope")
    values: tuple[int, ...] = Field((), description="state: values 0-63 that are the alarm")
    on_delay: Duration = Field(0, description="beyond for this long before it is raised")
    off_delay: Duration = Field(0, description="inside the reset for this long before it is cleared")
    level: LevelWord = Field(description="what people are told")
    priority: Priority = Field(2, description="1-4, 1 handled first")
    raise_level: tuple[tuple[Duration, LevelWord], ...] = Field((), description="pairs: time in alarm, level")
    latched: bool = Field(False, description="stays until an operator resets it")
    stage: StageWord = Field("live", description="shadow: judged and journalled, not announced")
    enabled: bool = Field(True, description="false: not judged, and shown as such")
    description: str = Field("", description="shown on its alarms; empty: the tag's description")
    guidance: str = Field("", description="what to do, shown on its alarms")
    standard: str = Field("", description="standard its numbers come from")
    clause: str = Field("", description="clause of the standard")
    mark: Literal["", "V", "S", "U"] = Field(
        "", description="how sure the number is: V read, S secondary, U unverified"
    )
    verified_by: str = Field("", description="named engineer who signed it")

    @model_validator(mode="after")
    def _complete(self) -> "RuleEntry":
        missing = [name for name in NEEDS[self.kind] if getattr(self, name) in (None, ())]
        if missing:
            raise ValueError(f"kind {self.kind!r} needs {', '.join(missing)}")
        if self.mark == "U" and self.enabled and not self.verified_by:
            raise ValueError(
                "mark U (unverified) is enabled without verified_by; set enabled: false or let an engineer sign"
            )
        return self


NEEDS: dict[str, tuple[str, ...]] = {
    "limit-high": ("tag", "trigger", "reset"),
    "limit-low": ("tag", "trigger", "reset"),
    "rate-rise": ("tag", "trigger", "reset"),
    "rate-fall": ("tag", "trigger", "reset"),
    "state": ("tag", "values"),
    "discrepancy": ("command", "feedback"),
    "vote": ("group", "tags", "needed", "trigger", "reset"),
}


class Console(Strict):
    """Where console and API listen."""

    listen: Annotated[str, Field(pattern=r"^(127\.\d+\.\d+\.\d+|localhost|\[::1\]):\d{1,5}$")] = Field(
        "127.0.0.1:8080", description="loopback address and port; 0 picks a free port"
    )
    enabled: bool = Field(True, description="false: no console and no API (status and journal only)")


class Broker(Strict):
    """The embedded broker, used when no MQTT output is configured."""

    port: Annotated[int, Field(ge=0, le=65535)] = Field(
        1883, description="loopback MQTT port; 0 picks a free one"
    )


class SiteFile(Strict):
    """The whole site file."""

    version: Literal[1] = Field(description="version of this format")
    gateway: Id = Field(description="topic-safe id of this gateway")
    county: Annotated[str, Field(pattern=r"^\d{6}$")] = Field(description="six-digit GB/T 2260 code")
    site: SiteName
    state: str = Field("state", description="folder of journal and spool, relative to this file")
    installations: Annotated[tuple[InstallationEntry, ...], Field(min_length=1)]
    sources: dict[Id, dict[str, Any]] = Field(
        description="name -> settings of one source; `kind` picks the plugin"
    )
    tags: Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        description="tag lists (CSV), relative to this file"
    )
    defaults: Defaults = Defaults()
    limits: Limits = Limits()
    rules: tuple[RuleEntry, ...] = ()
    outputs: dict[Id, dict[str, Any]] = Field(
        {}, description="name -> settings of one output; `kind` picks the plugin"
    )
    console: Console = Console()
    broker: Broker = Broker()
