"""A changed configuration keeps what it did not change; a folded journal is told what the detectors know."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings

from gateway.engine import Engine
from gateway.model.inputs import ConfigChange, Numbered, Started, Tick
from gateway.model.levels import LiveLevel
from gateway.model.quality import Quality
from gateway.model.site import RuleKind, Site
from tests.unit.engine.plant import RULES, T0, TAGS, S, numbered, readings, rule, site, streams, tag

SLOW = rule("L.H", RuleKind.LIMIT_HIGH, "L", trigger=12.0, reset=11.0, on_delay=4 * S)
FAST = rule("L.HH", RuleKind.LIMIT_HIGH, "L", trigger=12.5, reset=11.0)
OTHER = rule("M.H", RuleKind.LIMIT_HIGH, "M", trigger=12.0, reset=11.0)


def reload(old: Engine, new: Site, at: float) -> tuple[Engine, list[tuple[str, str]]]:
    engine = Engine(new, "e1")
    engine.carry_over(old)
    return engine, told(engine, Numbered(old.number + 1, ConfigChange(T0 + int(at * S), "a", "b")))


def told(engine: Engine, item: Numbered) -> list[tuple[str, str]]:
    return [(e.event.value, e.rule) for _, e in engine.step([item]).events if e.event != "live-level"]


def started(plant: Site, *items: Any) -> Engine:
    engine = Engine(plant, "e1")
    engine.step(numbered([Started(T0, 0, "1"), *items]))
    return engine


def test_unchanged_rules_keep_their_delay_and_their_alarm() -> None:
    plant = site(rules=(SLOW, FAST), tags=(tag("L"),))
    old = started(plant, readings(plant, ("L", 1, 13.0)))
    # Another tag before it, another level and guidance: rows move, the judgement stays.
    new = site(
        rules=(OTHER, replace(FAST, guidance="go"), SLOW), tags=(tag("M"), tag("L")), config_hash="d" * 64
    )
    engine, events = reload(old, new, 2)
    assert events == [("config-changed", "")]
    assert engine.qualities().tolist() == [Quality.NO_DATA, Quality.GOOD]
    assert told(engine, Numbered(4, Tick(T0 + 5 * S)))[0] == ("raised", "L.H")
    assert {o.rule for o in engine.book.open()} >= {"L.HH", "L.H"}


def test_a_removed_rule_s_alarm_is_retired() -> None:
    plant = site(rules=(SLOW, FAST), tags=(tag("L"),))
    old = started(plant, readings(plant, ("L", 1, 13.0)))
    _, events = reload(old, site(rules=(SLOW,), tags=(tag("L"),)), 2)
    assert ("retired", "L.HH") in events


def test_an_edited_limit_keeps_the_open_alarm_and_is_judged_anew() -> None:
    plant = site(rules=(FAST,), tags=(tag("L"),))
    old = started(plant, readings(plant, ("L", 1, 13.0)))
    (alarm,) = old.book.open()
    new = site(rules=(replace(FAST, trigger=14.0, reset=13.5),), tags=(tag("L"),))
    engine, _ = reload(old, new, 2)
    assert [o.id for o in engine.book.open()] == [alarm.id]
    assert told(engine, Numbered(4, readings(new, ("L", 3, 13.0)))) == [("cleared", "L.HH")]


def test_an_edited_tag_begins_anew() -> None:
    plant = site(rules=(FAST,), tags=(tag("L"),))
    old = started(plant, readings(plant, ("L", 1, 13.0)))
    engine, _ = reload(old, site(rules=(FAST,), tags=(tag("L", gain=2.0),)), 2)
    assert engine.qualities().tolist() == [Quality.NO_DATA]


def test_a_value_that_is_doubtful_from_the_first_is_no_view_until_a_limit_was_judged() -> None:
    """UNCERTAIN says of no limit that it is kept: what nobody has judged is not ``normal``, nor after a restore."""
    plant = site(rules=(FAST,), tags=(tag("L"),))
    engine = started(plant, readings(plant, ("L", 1, 1.0, Quality.CLOCK_DOUBTFUL)))
    assert engine.book.levels()[0].level is LiveLevel.NO_VIEW
    again = Engine(plant, "e1")
    again.restore(engine.snapshot())
    assert again.book.levels()[0].level is LiveLevel.NO_VIEW
    for each in (engine, again):
        each.step([Numbered(3, readings(plant, ("L", 2, 1.0)))])
        assert each.book.levels()[0].level is LiveLevel.NORMAL
        each.step([Numbered(4, readings(plant, ("L", 3, 1.0, Quality.CLOCK_DOUBTFUL)))])
        assert each.book.levels()[0].level is LiveLevel.NORMAL  # it was known, and a doubtful value holds it


def test_a_doubtful_value_beyond_its_limit_is_an_alarm_all_the_same() -> None:
    plant = site(rules=(FAST,), tags=(tag("L"),))
    engine = started(plant, readings(plant, ("L", 1, 13.0, Quality.CLOCK_DOUBTFUL)))
    assert engine.book.levels()[0].level is LiveLevel.YELLOW
    assert engine.book.levels()[0].blinded == ()


@given(stream=streams())
@settings(max_examples=30, deadline=None)
def test_carried_to_the_same_configuration_nothing_is_lost(stream: Any) -> None:
    """Cut any stream by a change that changes nothing: the same decisions but for the change itself."""
    at = len(stream) // 2
    plain, old = Engine(site(), "e1"), Engine(site(), "e1")
    plain.step(stream[:at])
    old.step(stream[:at])
    moved = Engine(site(rules=RULES, tags=TAGS), "e1")
    moved.carry_over(old)
    assert repr(plain.step(stream[at:]).events) == repr(moved.step(stream[at:]).events)


def test_a_fold_of_the_journal_is_the_book_as_it_was() -> None:
    plant = site(rules=(FAST,), tags=(tag("L"),))
    engine = Engine(plant, "e1")
    events = engine.step(numbered([Started(T0, 0, "1"), readings(plant, ("L", 1, 13.0))])).events
    before = engine.book.dump()
    engine.refold(e for _, e in events)
    assert engine.book.dump() == before


def test_what_the_journal_does_not_know_is_told_at_the_start() -> None:
    plant = site(rules=(FAST,), tags=(tag("L"),))
    engine = started(plant, readings(plant, ("L", 1, 13.0)))
    engine.refold([])
    found = told(engine, Numbered(3, Started(T0 + 2 * S, T0 + 2 * S, "1")))
    assert ("raised", "L.HH") in found
    assert engine.book.open()[-1].onset == T0 + S


def test_what_only_the_journal_knows_is_unknown_until_a_reading_says() -> None:
    plant = site(rules=(FAST,), tags=(tag("L"),))
    first = Engine(plant, "e1")
    events = first.step(numbered([Started(T0, 0, "1"), readings(plant, ("L", 1, 13.0))])).events
    empty = Engine(plant, "e1")
    empty.refold(e for _, e in events)
    found = told(empty, Numbered(3, Started(T0 + 3 * S, T0 + 2 * S, "1")))
    assert ("unknown", "L.HH") in found
    assert ("known", "L.HH") in told(empty, Numbered(4, readings(plant, ("L", 4, 13.0))))


def test_a_tag_that_is_read_otherwise_now_is_not_seen_until_it_is_read() -> None:
    """One that holds for ever would else be ``normal`` by a value of the old configuration."""
    still = tag("L", max_age=0)
    plant = site(rules=(FAST,), tags=(still,))
    old = started(plant, readings(plant, ("L", 1, 1.0)))
    assert old.book.levels()[0].level is LiveLevel.NORMAL
    new = site(rules=(FAST,), tags=(replace(still, gain=2.0),), config_hash="d" * 64)
    engine, _ = reload(old, new, 2)
    assert engine.book.levels()[0].level is LiveLevel.NO_VIEW
    engine.step([Numbered(10, readings(new, ("L", 3, 1.0)))])
    assert engine.book.levels()[0].level is LiveLevel.NORMAL
