"""Alarms as people count them: from each announcement to the return to normal, whatever was acknowledged between."""

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.model.events import Condition, Event, EventKind
from gateway.model.levels import Level

ANNOUNCED = frozenset({EventKind.RAISED, EventKind.RE_ALARM})


@dataclass(frozen=True, slots=True)
class Episode:
    """One stretch in alarm. ``end`` is None while it lasts."""

    rule: str
    tag: str
    installation: str
    kind: str
    fault: bool
    shadow: bool
    level: Level
    priority: int
    onset: int
    """source time of the first reading beyond, ns"""
    start: int
    """when it was announced, ns"""
    end: int | None
    value: float | None
    limit: float | None

    def until(self, last: int) -> int:
        """Its end, or the end of the recording."""
        return last if self.end is None else self.end


def episodes(events: Iterable[Event]) -> list[Episode]:
    """All stretches in alarm, by start. One that became unknown goes on: not knowing is not normal."""
    running: dict[str, Event] = {}
    done: list[Episode] = []
    for event in events:
        if not event.id or event.after is None:
            continue
        active = event.after.condition is not Condition.NORMAL and not event.after.recorded_only
        if event.event in ANNOUNCED and active and event.rule not in running:
            running[event.rule] = event
        elif not active and event.rule in running:
            done.append(_episode(running.pop(event.rule), event.time))
    done += [_episode(event, None) for event in running.values()]
    return sorted(done, key=lambda e: (e.start, e.rule))


def _episode(event: Event, end: int | None) -> Episode:
    return Episode(
        rule=event.rule, tag=event.tag, installation=event.installation, kind=event.kind, fault=event.fault,
        shadow=event.shadow,        level=event.level or Level.BLUE, priority=event.priority or 4,
        onset=event.time if event.onset is None else event.onset, start=event.time, end=end, value=event.value,
        limit=event.limit,
    )  # fmt: skip
