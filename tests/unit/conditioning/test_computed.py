"""Computed tags: worst quality, time, chains, one value for each moment, nothing from BAD, memory."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.conditioning import layout as lo
from gateway.conditioning.expressions import in_order
from gateway.conditioning.stage import Conditioner
from gateway.model.batch import of_rows
from gateway.model.quality import Quality
from gateway.model.site import Signal, Tag
from gateway.model.times import NS

Q = Quality
T0 = 1_700_000_000 * NS


def tag(name: str, unit: str = "m", **changes: Any) -> Tag:
    fields: dict[str, Any] = {
        "id": name, "raw": name, "description": "", "cls": "other", "unit": unit, "installation": "A",
        "max_age": 5 * NS,
    }  # fmt: skip
    return Tag(**(fields | changes))


TAGS = (
    tag("SUM", expression="MEAN * 2"),
    tag("A"),
    tag("MEAN", expression="avg(A, B)"),
    tag("B", "cm"),
    tag("RATIO", "", expression="A / B"),
    tag("FREE", expression="crest - SUM", names=(("crest", "", "m", (10.0,)),)),
)
INDEX = {t.id: i for i, t in enumerate(TAGS)}
MEASURED = ("A", "B")


def feed(stage: Any, *rows: Any, now: float | None = None) -> list[tuple[str, float, float, int]]:
    """Rows of (tag, seconds, value[, quality]) -> computed rows as (tag, seconds, value, quality)."""
    full = [
        (INDEX[r[0]], T0 + int(r[1] * NS), T0 + int(r[1] * NS), r[2], r[3] if len(r) > 3 else 0) for r in rows
    ]
    end = max([r[2] for r in full], default=T0) if now is None else T0 + int(now * NS)
    count = stage.readings(of_rows("", full), end)
    return shown(stage, count)


def shown(stage: Any, count: int) -> list[tuple[str, float, float, int]]:
    rows = stage.rows[:count]
    return [
        (TAGS[r["tag"]].id, round((int(r["source"]) - T0) / NS, 6), float(r["value"]), int(r["quality"]))
        for r in rows
        if TAGS[r["tag"]].expression
    ]


def test_one_poll_is_one_value_of_each_in_the_order_they_need() -> None:
    found = feed(Conditioner(TAGS, ""), ("A", 1, 2.0), ("B", 1, 400.0))
    assert sorted(found) == [
        ("FREE", 1, 4.0, 0),
        ("MEAN", 1, 3.0, 0),
        ("RATIO", 1, 0.5, 0),
        ("SUM", 1, 6.0, 0),
    ]
    order = [name for name, *_ in found]
    assert order.index("MEAN") < order.index("SUM") < order.index("FREE")


def test_late_readings_in_one_batch_are_each_a_value() -> None:
    stage = Conditioner((tag("A"), tag("T", expression="A * 2")), "")
    rows = [(0, T0 + s * NS, T0 + 60 * NS, float(s), 0) for s in range(50)]
    count = stage.readings(of_rows("", rows), T0 + 60 * NS)
    computed = stage.rows[50:count]
    assert computed["value"].tolist() == [2.0 * s for s in range(50)]
    assert computed["source"].tolist() == [r[1] for r in rows]


def test_nothing_is_computed_before_all_inputs_are_there() -> None:
    stage = Conditioner(TAGS, "")
    found = {name: (value, quality) for name, _, value, quality in feed(stage, ("A", 1, 2.0))}
    assert all(math.isnan(v) and q == Q.NO_DATA for v, q in found.values())


@pytest.mark.parametrize(
    ("a", "b", "wanted"),
    [(0, 0, 0), (0, 1, 1), (1, 67, 67), (64, 67, 67), (131, 64, 131), (131, 134, 134), (0, 200, 200)],
)
def test_the_worst_quality_of_the_inputs(a: int, b: int, wanted: int) -> None:
    stage = Conditioner((tag("A"), tag("B"), tag("T", expression="A + B")), "")
    count = stage.readings(of_rows("", [(0, T0, T0, 1.0, a), (1, T0, T0, 1.0, b)]), T0)
    row = stage.rows[count - 1]
    assert row["tag"] == 2
    assert row["quality"] == wanted
    assert math.isnan(row["value"]) == (wanted >= 128)


def test_a_division_by_zero_is_bad_and_the_tag_s_own_fault() -> None:
    stage = Conditioner(TAGS, "")
    feed(stage, ("A", 1, 2.0), ("B", 1, 400.0))
    found = {name: q for name, _, _, q in feed(stage, ("B", 2, 0.0))}
    assert found["RATIO"] == Q.NOT_A_NUMBER
    assert found["SUM"] == Q.GOOD
    flags = {TAGS[r["tag"]].id: int(r["flags"]) for r in stage.rows[: 1 + len(found)]}
    assert flags["RATIO"] & lo.TO_BAD
    assert not flags["RATIO"] & lo.INHERITED


def test_what_an_input_causes_is_told_as_inherited_and_later_as_its_own() -> None:
    stage = Conditioner(TAGS, "")
    feed(stage, ("A", 1, 2.0), ("B", 1, 400.0))

    def flags(*rows: Any) -> int:
        feed(stage, *rows)
        return next(int(r["flags"]) for r in stage.rows if r["tag"] == INDEX["RATIO"] and r["flags"])

    stage.rows["flags"] = 0
    assert flags(("A", 2, 0.0, Q.DEVICE_EXCEPTION)) & (lo.TO_BAD | lo.INHERITED) == lo.TO_BAD | lo.INHERITED
    stage.rows["flags"] = 0
    assert not flags(("B", 3, 400.0)) & (lo.TO_BAD | lo.TO_OK)
    stage.rows["flags"] = 0
    found = feed(stage, ("B", 4, 0.0))
    assert next(q for name, _, _, q in found if name == "RATIO") == Q.DEVICE_EXCEPTION
    stage.rows["flags"] = 0
    assert flags(("A", 5, 1.0)) & (lo.TO_BAD | lo.INHERITED) == lo.TO_BAD  # now it is the zero
    stage.rows["flags"] = 0
    assert flags(("B", 6, 100.0)) & lo.TO_OK


def test_a_stale_input_makes_it_stale_when_the_input_is() -> None:
    stage = Conditioner(TAGS, "")
    feed(stage, ("A", 1, 2.0), ("B", 1, 400.0))
    feed(stage, ("A", 4, 2.0))
    found = shown(stage, stage.tick(T0 + 8 * NS))
    assert {(name, at, q) for name, at, _, q in found} == {
        (t, 6, int(Q.STALE)) for t in ("MEAN", "SUM", "RATIO", "FREE")
    }


def test_a_lost_link_reaches_it_through_its_inputs_alone() -> None:
    stage = Conditioner(TAGS, "")
    feed(stage, ("A", 1, 2.0), ("B", 1, 400.0))
    found = shown(stage, stage.lost([INDEX["A"], INDEX["RATIO"]], T0 + 2 * NS))
    assert sorted(name for name, *_ in found) == ["FREE", "MEAN", "RATIO", "SUM"]
    assert {q for *_, q in found} == {int(Q.COMMUNICATION)}
    stage.found([INDEX["A"], INDEX["RATIO"]], T0 + 3 * NS)
    assert sorted(name for name, *_ in feed(stage, ("A", 4, 3.0))) == ["FREE", "MEAN", "RATIO", "SUM"]


def test_its_time_never_stands_still_though_a_clock_is_behind() -> None:
    stage = Conditioner((tag("A"), tag("B"), tag("T", expression="A + B")), "")
    times = []
    for a, b in ((10.0, 7.0), (11.0, 8.0), (12.0, 9.0)):
        for which, at in ((0, a), (1, b)):
            count = stage.readings(
                of_rows("", [(which, T0 + int(at * NS), T0 + 12 * NS, 1.0, 0)]), T0 + 12 * NS
            )
            times += [int(r["source"]) for r in stage.rows[:count] if r["tag"] == 2]
    assert times == sorted(set(times))
    assert times[-1] == T0 + 12 * NS + 1


def test_nobody_else_gives_its_value() -> None:
    stage = Conditioner(TAGS, "")
    feed(stage, ("A", 1, 2.0), ("B", 1, 400.0))
    assert feed(stage, ("SUM", 2, 99.0)) == []
    assert stage.present()[INDEX["SUM"]].value == 6.0
    assert stage.readings(of_rows("", [(INDEX["SUM"], T0, T0, 1.0, 0), (99, T0, T0, 1.0, 0)]), T0) == -1


def test_a_held_value_makes_a_held_value() -> None:
    """A failure current holds the last value; where another input is measured anew, so is the computed tag."""
    loop = tag("A", low=0.0, high=16.0, signal=Signal.MILLIAMP)
    stage = Conditioner((loop, tag("B"), tag("T", expression="A + B")), "")
    stage.readings(of_rows("", [(0, T0, T0, 12.0, 0), (1, T0, T0, 1.0, 0)]), T0)
    late = T0 + NS
    for rows, held in (
        ([(0, late, late, 3.0, 0)], lo.HELD),
        ([(0, late + 1, late, 3.0, 0), (1, late + 1, late, 1.0, 0)], 0),
    ):
        count = stage.readings(of_rows("", rows), late)
        assert stage.rows[count - 1]["flags"] & lo.HELD == held
        assert stage.rows[count - 1]["value"] == 9.0


def test_a_circle_is_named() -> None:
    with pytest.raises(ValueError, match="a - b - c - a"):
        in_order({"x": ["a"], "a": ["b"], "b": ["c", "y"], "c": ["a"]})
    assert in_order({"x": ["y", "q"], "y": ["z"], "z": []}) == ["z", "y", "x"]


@st.composite
def streams(draw: st.DrawFn) -> list[list[tuple[int, int, int, float, int]]]:
    """Inputs of rows; clocks that lag, readings out of order, BAD ones, computed tags that somebody sends."""
    clock, out = T0, []
    for _ in range(draw(st.integers(1, 12))):
        clock += draw(st.sampled_from([0, NS, NS, 4 * NS]))
        rows = []
        for _ in range(draw(st.integers(0, 6))):
            name = draw(st.sampled_from([*MEASURED, *MEASURED, *MEASURED, "SUM"]))
            lag = draw(st.sampled_from([0, 0, NS, 3 * NS]))
            value = draw(st.sampled_from([0.0, 1.0, 2.0, -3.0, math.nan]))
            rows.append((INDEX[name], clock - lag, clock, value, draw(st.sampled_from([0] * 5 + [67, 131]))))
        out.append(rows)
    return out


def twin(stage: Any, rows: Any, count: int, last: dict[str, Any]) -> list[tuple[str, float, int]]:
    """The newest value of each computed tag after an input, from the measured rows alone."""
    for r in rows[:count]:
        if r["flags"] & lo.JUDGED and TAGS[r["tag"]].id in MEASURED:
            last[TAGS[r["tag"]].id] = (float(r["value"]), int(r["quality"]))
    a, b = last.get("A", (math.nan, 128)), last.get("B", (math.nan, 128))
    worst = max(a[1], b[1])
    if worst >= 128:
        return [(name, math.nan, worst) for name in ("MEAN", "SUM", "FREE", "RATIO")]
    mean = (a[0] + b[0] / 100) / 2
    ratio = (a[0] / (b[0] / 100), worst) if b[0] else (math.nan, int(Q.NOT_A_NUMBER))
    return [
        ("MEAN", mean, worst),
        ("SUM", 2 * mean, worst),
        ("FREE", 10 - 2 * mean, worst),
        ("RATIO", *ratio),
    ]


@given(stream=streams())
@settings(max_examples=150, deadline=None)
def test_after_each_input_they_are_what_the_inputs_say(stream: Any) -> None:
    stage, last = Conditioner(TAGS, ""), dict[str, Any]()
    for rows in stream:
        count = stage.readings(of_rows("", rows), max([r[2] for r in rows], default=0))
        given_ = stage.rows[:count].copy()
        wanted = twin(stage, given_, count, last)
        if not last:
            continue
        for name, value, quality in wanted:
            state = stage.present()[INDEX[name]]
            assert state.quality == quality
            assert (math.nan if state.value is None else state.value) == pytest.approx(value, nan_ok=True)
        for which in INDEX.values():
            times = given_["source"][(given_["tag"] == which) & (given_["flags"] & lo.JUDGED > 0)]
            assert np.all(np.diff(times) > 0)


@given(stream=streams(), cuts=st.sets(st.integers(0, 12)))
@settings(max_examples=100, deadline=None)
def test_memory_restored_at_any_edge_gives_the_same_bytes(stream: Any, cuts: Any) -> None:
    whole, stage = Conditioner(TAGS, ""), Conditioner(TAGS, "")
    for i, rows in enumerate(stream):
        if i in cuts:
            fresh = Conditioner(TAGS, "")
            fresh.load(stage.dump())
            stage = fresh
        now = max([r[2] for r in rows], default=0)
        found = [s.rows[: s.readings(of_rows("", rows), now)].tobytes() for s in (whole, stage)]
        assert found[0] == found[1]
    assert whole.dump() == stage.dump()
