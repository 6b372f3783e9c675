"""One event of the plant from the first reading beyond the limit to its closing (销警), and its two reports (双报告).

From the journal's records alone, under one id: what was sensed, judged, told to whom, acknowledged, handled, reported
and closed, each with its time; so anybody can ask afterwards where the time went.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.model.events import Event, EventKind
from gateway.model.times import NS, iso, parse_iso

STAGES: Final[Mapping[str, tuple[EventKind, ...]]] = {
    "judged": (EventKind.RAISED,),
    "notified": (EventKind.NOTIFIED,),
    "escalated": (EventKind.ESCALATED,),
    "acknowledged": (EventKind.ACKNOWLEDGED,),
    "assigned": (EventKind.DISPOSAL_ASSIGNED,),
    "taken": (EventKind.DISPOSAL_HANDLING,),
    "handled": (EventKind.DISPOSAL_REVIEW,),
    "normal": (EventKind.CLEARED,),
    "reviewed": (EventKind.DISPOSAL_CLOSED, EventKind.DISPOSAL_FALSE_ALARM),
    "closed": (EventKind.CLOSED, EventKind.RETIRED),
}
"""stage -> events that are it; the first of each counts, but of the last five the last"""
_LAST: Final = ("handled", "normal", "reviewed", "closed")
OFFICES: Final = ("department", "congress")


@dataclass(frozen=True, slots=True)
class Case:
    """Everything of one occurrence. ``stages``: name -> ns, only those that were reached, in their order."""

    id: str
    stages: Mapping[str, int]
    reports: Mapping[str, Mapping[str, Any]]
    """office -> the first record made to it: time, who, reference"""
    due: int | None
    """ns; when both reports were owed"""
    events: tuple[Event, ...]

    @property
    def false_alarm(self) -> bool:
        """It was reviewed as one."""
        return any(e.event is EventKind.DISPOSAL_FALSE_ALARM for e in self.events)

    @property
    def overdue(self) -> tuple[str, ...]:
        """Offices that were not told in time, or not at all."""
        if self.due is None or self.false_alarm:
            return ()
        told = {office: parse_iso(record["made"]) for office, record in self.reports.items()}
        return tuple(office for office in OFFICES if told.get(office, self.due + 1) > self.due)

    def as_json(self) -> dict[str, Any]:
        """JSON values; seconds are since the first reading beyond the limit."""
        first, begin = self.events[0], self.stages.get("sensed", self.events[0].time)
        return {
            "id": self.id,
            "rule": first.rule,
            "tag": first.tag,
            "installation": first.installation,
            "description": first.description,
            "level": _highest(self.events),
            "stages": {k: {"time": iso(at), "after_s": (at - begin) / NS} for k, at in self.stages.items()},
            "reports": {k: dict(v) for k, v in self.reports.items()},
            "report_due": iso(self.due) if self.due is not None else None,
            "report_overdue": list(self.overdue),
        }


def cases(events: Iterable[Event]) -> dict[str, Case]:
    """Every occurrence of these events (the journal's, oldest first), by id."""
    own: dict[str, list[Event]] = {}
    for event in events:
        ident = event.id or str(event.detail.get("alarm", ""))
        if event.id and event.n == 1:
            own[ident] = [event]
        elif ident in own:
            own[ident].append(event)
    return {ident: _case(ident, tuple(found)) for ident, found in own.items()}


def _case(ident: str, events: tuple[Event, ...]) -> Case:
    stages: dict[str, int] = {} if events[0].onset is None else {"sensed": events[0].onset}
    for stage, kinds in STAGES.items():
        times = [e.time for e in events if e.event in kinds]
        if times:
            stages[stage] = times[-1] if stage in _LAST else times[0]
    made = [e for e in events if e.event is EventKind.REPORTED]
    owed = [parse_iso(e.detail["due"]) for e in events if e.event is EventKind.REPORT_DUE]
    return Case(ident, stages, _reports(made), owed[0] if owed else None, events)


def _reports(made: Iterable[Event]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for event in made:
        record = {
            "made": event.detail["made"],
            "recorded": iso(event.time),
            "who": event.actor.name if event.actor else "",
            "reference": event.detail["reference"],
            "comment": event.comment,
        }
        found.setdefault(event.detail["to"], record)
    return found


def _highest(events: Iterable[Event]) -> str:
    return max(e.level for e in events if e.level is not None).word
