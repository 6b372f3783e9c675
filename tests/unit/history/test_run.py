"""A backtest decides what the engine decides: at every tick or only where something is due, whole or in parts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway import __version__
from gateway.engine import Engine
from gateway.history.grid import Grid
from gateway.history.judge import Judge, Told
from gateway.history.run import EPOCH, AlarmStage, backtest
from gateway.history.sets import connected, known, parts
from gateway.history.workers import Counter, Job, told
from gateway.model.site import RuleKind, Site
from tests.unit.engine.plant import RULES, TAGS, S, rule, site, tag
from tests.unit.history.memory import Memory, histories, inputs

COMPUTED = (
    tag("AA", expression="L * 2", inputs=("L",), links=()),
    *TAGS,
    tag("ZZ", expression="AA + 1 [m]", inputs=("AA",), links=()),
    tag("XX", expression="X * 2", inputs=("X",), links=()),
)
APART = site(
    tags=COMPUTED,
    rules=(
        *(r for r in RULES if len(r.tags) == 1),
        rule("ZZ.H", RuleKind.LIMIT_HIGH, "ZZ", trigger=21.0, reset=20.0),
        rule("XX.H", RuleKind.LIMIT_HIGH, "XX", trigger=21.0, reset=20.0, on_delay=2 * S),
    ),
)
"""no rule joins two of its tags; three are computed of others"""


def engine_says(plant: Site, history: Memory) -> list[Any]:
    stream, _ = inputs(plant, history.rows, __version__)
    return [(n, repr(tuple(e))) for n, e in Engine(plant, EPOCH).step(stream).events]


def found_in(plant: Site, history: Memory) -> Site:
    return known(plant, history.columns(), {}).site


def in_parts(plant: Site, history: Memory, count: int) -> list[Any]:
    """As :func:`backtest` with workers, without processes."""
    here, grid = known(plant, history.columns(), {}), inputs_grid(plant, history)
    names = {row: name for name, row in here.columns.items()}
    facts: list[Told] = []
    for part in parts(here.site, count):
        rows_of = {names[row]: i for i, row in enumerate(part.tags) if row in names}
        facts += told(Job(part, history, rows_of, grid), Counter())
    stage, out = AlarmStage(here.site, grid), []
    out += stage.start()
    out += stage.hear(sorted(facts, key=lambda t: t[0]))
    last = max(piece.last for piece in history.pieces({}))
    out += stage.until(grid.up(last))
    return [(n, repr(tuple(e))) for n, e in out]


def inputs_grid(plant: Site, history: Memory) -> Grid:
    return inputs(plant, history.rows, "")[1]


@given(history=histories())
@settings(max_examples=80, deadline=None)
def test_only_the_steps_that_matter_are_done_and_nothing_is_missed(history: Memory) -> None:
    plant = found_in(site(), history)
    outcome = backtest(plant, history)
    assert [(n, repr(tuple(e))) for n, e in outcome.decisions] == engine_says(plant, history)
    assert outcome.readings == len(history.rows)


@given(history=histories(), count=st.integers(2, 5))
@settings(max_examples=60, deadline=None)
def test_any_number_of_parts_gives_the_same_decisions(history: Memory, count: int) -> None:
    assert in_parts(APART, history, count) == engine_says(found_in(APART, history), history)


@given(history=histories(longest=30), cuts=st.sets(st.integers(1, 30)))
@settings(max_examples=30, deadline=None)
def test_how_the_recording_is_cut_changes_nothing(history: Memory, cuts: set[int]) -> None:
    whole = backtest(site(), Memory(history.rows))
    cut = backtest(site(), Memory(history.rows, tuple(cuts)))
    assert repr(whole.decisions) == repr(cut.decisions)


@pytest.mark.timeout(300)  # two processes import numba: 3 s of a processor, 30 s and more where ten share it
def test_processes_give_the_same_decisions() -> None:
    rows = tuple(
        (name, 10**18 + k * S, float((k * 7 + i * 3) % 23), 0)
        for k in range(60)
        for i, name in enumerate(t.id for t in TAGS)
        if (k + i) % 17
    )
    one = backtest(APART, Memory(rows), workers=1)
    two = backtest(APART, Memory(rows), workers=2)
    assert len(one.decisions) > 50
    assert repr(two.decisions) == repr(one.decisions)
    assert (two.readings, two.last, two.open) == (one.readings, one.last, one.open)


def test_rules_and_nothing_else_join_tags() -> None:
    plant = site(
        tags=tuple(tag(n) for n in "ABCDEF"),
        rules=(
            rule("AC.DISC", RuleKind.DISCREPANCY, "A", "C", on_delay=S),
            rule("CE.DISC", RuleKind.DISCREPANCY, "C", "E", on_delay=S),
            rule("DF.OFF", RuleKind.DISCREPANCY, "D", "F", on_delay=S, enabled=False),
            rule("B.H", RuleKind.LIMIT_HIGH, "B", trigger=1.0, reset=0.0),
        ),
    )
    assert connected(plant) == [[0, 2, 4], [1], [3], [5]]
    split = parts(plant, 2)
    assert connected(APART) == [[0, 1, 6], [2], [3], [4], [5, 7]]
    assert sorted(r for p in split for r in p.tags) == list(range(6))
    assert sorted(r for p in split for r in p.rules) == [0, 1, 3]
    assert [len(parts(plant, n)) for n in (1, 4, 9)] == [1, 4, 4]


def test_a_tag_that_is_not_recorded_is_named_and_its_rules_are_not_judged() -> None:
    history = Memory((("L", 10**18, 5.0, 0), ("X", 10**18, 5.0, 0)))
    outcome = backtest(site(), history)
    assert outcome.known.missing == ("G", "CMD", "FB")
    assert set(outcome.known.unjudged) == {"G.H", "FB.ST", "V.DISC", "N.VOTE"}
    assert not [e for _, e in outcome.decisions if e.tag in outcome.known.missing]


def test_memory_of_a_judge_does_not_grow_with_the_recording() -> None:
    rows = tuple(("L", 10**18 + k * S, 5.0, 0) for k in range(300))
    (part,) = parts(found_in(site(), Memory(rows)), 1)
    judge = Judge(part, Grid(10**18))
    judge.start("")
    for piece in Memory(rows, tuple(range(0, 300, 7))).pieces({"L": 0}):
        list(judge.judge(piece))
        assert len(judge._held) <= 1
