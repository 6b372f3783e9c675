"""One occurrence from onset to close."""

import math

import pytest

from gateway.alarms import notes
from gateway.alarms.book import Book
from gateway.alarms.facts import GapFact, StartedFact
from gateway.model.commands import Act
from gateway.model.errors import Refused
from gateway.model.events import Acknowledgement, Condition, EventKind, Latch, occurrence_id
from gateway.model.levels import Level
from gateway.model.quality import Quality
from gateway.model.site import RuleKind
from gateway.model.times import NEVER, iso, seconds
from tests.unit.alarms.plant import LI, SITE, T0, Story, edited, kinds, told


def test_raised_carries_all_that_people_need() -> None:
    story = Story()
    event = story.active("LT-1.H", value=8.2, onset=T0 - seconds(3), rate=0.01)[0]
    assert event.event is EventKind.RAISED
    assert event.id == occurrence_id("gw-01", "epoch-1", "LT-1.H", "LT-1", T0 - seconds(3), 0)
    assert (event.n, event.isa, event.level, event.levels, event.priority) == (
        1,
        "B",
        Level.YELLOW,
        (Level.YELLOW,),
        2,
    )
    assert (event.value, event.limit, event.reset, event.quality, event.rate) == (8.2, 8, 7, 0, 0.01)
    assert (event.tag, event.description, event.cls, event.unit) == ("LT-1", "LT-1 液位", "level", "m")
    assert (event.kind, event.rule_version, event.guidance) == ("limit-high", "v1", "关闭进料阀")
    assert event.before is not None
    assert event.after is not None
    assert (event.before.condition, event.after.condition) == (Condition.NORMAL, Condition.ACTIVE)
    assert not event.fault
    assert not event.shadow


def test_group_rules_list_their_members() -> None:
    event = Story().active("GAS-A.VOTE")[0]
    assert (event.tag, event.members) == ("GAS-A", ("PZ-1", "PZ-2"))


def test_kinds_without_a_limit_carry_none() -> None:
    event = Story(edited("LT-2.H", kind=RuleKind.STATE, values=(3,))).active("LT-2.H")[0]
    assert (event.limit, event.reset) == (None, None)


def test_acknowledged_while_active_closes_when_it_clears() -> None:
    story = Story()
    raised = story.active("LT-2.H")[0]
    (seen,) = story.ack((raised.id, 1), comment="看到了")
    assert (seen.event, seen.n, seen.isa, seen.actor, seen.comment) == (
        EventKind.ACKNOWLEDGED,
        2,
        "C",
        LI,
        "看到了",
    )
    assert story.one("LT-2.H").acknowledged_by == LI
    events = story.normal("LT-2.H")
    assert [(e.event.value, e.n, e.isa) for e in events if e.id] == [("cleared", 3, "A"), ("closed", 4, "A")]
    assert story.book.open() == ()


def test_acknowledged_after_it_cleared_closes_at_once() -> None:
    story = Story()
    raised = story.active("LT-2.H")[0]
    assert [(e.event.value, e.isa) for e in story.normal("LT-2.H") if e.id] == [("cleared", "D")]
    assert kinds(story.ack((raised.id, 2))) == ["acknowledged", "closed"]
    assert story.book.open() == ()


def test_acknowledged_while_unknown_stays_open_until_it_is_known_to_be_normal() -> None:
    story = Story()
    raised = story.active("LT-2.H")[0]
    (lost,) = story.unknown("LT-2.H")
    assert (lost.value, lost.isa, lost.quality) == (None, "B", Quality.COMMUNICATION)
    assert kinds(story.ack((raised.id, 2))) == ["acknowledged"]
    assert story.one("LT-2.H").isa == "C"
    assert kinds(story.normal("LT-2.H")) == ["cleared", "closed"]


def test_known_again_is_the_same_alarm_and_keeps_its_acknowledgement() -> None:
    story = Story()
    raised = story.active("LT-2.H")[0]
    story.ack((raised.id, 1))
    story.unknown("LT-2.H")
    assert kinds(story.active("LT-2.H")) == ["known"]
    now = story.one("LT-2.H")
    assert (now.id, now.axes.acknowledgement) == (raised.id, Acknowledgement.ACKNOWLEDGED)


def test_a_rule_that_is_not_in_alarm_makes_no_event_when_it_becomes_unknown() -> None:
    story = Story()
    assert told(story.unknown("LT-2.H") + story.normal("LT-2.H")) == []


def test_numbers_that_json_cannot_say_are_left_out() -> None:
    story = Story()
    assert story.active("LT-2.H", value=math.inf)[0].value is None


def test_a_latched_alarm_needs_reset() -> None:
    story = Story()
    raised = story.active("LT-1.HH")[0]
    assert raised.after is not None
    assert raised.after.latch is Latch.LATCHED
    story.ack((raised.id, 1))
    assert [e.isa for e in story.normal("LT-1.HH") if e.id] == ["F"]
    events = story.reset((raised.id, 3))
    assert [(e.event.value, e.isa) for e in events if e.id] == [("reset", "A"), ("closed", "A")]


def test_a_latched_alarm_that_cleared_unseen_is_lettered_e() -> None:
    story = Story()
    raised = story.active("LT-1.HH")[0]
    assert [e.isa for e in story.normal("LT-1.HH") if e.id] == ["E"]
    with pytest.raises(Refused, match="'reset' is not possible while acknowledgement is 'unacknowledged'"):
        story.reset((raised.id, 2))


def test_reset_while_active_or_unlatched_is_refused_and_changes_nothing() -> None:
    story = Story()
    latched, plain = story.active("LT-1.HH")[0], story.active("LT-2.H")[0]
    story.ack((latched.id, 1), (plain.id, 1))
    before = story.book.dump()
    with pytest.raises(Refused, match="'reset' is not possible while condition is 'active'"):
        story.reset((latched.id, 2))
    with pytest.raises(Refused, match="not possible while"):
        story.reset((plain.id, 2))
    assert story.book.dump() == before


def test_a_reset_must_name_the_newest_event() -> None:
    story = Story()
    raised = story.active("LT-1.HH")[0]
    story.ack((raised.id, 1))
    story.normal("LT-1.HH")
    with pytest.raises(Refused, match="it is at event 3, not 2"):
        story.reset((raised.id, 2))


@pytest.mark.parametrize("act", [act for act in Act if act not in {*notes.KINDS, Act.WATCH, Act.WATCH_END}])
def test_commands_name_alarms_once(act: Act) -> None:
    story = Story()
    raised = story.active("LT-2.H")[0]
    for seen, why in (
        ((), "no alarm"),
        (((raised.id, 1),) * 2, "twice"),
        ((("f" * 32, 1),), "no open alarm 'ffff"),
    ):
        with pytest.raises(Refused, match=why):
            story.command(act, *seen)


class TestRisingLevel:
    def test_rises_by_time_in_alarm_at_the_exact_deadline(self) -> None:
        story = Story()
        raised = story.active("LT-1.H")[0]
        assert story.book.next_deadline() == T0 + seconds(60)
        assert story.wait(59.999999999) == []
        story.now = T0
        (risen,) = [e for e in story.wait(60) if e.id]
        assert (risen.event, risen.n, risen.time) == (EventKind.LEVEL_RAISED, 2, T0 + seconds(60))
        assert (risen.level, risen.levels) == (Level.ORANGE, (Level.YELLOW, Level.ORANGE))
        assert risen.id == raised.id
        assert story.book.next_deadline() == T0 + seconds(300)

    def test_makes_it_unacknowledged_again(self) -> None:
        story = Story()
        raised = story.active("LT-1.H")[0]
        story.ack((raised.id, 1))
        assert [e.isa for e in story.wait(60) if e.id] == ["B"]
        assert story.one("LT-1.H").acknowledged_by is None

    def test_both_rises_come_when_time_jumps_each_at_its_own_moment(self) -> None:
        story = Story()
        story.active("LT-1.H")
        risen = [e for e in story.wait(1000) if e.id]
        assert [(e.level, e.time) for e in risen] == [
            (Level.ORANGE, T0 + seconds(60)),
            (Level.RED, T0 + seconds(300)),
        ]
        assert risen[-1].levels == (Level.YELLOW, Level.ORANGE, Level.RED)
        assert story.book.next_deadline() == NEVER

    def test_goes_on_while_unknown(self) -> None:
        story = Story()
        story.active("LT-1.H")
        story.now += seconds(1)
        story.unknown("LT-1.H")
        assert story.book.next_deadline() == T0 + seconds(60)
        assert kinds(story.wait(59)) == ["level-raised"]

    def test_stops_when_it_clears(self) -> None:
        story = Story()
        story.active("LT-1.H")
        story.normal("LT-1.H")
        assert story.book.next_deadline() == NEVER
        assert story.wait(1000) == []

    def test_due_before_the_edge_that_ends_it_comes_before_it(self) -> None:
        story = Story()
        story.active("LT-1.H")
        story.now += seconds(90)
        assert kinds(story.normal("LT-1.H")) == ["level-raised", "cleared"]

    def test_time_in_alarm_of_late_data_begins_when_it_arrived(self) -> None:
        story = Story()
        story.active("LT-1.H", time=T0 - seconds(3600), received=T0)
        assert kinds(story.wait(5)) == ["re-alarm"], "it stands: people are told, and their time begins"
        assert story.book.next_deadline() == T0 + seconds(65)
        assert story.wait(1) == []

    def test_time_in_alarm_begins_anew_when_it_is_announced_again(self) -> None:
        story = Story()
        for _ in range(8):
            story.active("LT-1.H")
            story.normal("LT-1.H")
        story.now += seconds(30)
        assert kinds(story.active("LT-1.H")) == ["re-alarm"]
        assert story.book.next_deadline() == T0 + seconds(90)


class TestAcknowledgedAsSeen:
    def test_a_rise_after_what_was_seen_still_waits(self) -> None:
        story = Story()
        raised = story.active("LT-1.H")[0]
        story.wait(60)
        (seen,) = story.ack((raised.id, 1))
        assert (seen.event, seen.isa, seen.detail) == (EventKind.ACKNOWLEDGED, "B", {"seen": 1})
        assert story.one("LT-1.H").axes.acknowledgement is Acknowledgement.UNACKNOWLEDGED
        assert [e.isa for e in story.ack((raised.id, 2))] == ["C"]

    def test_the_same_part_is_not_acknowledged_twice(self) -> None:
        story = Story()
        raised = story.active("LT-1.H")[0]
        story.wait(60)
        story.ack((raised.id, 1))
        with pytest.raises(Refused, match="event 2 waits to be acknowledged, not event 1"):
            story.ack((raised.id, 1))

    @pytest.mark.parametrize("n", [0, -1, 2])
    def test_an_event_that_does_not_exist_is_refused(self, n: int) -> None:
        story = Story()
        raised = story.active("LT-2.H")[0]
        with pytest.raises(Refused, match=f"events 1 to 1, not {n}"):
            story.ack((raised.id, n))

    def test_acknowledging_twice_is_refused_naming_both(self) -> None:
        story = Story()
        raised = story.active("LT-2.H")[0]
        story.ack((raised.id, 1))
        with pytest.raises(Refused, match="'seen' is not possible while acknowledgement is 'acknowledged'"):
            story.ack((raised.id, 2))

    def test_events_that_ask_nothing_of_a_person_do_not_spoil_it(self) -> None:
        story = Story()
        raised = story.active("LT-2.H")[0]
        story.unknown("LT-2.H")
        assert [e.isa for e in story.ack((raised.id, 1))] == ["C"]


class TestBranches:
    def test_a_new_raise_is_a_second_occurrence_with_its_own_id(self) -> None:
        story = Story()
        first = story.active("LT-2.H")[0]
        story.normal("LT-2.H")
        story.now += seconds(10)
        second = story.active("LT-2.H")[0]
        assert (first.id != second.id, second.n) == (True, 1)
        assert [o.id for o in story.open("LT-2.H")] == [first.id, second.id]
        assert kinds(story.ack((first.id, 2))) == ["acknowledged", "closed"]
        assert story.one("LT-2.H").axes.acknowledgement is Acknowledgement.UNACKNOWLEDGED

    def test_edges_act_on_the_latest_only(self) -> None:
        story = Story()
        first = story.active("LT-2.H")[0]
        story.normal("LT-2.H")
        story.now += 1
        second = story.active("LT-2.H")[0]
        assert [e.id for e in story.normal("LT-2.H") if e.id] == [second.id]
        assert next(o.n for o in story.book.open() if o.id == first.id) == 2

    def test_a_latched_one_that_waits_for_reset_gets_a_branch_too(self) -> None:
        story = Story()
        first = story.active("LT-1.HH")[0]
        story.ack((first.id, 1))
        story.normal("LT-1.HH")
        story.now += 1
        second = story.active("LT-1.HH")[0]
        assert second.id != first.id
        assert kinds(story.reset((first.id, 3))) == ["reset", "closed"]
        assert story.one("LT-1.HH").id == second.id

    def test_ids_differ_for_the_same_and_for_an_earlier_onset(self) -> None:
        story = Story()
        ids = []
        for onset in (0, 0, 5, 0, 5, 6, 0):
            ids.append(story.active("LT-2.H", onset=T0 + onset)[0].id)
            story.normal("LT-2.H")
        assert len(set(ids)) == len(ids)


class TestLateData:
    def test_older_than_the_max_age_is_marked(self) -> None:
        story = Story()
        event = story.active("LT-2.H", time=T0 - seconds(5) - 1, received=T0)[0]
        assert (event.backfill, event.late_s) == (True, 5.000000001)

    def test_as_old_as_the_max_age_is_not(self) -> None:
        story = Story()
        event = story.active("LT-2.H", time=T0 - seconds(5), received=T0)[0]
        assert (event.backfill, event.late_s) == (False, 0.0)


class TestGatewayEvents:
    def test_the_very_first_start(self) -> None:
        events = Book(SITE, "e").apply(StartedFact(T0, 0, "1.0", "first"))
        assert kinds(events) == ["started"]
        assert events[0].detail == {"version": "1.0", "note": "first"}

    def test_an_outage_is_a_gap(self) -> None:
        story = Story()
        events = story.tell(StartedFact(T0 + seconds(90), T0, "1.0"))
        assert kinds(events) == ["started", "gap"]
        assert events[0].detail["outage_s"] == 90.0
        assert events[1].detail["who"] == "gw-01"
        assert (events[1].detail["start"], events[1].detail["end"]) == (iso(T0), iso(T0 + seconds(90)))

    def test_the_outage_does_not_count_as_time_in_alarm(self) -> None:
        story = Story()
        story.active("LT-1.H")
        story.tell(StartedFact(T0 + seconds(1000), T0 + seconds(10), "1.0"))
        assert story.book.next_deadline() == T0 + seconds(60 + 990)

    def test_no_outage_has_no_effect(self) -> None:
        story = Story()
        story.active("LT-1.H")
        before = story.book.dump()
        assert kinds(story.tell(StartedFact(T0, T0, "1.0"))) == ["started"]
        assert story.book.dump() == before

    def test_a_loss_by_policy_is_told_in_full(self) -> None:
        (event,) = Story().tell(GapFact(T0, "tsdb.readings", T0 - 5, T0 - 1, 12, "full"))
        assert event.detail == {
            "who": "tsdb.readings",
            "start": iso(T0 - 5),
            "end": iso(T0 - 1),
            "count": 12,
            "why": "full",
        }


class TestShadow:
    def test_a_shadow_rule_is_journalled_but_sets_no_level(self) -> None:
        story = Story()
        before = story.level()
        events = story.active("LT-3.H")
        assert kinds(events, levels=True) == ["raised"]
        assert events[0].shadow
        assert story.level() is before
        assert [e.shadow for e in story.normal("LT-3.H")] == [True]
