"""From raw to value and quality: scaling, NE 43, range, clock, order, age, frozen, links."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.conditioning import layout as lo
from gateway.conditioning.stage import Conditioner
from gateway.model.batch import of_rows
from gateway.model.quality import Quality, status_of
from gateway.model.site import Danger, Signal, Tag
from gateway.model.times import NEVER, NS

Q = Quality
T0 = 1_700_000_000 * NS
MAX_AGE = 5 * NS


def tag(**changes: Any) -> Tag:
    fields = {
        "id": "T", "raw": "T", "description": "", "cls": "level", "unit": "m", "installation": "A",
        "low": 0.0, "high": 20.0, "danger": Danger.HIGH, "max_age": MAX_AGE,
    }  # fmt: skip
    return Tag(**(fields | changes))


def loop(**changes: Any) -> Tag:
    return tag(signal=Signal.MILLIAMP, **changes)


def feed(stage: Any, *rows: Any, now: Any = None) -> Any:
    """Rows of (seconds, value[, quality[, received seconds]]) of tag 0 -> [(value, quality, flags)]."""
    full = [
        (
            0,
            T0 + int(r[0] * NS),
            T0 + int((r[3] if len(r) > 3 else r[0]) * NS),
            r[1],
            r[2] if len(r) > 2 else 0,
        )
        for r in rows
    ]
    batch = of_rows("", full)
    count = stage.readings(batch, max(r[2] for r in full) if now is None else T0 + int(now * NS))
    return out(stage, count)


def out(stage: Any, count: Any) -> Any:
    return [(float(r["value"]), Q(int(r["quality"])), int(r["flags"])) for r in stage.rows[:count]]


def one(the_tag: Any, value: Any, quality: Any = 0) -> Any:
    (found,) = feed(Conditioner([the_tag], ""), (0, value, quality))
    return found[0], found[1]


def test_linear_scaling() -> None:
    assert one(tag(gain=0.01, offset=-5.0), 1000) == (5.0, Q.GOOD)


@pytest.mark.parametrize(
    ("ma", "value", "quality"),
    [
        (4.0, 0.0, Q.GOOD),
        (12.0, 10.0, Q.GOOD),
        (3.8, -0.25, Q.GOOD),  # the harmless end is believed down to the end of measuring information
        (3.79, -0.2625, Q.SATURATED_LOW),
        (3.61, -0.4875, Q.SATURATED_LOW),
        (20.0, 20.0, Q.SATURATED_HIGH),  # the dangerous end: a big leak stands here
        (20.5, 20.625, Q.SATURATED_HIGH),
        (20.99, 21.2375, Q.SATURATED_HIGH),
        (3.6, math.nan, Q.FAILURE_CURRENT_LOW),  # nothing to hold yet
        (0.0, math.nan, Q.FAILURE_CURRENT_LOW),
        (21.0, math.nan, Q.FAILURE_CURRENT_HIGH),
    ],
)
def test_loop_current(ma: Any, value: Any, quality: Any) -> None:
    found = one(loop(), ma)
    assert found[1] is quality
    assert found[0] == pytest.approx(value, nan_ok=True)


def test_harmless_top_of_a_loop_is_believed_to_20_5() -> None:
    assert one(loop(danger=Danger.LOW), 20.4)[1] is Q.GOOD
    assert one(loop(danger=Danger.LOW), 20.51)[1] is Q.SATURATED_HIGH
    assert one(loop(danger=Danger.LOW), 4.0)[1] is Q.SATURATED_LOW


def test_failure_current_is_held_four_seconds_then_bad() -> None:
    stage = Conditioner([loop()], "")
    found = feed(
        stage, (0, 12.0), (1, 3.5), (2, 22.0), (4, 3.5), (4.9, 3.5), (5, 3.5), (6, 22.0), (7, 12.0), (8, 3.0)
    )
    assert [q for _, q, _ in found] == [
        Q.GOOD, *[Q.FAILURE_CURRENT_PENDING] * 4, Q.FAILURE_CURRENT_LOW, Q.FAILURE_CURRENT_HIGH,
        Q.GOOD, Q.FAILURE_CURRENT_PENDING,
    ]  # fmt: skip
    assert [v for v, _, _ in found[:5]] == [10.0] * 5
    assert all(f & lo.HELD for _, _, f in found[1:5])


def test_failure_current_holds_no_value_that_is_not_in_force() -> None:
    stage = Conditioner([loop()], "")
    found = feed(stage, (0, 12.0), (1, 0.0, Q.COMMUNICATION), (2, 3.5))
    assert [q for _, q, _ in found] == [Q.GOOD, Q.COMMUNICATION, Q.FAILURE_CURRENT_LOW]


def test_a_loop_without_range_is_a_configuration_fault() -> None:
    assert one(loop(low=None), 12.0)[1] is Q.CONFIGURATION


@pytest.mark.parametrize(
    ("danger", "value", "quality"),
    [
        (Danger.HIGH, 20.0, Q.SATURATED_HIGH),
        (Danger.HIGH, 19.99, Q.GOOD),
        (Danger.HIGH, 0.0, Q.GOOD),
        (Danger.HIGH, -0.01, Q.SATURATED_LOW),
        (Danger.LOW, 0.0, Q.SATURATED_LOW),
        (Danger.LOW, 20.0, Q.GOOD),
        (Danger.LOW, 20.01, Q.SATURATED_HIGH),
        (Danger.BOTH, 0.0, Q.SATURATED_LOW),
        (Danger.BOTH, 20.0, Q.SATURATED_HIGH),
        (Danger.NONE, 0.0, Q.GOOD),
        (Danger.NONE, 20.0, Q.GOOD),
        (Danger.NONE, 20.01, Q.SATURATED_HIGH),
    ],
)
def test_range(danger: Any, value: Any, quality: Any) -> None:
    assert one(tag(danger=danger), value) == (value, quality)


def test_no_range_no_saturation() -> None:
    assert one(tag(low=None, high=None), 1e9) == (1e9, Q.GOOD)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e308])
def test_not_a_number(value: Any) -> None:
    found = one(tag(gain=100.0), value)
    assert math.isnan(found[0])
    assert found[1] is Q.NOT_A_NUMBER


def test_the_source_s_own_verdict_stands() -> None:
    assert one(tag(), 30.0, Q.SOURCE_UNCERTAIN) == (30.0, Q.SOURCE_UNCERTAIN)
    assert one(tag(), 3.0, Q.GOOD_MANUAL) == (3.0, Q.GOOD_MANUAL)
    found = one(tag(), 3.0, Q.DEVICE_EXCEPTION)
    assert math.isnan(found[0])
    assert found[1] is Q.DEVICE_EXCEPTION


@pytest.mark.parametrize(
    ("source", "quality", "stays"),
    [
        (300, Q.GOOD, True),
        (301, Q.CLOCK_DOUBTFUL, False),
        (-7 * 86400, Q.GOOD, True),
        (-7 * 86400 - 1, Q.CLOCK_DOUBTFUL, False),
    ],
)
def test_clock(source: Any, quality: Any, stays: Any) -> None:
    stage = Conditioner([tag()], "")
    (found,) = feed(stage, (source, 5.0, 0, 0))
    assert found[1] is quality
    assert stage.rows["source"][0] == (T0 + source * NS if stays else T0)


def test_every_row_of_a_burst_with_a_doubtful_clock_is_judged() -> None:
    stage = Conditioner([tag()], "")
    found = feed(stage, *[(9_000 + i, float(i), 0, 0) for i in range(3)])
    assert [f & lo.JUDGED for _, _, f in found] == [1, 1, 1]
    assert np.diff(stage.rows["source"][:3]).tolist() == [1, 1]


def test_not_newer_is_kept_and_not_judged() -> None:
    stage = Conditioner([tag()], "")
    found = feed(stage, (2, 5.0), (2, 6.0), (1, 7.0), (3, 8.0), now=3)
    assert [f & lo.JUDGED for _, _, f in found] == [1, 0, 0, 1]
    assert [v for v, _, _ in found] == [5.0, 6.0, 7.0, 8.0]
    assert stage.present()[0].value == 8.0


def test_an_unjudged_reading_keeps_nothing_alive() -> None:
    stage = Conditioner([tag()], "")
    feed(stage, (2, 5.0))
    feed(stage, (2, 5.0, 0, 6), now=6)
    assert out(stage, stage.tick(T0 + 7 * NS))[0][1] is Q.STALE


def test_stale_is_dated_when_it_became_so_and_told_once() -> None:
    stage = Conditioner([tag()], "")
    feed(stage, (1, 5.0))
    assert stage.next_deadline() == T0 + 6 * NS
    assert stage.tick(T0 + 6 * NS - 1) == 0
    count = stage.tick(T0 + 60 * NS)
    ((value, quality, flags),) = out(stage, count)
    assert math.isnan(value)
    assert (quality, flags) == (Q.STALE, lo.JUDGED | lo.SYNTHETIC | lo.TO_BAD)
    assert stage.rows["source"][0] == T0 + 6 * NS
    assert stage.tick(T0 + 600 * NS) == 0
    assert stage.next_deadline() == NEVER
    assert feed(stage, (601, 5.0))[0][1:] == (Q.GOOD, lo.JUDGED | lo.TO_OK)


def test_age_counts_from_received() -> None:
    """A device whose clock lags a minute is not stale; its readings stop, and it is."""
    stage = Conditioner([tag()], "")
    feed(stage, (0, 5.0, 0, 60), now=60)
    assert stage.tick(T0 + 64 * NS) == 0
    assert out(stage, stage.tick(T0 + 65 * NS))[0][1] is Q.STALE
    assert stage.rows["source"][0] == T0 + 5 * NS


def test_max_age_zero_holds_for_ever() -> None:
    stage = Conditioner([tag(max_age=0)], "")
    feed(stage, (1, 5.0))
    assert stage.next_deadline() == NEVER


def test_who_never_spoke_is_no_data_a_max_age_after_the_start() -> None:
    stage = Conditioner([tag(), tag(id="U", max_age=0)], "")
    stage.start(T0, 0)
    assert stage.next_deadline() == T0 + MAX_AGE
    count = stage.tick(T0 + MAX_AGE)
    assert [(int(r["tag"]), Q(int(r["quality"]))) for r in stage.rows[:count]] == [(0, Q.NO_DATA)]


def test_an_outage_stops_the_ages() -> None:
    stage = Conditioner([tag(frozen_window=10 * NS)], "")
    feed(stage, (0, 5.0))
    stage.start(T0 + 100 * NS, 99 * NS)
    assert stage.next_deadline() == T0 + 104 * NS
    assert feed(stage, (103, 5.0))[0][1] is Q.GOOD  # four seconds of rest, not 103
    assert feed(stage, (109, 5.0))[0][1] is Q.FROZEN


def test_frozen() -> None:
    stage = Conditioner([tag(frozen_window=3 * NS, frozen_band=0.1)], "")
    values = [5.0, 5.05, 4.95, 5.0, 5.1, 5.3, 5.3, 5.3]
    found = feed(stage, *[(i, v) for i, v in enumerate(values)])
    assert [q for _, q, _ in found] == [Q.GOOD] * 3 + [Q.FROZEN] * 2 + [Q.GOOD] * 3


def test_a_frozen_signal_is_not_thawed_by_a_bad_reading() -> None:
    stage = Conditioner([tag(frozen_window=2 * NS)], "")
    found = feed(stage, (0, 5.0), (1, 5.0), (2, 5.0), (3, 0.0, Q.DEVICE_EXCEPTION), (4, 5.0))
    assert [q for _, q, _ in found][-3:] == [Q.FROZEN, Q.DEVICE_EXCEPTION, Q.FROZEN]


def test_a_lost_link_and_its_return() -> None:
    stage = Conditioner([tag(), tag(id="U", max_age=0), tag(id="V")], "")
    feed(stage, (0, 5.0))
    rows = out(stage, stage.lost([0, 1], T0 + NS))
    assert [q for _, q, _ in rows] == [Q.COMMUNICATION] * 2
    assert [f & lo.TO_BAD for _, _, f in rows] == [lo.TO_BAD] * 2
    assert stage.lost([0, 1], T0 + 2 * NS) == 0
    assert stage.found([0, 1], T0 + 3 * NS) == 0
    # A reading that is still BAD is now the tag's own fault; silence is one after the max age.
    (row,) = feed(stage, (4, 0.0, Q.DEVICE_EXCEPTION))
    assert row[1:] == (Q.DEVICE_EXCEPTION, lo.JUDGED | lo.TO_BAD)
    (row,) = out(stage, stage.tick(T0 + 63 * NS))
    assert row[1:] == (Q.NO_DATA, lo.JUDGED | lo.SYNTHETIC | lo.TO_BAD)


def test_a_row_of_no_tag_is_refused_whole() -> None:
    stage = Conditioner([tag()], "")
    before = stage.dump()
    assert stage.readings(of_rows("", [(0, T0, T0, 1.0, 0), (1, T0, T0, 1.0, 0)]), T0) == -1
    assert stage.dump() == before


def test_memory_of_another_shape_is_refused_whole() -> None:
    stage = Conditioner([tag()], "")
    before = stage.dump()
    with pytest.raises(ValueError, match="tags"):
        stage.load(Conditioner([tag(), tag(id="U")], "").dump())
    assert stage.dump() == before


TAGS = [
    tag(),
    loop(),
    tag(frozen_window=3 * NS),
    loop(danger=Danger.BOTH, max_age=0),
    tag(low=None, high=None),
]
values = st.sampled_from([0.0, 3.0, 3.5, 3.7, 4.0, 5.0, 12.0, 20.0, 20.7, 22.0, math.nan, math.inf, 1e308])
qualities = st.sampled_from([int(q) for q in Q] + [40, 100, 200, 255])


@st.composite
def raw_rows(draw: Any) -> Any:
    clock, rows = T0, []
    for _ in range(draw(st.integers(1, 30))):
        clock += draw(st.sampled_from([0, NS, NS, 9 * NS]))
        source = clock + draw(st.sampled_from([0, 0, 0, -3 * NS, 2 * NS, 10**6 * NS, -(10**6) * NS]))
        rows.append(
            (draw(st.integers(0, len(TAGS) - 1)), source, clock, draw(values), draw(st.just(0) | qualities))
        )
    return rows


@given(rows=raw_rows())
@settings(max_examples=150, deadline=None)
def test_quality_is_never_lifted_and_bad_has_no_value(rows: Any) -> None:
    stage = Conditioner(TAGS, "")
    stage.readings(of_rows("", rows), rows[-1][2])
    for raw, done in zip(rows, stage.rows, strict=False):
        assert status_of(int(done["quality"])) >= status_of(raw[4])
        assert math.isnan(done["value"]) == (done["quality"] >= 128)
        assert math.isfinite(done["value"]) or done["quality"] >= 128


@given(rows=raw_rows(), cuts=st.sets(st.integers(1, 29)))
@settings(max_examples=100, deadline=None)
def test_any_cut_with_memory_restored_gives_the_same_bytes(rows: Any, cuts: Any) -> None:
    batch, wanted = of_rows("", rows), []
    whole = Conditioner(TAGS, "")
    for i in range(len(rows)):
        count = whole.readings(batch.slice(i, i + 1), rows[i][2])
        wanted.append(whole.rows[:count].tobytes())
    stage, found = Conditioner(TAGS, ""), []
    for i in range(len(rows)):
        if i in cuts:
            fresh = Conditioner(TAGS, "")
            fresh.load(stage.dump())
            stage = fresh
        count = stage.readings(batch.slice(i, i + 1), rows[i][2])
        found.append(stage.rows[:count].tobytes())
    assert found == wanted
    assert stage.dump() == whole.dump()


@given(rows=raw_rows())
@settings(max_examples=50, deadline=None)
def test_judged_rows_of_a_tag_come_in_order_and_input_is_untouched(rows: Any) -> None:
    batch = of_rows("", rows)
    before, stage = batch.to_bytes(), Conditioner(TAGS, "")
    count = stage.readings(batch, rows[-1][2])
    assert batch.to_bytes() == before
    real = [r for r in stage.rows[:count] if r["flags"] & lo.JUDGED and not r["flags"] & lo.SYNTHETIC]
    for which in range(len(TAGS)):
        times = [int(r["source"]) for r in real if r["tag"] == which]
        assert times == sorted(set(times))
