"""The whole product of states and causes, against the tables and against a second list made in prose."""

import itertools

import pytest

from gateway.alarms.tables import (
    CLOSES,
    ISA,
    NORM,
    REQUIRES,
    TABLES,
    Axis,
    Cause,
    State,
    axis_of,
    closes,
    letter,
    move,
)
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

STATES = {
    Axis.CONDITION: Condition,
    Axis.ACKNOWLEDGEMENT: Acknowledgement,
    Axis.LATCH: Latch,
    Axis.SUPPRESSION: Suppression,
    Axis.DISPOSAL: Disposal,
    Axis.REPORT: Report,
}

# Written from ISA-18.2 and the design page, not from the tables. Everything not told here must be refused.
PROSE = """
condition: normal, beyond -> active; we say raised
condition: normal, within -> normal; we say nothing
condition: normal, unsure -> normal; we say nothing
condition: normal, again -> active; we say re-alarm
condition: normal, retire -> normal; we say retired
condition: active, beyond -> active; we say nothing
condition: active, within -> normal; we say cleared
condition: active, unsure -> unknown; we say unknown
condition: active, again -> active; we say re-alarm
condition: active, retire -> unknown; we say retired
condition: unknown, beyond -> active; we say known
condition: unknown, within -> normal; we say cleared
condition: unknown, unsure -> unknown; we say nothing
condition: unknown, again -> unknown; we say re-alarm
condition: unknown, retire -> unknown; we say retired
acknowledgement: unacknowledged, alarm -> unacknowledged; we say nothing
acknowledgement: unacknowledged, seen -> acknowledged; we say acknowledged
acknowledgement: unacknowledged, seen-part -> unacknowledged; we say acknowledged
acknowledgement: acknowledged, alarm -> unacknowledged; we say nothing
acknowledgement: acknowledged, record -> not-required; we say nothing
acknowledgement: not-required, alarm -> unacknowledged; we say nothing
latch: none, latch -> latched; we say nothing
latch: latched, latch -> latched; we say nothing
latch: latched, reset -> none; we say reset
suppression: none, shelve -> shelved; we say shelved
suppression: none, suppress -> by-design; we say suppressed
suppression: none, remove -> out-of-service; we say out-of-service
suppression: shelved, shelve -> shelved; we say shelved
suppression: shelved, unshelve -> none; we say unshelved
suppression: shelved, remove -> out-of-service; we say out-of-service
suppression: by-design, unsuppress -> none; we say unsuppressed
suppression: by-design, shelve -> shelved; we say shelved
suppression: by-design, remove -> out-of-service; we say out-of-service
suppression: out-of-service, remove -> out-of-service; we say out-of-service
suppression: out-of-service, return -> none; we say returned-to-service
disposal: not-required, require -> open; we say disposal-opened
disposal: open, assign -> assigned; we say disposal-assigned
disposal: open, handle -> handling; we say disposal-handling
disposal: assigned, assign -> assigned; we say disposal-assigned
disposal: assigned, handle -> handling; we say disposal-handling
disposal: handling, assign -> assigned; we say disposal-assigned
disposal: handling, submit -> review; we say disposal-review
disposal: review, send-back -> handling; we say disposal-returned
disposal: review, settle -> closed; we say disposal-closed
disposal: review, dismiss -> false-alarm; we say disposal-false-alarm
disposal: closed, reopen -> handling; we say disposal-reopened
disposal: false-alarm, reopen -> handling; we say disposal-reopened
report: not-required, owe -> due; we say report-due
report: due, to-department -> department; we say reported
report: due, to-congress -> congress; we say reported
report: department, to-department -> department; we say reported
report: department, to-congress -> made; we say reported
report: congress, to-congress -> congress; we say reported
report: congress, to-department -> made; we say reported
report: made, to-department -> made; we say reported
report: made, to-congress -> made; we say reported
report: not-required, waive -> not-required; we say nothing
report: due, waive -> waived; we say nothing
report: department, waive -> waived; we say nothing
report: congress, waive -> waived; we say nothing
report: made, waive -> made; we say nothing
report: waived, waive -> waived; we say nothing
report: not-required, renew -> not-required; we say nothing
report: due, renew -> due; we say nothing
report: department, renew -> department; we say nothing
report: congress, renew -> congress; we say nothing
report: made, renew -> made; we say nothing
report: waived, renew -> due; we say nothing
"""


def prose() -> dict[tuple[str, str, str], tuple[str, list[str]]]:
    rows = {}
    for line in PROSE.strip().splitlines():
        axis, rest = line.split(": ", 1)
        pair, rest = rest.split(" -> ")
        after, said = rest.split("; we say ")
        state, cause = pair.split(", ")
        rows[(axis, state, cause)] = (after, [] if said == "nothing" else [said])
    return rows


PRODUCT = [(a, s, c) for a in Axis for s in STATES[a] for c in Cause if axis_of(c) is a]
EVERY_AXES = [
    Axes(*each)
    for each in itertools.product(Condition, Acknowledgement, Latch, Suppression, Disposal, Report)
]


def axes_with(axis: Axis, state: State, cause: Cause) -> Axes:
    """Axes in this state, with what the cause requires on the others."""
    fields = {axis.value: state}
    fields.update({_axis(needed).value: needed for needed in REQUIRES.get(cause, ())})
    return Axes(**fields)  # type: ignore[arg-type]


def _axis(state: State) -> Axis:
    return next(a for a, kind in STATES.items() if type(state) is kind)


def test_prose_and_tables_name_the_same_pairs() -> None:
    rows = {(a.value, s.value, c.value) for a, table in TABLES.items() for s, c in table}
    assert rows == set(prose())


@pytest.mark.parametrize(("axis", "state", "cause"), PRODUCT, ids=str)
def test_every_state_and_cause(axis: Axis, state: State, cause: Cause) -> None:
    expected = prose().get((axis.value, state.value, cause.value))
    axes = axes_with(axis, state, cause)
    if expected is None:
        with pytest.raises(Refused, match=f"{cause.value}.*{state.value}"):
            move(axes, cause)
        return
    after, effects = move(axes, cause)
    assert (getattr(after, axis), [e.value for e in effects]) == expected


@pytest.mark.parametrize("cause", Cause)
def test_an_axis_moves_alone_unless_a_joint_rule_says_otherwise(cause: Cause) -> None:
    may_move = {axis_of(cause), Axis.ACKNOWLEDGEMENT, Axis.LATCH, Axis.REPORT}
    for axes in EVERY_AXES:
        try:
            after, effects = move(axes, cause, latched=True)
        except Refused:
            continue
        for axis in set(Axis) - may_move:
            assert getattr(after, axis) == getattr(axes, axis)
        if not effects and axis_of(cause) is Axis.CONDITION:
            assert after == axes


def test_condition_rows_are_total() -> None:
    causes = [c for c in Cause if axis_of(c) is Axis.CONDITION]
    for axes, cause in itertools.product(EVERY_AXES, causes):
        move(axes, cause)


def test_only_a_judgement_within_the_limit_makes_normal() -> None:
    for axes, cause in itertools.product(EVERY_AXES, Cause):
        if (
            axes.condition is Condition.NORMAL
            or cause is Cause.WITHIN
            or axis_of(cause) is not Axis.CONDITION
        ):
            continue
        assert move(axes, cause).axes.condition is not Condition.NORMAL


def test_whatever_a_person_must_see_leaves_it_unacknowledged() -> None:
    for axes, cause in itertools.product(EVERY_AXES, (Cause.BEYOND, Cause.AGAIN, Cause.UNSHELVE)):
        try:
            after, effects = move(axes, cause)
        except Refused:
            continue
        back_to_normal = EventKind.UNSHELVED in effects and after.condition is Condition.NORMAL
        if back_to_normal:
            assert after.acknowledgement is axes.acknowledgement
        elif set(effects) & {EventKind.RAISED, EventKind.RE_ALARM, EventKind.UNSHELVED}:
            assert after.acknowledgement is Acknowledgement.UNACKNOWLEDGED


def test_what_late_data_says_asks_nobody_until_it_is_announced() -> None:
    recorded, effects = move(NORM, Cause.BEYOND, latched=True, late=True)
    assert effects == (EventKind.RAISED,)
    assert recorded == Axes(Condition.ACTIVE, Acknowledgement.NOT_REQUIRED, Latch.NONE)
    assert recorded.recorded_only
    assert closes(move(recorded, Cause.WITHIN).axes)
    announced = move(recorded, Cause.AGAIN, latched=True).axes
    assert announced == Axes(Condition.ACTIVE, Acknowledgement.UNACKNOWLEDGED, Latch.LATCHED)


@pytest.mark.parametrize("condition", [Condition.ACTIVE, Condition.UNKNOWN])
def test_reset_needs_a_normal_condition(condition: Condition) -> None:
    axes = Axes(condition, Acknowledgement.ACKNOWLEDGED, Latch.LATCHED)
    with pytest.raises(Refused, match=f"reset.*{condition.value}.*normal"):
        move(axes, Cause.RESET)


def test_reset_needs_an_acknowledgement() -> None:
    axes = Axes(Condition.NORMAL, Acknowledgement.UNACKNOWLEDGED, Latch.LATCHED)
    with pytest.raises(Refused, match=r"reset.*unacknowledged"):
        move(axes, Cause.RESET)


def test_closed_is_exactly_normal_seen_unlatched_and_settled() -> None:
    for axes in EVERY_AXES:
        expected = (
            axes.condition is Condition.NORMAL
            and axes.acknowledgement is not Acknowledgement.UNACKNOWLEDGED
            and axes.latch is Latch.NONE
            and axes.suppression is Suppression.NONE
            and axes.disposal in {Disposal.NOT_REQUIRED, Disposal.CLOSED, Disposal.FALSE_ALARM}
            and axes.report in {Report.NOT_REQUIRED, Report.MADE, Report.WAIVED}
        )
        assert closes(axes) is expected
    assert set(CLOSES) == set(Axis)


def test_every_combination_has_one_letter() -> None:
    assert len(ISA) == len(Condition) * len(Acknowledgement) * len(Latch)
    assert {letter(a) for a in EVERY_AXES} == set("ABCDEFGHI")
    assert letter(NORM) == "A"


@pytest.mark.parametrize(
    ("axes", "expected"),
    [
        (Axes(Condition.ACTIVE, Acknowledgement.UNACKNOWLEDGED), "B"),
        (Axes(Condition.ACTIVE, Acknowledgement.ACKNOWLEDGED), "C"),
        (Axes(Condition.UNKNOWN, Acknowledgement.UNACKNOWLEDGED), "B"),
        (Axes(Condition.UNKNOWN, Acknowledgement.ACKNOWLEDGED), "C"),
        (Axes(Condition.NORMAL, Acknowledgement.UNACKNOWLEDGED), "D"),
        (Axes(Condition.NORMAL, Acknowledgement.UNACKNOWLEDGED, Latch.LATCHED), "E"),
        (Axes(Condition.NORMAL, Acknowledgement.ACKNOWLEDGED, Latch.LATCHED), "F"),
        (Axes(Condition.ACTIVE, Acknowledgement.NOT_REQUIRED), "C"),
        (Axes(Condition.NORMAL, Acknowledgement.NOT_REQUIRED), "A"),
        (Axes(Condition.ACTIVE, suppression=Suppression.SHELVED), "G"),
        (Axes(Condition.ACTIVE, suppression=Suppression.BY_DESIGN), "H"),
        (Axes(Condition.ACTIVE, suppression=Suppression.OUT_OF_SERVICE), "I"),
    ],
)
def test_letters_of_isa_18_2(axes: Axes, expected: str) -> None:
    assert letter(axes) == expected
