"""An outage of ours that is longer than values hold: no calm of before, no fault of the plant's, no alarm cleared."""

from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.engine import Engine
from gateway.model.batch import of_rows
from gateway.model.events import EventKind
from gateway.model.inputs import ConfigChange, LinkChange, Numbered, Readings, Started, Tick
from gateway.model.levels import Level, LiveLevel
from gateway.model.quality import Quality, Status, status_of
from gateway.model.site import Danger, Rule, RuleKind, Site, Tag
from tests.unit.engine.plant import T0, S, rule, site, tag

Q = Quality
HOLDS: Final = 5
L = tag("L", max_age=HOLDS * S)
M = tag("M", max_age=HOLDS * S)
HIGH = rule("L.H", RuleKind.LIMIT_HIGH, "L", trigger=12.0, reset=11.0)
LEAVING = replace(HIGH, off_delay=3 * S)
NO_VIEW, NORMAL = LiveLevel.NO_VIEW, LiveLevel.NORMAL


class Plant:
    """An engine that numbers its inputs."""

    def __init__(self, *rules: Rule, tags: tuple[Tag, ...] = (L,)) -> None:
        self.site = site(rules=rules or (HIGH,), tags=tags)
        self.engine, self.number = Engine(self.site, "e1"), 0
        self.give(Started(T0, 0, "1"))

    def give(self, item: Any) -> list[tuple[str, str]]:
        self.number += 1
        step = self.engine.step([Numbered(self.number, item)])
        return [(e.event.value, e.rule) for _, e in step.events if e.event is not EventKind.LIVE_LEVEL]

    def read(self, at: float, quality: int = 0, **values: float) -> list[tuple[str, str]]:
        when, index = T0 + int(at * S), self.site.tag_index
        return self.give(
            Readings(
                of_rows(self.site.table, [(index[t], when, when, v, quality) for t, v in values.items()])
            )
        )

    def away(self, since: float, until: float) -> list[tuple[str, str]]:
        return self.give(Started(T0 + int(until * S), T0 + int(since * S), "1"))

    def tick(self, at: float) -> list[tuple[str, str]]:
        return self.give(Tick(T0 + int(at * S)))

    def again(self) -> None:
        """As a restart finds it."""
        engine = Engine(self.site, "e1")
        engine.restore(self.engine.snapshot())
        self.engine = engine

    def reloaded(self, other: Site) -> None:
        engine = Engine(other, "e1")
        engine.carry_over(self.engine)
        self.site, self.engine = other, engine
        self.give(ConfigChange(engine.now, "a", "b"))

    @property
    def level(self) -> LiveLevel:
        return self.engine.book.levels()[0].level

    def quality(self, name: str) -> int:
        return self.engine.tags()[self.site.tag_index[name]].quality


STARTED: Final = [("started", ""), ("gap", "")]


def test_the_level_of_before_is_nobody_s_until_the_tag_is_read() -> None:
    plant = Plant()
    plant.read(1, L=5.0)
    assert plant.level is NORMAL
    assert plant.away(1, 6) == STARTED, "no fault, no alarm"
    assert (plant.level, plant.quality("L")) == (NO_VIEW, Q.STALE)
    assert plant.engine.tags()[0].value is None
    assert plant.read(6.5, L=5.0) == []
    assert (plant.level, plant.quality("L")) == (NORMAL, Q.GOOD)


def test_an_outage_shorter_than_a_value_holds_changes_nothing() -> None:
    plant = Plant()
    plant.read(1, L=5.0)
    assert plant.away(1, 5.9) == STARTED
    assert (plant.level, plant.quality("L")) == (NORMAL, Q.GOOD)


def test_many_short_outages_are_one_long_one() -> None:
    plant = Plant()
    plant.read(1, L=5.0)
    for at in (1, 3):
        plant.away(at, at + 2)
        assert plant.level is NORMAL
    plant.away(5, 7)
    assert plant.level is NO_VIEW


def test_a_doubtful_value_is_seen_and_holds_as_after_a_lost_link() -> None:
    plant = Plant()
    plant.read(1, L=5.0)
    plant.away(1, 60)
    plant.read(61, Q.FROZEN, L=5.0)
    assert (plant.level, plant.quality("L")) == (NORMAL, Q.FROZEN)
    never = Plant()
    never.away(1, 60)
    never.read(61, Q.FROZEN, L=5.0)
    assert never.level is NO_VIEW, "it was never judged"


def test_doubtful_good_and_bad_in_one_message_end_as_the_last_says() -> None:
    plant = Plant()
    plant.read(1, L=5.0)
    plant.away(1, 60)
    rows = [
        (0, T0 + at * S, T0 + 63 * S, 5.0, q) for at, q in ((60, Q.FROZEN), (61, Q.GOOD), (62, Q.SOURCE_BAD))
    ]
    assert plant.give(Readings(of_rows(plant.site.table, rows))) == [("raised", "L.FAULT")]
    assert plant.level is NO_VIEW
    assert plant.read(64, L=5.0) == [("cleared", "L.FAULT")]
    assert plant.level is NORMAL


def test_a_doubtful_value_beyond_the_limit_raises() -> None:
    plant = Plant()
    plant.read(1, L=5.0)
    plant.away(1, 60)
    assert plant.read(61, Q.SATURATED_HIGH, L=20.0) == [("raised", "L.H")]
    assert plant.level is LiveLevel.YELLOW


def test_who_is_silent_is_a_fault_when_its_time_is_over_as_before() -> None:
    plant = Plant()
    plant.read(1, L=5.0)
    plant.away(2, 60)
    assert plant.tick(63.9) == []
    assert plant.level is NO_VIEW
    assert plant.tick(64) == [("raised", "L.FAULT")]
    assert plant.level is NO_VIEW


def test_an_alarm_stands_and_does_not_become_unknown() -> None:
    plant = Plant()
    plant.read(1, L=13.0)
    assert plant.away(1, 3600) == STARTED
    (alarm,) = plant.engine.book.open()
    assert alarm.axes.condition.value == "active"
    assert plant.level is LiveLevel.YELLOW
    assert plant.read(3601, L=5.0) == [("cleared", "L.H")]


def test_no_alarm_is_cleared_by_a_delay_that_ends_over_a_value_of_before() -> None:
    plant = Plant(LEAVING)
    plant.read(1, L=13.0)
    plant.read(2, L=5.0)
    plant.away(4, 3600)
    assert plant.tick(3601) == [], "its off delay is over; its value is an hour old"
    assert plant.read(3602, Q.FROZEN, L=5.0) == [], "a doubtful value never clears"
    plant.again()
    plant.reloaded(replace(plant.site, rules=(replace(LEAVING, level=Level.ORANGE),), config_hash="d" * 64))
    assert plant.read(3603, Q.FROZEN, L=5.0) == []
    assert plant.read(3604, L=5.0) == [("cleared", "L.H")]
    assert plant.level is LiveLevel.NORMAL


@pytest.mark.parametrize(("said", "told"), [(13.0, []), (5.0, [("cleared", "L.H")])])
def test_nor_when_one_step_sees_the_delay_end_and_the_reading(
    said: float, told: list[tuple[str, str]]
) -> None:
    plant = Plant(LEAVING)
    plant.read(1, L=13.0)
    plant.read(2, L=5.0)
    plant.away(4, 3600)
    assert plant.read(3602, L=said) == told, "no tick between the two"
    assert plant.level is (LiveLevel.NORMAL if told else LiveLevel.YELLOW)


def test_nor_when_one_step_sees_the_delay_end_and_the_tag_grow_stale() -> None:
    plant = Plant(LEAVING)
    plant.read(1, L=13.0)
    plant.read(2, L=5.0)
    plant.away(4, 3600)
    assert plant.tick(3700) == [("raised", "L.FAULT"), ("unknown", "L.H")]


def test_nor_by_a_doubtful_value_behind_a_fault() -> None:
    plant = Plant(LEAVING)
    plant.read(1, L=13.0)
    plant.read(2, L=5.0)
    plant.away(4, 3600)
    assert plant.tick(3601) == []
    assert plant.tick(3605) == [("raised", "L.FAULT"), ("unknown", "L.H")]
    assert plant.read(3606, Q.FROZEN, L=5.0) == [("cleared", "L.FAULT")]
    assert plant.read(3607, L=5.0) == [("cleared", "L.H")]


def test_nor_when_the_reading_that_comes_is_beyond() -> None:
    plant = Plant(LEAVING)
    plant.read(1, L=13.0)
    plant.read(2, L=5.0)
    plant.away(4, 3600)
    assert plant.tick(3601) == []
    assert plant.read(3602, L=13.0) == []
    (alarm,) = plant.engine.book.open()
    assert alarm.axes.condition.value == "active"


def test_a_vote_is_not_cleared_by_its_other_members() -> None:
    vote = rule(
        "V.H", RuleKind.VOTE, "L", "M", subject="V", needed=2, trigger=12.0, reset=11.0, level=Level.RED
    )
    plant = Plant(vote, tags=(L, M))
    plant.read(1, L=13.0, M=13.0)
    plant.away(1, 3600)
    assert plant.read(3601, L=5.0) == [], "one of two is beyond, by a value of before"
    assert plant.level is LiveLevel.RED
    assert plant.read(3602, M=13.0) == [("cleared", "V.H")]
    assert plant.level is NORMAL


def test_two_tags_are_both_waited_for() -> None:
    plant = Plant(HIGH, rule("M.H", RuleKind.LIMIT_HIGH, "M", trigger=12.0, reset=11.0), tags=(L, M))
    plant.read(1, L=5.0, M=5.0)
    plant.away(1, 60)
    plant.read(61, L=5.0)
    assert plant.level is NO_VIEW
    assert plant.engine.book.levels()[0].blinded == ("M",)
    plant.read(62, M=5.0)
    assert plant.level is NORMAL


def test_a_value_computed_with_one_of_before_is_no_view_and_clears_nothing() -> None:
    gap = tag("D", expression="L - M", inputs=("L", "M"), low=None, high=None)
    plant = Plant(rule("D.H", RuleKind.LIMIT_HIGH, "D", trigger=5.0, reset=4.0), tags=(gap, L, M))
    plant.read(1, L=16.0, M=5.0)
    assert plant.level is LiveLevel.YELLOW
    plant.away(1, 60)
    assert plant.read(61, L=5.0) == [], "5 now less 5 of a minute ago"
    assert status_of(plant.quality("D")) is not Status.GOOD
    assert plant.read(62, M=5.0) == [("cleared", "D.H")]
    assert plant.level is NORMAL
    plant.away(62, 120)
    plant.read(121, L=5.0)
    assert plant.level is NO_VIEW
    plant.again()
    plant.read(122, L=6.0)
    assert plant.level is NO_VIEW
    plant.read(123, M=5.0)
    assert plant.level is NORMAL


@pytest.mark.parametrize(
    ("manual", "away", "level"), [(False, 59, NORMAL), (False, 60, NO_VIEW), (True, 9999, NORMAL)]
)
def test_what_holds_for_ever_is_believed_over_a_minute(manual: bool, away: int, level: LiveLevel) -> None:
    state = tag("C", max_age=0, danger=Danger.NONE, manual=manual)
    plant = Plant(rule("C.ST", RuleKind.STATE, "C", values=(2,)), tags=(state,))
    plant.read(1, C=1.0)
    assert plant.level is NORMAL
    plant.away(1, 1 + away)
    assert plant.level is level
    plant.read(away + 2, C=1.0)
    assert plant.level is NORMAL


def test_a_clock_that_was_behind_says_nothing_of_how_long_it_was() -> None:
    plant = Plant()
    plant.read(1, L=5.0)
    plant.give(Started(T0 + S, T0 + S, "1", unsure=True))
    assert (plant.level, plant.quality("L")) == (NO_VIEW, Q.STALE)
    plant.read(2, L=5.0)
    assert plant.level is NORMAL


def test_a_snapshot_and_a_reload_keep_waiting() -> None:
    plant = Plant()
    plant.read(1, L=5.0)
    plant.away(1, 60)
    plant.again()
    assert (plant.level, plant.quality("L")) == (NO_VIEW, Q.STALE)
    plant.reloaded(replace(plant.site, rules=(replace(HIGH, level=Level.RED),), config_hash="d" * 64))
    assert (plant.level, plant.quality("L")) == (NO_VIEW, Q.STALE)
    plant.again()
    plant.read(61, L=5.0)
    assert plant.level is NORMAL


def test_a_link_that_is_lost_meanwhile_is_one_fault_and_its_return_no_view_of_its_own() -> None:
    plant = Plant()
    plant.read(1, L=5.0)
    plant.away(1, 60)
    assert plant.give(LinkChange(T0 + 61 * S, "bus", up=False, reason="x")) == [("raised", "bus.LINK")]
    assert plant.level is NO_VIEW
    plant.give(LinkChange(T0 + 62 * S, "bus", up=True, reason=""))
    assert plant.level is NO_VIEW
    plant.read(63, L=5.0)
    assert plant.level is NORMAL


# --- a naive reader beside the engine --------------------------------------------------------------------------------

TAGS = (L, M, tag("D", expression="L + M", inputs=("L", "M"), low=None, high=None))
RULES = tuple(
    rule(f"{t}.H", RuleKind.LIMIT_HIGH, t, trigger=12.0, reset=11.0, off_delay=d * S)
    for t, d in (("L", 0), ("M", 3), ("D", 2))
)
deeds = st.lists(
    st.tuples(
        st.sampled_from(["read"] * 5 + ["tick", "away", "away", "again", "lost", "found"]),
        st.sampled_from(["L", "M"]),
        st.sampled_from([5.0, 5.0, 5.0, 13.0]),
        st.sampled_from([0, 0, 0, int(Q.FROZEN), int(Q.SOURCE_BAD)]),
        st.sampled_from([1, 2, 4, 7]),
    ),
    max_size=30,
)


@settings(max_examples=150, deadline=None)
@given(deeds)
def test_never_calm_over_what_was_not_read_since(stream: list[tuple[str, str, float, int, int]]) -> None:
    """`normal` only if both tags were read since every outage that was as long as a value holds, last not BAD and below
    the limit; and an alarm is cleared only by GOOD values of now.
    """
    plant, at = Plant(*RULES, tags=TAGS), 0
    seen, last, value = {"L": False, "M": False}, {"L": -99, "M": -99}, {"L": 99.0, "M": 99.0}
    sure = dict(seen)
    for what, name, said, quality, seconds in stream:
        before, at = at, at + seconds
        if what != "away":  # a delay that ended before is by the values of before
            only_by_good_values(plant.tick(at), seen, sure)
        if what == "read":
            events = plant.read(at, quality, **{name: said})
            last[name], value[name] = at, said
            seen[name] = status_of(quality) is not Status.BAD
            sure[name] = status_of(quality) is Status.GOOD
        elif what == "away":
            events = plant.away(before, at)
            seen = {n: seen[n] and at - last[n] < HOLDS for n in seen}
            sure = {n: sure[n] and seen[n] for n in seen}
        elif what == "again":
            plant.again()
            events = plant.tick(at)
        elif what in ("lost", "found"):
            events = plant.give(LinkChange(T0 + at * S, "bus", up=what == "found", reason="x"))
            seen = dict.fromkeys(seen, False) if what == "lost" else seen
        else:
            events = plant.tick(at)
        calm = all(seen.values()) and max(value.values()) < 12.0
        assert plant.level is not NORMAL or calm, (what, name, at)
        only_by_good_values(events, seen, sure)


def only_by_good_values(events: list[tuple[str, str]], seen: dict[str, bool], sure: dict[str, bool]) -> None:
    for kind, ident in events:
        if kind == "cleared" and ident.endswith(".H"):
            assert all(seen[t] and sure[t] for t in ("LM" if ident == "D.H" else ident[0])), ident
