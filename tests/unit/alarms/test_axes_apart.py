"""Suppression and disposal of one occurrence, without a book."""

import pytest

from gateway.alarms.decide import Basis, begin, press
from gateway.alarms.evolve import Held, follow, open_with
from gateway.alarms.subjects import of_rule
from gateway.alarms.tables import Cause
from gateway.model.errors import Refused
from gateway.model.events import Event
from tests.unit.alarms.plant import LI, SITE, T0

BASIS = Basis(time=T0, actor=LI)


def opened() -> Held:
    (event,) = begin(of_rule(SITE, SITE.rules[2]), "a" * 32, T0, BASIS)
    return open_with(event, "H")


def after(held: Held, *causes: Cause) -> tuple[Held, list[Event]]:
    events: list[Event] = []
    for cause in causes:
        basis = Basis(time=T0, detail={"seen": held.occurrence.n}) if cause is Cause.SEEN else BASIS
        events = press(held, cause, basis)
        held = follow(held, *events)
    return held, events


@pytest.mark.parametrize(
    ("away", "back", "isa"),
    [
        (Cause.SHELVE, Cause.UNSHELVE, "G"),
        (Cause.SUPPRESS, Cause.UNSUPPRESS, "H"),
        (Cause.REMOVE, Cause.RETURN, "I"),
    ],
)
def test_an_alarm_that_comes_back_from_suppression_must_be_seen_again(
    away: Cause, back: Cause, isa: str
) -> None:
    held, _ = after(opened(), Cause.SEEN, away)
    assert (held.occurrence.isa, held.first) == (isa, 0)
    held, _ = after(held, back)
    assert (held.occurrence.isa, held.first, held.last) == ("B", 4, 4)


def test_the_condition_moves_on_while_suppressed() -> None:
    held, _ = after(opened(), Cause.SHELVE, Cause.UNSURE, Cause.WITHIN)
    assert (held.occurrence.isa, held.occurrence.axes.condition.value) == ("G", "normal")


def test_an_open_disposal_keeps_a_normal_and_acknowledged_alarm_open() -> None:
    held, events = after(opened(), Cause.REQUIRE, Cause.SEEN, Cause.WITHIN)
    assert [e.event.value for e in events] == ["cleared"]
    held, events = after(held, Cause.HANDLE, Cause.SUBMIT, Cause.SETTLE)
    assert [e.event.value for e in events] == ["disposal-closed", "closed"]


def test_a_false_alarm_closes_it_too() -> None:
    steps = (Cause.REQUIRE, Cause.SEEN, Cause.WITHIN, Cause.HANDLE, Cause.SUBMIT, Cause.DISMISS)
    _, events = after(opened(), *steps)
    assert [e.event.value for e in events] == ["disposal-false-alarm", "closed"]


def test_no_disposal_is_settled_while_the_alarm_is_active() -> None:
    held, _ = after(opened(), Cause.REQUIRE, Cause.HANDLE, Cause.SUBMIT)
    with pytest.raises(Refused, match="'settle' is not possible while condition is 'active'"):
        press(held, Cause.SETTLE, BASIS)
