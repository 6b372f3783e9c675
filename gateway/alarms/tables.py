"""The alarm life cycle as literal tables: (axis, state, cause) -> (state, effects).

Six axes, one table each, never one flag. A pair that is not in a table is illegal: :func:`move` raises, naming both,
and changes nothing. Condition rows are total, because the process is never refused; people are. What couples the axes
stands in three joint tables below them. ``docs/alarms.md`` is drawn from here (``python -m gateway.alarms.diagram``).

Why a cleared condition stays open until a person acknowledged it, and why leaving a suppression asks for a person
again: ISA-18.2 / IEC 62682 states D and E, and *the state is recomputed from the live condition*. What the Chinese
closed loop (销警) adds is an axis of its own, because it is a person's act and not the return to normal.
"""

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from gateway.model.errors import Refused
from gateway.model.events import (
    Acknowledgement,
    Axes,
    Condition,
    Disposal,
    EventKind,
    Latch,
    Report,
    Suppression,
)


class Axis(StrEnum):
    """Field names of :class:`gateway.model.events.Axes`."""

    CONDITION = "condition"
    ACKNOWLEDGEMENT = "acknowledgement"
    LATCH = "latch"
    SUPPRESSION = "suppression"
    DISPOSAL = "disposal"
    REPORT = "report"


class Cause(StrEnum):
    """What can happen to an axis."""

    BEYOND = "beyond"
    WITHIN = "within"
    UNSURE = "unsure"
    AGAIN = "again"
    """announced anew: back before a person saw it go, or promoted from shadow to live"""
    RETIRE = "retire"
    """its rule, tag or link is no longer configured"""

    ALARM = "alarm"
    """something new that a person must see"""
    RECORD = "record"
    """found in late data: whether it still stands is not known yet"""
    SEEN = "seen"
    """a person saw all there is"""
    SEEN_PART = "seen-part"
    """a person saw some of it; what came later still waits"""

    LATCH = "latch"
    RESET = "reset"

    SHELVE = "shelve"
    UNSHELVE = "unshelve"
    SUPPRESS = "suppress"
    UNSUPPRESS = "unsuppress"
    REMOVE = "remove"
    RETURN = "return"

    REQUIRE = "require"
    ASSIGN = "assign"
    HANDLE = "handle"
    SUBMIT = "submit"
    SEND_BACK = "send-back"
    SETTLE = "settle"
    DISMISS = "dismiss"
    REOPEN = "reopen"

    OWE = "owe"
    """the event is a major one"""
    TO_DEPARTMENT = "to-department"
    TO_CONGRESS = "to-congress"
    WAIVE = "waive"
    RENEW = "renew"


State = Condition | Acknowledgement | Latch | Suppression | Disposal | Report
Row = tuple[State, tuple[EventKind, ...]]

_K = EventKind

#: Axis 1. Nothing goes from unknown to normal but a judgement that it is within; retired is never called normal.
CONDITION: Final[Mapping[tuple[State, Cause], Row]] = MappingProxyType(
    {
        (Condition.NORMAL, Cause.BEYOND): (Condition.ACTIVE, (_K.RAISED,)),
        (Condition.NORMAL, Cause.WITHIN): (Condition.NORMAL, ()),
        (Condition.NORMAL, Cause.UNSURE): (Condition.NORMAL, ()),
        (Condition.NORMAL, Cause.AGAIN): (Condition.ACTIVE, (_K.RE_ALARM,)),
        (Condition.NORMAL, Cause.RETIRE): (Condition.NORMAL, (_K.RETIRED,)),
        (Condition.ACTIVE, Cause.BEYOND): (Condition.ACTIVE, ()),
        (Condition.ACTIVE, Cause.WITHIN): (Condition.NORMAL, (_K.CLEARED,)),
        (Condition.ACTIVE, Cause.UNSURE): (Condition.UNKNOWN, (_K.UNKNOWN,)),
        (Condition.ACTIVE, Cause.AGAIN): (Condition.ACTIVE, (_K.RE_ALARM,)),
        (Condition.ACTIVE, Cause.RETIRE): (Condition.UNKNOWN, (_K.RETIRED,)),
        (Condition.UNKNOWN, Cause.BEYOND): (Condition.ACTIVE, (_K.KNOWN,)),
        (Condition.UNKNOWN, Cause.WITHIN): (Condition.NORMAL, (_K.CLEARED,)),
        (Condition.UNKNOWN, Cause.UNSURE): (Condition.UNKNOWN, ()),
        (Condition.UNKNOWN, Cause.AGAIN): (Condition.UNKNOWN, (_K.RE_ALARM,)),
        (Condition.UNKNOWN, Cause.RETIRE): (Condition.UNKNOWN, (_K.RETIRED,)),
    }
)

#: Axis 2. An acknowledgement names what was seen; acknowledging twice is refused, so that the journal says who did.
#: What was only recorded has nothing to acknowledge; it begins to ask when it is announced.
ACKNOWLEDGEMENT: Final[Mapping[tuple[State, Cause], Row]] = MappingProxyType(
    {
        (Acknowledgement.UNACKNOWLEDGED, Cause.ALARM): (Acknowledgement.UNACKNOWLEDGED, ()),
        (Acknowledgement.UNACKNOWLEDGED, Cause.SEEN): (Acknowledgement.ACKNOWLEDGED, (_K.ACKNOWLEDGED,)),
        (Acknowledgement.UNACKNOWLEDGED, Cause.SEEN_PART): (
            Acknowledgement.UNACKNOWLEDGED,
            (_K.ACKNOWLEDGED,),
        ),
        (Acknowledgement.ACKNOWLEDGED, Cause.ALARM): (Acknowledgement.UNACKNOWLEDGED, ()),
        (Acknowledgement.ACKNOWLEDGED, Cause.RECORD): (Acknowledgement.NOT_REQUIRED, ()),
        (Acknowledgement.NOT_REQUIRED, Cause.ALARM): (Acknowledgement.UNACKNOWLEDGED, ()),
    }
)

#: Axis 3.
LATCH: Final[Mapping[tuple[State, Cause], Row]] = MappingProxyType(
    {
        (Latch.NONE, Cause.LATCH): (Latch.LATCHED, ()),
        (Latch.LATCHED, Cause.LATCH): (Latch.LATCHED, ()),
        (Latch.LATCHED, Cause.RESET): (Latch.NONE, (_K.RESET,)),
    }
)

#: Axis 4. Shelving again is a new time limit, and so is removing again; out of service outranks the rest.
SUPPRESSION: Final[Mapping[tuple[State, Cause], Row]] = MappingProxyType(
    {
        (Suppression.NONE, Cause.SHELVE): (Suppression.SHELVED, (_K.SHELVED,)),
        (Suppression.NONE, Cause.SUPPRESS): (Suppression.BY_DESIGN, (_K.SUPPRESSED,)),
        (Suppression.NONE, Cause.REMOVE): (Suppression.OUT_OF_SERVICE, (_K.OUT_OF_SERVICE,)),
        (Suppression.SHELVED, Cause.SHELVE): (Suppression.SHELVED, (_K.SHELVED,)),
        (Suppression.SHELVED, Cause.UNSHELVE): (Suppression.NONE, (_K.UNSHELVED,)),
        (Suppression.SHELVED, Cause.REMOVE): (Suppression.OUT_OF_SERVICE, (_K.OUT_OF_SERVICE,)),
        (Suppression.BY_DESIGN, Cause.SHELVE): (Suppression.SHELVED, (_K.SHELVED,)),
        (Suppression.BY_DESIGN, Cause.UNSUPPRESS): (Suppression.NONE, (_K.UNSUPPRESSED,)),
        (Suppression.BY_DESIGN, Cause.REMOVE): (Suppression.OUT_OF_SERVICE, (_K.OUT_OF_SERVICE,)),
        (Suppression.OUT_OF_SERVICE, Cause.REMOVE): (Suppression.OUT_OF_SERVICE, (_K.OUT_OF_SERVICE,)),
        (Suppression.OUT_OF_SERVICE, Cause.RETURN): (Suppression.NONE, (_K.RETURNED_TO_SERVICE,)),
    }
)

#: Axis 5 (处置 -> 复核 -> 销警 | 误报). Who handled it does not review it (:mod:`gateway.alarms.loop`).
DISPOSAL: Final[Mapping[tuple[State, Cause], Row]] = MappingProxyType(
    {
        (Disposal.NOT_REQUIRED, Cause.REQUIRE): (Disposal.OPEN, (_K.DISPOSAL_OPENED,)),
        (Disposal.OPEN, Cause.ASSIGN): (Disposal.ASSIGNED, (_K.DISPOSAL_ASSIGNED,)),
        (Disposal.OPEN, Cause.HANDLE): (Disposal.HANDLING, (_K.DISPOSAL_HANDLING,)),
        (Disposal.ASSIGNED, Cause.ASSIGN): (Disposal.ASSIGNED, (_K.DISPOSAL_ASSIGNED,)),
        (Disposal.ASSIGNED, Cause.HANDLE): (Disposal.HANDLING, (_K.DISPOSAL_HANDLING,)),
        (Disposal.HANDLING, Cause.ASSIGN): (Disposal.ASSIGNED, (_K.DISPOSAL_ASSIGNED,)),
        (Disposal.HANDLING, Cause.SUBMIT): (Disposal.REVIEW, (_K.DISPOSAL_REVIEW,)),
        (Disposal.REVIEW, Cause.SEND_BACK): (Disposal.HANDLING, (_K.DISPOSAL_RETURNED,)),
        (Disposal.REVIEW, Cause.SETTLE): (Disposal.CLOSED, (_K.DISPOSAL_CLOSED,)),
        (Disposal.REVIEW, Cause.DISMISS): (Disposal.FALSE_ALARM, (_K.DISPOSAL_FALSE_ALARM,)),
        (Disposal.CLOSED, Cause.REOPEN): (Disposal.HANDLING, (_K.DISPOSAL_REOPENED,)),
        (Disposal.FALSE_ALARM, Cause.REOPEN): (Disposal.HANDLING, (_K.DISPOSAL_REOPENED,)),
    }
)

#: Axis 6 (双报告). Further versions may follow; each is a record of its own in the journal. A false alarm is no event.
REPORT: Final[Mapping[tuple[State, Cause], Row]] = MappingProxyType(
    {
        (Report.NOT_REQUIRED, Cause.OWE): (Report.DUE, (_K.REPORT_DUE,)),
        (Report.NOT_REQUIRED, Cause.WAIVE): (Report.NOT_REQUIRED, ()),
        (Report.NOT_REQUIRED, Cause.RENEW): (Report.NOT_REQUIRED, ()),
        (Report.DUE, Cause.TO_DEPARTMENT): (Report.DEPARTMENT, (_K.REPORTED,)),
        (Report.DUE, Cause.TO_CONGRESS): (Report.CONGRESS, (_K.REPORTED,)),
        (Report.DUE, Cause.WAIVE): (Report.WAIVED, ()),
        (Report.DUE, Cause.RENEW): (Report.DUE, ()),
        (Report.DEPARTMENT, Cause.TO_DEPARTMENT): (Report.DEPARTMENT, (_K.REPORTED,)),
        (Report.DEPARTMENT, Cause.TO_CONGRESS): (Report.MADE, (_K.REPORTED,)),
        (Report.DEPARTMENT, Cause.WAIVE): (Report.WAIVED, ()),
        (Report.DEPARTMENT, Cause.RENEW): (Report.DEPARTMENT, ()),
        (Report.CONGRESS, Cause.TO_DEPARTMENT): (Report.MADE, (_K.REPORTED,)),
        (Report.CONGRESS, Cause.TO_CONGRESS): (Report.CONGRESS, (_K.REPORTED,)),
        (Report.CONGRESS, Cause.WAIVE): (Report.WAIVED, ()),
        (Report.CONGRESS, Cause.RENEW): (Report.CONGRESS, ()),
        (Report.MADE, Cause.TO_DEPARTMENT): (Report.MADE, (_K.REPORTED,)),
        (Report.MADE, Cause.TO_CONGRESS): (Report.MADE, (_K.REPORTED,)),
        (Report.MADE, Cause.WAIVE): (Report.MADE, ()),
        (Report.MADE, Cause.RENEW): (Report.MADE, ()),
        (Report.WAIVED, Cause.WAIVE): (Report.WAIVED, ()),
        (Report.WAIVED, Cause.RENEW): (Report.DUE, ()),
    }
)

TABLES: Final[Mapping[Axis, Mapping[tuple[State, Cause], Row]]] = MappingProxyType(
    {
        Axis.CONDITION: CONDITION,
        Axis.ACKNOWLEDGEMENT: ACKNOWLEDGEMENT,
        Axis.LATCH: LATCH,
        Axis.SUPPRESSION: SUPPRESSION,
        Axis.DISPOSAL: DISPOSAL,
        Axis.REPORT: REPORT,
    }
)

#: Joint rule 1: what an effect causes on the other axes (``LATCH`` only where the rule latches).
JOINT: Final[Mapping[EventKind, tuple[Cause, ...]]] = MappingProxyType(
    {
        _K.RAISED: (Cause.ALARM, Cause.LATCH),
        _K.LEVEL_RAISED: (Cause.ALARM,),
        _K.RE_ALARM: (Cause.ALARM, Cause.LATCH),
        _K.UNSHELVED: (Cause.ALARM,),
        _K.UNSUPPRESSED: (Cause.ALARM,),
        _K.RETURNED_TO_SERVICE: (Cause.ALARM,),
        _K.DISPOSAL_FALSE_ALARM: (Cause.WAIVE,),
        _K.DISPOSAL_REOPENED: (Cause.RENEW,),
    }
)

#: ... and of an alarm found in late data: nobody is asked, nothing latches, until it is known to stand.
JOINT_LATE: Final[Mapping[EventKind, tuple[Cause, ...]]] = MappingProxyType({_K.RAISED: (Cause.RECORD,)})

RETURNS: Final = frozenset({_K.UNSHELVED, _K.UNSUPPRESSED, _K.RETURNED_TO_SERVICE})
"""What comes out of suppression asks for a person only while it is not normal (ISA-18.2: the state is recomputed from
the live condition). One that came and went meanwhile still waits as it did."""

#: Joint rule 2: what must be so on the other axes before a cause is legal.
REQUIRES: Final[Mapping[Cause, tuple[State, ...]]] = MappingProxyType(
    {
        Cause.RESET: (Condition.NORMAL, Acknowledgement.ACKNOWLEDGED),
        Cause.SETTLE: (Condition.NORMAL,),
        Cause.DISMISS: (Condition.NORMAL,),
    }
)

#: Joint rule 3: an occurrence is closed as soon as every axis named here is in one of its states.
CLOSES: Final[Mapping[Axis, tuple[State, ...]]] = MappingProxyType(
    {
        Axis.CONDITION: (Condition.NORMAL,),
        Axis.ACKNOWLEDGEMENT: (Acknowledgement.ACKNOWLEDGED, Acknowledgement.NOT_REQUIRED),
        Axis.LATCH: (Latch.NONE,),
        Axis.SUPPRESSION: (Suppression.NONE,),
        Axis.DISPOSAL: (Disposal.NOT_REQUIRED, Disposal.CLOSED, Disposal.FALSE_ALARM),
        Axis.REPORT: (Report.NOT_REQUIRED, Report.MADE, Report.WAIVED),
    }
)

ENDS: Final = frozenset({_K.CLOSED, _K.RETIRED})
"""Events after which an occurrence is no longer open."""

#: ISA-18.2 letter while not suppressed. Unknown is lettered like active: it is not known to be normal. What is only
#: recorded waits for nobody, as what was acknowledged (the standard has no letter for it).
ISA: Final[Mapping[tuple[Condition, Acknowledgement, Latch], str]] = MappingProxyType(
    {
        (Condition.NORMAL, Acknowledgement.ACKNOWLEDGED, Latch.NONE): "A",
        (Condition.ACTIVE, Acknowledgement.UNACKNOWLEDGED, Latch.NONE): "B",
        (Condition.ACTIVE, Acknowledgement.UNACKNOWLEDGED, Latch.LATCHED): "B",
        (Condition.UNKNOWN, Acknowledgement.UNACKNOWLEDGED, Latch.NONE): "B",
        (Condition.UNKNOWN, Acknowledgement.UNACKNOWLEDGED, Latch.LATCHED): "B",
        (Condition.ACTIVE, Acknowledgement.ACKNOWLEDGED, Latch.NONE): "C",
        (Condition.ACTIVE, Acknowledgement.ACKNOWLEDGED, Latch.LATCHED): "C",
        (Condition.UNKNOWN, Acknowledgement.ACKNOWLEDGED, Latch.NONE): "C",
        (Condition.UNKNOWN, Acknowledgement.ACKNOWLEDGED, Latch.LATCHED): "C",
        (Condition.NORMAL, Acknowledgement.UNACKNOWLEDGED, Latch.NONE): "D",
        (Condition.NORMAL, Acknowledgement.UNACKNOWLEDGED, Latch.LATCHED): "E",
        (Condition.NORMAL, Acknowledgement.ACKNOWLEDGED, Latch.LATCHED): "F",
        (Condition.NORMAL, Acknowledgement.NOT_REQUIRED, Latch.NONE): "A",
        (Condition.ACTIVE, Acknowledgement.NOT_REQUIRED, Latch.NONE): "C",
        (Condition.ACTIVE, Acknowledgement.NOT_REQUIRED, Latch.LATCHED): "C",
        (Condition.UNKNOWN, Acknowledgement.NOT_REQUIRED, Latch.NONE): "C",
        (Condition.UNKNOWN, Acknowledgement.NOT_REQUIRED, Latch.LATCHED): "C",
        (Condition.NORMAL, Acknowledgement.NOT_REQUIRED, Latch.LATCHED): "F",
    }
)

#: ... and while suppressed, whatever the other axes say.
ISA_SUPPRESSED: Final[Mapping[Suppression, str]] = MappingProxyType(
    {Suppression.SHELVED: "G", Suppression.BY_DESIGN: "H", Suppression.OUT_OF_SERVICE: "I"}
)

NORM: Final = Axes(condition=Condition.NORMAL, acknowledgement=Acknowledgement.ACKNOWLEDGED)
"""Where every occurrence comes from: letter A."""

_AXIS_OF: Final = {cause: axis for axis, table in TABLES.items() for _, cause in table}
_AXIS_OF_STATE: Final[Mapping[type, Axis]] = MappingProxyType(
    {
        Condition: Axis.CONDITION,
        Acknowledgement: Axis.ACKNOWLEDGEMENT,
        Latch: Axis.LATCH,
        Suppression: Axis.SUPPRESSION,
        Disposal: Axis.DISPOSAL,
        Report: Axis.REPORT,
    }
)


class Moved(NamedTuple):
    """Where the axes are after a cause, and what the journal says of it."""

    axes: Axes
    effects: tuple[EventKind, ...]


def axis_of(cause: Cause) -> Axis:
    """The one axis a cause acts on."""
    return _AXIS_OF[cause]


@cache  # a few thousand pairs in all, and an acknowledge-all asks a hundred thousand times
def move(axes: Axes, cause: Cause, *, latched: bool = False, late: bool = False) -> Moved:
    """One cause on one occurrence, with what it causes on the other axes. ``late``: found in late data.

    Raises:
        Refused: illegal in this state; names the cause and the state.
    """
    for needed in REQUIRES.get(cause, ()):
        _require(axes, cause, needed)
    state, effects = _look_up(axes, cause)
    axes = _put(axes, cause, state)
    for kind in effects:
        axes = affect(axes, kind, latched=latched, late=late)
    return Moved(axes, effects)


@cache
def affect(axes: Axes, kind: EventKind, *, latched: bool = False, late: bool = False) -> Axes:
    """Joint rule 1 for one effect."""
    if kind in RETURNS and axes.condition is Condition.NORMAL:
        return axes
    joint = {**JOINT, **JOINT_LATE} if late else JOINT
    for cause in joint.get(kind, ()):
        if cause is not Cause.LATCH or latched:
            axes = _put(axes, cause, _look_up(axes, cause)[0])
    return axes


@cache
def closes(axes: Axes) -> bool:
    """Nothing is left to happen, see or do (joint rule 3)."""
    return all(getattr(axes, axis) in states for axis, states in CLOSES.items())


@cache
def letter(axes: Axes) -> str:
    """ISA-18.2 letter A-I."""
    if axes.suppression is not Suppression.NONE:
        return ISA_SUPPRESSED[axes.suppression]
    return ISA[(axes.condition, axes.acknowledgement, axes.latch)]


def _put(axes: Axes, cause: Cause, state: State) -> Axes:
    change: dict[str, Any] = {axis_of(cause).value: state}
    return replace(axes, **change)


def _look_up(axes: Axes, cause: Cause) -> Row:
    axis = axis_of(cause)
    state: State = getattr(axes, axis)
    row = TABLES[axis].get((state, cause))
    if row is None:
        raise Refused(f"{cause.value!r} is not possible while {axis.value} is {state.value!r}")
    return row


def _require(axes: Axes, cause: Cause, needed: State) -> None:
    axis = _AXIS_OF_STATE[type(needed)]
    state: State = getattr(axes, axis)
    if state is not needed:
        raise Refused(
            f"{cause.value!r} is not possible while {axis.value} is {state.value!r}; it must be {needed.value!r}"
        )
