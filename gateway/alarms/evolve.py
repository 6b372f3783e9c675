"""What events add up to. Pure: occurrence + event -> occurrence. Restart, replay and the running book all fold
with this.

A :class:`Held` is an open occurrence and the little more that decides about it and that its published form need not
show: from when escalation counts, and which of its events wait for a person.
"""

from typing import Any, Final, NamedTuple, TypeVar

from gateway.alarms.tables import JOINT, RETURNS, Cause
from gateway.model.commands import Actor
from gateway.model.events import Acknowledgement, Axes, Condition, Event, EventKind, Occurrence, Suppression
from gateway.model.levels import Level
from gateway.model.times import NEVER, parse_iso, seconds

T = TypeVar("T")
OPENS: Final = frozenset({EventKind.RAISED, EventKind.SHELVED, EventKind.OUT_OF_SERVICE})
"""First events of an occurrence. A rule that is shelved while its alarm is not there has an occurrence all the same: it
holds who, why and until when."""
_KEPT_UNTIL: Final = frozenset({EventKind.RAISED, EventKind.SHELVED, EventKind.OUT_OF_SERVICE})
_REVIEWED: Final = frozenset({EventKind.DISPOSAL_CLOSED, EventKind.DISPOSAL_FALSE_ALARM})
ASKS: Final = frozenset(kind for kind, causes in JOINT.items() if Cause.ALARM in causes)
"""Events a person must acknowledge."""


class Held(NamedTuple):
    """One open occurrence.

    ``since``: ns from which time in alarm counts. ``first``..``last``: numbers of the events that wait for a person,
    0..0 when none does.
    """

    occurrence: Occurrence
    since: int
    first: int
    last: int


def open_with(event: Event, name: str, group: str = "") -> Held:
    """A new occurrence from its first event; ``name`` is the rule's short name, ``group`` what it belongs to.

    Raises:
        ValueError: not the first event of an occurrence.
    """
    if event.event not in OPENS or event.n != 1 or event.level is None:
        raise ValueError(f"{event.event.value} n={event.n} cannot open occurrence {event.id!r}")
    occurrence = Occurrence(
        id=event.id,
        rule=event.rule,
        rule_version=event.rule_version,
        name=name,
        tag=event.tag,
        installation=event.installation,
        kind=event.kind,
        fault=event.fault,
        shadow=event.shadow,
        description=event.description,
        cls=event.cls,
        unit=event.unit,
        level=event.level,
        levels=event.levels,
        priority=event.priority or 4,
        onset=event.time if event.onset is None else event.onset,
        raised=event.time,
        changed=event.time,
        n=1,
        axes=_after(event),
        isa=event.isa,
        value=event.value,
        limit=event.limit,
        reset=event.reset,
        quality=event.quality or 0,
        guidance=event.guidance,
        members=event.members,
        first_out=bool(event.detail.get("first_out")),
        group=group,
        until=_until(event, NEVER),
        set_aside_by=_set_aside_by(event),
        reason=str(event.detail.get("reason", event.comment)) if _by_person(event) else "",
        permit=str(event.detail.get("permit", "")),
        calibrating=bool(event.detail.get("calibration")),
        aside_for=_aside_for(event, ""),
    )
    asks = int(event.event in ASKS and not occurrence.axes.recorded_only)
    return Held(occurrence=occurrence, since=_counts_from(event), first=asks, last=asks)


def evolve(occurrence: Occurrence, event: Event) -> Occurrence:
    """The occurrence as of its next event.

    Raises:
        ValueError: not the next event of this occurrence (one is missing, or it comes twice).
    """
    if event.id != occurrence.id or event.n != occurrence.n + 1:
        raise ValueError(
            f"event n={event.n} of {event.id!r} does not follow n={occurrence.n} of {occurrence.id!r}: missing or twice"
        )
    axes = _after(event)
    if (
        event.event is EventKind.ACKNOWLEDGED
    ):  # the one that comes by the hundred thousand: little else can differ
        return occurrence.with_(
            n=event.n,
            changed=event.time,
            axes=axes,
            isa=event.isa,
            acknowledged_by=_who(occurrence, axes, event),
            seen=event.time
            if axes.acknowledgement is not occurrence.axes.acknowledgement
            else occurrence.seen,
            comment=event.comment or occurrence.comment,
        )
    return occurrence.with_(
        n=event.n,
        changed=event.time,
        axes=axes,
        isa=event.isa,
        rule_version=event.rule_version,
        shadow=event.shadow,
        level=event.level or occurrence.level,
        levels=event.levels,
        value=event.value,
        limit=event.limit,
        reset=event.reset,
        quality=occurrence.quality if event.quality is None else event.quality,
        acknowledged_by=_who(occurrence, axes, event),
        seen=event.time if axes.acknowledgement is not occurrence.axes.acknowledgement else occurrence.seen,
        comment=event.comment or occurrence.comment,
        **_aside_and_loop(occurrence, event),
    )


def _aside_and_loop(occurrence: Occurrence, event: Event) -> dict[str, Any]:
    """Fields of suppression and disposal."""
    return {
        "until": _until(event, occurrence.until),
        "set_aside_by": _kept(event, event.actor, occurrence.set_aside_by),
        "reason": _kept(event, event.comment, occurrence.reason) or "",
        "permit": _kept(event, str(event.detail.get("permit", "")), occurrence.permit) or "",
        "calibrating": bool(_kept(event, bool(event.detail.get("calibration")), occurrence.calibrating)),
        "aside_for": _aside_for(event, occurrence.aside_for),
        "due": _due(event, occurrence.due),
        "handler": _handler(event, occurrence.handler),
        "report_due": _report_due(event, occurrence.report_due),
        "overdue": _overdue(event, known=occurrence.overdue),
    }


def follow(held: Held, *events: Event) -> Held:
    """Fold further events of one occurrence.

    Raises:
        ValueError: as :func:`evolve`.
    """
    for event in events:
        held = _step(held, event)
    return held


def shift(held: Held, outage: int) -> Held:
    """Time in alarm does not count while the gateway itself was down (``outage`` ns)."""
    return held._replace(since=held.since + outage)


def escalation(held: Held, steps: tuple[tuple[int, Level], ...]) -> tuple[int, Level | None]:
    """When the level next rises by time in alarm, and to what; (NEVER, None) if it does not.

    Runs on while the condition is unknown: not knowing is no reason to be less worried.
    """
    if held.occurrence.axes.condition is not Condition.NORMAL:
        for after, level in steps:
            if level > held.occurrence.level:
                return held.since + after, level
    return NEVER, None


def _step(held: Held, event: Event) -> Held:
    occurrence = evolve(held.occurrence, event)
    since = _counts_from(event) if event.event is EventKind.RE_ALARM else held.since
    first, last = held.first, held.last
    if event.event in ASKS and _asks(event):
        first, last = first or event.n, event.n
    elif event.event is EventKind.ACKNOWLEDGED:
        seen = int(event.detail["seen"])
        first, last = (0, 0) if seen >= last else (seen + 1, last)
    return Held(occurrence=occurrence, since=since, first=first, last=last)


def _asks(event: Event) -> bool:
    return event.event not in RETURNS or _after(event).condition is not Condition.NORMAL


def _by_person(event: Event) -> bool:
    return _after(event).suppression in (Suppression.SHELVED, Suppression.OUT_OF_SERVICE)


def _kept(event: Event, new: T, known: T) -> T | None:
    """What a suppression by a person says of itself, as long as it lasts."""
    if event.event in (EventKind.SHELVED, EventKind.OUT_OF_SERVICE):
        return new
    return known if _by_person(event) else None


def _set_aside_by(event: Event) -> Actor | None:
    """Who keeps it from the operator; of one that began under a suppression, whoever that is by."""
    if not _by_person(event) or event.actor is not None:
        return event.actor
    said = event.detail.get("set_aside_by")
    return Actor(said["id"], said["name"]) if said else None


def _aside_for(event: Event, known: str) -> str:
    by_design = _after(event).suppression is Suppression.BY_DESIGN
    return str(event.detail.get("by", known)) if by_design else ""


def _until(event: Event, known: int) -> int:
    """Ends with the suppression; begins or is set anew with the events that tell it."""
    if event.event in _KEPT_UNTIL and "until" in event.detail:
        return parse_iso(event.detail["until"])
    return known if _by_person(event) else NEVER


def _due(event: Event, known: int) -> int:
    if event.event in (EventKind.DISPOSAL_OPENED, EventKind.DISPOSAL_REOPENED):
        return parse_iso(event.detail["due"]) if "due" in event.detail else NEVER
    done = event.event is EventKind.DISPOSAL_OVERDUE or event.event in _REVIEWED
    return NEVER if done else known


def _overdue(event: Event, *, known: bool) -> bool:
    if event.event is EventKind.DISPOSAL_OVERDUE:
        return True
    return known and event.event not in _REVIEWED


def _report_due(event: Event, known: int) -> int:
    if event.event is EventKind.REPORT_DUE:
        return parse_iso(event.detail["due"])
    return NEVER if event.event is EventKind.REPORT_OVERDUE else known


def _handler(event: Event, known: str) -> str:
    """Who said last that it was handled, or took it in hand."""
    taken = event.event in (EventKind.DISPOSAL_HANDLING, EventKind.DISPOSAL_REVIEW)
    return event.actor.id if taken and event.actor else known


def _counts_from(event: Event) -> int:
    # Late data says what was, not how long people have had to act: their time begins when we knew.
    return event.time + (seconds(event.late_s) if event.backfill else 0)


def _after(event: Event) -> Axes:
    if event.after is None:
        raise ValueError(f"{event.event.value} n={event.n} of {event.id!r} has no axes")
    return event.after


def _who(occurrence: Occurrence, axes: Axes, event: Event) -> Actor | None:
    if axes.acknowledgement is Acknowledgement.UNACKNOWLEDGED:
        return None
    return event.actor if event.event is EventKind.ACKNOWLEDGED else occurrence.acknowledged_by


def announces(event: Event) -> bool:
    """It asks for the operator's eye, now."""
    if event.event not in ASKS or event.shadow or event.backfill or event.after is None:
        return False
    waits = event.after.acknowledgement is Acknowledgement.UNACKNOWLEDGED
    return waits and event.after.suppression is Suppression.NONE
