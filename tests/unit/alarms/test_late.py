"""An alarm found in late data is recorded; people are called when it is known to stand, never for what is over."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.alarms.decide import HOLD
from gateway.model.commands import Act
from gateway.model.errors import Refused
from gateway.model.events import Acknowledgement, Condition, Latch
from gateway.model.levels import LiveLevel
from gateway.model.times import NS, seconds
from tests.unit.alarms.plant import SITE, T0, Story, edited, kinds, told

HH = "LT-1.HH"


def late(story: Story, rule: str, after: Condition, at: float, **more: object) -> list[str]:
    """An edge dated ``at`` s from now (negative: long ago) that is heard now; what was decided."""
    time = story.now + seconds(at) if at >= 0 else story.now - seconds(-at)
    return kinds(story.rule(rule, after, time=time, onset=time, received=story.now, **more))


def test_a_crossing_that_is_over_is_journalled_and_nobody_is_called() -> None:
    story = Story()
    assert late(story, HH, Condition.ACTIVE, -600) == ["raised"]
    raised = next(e for e in story.events if e.rule == HH)
    assert raised.after is not None
    assert (raised.backfill, raised.late_s) == (True, 600.0)
    assert raised.after.acknowledgement is Acknowledgement.NOT_REQUIRED
    assert raised.after.latch is Latch.NONE, "nothing is left for a person to reset"
    assert late(story, HH, Condition.NORMAL, -300) == ["cleared", "closed"]
    assert story.book.open() == ()
    assert "re-alarm" not in kinds(story.events)


def test_many_crossings_that_are_over_leave_nothing_open() -> None:
    story = Story()
    for k in range(20):
        late(story, "LT-2.H", Condition.ACTIVE, -600 + 10 * k)
        late(story, "LT-2.H", Condition.NORMAL, -595 + 10 * k)
    assert story.book.open() == ()
    assert kinds(story.events).count("raised") == 20


def test_one_that_stands_is_announced_with_all_that_belongs_to_it() -> None:
    story = Story(edited(HH, disposal_due=seconds(60)))
    late(story, HH, Condition.ACTIVE, -600)
    assert story.wait(HOLD / NS - 0.001) == []
    announced, opened = story.wait(0.001)[:2]
    assert (announced.event.value, announced.detail) == ("re-alarm", {"why": "it stands"})
    assert announced.after is not None
    assert announced.after.acknowledgement is Acknowledgement.UNACKNOWLEDGED
    assert announced.after.latch is Latch.LATCHED
    assert not announced.backfill, "people are told now"
    assert opened.event.value == "disposal-opened"
    o = story.one(HH)
    story.ack((o.id, o.n))
    assert story.one(HH).axes.acknowledgement is Acknowledgement.ACKNOWLEDGED


def test_meanwhile_its_place_is_neither_coloured_nor_called_normal() -> None:
    story = Story()
    assert story.level("farm") is LiveLevel.NORMAL
    late(story, HH, Condition.ACTIVE, -600)
    assert story.level("farm") is LiveLevel.NOT_JUDGED
    story.wait(HOLD / NS)
    assert story.level("farm") is LiveLevel.RED


def test_what_becomes_unknown_meanwhile_is_announced() -> None:
    story = Story()
    late(story, HH, Condition.ACTIVE, -600)
    assert kinds(story.unknown(HH)) == ["unknown"]
    assert "re-alarm" in kinds(story.wait(HOLD / NS))
    assert story.one(HH).axes.condition is Condition.UNKNOWN


def test_data_that_is_always_late_calls_people_also_for_the_shortest_crossing() -> None:
    """A device whose clock is ten minutes behind: nothing comes faster than it was measured."""
    story = Story()
    late(story, HH, Condition.ACTIVE, -600)
    story.wait(1)
    assert late(story, HH, Condition.NORMAL, -600) == ["re-alarm", "cleared"]
    o = story.one(HH)
    assert o.axes.acknowledgement is Acknowledgement.UNACKNOWLEDGED
    assert o.axes.latch is Latch.LATCHED


def test_an_alarm_in_time_is_announced_at_once() -> None:
    story = Story()
    story.active(HH, received=story.now + seconds(4))
    assert story.one(HH).axes.acknowledgement is Acknowledgement.UNACKNOWLEDGED


def test_only_recorded_it_has_nothing_to_acknowledge() -> None:
    story = Story()
    late(story, HH, Condition.ACTIVE, -600)
    o = story.one(HH)
    with pytest.raises(Refused, match="'seen' is not possible while acknowledgement is 'not-required'"):
        story.ack((o.id, o.n))
    assert story.one(HH).axes.acknowledgement is Acknowledgement.NOT_REQUIRED


def test_a_cause_that_is_only_recorded_hides_nothing_until_it_is_announced() -> None:
    rules = tuple(replace(r, suppressed_while=("LT-1.HH",)) if r.id == "LT-2.H" else r for r in SITE.rules)
    story = Story(replace(SITE, rules=rules))
    story.active("LT-2.H")
    late(story, HH, Condition.ACTIVE, -600)
    assert story.one("LT-2.H").axes.suppression.value == "none"
    assert "LT-2.H: suppressed" in told(story.wait(HOLD / NS))
    assert story.one("LT-2.H").axes.suppression.value == "by-design"


def test_late_and_shelved_it_ends_without_a_word() -> None:
    story = Story()
    story.aside(Act.SHELVE, HH)
    late(story, HH, Condition.ACTIVE, -600)
    late(story, HH, Condition.NORMAL, -300)
    story.wait(HOLD / NS)
    story.aside(Act.UNSHELVE, HH)
    assert story.book.open() == ()


def test_a_restart_in_between_forgets_nothing() -> None:
    story = Story()
    late(story, HH, Condition.ACTIVE, -600)
    story.book.refold(story.events)
    assert "re-alarm" in kinds(story.wait(HOLD / NS))
    assert story.now == T0 + HOLD
