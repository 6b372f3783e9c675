"""The archive gives back what went in, bit by bit, and history replays through the engine as it happened."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import apsw
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gateway.engine import Engine
from gateway.model.batch import concat
from gateway.model.inputs import Gap, Started, time_of
from gateway.store.archive import digits as dg
from gateway.store.archive import manifests, parquet, read
from gateway.store.archive.close import close_days, close_parts, differ
from gateway.store.archive.replay import replay
from gateway.store.archive.rows import Rows
from tests.unit.archive.make import conditioned, keep, opened, spool_out
from tests.unit.engine.plant import T0, S, numbered, readings, site, streams
from tests.unit.engine.test_replay import told

pytest.importorskip("pyarrow")
FAR = 1 << 62
LATER = "9999-12-31"


@given(stream=streams(longest=60), group=st.integers(1, 7), cut=st.integers(1, 59), day=st.booleans())
@settings(max_examples=12, deadline=None)
def test_history_replays_exactly(stream: Any, group: int, cut: int, day: bool) -> None:
    plant = site()
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        store = opened(state)
        steps = keep(store, plant, stream[:cut], group)
        close_parts(state, before=LATER)
        first = store.last_input[0]
        engine = Engine(plant, "e1")
        engine.step(stream[:cut])
        steps_after = _more(store, engine, plant, stream[cut:])
        close_parts(state, before=LATER)
        if day:
            close_days(state, before=LATER)
        found = [e.numbered for e in replay(state)]
        store.close()
        last = max((m.last_input for m in manifests(state)), default=0)
        assert found == [i for i in stream if i.number <= last]
        assert told([Engine(plant, "e1").step(found)]) == told(
            [Engine(plant, "e1").step(stream[: len(found)])]
        )
        _same_columns(state, plant, [*steps, *steps_after])
        assert first <= last or not steps_after or not any(s.readings for s in steps_after)


def _more(store: Any, engine: Engine, plant: Any, stream: Any) -> list[Any]:
    steps = []
    for item in stream:
        step = engine.step([item])
        steps.append(step)
        store.commit([item], [e for _, e in step.events], max(1, time_of(item.input)))
        if step.readings:
            spans = [(n, len(b)) for n, b in step.readings]
            store.spool.append(
                item.number, item.number, concat(plant.table, [b for _, b in step.readings]), spans
            )
    spool_out(store)
    return steps


def _same_columns(state: Path, plant: Any, steps: list[Any]) -> None:
    batch, numbers = conditioned(steps)
    if batch is None:
        return
    found = read(state, [t.id for t in plant.tags], -FAR, FAR)
    for row, tag in enumerate(plant.tags):
        which = np.flatnonzero(batch.tag == row)
        series = found[tag.id]
        assert np.array_equal(series.source, batch.source[which])
        assert np.array_equal(series.received, batch.received[which])
        assert dg.same(series.value, batch.value[which]).all()
        assert np.array_equal(series.quality, batch.quality[which])
        assert np.array_equal(series.input, np.array(numbers, np.int64)[which])


@given(values=arrays(np.float64, st.integers(1, 200), elements=st.floats(width=64)))
@settings(max_examples=200, deadline=None)
def test_any_double_is_kept(values: Any) -> None:
    found = dg.find(values)
    back = dg.numbers(found.digits, np.full(len(values), found.divisor), np.full(len(values), found.single))
    assert dg.same(back[found.there], values[found.there]).all()


@pytest.mark.parametrize(("single", "places"), [(False, 0), (False, 2), (True, 1), (True, 3)])
def test_decimals_are_whole_numbers(single: bool, places: int) -> None:
    values = np.round(np.random.default_rng(places).normal(20, 5, 1000), places)
    values = values.astype(np.float32).astype(np.float64) if single else values
    found = dg.find(values)
    assert found.there.all()
    assert found.divisor == 10.0**places
    assert found.single is (single and places > 0)


def test_minus_zero_and_nan_are_not_lost() -> None:
    values = np.array([0.0, -0.0, np.nan, np.inf, 1.5, 2.5, 3.5, 4.5, 5.5])
    assert dg.find(values).there.tolist() == [True, False, False, False, *[True] * 5]


def test_an_input_of_another_table_is_kept_whole(tmp_path: Path) -> None:
    plant = site()
    other = readings(plant, ("L", 0, 1.0))
    strange = replace(other, batch=replace(other.batch, table="ffffffff"))
    gap = Gap(T0 + 2 * S, "x", 1, 2, 3, "y")
    last = readings(plant, ("L", 3, 1.0), ("G", 3, 12.0))
    stream = numbered([Started(T0, 0, "1"), readings(plant, ("L", 1, 1.0)), strange, gap, last])
    store = opened(tmp_path)
    keep(store, plant, stream)
    close_parts(tmp_path, before=LATER)
    store.close()
    assert [e.numbered for e in replay(tmp_path)] == stream


def test_a_damaged_chunk_is_counted_and_holds_up_none_behind_it(tmp_path: Path) -> None:
    store, plant = opened(tmp_path), site()
    keep(store, plant, numbered([readings(plant, ("L", k, float(k))) for k in range(30)]), group=1)
    store.close()
    db = apsw.Connection(str(tmp_path / "spool.db"))
    ids = [key for (key,) in db.execute("SELECT id FROM chunks ORDER BY id").fetchall()]
    lost = db.execute("SELECT rows FROM chunks WHERE id = ?", (ids[3],)).fetchall()[0][0]
    db.execute("UPDATE chunks SET data = CAST(substr(data, 1, 20) || x'ff' AS BLOB) WHERE id = ?", (ids[3],))
    db.execute("UPDATE spans SET data = x'00' WHERE id = ?", (ids[5],))
    db.close()
    close_parts(tmp_path, before="9999-12-31")
    (day,) = close_days(tmp_path, before="9999-12-31")
    assert day.lost == lost > 0
    assert day.rows == len(read(tmp_path, ["L"], 0, 1 << 62)["L"]) == 30 - lost


def test_many_tags_of_few_readings_are_small_too(tmp_path: Path) -> None:
    """What stands once in a row group (names, footers) stands beside few rows in a large plant of slow tags."""
    tags, each = 3_000, 40
    names = tuple(f"A-PLANT-OF-MANY-{i:05d}" for i in range(tags))
    tag = np.repeat(np.arange(tags, dtype=np.int32), each)
    at = np.tile(np.arange(each), tags).astype(np.int64)
    walk = np.random.default_rng(1).integers(-2, 3, (tags, each)).cumsum(1).reshape(-1)
    value, good = (walk + 5_000) / 100, np.zeros(len(tag), np.uint8)
    source = T0 + at * 600 * S
    made = np.zeros(len(tag), np.bool_)
    rows = Rows(names, tag, at + 1, source, source, value, good, made, value, good, source)
    groups = parquet.groups(names, [each] * tags)
    assert sum(map(len, groups)) == tags
    edges = np.cumsum([0, *(each * len(g) for g in groups)]).tolist()
    blocks = [rows.take(np.arange(a, b)) for a, b in pairwise(edges)]
    parquet.write(tmp_path / "r.parquet", blocks, {})
    for k, block in enumerate(blocks):
        found = parquet.read(tmp_path / "r.parquet", k, raw=True)
        differ(found, block, tmp_path)
        assert list(found.tags) == groups[k]
    assert (tmp_path / "r.parquet").stat().st_size / len(rows) < 1.5


def test_tags_of_many_readings_do_not_share_more_than_they_must() -> None:
    """Who looks at one tag reads its group."""
    names = [f"T-{i}" for i in range(100)]
    assert [len(g) for g in parquet.groups(names, [8_640] * 100)] == [16] * 6 + [4]
    assert [len(g) for g in parquet.groups(names, [0, *[400_000] * 3, *[0] * 96])] == [2, 1]
