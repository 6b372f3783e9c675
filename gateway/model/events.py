"""Events: the journalled changes, and occurrences: what they add up to."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple

from gateway.model.commands import Actor
from gateway.model.levels import Level
from gateway.model.times import NEVER

SCHEMA: Final = "fengsui.event/1"


class Condition(StrEnum):
    """Axis 1: what the process does."""

    NORMAL = "normal"
    ACTIVE = "active"
    UNKNOWN = "unknown"


class Acknowledgement(StrEnum):
    """Axis 2: has a person seen it."""

    UNACKNOWLEDGED = "unacknowledged"
    ACKNOWLEDGED = "acknowledged"
    NOT_REQUIRED = "not-required"
    """found in late data, not known to stand: recorded, nobody is called for it"""


class Latch(StrEnum):
    """Axis 3: must a person reset it."""

    NONE = "none"
    LATCHED = "latched"


class Suppression(StrEnum):
    """Axis 4: is it kept from the operator, and by whom."""

    NONE = "none"
    SHELVED = "shelved"
    BY_DESIGN = "by-design"
    OUT_OF_SERVICE = "out-of-service"


class Disposal(StrEnum):
    """Axis 5: the Chinese closed loop (处置)."""

    NOT_REQUIRED = "not-required"
    OPEN = "open"
    ASSIGNED = "assigned"
    HANDLING = "handling"
    REVIEW = "review"
    CLOSED = "closed"
    FALSE_ALARM = "false-alarm"


class Report(StrEnum):
    """Axis 6: the dual report (双报告) of a major event, to the competent department and to the workers' congress."""

    NOT_REQUIRED = "not-required"
    DUE = "due"
    DEPARTMENT = "department"
    """made to the department, not yet to the congress"""
    CONGRESS = "congress"
    """the other way round"""
    MADE = "made"
    WAIVED = "waived"
    """reviewed as a false alarm before both were made"""


@dataclass(frozen=True, slots=True)
class Axes:
    """All axes of one occurrence; the ISA-18.2 letter is derived, never stored apart."""

    condition: Condition = Condition.ACTIVE
    acknowledgement: Acknowledgement = Acknowledgement.UNACKNOWLEDGED
    latch: Latch = Latch.NONE
    suppression: Suppression = Suppression.NONE
    disposal: Disposal = Disposal.NOT_REQUIRED
    report: Report = Report.NOT_REQUIRED

    @property
    def recorded_only(self) -> bool:
        """Journalled and never announced (so far): no alarm topic, no message to people, no count as an alarm."""
        return self.acknowledgement is Acknowledgement.NOT_REQUIRED

    def as_json(self) -> dict[str, str]:
        """Axis name -> state."""
        return {
            "condition": self.condition.value,
            "acknowledgement": self.acknowledgement.value,
            "latch": self.latch.value,
            "suppression": self.suppression.value,
            "disposal": self.disposal.value,
            "report": self.report.value,
        }


class EventKind(StrEnum):
    """Names of journalled changes (the ``event`` field)."""

    RAISED = "raised"
    LEVEL_RAISED = "level-raised"
    LEVEL_LOWERED = "level-lowered"
    UNKNOWN = "unknown"
    KNOWN = "known"
    CLEARED = "cleared"
    ACKNOWLEDGED = "acknowledged"
    RE_ALARM = "re-alarm"
    RESET = "reset"
    CLOSED = "closed"
    SHELVED = "shelved"
    UNSHELVED = "unshelved"
    SUPPRESSED = "suppressed"
    UNSUPPRESSED = "unsuppressed"
    OUT_OF_SERVICE = "out-of-service"
    RETURNED_TO_SERVICE = "returned-to-service"
    DISPOSAL_OPENED = "disposal-opened"
    DISPOSAL_ASSIGNED = "disposal-assigned"
    DISPOSAL_HANDLING = "disposal-handling"
    DISPOSAL_REVIEW = "disposal-review"
    DISPOSAL_RETURNED = "disposal-returned"
    DISPOSAL_CLOSED = "disposal-closed"
    DISPOSAL_FALSE_ALARM = "disposal-false-alarm"
    DISPOSAL_REOPENED = "disposal-reopened"
    DISPOSAL_OVERDUE = "disposal-overdue"
    REPORT_DUE = "report-due"
    REPORTED = "reported"
    REPORT_OVERDUE = "report-overdue"
    WATCH_STARTED = "watch-started"
    WATCH_ENDED = "watch-ended"
    NOTIFIED = "notified"
    ESCALATED = "escalated"
    RETIRED = "retired"
    LIVE_LEVEL = "live-level"
    FLOOD_STARTED = "flood-started"
    FLOOD_ENDED = "flood-ended"
    GAP = "gap"
    ARCHIVE_CLOSED = "archive-closed"
    CONFIG_CHANGED = "config-changed"
    CONFIG_APPROVED = "config-approved"
    CHANGE_PROPOSED = "change-proposed"
    CHANGE_AGREED = "change-agreed"
    CHANGE_DECLINED = "change-declined"
    STARTED = "started"
    MANUAL_READING = "manual-reading"
    LOOP_TESTED = "loop-tested"
    FALSE_DATA = "false-data"
    EXERCISE_STARTED = "exercise-started"
    EXERCISE_ENDED = "exercise-ended"
    CARD_STEP = "card-step"
    ACCESS = "access"


class _Nothing(dict[str, Any]):
    """The detail of events that have none: one for all of them, so nobody may write to it."""

    def __setitem__(self, key: str, value: Any) -> None:
        raise TypeError("an event's detail is not written to")

    def update(self, *_: Any, **__: Any) -> None:
        raise TypeError("an event's detail is not written to")

    def setdefault(self, *_: Any) -> Any:
        raise TypeError("an event's detail is not written to")


NOTHING: Final = _Nothing()


class Event(NamedTuple):
    """One decision. Everything here is identical in live and replay (promise 2).

    ``time`` is the source time of what decided it, ns. ``limit``/``reset`` are the rule's numbers, ``rate`` unit per
    second. ``levels`` are all levels the occurrence has had (topics to publish on). ``fault`` tells an instrument or
    system alarm from a process alarm. ``durable`` is False only when it left before a failing disk could keep it.

    A named tuple: a frozen dataclass of as many fields takes four times as long to make, and an acknowledge-all makes a
    hundred thousand.
    """

    event: EventKind
    time: int
    id: str = ""
    n: int = 0
    installation: str = ""
    tag: str = ""
    description: str = ""
    cls: str = ""
    unit: str = ""
    rule: str = ""
    rule_version: str = ""
    kind: str = ""
    fault: bool = False
    shadow: bool = False
    level: Level | None = None
    levels: tuple[Level, ...] = ()
    priority: int | None = None
    onset: int | None = None
    value: float | None = None
    limit: float | None = None
    reset: float | None = None
    quality: int | None = None
    rate: float | None = None
    eta_s: float | None = None
    confidence: float | None = None
    before: Axes | None = None
    after: Axes | None = None
    isa: str = ""
    actor: Actor | None = None
    comment: str = ""
    guidance: str = ""
    backfill: bool = False
    late_s: float = 0.0
    members: tuple[str, ...] = ()
    """tags a device, bus or group event lists"""
    detail: dict[str, Any] = NOTHING
    """fields of one kind only (gap: who/start/end/count/why; live-level: level/base/cause; ...); JSON values"""

    @property
    def recorded_only(self) -> bool:
        """Of an alarm that nobody was called for (late data), as of this event."""
        return self.after is not None and self.after.recorded_only

    @property
    def announced(self) -> bool:
        """Belongs to an alarm that people are told of: it has a level, is not in shadow and not only recorded."""
        return bool(self.id) and self.level is not None and not self.shadow and not self.recorded_only


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What the journal adds to a decision."""

    gateway: str
    county: str
    site: str
    epoch: str
    seq: int
    recorded: int
    durable: bool = True
    exercise: str = ""
    """id of the drill, of an event that is none of the plant's"""


@dataclass(frozen=True, slots=True)
class Record:
    """An event as journalled: ``data`` are the exact bytes that are hashed, kept and published."""

    seq: int
    recorded: int
    hash: str
    data: bytes
    event: Event


class Occurrence(NamedTuple):
    """One alarm from onset to close, as of its ``n``-th event.

    A named tuple, because a hundred thousand of them are copied at one acknowledgement: with slots to write one by one
    that was a third of its time.
    """

    id: str
    rule: str
    rule_version: str
    name: str
    tag: str
    installation: str
    kind: str
    fault: bool
    shadow: bool
    description: str
    cls: str
    unit: str
    level: Level
    levels: tuple[Level, ...]
    priority: int
    onset: int
    raised: int
    changed: int
    """time of its last event"""
    n: int
    axes: Axes
    isa: str
    value: float | None = None
    limit: float | None = None
    reset: float | None = None
    quality: int = 0
    guidance: str = ""
    members: tuple[str, ...] = ()
    acknowledged_by: Actor | None = None
    comment: str = ""
    until: int = NEVER
    """ns; when its suppression by a person ends by itself"""
    set_aside_by: Actor | None = None
    """who shelved it or took it out of service"""
    reason: str = ""
    """why"""
    permit: str = ""
    """number of the permit under which it is out of service"""
    calibrating: bool = False
    """... because its instrument is being calibrated"""
    aside_for: str = ""
    """rule that is its cause, while it is suppressed by design"""
    due: int = NEVER
    """ns; when its disposal is overdue"""
    handler: str = ""
    """id of who took it in hand"""
    overdue: bool = False
    """its disposal was not done in time, and is not done yet"""
    report_due: int = NEVER
    """ns; when its dual report is overdue"""
    seen: int = 0
    """ns; when it was last acknowledged whole"""
    first_out: bool = False
    """it was the first of its group"""
    group: str = ""
    """what it belongs to: ``first-out:<group>``, ``device:<link>``, ``installation:<id>`` or ``system``"""

    def with_(self, **changes: Any) -> "Occurrence":
        """A copy with some fields replaced."""
        values = list(self)
        for name, value in changes.items():
            values[_PLACE[name]] = value
        return Occurrence._make(values)


_PLACE: Final = {name: place for place, name in enumerate(Occurrence._fields)}


def occurrence_id(gateway: str, epoch: str, rule: str, subject: str, onset: int, ordinal: int) -> str:
    """32 hex digits of SHA-256 over the six parts, each closed by a NUL (design: section 2, *occurrence*)."""
    parts = (gateway, epoch, rule, subject, str(onset), str(ordinal))
    return hashlib.sha256("".join(p + "\0" for p in parts).encode()).hexdigest()[:32]
