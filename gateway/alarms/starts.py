"""Starts, outages, what was lost and what was put away, as events."""

from typing import Any

from gateway.alarms.facts import ArchiveFact, GapFact, StartedFact
from gateway.alarms.instruments import Health
from gateway.model.events import Event, EventKind
from gateway.model.times import NS, iso


def started(fact: StartedFact, gateway: str, health: Health) -> list[Event]:
    """The gateway began, or stood still; nobody could have spoken to it meanwhile."""
    detail: dict[str, Any] = {"version": fact.version}
    if fact.config:
        detail["config"] = fact.config
    if fact.note:
        detail["note"] = fact.note
    outage = fact.time - fact.down_since if fact.down_since else 0
    if outage <= 0:
        return [] if fact.stood else [Event(event=EventKind.STARTED, time=fact.time, detail=detail)]
    detail.update(down_since=iso(fact.down_since), outage_s=outage / NS)
    health.shift(outage)
    why = "the gateway stood still" if fact.stood else "the gateway was not running"
    lost = _lost(gateway, fact.down_since, fact.time, None, why)
    missing = Event(event=EventKind.GAP, time=fact.time, detail=lost)
    return (
        [missing] if fact.stood else [Event(event=EventKind.STARTED, time=fact.time, detail=detail), missing]
    )


def gap(fact: GapFact) -> list[Event]:
    """Readings or records that are missing."""
    lost = _lost(fact.who, fact.start, fact.end, fact.count, fact.why)
    return [Event(event=EventKind.GAP, time=fact.time, detail=lost)]


def _lost(who: str, start: int, end: int, count: int | None, why: str) -> dict[str, Any]:
    return {"who": who, "start": iso(start), "end": iso(end), "count": count, "why": why}


def archived(fact: ArchiveFact) -> list[Event]:
    """A day of the archive is closed."""
    kept: dict[str, Any] = {
        "day": fact.day,
        "first": fact.first,
        "last": fact.last,
        "rows": fact.rows,
        "bytes": fact.bytes,
        "hashes": dict(fact.hashes),
    }
    if fact.thinned:
        kept["thinned"] = fact.thinned
    return [Event(event=EventKind.ARCHIVE_CLOSED, time=fact.time, detail=kept)]
