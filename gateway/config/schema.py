"""The site file as pydantic models: the shape of each entry.

Unknown keys are refused; every field says what it means (``docs/configuration.md`` is generated from it). What joins
entries, tags and rules is checked in :mod:`gateway.config.rulecheck`.
"""

from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Union

from pydantic import Field, model_validator

from gateway.config.consolepart import Console
from gateway.config.durations import Duration
from gateway.config.kinds import ENTRIES
from gateway.config.kinds.base import KindEntry
from gateway.config.people import (
    ChainEntry,
    LevelsEntry,
    OperatorEntry,
    PersonEntry,
    PostEntry,
    RoutingEntry,
    WatchEntry,
)
from gateway.config.rulebase import (
    RAISE_HELP,
    Flag,
    Id,
    Int,
    LevelWord,
    Name,
    Number,
    Priority,
    Raises,
    RuleBase,
    StageWord,
    Strict,
    Text,
    check_raises,
)
from gateway.config.ways import WaysEntry
from gateway.model.levels import Level
from gateway.model.times import seconds

Longitude = Annotated[Number, Field(ge=-180, le=180)]
Latitude = Annotated[Number, Field(ge=-90, le=90)]


class SiteName(Strict):
    """The enterprise's plant or mine."""

    id: Id = Field(description="topic-safe id of the site")
    name: Name = Field(description="name (Chinese)")
    name_en: Text = Field("", description="name (English)")


class RollUpEntry(Strict):
    """Several points of one item (a class of tags here) at a level count as one of a higher (GB 39496-2020, 5.5.4)."""

    count: Annotated[Int, Field(ge=2)] = Field(description="how many points, each counted once")
    of: LevelWord = Field(description="at this level or higher")
    to: LevelWord = Field(description="count as this")

    @model_validator(mode="after")
    def _higher(self) -> "RollUpEntry":
        if Level.parse(self.to) <= Level.parse(self.of):
            raise ValueError(f"to: a level above {self.of}")
        return self


TypeRules = dict[str, dict[str, dict[str, Any]]]
"""point type -> rule -> the values that are other than the pack's"""


class InstallationEntry(Strict):
    """A major hazard installation or monitored object (重大危险源)."""

    id: Id = Field(description="topic-safe id")
    name: Name = Field(description="name (Chinese)")
    name_en: Text = Field("", description="name (English)")
    kind: str = Field("", description="what it is: tank-farm, pond, face, ...")
    grade: Annotated[Int, Field(ge=1, le=4)] | None = Field(
        None, description="grade 1-4 by GB 18218, where it applies"
    )
    base_level: LevelWord = Field("blue", description="inherent (base) level")
    stage: StageWord = Field("live", description="shadow: judged and journalled, nothing published as alarm")
    position: tuple[Longitude, Latitude] | None = Field(None, description="longitude, latitude, in degrees")
    materials: tuple[str, ...] = Field((), description="materials held")
    pack: str = Field(
        "", description="pack it is an installation of: its chain and roll-up hold where none is given"
    )
    types: TypeRules = Field({}, description="values of this installation over those of its point types")
    chain: str = Field(
        "",
        description="name of its chain of responsible persons; empty: one person, of the role `responsible`",
    )
    owners: dict[Id, Id] = Field(
        {}, description="role of its chain -> id of the person; refused unless every role has one"
    )
    head_pond: Flag = Field(False, description="a pond with people living below its dam (头顶库)")
    roll_up: tuple[RollUpEntry, ...] = Field(
        (), description="points of one item that together count as a higher level"
    )


class Defaults(Strict):
    """What a tag has when its row leaves the cell empty."""

    period: Annotated[Duration, Field(gt=0)] = Field(seconds(1), description="expected time between readings")
    max_age_periods: Annotated[Number, Field(ge=1, le=1000)] = Field(
        3.0, description="max age of a value, in its own periods"
    )
    min_max_age: Duration = Field(seconds(3), description="... and never less than this")


class LimitColumn(Strict):
    """Level and priority of one of the four limit columns."""

    level: LevelWord = Field(description="what people are told")
    priority: Priority = Field(description="1-4, 1 handled first")
    raise_level: Raises = Field((), description=RAISE_HELP)
    latched: Flag = Field(False, description="stays until an operator resets it")
    highly_managed: Flag = Field(False, description="shelved or taken out of service by two persons only")
    first_out: Annotated[str, Field(max_length=64)] = Field(
        "", description="group in which the first is marked"
    )
    re_alarm: Duration = Field(
        0, description="announced again while acknowledged and still there; 0: it is not"
    )

    @model_validator(mode="after")
    def _rising(self) -> "LimitColumn":
        check_raises(self.level, self.raise_level)
        return self


class Limits(Strict):
    """The four limit columns of the tag list."""

    LL: LimitColumn = Field(LimitColumn(level="red", priority=1), description="low-low limits")
    L: LimitColumn = Field(LimitColumn(level="yellow", priority=2), description="low limits")
    H: LimitColumn = Field(LimitColumn(level="yellow", priority=2), description="high limits")
    HH: LimitColumn = Field(LimitColumn(level="red", priority=1), description="high-high limits")


class RuleEntry(RuleBase):
    """A rule of one of the first seven kinds that is not a limit column."""

    kind: Literal["limit-high", "limit-low", "rate-rise", "rate-fall", "state", "discrepancy", "vote"] = (
        Field(description="how it judges")
    )
    tag: str | None = Field(None, description="the tag judged (limit, rate, state)")
    command: str | None = Field(None, description="discrepancy: the command tag")
    feedback: str | None = Field(None, description="discrepancy: the feedback tag")
    group: Id | None = Field(None, description="vote: id of the group, the <tag> of its topics")
    tags: tuple[str, ...] = Field((), description="vote: the member tags")
    needed: Annotated[Int, Field(ge=1)] | None = Field(None, description="vote: k of k-of-n")
    degrade: Literal["trip", "exclude", "unknown"] = Field(
        "trip",
        description="vote: what a BAD member does: trip = counts for the alarm, exclude = is left out, "
        "unknown = the vote is unknown once it could matter",
    )
    side: Literal["high", "low"] = Field("high", description="vote: dangerous side")
    trigger: Number | None = Field(
        None,
        description="limit and vote: beyond at and past this value; rate: at this slope, a positive number",
    )
    reset: Number | None = Field(None, description="normal again inside this; on the normal side of trigger")
    per: Literal["s", "min", "h", "d"] = Field("s", description="rate: time unit of trigger and reset")
    window: Annotated[Duration, Field(gt=0)] = Field(
        seconds(60), description="rate: time over which the slope is taken, at least 4 periods of the tag"
    )
    values: tuple[Annotated[Int, Field(ge=0, le=63)], ...] = Field(
        (), description="state: values 0-63 that are the alarm"
    )


NEEDS: Final[dict[str, tuple[str, ...]]] = {
    "limit-high": ("tag", "trigger", "reset"),
    "limit-low": ("tag", "trigger", "reset"),
    "rate-rise": ("tag", "trigger", "reset"),
    "rate-fall": ("tag", "trigger", "reset"),
    "state": ("tag", "values"),
    "discrepancy": ("command", "feedback"),
    "vote": ("group", "tags", "needed", "trigger", "reset"),
}
"""kind -> settings it cannot be without"""
MAY: Final[dict[str, tuple[str, ...]]] = {
    "rate-rise": ("per", "window"),
    "rate-fall": ("per", "window"),
    "vote": ("degrade", "side"),
}
"""kind -> further settings that only some kinds have"""
if TYPE_CHECKING:
    AnyRule = RuleEntry | KindEntry
else:  # made from the registry, which a type checker cannot follow
    AnyRule = Annotated[Union[RuleEntry, *ENTRIES], Field(discriminator="kind")] if ENTRIES else RuleEntry


class Broker(Strict):
    """The embedded broker, used when no MQTT output is configured."""

    port: Annotated[Int, Field(ge=0, le=65535)] = Field(
        1883, description="loopback MQTT port; 0 picks a free one"
    )


class Storage(Strict):
    """How much of the readings is kept on this machine. Alarms and events are always kept."""

    keep: Duration = Field(
        seconds(365 * 86400),
        description="readings stay this long as history (major hazards: at least 30 days, order 40)",
    )
    max_age: Duration = Field(
        seconds(365 * 86400), description="undelivered readings wait no longer than this"
    )
    max_mb: Annotated[int, Field(ge=64)] = Field(
        20_480, description="spool.db takes no more than this; what is lost leaves a gap record"
    )
    archive: Flag = Field(
        True, description="close each day's readings into Parquet files; false: history stays in spool.db"
    )
    archive_mb: Annotated[int, Field(ge=64)] = Field(
        51_200,
        description="... which take no more than this: then the oldest days are thinned to a few readings a minute, "
        "and go only when that is not enough; each leaves a gap record",
    )
    hold: Annotated[Duration, Field(ge=0, le=seconds(86400))] = Field(
        seconds(3600),
        description="... except this long before and after a red alarm, where every reading stays",
    )


class Exercises(Strict):
    """Drills: a second engine on a copy of the state, with scripted inputs, beside the plant that goes on."""

    folder: Annotated[str, Field(min_length=1)] = Field(
        "exercises", description="folder of scenarios that can be started by name, relative to this file"
    )
    longest: Annotated[Duration, Field(gt=0, le=seconds(86400))] = Field(
        seconds(4 * 3600), description="a drill that nobody ends is over after this"
    )
    keep: Annotated[Int, Field(ge=1, le=1000)] = Field(
        50, description="journals of this many drills are kept; of older ones the report alone"
    )


class Changes(Strict):
    """Management of change: who approves what runs."""

    approval: Literal["none", "asked", "required"] = Field(
        "asked",
        description="of every effective configuration, by two persons (`fengsui approve`). asked: one that is not "
        "approved runs, and a blue fault says so; required: the fault is orange, and a reload of one is refused; "
        "none: nobody asks",
    )
    overrides: Annotated[str, Field(min_length=1)] = Field(
        "overrides.yaml",
        description="what is changed through the gateway (stages, limits, delays), signed by two; relative to this",
    )


class Alarms(Strict):
    """How long people may keep an alarm from the operator, and which alarms need a closed loop (处置闭环)."""

    shelve_longest: Annotated[Duration, Field(gt=0, le=seconds(7 * 86400))] = Field(
        seconds(8 * 3600), description="longest time an alarm may be shelved: a shift, by our own judgement"
    )
    remove_longest: Annotated[Duration, Field(gt=0, le=seconds(366 * 86400))] = Field(
        seconds(30 * 86400), description="longest time out of service under one permit, by our own judgement"
    )
    disposal: dict[LevelWord, Annotated[Duration, Field(gt=0)]] = Field(
        {}, description="level -> time in which its process alarms must be handled, reviewed and closed"
    )
    dual_report: dict[LevelWord, Annotated[Duration, Field(gt=0)]] = Field(
        {},
        description="levels of major events -> time in which both reports (双报告) are to be made: to the competent "
        "department and to the workers' congress",
    )


_NAME: Final = r"^[A-Za-z_][A-Za-z0-9_]*(-[A-Za-z0-9_]+)*$"
PlainName = Annotated[str, Field(pattern=_NAME, max_length=64)]
UnitText = Annotated[str, Field(max_length=20)]


class ConstantEntry(Strict):
    """A fixed value with a name, e.g. the crest of a dam."""

    value: Number = Field(description="its value")
    unit: UnitText = Field("", description="its unit")
    description: Text = Field("", description="where it comes from")


class TableEntry(Strict):
    """Points joined by straight lines, e.g. a strapping table; outside of them there is no value."""

    x: UnitText = Field("", description="unit of x")
    y: UnitText = Field("", description="unit of y")
    points: Annotated[tuple[tuple[Number, Number], ...], Field(min_length=2, max_length=500)] = Field(
        description="pairs of x and y, x rising"
    )
    description: Text = Field("", description="where it comes from")

    @model_validator(mode="after")
    def _rising(self) -> "TableEntry":
        if any(b[0] <= a[0] for a, b in pairwise(self.points)):
            raise ValueError("points with rising x")
        return self


class ComputedNames(Strict):
    """Names that the expressions of computed tags may use."""

    constants: dict[PlainName, ConstantEntry] = Field({}, description="name -> value and unit")
    tables: dict[PlainName, TableEntry] = Field({}, description="name -> points")


class SiteFile(Strict):
    """The whole site file."""

    version: Literal[1] = Field(description="version of this format")
    gateway: Id = Field(description="topic-safe id of this gateway")
    county: Annotated[str, Field(pattern=r"^[0-9]{6}$")] = Field(description="six-digit GB/T 2260 code")
    site: SiteName = Field(description="the enterprise's plant or mine")
    state: Annotated[str, Field(min_length=1)] = Field(
        "state", description="folder of journal and spool, relative to this file"
    )
    installations: Annotated[tuple[InstallationEntry, ...], Field(min_length=1)] = Field(
        description="one entry for each installation"
    )
    people: dict[Id, PersonEntry] = Field({}, description="id -> person")
    posts: dict[Id, PostEntry] = Field({}, description="id -> duty post")
    chains: dict[Id, ChainEntry] = Field({}, description="name -> chain of responsible persons")
    routing: RoutingEntry = Field(
        RoutingEntry(), description="who is told of which alarm; nothing: nobody is"
    )
    consoles: tuple[OperatorEntry, ...] = Field(
        (), description="operator consoles; nothing: the whole site is one"
    )
    levels: LevelsEntry = Field(LevelsEntry(), description="what modifies the live level")
    watches: tuple[WatchEntry, ...] = Field((), description="periods of heightened watch")
    sources: dict[Id, dict[str, Any]] = Field(
        description="name -> settings of one source; `kind` picks the plugin"
    )
    tags: Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        description="tag lists (CSV or XLSX), relative to this file"
    )
    packs: tuple[str, ...] = Field(
        (),
        description="packs whose point types and rules are used: names of built-in ones, or of folders in `packs/`",
    )
    types: TypeRules = Field(
        {},
        description="values of the site over those of the packs: point type -> rule -> settings of the rule",
    )
    defaults: Defaults = Field(Defaults(), description="what an empty cell of a tag list means")
    limits: Limits = Field(Limits(), description="level and priority of the four limit columns")
    computed: ComputedNames = Field(ComputedNames(), description="constants and tables of computed tags")
    rules: tuple[AnyRule, ...] = Field((), description="everything that is not a limit column")
    alarms: Alarms = Field(Alarms(), description="shelving, removal from service, disposal")
    outputs: dict[Id, dict[str, Any]] = Field(
        {}, description="name -> settings of one output; `kind` picks the plugin"
    )
    delivery: dict[Id, WaysEntry] = Field(
        {}, description="output -> the next ways of alarms whose delivery it does not confirm in time"
    )
    console: Console = Field(Console(), description="where console and API listen")
    broker: Broker = Field(Broker(), description="the embedded broker")
    exercises: Exercises = Field(Exercises(), description="drills")
    changes: Changes = Field(Changes(), description="approval of configurations")
    storage: Storage = Field(Storage(), description="how much of the readings is kept on this machine")
