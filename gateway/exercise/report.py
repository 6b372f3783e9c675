"""What a drill's journal says of it: who acknowledged what when, and how long each step took. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.history.scenario.file import Scenario
from gateway.history.scenario.lines import Expected, came
from gateway.history.scenario.words import spelled
from gateway.model.events import Event, EventKind, Record
from gateway.model.times import NS, iso

_OPENS: Final = (EventKind.RAISED, EventKind.RE_ALARM)
MOST: Final = 2_000
"""alarms listed in one report; the count is complete"""


@dataclass(slots=True)
class _Alarm:
    """One occurrence of the drill."""

    first: Event
    raised: int
    acknowledged: Event | None = None
    cleared: int = 0
    closed: int = 0
    steps: list[Event] = field(default_factory=list)


def report(
    records: Sequence[Record], scenario: Scenario | None, real: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The report of a drill.

    Args:
        records: its own journal, whole.
        scenario: what was played; None where it can no longer be read.
        real: alarms that the plant itself raised meanwhile.
    """
    events = [r.event for r in records]
    first = next((e for e in events if e.event is EventKind.EXERCISE_STARTED), None)
    last = next((e for e in reversed(events) if e.event is EventKind.EXERCISE_ENDED), None)
    start = first.time if first is not None else (events[0].time if events else 0)
    alarms = _alarms(events)
    told = [_alarm(a, start) for a in alarms.values()]
    waits = sorted(a["acknowledged_after_s"] for a in told if a["acknowledged_after_s"] is not None)
    return {
        "exercise": str(first.detail.get("exercise", "")) if first else "",
        "scenario": str(first.detail.get("scenario", "")) if first else "",
        "started": iso(start) if start else None,
        "started_by": _who(first),
        "ended": iso(last.time) if last else None,
        "ended_by": _who(last),
        "why": str(last.detail.get("why", "")) if last else "",
        "lasted_s": round((last.time - start) / NS, 3) if last else None,
        "events": len(records),
        "alarms": told[:MOST],
        "alarms_count": len(told),
        "acknowledged": len(waits),
        "not_acknowledged": len(told) - len(waits),
        "time_to_acknowledge_s": {"median": waits[len(waits) // 2], "longest": waits[-1]} if waits else None,
        "people": _people(events),
        "expected": _expected(scenario, events, start) if scenario else [],
        "real_alarms": [dict(each) for each in real],
        "journal": {"epoch_head": records[-1].hash, "seq": records[-1].seq} if records else None,
    }


def _alarms(events: Iterable[Event]) -> dict[str, _Alarm]:
    found: dict[str, _Alarm] = {}
    for event in events:
        if not event.id or event.shadow:
            continue
        if event.event in _OPENS and event.id not in found:
            found[event.id] = _Alarm(event, event.time)
        known = found.get(event.id)
        if known is not None:
            _follow(known, event)
    return found


def _follow(alarm: _Alarm, event: Event) -> None:
    if event.event is EventKind.ACKNOWLEDGED and alarm.acknowledged is None:
        alarm.acknowledged = event
    elif event.event is EventKind.CLEARED:
        alarm.cleared = event.time
    elif event.event is EventKind.CLOSED:
        alarm.closed = event.time
    elif event.event.value.startswith("disposal-") and event.actor is not None:
        alarm.steps.append(event)


def _alarm(alarm: _Alarm, start: int) -> dict[str, Any]:
    e, seen = alarm.first, alarm.acknowledged
    return {
        "id": e.id,
        "rule": e.rule,
        "tag": e.tag,
        "installation": e.installation,
        "level": e.level.word if e.level else None,
        "fault": e.fault,
        "raised": iso(alarm.raised),
        "raised_after_s": round((alarm.raised - start) / NS, 3),
        "acknowledged": iso(seen.time) if seen else None,
        "acknowledged_by": _who(seen),
        "acknowledged_after_s": round((seen.time - alarm.raised) / NS, 3) if seen else None,
        "comment": seen.comment if seen else "",
        "cleared": iso(alarm.cleared) if alarm.cleared else None,
        "closed": iso(alarm.closed) if alarm.closed else None,
        "disposal": [{"step": s.event.value, "time": iso(s.time), "by": _who(s)} for s in alarm.steps],
    }


def _people(events: Iterable[Event]) -> dict[str, int]:
    """Name -> how many acts."""
    found: dict[str, int] = {}
    for event in events:
        if event.id and event.actor is not None:
            found[event.actor.name or event.actor.id] = found.get(event.actor.name or event.actor.id, 0) + 1
    return found


def _expected(scenario: Scenario, events: Sequence[Event], start: int) -> list[dict[str, Any]]:
    """Each expectation, and when it came: the first that fits and was not taken by one before it."""
    free = [c for e in events if (c := came(e, start)) is not None and c.at >= 0]
    out = []
    for wanted in scenario.expect:
        fits = [c for c in free if _fits(wanted, c.event, c.rule, c.level)]
        found = min(fits, key=lambda c: max(wanted.first - c.at, c.at - wanted.last, 0), default=None)
        if found is not None:
            free.remove(found)
        at = spelled(found.at) if found else None
        late = round(max(found.at - wanted.last, 0) / NS, 3) if found else None
        out.append({"expected": str(wanted), "came": at, "late_s": late})
    return out


def _fits(wanted: Expected, event: str, rule: str, level: str) -> bool:
    return (wanted.event, wanted.rule) == (event, rule) and wanted.level in ("", level)


def _who(event: Event | None) -> str | None:
    return (event.actor.name or event.actor.id) if event is not None and event.actor is not None else None
