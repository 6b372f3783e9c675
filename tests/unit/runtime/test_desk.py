"""Lanes in step read what was sealed from memory; one that is behind reads the spool, and misses nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from gateway.model.batch import of_rows
from gateway.model.events import Event, EventKind
from gateway.model.inputs import Numbered, Tick
from gateway.model.ports import Chunk
from gateway.runtime.desk import RECENT_BYTES, RECENT_CHUNKS, Desk
from gateway.store import Identity, Store

BATCH = of_rows("t", [(0, 1, 1, 1.0, 0)])


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    store = Store.open(tmp_path, Identity("gw", "341524", "s"), now=1, reserve_bytes=1 << 16)
    desk = Desk(store)
    yield desk
    await desk.close()


def chunks(first: int, last: int) -> list[Chunk]:
    return [Chunk(k, k, k, BATCH) for k in range(first, last + 1)]


class Spool:
    """Stands for the one on disk, and tells when it was asked."""

    def __init__(self, last: int) -> None:
        self.all, self.asked = chunks(1, last), 0

    def chunks(self, after: int, limit: int) -> list[Chunk]:
        self.asked += 1
        return [c for c in self.all if c.id > after][:limit]


async def read(desk: Desk, after: int) -> list[int]:
    return [c.id for c in await desk.chunks(after, 100)]


async def test_what_was_just_sealed_is_read_from_memory(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(3)
    monkeypatch.setattr(desk.store.spool, "chunks", spool.chunks)
    desk.sealed(1, chunks(1, 1))
    desk.sealed(3, chunks(2, 3))
    assert [await read(desk, after) for after in (0, 1, 2, 3)] == [[1, 2, 3], [2, 3], [3], []]
    assert spool.asked == 0


@pytest.mark.parametrize("given", [(), chunks(1, RECENT_CHUNKS + 1), chunks(1, 2)])
async def test_chunks_that_do_not_reach_to_the_last_are_not_taken_for_all(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, given: list[Chunk]
) -> None:
    last = RECENT_CHUNKS + 5
    monkeypatch.setattr(desk.store.spool, "chunks", Spool(last).chunks)
    desk.sealed(last, given)
    assert await read(desk, 0) == list(range(1, last + 1))


async def test_a_lane_behind_what_memory_holds_reads_the_spool(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = 2 * RECENT_CHUNKS
    spool = Spool(last)
    monkeypatch.setattr(desk.store.spool, "chunks", spool.chunks)
    for k in range(1, last + 1):
        desk.sealed(k, chunks(k, k))
    for after in range(last):
        assert await read(desk, after) == list(range(after + 1, last + 1))
    assert spool.asked == last - RECENT_CHUNKS


async def test_a_hole_in_what_was_told_is_read_from_the_disk(desk: Desk) -> None:
    """Lanes that count on memory alone would ask for ever for what is not there."""
    inputs = [[Numbered(k, Tick(k))] for k in range(1, 5)]
    events = [Event(event=EventKind.GAP, time=k) for k in range(1, 5)]
    records = [desk.store.commit(i, [e], 1).records[0] for i, e in zip(inputs, events, strict=True)]
    for told in (records[0], records[2], records[3]):  # the second was lost on the way
        desk.published([told])
    assert [r.seq for r in await desk.records(0, 9)] == [1, 2, 3, 4]
    assert [r.seq for r in await desk.records(2, 9)] == [3, 4]


def event(size: int) -> Event:
    return Event(event=EventKind.GAP, time=1, detail={"words": "x" * size})


async def test_records_in_memory_are_bounded_by_bytes_and_older_ones_are_read_from_the_disk(
    desk: Desk,
) -> None:
    count = 8
    for number in range(1, count + 1):
        done = desk.store.commit([Numbered(number, Tick(number))], [event(RECENT_BYTES // 4)], number)
        desk.published(done.records)
    assert len(desk._recent) == 3, "four would be more than the limit"
    assert [r.seq for r in await desk.records(0, count)] == list(range(1, count + 1))
    assert [r.seq for r in await desk.records(count - 1, count)] == [count]


async def test_a_commit_waits_for_one_step_of_slow_work_and_not_for_all(desk: Desk) -> None:
    done: list[int] = []
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()

    def steps() -> Iterator[bool]:
        for n in range(1000):
            done.append(n)
            loop.call_soon_threadsafe(begun.set)
            yield n % 2 == 0  # what a step says does not end it

    async with asyncio.TaskGroup() as group:
        slow = group.create_task(desk.slowly(steps()))
        await begun.wait()
        seen = await desk.call(lambda: len(done))
        assert seen < 1000
        assert not slow.done()
    assert len(done) == 1000
