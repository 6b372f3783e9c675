"""Another configuration: nothing open ends silently, and what an edit makes worse is told."""

from dataclasses import replace

from gateway.model.events import Condition, EventKind
from gateway.model.levels import Level, LiveLevel, Stage
from gateway.model.times import seconds
from tests.unit.alarms.plant import SITE, T0, Story, edited, told, with_rules


def test_an_edited_limit_keeps_the_open_alarm() -> None:
    story = Story()
    raised = story.active("LT-2.H")[0]
    assert told(story.reconfigure(edited("LT-2.H", trigger=8.5, reset=8.2, version="v2"))) == [
        ": config-changed"
    ]
    (event,) = [e for e in story.normal("LT-2.H") if e.id]
    assert (event.id, event.rule_version, event.limit, event.reset) == (raised.id, "v2", 8.5, 8.2)


def test_the_change_itself_is_journalled() -> None:
    assert Story().reconfigure(SITE)[0].detail == {"old": "a", "new": "b"}


def test_a_removed_rule_ends_its_open_alarm_with_retired_and_not_as_normal() -> None:
    story = Story()
    story.active("LT-1.HH")
    events = story.reconfigure(with_rules(*(r for r in SITE.rules if r.id != "LT-1.HH")))
    assert told(events) == [": config-changed", "LT-1.HH: retired"]
    assert events[1].after is not None
    assert events[1].after.condition is Condition.UNKNOWN
    assert story.book.open() == ()
    assert story.level() is LiveLevel.NORMAL
    assert [e.detail["level"] for e in events if e.event is EventKind.LIVE_LEVEL] == ["normal", "normal"]


def test_all_branches_are_retired() -> None:
    story = Story()
    story.active("LT-2.H")
    story.normal("LT-2.H")
    story.active("LT-2.H")
    events = story.book.retire(["LT-2.H", "never-was"], T0)
    assert told(events) == ["LT-2.H: retired", "LT-2.H: retired"]
    assert story.book.open() == ()


def test_a_disabled_rule_is_retired_too() -> None:
    story = Story()
    story.active("LT-2.H")
    assert "LT-2.H: retired" in told(story.reconfigure(edited("LT-2.H", enabled=False)))


def test_faults_of_removed_tags_and_links_are_retired() -> None:
    story = Story()
    story.bad("PZ-3")
    story.down("plc2")
    story.system("disk", active=True)
    tags = tuple(replace(t, links=()) for t in SITE.tags if t.id not in {"PZ-3", "LT-3"})
    rules = tuple(r for r in SITE.rules if r.id != "LT-3.H")
    events = story.reconfigure(with_rules(*rules, tags=tags, links=()))
    assert told(events) == [": config-changed", "PZ-3.FAULT: retired", "plc2.LINK: retired"]
    assert [o.rule for o in story.book.open()] == ["system.disk"]


def test_a_link_that_is_removed_and_configured_again_starts_afresh() -> None:
    story = Story()
    story.down("pond")
    story.reconfigure(replace(SITE, links=SITE.links[:3]))
    story.reconfigure(SITE)
    assert told(story.down("pond")) == ["pond.LINK: raised"]


def test_a_removed_timer_no_longer_fires() -> None:
    story = Story()
    story.active("LT-1.H")
    story.reconfigure(edited("LT-1.H", raise_level=()))
    assert told(story.wait(1000)) == []


def test_tags_keep_their_health_under_another_order_of_tags() -> None:
    story = Story()
    story.bad("LT-2")
    story.reconfigure(replace(SITE, tags=SITE.tags[::-1]))
    assert story.book.levels()[0].blinded == ("LT-2",)


def test_a_shadow_alarm_is_announced_when_its_rule_goes_live() -> None:
    story = Story()
    raised = story.active("LT-3.H")[0]
    story.ack((raised.id, 1))
    events = story.reconfigure(edited("LT-3.H", stage=Stage.LIVE))
    assert told(events) == [": config-changed", "LT-3.H: re-alarm"]
    assert (events[1].shadow, events[1].isa, events[1].id) == (False, "B", raised.id)
    assert story.level() is LiveLevel.RED


def test_a_live_alarm_stays_live_to_its_end_when_its_rule_goes_to_shadow() -> None:
    story = Story()
    story.active("LT-2.H")
    story.reconfigure(edited("LT-2.H", stage=Stage.SHADOW))
    assert story.level() is LiveLevel.ORANGE
    assert not story.normal("LT-2.H")[0].shadow


def test_a_higher_level_is_announced_a_lower_one_waits_for_the_next_alarm() -> None:
    story = Story()
    raised = story.active("LT-2.H")[0]
    story.ack((raised.id, 1))
    events = story.reconfigure(edited("LT-2.H", level=Level.RED))
    assert told(events) == [": config-changed", "LT-2.H: level-raised"]
    assert (events[1].isa, events[1].levels) == ("B", (Level.ORANGE, Level.RED))
    assert told(story.reconfigure(edited("LT-2.H", level=Level.BLUE))) == [": config-changed"]
    assert story.one("LT-2.H").level is Level.RED


def test_the_new_rules_timers_count_from_the_old_raise() -> None:
    story = Story()
    story.active("LT-1.H")
    story.now += seconds(10)
    story.reconfigure(edited("LT-1.H", raise_level=((seconds(20), Level.RED),)))
    assert story.book.next_deadline() == T0 + seconds(20)
