"""Quality, held values, delays, unknown, links, starts: what an operator would see."""

from typing import Any

import numpy as np
import pytest

import detectors.layout
import gateway.conditioning.layout
from gateway.engine import Engine
from gateway.engine.tables import permits
from gateway.model.batch import of_rows
from gateway.model.commands import Act, Command, Seen
from gateway.model.inputs import Acted, Gap, LinkChange, Numbered, Readings, Started, SystemFault, Tick
from gateway.model.quality import Quality
from gateway.model.site import Degrade, RuleKind
from gateway.model.times import NS
from tests.unit.engine.plant import ANNA, T0, S, readings, rule, site, tag

Q = Quality
HIGH = rule("L.H", RuleKind.LIMIT_HIGH, "L", trigger=12.0, reset=11.0)
SLOW = rule("L.H", RuleKind.LIMIT_HIGH, "L", trigger=12.0, reset=11.0, on_delay=4 * S, off_delay=3 * S)


class Bench:
    """An engine that numbers its inputs; events as (event, rule, seconds)."""

    def __init__(self, *rules: Any, tags: Any = None) -> None:
        self.site = site(rules=rules, tags=tags or (tag("L"),))
        self.engine, self.number = Engine(self.site, "e1"), 0
        self.give(Started(T0, 0, "1"))

    def give(self, item: Any) -> Any:
        self.number += 1
        self.last = self.engine.step([Numbered(self.number, item)])
        return [
            (e.event.value, e.rule, (e.time - T0) / NS)
            for _, e in self.last.events
            if e.rule and "FAULT" not in e.rule
        ]

    def read(self, *rows: Any) -> Any:
        return self.give(readings(self.site, *rows))

    def tick(self, at: Any) -> Any:
        return self.give(Tick(T0 + int(at * S)))


def test_both_stages_speak_of_the_same_record() -> None:
    mine, theirs = detectors.layout, gateway.conditioning.layout
    assert mine.ROW == theirs.ROW
    for name in ("JUDGED", "SYNTHETIC", "HELD", "TO_BAD", "TO_OK"):
        assert getattr(mine, name) == getattr(theirs, name)


def test_the_permission_table_is_promise_1() -> None:
    assert permits() == ((1, 1, 1), (1, 1, 0), (0, 0, 0))


@pytest.mark.parametrize(
    ("quality", "raises", "clears"),
    [(Q.GOOD, "raised", "cleared"), (Q.GOOD_MANUAL, "raised", "cleared"), (Q.SOURCE_UNCERTAIN, "raised", None),
     (Q.FROZEN, "raised", None), (Q.DEVICE_EXCEPTION, None, "unknown"), (255, None, "unknown")],
)  # fmt: skip
def test_quality_table(quality: Any, raises: Any, clears: Any) -> None:
    bench = Bench(HIGH)
    bench.read(("L", 1, 5.0))
    assert bench.read(("L", 2, 13.0, quality)) == ([(raises, "L.H", 2)] if raises else [])
    bench = Bench(HIGH)
    bench.read(("L", 1, 13.0))
    assert bench.read(("L", 2, 5.0, quality)) == ([(clears, "L.H", 2)] if clears else [])


def test_trigger_and_reset_are_inclusive_as_said() -> None:
    bench = Bench(HIGH)
    assert bench.read(("L", 1, 11.99)) == []
    assert bench.read(("L", 2, 12.0)) == [("raised", "L.H", 2)]
    assert bench.read(("L", 3, 11.0)) == []
    assert bench.read(("L", 4, 10.99)) == [("cleared", "L.H", 4)]


def test_limit_low_is_the_mirror() -> None:
    bench = Bench(rule("L.L", RuleKind.LIMIT_LOW, "L", trigger=4.0, reset=5.0))
    assert bench.read(("L", 1, 4.0)) == [("raised", "L.L", 1)]
    assert bench.read(("L", 2, 5.0)) == []
    assert bench.read(("L", 3, 5.01)) == [("cleared", "L.L", 3)]


def test_onset_is_before_the_delay_and_the_delay_ends_on_time() -> None:
    bench = Bench(SLOW)
    bench.read(("L", 1, 13.0))
    bench.read(("L", 3, 12.5))
    assert bench.engine.next_deadline() == T0 + 5 * S
    assert bench.tick(5) == [("raised", "L.H", 5)]
    (event,) = [e for _, e in bench.last.events if e.rule]
    assert event.onset == T0 + S
    assert event.value == 12.5


def test_a_late_tick_dates_the_alarm_the_same() -> None:
    bench = Bench(SLOW)
    bench.read(("L", 1, 13.0))
    bench.read(("L", 4, 13.0))
    assert bench.read(("L", 6, 5.0)) == [("raised", "L.H", 5)]
    assert bench.tick(8.9) == []
    assert bench.read(("L", 9.5, 5.0)) == [("cleared", "L.H", 9)]


def test_a_short_visit_is_no_alarm() -> None:
    bench = Bench(SLOW)
    bench.read(("L", 1, 13.0))
    bench.read(("L", 3, 5.0))
    assert bench.tick(6) == []
    bench.read(("L", 7, 13.0))
    assert bench.read(("L", 11, 5.0)) == []  # the reading at the deadline itself decides


def test_unknown_freezes_the_delay() -> None:
    bench = Bench(SLOW)
    bench.read(("L", 1, 13.0))
    bench.read(("L", 3, 0.0, Q.DEVICE_EXCEPTION))
    assert bench.tick(20) == []
    bench.read(("L", 30, 13.0))
    assert bench.tick(31.9) == []
    assert bench.tick(32) == [("raised", "L.H", 32)]
    (event,) = [e for _, e in bench.last.events if e.rule]
    assert event.onset == T0 + S


def test_a_stale_value_freezes_the_delay_and_makes_unknown() -> None:
    slow = rule("L.H", RuleKind.LIMIT_HIGH, "L", trigger=12.0, reset=11.0, on_delay=8 * S)
    bench = Bench(slow, HIGH.__class__(**{f: getattr(HIGH, f) for f in HIGH.__slots__} | {"id": "L.HH"}))
    bench.read(("L", 1, 13.0))
    assert bench.tick(30) == [("unknown", "L.HH", 6)]  # the value held until 6 s, five of the eight
    assert bench.last.readings[0][1].quality.tolist() == [Q.STALE]
    assert bench.read(("L", 40, 13.0)) == [("known", "L.HH", 40)]
    assert bench.tick(43) == [("raised", "L.H", 43)]


def test_a_gap_in_backfill_freezes_the_delay_too() -> None:
    """Late readings in one burst, ten minutes after: judged by their own times; the hole of 20 s does not count."""
    bench = Bench(rule("L.H", RuleKind.LIMIT_HIGH, "L", trigger=12.0, reset=11.0, on_delay=8 * S))
    rows = [(0, T0 + t * S, T0 + 600 * S, 13.0, 0) for t in (1, 2, 22, 23)]
    assert bench.give(Readings(of_rows(bench.site.table, rows))) == []
    rows = [(0, T0 + t * S, T0 + 600 * S, 13.0, 0) for t in (24, 25, 26)]
    assert bench.give(Readings(of_rows(bench.site.table, rows))) == [("raised", "L.H", 24)]
    (event,) = [e for _, e in bench.last.events if e.rule]
    assert event.backfill
    assert event.late_s > 500


def test_a_constant_lag_neither_shortens_nor_lengthens_a_delay() -> None:
    bench = Bench(SLOW)
    late = lambda t, v: Readings(of_rows(bench.site.table, [(0, T0 + t * S, T0 + (t + 60) * S, v, 0)]))  # noqa: E731
    assert bench.give(late(1, 13.0)) == []
    assert bench.give(late(4, 13.0)) == []
    assert bench.tick(64.9) == []
    assert bench.tick(65) == [("raised", "L.H", 5)]


def test_uncertain_restarts_the_off_delay() -> None:
    bench = Bench(SLOW)
    bench.read(("L", 1, 13.0))
    bench.tick(5)
    bench.read(("L", 6, 5.0))
    bench.read(("L", 8, 5.0, Q.SOURCE_UNCERTAIN))
    assert bench.tick(10) == []
    bench.read(("L", 11, 5.0))
    assert bench.tick(14) == [("cleared", "L.H", 14)]


def test_not_newer_is_sent_and_not_judged() -> None:
    bench = Bench(HIGH)
    bench.read(("L", 5, 5.0))
    assert bench.read(("L", 5, 13.0), ("L", 4, 13.0)) == []
    assert bench.last.readings[0][1].value.tolist() == [13.0, 13.0]


def test_a_saturated_detector_never_clears() -> None:
    bench = Bench(HIGH)
    assert bench.read(("L", 1, 20.0)) == [("raised", "L.H", 1)]
    assert bench.last.readings[0][1].quality.tolist() == [Q.SATURATED_HIGH]


def test_a_lost_link_blinds_its_tags_and_is_one_fault() -> None:
    bench = Bench(HIGH, tags=(tag("L"), tag("M"), tag("X", links=())))
    bench.read(("L", 1, 13.0), ("M", 1, 1.0), ("X", 1, 1.0))
    assert ("unknown", "L.H", 2) in bench.give(LinkChange(T0 + 2 * S, "bus", False, "timeout"))
    (batch,) = [b for _, b in bench.last.readings]
    assert batch.tag.tolist() == [0, 1]
    assert batch.quality.tolist() == [Q.COMMUNICATION] * 2
    assert [e.rule for _, e in bench.last.events if e.event == "raised"] == ["bus.LINK"]
    bench.give(LinkChange(T0 + 3 * S, "bus", True))
    assert bench.read(("L", 4, 5.0)) == [("cleared", "L.H", 4)]
    assert [t.quality for t in bench.engine.tags()] == [Q.GOOD, Q.COMMUNICATION, Q.GOOD]


def test_a_parent_s_return_leaves_a_lost_device_lost() -> None:
    bench = Bench(HIGH)
    bench.read(("L", 1, 1.0))
    bench.give(LinkChange(T0 + 2 * S, "dev-1", False))
    bench.give(LinkChange(T0 + 3 * S, "bus", False))
    bench.give(LinkChange(T0 + 4 * S, "bus", True))
    assert bench.engine.links.down() == ["dev-1"]
    bench.tick(100)
    assert bench.engine.tags()[0].quality == Q.COMMUNICATION


def test_a_lost_link_takes_nothing_off_the_delay_of_a_device_whose_clock_lags() -> None:
    bench = Bench(SLOW)
    late = lambda t, v: Readings(of_rows(bench.site.table, [(0, T0 + t * S, T0 + (t + 60) * S, v, 0)]))  # noqa: E731
    bench.give(late(1, 13.0))
    bench.give(LinkChange(T0 + 63 * S, "bus", False))
    bench.give(LinkChange(T0 + 64 * S, "bus", True))
    assert bench.give(late(5, 13.0)) == []  # two of four seconds had passed
    assert bench.tick(66.9) == []
    assert bench.tick(67) == [("raised", "L.H", 7)]


def test_an_outage_is_not_the_plant_s() -> None:
    bench = Bench(SLOW)
    bench.read(("L", 1, 13.0))
    bench.tick(2)
    bench.give(Started(T0 + 102 * S, T0 + 2 * S, "1"))
    told = [(e.event.value, e.detail.get("level")) for _, e in bench.last.events]
    levels = [("live-level", "no-view")] * 2  # of the site and of its place: that is no alarm
    assert told == [("started", None), ("gap", None), *levels]
    assert bench.tick(104.9) == []
    assert bench.engine.tags()[0].quality == Q.STALE, "as it is shown; its delay runs on"
    assert bench.tick(105) == [("raised", "L.H", 105)]


def test_an_outage_before_the_next_reading_is_not_the_plant_s_either() -> None:
    bench = Bench(SLOW)
    bench.read(("L", 1, 13.0))
    bench.give(Started(T0 + 102 * S, T0 + 2 * S, "1"))
    assert bench.read(("L", 103, 13.0)) == []
    assert bench.read(("L", 106, 13.0)) == [("raised", "L.H", 105)]


def test_who_never_spoke_becomes_a_fault() -> None:
    bench = Bench(HIGH)
    bench.tick(5)
    assert [(e.rule, e.quality) for _, e in bench.last.events if e.event == "raised"] == [
        ("L.FAULT", Q.NO_DATA)
    ]


def test_rate_of_change() -> None:
    bench = Bench(rule("L.RISE", RuleKind.RATE_RISE, "L", trigger=0.5, reset=0.2, window=15 * S))
    found = [bench.read(("L", t, 1.0 + max(t - 20, 0) * 0.6)) for t in range(1, 45)]
    raised = [e for one in found for e in one]
    assert [e[:2] for e in raised] == [("raised", "L.RISE")]
    assert 25 < raised[0][2] < 37
    spike = Bench(rule("L.RISE", RuleKind.RATE_RISE, "L", trigger=0.5, reset=0.2, window=15 * S))
    assert [e for t in range(1, 45) for e in spike.read(("L", t, 19.0 if t == 30 else 1.0))] == []


def test_state_and_discrepancy() -> None:
    tags = (tag("CMD", max_age=0), tag("FB"))
    bench = Bench(
        rule("FB.ST", RuleKind.STATE, "FB", values=(3,)),
        rule("V.DISC", RuleKind.DISCREPANCY, "CMD", "FB", on_delay=3 * S),
        tags=tags,
    )
    bench.read(("CMD", 1, 0.0), ("FB", 1, 0.0))
    assert bench.read(("CMD", 2, 1.0)) == []
    assert bench.read(("FB", 5, 0.0)) == [("raised", "V.DISC", 5)]
    assert bench.read(("FB", 6, 3.0)) == [("raised", "FB.ST", 6)]
    assert bench.read(("FB", 7, 1.0)) == [("cleared", "FB.ST", 7), ("cleared", "V.DISC", 7)]
    # Both at once is no discrepancy, whichever row comes first.
    assert bench.read(("CMD", 8, 0.0), ("FB", 8, 0.0)) == []


@pytest.mark.parametrize(
    ("degrade", "one_bad", "then_clear"),
    [(Degrade.TRIP, "raised", "cleared"), (Degrade.EXCLUDE, None, None), (Degrade.UNKNOWN, None, None)],
)
def test_a_two_out_of_three_vote_with_one_blind(degrade: Any, one_bad: Any, then_clear: Any) -> None:
    vote = rule(
        "V", RuleKind.VOTE, "A", "B", "C", subject="G", needed=2, trigger=10.0, reset=8.0, degrade=degrade
    )
    bench = Bench(vote, tags=tuple(tag(t) for t in "ABC"))
    bench.read(("A", 1, 1.0), ("B", 1, 1.0), ("C", 1, 1.0))
    assert bench.read(("A", 2, 12.0)) == []
    found = bench.read(("B", 3, 0.0, Q.DEVICE_EXCEPTION))
    assert [e[0] for e in found] == ([one_bad] if one_bad else [])
    found = bench.read(("A", 4, 1.0))
    assert [e[0] for e in found] == ([then_clear] if then_clear else [])


def test_a_blind_member_never_clears_a_vote() -> None:
    vote = rule(
        "V",
        RuleKind.VOTE,
        "A",
        "B",
        "C",
        subject="G",
        needed=2,
        trigger=10.0,
        reset=8.0,
        degrade=Degrade.EXCLUDE,
    )
    bench = Bench(vote, tags=tuple(tag(t) for t in "ABC"))
    bench.read(("A", 1, 12.0), ("B", 1, 12.0), ("C", 1, 1.0))
    assert [e[0] for e in bench.read(("B", 2, 0.0, Q.DEVICE_EXCEPTION))] == ["unknown"]
    assert [e[0] for e in bench.read(("B", 3, 12.0))] == ["known"]
    assert [e[0] for e in bench.read(("B", 4, 1.0))] == ["cleared"]


def degraded_vote() -> Bench:
    """Two of three, one blind, one beyond: the vote has tripped as one of two."""
    vote = rule("V", RuleKind.VOTE, "A", "B", "C", subject="G", needed=2, trigger=10.0, reset=8.0)
    bench = Bench(vote, tags=tuple(tag(t) for t in "ABC"))
    bench.read(("A", 1, 1.0), ("B", 1, 1.0), ("C", 1, 1.0))
    bench.read(("C", 2, 0.0, Q.DEVICE_EXCEPTION))
    assert [e[0] for e in bench.read(("A", 3, 12.0))] == ["raised"]
    return bench


def test_the_member_that_tripped_a_degraded_vote_does_not_clear_it_by_failing() -> None:
    bench = degraded_vote()
    assert [e[0] for e in bench.read(("A", 4, 0.0, Q.DEVICE_EXCEPTION))] == ["unknown"]
    assert [e[0] for e in bench.read(("A", 5, 1.0))] == ["cleared"]


def test_a_member_back_in_doubt_does_not_clear_a_degraded_vote() -> None:
    bench = degraded_vote()
    assert bench.read(("C", 4, 1.0, Q.FROZEN)) == []
    assert [e[0] for e in bench.read(("C", 5, 1.0))] == ["cleared"]


def test_commands_are_done_or_refused() -> None:
    bench = Bench(HIGH)
    bench.read(("L", 1, 13.0))
    (alarm,) = bench.engine.book.open()
    bench.give(Acted(T0 + 2 * S, Command(Act.ACKNOWLEDGE, ANNA, (Seen(alarm.id, alarm.n),))))
    assert [e.event.value for _, e in bench.last.events] == ["acknowledged"]
    before = bench.engine.snapshot()
    bench.give(Acted(T0 + 2 * S, Command(Act.ACKNOWLEDGE, ANNA, (Seen("0" * 32, 1),))))
    assert list(bench.last.refused) == [bench.number]
    assert bench.last.events == ()
    assert bench.engine.snapshot().parts == before.parts


def test_gaps_and_system_faults_are_told() -> None:
    bench = Bench(HIGH)
    bench.give(Gap(T0 + S, "plc", T0, T0 + S, 7, "queue full"))
    assert [(e.event.value, e.detail["count"]) for _, e in bench.last.events] == [("gap", 7)]
    bench.give(SystemFault(T0 + S, "disk", True, "full"))
    assert [(e.event.value, e.rule) for _, e in bench.last.events if e.rule] == [("raised", "system.disk")]


@pytest.mark.parametrize(("table", "row"), [("deadbeef", 0), ("cccccccc", 9)])
def test_readings_of_another_tag_table_are_a_gap_and_not_judged(table: Any, row: Any) -> None:
    bench = Bench(HIGH)
    bench.give(Readings(of_rows(table, [(row, T0 + S, T0 + S, 13.0, 0)] * 3)))
    (gap,) = [e for _, e in bench.last.events if e.event == "gap"]
    assert (gap.detail["count"], gap.detail["why"]) == (3, "readings of another tag table")
    assert bench.last.readings == ()


def test_an_empty_batch_is_nothing() -> None:
    bench = Bench(HIGH)
    assert bench.give(Readings(of_rows(bench.site.table, []))) == []
    assert bench.last.readings == ()


def test_big_batches_are_judged_like_small_ones() -> None:
    bench, other = Bench(HIGH), Bench(HIGH)
    values = np.where(np.arange(5000) % 2, 13.0, 5.0)
    rows = [(0, T0 + i * NS // 1000, T0 + 5 * S, float(v), 0) for i, v in enumerate(values, 1)]
    bench.give(Readings(of_rows(bench.site.table, rows)))
    assert (
        sum(e.event == "raised" for _, e in bench.last.events)
        + sum(e.event == "re-alarm" for _, e in bench.last.events)
        == 2500
    )
    for at in range(0, 5000, 500):
        other.give(Readings(of_rows(other.site.table, rows[at : at + 500])))
    assert (
        other.engine.snapshot().parts["detectors.common.state"]
        == bench.engine.snapshot().parts["detectors.common.state"]
    )


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (rule("R", RuleKind.LIMIT_HIGH, "NO", trigger=1.0, reset=0.0), "rule 'R' looks at 'NO'"),
        (rule("R", RuleKind.LIMIT_HIGH, "L", trigger=1.0, reset=2.0), "rule 'R': limit: reset"),
        (rule("R", RuleKind.DISCREPANCY, "L"), "rule 'R': needs a command and a feedback"),
        (rule("R", RuleKind.VOTE, "L", needed=2), "rule 'R': vote: 2 of"),
    ],
)
def test_a_rule_that_cannot_be_judged_is_named(wrong: Any, says: Any) -> None:
    with pytest.raises(ValueError, match=says):
        Engine(site(rules=(wrong,), tags=(tag("L"),)), "e1")
