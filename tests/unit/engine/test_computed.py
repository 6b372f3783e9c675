"""Computed tags through the engine: alarms, one fault at the cause, links, restart, reload, replay."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.engine import Engine
from gateway.model.batch import of_rows
from gateway.model.inputs import ConfigChange, LinkChange, Numbered, Readings, Started, Tick
from gateway.model.levels import Level, LiveLevel
from gateway.model.quality import Quality
from gateway.model.site import RuleKind, Site
from tests.unit.engine.plant import T0, S, numbered, rule, site, tag
from tests.unit.engine.test_groups import EXPRESSION, Bench

CREST = (("crest", "", "m", (20.0,)),)
PLANT = (
    tag("FB", expression="crest - L", inputs=("L",), names=CREST, cls="freeboard", low=0.0, high=20.0),
    tag("L", max_age=5 * S),
    tag("R", expression="L / X", inputs=("L", "X"), unit="", low=None, high=None, links=("bus", "dev-1")),
    tag("X", links=(), max_age=0, unit="m", low=None, high=None),
)
RULES = (
    rule("FB.L", RuleKind.LIMIT_LOW, "FB", trigger=2.0, reset=2.5, level=Level.RED, on_delay=2 * S),
    rule("R.H", RuleKind.LIMIT_HIGH, "R", trigger=5.0, reset=4.0),
)


def plant(**changes: Any) -> Site:
    return site(**({"tags": PLANT, "rules": RULES} | changes))


class Plant:
    """An engine that numbers its inputs; events as (event, rule)."""

    def __init__(self) -> None:
        self.site, self.number = plant(), 0
        self.engine = Engine(self.site, "e1")
        self.give(Started(T0, 0, "1"))

    def give(self, item: Any) -> list[tuple[str, str]]:
        self.number += 1
        self.last = self.engine.step([Numbered(self.number, item)])
        return [(e.event.value, e.rule) for _, e in self.last.events if e.rule]

    def read(self, at: float, quality: int = 0, **values: float) -> list[tuple[str, str]]:
        when, index = T0 + int(at * S), self.site.tag_index
        rows = [(index[t], when, when, v, quality) for t, v in values.items()]
        return self.give(Readings(of_rows(self.site.table, rows)))

    def value(self, name: str) -> float | None:
        return self.engine.tags()[self.site.tag_index[name]].value


def test_a_limit_on_a_computed_tag_raises_and_clears_with_its_delay() -> None:
    bench = Plant()
    bench.read(1, L=10.0)
    assert bench.read(2, L=18.5) == []
    assert bench.read(3, L=18.6) == []
    assert bench.read(4.5, L=18.6) == [("raised", "FB.L")]
    raised = bench.last.events[0][1]
    assert raised.value == pytest.approx(1.4)
    assert raised.onset == T0 + 2 * S
    assert bench.read(5, L=17.0) == [("cleared", "FB.L")]


def test_computed_rows_are_sent_out_with_the_others() -> None:
    bench = Plant()
    bench.read(1, L=10.0, X=4.0)
    ((_, batch),) = bench.last.readings
    index = bench.site.tag_index
    assert dict(zip(batch.tag.tolist(), batch.value.tolist(), strict=True)) == {
        index["L"]: 10.0, index["X"]: 4.0, index["FB"]: 10.0, index["R"]: 2.5,
    }  # fmt: skip


def test_one_fault_at_the_cause_at_the_level_of_what_it_blinds() -> None:
    bench = Plant()
    bench.read(1, L=18.5, X=4.0)
    bench.read(3.5, L=18.5)
    found = bench.read(4, Quality.DEVICE_EXCEPTION, L=0.0)
    assert ("raised", "L.FAULT") in found
    assert not [f for f in found if f[1] in ("FB.FAULT", "R.FAULT")]
    assert ("unknown", "FB.L") in found
    fault = next(o for o in bench.engine.book.open() if o.rule == "L.FAULT")
    assert fault.level is Level.RED  # of FB.L, which L has no rule of its own for
    assert bench.read(5, L=18.5) == [("cleared", "L.FAULT"), ("known", "FB.L")]


def test_a_value_that_does_not_exist_is_the_computed_tag_s_own_fault() -> None:
    bench = Plant()
    bench.read(1, L=10.0, X=4.0)
    assert bench.read(2, X=0.0) == [("raised", "R.FAULT")]
    assert bench.value("R") is None
    # The fault goes to the cause when there is another one ...
    found = bench.read(3, Quality.DEVICE_EXCEPTION, L=0.0)
    assert ("raised", "L.FAULT") in found
    assert ("cleared", "R.FAULT") in found
    # ... and comes back with it gone.
    assert ("re-alarm", "R.FAULT") in bench.read(4, L=10.0)
    assert bench.read(5, X=1.0) == [("cleared", "R.FAULT"), ("raised", "R.H")]


def test_a_lost_link_is_one_fault_that_lists_the_computed_tags() -> None:
    bench = Plant()
    bench.read(1, L=18.5, X=4.0)
    bench.read(3.5, L=18.5)
    found = bench.give(LinkChange(T0 + 4 * S, "dev-1", up=False, reason="timeout"))
    assert ("raised", "dev-1.LINK") in found
    assert ("unknown", "FB.L") in found
    assert not [f for f in found if f[1].endswith(".FAULT")]
    bench.give(LinkChange(T0 + 5 * S, "dev-1", up=True))
    assert ("known", "FB.L") in bench.read(6, L=18.5)
    bench.give(LinkChange(T0 + 7 * S, "dev-1", up=False))
    bench.give(LinkChange(T0 + 8 * S, "dev-1", up=True))
    found = bench.give(Tick(T0 + 30 * S))
    assert [f for f in found if f[0] == "raised"] == [("raised", "L.FAULT")]  # L never spoke again


def test_stale_inputs_make_it_unknown_and_no_view() -> None:
    bench = Plant()
    bench.read(1, L=10.0, X=4.0)
    assert bench.engine.book.levels()[0].level is LiveLevel.NORMAL
    assert bench.give(Tick(T0 + 20 * S)) == [("raised", "L.FAULT")]
    assert bench.engine.book.levels()[0].level is LiveLevel.NO_VIEW


def test_an_expression_rule_raises_clears_and_goes_unknown(tmp_path: Path) -> None:
    bench = Bench(tmp_path, EXPRESSION)
    assert bench.read(1, A=10.0, B=9.5, M=1.0) == []
    assert bench.read(2, A=12.0) == [("raised", 2.5)]
    assert [e for e, _ in bench.read(3, bad="B", B=0.0)] == ["unknown"]
    assert [e for e, _ in bench.read(4, B=10.5)] == ["known"]
    assert [e for e, _ in bench.read(4.5, B=11.9)] == ["cleared"]
    assert bench.read(5, M=0.0, B=5.0) == []  # a division by zero is nothing one may call normal
    assert bench.unknown()


def test_a_condition_is_true_or_false(tmp_path: Path) -> None:
    bench = Bench(
        tmp_path, "{id: L.EXPR, kind: expression, group: L, expression: A > B and M == 1, level: red}"
    )
    assert bench.read(1, A=10.0, B=9.5, M=0.0) == []
    assert bench.read(2, M=1.0) == [("raised", 1.0)]
    assert [e for e, _ in bench.read(3, M=0.0)] == ["cleared"]


def test_an_edited_expression_or_input_begins_anew_and_others_go_on() -> None:
    old = Plant()
    old.read(1, L=10.0, X=4.0)
    tags = {t.id: t for t in PLANT}
    for name, change, kept in (
        ("FB", {"expression": "crest - L - 1 [m]"}, [None, 10.0, 2.5, 4.0]),
        ("X", {"gain": 2.0}, [10.0, 10.0, None, None]),
        ("FB", {"names": (("crest", "", "m", (21.0,)),)}, [None, 10.0, 2.5, 4.0]),
    ):
        changed = tuple((tags | {name: replace(tags[name], **change)}).values())
        engine = Engine(plant(tags=changed, config_hash="d" * 64), "e1")
        engine.carry_over(old.engine)
        engine.step([Numbered(old.number + 1, ConfigChange(T0 + 2 * S, "c", "d"))])
        assert [t.value for t in engine.tags()] == kept


def told(steps: Any) -> Any:
    return [(n, repr(e)) for s in steps for n, e in s.events], [
        (n, b.to_bytes()) for s in steps for n, b in s.readings
    ]


@st.composite
def streams(draw: st.DrawFn) -> list[Numbered]:
    clock, out = T0, [Started(T0, 0, "1")]
    for _ in range(draw(st.integers(1, 25))):
        last, clock = clock, clock + draw(st.sampled_from([0, S, S, 2 * S, 9 * S]))
        what = draw(st.sampled_from(["readings"] * 8 + ["tick", "link", "start"]))
        if what == "tick":
            out.append(Tick(clock))
        elif what == "link":
            out.append(LinkChange(clock, "dev-1", draw(st.booleans()), "x"))
        elif what == "start":
            out.append(Started(clock, last, "1"))
        else:
            rows = [
                (draw(st.integers(0, 3)), clock - draw(st.sampled_from([0, 0, S])), clock,
                 draw(st.sampled_from([0.0, 4.0, 17.0, 19.0, float("nan")])), draw(st.sampled_from([0, 0, 0, 67, 131])))
                for _ in range(draw(st.integers(0, 5)))
            ]  # fmt: skip
            out.append(Readings(of_rows(plant().table, rows)))
    return numbered(out)


@given(stream=streams(), cuts=st.sets(st.integers(1, 25)))
@settings(max_examples=40, deadline=None)
def test_replay_equals_live_however_it_is_cut_and_restored(stream: Any, cuts: Any) -> None:
    whole = Engine(plant(), "e1")
    wanted = told([whole.step(stream)])
    engine, steps = Engine(plant(), "e1"), []
    for i, item in enumerate(stream):
        if i in cuts:
            fresh = Engine(plant(), "e1")
            fresh.restore(engine.snapshot())
            engine = fresh
        steps.append(engine.step([item]))
    assert told(steps) == wanted
    assert engine.snapshot() == whole.snapshot()


@given(stream=streams())
@settings(max_examples=40, deadline=None)
def test_a_computed_tag_never_raises_a_fault_while_an_input_is_bad(stream: Any) -> None:
    engine = Engine(plant(), "e1")
    for item in stream:
        engine.step([item])
        waits = (
            engine.conditioner.awaited
        )  # shown as STALE after an outage of ours, which is no fault of theirs
        bad = {t.id for i, t in enumerate(PLANT) if engine.qualities()[i] >= 128 and i not in waits}
        active = {o.rule for o in engine.book.open() if o.axes.condition.value == "active"}
        assert not ("FB.FAULT" in active and "L" in bad)
        assert not ("R.FAULT" in active and {"L", "X"} & bad)
