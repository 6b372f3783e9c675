"""First-out: in a flood the cause is marked. Re-alarm: what stands too long is told again."""

from dataclasses import replace

from gateway.model.commands import Act
from gateway.model.times import seconds
from tests.unit.alarms.plant import SITE, Story, edited, kinds, with_rules

GROUPED = with_rules(
    *(replace(r, first_out="trip") if r.id in ("LT-1.H", "LT-1.HH", "LT-2.H") else r for r in SITE.rules)
)


def marked(story: Story) -> dict[str, bool]:
    return {o.rule: o.first_out for o in story.book.open()}


def test_the_first_of_a_group_is_marked_and_no_other() -> None:
    story = Story(GROUPED)
    for rule in ("LT-2.H", "LT-1.H", "PZ-1.H", "LT-1.HH"):
        story.active(rule)
    assert marked(story) == {"LT-2.H": True, "LT-1.H": False, "PZ-1.H": False, "LT-1.HH": False}


def test_the_mark_stays_when_the_first_is_normal_again_but_not_yet_seen() -> None:
    story = Story(GROUPED)
    story.active("LT-2.H")
    story.normal("LT-2.H")
    story.active("LT-1.H")
    assert marked(story) == {"LT-2.H": True, "LT-1.H": False}


def test_after_the_group_is_quiet_there_is_a_new_first() -> None:
    story = Story(GROUPED)
    story.active("LT-2.H")
    o = story.one("LT-2.H")
    story.ack((o.id, o.n))
    story.normal("LT-2.H")
    story.active("LT-1.H")
    assert marked(story) == {"LT-1.H": True}


def test_what_is_shelved_does_not_take_the_mark() -> None:
    story = Story(GROUPED)
    story.aside(Act.SHELVE, "LT-2.H")
    story.active("LT-2.H")
    story.active("LT-1.H")
    assert story.one("LT-1.H").first_out


def test_an_acknowledged_alarm_that_stands_is_told_again() -> None:
    story = Story(edited("LT-2.H", re_alarm=seconds(600)))
    story.active("LT-2.H")
    story.wait(900)
    assert story.one("LT-2.H").isa == "B"
    o = story.one("LT-2.H")
    story.ack((o.id, o.n))
    assert kinds(story.wait(599)) == []
    (event,) = story.wait(1)
    assert (event.event.value, event.isa) == ("re-alarm", "B")
    o = story.one("LT-2.H")
    story.ack((o.id, o.n))
    story.normal("LT-2.H")
    assert kinds(story.wait(1200)) == []
