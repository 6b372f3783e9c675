"""Every state of all axes together, with every cause, against a second list of what axes do to each other.

:mod:`.test_tables` has each axis alone. Here stands, in words of its own, what couples them: what must be so on the
other axes first, and what one says to the others. Everything not told here leaves the other axes as they are.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pytest

from gateway.alarms.tables import Axis, Cause, affect, axis_of, closes, move
from gateway.model.errors import Refused
from gateway.model.events import Axes, EventKind
from tests.unit.alarms.test_tables import EVERY_AXES, STATES, prose

# Written from ISA-18.2 / IEC 62682 and the design page, not from the tables.
NEEDS = """
reset: the condition is normal
reset: the acknowledgement is acknowledged
settle: the condition is normal
dismiss: the condition is normal
"""
SAYS = """
raised: it must be seen
raised: it latches, where the rule latches
re-alarm: it must be seen
re-alarm: it latches, where the rule latches
unshelved: it must be seen, unless the condition is normal
unsuppressed: it must be seen, unless the condition is normal
returned-to-service: it must be seen, unless the condition is normal
disposal-false-alarm: no report is owed any more
disposal-reopened: what was waived is owed again
"""
LATE = """
raised: it is recorded
"""
MEANS = {
    "it must be seen": Cause.ALARM,
    "it latches": Cause.LATCH,
    "it is recorded": Cause.RECORD,
    "no report is owed any more": Cause.WAIVE,
    "what was waived is owed again": Cause.RENEW,
}


ROWS = prose()


@dataclass(frozen=True)
class Second:
    """The second list, read once. ``needs``: cause -> (axis, state); ``says``, ``late``: event -> what follows."""

    needs: Mapping[str, list[tuple[str, str]]]
    says: Mapping[str, list[str]]
    late: Mapping[str, list[str]]

    def expected(
        self, axes: Axes, cause: Cause, *, latched: bool, late: bool
    ) -> tuple[Axes, list[str]] | None:
        """Axes and events after the cause; None: it must be refused."""
        if any(getattr(axes, axis) != state for axis, state in self.needs.get(cause, ())):
            return None
        row = ROWS.get((axis_of(cause), getattr(axes, axis_of(cause)), cause))
        if row is None:
            return None
        found: Axes | None = put(axes, axis_of(cause), row[0])
        for event in row[1]:
            for what in (self.late if late and event in self.late else self.says).get(event, ()):
                found = None if found is None else coupled(found, what, latched=latched)
        return None if found is None else (found, row[1])


def second(needs: str = NEEDS, says: str = SAYS, late: str = LATE) -> Second:
    pairs = [(who, *need.removeprefix("the ").split(" is ")) for who, need in lines(needs)]
    by_cause = {who: [(a, s) for w, a, s in pairs if w == who] for who, _, _ in pairs}
    return Second(by_cause, grouped(says), grouped(late))


def lines(text: str) -> list[tuple[str, str]]:
    return [(a, b) for a, b in (line.split(": ", 1) for line in text.strip().splitlines())]


def grouped(text: str) -> dict[str, list[str]]:
    told = lines(text)
    return {who: [what for w, what in told if w == who] for who, _ in told}


def coupled(axes: Axes, what: str, *, latched: bool) -> Axes | None:
    said, _, unless = what.partition(", ")
    if (unless == "where the rule latches" and not latched) or (
        unless == "unless the condition is normal" and axes.condition == "normal"
    ):
        return axes
    cause = MEANS[said]
    row = ROWS.get((axis_of(cause), getattr(axes, axis_of(cause)), cause))
    return None if row is None else put(axes, axis_of(cause), row[0])


@cache
def put(axes: Axes, axis: Axis, state: str) -> Axes:
    change: dict[str, Any] = {axis.value: STATES[axis](state)}
    return replace(axes, **change)


def product() -> Iterator[tuple[Axes, Cause, bool, bool]]:
    return itertools.product(EVERY_AXES, Cause, (False, True), (False, True))


def differences(list_: Second) -> Iterator[tuple[object, ...]]:
    for axes, cause, latched, late in product():
        wanted = list_.expected(axes, cause, latched=latched, late=late)
        try:
            moved = move(axes, cause, latched=latched, late=late)
            found = (moved.axes, [e.value for e in moved.effects])
        except Refused:
            found = None
        if found != wanted:
            yield axes, cause, latched, late, wanted, found


def test_the_whole_product_is_as_the_second_list_says() -> None:
    assert next(differences(second()), None) is None


@pytest.mark.parametrize(
    ("part", "line"),
    [
        (part, line)
        for part, text in (("needs", NEEDS), ("says", SAYS), ("late", LATE))
        for line in text.split("\n")
        if line
    ],
)
def test_every_line_of_the_second_list_matters(part: str, line: str) -> None:
    """Without it the comparison above finds a difference: none is there for show."""
    kept = {"needs": NEEDS, "says": SAYS, "late": LATE}
    kept[part] = kept[part].replace(f"{line}\n", "", 1)
    assert next(differences(second(**kept)), None) is not None


def test_a_rise_of_level_must_be_seen_and_leaves_all_else() -> None:
    """It is no cause of an axis: nothing about the process, a person or a suppression has changed."""
    for axes in EVERY_AXES:
        assert affect(axes, EventKind.LEVEL_RAISED, latched=True) == put(
            axes, Axis.ACKNOWLEDGEMENT, "unacknowledged"
        )


def test_closed_is_where_nothing_is_left_to_happen_see_or_do() -> None:
    open_states = {
        "condition": {"active", "unknown"},
        "acknowledgement": {"unacknowledged"},
        "latch": {"latched"},
        "suppression": {"shelved", "by-design", "out-of-service"},
        "disposal": {"open", "assigned", "handling", "review"},
        "report": {"due", "department", "congress"},
    }
    for axes in EVERY_AXES:
        left = [a for a, states in open_states.items() if getattr(axes, a).value in states]
        assert closes(axes) is not bool(left), (axes, left)
