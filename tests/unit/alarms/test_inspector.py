"""As an inspector would ask: which order of events could hide an alarm, double it, or clear it wrongly?"""

import json

import pytest

from gateway.alarms.book import Book
from gateway.alarms.facts import Fact, LinkFact, RuleFact, TagFact, TimeFact
from gateway.model.errors import Refused
from gateway.model.events import Acknowledgement, Condition
from gateway.model.levels import Level, LiveLevel, Stage
from gateway.model.quality import Quality
from gateway.model.times import seconds
from tests.unit.alarms.plant import T0, Story, edited, kinds, told

# --- hide -------------------------------------------------------------------------------------------------------------


def test_an_acknowledgement_on_its_way_while_the_level_rises_does_not_cover_the_rise() -> None:
    story = Story()
    raised = story.active("LT-1.H")[0]
    story.wait(60)
    story.ack((raised.id, 1))
    assert story.one("LT-1.H").isa == "B"


def test_an_acknowledgement_of_the_old_alarm_does_not_cover_the_new_one() -> None:
    story = Story()
    old = story.active("LT-2.H")[0]
    story.normal("LT-2.H")
    story.now += 1
    story.active("LT-2.H")
    story.ack((old.id, 2))
    assert story.one("LT-2.H").axes.acknowledgement is Acknowledgement.UNACKNOWLEDGED


def test_an_acknowledgement_of_a_closed_alarm_does_not_fall_on_its_successor() -> None:
    story = Story()
    old = story.active("LT-2.H")[0]
    story.ack((old.id, 1))
    story.normal("LT-2.H")
    story.active("LT-2.H")
    with pytest.raises(Refused, match="closed meanwhile"):
        story.ack((old.id, 1))
    assert story.one("LT-2.H").isa == "B"


def test_an_acknowledgement_cannot_be_given_in_advance() -> None:
    story = Story()
    raised = story.active("LT-1.H")[0]
    with pytest.raises(Refused):
        story.ack((raised.id, 1000))
    assert [e.isa for e in story.wait(60) if e.id] == ["B"]


def test_one_bad_name_in_a_list_acknowledges_nothing() -> None:
    story = Story()
    raised = story.active("LT-2.H")[0]
    before = story.book.dump()
    with pytest.raises(Refused):
        story.ack((raised.id, 1), ("0" * 32, 1))
    assert story.book.dump() == before


def test_a_chattering_alarm_nobody_looks_at_is_still_announced_each_time_and_fills_no_memory() -> None:
    story = Story()
    announced = []
    for _ in range(100):
        story.now += seconds(1)
        announced += kinds(story.active("LT-2.H"))
        story.normal("LT-2.H")
    assert announced.count("flood-started") == 1
    assert [k for k in announced if k != "flood-started"] == ["raised"] * 8 + ["re-alarm"] * 92
    assert len(story.open("LT-2.H")) == 8
    assert len(json.dumps(story.book.dump())) < 20_000


def test_a_re_alarm_by_chattering_waits_for_a_person_and_colours_the_place() -> None:
    story = Story()
    for _ in range(9):
        story.normal("LT-2.H")
        event = story.active("LT-2.H")[0]
    assert (event.event.value, event.isa) == ("re-alarm", "B")
    assert story.level() is LiveLevel.ORANGE
    assert kinds(story.normal("LT-2.H")) == ["cleared"]


def test_a_re_alarm_never_says_less_than_a_new_alarm_would() -> None:
    story = Story()
    for _ in range(8):
        story.active("LT-3.H")
        story.normal("LT-3.H")
    story.reconfigure(edited("LT-3.H", stage=Stage.LIVE))
    event = story.active("LT-3.H")[0]
    assert (event.event.value, event.shadow) == ("raised", False)


def test_a_level_that_rises_in_the_config_is_not_hidden_behind_an_old_chatter() -> None:
    story = Story()
    for _ in range(8):
        story.active("LT-2.H")
        story.normal("LT-2.H")
    story.reconfigure(edited("LT-2.H", level=Level.RED))
    assert story.active("LT-2.H")[0].level is Level.RED


def test_an_alarm_whose_instrument_dies_keeps_its_colour_and_gets_a_fault_beside_it() -> None:
    story = Story()
    story.active("LT-1.HH")
    assert told(story.bad("LT-1", Quality.FAILURE_CURRENT_LOW)) == ["LT-1.FAULT: raised"]
    story.unknown("LT-1.HH")
    assert story.level() is LiveLevel.RED
    assert {o.rule for o in story.book.open()} == {"LT-1.HH", "LT-1.FAULT"}


def test_a_tag_that_never_spoke_is_a_fault_after_its_link_came_back() -> None:
    story = Story(seen=False)
    story.down("pond")
    story.up("pond")
    assert told(story.wait(5)) == ["PZ-1.FAULT: raised", "PZ-2.FAULT: raised", "PZ-3.FAULT: raised"]
    assert told(story.good("PZ-1")) == ["PZ-1.FAULT: cleared"]


def test_a_fault_hidden_by_a_lost_link_comes_out_when_the_link_is_back() -> None:
    story = Story()
    story.down("plc1")
    story.bad("LT-1", Quality.FAILURE_CURRENT_LOW)
    story.up("plc1")
    assert told(story.wait(5)) == ["LT-1.FAULT: raised"]


def test_of_two_lost_links_the_one_that_is_back_does_not_expose_the_tags_of_the_other() -> None:
    story = Story()
    story.down("plc1")
    story.bad("LT-1")
    story.down("bus")
    story.up("bus")
    assert told(story.wait(5)) == ["plc1.LINK: re-alarm"]
    story.up("plc1")
    assert told(story.wait(5)) == ["LT-1.FAULT: raised"]


def test_a_bus_that_flaps_does_not_lose_the_device_behind_it() -> None:
    story = Story()
    story.down("plc1")
    for _ in range(3):
        story.down("bus")
        story.up("bus")
        story.now += seconds(1)
    assert told(story.wait(5)) == ["plc1.LINK: re-alarm"]


def test_a_bad_edge_with_a_good_byte_is_not_sight() -> None:
    story = Story()
    story.tell(TagFact(0, bad=True, quality=0, time=T0))
    assert story.level("farm") is LiveLevel.NO_VIEW


def test_an_alarm_while_the_rest_is_blind_is_shown() -> None:
    story = Story(seen=False)
    story.active("PZ-1.H")
    assert story.level() is LiveLevel.BLUE
    assert story.level("farm") is LiveLevel.NO_VIEW


# --- double -----------------------------------------------------------------------------------------------------------


def test_an_edge_told_twice_is_one_alarm() -> None:
    story = Story()
    story.active("LT-2.H")
    assert story.active("LT-2.H") == []
    assert story.one("LT-2.H").n == 1


def test_unknown_and_back_is_not_a_second_alarm() -> None:
    story = Story()
    story.active("LT-2.H")
    story.unknown("LT-2.H")
    assert kinds(story.active("LT-2.H")) == ["known"]
    assert len(story.open("LT-2.H")) == 1


def test_fifty_tags_behind_one_dead_bus_are_one_fault_in_whatever_order_it_is_told() -> None:
    facts: list[Fact] = [
        LinkFact(T0, "bus", up=False),
        TagFact(0, True, 131, T0),
        LinkFact(T0, "plc1", up=False),
    ]
    for order in ((0, 1, 2), (0, 2, 1), (2, 0, 1), (2, 1, 0), (1, 0, 2), (1, 2, 0)):
        story = Story()
        for k in order:
            story.tell(facts[k])
        active = [o.rule for o in story.book.open() if o.axes.condition is Condition.ACTIVE]
        assert active == ["bus.LINK"], order


def test_an_event_folded_twice_or_missing_is_noticed() -> None:
    story = Story()
    raised = story.active("LT-2.H")[0]
    cleared = story.normal("LT-2.H")[0]
    book = Book(story.site, "epoch-1")
    with pytest.raises(ValueError, match="cannot open occurrence"):
        book.evolve(cleared)
    book.evolve(raised)
    before = book.dump()
    with pytest.raises(ValueError, match="missing or twice"):
        book.evolve(raised)
    assert book.dump() == before
    book.evolve(cleared)
    with pytest.raises(ValueError, match="missing or twice"):
        book.evolve(cleared)


def test_after_a_restart_the_same_edge_raises_nothing_again() -> None:
    story = Story()
    story.active("LT-2.H")
    book = Book(story.site, "epoch-1")
    book.load(json.loads(json.dumps(story.book.dump())))
    assert book.apply(RuleFact(2, Condition.NORMAL, Condition.ACTIVE, T0, T0, 9.0, 0, None, T0)) == []


def test_timers_run_on_when_only_the_journal_was_folded() -> None:
    story = Story()
    story.active("LT-1.H")
    book = Book(story.site, "epoch-1")
    for event in story.events:
        book.evolve(event)
    assert book.next_deadline() == T0 + seconds(60)
    assert "LT-1.H: level-raised" in told(book.apply(TimeFact(T0 + seconds(60))))


# --- clear wrongly ----------------------------------------------------------------------------------------------------


def test_a_normal_edge_of_one_limit_does_not_clear_the_other() -> None:
    story = Story()
    story.active("LT-1.H")
    story.active("LT-1.HH")
    story.normal("LT-1.HH")
    assert story.one("LT-1.H").axes.condition is Condition.ACTIVE
    assert story.level() is LiveLevel.YELLOW


def test_a_recovered_instrument_clears_its_fault_and_not_the_process_alarm() -> None:
    story = Story()
    story.active("LT-2.H")
    story.bad("LT-2")
    story.unknown("LT-2.H")
    assert told(story.good("LT-2")) == ["LT-2.FAULT: cleared"]
    assert story.one("LT-2.H").axes.condition is Condition.UNKNOWN


def test_a_link_that_is_back_clears_no_process_alarm() -> None:
    story = Story()
    story.active("LT-2.H")
    story.down("plc1")
    story.unknown("LT-2.H")
    story.up("plc1")
    assert story.one("LT-2.H").axes.condition is Condition.UNKNOWN
    assert story.level() is LiveLevel.ORANGE


def test_unknown_before_an_old_cleared_alarm_does_not_wake_it() -> None:
    story = Story()
    story.active("LT-2.H")
    story.normal("LT-2.H")
    assert told(story.unknown("LT-2.H")) == []
    assert story.one("LT-2.H").axes.condition is Condition.NORMAL
    assert story.level("farm") is LiveLevel.NOT_JUDGED


def test_an_acknowledgement_does_not_clear() -> None:
    story = Story()
    raised = story.active("LT-2.H")[0]
    story.ack((raised.id, 1))
    assert story.level() is LiveLevel.ORANGE
    assert story.one("LT-2.H").axes.condition is Condition.ACTIVE


def test_a_link_fault_that_stands_only_in_the_journal_clears_when_the_link_is_told_to_be_up() -> None:
    story = Story()
    story.down("plc1")
    book = Book(story.site, "epoch-1")
    book.refold(story.events)
    assert told(book.apply(LinkFact(T0, "plc1", up=True))) == ["plc1.LINK: cleared"]


def test_where_replay_and_journal_differ_the_journal_wins_and_the_view_stays() -> None:
    story, other = Story(), Story()
    story.active("LT-2.H")
    other.active("LT-1.H")
    other.bad("LT-2")
    other.book.refold(story.events)
    assert other.book.open() == story.book.open()
    assert {s.level for s in other.book.levels()} == {LiveLevel.ORANGE, LiveLevel.NORMAL}
    assert other.book.levels()[0].blinded == ("LT-2",)
    assert other.active("LT-2.H") == []


def test_a_fault_of_a_link_nobody_configured_can_clear_after_a_restart() -> None:
    story = Story()
    story.down("ghost")
    book = Book(story.site, "epoch-1")
    book.load(story.book.dump())
    assert told(book.apply(LinkFact(T0, "ghost", up=True))) == ["ghost.LINK: cleared"]
