"""A state folder of every released version is taken over: same alarms, windows rebuilt, and only ``started`` is new."""

from __future__ import annotations

import tarfile
import time
from pathlib import Path

import pytest

from gateway.engine import Engine
from gateway.model.events import EventKind
from gateway.runtime.recover import recover
from gateway.store import Identity, Store, open_reader
from gateway.store.archive import read
from gateway.store.schema import SPOOL, VERSION
from gateway.store.verify import verify_journal
from tests.unit.runtime.rig import running
from tests.unit.store import released

DATA = Path(__file__).parents[2] / "data"
STOOD = "the gateway stood still"
"""An overloaded machine has such gaps at any time."""
FOLDERS = sorted(DATA.glob("state-*.tar.xz"))


@pytest.fixture(params=FOLDERS, ids=[p.name.removesuffix(".tar.xz") for p in FOLDERS])
def state(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    with tarfile.open(request.param) as packed:
        # Debian 12 has Python 3.11.2, and tarfile its filters since 3.11.4.
        packed.extraction_filter = getattr(tarfile, "data_filter", None)
        packed.extractall(tmp_path / "state")
    # Unpacked it has other inodes, as a copy has; here it stands for the same folder before and after an upgrade.
    monkeypatch.setattr("gateway.store.opening.differences", lambda *_: [])
    return tmp_path / "state"


def test_there_is_a_folder_of_the_first_release() -> None:
    assert "state-0.1.0.tar.xz" in [p.name for p in FOLDERS]


def test_memory_is_rebuilt_from_the_inputs(state: Path) -> None:
    store = Store.open(state, Identity("gw", "341524", "s"), now=released.T0, reserve_bytes=0)
    assert store.note == ""
    found = recover(store, released.site())
    fresh = Engine(released.site(), store.epoch)
    fresh.step(released.stream())
    assert found.difference == ""
    assert found.engine.snapshot().parts.keys() == fresh.snapshot().parts.keys()
    for name, part in fresh.snapshot().parts.items():
        assert found.engine.snapshot().parts[name] == part, name
    store.close()


async def test_the_only_new_event_is_started(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_reader(state) as reader:
        before, head = reader.records(0, 999), reader.head_seq
    assert [r.event.rule for r in before if r.event.event is EventKind.RAISED] == ["L.H"]
    behind = time.time_ns() - (released.T0 + (released.SECONDS + 2) * released.S)
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() - behind)
    async with running(state, released.site()) as rig:
        assert rig.open()["L.H"] == "active"
        rig.say("L", 14.0)
        rig.say("M", 3.0)
        await rig.until(lambda: len(rig.ear.records) > len(before))
        assert [r.data for r in rig.ear.records[: len(before)]] == [r.data for r in before], "byte by byte"
        new = [(e.event, e.detail.get("why", "")) for e in rig.events[len(before) :]]
        outage = (EventKind.GAP, "the gateway was not running")  # which it was not, between the two versions
        assert [n for n in new if n[1] != STOOD] == [(EventKind.STARTED, ""), outage]
        assert rig.ear.records[len(before)].seq == head + 1
    assert verify_journal(state).ok
    pytest.importorskip("pyarrow")
    series = read(state, ["L"], 0, 1 << 62)["L"]
    assert len(series) == released.SECONDS, "old readings and the new one"


def test_an_older_version_can_go_on_with_what_we_leave(state: Path) -> None:
    """Tables are only added while the layout number stays: whoever reads layout 1 finds all of it."""
    store = Store.open(state, Identity("gw", "341524", "s"), now=released.T0, reserve_bytes=0)
    store.close()
    with open_reader(state) as reader:
        assert reader._plant.pragma("user_version") == VERSION == 1
        assert reader._spool is not None
        names = {row[0] for row in reader._spool.execute("SELECT name FROM sqlite_schema")}
    assert {"meta", "chunks", "chunk_times"} <= names
    assert "spans" not in SPOOL
