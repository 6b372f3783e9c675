"""Instrument, link and system faults."""

from dataclasses import replace

import pytest

from gateway.alarms.facts import StartedFact
from gateway.model.events import Condition, EventKind
from gateway.model.levels import Level, LiveLevel
from gateway.model.quality import Quality
from gateway.model.site import Link
from gateway.model.times import NEVER, seconds
from tests.unit.alarms.plant import SITE, T0, Story, edited, told


def test_an_instrument_fault_has_the_level_of_the_highest_rule_it_blinds() -> None:
    story = Story()
    event = story.bad("LT-1", Quality.FAILURE_CURRENT_LOW)[0]
    assert (event.event, event.rule, event.kind, event.fault) == (
        EventKind.RAISED,
        "LT-1.FAULT",
        "instrument",
        True,
    )
    assert (event.level, event.priority, event.quality) == (Level.RED, 1, Quality.FAILURE_CURRENT_LOW)
    assert (event.tag, event.installation, event.description) == ("LT-1", "farm", "LT-1 液位")
    assert story.one("LT-1.FAULT").name == "FAULT"


def test_a_rule_about_an_instrument_raises_a_fault_that_the_live_level_does_not_count() -> None:
    plain, story = Story(), Story(edited("LT-2.H", instrument=True))
    assert [e.fault for e in plain.active("LT-2.H") if e.event is EventKind.RAISED] == [False]
    assert [e.fault for e in story.active("LT-2.H") if e.event is EventKind.RAISED] == [True]
    assert story.level("farm") is LiveLevel.NORMAL
    assert plain.level("farm") is not LiveLevel.NORMAL


@pytest.mark.parametrize("tag", ["LT-3", "PZ-3"], ids=["only a shadow rule", "no rule"])
def test_a_fault_that_blinds_no_live_rule_is_blue(tag: str) -> None:
    event = Story().bad(tag, Quality.NOT_A_NUMBER)[0]
    assert (event.level, event.priority, event.shadow) == (Level.BLUE, 4, False)


def test_a_member_of_a_group_blinds_the_group() -> None:
    assert Story().bad("PZ-2", Quality.STALE)[0].level is Level.RED


def test_it_clears_and_closes_like_any_alarm() -> None:
    story = Story()
    raised = story.bad("LT-2")[0]
    assert told(story.good("LT-2")) == ["LT-2.FAULT: cleared"]
    assert told(story.ack((raised.id, 2))) == ["LT-2.FAULT: acknowledged", "LT-2.FAULT: closed"]


def test_a_flapping_instrument_is_one_line() -> None:
    story = Story()
    for _ in range(50):
        story.now += seconds(1)
        story.bad("LT-2")
        story.good("LT-2")
    found = story.one("LT-2.FAULT")
    assert (found.n, found.isa) == (100, "D")
    assert told(story.bad("LT-2")) == ["LT-2.FAULT: re-alarm"]
    assert story.one("LT-2.FAULT").isa == "B"


def test_one_dead_device_is_one_fault_that_lists_its_tags() -> None:
    story = Story()
    events = story.down("plc1")
    assert told(events) == ["plc1.LINK: raised"]
    assert (events[0].tag, events[0].kind, events[0].level) == ("plc1", "link", Level.RED)
    assert (events[0].members, events[0].installation) == (("LT-1", "LT-2"), "farm")
    assert events[0].detail == {"reason": "timeout"}
    assert told(story.bad("LT-1") + story.bad("LT-2")) == []


def test_one_dead_bus_is_one_fault_for_all_devices_on_it() -> None:
    story = Story()
    events = story.down("bus")
    assert told(events) == ["bus.LINK: raised"]
    assert events[0].members == ("LT-1", "LT-2", "LT-3")
    assert told(story.down("plc1") + story.down("plc2")) == []


def test_the_devices_faults_clear_when_their_bus_is_lost() -> None:
    story = Story()
    story.down("plc1")
    story.down("plc2")
    assert told(story.down("bus")) == ["plc1.LINK: cleared", "plc2.LINK: cleared", "bus.LINK: raised"]


def test_faults_of_tags_that_the_link_explains_clear() -> None:
    story = Story()
    story.bad("LT-1", Quality.COMMUNICATION)
    story.bad("LT-2", Quality.FAILURE_CURRENT_HIGH)
    assert told(story.down("plc1")) == ["LT-1.FAULT: cleared", "plc1.LINK: raised"]
    assert story.one("LT-2.FAULT").isa == "B"


def test_repeated_link_edges_change_nothing() -> None:
    story = Story()
    assert story.up("plc1") == []
    story.down("plc1")
    assert story.down("plc1") == []


def test_a_link_that_is_back_gives_its_tags_one_max_age_to_speak() -> None:
    story = Story()
    story.down("plc1")
    story.bad("LT-1")
    story.bad("LT-2")
    story.now += seconds(30)
    assert told(story.up("plc1")) == ["plc1.LINK: cleared"]
    assert story.book.next_deadline() == T0 + seconds(35)
    story.good("LT-1")
    assert told(story.wait(4.999999999)) == []
    story.now = T0 + seconds(30)
    assert told(story.wait(5)) == ["LT-2.FAULT: raised"]
    assert story.book.next_deadline() == NEVER


def test_another_reason_after_the_link_is_back_is_a_fault_at_once() -> None:
    story = Story()
    story.down("plc1")
    story.bad("LT-1")
    story.up("plc1")
    assert told(story.bad("LT-1", Quality.STALE)) == []
    assert told(story.bad("LT-1", Quality.FAILURE_CURRENT_LOW)) == ["LT-1.FAULT: raised"]


def test_a_device_that_stays_lost_behind_a_bus_that_is_back_is_a_fault_of_its_own() -> None:
    story = Story()
    story.down("bus")
    story.down("plc1")
    assert told(story.up("bus")) == ["bus.LINK: cleared"]
    assert told(story.wait(5)) == ["plc1.LINK: raised"]


def test_a_device_that_comes_back_with_its_bus_is_none() -> None:
    story = Story()
    story.down("bus")
    story.down("plc1")
    story.up("bus")
    assert told(story.up("plc1") + story.wait(5)) == []


def test_patience_is_the_tags_own_max_age() -> None:
    slow = replace(SITE.tags[0], max_age=seconds(60))
    event_driven = replace(SITE.tags[1], max_age=0)
    story = Story(replace(SITE, tags=(slow, event_driven, *SITE.tags[2:])))
    story.down("plc1")
    story.bad("LT-1")
    story.bad("LT-2")
    story.up("plc1")
    assert told(story.wait(5)) == ["LT-2.FAULT: raised"]
    assert story.book.next_deadline() == T0 + seconds(60)


def test_patience_ends_for_nothing_when_all_have_spoken_or_are_lost_again() -> None:
    story = Story()
    story.down("plc1")
    story.bad("LT-1")
    story.up("plc1")
    story.good("LT-1")
    assert story.book.next_deadline() == NEVER
    story.down("plc1")
    story.bad("LT-1")
    story.up("plc1")
    story.down("plc1")
    assert story.book.next_deadline() == NEVER
    story.down("bus")
    story.up("plc1")
    assert story.book.next_deadline() == NEVER


def test_faults_of_tags_that_never_spoke_fold_into_a_link_that_is_lost_again() -> None:
    story = Story(seen=False)
    story.down("pond")
    story.up("pond")
    story.wait(5)
    assert told(story.down("pond")) == [
        "PZ-1.FAULT: cleared",
        "PZ-2.FAULT: cleared",
        "PZ-3.FAULT: cleared",
        "pond.LINK: re-alarm",
    ]


def test_a_device_has_no_fault_of_its_own_when_its_bus_is_lost_again_within_its_patience() -> None:
    story = Story()
    story.down("bus")
    story.down("plc1")
    story.up("bus")
    story.now += seconds(1)
    story.down("bus")
    assert told(story.wait(10)) == []


def test_a_device_behind_a_bus_behind_a_lost_router_has_no_fault_of_its_own() -> None:
    router = Link(id="router", description="router", source="plc")
    bus = replace(SITE.links[0], parent="router")
    story = Story(replace(SITE, links=(router, bus, *SITE.links[1:])))
    for link in ("plc1", "bus", "router"):
        story.down(link)
    assert told(story.up("bus") + story.wait(10)) == []
    assert {o.rule for o in story.book.open() if o.axes.condition is Condition.ACTIVE} == {"router.LINK"}
    assert told(story.up("router") + story.wait(5)) == ["router.LINK: cleared", "plc1.LINK: re-alarm"]


def test_patience_stands_still_while_the_gateway_is_down() -> None:
    story = Story()
    story.down("plc1")
    story.bad("LT-1")
    story.up("plc1")
    story.tell(StartedFact(T0 + seconds(100), T0, "1.0"))
    assert story.book.next_deadline() == T0 + seconds(105)


def test_a_link_that_nobody_configured_is_a_fault_all_the_same() -> None:
    story = Story()
    event = story.down("ghost")[0]
    assert (event.rule, event.level, event.installation, event.members) == (
        "ghost.LINK",
        Level.BLUE,
        "system",
        (),
    )
    assert told(story.up("ghost")) == ["ghost.LINK: cleared"]


def test_system_faults() -> None:
    story = Story()
    event = story.system("output.county", active=True, detail="refused: bad password")[0]
    assert (event.rule, event.kind, event.installation) == ("system.output.county", "system", "system")
    assert (event.tag, event.level, event.fault) == ("output-county", Level.YELLOW, True)
    assert event.detail == {"reason": "refused: bad password"}
    assert story.system("output.county", active=True) == []
    assert told(story.system("output.county", active=False)) == ["system.output.county: cleared"]
    assert story.system("disk", active=True)[0].level is Level.ORANGE
    assert story.system("replay-difference", active=True)[0].level is Level.ORANGE


def test_faults_set_no_colour() -> None:
    story = Story()
    story.system("disk", active=True)
    assert story.level() is LiveLevel.NORMAL
    story.down("bus")
    story.bad("LT-1")
    assert story.level("farm") is LiveLevel.NO_VIEW


def test_the_reason_of_a_fault_is_its_quality() -> None:
    story = Story(seen=False)
    assert [e.quality for e in story.down("pond") if e.id] == [Quality.COMMUNICATION]
    assert [e.quality for e in story.up("pond") if e.id] == [Quality.GOOD]
    assert [e.quality for e in story.wait(5) if e.id] == [Quality.NO_DATA] * 3
    assert [e.quality for e in story.good("PZ-1") if e.id] == [Quality.GOOD]
