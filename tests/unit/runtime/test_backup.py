"""A backup of a running gateway, put back: the same alarms, a new epoch that names the old one, nothing deleted."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli.main import app
from gateway.model.errors import Misconfigured
from gateway.model.events import EventKind
from gateway.store import Identity, open_reader
from gateway.store.backup import back_up, put_back, read_backup
from gateway.store.verify import verify_journal
from tests.unit.runtime.rig import plant, running
from tests.unit.store import make


class Loaded:
    def __init__(self, state: Path) -> None:
        self.state, self.site = state, plant()


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "state"
    monkeypatch.setattr("gateway.cli.backup.load", lambda _: Loaded(folder))
    return folder


async def test_back_up_while_it_runs_and_restore(state: Path, tmp_path: Path) -> None:
    async with running(state) as rig:
        rig.say("L", 13.0)
        await rig.until(lambda: rig.told("L.H") == ["raised"])
        made = await asyncio.to_thread(back_up, state, tmp_path / "backups", version="0")
        epoch, seq = rig.machine.store.epoch, made.content["seq"]
        rig.say("L", 1.0)
        await rig.until(lambda: rig.told("L.H") == ["raised", "cleared"])
        result = CliRunner().invoke(app, ["restore", "site.yaml", str(made.folder)])
        assert "in use by another process" in str(result.exception), "not under a running gateway"
    assert made.content["epoch"] == epoch
    result = CliRunner().invoke(app, ["restore", "site.yaml", str(made.folder), "--json"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.output)
    assert (told["previous_epoch"], told["previous_seq"]) == (epoch, seq)
    assert verify_journal(Path(told["aside"])).ok, "what was there is kept"
    async with running(state) as again:
        assert again.machine.store.epoch == told["epoch"] != epoch
        assert again.open()["L.H"] in ("active", "unknown")
        await again.until(lambda: any(e.event is EventKind.STARTED for e in again.events))
        started = [e for e in again.events if e.event is EventKind.STARTED][-1]
        words = json.dumps(started.detail)
        assert "restored from the backup of" in words
        assert epoch in words
        assert made.content["hash"] in words
    assert verify_journal(state).ok


async def test_a_second_backup_links_what_has_not_changed(state: Path, tmp_path: Path) -> None:
    async with running(state) as rig:
        rig.say("L", 1.0)
    day = state / "archive/day=2026-01-01"
    day.mkdir(parents=True)
    manifest = {
        "day": "2026-01-01", "first": 1, "last": 2, "first_input": 1, "last_input": 2, "start": 1, "end": 2, "rows": 1,
        "inputs": 1, "bytes": 1, "hashes": {}, "groups": [],
    }  # fmt: skip
    (day / "closed.json").write_text(json.dumps(manifest))
    (day / "readings.parquet").write_bytes(b"x")
    (state / "letters.txt").write_text("kept")
    one = back_up(state, tmp_path / "b", version="0")
    one.folder.rename(tmp_path / "b" / "fengsui-20000101T000000Z")
    two = back_up(state, tmp_path / "b", version="0")
    place = "archive/day=2026-01-01/readings.parquet"
    assert (two.folder / place).stat().st_nlink == 2
    assert (two.folder / "letters.txt").read_text() == "kept"
    assert not (two.folder / "instance").exists()
    with open_reader(two.folder) as reader:
        assert reader.head_seq == two.content["seq"]


async def test_what_is_no_backup_is_refused_and_changes_nothing(state: Path, tmp_path: Path) -> None:
    async with running(state):
        pass
    made = back_up(state, tmp_path / "b", version="0")
    data = bytearray((made.folder / "plant.db").read_bytes())
    data[5000] ^= 1
    (made.folder / "plant.db").write_bytes(data)
    with pytest.raises(Misconfigured, match="not as it was backed up"):
        read_backup(made.folder)
    with pytest.raises(Misconfigured, match="is no backup"):
        read_backup(tmp_path)
    with pytest.raises(Misconfigured, match=r"no plant\.db"):
        back_up(tmp_path, tmp_path / "b", version="0")
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(Misconfigured, match="no backup in"):
        back_up(state, blocked, version="0")


def test_a_restore_that_fails_leaves_what_was_there(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is killed, or the disk is full, while it copies: a gateway that starts then finds its own folder."""
    make.store(state, identity=Identity("gw", "341524", "s")).close()
    made = back_up(state, tmp_path / "backups", version="0")

    def full(*_: object, **__: object) -> None:
        assert (state / "plant.db").is_file(), "in its place while the copy is made"
        raise OSError("no room")

    monkeypatch.setattr("shutil.copytree", full)
    with pytest.raises(Misconfigured, match=r"no room.*nothing was changed"):
        put_back(made, state)
    assert verify_journal(state).ok
