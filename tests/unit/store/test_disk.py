"""A disk that is full, read-only, broken, or lies about fsync: alarms leave, nothing is forgotten, nothing raises."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from gateway.model.errors import Misconfigured
from gateway.model.inputs import Readings
from gateway.model.times import NS
from gateway.store import Commit, Store
from gateway.store.database import DISK_ERRORS, close_quietly
from gateway.store.instance import SIZE, InstanceFile, Owed, risk_id
from gateway.store.types import Head
from gateway.store.verify import verify_journal
from tests.unit.store import make
from tests.unit.store.conftest import Disk
from tests.unit.store.make import T0

Open = Callable[..., Store]
MODES = ("full", "ioerr", "readonly", "fsync")


def step(store: Store, at: int, events: int = 1) -> Commit:
    number = store.last_input[0] + 1
    return store.commit([make.readings(number, at)], [make.event(n=number)] * events, at)


def test_what_is_known_outside_the_journal_fits_one_sector(tmp_path: Path) -> None:
    most = (1 << 63) - 1
    head = Head(most, "f" * 64, most, "f" * 16)
    file = InstanceFile(tmp_path)
    file.create("f" * 32)
    file.update(mark=head, at_risk=True, input=most, owed=Owed(most, most, most, risk_id(head, most)))
    assert file.path.stat().st_size == SIZE
    assert InstanceFile(tmp_path).content == file.content


@pytest.mark.parametrize("mode", MODES)
def test_what_was_owed_is_forgotten_when_the_disk_has_it(opened: Open, disk: Disk, mode: str) -> None:
    store = opened()
    step(store, T0)
    disk.mode = mode
    step(store, T0 + NS)
    store.owe(5, T0, T0 + NS)
    store.owe(2, T0 + NS, T0 + 2 * NS)
    known = InstanceFile(store.folder).content
    assert known is not None
    assert known.owed is not None
    assert (known.owed.count, known.owed.start, known.owed.end) == (7, T0, T0 + 2 * NS)
    disk.mode = None
    assert step(store, T0 + 3 * NS).durable
    store.close()
    again = opened()
    assert not again.found
    again.close()


@pytest.mark.parametrize("mode", MODES)
def test_events_leave_at_once_and_are_journalled_first_when_the_disk_is_back(
    opened: Open, disk: Disk, mode: str
) -> None:
    store = opened()
    published = list(step(store, T0).records)
    disk.mode = mode
    for second in (1, 2, 3):
        commit = step(store, T0 + second * NS)
        assert not commit.durable
        assert json.loads(commit.records[0].data)["durable"] is False
        published += commit.records
    assert not store.durable
    assert store.trouble
    assert store.records(1, 10) == published[1:], "outputs get them while only memory has them"
    disk.mode = None
    commit = step(store, T0 + 4 * NS)
    assert commit.durable
    assert "durable" not in json.loads(commit.records[0].data)
    assert store.durable
    published += commit.records
    store.close()
    again = opened()
    assert again.note == ""
    assert [r.data for r in again.records(0, 99)] == [r.data for r in published], "the same bytes"
    assert [i.number for i in again.inputs(0)] == [1, 2, 3, 4, 5]
    assert verify_journal(store.folder).ok


def test_a_full_disk_is_first_met_with_the_reserve(
    opened: Open, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened()
    reserve = store.folder / "reserve"
    assert reserve.stat().st_size == 1 << 16
    assert reserve.stat().st_blocks * 512 >= 1 << 16, "really allocated"
    release = store._writer.reserve.release

    def room_again() -> bool:
        disk.mode = None  # the disk has room once the reserve is gone
        return release()

    monkeypatch.setattr(store._writer.reserve, "release", room_again)
    disk.mode = "full"
    assert step(store, T0 + NS).durable
    assert not store.reserve_held
    assert step(store, T0 + 11 * NS).durable
    assert store.reserve_held, "taken again when there is room for it twice"
    monkeypatch.undo()
    monkeypatch.setattr("gateway.store.reserve.shutil.disk_usage", lambda _: type("U", (), {"free": 1 << 16}))
    disk.mode = "full"
    assert not step(store, T0 + 30 * NS).durable
    disk.mode = None
    assert step(store, T0 + 40 * NS).durable
    assert not store.reserve_held, "not taken while space is short"
    monkeypatch.undo()
    assert step(store, T0 + 60 * NS).durable
    assert store.reserve_held


def test_a_dying_disk_is_not_asked_at_every_alarm(opened: Open, disk: Disk) -> None:
    store = opened()
    disk.mode = "ioerr"
    assert not step(store, T0).durable
    disk.mode = None
    assert not step(store, T0 + 1).durable, "less than a second later it is not tried"
    assert step(store, T0 + NS).durable


def test_readings_go_first_events_never(opened: Open, disk: Disk) -> None:
    store = opened()
    store._writer.backlog._limit = 80_000
    disk.mode = "full"
    gaps = []
    for second in range(60):
        number = store.last_input[0] + 1
        commit = store.commit(
            [make.readings(number, T0 + second * NS, rows=200)], [make.event(n=number)], T0 + second * NS
        )
        gaps += commit.gaps
    assert gaps
    assert {g.who for g in gaps} == {"store"}
    assert gaps[0].start == T0
    disk.mode = None
    assert step(store, T0 + 100 * NS).durable
    assert [r.seq for r in store.records(0, 999)] == list(range(1, 62))
    kept = list(store.inputs(0))
    assert [i.number for i in kept] == list(range(1, 62)), "numbers have no hole"
    rows = [len(i.input.batch) for i in kept if isinstance(i.input, Readings)]
    assert sum(g.count for g in gaps) == sum(200 - r for r in rows[:-1])
    assert rows[0] == 0
    assert rows[-2] == 200


def test_leaving_while_the_disk_refuses_breaks_the_epoch(opened: Open, disk: Disk) -> None:
    store = opened()
    first = step(store, T0).records
    disk.mode = "full"
    lost = step(store, T0 + NS).records
    store.close()
    disk.mode = None
    again = opened()
    assert "events left while the disk refused" in again.note
    assert [r.data for r in again.records(0, 9)] == [r.data for r in first]
    assert again.epoch != store.epoch
    assert (again.last_input[0], again.head.seq) == (1, 1)
    assert lost[0].seq == 2


def test_closing_writes_what_waits(opened: Open, disk: Disk) -> None:
    store = opened()
    disk.mode = "full"
    step(store, T0)
    disk.mode = None
    store.close()
    again = opened()
    assert (again.note, again.head.seq) == ("", 1)


def test_cursors_letters_and_configs_wait_too(opened: Open, disk: Disk) -> None:
    store = opened()
    disk.mode = "full"
    store.keep_config("aa", b"1")
    store.set_cursors({"x": 5})
    store.dead_letter("x", "why", b"d", T0)
    assert (store.config("aa"), store.cursor("x")) == (b"1", 5)
    assert not store.flush(T0)
    disk.mode = None
    assert store.flush(T0 + 5 * NS)
    store.close()
    again = opened()
    assert (again.config("aa"), again.cursor("x"), again.durable) == (b"1", 5, True)


@pytest.mark.parametrize("mode", MODES)
def test_a_snapshot_that_cannot_be_written_drops_nothing(opened: Open, disk: Disk, mode: str) -> None:
    from gateway.store import SavedSnapshot

    store = opened()
    for n in range(1, 6):
        step(store, T0 + n * NS)
        assert store.save_snapshot(SavedSnapshot("1", n, "c", {"a": bytes(600_000)}))
    kept = [s.number for s in store.snapshots()], [i.number for i in store.inputs(0)]
    disk.mode = mode
    assert not store.save_snapshot(SavedSnapshot("1", 5, "c", {"a": bytes(600_000)}))
    disk.mode = None
    assert ([s.number for s in store.snapshots()], [i.number for i in store.inputs(0)]) == kept
    assert store.save_snapshot(SavedSnapshot("2", 5, "c", {}))


@pytest.mark.parametrize("mode", MODES)
def test_the_spool_waits_and_then_has_everything(opened: Open, disk: Disk, mode: str) -> None:
    store = opened()
    for second in range(40):
        disk.mode = mode if 5 <= second < 30 else None
        number = store.last_input[0] + 1
        at = T0 + second * NS
        store.commit([make.readings(number, at)], [], at)
        store.spool.append(number, number, make.batch(5, at))
    assert store.spool.sync()
    assert [c.id for c in store.spool.chunks(0, 100)] == list(range(1, 41))
    store.close()
    assert [c.id for c in opened().spool.chunks(0, 100)] == list(range(1, 41))


def test_a_spool_without_memory_left_tells_the_gap(
    opened: Open, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.store.spool.WAITING_BYTES", 50 * 29 * 20)
    store = opened()
    disk.mode = "full"
    gaps = []
    for second in range(60):
        at = T0 + second * NS
        gaps += store.commit([make.readings(second + 1, at)], [], at).gaps
        store.spool.append(second + 1, second + 1, make.batch(50, at))
    assert gaps
    assert {g.who for g in gaps} == {"spool"}
    disk.mode = None
    gaps += store.commit([make.readings(61)], [], T0 + 60 * NS).gaps
    store.spool.append(61, 61, make.batch(50, T0 + 60 * NS))
    assert store.spool.sync()
    gaps += store.spool.take_gaps()
    chunks = store.spool.chunks(0, 1000)
    assert sum(len(c.batch) for c in chunks) + sum(g.count for g in gaps) == 61 * 50
    assert chunks[-1].id == 61


def test_a_disk_that_is_full_at_the_start(opened: Open, disk: Disk) -> None:
    disk.mode = "full"
    with pytest.raises(Misconfigured, match=r"full or read-only|takes no writes"):
        opened()


def test_a_full_disk_at_the_start_of_a_known_folder_is_no_obstacle(opened: Open, disk: Disk) -> None:
    store = opened("state2")
    step(store, T0)
    store.close()
    disk.mode = "full"
    again = opened("state2")
    commit = step(again, T0 + NS)
    assert not commit.durable
    assert commit.records[0].seq == 2


def test_a_start_may_use_the_reserve(opened: Open, disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    store = opened()
    step(store, T0)
    disk.mode = "full"
    step(store, T0 + NS)
    store.close()
    disk.mode = None
    (store.folder / "reserve").write_bytes(bytes(1 << 16))
    disk.mode = "full"
    unlink = type(store.folder).unlink

    def room_again(path: Path, *, missing_ok: bool = False) -> None:
        disk.mode = None
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(type(store.folder), "unlink", room_again)
    assert "while the disk refused" in opened().note


def test_a_disk_that_went_away_is_opened_again(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    store = opened()
    step(store, T0)
    # As if the handles had gone with the disk; a real one says IOERR where apsw says closed.
    close_quietly(store._writer.db)
    monkeypatch.setattr("gateway.store.writer.DISK_ERRORS", (*DISK_ERRORS, apsw.ConnectionClosedError))
    assert not step(store, T0 + NS).durable
    assert step(store, T0 + 3 * NS).durable
    assert [r.seq for r in store.records(0, 9)] == [1, 2, 3]


def test_a_commit_refused_at_its_fsync_and_found_after_a_crash_is_set_aside(
    opened: Open, disk: Disk, tmp_path: Path
) -> None:
    store = opened()
    step(store, T0)
    disk.mode = "fsync"
    (published,) = step(store, T0 + NS).records
    shutil.copytree(store.folder, tmp_path / "crashed")
    disk.mode = None
    db = apsw.Connection(str(tmp_path / "crashed/plant.db"))
    ((found,),) = db.execute("SELECT data FROM journal WHERE seq = 2").fetchall()
    db.close()
    assert found != published.data, "the disk kept what it said it had not"
    again = opened("crashed", adopt=True)
    assert (again.head.seq, again.last_input[0]) == (1, 1)
    assert again._writer.db.execute("SELECT what, number FROM doubtful").fetchall() == [
        ("record", 2),
        ("inputs", 2),
    ]
    again.commit([make.tick(2)], [make.event()], T0 + 9 * NS)
    assert verify_journal(again.folder).ok


def test_an_instance_that_missed_the_end_of_the_danger_costs_nothing(
    opened: Open, disk: Disk, tmp_path: Path
) -> None:
    store = opened()
    step(store, T0)
    disk.mode = "fsync"
    step(store, T0 + NS)
    stale = (store.folder / "instance").read_bytes()
    disk.mode = None
    for second in range(2, 6):
        assert step(store, T0 + second * NS).durable
    shutil.copytree(store.folder, tmp_path / "crashed")
    (tmp_path / "crashed/instance").write_bytes(stale)
    again = opened("crashed", adopt=True)
    assert (again.head.seq, again.last_input[0]) == (6, 6)
    assert [r.data for r in again.records(0, 9)] == [r.data for r in store.records(0, 9)]
