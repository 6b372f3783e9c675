"""Promise 2: the same numbered inputs give the same decisions, however they are cut and wherever memory is restored."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.engine import VERSION, Engine, Snapshot
from gateway.model.events import EventKind
from gateway.model.inputs import Numbered, Started, Tick, time_of
from gateway.model.people import OperatorConsole
from gateway.model.site import Installation, RuleKind
from gateway.model.times import NEVER
from tests.unit.engine.plant import T0, S, numbered, readings, rule, site, streams, tag


def whole(stream: Any) -> Any:
    engine = Engine(site(), "e1")
    return engine.step(stream), engine


def told(steps: Any) -> Any:
    """Everything that was decided and sent, in order; NaN compares by its name."""
    events = [(n, repr(tuple(e))) for s in steps for n, e in s.events]
    batches = [(n, b.to_bytes()) for s in steps for n, b in s.readings]
    refused = {n: r for s in steps for n, r in s.refused.items()}
    return events, batches, refused


@given(stream=streams(), cuts=st.sets(st.integers(1, 40)))
@settings(max_examples=80, deadline=None)
def test_any_cut_gives_the_same_decisions(stream: Any, cuts: Any) -> None:
    wanted, engine = whole(stream)
    edges = sorted({0, len(stream)} | {c for c in cuts if c < len(stream)})
    other = Engine(site(), "e1")
    steps = [other.step(stream[a:b]) for a, b in pairwise(edges)]
    assert told(steps) == told([wanted])
    assert other.snapshot() == engine.snapshot()


@given(stream=streams(longest=25))
@settings(max_examples=40, deadline=None)
def test_snapshot_and_restore_at_every_edge_gives_the_same_decisions(stream: Any) -> None:
    wanted, engine = whole(stream)
    memory, steps = Engine(site(), "e1").snapshot(), []
    for item in stream:
        fresh = Engine(site(), "e1")
        fresh.restore(memory)
        steps.append(fresh.step([item]))
        memory = fresh.snapshot()
        assert memory.number == item.number
    assert told(steps) == told([wanted])
    assert memory == engine.snapshot()


def test_floods_that_end_together_end_in_the_same_order_after_a_restore() -> None:
    """What was first stays first: in memory, that is no order of the alphabet."""
    names = [f"{place}{k}" for k in range(11) for place in "ZA"]
    plant = site(
        tags=tuple(tag(name, installation=name[0], max_age=0) for name in names),
        rules=tuple(
            rule(f"{name}.H", RuleKind.LIMIT_HIGH, name, trigger=1.0, reset=0.0, installation=name[0])
            for name in names
        ),
        installations=tuple(Installation(id=place, name=place) for place in "ZA"),
        consoles=tuple(OperatorConsole(id=place, name=place, installations=(place,)) for place in "ZA"),
    )
    live, restored = Engine(plant, "e1"), Engine(plant, "e1")
    live.step(numbered([Started(T0, 0, "1"), readings(plant, *((name, 1, 2.0) for name in names))]))
    restored.restore(live.snapshot())
    steps = [engine.step([Numbered(3, Tick(T0 + 3600 * S))]) for engine in (live, restored)]
    ended = [e.detail["console"] for _, e in steps[0].events if e.event is EventKind.FLOOD_ENDED]
    assert ended == ["Z", "A"]
    assert told(steps[1:]) == told(steps[:1])


@given(stream=streams(), at=st.integers(1, 40))
@settings(max_examples=60, deadline=None)
def test_a_start_without_outage_changes_no_decision(stream: Any, at: Any) -> None:
    at = min(at, len(stream))
    now = max(time_of(i.input) for i in stream[:at])
    again = numbered(
        [i.input for i in stream[:at]] + [Started(now, now, "1")] + [i.input for i in stream[at:]]
    )
    with_start, _ = whole(again)
    plain, _ = whole(stream)
    kept = [e for n, e in with_start.events if n != at + 1]
    assert repr(kept) == repr([e for _, e in plain.events])
    assert [e.event.value for n, e in with_start.events if n == at + 1] == ["started"]
    assert [b.to_bytes() for _, b in with_start.readings] == [b.to_bytes() for _, b in plain.readings]


@given(stream=streams())
@settings(max_examples=60, deadline=None)
def test_ticks_at_the_deadlines_end(stream: Any) -> None:
    """A runtime that only ever waits for the next deadline makes progress and comes to rest."""
    _, engine = whole(stream)
    number, due = stream[-1].number, engine.next_deadline()
    for _ in range(200):
        if due == NEVER:
            break
        assert due > engine.now
        number += 1
        engine.step([Numbered(number, Tick(due))])
        due, before = engine.next_deadline(), due
        assert due > before
    assert due == NEVER


@given(stream=streams())
@settings(max_examples=40, deadline=None)
def test_input_batches_are_not_touched_and_quality_never_rises(stream: Any) -> None:
    before = [i.input.batch.to_bytes() for i in stream if hasattr(i.input, "batch")]
    step, _ = whole(stream)
    assert [i.input.batch.to_bytes() for i in stream if hasattr(i.input, "batch")] == before
    raw = {i.number: i.input.batch for i in stream if hasattr(i.input, "batch")}
    for number, batch in step.readings:
        if number in raw:
            sent = raw[number].quality
            assert (batch.quality[: len(sent)] >> 6 >= sent >> 6).all()


def test_order_of_events_is_number_then_stage_then_rule() -> None:
    plant = site()
    engine = Engine(plant, "e1")
    engine.step(numbered([Started(T0, 0, "1"), readings(plant, ("L", 1, 6.0), ("X", 1, 6.0))]))
    step = engine.step(numbered([readings(plant, ("X", 2, 1.0), ("L", 2, 20.0))], 3))
    rules = [e.rule for _, e in step.events if e.event == "raised"]
    assert rules == [r.id for r in plant.rules if r.id in rules]
    assert "L.HH" in rules
    assert "N.LOW" in rules


def test_numbers_must_rise() -> None:
    engine = Engine(site(), "e1")
    engine.step([Numbered(5, Tick(T0))])
    with pytest.raises(ValueError, match="input 5 after input 5"):
        engine.step([Numbered(5, Tick(T0))])


@pytest.mark.parametrize("damage", ["version", "config", "parts", "size"])
def test_a_foreign_snapshot_is_refused(damage: Any) -> None:
    good = Engine(site(), "e1").snapshot()
    bad = {
        "version": Snapshot("engine/0", good.number, good.config_hash, good.parts),
        "config": Snapshot(VERSION, good.number, "d" * 64, good.parts),
        "parts": Snapshot(
            VERSION, good.number, good.config_hash, {k: v for k, v in good.parts.items() if k != "engine"}
        ),
        "size": Snapshot(
            VERSION, good.number, good.config_hash, good.parts | {"detectors.common.state": b""}
        ),
    }[damage]
    with pytest.raises(ValueError, match=r"version|config|engine|state"):
        Engine(site(), "e1").restore(bad)


def test_memory_does_not_grow() -> None:
    plant, engine, sizes = site(), Engine(site(), "e1"), []
    for n in range(1, 400):
        engine.step([Numbered(n, readings(plant, ("L", n, float(n % 20)), ("X", n, 5.0)))])
        sizes.append(sum(len(v) for k, v in engine.snapshot().parts.items() if k.startswith(("det", "cond"))))
    assert len(set(sizes)) == 1
    assert S == 10**9
