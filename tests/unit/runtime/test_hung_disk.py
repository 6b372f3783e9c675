"""A disk that neither takes nor refuses holds up no alarm, and the journal ends up with the bytes that left."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from gateway.runtime import leaving
from gateway.store import open_reader
from gateway.store.verify import verify_journal
from gateway.store.writer import Writer
from tests.unit.runtime.rig import Rig, running


class Hanging:
    """Every transaction of the journal waits while ``hold`` is set; then it does what it would, or ``fails``."""

    def __init__(self) -> None:
        self.hold = threading.Event()
        self.free = threading.Event()
        self.waits = threading.Event()
        self.fails = False
        self.bug = False

    def wrapped(self, real: Callable[..., bool]) -> Callable[..., bool]:
        def attempt(writer: Writer, work: Any, now: int) -> bool:
            if not self.hold.is_set():
                return real(writer, work, now)
            self.waits.set()
            self.free.wait(30)
            if self.bug:
                self.bug = False
                raise RuntimeError("a bug in the commit")
            if self.fails:
                return writer._refused(apsw.IOError("gone"))
            return real(writer, work, now)

        return attempt

    def let_go(self) -> None:
        leaving.HUNG_S = 30.0  # type: ignore[misc]  # set back by the fixture; a busy machine's commit is no hanging disk
        self.hold.clear()
        self.free.set()


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hanging]:
    found = Hanging()
    monkeypatch.setattr(Writer, "_attempt", found.wrapped(Writer._attempt))
    monkeypatch.setattr(leaving, "HUNG_S", 0.1)
    monkeypatch.setattr("gateway.runtime.machine.FIRST_SNAPSHOT_S", 3600.0)
    yield found
    found.let_go()


def told(rig: Rig, rule: str) -> list[dict[str, Any]]:
    return [json.loads(r.data) for r in rig.ear.records if r.event.rule == rule]


async def whole(rig: Rig, folder: Path) -> None:
    """The journal is what left, byte by byte, and sound."""
    await rig.until(lambda: rig.machine.present().status.durable)
    await rig.until(lambda: not rig.machine.present().status.troubles)
    await asyncio.sleep(0)
    sent = {r.seq: r.data for r in rig.ear.records}
    with open_reader(folder) as reader:
        kept = {r.seq: r.data for r in reader.records(0, 999)}
    assert {seq: kept.get(seq) for seq in sent} == sent
    assert verify_journal(folder).ok


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("what", ["the alarm's own commit", "a commit before it"])
async def test_an_alarm_leaves_and_is_journalled_as_it_left(
    tmp_path: Path, disk: Hanging, what: str, fails: bool
) -> None:
    done: list[str] = []
    async with running(tmp_path) as rig:
        await rig.until(lambda: rig.events)
        disk.hold.set()
        disk.fails = fails
        if what == "a commit before it":
            rig.say("L", 1.0, done=lambda: done.append("calm"))
            await asyncio.to_thread(disk.waits.wait, 10)
        rig.say("L", 13.0, done=lambda: done.append("alarm"))
        await rig.until(lambda: told(rig, "L.H"))
        assert told(rig, "L.H")[0]["durable"] is False
        await rig.until(lambda: told(rig, "system.disk"))
        assert not rig.machine.present().status.durable
        rig.say("L", 1.0, done=lambda: done.append("over"))
        await rig.until(lambda: [e["event"] for e in told(rig, "L.H")] == ["raised", "cleared"])
        assert done == [], "nobody is told that it is on disk"
        disk.let_go()
        await rig.until(lambda: "over" in done)
        await whole(rig, tmp_path)
        rig.say("L", 14.0)
        await rig.until(lambda: len(told(rig, "L.H")) == 3)
        assert "durable" not in told(rig, "L.H")[2]
        inputs = [i.number for i in rig.machine.store.inputs(0)]
    async with running(tmp_path) as again:
        assert again.machine.store.note == ""
        assert again.open()["L.H"] == "active"
        assert not again.told("system.replay-difference")
    assert inputs == list(range(inputs[0], inputs[0] + len(inputs)))


async def test_what_hangs_before_the_commit_holds_it_up_as_little(tmp_path: Path, disk: Hanging) -> None:
    async with running(tmp_path) as rig:
        await rig.until(lambda: rig.events)
        blocked = asyncio.create_task(rig.machine._desk.call(disk.free.wait, 30))
        await asyncio.sleep(0)
        rig.say("L", 13.0)
        await rig.until(lambda: told(rig, "L.H"))
        assert told(rig, "L.H")[0]["durable"] is False
        disk.let_go()
        await blocked
        await whole(rig, tmp_path)


async def test_a_stop_waits_for_the_disk_and_loses_nothing(tmp_path: Path, disk: Hanging) -> None:
    async with running(tmp_path) as rig:
        await rig.until(lambda: rig.events)
        disk.hold.set()
        rig.say("L", 13.0)
        await rig.until(lambda: told(rig, "L.H"))
        rig.say("L", 14.0)
        await rig.until(lambda: rig.machine._pipeline is not None and rig.machine._pipeline._leaving._aside)
        threading.Timer(0.3, disk.let_go).start()
    async with running(tmp_path) as again:
        assert again.machine.store.note == ""
        assert again.open()["L.H"] == "active"
        assert not again.told("system.replay-difference")


async def test_killed_while_it_hangs_begins_a_new_epoch(tmp_path: Path, disk: Hanging) -> None:
    import shutil

    async with running(tmp_path / "state") as rig:
        await rig.until(lambda: rig.events)
        disk.hold.set()
        rig.say("L", 13.0)
        await rig.until(lambda: told(rig, "L.H"))
        marking = rig.machine._pipeline._leaving._marking  # type: ignore[union-attr]
        assert marking is not None
        await marking
        shutil.copytree(tmp_path / "state", tmp_path / "killed")
        disk.let_go()
    from tests.unit.store import make

    again = make.store(tmp_path / "killed", identity=rig.machine.store._chain.identity, adopt=True)
    assert "events left while the disk refused" in again.note or "adopted" in again.note
    assert again.epoch != rig.machine.store.epoch
    again.close()


async def test_readings_that_wait_behind_something_else_keep_their_place_when_an_alarm_leaves(
    tmp_path: Path, disk: Hanging
) -> None:
    """The commit of plain readings has not even begun; its inputs have lower numbers than those that leave early."""
    desk_is_free = threading.Event()
    async with running(tmp_path) as rig:
        await rig.until(lambda: rig.events)
        seen = asyncio.Event()
        rig.say("L", 2.0, done=seen.set)
        await seen.wait()
        busy = asyncio.create_task(rig.machine._desk.call(desk_is_free.wait, 30))
        await asyncio.sleep(0)
        rig.say("L", 1.0)
        await rig.until(lambda: rig.machine._pipeline is not None and rig.machine._pipeline._leaving.hung)
        rig.say("L", 13.0)
        await rig.until(lambda: told(rig, "L.H"))
        desk_is_free.set()
        await busy
        await whole(rig, tmp_path)
        assert not told(rig, "system.judging")
        inputs = [i.number for i in rig.machine.store.inputs(0)]
    assert inputs == list(range(inputs[0], inputs[0] + len(inputs)))
    with open_reader(tmp_path) as reader:
        trend = reader.history(0, rig.machine.site.table, 0, 1 << 62, 9)
    assert (trend["low"].min(), trend["high"].max()) == (1.0, 13.0), "both readings are in the spool"


async def test_while_it_hangs_nothing_turns_for_nothing(tmp_path: Path, disk: Hanging) -> None:
    """Plain readings wait for company then; waiting must not take the processor."""
    async with running(tmp_path) as rig:
        await rig.until(lambda: rig.events)
        pipeline: Any = rig.machine._pipeline
        disk.hold.set()
        rig.say("L", 1.0)
        await rig.until(lambda: pipeline._leaving.hung)
        rig.say("L", 2.0)
        await rig.until(lambda: pipeline._group.inputs)
        turns, real = [0], pipeline._turn

        async def turn(*args: Any) -> None:
            turns[0] += 1
            await real(*args)

        pipeline._turn = turn
        await asyncio.sleep(1.5)
        assert turns[0] < 20, "a tick a second, and no more"
        disk.let_go()
        await whole(rig, tmp_path)


async def test_a_bug_in_the_commit_that_hung_leaves_the_journal_as_it_was_told(
    tmp_path: Path, disk: Hanging
) -> None:
    """Not the disk's refusal: what has left is journalled, and the usual way is found again."""
    async with running(tmp_path) as rig:
        await rig.until(lambda: rig.events)
        disk.hold.set()
        disk.bug = True
        rig.say("L", 13.0)
        await rig.until(lambda: told(rig, "L.H"))
        disk.let_go()
        await rig.until(lambda: rig.machine.present().status.durable)
        rig.say("L", 1.0)
        await rig.until(lambda: [e["event"] for e in told(rig, "L.H")] == ["raised", "cleared"])
        assert not told(rig, "system.replay-difference")
    sent = {r.seq: r.data for r in rig.ear.records}
    with open_reader(tmp_path) as reader:
        kept = {r.seq: r.data for r in reader.records(0, 999)}
    assert {seq: kept.get(seq) for seq in sent} == sent
    assert verify_journal(tmp_path).ok
