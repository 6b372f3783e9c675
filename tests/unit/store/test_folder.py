"""Whose folder it is: locks, copies, clones, restored backups, lost files, other names."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.model.errors import Misconfigured
from gateway.store import Identity, Store, instance, machine
from gateway.store.canonical import ZERO
from gateway.store.verify import verify_journal
from tests.unit.store import make
from tests.unit.store.make import T0

Open = Callable[..., Store]


def filled(opened: Open, folder: str = "state", events: int = 3) -> Path:
    store = opened(folder)
    last = store.last_input[0]
    for n in range(last + 1, last + 1 + events):
        store.commit([make.readings(n, T0 + n)], [make.event(n=n)], T0 + n)
        store.spool.append(n, n, make.batch(5, T0 + n))
    store.set_cursors({"county.events": store.head.seq - 1})
    store.close()
    return store.folder


def refused(opened: Open, folder: str = "state", **options: object) -> str:
    with pytest.raises(Misconfigured) as caught:
        opened(folder, **options)
    return str(caught.value)


def adopted(opened: Open, folder: str = "state", **options: object) -> Store:
    """Adopt, and check that the new epoch goes on from the old one and says so."""
    store = opened(folder, adopt=True, **options)
    assert store.previous is not None
    assert store.note
    assert store.epoch != store.previous.epoch
    assert store.head.seq == store.previous.seq
    record = store.commit([make.tick(store.last_input[0] + 1)], [make.event()], T0).records[0]
    said = json.loads(record.data)
    before = store.previous
    assert said["detail"]["previous"] == {"epoch": before.epoch, "seq": before.seq, "hash": before.hash}
    assert (said["prev_hash"], said["seq"]) == (ZERO, before.seq + 1)
    assert record.recorded > before.recorded
    assert verify_journal(store.folder).ok
    return store


def test_a_second_process_is_refused_by_name(opened: Open, tmp_path: Path) -> None:
    opened()
    text = refused(opened)
    assert str(tmp_path / "state") in text
    assert f"pid {os.getpid()}" in text
    code = f"from tests.unit.store import make; from pathlib import Path; make.store(Path({str(tmp_path / 'state')!r}))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert run.returncode != 0
    assert "in use by another process" in run.stderr


def test_the_lock_goes_with_the_store(opened: Open) -> None:
    opened().close()
    opened().close()


def test_a_refused_start_holds_nothing(opened: Open) -> None:
    filled(opened)
    refused(opened, identity=Identity("gw-02", "341524", "demo"))
    opened()


def test_other_names_are_another_gateway(opened: Open) -> None:
    filled(opened)
    other = Identity("gw-02", "341525", "demo")
    text = refused(opened, identity=other)
    assert "gateway is gw-01 there, gw-02 in the configuration" in text
    assert "county is 341524 there" in text
    assert adopted(opened, identity=other).cursor("county.events") == 2


def test_a_copied_folder_is_refused_until_adopted(opened: Open, tmp_path: Path) -> None:
    folder = filled(opened)
    shutil.copytree(folder, tmp_path / "copy", copy_function=shutil.copy2)
    if machine._file_system(tmp_path) not in machine.INODES_HOLD:
        pytest.skip("inode numbers are no evidence on this file system")
    assert "folder-inode was" in refused(opened, "copy")
    store = adopted(opened, "copy")
    assert [r.seq for r in store.records(0, 10)] == [1, 2, 3, 4], (
        "undelivered events of the old epoch stay in line"
    )
    assert [i.number for i in store.inputs(0)] == [1, 2, 3, 4]
    store.close()
    opened("copy").close()
    assert opened("state").note == "", "the original goes on undisturbed"


def test_a_cloned_disk_on_other_hardware_is_refused(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    here = {"product-uuid": "A", "disk": "S1"}
    monkeypatch.setattr("gateway.store.opening.fingerprint", lambda *_: dict(here))
    filled(opened)
    here["product-uuid"] = "B"
    assert "product-uuid was A, is B" in refused(opened)
    adopted(opened)


def test_evidence_that_is_missing_or_new_is_no_difference(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = {"disk": "S1", "folder-inode": "7"}
    monkeypatch.setattr("gateway.store.opening.fingerprint", lambda *_: dict(here))
    filled(opened)
    here.clear()
    here["board-serial"] = "X"  # now root, in a container: other things can be read
    filled(opened)
    here["board-serial"] = "Y"
    assert "board-serial was X, is Y" in refused(opened), "evidence seen later counts from then on"


def test_a_container_restart_changes_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    marks = tmp_path / ".dockerenv"
    marks.touch()
    monkeypatch.setattr(machine, "_CONTAINER_MARKS", (str(marks),))
    witness = tmp_path / "instance"
    witness.touch()
    first = machine.fingerprint(tmp_path, witness)
    monkeypatch.setattr("socket.gethostname", lambda: "0123456789ab")
    assert machine.fingerprint(tmp_path, witness) == first
    assert "machine-id" not in first


def test_only_the_database_copied(opened: Open, tmp_path: Path) -> None:
    folder = filled(opened)
    (tmp_path / "other").mkdir()
    shutil.copy2(folder / "plant.db", tmp_path / "other/plant.db")
    assert "instance is missing beside plant.db" in refused(opened, "other")
    adopted(opened, "other")


def test_the_database_of_another_folder(opened: Open) -> None:
    one, two = filled(opened, "one"), filled(opened, "two")
    shutil.copy2(one / "plant.db", two / "plant.db")
    assert "instance belongs to another plant.db" in refused(opened, "two")
    adopted(opened, "two")


@pytest.mark.parametrize("how", ["deleted", "emptied"])
def test_a_lost_journal_is_refused_until_adopted(opened: Open, how: str) -> None:
    folder = filled(opened)
    (folder / "plant.db").unlink() if how == "deleted" else (folder / "plant.db").write_bytes(b"")
    assert "knows of 3 events" in refused(opened)
    store = adopted(opened)
    assert store.head.seq == 4
    assert store.previous is not None
    assert store.previous.seq == 3


def test_an_unreadable_instance_is_named(opened: Open) -> None:
    folder = filled(opened)
    (folder / "instance").write_bytes(b"{")
    assert str(folder / "instance") in refused(opened)


def test_a_restored_backup_begins_a_new_epoch_by_itself(opened: Open, tmp_path: Path) -> None:
    folder = filled(opened)
    backup = (folder / "plant.db").read_bytes()
    filled(opened)
    (folder / "plant.db").write_bytes(backup)
    store = opened()
    assert store.note.startswith("restored: the journal ends at seq 3, seq 6 was known")
    assert store.previous is not None
    assert (store.previous.seq, store.head.seq, store.last_input[0]) == (3, 3, 3)
    store.commit([make.tick(4)], [make.event()], T0)
    assert verify_journal(folder).ok


def test_a_restored_backup_without_its_mark_is_seen_by_the_spool(opened: Open) -> None:
    folder = filled(opened)
    backup = {n: (folder / n).read_bytes() for n in ("plant.db", "instance")}
    filled(opened)
    for name, data in backup.items():
        (folder / name).write_bytes(data)
    store = opened()
    assert "spool.db holds input 6" in store.note
    before = store.spool.last_chunk
    assert store.spool.last_input == 3
    store.commit([make.readings(4)], [], T0)
    store.spool.append(4, 4, make.batch())
    assert store.spool.sync()
    assert store.spool.last_chunk > before, "ids only grow, so no cursor is ahead of new readings"


def test_another_history_of_the_same_length_is_seen(opened: Open) -> None:
    folder = filled(opened)
    known = json.loads((folder / "instance").read_bytes())
    known["mark"]["hash"] = "f" * 64
    (folder / "instance").write_bytes(json.dumps(known).encode().ljust(512))
    assert "is not the event that was known" in opened().note


def test_adopt_without_need_does_nothing(opened: Open) -> None:
    filled(opened)
    store = opened(adopt=True)
    assert (store.note, store.previous, store.head.seq) == ("", None, 3)


def test_the_caller_may_name_the_previous_head_himself(opened: Open) -> None:
    folder = filled(opened)
    (folder / "plant.db").unlink()
    store = opened(adopt=True)
    assert store.previous is not None
    event = make.event(detail={"note": f"previous epoch {store.previous.epoch} hash {store.previous.hash}"})
    (record,) = store.commit([make.tick(1)], [event], T0).records
    assert record.event == event, "then the decision is journalled exactly as it was made"


def test_a_file_of_someone_else_is_refused(opened: Open, tmp_path: Path) -> None:
    import apsw

    (tmp_path / "state").mkdir()
    db = apsw.Connection(str(tmp_path / "state/plant.db"))
    db.execute("CREATE TABLE x(y)")
    db.close()
    assert "not a file of this gateway" in refused(opened)


def test_a_later_layout_is_refused(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(opened)
    monkeypatch.setattr("gateway.store.database.VERSION", 0)
    assert "this version reads 0" in refused(opened)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Misconfigured, match="cannot be used"):
        make.store(tmp_path / "file/state")


def test_the_instance_file_keeps_its_size(tmp_path: Path) -> None:
    file = instance.InstanceFile(tmp_path)
    file.create("n" * 32)
    for seq in (1, 10**15):
        file.update(mark=instance.Head(seq, "f" * 64, T0, "e" * 64))
        assert file.path.stat().st_size == instance.SIZE
    assert instance.InstanceFile(tmp_path).content == file.content


def test_an_epoch_without_events_is_passed_over(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    here = {"disk": "S0"}
    monkeypatch.setattr("gateway.store.opening.fingerprint", lambda *_: dict(here))
    folder = filled(opened)
    for n in (1, 2):
        here["disk"] = f"S{n}"
        store = opened(adopt=True)
        assert store.previous is not None
        assert store.previous.seq == store.head.seq == 3
        assert store.previous.hash == store.records(2, 1)[0].hash
        store.close()
    store = opened()
    store.commit([make.tick(4)], [make.event()], T0)
    assert verify_journal(folder).ok
