"""One test per way a file can lie. Nothing is ever deleted unread."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from gateway.model.errors import Misconfigured
from gateway.store import Store
from tests.unit.store import make
from tests.unit.store.make import T0

Open = Callable[..., Store]


def filled(opened: Open, groups: int = 60) -> Path:
    store = opened()
    for n in range(1, groups + 1):
        store.commit([make.readings(n, T0 + n, rows=50)], [make.event(n=n, comment="x" * 500)], T0 + n)
        store.spool.append(n, n, make.batch(50, T0 + n * 10**9))
    store.set_cursors({"tsdb.readings": 20})
    store.close()
    return store.folder


def scribble(path: Path, at: int, size: int = 3000) -> None:
    data = bytearray(path.read_bytes())
    data[at : at + size] = b"\xa5" * size
    path.write_bytes(data)


def test_a_torn_wal_loses_only_what_was_not_acknowledged(opened: Open, tmp_path: Path) -> None:
    store = opened()
    for n in range(1, 21):
        store.commit([make.tick(n)], [make.event(n=n)], T0 + n)
    torn = tmp_path / "torn"
    shutil.copytree(store.folder, torn)  # as power loss leaves it: nothing closed
    wal = torn / "plant.db-wal"
    wal.write_bytes(wal.read_bytes()[:-1500])
    found = opened("torn", adopt=True)
    assert found.head.seq == 19
    assert [r.seq for r in found.records(0, 99)] == list(range(1, 20))
    assert [i.number for i in found.inputs(0)] == list(range(1, 20))


def test_a_damaged_journal_is_named_and_left_as_it_is(opened: Open) -> None:
    folder = filled(opened)
    scribble(folder / "plant.db", 3 * 4096)
    before = (folder / "plant.db").read_bytes()
    for adopt in (False, True):
        with pytest.raises(Misconfigured) as caught:
            opened(adopt=adopt)
        assert str(folder / "plant.db") in str(caught.value)
        assert "last good copy" in str(caught.value)
    assert (folder / "plant.db").read_bytes() == before


def test_a_journal_that_is_no_database(opened: Open) -> None:
    folder = filled(opened)
    scribble(folder / "plant.db", 0, 100)
    with pytest.raises(Misconfigured, match="is damaged"):
        opened()


def test_a_damaged_input_is_named_when_it_is_read(opened: Open) -> None:
    folder = filled(opened)
    db = apsw.Connection(str(folder / "plant.db"))
    db.execute(
        "UPDATE inputs SET data = CAST(substr(data, 1, 40) || x'00ff' || substr(data, 43) AS BLOB) WHERE last = 30"
    )
    db.close()
    store = opened()
    with pytest.raises(Misconfigured, match=r"plant.db is damaged: inputs 30 to 30"):
        list(store.inputs(0))
    assert next(i.number for i in store.inputs(30)) == 31


@pytest.mark.parametrize("place", ["head", "middle"])
def test_a_damaged_spool_is_moved_aside_and_filled_again(opened: Open, place: str) -> None:
    folder = filled(opened)
    scribble(folder / "spool.db", 0 if place == "head" else 4 * 4096)
    damaged = (folder / "spool.db").read_bytes()
    store = opened(now=T0 + 99)
    assert (folder / f"spool.db.damaged-{T0 + 99}").read_bytes() == damaged
    (gap,) = store.found
    assert (gap.who, gap.count) == ("spool", 0)
    assert "spool.db could not be read" in gap.why
    assert store.note == "", "the journal is whole: no new epoch"
    for entry in store.inputs(0):  # what the runtime does on restart
        store.spool.append(entry.number, entry.number, make.batch(50, T0 + entry.number * 10**9))
    assert store.spool.sync()
    behind = store.spool.chunks(store.cursor("tsdb.readings"), 100)
    assert [c.id for c in behind] == list(range(21, 61)), "the cursor means the same chunks as before"
    store.close()
    assert opened(now=T0 + 100).found == ()


def test_one_damaged_chunk_is_a_gap_and_holds_nothing_up(opened: Open) -> None:
    folder = filled(opened)
    db = apsw.Connection(str(folder / "spool.db"))
    db.execute("UPDATE chunks SET data = CAST(substr(data, 1, 30) || x'ff' AS BLOB) WHERE id = 5")
    db.close()
    store = opened()
    assert [c.id for c in store.spool.chunks(0, 8)] == [1, 2, 3, 4, 6, 7, 8]
    limits = {"max_bytes": 1 << 30, "max_age_ns": 1 << 62, "now": T0}
    (gap,) = make.trimmed(store.spool, 0, **limits)
    assert (gap.who, gap.count, gap.start) == ("spool", 50, T0 + 5 * 10**9)
    store.spool.forget_losses(store.spool.lost)
    store.close()
    store = opened()
    assert [c.id for c in store.spool.chunks(0, 8)] == [1, 2, 3, 4, 6, 7, 8], "for whoever comes by later"
    assert make.trimmed(store.spool, 0, **limits) == [], "told once"


def test_a_spool_that_is_gone_is_filled_again(opened: Open) -> None:
    folder = filled(opened)
    for part in folder.glob("spool.db*"):
        part.unlink()
    store = opened()
    assert store.spool.last_input == 0
    store.spool.append(1, 60, make.batch())
    assert store.spool.sync()


def test_a_damaged_snapshot_gives_way_to_the_older_one(opened: Open) -> None:
    from gateway.store import SavedSnapshot

    store = opened()
    store.commit([make.tick(1)], [], T0)
    store.save_snapshot(SavedSnapshot("1", 1, "c", {"a": b"first"}))
    store.commit([make.tick(2)], [], T0)
    store.save_snapshot(SavedSnapshot("1", 2, "c", {"a": b"second"}))
    store._writer.db.execute("UPDATE snapshot_parts SET data = x'00' WHERE snapshot = 2")
    assert [s.number for s in store.snapshots()] == [1]
