"""People in the site file: persons, duty posts, chains of responsible persons, the routing table, operator consoles."""

import datetime as dt
import re
from typing import Annotated, Final, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from gateway.config.durations import Duration
from gateway.config.rulebase import Id, LevelWord, Name, Number, Strict, Text
from gateway.model.people import DAY, SHORTEST_TURN
from gateway.model.times import NS

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEK: Final[tuple[Day, ...]] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Specialty = Literal["gas", "process", "dam", "weather", "equipment", "instrument", "other"]
ModifierName = Literal["overdue-disposal", "bypass", "weather", "grade", "head-pond", "heightened-watch"]
WHOLE: Final[tuple[Specialty, ...]] = get_args(Specialty)
_CLOCK: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00")
RECIPIENT: Final = r"^(owner:)?[A-Za-z0-9_-]{1,64}$"
Recipient = Annotated[str, Field(pattern=RECIPIENT)]


def _clock(text: object) -> object:
    """``08:30`` -> ns into the day."""
    if not isinstance(text, str) or not _CLOCK.fullmatch(text):
        raise ValueError('a time of day in quotes, e.g. "08:00" or "24:00"')
    hours, minutes = text.split(":")
    return (int(hours) * 60 + int(minutes)) * 60 * NS


def _moment(text: str) -> str:
    try:
        zone = dt.datetime.fromisoformat(text).tzinfo
    except ValueError:
        zone = None
    if zone is None:
        raise ValueError('a time with its zone, e.g. "2026-01-01T08:00:00+08:00"')
    return text


Clock = Annotated[int, BeforeValidator(_clock)]
Moment = Annotated[str, AfterValidator(_moment)]


class PersonEntry(Strict):
    """A named person. A name that begins with 待填 or TO-FILL stands for one who is still to be named."""

    name: Name = Field(description="name")
    phone: Text = Field("", description="telephone number, in quotes")
    email: Text = Field("", description="e-mail address")


class HoursEntry(Strict):
    """Hours of days of the week, UTC+8; an end at or before the start is on the next day."""

    days: Annotated[tuple[Day, ...], Field(min_length=1)] = Field(
        WEEK, description="days on which they begin"
    )
    start: Clock = Field(0, description='from, e.g. "08:00"')
    end: Clock = Field(DAY, description='until, e.g. "20:00"')


class ShiftEntry(HoursEntry):
    """Who is on duty in which hours of the week."""

    members: Annotated[tuple[Id, ...], Field(min_length=1)] = Field(description="ids of persons")


class RotaEntry(Strict):
    """Teams that relieve each other for good; a team may come several times."""

    begins: Moment = Field(description="when the first team's first turn began, with its zone")
    length: Annotated[Duration, Field(ge=SHORTEST_TURN)] = Field(description="of one turn")
    teams: Annotated[tuple[Annotated[tuple[Id, ...], Field(min_length=1)], ...], Field(min_length=1)] = Field(
        description="ids of persons, team by team in the order of their turns"
    )


class PostEntry(Strict):
    """A duty post (值班岗位): who is on it always, in shifts, in turns."""

    name: Name = Field(description="name (Chinese)")
    name_en: Text = Field("", description="name (English)")
    members: tuple[Id, ...] = Field((), description="ids of persons who are always on it")
    shifts: tuple[ShiftEntry, ...] = Field((), description="further persons by the hours of the week")
    rota: RotaEntry | None = Field(None, description="further persons in turns")

    @model_validator(mode="after")
    def _manned(self) -> "PostEntry":
        if not (self.members or self.shifts or self.rota):
            raise ValueError("members, shifts or a rota: a post with nobody on it reaches nobody")
        return self


class RoleEntry(Strict):
    """One link of the chain."""

    id: Id = Field(description="what `owners` of an installation calls it")
    name: Name = Field(description="name (Chinese)")
    name_en: Text = Field("", description="name (English)")


class ChainEntry(Strict):
    """Roles that an installation must have a named owner for; usually given by the pack."""

    name: Name = Field(description="name (Chinese)")
    name_en: Text = Field("", description="name (English)")
    roles: Annotated[tuple[RoleEntry, ...], Field(min_length=1)] = Field(
        description="its roles, the highest first"
    )
    standard: Text = Field("", description="where it comes from")
    mark: Literal["", "V", "S", "U"] = Field("", description="how sure that is")


class RouteEntry(Strict):
    """One row of the routing table. The first row that applies to an alarm is taken."""

    levels: Annotated[tuple[LevelWord, ...], Field(min_length=1)] = Field(description="levels it applies to")
    specialties: Annotated[tuple[Specialty, ...], Field(min_length=1)] = Field(
        WHOLE,
        description="families of classes: gas; process = level, pressure, temperature, flow; dam; weather; "
        "equipment = state, command, current; instrument = faults of any class; other",
    )
    installations: tuple[Id, ...] = Field((), description="only of these; empty: of all")
    hours: HoursEntry | None = Field(None, description="only then; nothing: at any time")
    posts: Annotated[tuple[Recipient, ...], Field(min_length=1)] = Field(
        description="told at once: ids of posts, or owner:ROLE for the installation's owner in that role"
    )
    escalate: tuple[Recipient, ...] = Field(
        (), description="told one after the other, each when nobody has acknowledged in time"
    )


class RoutingEntry(Strict):
    """Who is told of which alarm."""

    table: tuple[RouteEntry, ...] = Field((), description="rows, the first that applies is taken")
    acknowledge: dict[LevelWord, Annotated[Duration, Field(gt=0)]] = Field(
        {}, description="level -> time in which it must be acknowledged before the next is told"
    )


class OperatorEntry(Strict):
    """An operator console: floods and figures are counted for each."""

    id: Id = Field(description="topic-safe id")
    name: Name = Field(description="name (Chinese)")
    name_en: Text = Field("", description="name (English)")
    installations: Annotated[tuple[Id, ...], Field(min_length=1)] = Field(
        description="installations whose alarms come to it"
    )


class ModifierEntry(Strict):
    """A modifier of the live level that is on. None has a number in a standard: who signs it takes it on."""

    verified_by: Name = Field(description="named engineer who signed it")


class LevelsEntry(Strict):
    """What the live level takes into account beside the alarms; see docs/alarms.md for the table."""

    modifiers: dict[ModifierName, ModifierEntry] = Field(
        {}, description="modifiers that are on; all have mark U and are off unless they are here"
    )


class WatchEntry(Strict):
    """A period of heightened watch (重点时段): a holiday, a storm, a meeting."""

    id: Id = Field(description="topic-safe id")
    start: Moment = Field(description="when it begins, with its zone")
    end: Moment = Field(description="when it is over, with its zone")
    reason: Name = Field(description="why")
    installations: tuple[Id, ...] = Field((), description="only of these; empty: the whole site")
    acknowledge: Annotated[Number, Field(gt=0, le=1)] = Field(
        1.0, description="factor on the times to acknowledge while it holds"
    )

    @model_validator(mode="after")
    def _lasting(self) -> "WatchEntry":
        if dt.datetime.fromisoformat(self.end) <= dt.datetime.fromisoformat(self.start):
            raise ValueError("an end after its start")
        return self
