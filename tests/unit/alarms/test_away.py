"""Suppression that cannot hide: shelved, out of service, by design."""

from dataclasses import replace

import pytest

from gateway.model.commands import Act, Actor
from gateway.model.errors import Refused
from gateway.model.events import Condition, Suppression
from gateway.model.levels import Level, LiveLevel, Stage
from tests.unit.alarms.plant import LI, SITE, Story, edited, kinds, limit, told, with_rules

WANG = Actor("wang", "王强")


def test_a_shelved_alarm_goes_on_underneath_and_is_announced_when_its_time_is_over() -> None:
    story = Story()
    story.aside(Act.SHELVE, "LT-2.H")
    assert story.one("LT-2.H").isa == "G"
    (raised,) = story.active("LT-2.H")
    assert (raised.event.value, raised.isa, raised.detail["under"]) == (
        "raised",
        "G",
        story.open("LT-2.H")[0].id,
    )
    events = story.wait(3600)
    assert told(events) == ["LT-2.H: unshelved", "LT-2.H: closed", "LT-2.H: unshelved"]
    assert story.one("LT-2.H").isa == "B"
    assert story.level() is LiveLevel.ORANGE
    assert events[0].actor is None


def test_what_comes_and_goes_while_shelved_still_waits_to_be_seen() -> None:
    story = Story()
    story.aside(Act.SHELVE, "LT-2.H")
    story.active("LT-2.H")
    story.normal("LT-2.H")
    story.wait(3600)
    assert story.one("LT-2.H").isa == "D"


def test_a_shelf_without_an_alarm_ends_without_a_trace_of_one() -> None:
    story = Story()
    story.aside(Act.SHELVE, "LT-2.H")
    assert told(story.aside(Act.UNSHELVE, "LT-2.H")) == ["LT-2.H: unshelved", "LT-2.H: closed"]
    assert story.open("LT-2.H") == []
    assert told(story.active("LT-2.H")) == ["LT-2.H: raised"]


def test_a_place_with_a_shelved_rule_is_not_called_normal() -> None:
    story = Story()
    assert story.level("farm") is LiveLevel.NORMAL
    story.aside(Act.SHELVE, "LT-2.H")
    assert (story.level("farm"), story.level()) == (LiveLevel.NOT_JUDGED, LiveLevel.NOT_JUDGED)
    state = next(s for s in story.book.levels() if s.installation == "farm")
    assert (state.cause, state.suppressed) == (("LT-2.H",), ("LT-2.H",))
    story.aside(Act.UNSHELVE, "LT-2.H")
    assert story.level("farm") is LiveLevel.NORMAL


def test_shelving_what_is_active_takes_its_colour_away_but_not_the_doubt() -> None:
    story = Story()
    story.active("LT-2.H")
    story.aside(Act.SHELVE, "LT-2.H")
    assert story.level("farm") is LiveLevel.NOT_JUDGED


@pytest.mark.parametrize(
    ("act", "more", "says"),
    [
        (Act.SHELVE, {"comment": " "}, "needs a reason"),
        (Act.SHELVE, {"until": 0}, "needs an end"),
        (Act.SHELVE, {"hours": 9}, "at most 8 h"),
        (Act.REMOVE, {}, "number of a permit"),
        (Act.REMOVE, {"permit": "P-7", "hours": 721}, "at most 720 h"),
        (Act.UNSHELVE, {}, "is not shelved"),
        (Act.RETURN, {}, "is not out-of-service"),
    ],
)
def test_what_is_refused_changes_nothing(act: Act, more: dict[str, object], says: str) -> None:
    story = Story()
    before = story.book.dump()
    with pytest.raises(Refused, match=says):
        story.aside(act, "LT-2.H", **more)  # type: ignore[arg-type]
    assert story.book.dump() == before


def test_in_bulk_all_or_nothing() -> None:
    story = Story()
    with pytest.raises(Refused, match=r"no rule 'LT-9\.H'"):
        story.aside(Act.SHELVE, "LT-2.H", "LT-9.H")
    assert story.open("LT-2.H") == []
    story.aside(Act.SHELVE, "LT-2.H", "LT-1.H")
    assert [o.isa for o in story.book.open()] == ["G", "G"]


@pytest.mark.parametrize("second", [None, LI])
def test_a_highly_managed_alarm_needs_a_second_person(second: Actor | None) -> None:
    story = Story(edited("LT-1.HH", highly_managed=True))
    with pytest.raises(Refused, match="a second person"):
        story.aside(Act.SHELVE, "LT-1.HH", second=second)
    events = story.aside(Act.SHELVE, "LT-1.HH", second=WANG)
    assert events[0].detail["second"] == {"id": "wang", "name": "王强"}


def test_out_of_service_outranks_a_shelf_and_keeps_its_permit() -> None:
    story = Story()
    story.active("LT-2.H")
    story.aside(Act.SHELVE, "LT-2.H")
    events = story.aside(Act.REMOVE, "LT-2.H", hours=48, permit="JX-2026-11")
    assert (events[0].isa, events[0].detail["permit"]) == ("I", "JX-2026-11")
    story.wait(3600)
    assert story.one("LT-2.H").isa == "I"
    with pytest.raises(Refused):
        story.aside(Act.SHELVE, "LT-2.H")
    story.aside(Act.RETURN, "LT-2.H")
    assert story.one("LT-2.H").isa == "B"


def test_a_new_time_limit_replaces_the_old_one() -> None:
    story = Story()
    story.aside(Act.SHELVE, "LT-2.H", hours=1)
    story.aside(Act.SHELVE, "LT-2.H", hours=3)
    assert kinds(story.wait(2 * 3600)) == []
    assert kinds(story.wait(3600)) == ["unshelved", "closed"]


def test_a_shelf_outlives_a_restart_and_ends_on_time() -> None:
    story = Story()
    story.aside(Act.SHELVE, "LT-2.H")
    story.active("LT-2.H")
    story.book.refold(list(story.events))
    assert {o.isa for o in story.open("LT-2.H")} == {"G"}
    assert kinds(story.wait(3600)) == ["unshelved", "closed", "unshelved"]


PARENT = with_rules(
    *SITE.rules,
    limit("PT-1.LL", "LT-3", Level.ORANGE, 1, priority=2),
    limit("FT-1.L", "LT-2", Level.YELLOW, 1, suppressed_while=("PT-1.LL",)),
)


def test_a_child_is_set_aside_while_its_cause_is_active_and_comes_back_by_itself() -> None:
    story = Story(PARENT)
    story.active("FT-1.L")
    assert told(story.active("PT-1.LL"))[-1] == "FT-1.L: suppressed"
    assert story.one("FT-1.L").isa == "H"
    assert told(story.normal("PT-1.LL"))[-1] == "FT-1.L: unsuppressed"
    assert story.one("FT-1.L").isa == "B"


def test_a_child_that_comes_after_its_cause_begins_set_aside() -> None:
    story = Story(PARENT)
    story.active("PT-1.LL")
    (raised,) = story.active("FT-1.L")
    assert raised.after is not None
    assert raised.after.suppression is Suppression.BY_DESIGN


def test_a_cause_that_is_unknown_hides_nothing() -> None:
    story = Story(PARENT)
    story.active("PT-1.LL")
    story.active("FT-1.L")
    assert told(story.unknown("PT-1.LL"))[-1] == "FT-1.L: unsuppressed"
    assert story.one("FT-1.L").axes.condition is Condition.ACTIVE
    assert story.one("FT-1.L").isa == "B"


def test_a_configuration_without_the_relation_lets_it_go() -> None:
    story = Story(PARENT)
    story.active("PT-1.LL")
    story.active("FT-1.L")
    plain = with_rules(
        *(r if r.id != "FT-1.L" else limit("FT-1.L", "LT-2", Level.YELLOW, 1) for r in PARENT.rules)
    )
    assert "FT-1.L: unsuppressed" in told(story.reconfigure(plain))


def test_a_cause_that_is_retired_lets_its_children_go() -> None:
    story = Story(PARENT)
    story.active("PT-1.LL")
    story.active("FT-1.L")
    rules = [r for r in PARENT.rules if r.id != "PT-1.LL"]
    assert "FT-1.L: unsuppressed" in told(story.reconfigure(with_rules(*rules)))


def test_a_cause_in_shadow_hides_nothing() -> None:
    shadowed = tuple(replace(r, stage=Stage.SHADOW) if r.id == "PT-1.LL" else r for r in PARENT.rules)
    story = Story(with_rules(*shadowed))
    story.active("FT-1.L")
    story.active("PT-1.LL")
    assert story.one("FT-1.L").isa == "B"
    story.normal("FT-1.L")
    assert told(story.active("FT-1.L")) == ["FT-1.L: raised"]
    assert story.open("FT-1.L")[-1].isa == "B"


def test_a_place_whose_alarm_is_set_aside_for_a_cause_elsewhere_is_not_called_normal() -> None:
    rules = (*SITE.rules, limit("FT-1.L", "LT-2", Level.YELLOW, 1, suppressed_while=("PZ-1.H",)))
    story = Story(with_rules(*rules))
    story.active("PZ-1.H")
    story.active("FT-1.L")
    assert (story.level("pond"), story.level("farm")) == (LiveLevel.BLUE, LiveLevel.NOT_JUDGED)
    story.normal("FT-1.L")
    assert story.level("farm") is LiveLevel.NORMAL


@pytest.mark.parametrize(
    ("act", "back"), [(Act.SHELVE, Act.UNSHELVE), (Act.REMOVE, Act.RETURN)], ids=["shelved", "removed"]
)
def test_a_cause_that_a_person_keeps_from_the_operator_hides_nothing(act: Act, back: Act) -> None:
    story = Story(PARENT)
    story.active("PT-1.LL")
    story.active("FT-1.L")
    assert story.one("FT-1.L").isa == "H"
    assert told(story.aside(act, "PT-1.LL", permit="P-1"))[1:] == ["FT-1.L: unsuppressed"]
    assert (story.one("FT-1.L").isa, story.level("farm")) == ("B", LiveLevel.YELLOW)
    assert "FT-1.L: suppressed" in told(story.aside(back, "PT-1.LL"))
    assert story.one("FT-1.L").isa == "H"


def test_what_comes_from_a_shelf_while_its_cause_stands_is_set_aside_again() -> None:
    story = Story(PARENT)
    story.active("PT-1.LL")
    story.active("FT-1.L")
    story.aside(Act.SHELVE, "FT-1.L", hours=1)
    assert told(story.wait(3600)) == ["FT-1.L: unshelved", "FT-1.L: suppressed"]
    assert told(story.reconfigure(story.site)) == [": config-changed"], "the relation holds already"
