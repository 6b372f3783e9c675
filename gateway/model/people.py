"""People: who stands behind an installation, who is on duty when, and who is told of which alarm.

All of it is data of the effective configuration, and every answer is a function of it and a time: a replay asks the
same questions and gets the same answers. Hours of a day are those of the plant, UTC+8.
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from gateway.model.levels import Level
from gateway.model.times import NS, seconds

DAY: Final = 86_400 * NS
_CHINA: Final = 8 * 3600 * NS
_THURSDAY: Final = 3
"""weekday of 1970-01-01, Monday 0"""
EVERY_DAY: Final = (0, 1, 2, 3, 4, 5, 6)
OWNER: Final = "owner:"
"""prefix of a recipient that is no post: ``owner:technical`` is the owner of the alarm's installation in that role"""
RESPONSIBLE: Final = "responsible"
"""role of the chain that an installation without a named one has: one responsible person (责任人)"""
_FAMILIES: Final = MappingProxyType(
    {
        "gas": ("gas-combustible", "gas-toxic", "oxygen", "methane"),
        "process": ("level", "pressure", "temperature", "flow"),
        "dam": ("phreatic-depth", "pool-level", "freeboard", "dry-beach", "displacement"),
        "weather": ("rainfall", "wind-speed", "wind-direction"),
        "equipment": ("state", "command", "current"),
    }
)
INSTRUMENT: Final = "instrument"
OTHER: Final = "other"
SPECIALTIES: Final = (*_FAMILIES, INSTRUMENT, OTHER)
"""families of classes by which alarms are routed; instrument: faults of whatever class; other: all that is left"""
_FAMILY_OF: Final = MappingProxyType({cls: name for name, classes in _FAMILIES.items() for cls in classes})


def specialty_of(cls: str, *, fault: bool) -> str:
    """The family that an alarm of this class belongs to."""
    return INSTRUMENT if fault else _FAMILY_OF.get(cls, OTHER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A named person and how to reach them."""

    id: str
    name: str
    phone: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Hours of days of the week (0 is Monday), in UTC+8: from ``start`` to before ``end``, ns into the day.

    ``end`` at or before ``start`` reaches into the next day; ``days`` are those on which it begins.
    """

    days: tuple[int, ...] = EVERY_DAY
    start: int = 0
    end: int = DAY

    def hold(self, time: int) -> bool:
        """Is ``time`` (ns since the epoch) within them?"""
        day, into = divmod(time + _CHINA, DAY)
        today, yesterday = (day + _THURSDAY) % 7, (day + _THURSDAY - 1) % 7
        if self.start < self.end:
            return today in self.days and self.start <= into < self.end
        return (today in self.days and into >= self.start) or (yesterday in self.days and into < self.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """Who is on duty in which hours of the week."""

    hours: Hours
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rota:
    """Teams that relieve each other for good: ``teams`` in order, ``length`` ns each, the first at ``begins`` (ns)."""

    begins: int
    length: int
    teams: tuple[tuple[str, ...], ...]

    def team(self, time: int) -> tuple[str, ...]:
        """Who is on duty; also before the rota began."""
        return self.teams[(time - self.begins) // self.length % len(self.teams)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A duty post (值班岗位): ids of persons always on it, and of those in shifts and in a rota."""

    id: str
    name: str
    name_en: str = ""
    members: tuple[str, ...] = ()
    shifts: tuple[Shift, ...] = ()
    rota: Rota | None = None

    def on_duty(self, time: int) -> tuple[str, ...]:
        """Ids of the persons on this post at ``time``, each once; empty: nobody."""
        shift = (m for s in self.shifts if s.hours.hold(time) for m in s.members)
        team = self.rota.team(time) if self.rota else ()
        return tuple(dict.fromkeys((*self.members, *shift, *team)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """One link of a chain of responsible persons."""

    id: str
    name: str
    name_en: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """Who must stand behind an installation (三级包保 and its like): an industry's rule, given by its pack."""

    id: str
    name: str
    roles: tuple[Role, ...]
    name_en: str = ""
    standard: str = ""
    mark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """A named person in a role of an installation's chain."""

    role: str
    person: str
    """id"""
    name: str
    role_name: str = ""
    role_name_en: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One row of the routing table. Empty ``installations``: all; ``hours`` None: at any time.

    ``posts`` are told at once; each of ``escalate`` after the one before it let its time pass. Entries are ids of posts
    or ``owner:<role>``.
    """

    levels: tuple[Level, ...]
    specialties: tuple[str, ...]
    posts: tuple[str, ...]
    escalate: tuple[str, ...] = ()
    installations: tuple[str, ...] = ()
    hours: Hours | None = None

    def takes(self, level: Level, specialty: str, installation: str, time: int) -> bool:
        """Does this row apply to such an alarm at ``time``?"""
        here = not self.installations or installation in self.installations
        known = level in self.levels and specialty in self.specialties
        return known and here and (self.hours is None or self.hours.hold(time))


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """Who is told of what: the first row that applies. ``acknowledge``: level -> ns within which the posts told last
    must acknowledge, before the next is told."""

    routes: tuple[Route, ...] = ()
    acknowledge: tuple[tuple[Level, int], ...] = ()

    def route(self, level: Level, specialty: str, installation: str, time: int) -> Route | None:
        """The row that applies, or none."""
        rows = (r for r in self.routes if r.takes(level, specialty, installation, time))
        return next(rows, None)

    def limit(self, level: Level) -> int:
        """Ns to acknowledge an alarm of this level; 0: none is set."""
        return dict(self.acknowledge).get(level, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorConsole:
    """One operator's place of work: the installations whose alarms come to it."""

    id: str
    name: str
    installations: tuple[str, ...]
    name_en: str = ""


SHORTEST_TURN: Final = seconds(3600)
"""shortest turn of a rota: below an hour it is a slip of the pen"""
