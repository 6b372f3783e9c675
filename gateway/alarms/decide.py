"""Decisions about one occurrence. Pure: state + fact -> events; nothing is changed here
(:mod:`gateway.alarms.evolve` does).

The tables say what happens; this module only writes it down in events, with everything an event must carry.
"""

import math
from dataclasses import dataclass, field, replace
from typing import Any, Final

from gateway.alarms.evolve import Held, escalation, follow, open_with
from gateway.alarms.subjects import Subject, about
from gateway.alarms.tables import ENDS, NORM, Cause, affect, closes, letter, move
from gateway.model.commands import Actor
from gateway.model.errors import Refused
from gateway.model.events import (
    Acknowledgement,
    Axes,
    Condition,
    Disposal,
    Event,
    EventKind,
    Occurrence,
    Report,
    Suppression,
)
from gateway.model.levels import Level
from gateway.model.times import NEVER, NS, iso


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """Why now: the moment, and the measurement or the person behind it.

    ``subject`` is set when the present configuration judged (its version, limit and reset then go into the event);
    without ``measured`` the event repeats the occurrence's last value and quality.
    """

    time: int
    onset: int = 0
    """of a new occurrence"""
    subject: Subject | None = None
    measured: bool = False
    value: float | None = None
    quality: int | None = None
    rate: float | None = None
    eta_s: float | None = None
    confidence: float | None = None
    late: int = 0
    """ns by which the data came later than its tag's max age; 0 = in time"""
    actor: Actor | None = None
    comment: str = ""
    detail: dict[str, Any] = field(default_factory=dict)


HOLD: Final = 5 * NS
"""Longest time for which an alarm found in late data is only recorded, from when the data came. People had no view of
its tag for longer than its max age; whether it stands, the readings behind it tell within this time, or people do."""
OWED: Final = (Report.DUE, Report.DEPARTMENT, Report.CONGRESS)
"""a report is still to be made"""
BACK: Final = {
    Suppression.SHELVED: Cause.UNSHELVE,
    Suppression.BY_DESIGN: Cause.UNSUPPRESS,
    Suppression.OUT_OF_SERVICE: Cause.RETURN,
}
"""how each suppression ends"""


def finite(value: float | None) -> float | None:
    """None for what JSON cannot say."""
    return value if value is not None and math.isfinite(value) else None


def begin(
    subject: Subject, ident: str, onset: int, basis: Basis, away: Suppression = Suppression.NONE
) -> list[Event]:
    """A new occurrence, of a rule that is suppressed already if ``away`` says so. Its disposal opens with it, but not
    while it is kept from the operator. One found in late data is recorded, and announced when it is known to stand.
    """
    start = replace(NORM, suppression=away)
    axes, effects = move(start, Cause.BEYOND, latched=subject.latched, late=basis.late > 0)
    first = _first(subject, ident, effects[0], (start, axes), replace(basis, onset=onset))
    if away is not Suppression.NONE or axes.recorded_only:
        return [first]
    return [first, *follow_up(open_with(first, ""), subject, basis)]


def set_aside(subject: Subject, ident: str, cause: Cause, basis: Basis) -> list[Event]:
    """An occurrence that only holds a suppression: the alarm of this rule is not there now."""
    axes, effects = move(NORM, cause)
    return [_first(subject, ident, effects[0], (NORM, axes), replace(basis, onset=basis.time))]


def require(held: Held, subject: Subject | None, basis: Basis) -> list[Event]:
    """The closed loop opens, where the rule asks for it and the condition is not normal."""
    o = held.occurrence
    asked = subject is not None and subject.disposal_due > 0
    if not asked or subject is None or o.axes.disposal is not Disposal.NOT_REQUIRED:
        return []
    if o.axes.condition is Condition.NORMAL:
        return []
    due = iso(basis.time + basis.late + subject.disposal_due)
    return press(held, Cause.REQUIRE, Basis(time=basis.time, detail={"due": due}))


def owe(held: Held, subject: Subject | None, basis: Basis) -> list[Event]:
    """A major event, told by its level, is to be reported twice (双报告)."""
    o, times = held.occurrence, dict(subject.report_due) if subject else {}
    told = o.axes.suppression is Suppression.NONE and not o.shadow
    if o.level not in times or not told or o.axes.condition is Condition.NORMAL:
        return []
    if o.axes.report is not Report.NOT_REQUIRED:
        return []
    due = iso(basis.time + basis.late + times[o.level])
    return press(held, Cause.OWE, Basis(time=basis.time, detail={"due": due}))


def follow_up(held: Held, subject: Subject | None, basis: Basis) -> list[Event]:
    """What an announced alarm asks of people beside being seen: to close the loop, and to report it."""
    events = require(held, subject, basis)
    return events + owe(follow(held, *events), subject, basis)


def _first(subject: Subject, ident: str, kind: EventKind, axes: tuple[Axes, Axes], basis: Basis) -> Event:
    return Event(
        event=kind,
        time=basis.time,
        id=ident,
        n=1,
        **about(subject),
        rule_version=subject.version,
        levels=(subject.level,),
        onset=basis.onset,
        value=finite(basis.value),
        limit=finite(subject.limit),
        reset=finite(subject.reset),
        quality=basis.quality,
        rate=finite(basis.rate),
        eta_s=finite(basis.eta_s),
        confidence=finite(basis.confidence),
        before=axes[0],
        after=axes[1],
        isa=letter(axes[1]),
        actor=basis.actor,
        comment=basis.comment,
        backfill=basis.late > 0,
        late_s=basis.late / 1e9,
        members=subject.members,
        detail=basis.detail,
    )


def press(held: Held, cause: Cause, basis: Basis, detail: dict[str, Any] | None = None) -> list[Event]:
    """One cause on an open occurrence; empty when it changes nothing. ``detail``: instead of the basis' own.

    Raises:
        Refused: illegal in this state.
    """
    latched = basis.subject is not None and basis.subject.latched
    before = held.occurrence.axes
    after, effects = move(before, cause, latched=latched)
    events: list[Event] = []
    for n, kind in enumerate(effects, held.occurrence.n + 1):
        events.append(_next(held.occurrence, kind, n, (before, after), basis, detail))
        before = after
    if not events or events[-1].event in ENDS or not closes(before):
        return events
    o = follow(held, *events).occurrence
    return [*events, _next(o, EventKind.CLOSED, o.n + 1, (o.axes, o.axes), replace(basis, detail={}))]


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
    return press(held, cause, basis, {"seen": n})


def raise_level(held: Held, level: Level, basis: Basis) -> list[Event]:
    """The level rises; it must be seen again."""
    o = held.occurrence
    before = o.axes
    after = affect(before, EventKind.LEVEL_RAISED)
    event = _next(o, EventKind.LEVEL_RAISED, o.n + 1, (before, after), basis)
    levels = o.levels if level in o.levels else (*o.levels, level)
    return [event._replace(level=level, levels=levels)]


def risen(held: Held, level: Level, subject: Subject | None, basis: Basis) -> list[Event]:
    """The level rises, and with it what is asked of people."""
    events = raise_level(held, level, basis)
    return events + owe(follow(held, *events), subject, Basis(time=basis.time))


def next_due(held: Held, subject: Subject | None) -> int:
    """When something of this occurrence next happens by time alone, ns or NEVER."""
    o = held.occurrence
    if held_back(o):
        return min(held.since + HOLD, o.until)
    asked = min(o.until, o.due, report_due(o))
    return asked if subject is None else min(escalation(held, subject.steps)[0], asked, again_at(o, subject))


def report_due(o: Occurrence) -> int:
    """When its dual report is overdue, ns or NEVER."""
    return o.report_due if o.axes.report in OWED else NEVER


def again_at(o: Occurrence, subject: Subject) -> int:
    """When an acknowledged alarm that is still there is announced again (ISA-18.2: re-alarming), ns or NEVER."""
    axes = o.axes
    if not subject.re_alarm or axes.acknowledgement is not Acknowledgement.ACKNOWLEDGED:
        return NEVER
    gone = axes.condition is Condition.NORMAL or axes.suppression is not Suppression.NONE
    return NEVER if gone else o.seen + subject.re_alarm


def run_out(held: Held, subject: Subject | None, now: int) -> list[Event]:
    """What happens by time alone until ``now``, each at its own moment: the level rises with the time in alarm, a
    suppression ends, a disposal is overdue.
    """
    events: list[Event] = []
    while (at := next_due(held, subject)) <= now and not (events and events[-1].event in ENDS):
        new = _at(held, subject, at)
        events += new
        held = follow(held, *new)
    return events


def _at(held: Held, subject: Subject | None, at: int) -> list[Event]:
    if held_back(held.occurrence) and held.since + HOLD == at:
        return announce(held, subject, Basis(time=at, subject=subject, detail={"why": "it stands"}))
    rise, level = escalation(held, subject.steps if subject else ())
    if level is not None and rise == at:
        return risen(held, level, subject, Basis(time=at, detail={"why": "time in alarm"}))
    if held.occurrence.until == at:
        return let_go(held, subject, Basis(time=at, detail={"why": "its time is over"}))
    if subject is not None and again_at(held.occurrence, subject) == at:
        return press(held, Cause.AGAIN, Basis(time=at, detail={"why": "still there"}))
    o, axes = held.occurrence, held.occurrence.axes
    late = EventKind.DISPOSAL_OVERDUE if o.due == at else EventKind.REPORT_OVERDUE
    detail = {"disposal": axes.disposal.value} if o.due == at else {"report": axes.report.value}
    return [_next(o, late, o.n + 1, (axes, axes), Basis(time=at, detail=detail))]


def let_go(held: Held, subject: Subject | None, basis: Basis) -> list[Event]:
    """Out of suppression: announced if it is not normal, and then handled like any other.

    Raises:
        Refused: it is not suppressed.
    """
    suppression = held.occurrence.axes.suppression
    if suppression not in BACK:
        raise Refused(f"alarm {held.occurrence.id} is not suppressed")
    events = press(held, BACK[suppression], basis)
    return events + follow_up(follow(held, *events), subject, Basis(time=basis.time))


def held_back(o: Occurrence) -> bool:
    """Only recorded, and not known to be over."""
    return o.axes.recorded_only and o.axes.condition is not Condition.NORMAL


def announce(held: Held, subject: Subject | None, basis: Basis) -> list[Event]:
    """People are called for an alarm that was found in late data and only recorded so far."""
    events = press(held, Cause.AGAIN, basis)
    return events + follow_up(follow(held, *events), subject, Basis(time=basis.time))


def within_late(held: Held, basis: Basis) -> list[Event]:
    """Within the limit again, of an alarm that is only recorded. It was over before anybody could have been called if
    its data came at least twice as fast as it was measured; else the data is always late (a clock that is wrong), and
    people are called as ever.
    """
    came, measured = basis.time + basis.late - held.since, basis.time - held.occurrence.raised
    if 2 * came < measured:
        return press(held, Cause.WITHIN, basis)
    told = announce(
        held, basis.subject, replace(basis, detail={"why": "late data that comes no faster than time"})
    )
    return [*told, *press(follow(held, *told), Cause.WITHIN, basis)]


def go_live(held: Held, basis: Basis) -> list[Event]:
    """Announce an occurrence that began in shadow, now that its rule is live."""
    return [e._replace(shadow=False) for e in press(held, Cause.AGAIN, basis)]


def _next(
    o: Occurrence,
    kind: EventKind,
    n: int,
    axes: tuple[Axes, Axes],
    basis: Basis,
    detail: dict[str, Any] | None = None,
) -> Event:
    judged = basis.subject
    # Written out, without ``about``: an acknowledge-all makes a hundred thousand.
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
        eta_s=finite(basis.eta_s),
        confidence=finite(basis.confidence),
        before=axes[0],
        after=axes[1],
        isa=letter(axes[1]),
        actor=basis.actor,
        comment=basis.comment,
        guidance=o.guidance,
        backfill=basis.late > 0,
        late_s=basis.late / 1e9,
        members=o.members,
        detail=basis.detail if detail is None else detail,
    )
