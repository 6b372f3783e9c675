"""Decisions about one occurrence. Pure: state + fact -> events; nothing is changed here
(:mod:`gateway.alarms.evolve` does).

The tables say what happens; this module only writes it down in events, with everything an event must carry.
"""

import math
from dataclasses import dataclass, field, replace
from typing import Any

from gateway.alarms.evolve import Held, escalation, follow
from gateway.alarms.subjects import Subject
from gateway.alarms.tables import ENDS, NORM, Cause, affect, closes, letter, move
from gateway.model.commands import Actor
from gateway.model.errors import Refused
from gateway.model.events import Acknowledgement, Axes, Event, EventKind, Occurrence
from gateway.model.levels import Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """Why now: the moment, and the measurement or the person behind it.

    ``subject`` is set when the present configuration judged (its version, limit and reset then go into the event);
    without ``measured`` the event repeats the occurrence's last value and quality.
    """

    time: int
    subject: Subject | None = None
    measured: bool = False
    value: float | None = None
    quality: int | None = None
    rate: float | None = None
    late: int = 0
    """ns by which the data came later than its tag's max age; 0 = in time"""
    actor: Actor | None = None
    comment: str = ""
    detail: dict[str, Any] = field(default_factory=dict)


def finite(value: float | None) -> float | None:
    """None for what JSON cannot say."""
    return value if value is not None and math.isfinite(value) else None


def begin(subject: Subject, ident: str, onset: int, basis: Basis) -> list[Event]:
    """A new occurrence."""
    axes, effects = move(NORM, Cause.BEYOND, latched=subject.latched)
    return [
        Event(
            event=effects[0],
            time=basis.time,
            id=ident,
            n=1,
            installation=subject.installation,
            tag=subject.tag,
            description=subject.description,
            cls=subject.cls,
            unit=subject.unit,
            rule=subject.rule,
            rule_version=subject.version,
            kind=subject.kind,
            fault=subject.fault,
            shadow=subject.shadow,
            level=subject.level,
            levels=(subject.level,),
            priority=subject.priority,
            onset=onset,
            value=finite(basis.value),
            limit=finite(subject.limit),
            reset=finite(subject.reset),
            quality=basis.quality,
            rate=finite(basis.rate),
            before=NORM,
            after=axes,
            isa=letter(axes),
            guidance=subject.guidance,
            backfill=basis.late > 0,
            late_s=basis.late / 1e9,
            members=subject.members,
            detail=basis.detail,
        )
    ]


def press(held: Held, cause: Cause, basis: Basis) -> list[Event]:
    """One cause on an open occurrence; empty when it changes nothing.

    Raises:
        Refused: illegal in this state.
    """
    latched = basis.subject is not None and basis.subject.latched
    before = held.occurrence.axes
    after, effects = move(before, cause, latched=latched)
    events: list[Event] = []
    for n, kind in enumerate(effects, held.occurrence.n + 1):
        events.append(_next(held.occurrence, kind, n, (before, after), basis))
        before = after
    return events + _closing(follow(held, *events), events, basis)


def acknowledge(held: Held, n: int, basis: Basis) -> list[Event]:
    """A person saw the occurrence as of its ``n``-th event; what came later keeps waiting.

    Raises:
        Refused: nothing that was seen waits, or there is no such event.
    """
    o = held.occurrence
    if not 1 <= n <= o.n:
        raise Refused(f"alarm {o.id} has events 1 to {o.n}, not {n}")
    if o.axes.acknowledgement is Acknowledgement.UNACKNOWLEDGED and n < held.first:
        raise Refused(f"alarm {o.id} has changed: event {held.last} waits to be acknowledged, not event {n}")
    cause = Cause.SEEN if n >= held.last else Cause.SEEN_PART
    return press(held, cause, replace(basis, detail={"seen": n}))


def raise_level(held: Held, level: Level, basis: Basis) -> list[Event]:
    """The level rises; it must be seen again."""
    o = held.occurrence
    before = o.axes
    after = affect(before, EventKind.LEVEL_RAISED)
    event = _next(o, EventKind.LEVEL_RAISED, o.n + 1, (before, after), basis)
    levels = o.levels if level in o.levels else (*o.levels, level)
    return [replace(event, level=level, levels=levels)]


def escalate(held: Held, steps: tuple[tuple[int, Level], ...], now: int) -> list[Event]:
    """All rises by time in alarm that are due at ``now``, each at its own moment."""
    events: list[Event] = []
    due, level = escalation(held, steps)
    while level is not None and due <= now:
        risen = raise_level(held, level, Basis(time=due, detail={"why": "time in alarm"}))
        events += risen
        held = follow(held, *risen)
        due, level = escalation(held, steps)
    return events


def go_live(held: Held, basis: Basis) -> list[Event]:
    """Announce an occurrence that began in shadow, now that its rule is live."""
    return [replace(e, shadow=False) for e in press(held, Cause.AGAIN, basis)]


def _closing(held: Held, events: list[Event], basis: Basis) -> list[Event]:
    o = held.occurrence
    if not events or events[-1].event in ENDS or not closes(o.axes):
        return []
    return [_next(o, EventKind.CLOSED, o.n + 1, (o.axes, o.axes), replace(basis, detail={}))]


def _next(o: Occurrence, kind: EventKind, n: int, axes: tuple[Axes, Axes], basis: Basis) -> Event:
    judged = basis.subject
    return Event(
        event=kind,
        time=basis.time,
        id=o.id,
        n=n,
        installation=o.installation,
        tag=o.tag,
        description=o.description,
        cls=o.cls,
        unit=o.unit,
        rule=o.rule,
        rule_version=judged.version if judged else o.rule_version,
        kind=o.kind,
        fault=o.fault,
        shadow=o.shadow,
        level=o.level,
        levels=o.levels,
        priority=o.priority,
        onset=o.onset,
        value=finite(basis.value) if basis.measured else o.value,
        limit=finite(judged.limit) if judged else o.limit,
        reset=finite(judged.reset) if judged else o.reset,
        quality=basis.quality if basis.quality is not None else o.quality,
        rate=finite(basis.rate),
        before=axes[0],
        after=axes[1],
        isa=letter(axes[1]),
        actor=basis.actor,
        comment=basis.comment,
        guidance=o.guidance,
        backfill=basis.late > 0,
        late_s=basis.late / 1e9,
        members=o.members,
        detail=basis.detail,
    )
