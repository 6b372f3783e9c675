"""Chunks: when they are sealed, written, handed out, trimmed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager

import apsw
import numpy as np
import pytest

from gateway.model.batch import Batch, concat
from gateway.model.ports import Chunk
from gateway.model.times import NS
from gateway.store import Spool, Store, trim
from gateway.store.database import rows as select
from tests.unit.store import make
from tests.unit.store.make import T0, TABLE

Open = Callable[..., Store]
MS = NS // 1000


def feed(store: Store, at: int, rows: int = 5, **options: int) -> Chunk | None:
    """One commit group as the runtime does it."""
    number = store.last_input[0] + 1
    store.commit([make.tick(number, at)], [], at)
    return store.spool.append(number, number, make.batch(rows, at, seed=number, **options))


def all_of(spool: Spool, after: int = 0) -> Batch:
    return concat(TABLE, [c.batch for c in spool.chunks(after, 10_000)])


def test_a_chunk_is_about_a_second(opened: Open) -> None:
    store = opened()
    for n in range(50):
        feed(store, T0 + n * 200 * MS)
    chunks = store.spool.chunks(0, 100)
    assert [(c.first_input, c.last_input, len(c.batch)) for c in chunks[:2]] == [(1, 5, 25), (6, 10, 25)]
    assert [c.id for c in chunks] == [c.last_input for c in chunks]
    assert len(chunks) == 9, "the tenth still grows"


def test_append_tells_of_a_chunk_once_it_is_sealed(opened: Open) -> None:
    store = opened()
    assert feed(store, T0) is None
    assert feed(store, T0 + 200 * MS) is None
    chunk = feed(store, T0 + NS)
    assert chunk is not None
    assert (chunk.first_input, chunk.last_input) == (1, 2)
    assert feed(store, T0 + NS + 200 * MS) is None


def test_a_quiet_plant_does_not_hold_a_chunk_back(opened: Open) -> None:
    store = opened()
    feed(store, T0)
    store.commit([make.tick(2)], [], T0 + NS + 200 * MS)
    assert store.spool.chunks(0, 9) == [], "readings committed late may still come"
    store.commit([make.tick(3)], [], T0 + NS + 300 * MS)
    assert [c.id for c in store.spool.chunks(0, 9)] == [1]
    assert store.spool.append(3, 3, Batch.empty(TABLE)) == store.spool.chunks(0, 9)[0], (
        "told with the next append"
    )


def test_a_clock_that_jumps_back_seals(opened: Open) -> None:
    store = opened()
    feed(store, T0 + 100 * NS)
    feed(store, T0)
    assert [c.id for c in store.spool.chunks(0, 9)] == [1]


def test_many_readings_of_one_second_make_several_chunks(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.store.spool.MAX_ROWS", 100)
    store = opened()
    for _ in range(10):
        feed(store, T0, rows=60)
    assert [len(c.batch) for c in store.spool.chunks(0, 9)] == [120] * 4


def test_filling_is_idempotent_by_input_number(opened: Open) -> None:
    store = opened()
    for n in range(1, 9):
        feed(store, T0 + n * NS)
    for n in range(1, 9):
        store.spool.append(n, n, make.batch(5, T0))
    store.spool.append(7, 9, make.batch(3, T0 + 9 * NS))
    store.spool.sync()
    assert len(all_of(store.spool)) == 8 * 5 + 3, "of a group that is in in part all is taken"


def test_another_tag_table_begins_another_chunk(opened: Open) -> None:
    store = opened()
    feed(store, T0)
    batch = make.batch(5, T0)
    store.spool.append(
        2, 2, Batch("ffffffff", batch.tag, batch.source, batch.received, batch.value, batch.quality)
    )
    store.spool.append(3, 3, make.batch(5, T0))
    assert [c.batch.table for c in store.spool.chunks(0, 9)] == [TABLE, "ffffffff"]


def test_what_is_not_durable_in_the_journal_is_not_written(opened: Open) -> None:
    store = opened()
    for n in range(1, 31):
        store.spool.append(n, n, make.batch(5, T0 + n * NS))
    assert store.spool.saved_input == 0
    for n in range(1, 31):
        store.commit([make.tick(n)], [], T0 + n * NS)
    store.spool.append(31, 31, make.batch(5, T0 + 31 * NS))
    assert store.spool.saved_input == 30


def test_chunks_come_from_memory_and_disk_alike(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.store.spool.CACHE_BYTES", 29 * 5 * 15)
    store = opened()
    for n in range(100):
        feed(store, T0 + n * NS)
    assert store.spool._cache[0].id > 50
    walked: list[int] = []
    while more := store.spool.chunks(walked[-1] if walked else 0, 7):
        walked += [c.id for c in more]
    assert walked == list(range(1, 100))
    again = opened("other")
    whole = store.spool.chunks(0, 200)
    store.close()
    again = opened()
    assert again.spool.chunks(0, 99) == whole
    assert (again.spool.last_chunk, again.spool.last_input) == (100, 100)
    assert again.spool.chunks(99, 9)[0].batch == make.batch(5, T0 + 99 * NS, seed=100)


def test_a_killed_gateway_builds_the_same_ids_again(opened: Open, tmp_path: object) -> None:
    import shutil

    store = opened()
    for n in range(25):
        feed(store, T0 + n * NS)
    handed_out = store.spool.chunks(0, 99)
    shutil.copytree(store.folder, store.folder.parent / "killed")
    again = opened("killed", adopt=True)
    saved = again.spool.last_input
    assert 0 < saved < 24
    for n in range(saved + 1, 26):
        again.spool.append(n, n, make.batch(5, T0 + (n - 1) * NS, seed=n))
    assert again.spool.chunks(0, 99) == handed_out


def test_trim_deletes_what_every_cursor_passed(opened: Open) -> None:
    store = opened()
    for n in range(50):
        feed(store, T0 + n * NS)
    store.close()
    store = opened()
    end = T0 + 50 * NS
    limits = {"max_bytes": 1 << 30, "max_age_ns": 1000 * NS, "now": end}
    assert make.trimmed(store.spool, 20, **limits, keep_ns=40 * NS) == []
    assert store.spool.chunks(0, 1)[0].id == 11, "kept for trends though delivered"
    assert make.trimmed(store.spool, 20, **limits) == []
    assert store.spool.chunks(0, 1)[0].id == 21


def test_age_and_size_are_losses_with_a_name(opened: Open) -> None:
    store = opened()
    for n in range(60):
        feed(store, T0 + n * NS, rows=500)
    store.close()
    store = opened()
    now = T0 + 60 * NS
    (gap,) = make.trimmed(store.spool, 10, max_bytes=1 << 30, max_age_ns=40 * NS, now=now)
    assert (gap.who, gap.count) == ("spool", 10 * 500)
    assert (gap.start, gap.end // NS) == (T0 + 10 * NS, (T0 + 19 * NS) // NS)
    assert "age" in gap.why
    size = store.spool.used_bytes
    (gap,) = make.trimmed(store.spool, 10, max_bytes=size // 2, max_age_ns=1000 * NS, now=now)
    assert "size" in gap.why
    left = store.spool.chunks(0, 99)
    assert gap.count == (40 - len(left)) * 500
    assert 15 <= len(left) <= 20
    assert left[-1].id == 60
    assert make.trimmed(store.spool, 10, max_bytes=size, max_age_ns=1000 * NS, now=now) == []


def test_a_trim_looks_at_what_goes_and_not_at_what_stays(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A commit waits behind each of its steps, and a spool may hold weeks."""
    monkeypatch.setattr(trim, "SLICE", 7)

    ticks: list[int] = []

    def tick() -> bool:
        ticks.append(1)
        return False

    def work(seconds: int) -> list[int]:
        store = opened(str(seconds))
        for n in range(seconds):
            feed(store, T0 + n * NS, rows=100)
        store.close()
        store = opened(str(seconds))
        store.spool._db.set_progress_handler(tick, 10)
        limits = {"max_age_ns": 10_000 * NS, "now": T0 + 1000 * NS, "keep_ns": 0}
        counts = []
        for max_bytes in (1 << 30, store.spool.used_bytes - 20_000):
            ticks.clear()
            make.trimmed(store.spool, 15, max_bytes=max_bytes, **limits)
            counts.append(len(ticks))
        assert store.spool.chunks(0, 1)[0].id > 16
        return counts

    few, many = work(60), work(300)
    assert all(m < 1.5 * f + 20 for f, m in zip(few, many, strict=True)), (few, many)


def test_inputs_leave_when_the_archive_has_them_though_nothing_was_delivered(opened: Open) -> None:
    store = opened()
    for n in range(40):
        feed(store, T0 + n * NS)
    assert store.spool.sync()
    assert store.spool.keep_inputs([(n, n, T0, b"group") for n in range(1, 41)])
    store.spool.mark_archived(30)
    limits = {"max_bytes": 1 << 30, "max_age_ns": 1000 * NS, "now": T0 + 60 * NS, "archive": True}
    assert make.trimmed(store.spool, 0, **limits) == []
    assert [row[0] for row in select(store.spool._db, "SELECT id FROM inputs")] == list(range(31, 41))
    assert len(store.spool.chunks(0, 99)) == 40


@pytest.mark.parametrize("taken", range(1, 8))
def test_a_disk_that_refuses_half_way_leaves_no_loss_untold(
    opened: Open, monkeypatch: pytest.MonkeyPatch, taken: int
) -> None:
    """Exactly what is gone is told, though the deletion was not finished; the rest with the next trim."""
    store = opened()
    for n in range(60):
        feed(store, T0 + n * NS, rows=10)
    store.close()
    store = opened()
    limits = {"max_bytes": 1 << 30, "max_age_ns": 20 * NS, "now": T0 + 60 * NS}
    real, left = trim.transaction, [taken]

    def transaction(db: apsw.Connection) -> AbstractContextManager[None]:
        left[0] -= 1
        if left[0] < 0:
            raise apsw.FullError("no room to delete")
        return real(db)

    monkeypatch.setattr(trim, "SLICE", 7)
    monkeypatch.setattr(trim, "transaction", transaction)
    told = sum(g.count for g in make.trimmed(store.spool, 10, **limits))
    gone = 60 - len(store.spool.chunks(0, 99))
    assert told == max(0, gone - 10) * 10
    left[0] = 99
    told += sum(g.count for g in make.trimmed(store.spool, 10, **limits))
    assert told == 30 * 10
    assert make.trimmed(store.spool, 10, **limits) == []


def test_a_loss_is_told_again_until_the_journal_has_it(opened: Open) -> None:
    store = opened()
    for n in range(60):
        feed(store, T0 + n * NS, rows=10)
    store.close()
    store = opened()
    limits = {"max_bytes": 1 << 30, "max_age_ns": 20 * NS, "now": T0 + 60 * NS}
    gaps, last = make.trimmed(store.spool, 10, **limits), store.spool.lost
    assert [g.count for g in gaps] == [30 * 10]
    shutil.copytree(store.folder, store.folder.parent / "killed")
    killed = opened("killed", adopt=True)
    assert make.trimmed(killed.spool, 10, **limits) == gaps, "nobody had heard of it"
    store.spool.forget_losses(last)
    assert make.trimmed(store.spool, 10, **limits) == []
    store.close()
    assert make.trimmed(opened().spool, 10, **limits) == [], "forgotten, once the journal has it"


def test_a_trend_is_the_naive_one(opened: Open) -> None:
    store = opened()
    rng = np.random.default_rng(7)
    rows: list[tuple[int, float, int]] = []
    for n in range(1, 200):
        at = T0 + n * NS
        value = np.array([rng.normal(), np.nan, rng.normal()])
        quality = rng.choice(np.array([0, 0, 0, 64, 131], np.uint8), 3)
        source = at + rng.integers(-3 * NS, NS, 3)  # late and out of order too
        batch = Batch(TABLE, np.array([4, 4, 9], np.int32), source, np.full(3, at), value, quality)
        store.commit([make.tick(n)], [], at)
        store.spool.append(n, n, batch)
        rows += [(int(source[i]), float(value[i]), int(quality[i])) for i in (0, 1)]
    start, end = T0 + 20 * NS, T0 + 150 * NS
    found = store.spool.history(4, TABLE, start, end, 13)
    width = -(-(end - start + 1) // 13)
    buckets: dict[int, list[tuple[int, float, int]]] = {}
    for row in sorted(r for r in rows if start <= r[0] <= end):
        buckets.setdefault((row[0] - start) // width, []).append(row)
    assert len(found["time"]) == len(buckets) == 13
    for i, bucket in enumerate(buckets.values()):
        told = [v for _, v, q in bucket if q < 128 and np.isfinite(v)]
        assert found["time"][i] == bucket[0][0]
        assert found["quality"][i] == max(q for _, _, q in bucket)
        assert (found["low"][i], found["high"][i], found["value"][i]) == (min(told), max(told), told[-1])
    with store.reader() as reader:
        beside = reader.history(4, TABLE, start, end, 13)
    assert all(np.array_equal(beside[k], found[k]) for k in found)
    assert len(store.spool.history(4, "ffffffff", start, end, 13)["time"]) == 0
    assert len(store.spool.history(4, TABLE, end, start, 13)["time"]) == 0


def test_a_trend_has_the_newest_second_and_bad_is_no_value(opened: Open) -> None:
    store = opened()
    bad = Batch(
        TABLE,
        np.zeros(1, np.int32),
        np.array([T0]),
        np.array([T0]),
        np.array([7.0]),
        np.array([131], np.uint8),
    )
    store.commit([make.tick(1)], [], T0)
    store.spool.append(1, 1, bad)
    found = store.spool.history(0, TABLE, T0 - NS, T0 + NS, 10)
    assert (found["time"].tolist(), found["quality"].tolist()) == ([T0], [131])
    assert np.isnan([found[k][0] for k in ("value", "low", "high")]).all()


def test_chunks_built_again_end_where_a_cursor_stands(opened: Open) -> None:
    """Else what was settled would come again, in the company of what was not."""
    store = opened()
    for n in range(10):
        feed(store, T0 + n * 50 * MS)
    store.set_cursors({"db.readings": 4, "db.events": 3})
    store.close()
    store = opened()
    store.spool.last_input = 0
    store.cut_spool()
    for number in range(1, 11):
        store.spool.append(number, number, make.batch(5, T0 + number * 50 * MS, seed=number))
    store.spool.seal(T0 + 9 * NS)
    spans = [(c.first_input, c.last_input) for c in store.spool.chunks(0, 10) if c.id in (3, 4, 10)]
    assert spans[-2:] == [(4, 4), (5, 10)]
