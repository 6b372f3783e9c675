"""``spool.db`` lost or damaged: what the inputs hold is handed out again, and a gap record says what is gone."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from gateway.model.events import Event, EventKind
from gateway.model.ports import ReadingLane
from tests.unit.runtime.rig import Rig, running
from tests.unit.store.make import trimmed


class Historian:
    """An output of readings; takes ``most`` chunks and then no more."""

    name = "tsdb.readings"
    lane = "readings"

    def __init__(self, most: int = 1 << 30) -> None:
        self.most = most
        self.values: list[float] = []

    async def run(self, lane: ReadingLane) -> None:
        while len(self.values) < self.most:
            chunk = await lane.next()
            assert chunk is not None
            self.values += chunk.batch.value.tolist()
            lane.advance(chunk.id)
        await asyncio.Event().wait()


async def said(rig: Rig, *values: float) -> None:
    """Each is committed, and a chunk of its own."""
    for value in values:
        done = asyncio.Event()
        rig.say("L", value, done=done.set)
        await done.wait()
        await rig.machine._desk.call(rig.machine.store.spool.seal, rig.machine.clock.now() + 9 * 10**9)
        rig.machine._desk.sealed(rig.machine.store.spool.last_chunk)


async def snapshot(rig: Rig) -> None:
    pipeline: Any = rig.machine._pipeline
    await rig.machine._snapshot(pipeline)


def gaps(rig: Rig) -> list[Event]:
    return [e for e in rig.events if e.event is EventKind.GAP and e.detail["who"] == "spool"]


@pytest.fixture(autouse=True)
def no_other_snapshots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.runtime.machine.FIRST_SNAPSHOT_S", 3600.0)


def lose(folder: Path, how: str) -> None:
    path = folder / "spool.db"
    if how == "damaged":
        path.write_bytes(b"\xa5" * path.stat().st_size)
    else:
        for part in folder.glob("spool.db*"):
            part.unlink()


class Archivist(Historian):
    """A second one."""

    name = "hist.readings"


@pytest.mark.parametrize("inside", [False, True])
async def test_a_backlog_older_than_the_kept_inputs_is_counted_for_each_output(
    tmp_path: Path, inside: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its inputs have gone with two snapshots; ``inside``: the older one was made of an input within a chunk."""
    monkeypatch.setattr("gateway.runtime.machine.longest_memory", lambda _: -(3600 * 10**9))
    slow, slower = Historian(3), Archivist(1)
    async with running(tmp_path, beside=[slow, slower]) as rig:
        await rig.until(lambda: rig.events)
        store = rig.machine.store
        for number in range(1, 8):
            await said(rig, float(number))
        if inside:  # both in one chunk, the snapshot between them
            sync, store.spool.sync = store.spool.sync, store.spool.flush  # type: ignore[method-assign]
            await heard(rig, 8.0)
            await snapshot(rig)
            store.spool.sync = sync  # type: ignore[method-assign]
            await heard(rig, 9.0)
        else:
            await said(rig, 8.0)
            await snapshot(rig)
            await said(rig, 9.0)
        await snapshot(rig)
        await rig.until(lambda: len(slow.values) == 3 and len(slower.values) == 1)
        first = next(store.inputs(0)).number
        rig.machine._pipeline = None
    assert first > 4, "the inputs of what is owed are gone"
    lose(tmp_path, "damaged")
    again, also = Historian(), Archivist()
    async with running(tmp_path, beside=[again, also]) as rig:
        await rig.until(lambda: gaps(rig))
        await said(rig, 10.0)
        await rig.until(lambda: 10.0 in again.values and 10.0 in also.values)
        (gap,) = gaps(rig)
    everything = {float(n) for n in range(1, 11)}
    lacks = [len(everything - set(a.values) - set(b.values)) for a, b in ((slow, again), (slower, also))]
    assert gap.detail["count"] == max(lacks) == (7 if not inside else max(lacks))
    assert f"(tsdb.readings {lacks[0]}, hist.readings {lacks[1]})" in gap.detail["why"]
    assert "not known" not in gap.detail["why"]


async def heard(rig: Rig, value: float) -> None:
    """Committed; its chunk goes on."""
    done = asyncio.Event()
    rig.say("L", value, done=done.set)
    await done.wait()


async def test_what_a_limit_took_before_and_was_told_is_not_told_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.runtime.machine.longest_memory", lambda _: -(3600 * 10**9))
    slow = Historian(1)
    async with running(tmp_path, beside=[slow]) as rig:
        await rig.until(lambda: rig.events)
        await said(rig, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
        await snapshot(rig)
        await said(rig, 7.0)
        await snapshot(rig)
        spool, keeper = rig.machine.store.spool, rig.machine.keeper
        third = spool.chunks(0, 3)[-1]
        beyond = int(third.batch.received.max()) + 1
        taken = trimmed(spool, slow_at(rig), max_bytes=1 << 40, max_age_ns=0, now=beyond)
        assert [gap.count for gap in taken] == [2]
        done = asyncio.Event()
        rig.machine.intake.put(
            taken[0], done.set, along=lambda: keeper._told(spool.lost, spool.first_chunk())
        )
        await done.wait()
        rig.machine._pipeline = None
    lose(tmp_path, "damaged")
    again = Historian()
    async with running(tmp_path, beside=[again]) as rig:
        await rig.until(lambda: any("spool.db" in str(e.detail["why"]) for e in gaps(rig)))
        await said(rig, 8.0)
        await rig.until(lambda: 8.0 in again.values)
        (gap,) = [e for e in gaps(rig) if "spool.db" in str(e.detail["why"])]
    missing = {2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0} - set(again.values)
    assert gap.detail["count"] == len(missing) - 2 > 0


def slow_at(rig: Rig) -> int:
    return rig.machine._delivered()


@pytest.mark.parametrize("how", ["gone", "damaged"])
@pytest.mark.parametrize("taken", [99, 2])
async def test_what_is_lost_with_it_is_told_exactly(tmp_path: Path, how: str, taken: int) -> None:
    """Two snapshots; an output that is in step, and one that stopped after two readings."""
    first = Historian(taken)
    async with running(tmp_path, beside=[first]) as rig:
        await rig.until(lambda: rig.events)
        await said(rig, 1.0, 2.0, 3.0, 4.0)
        await rig.until(lambda: len(first.values) == min(4, taken))
        await snapshot(rig)
        await said(rig, 5.0, 6.0)
        await snapshot(rig)
        await said(rig, 7.0)
        await rig.until(lambda: len(first.values) == min(7, taken))
        rig.machine._pipeline = None  # no snapshot on the way out: it would make the older one young
    lose(tmp_path, how)
    again = Historian()
    async with running(tmp_path, beside=[again]) as rig:
        await rig.until(lambda: gaps(rig))
        await said(rig, 8.0)
        await rig.until(lambda: 8.0 in again.values)
        (gap,) = gaps(rig)
        assert not rig.told("system.replay-difference")
    have = set(first.values) | set(again.values)
    assert {5.0, 6.0, 7.0, 8.0} <= have, "behind the older snapshot everything is handed out again"
    lost = {1.0, 2.0, 3.0, 4.0} - have
    assert gap.detail["count"] == len(lost) == max(0, 4 - taken)
    async with running(tmp_path) as rig:
        await rig.until(lambda: rig.events)
        assert len(gaps(rig)) == 0, "told once"
