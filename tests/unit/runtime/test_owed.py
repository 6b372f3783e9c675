"""A source that may say no more until what it said is kept (MQTT 3.1.1: twenty messages) is heard all the same while
the disk takes nothing: an alarm does not wait for a disk, nor does its reading.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import apsw
import pytest

from gateway.model.batch import of_rows
from gateway.model.events import EventKind
from gateway.model.inputs import Readings
from gateway.model.ports import Feed
from gateway.runtime import leaving
from gateway.store import open_reader
from gateway.store.instance import InstanceFile
from gateway.store.writer import Writer
from tests.unit.runtime.rig import Mouth, Rig, running
from tests.unit.runtime.test_hung_disk import Hanging

WINDOW = 6


class Windowed(Mouth):
    """Says a value every few ms as long as fewer than ``WINDOW`` are owed."""

    owed = 0
    value = 1.0
    said = 0

    async def run(self, feed: Feed) -> None:
        self.feed = feed
        while True:
            await asyncio.sleep(0.005)
            if self.owed < WINDOW:
                self.owed += 1
                self.said += 1
                now = feed.clock.now()
                feed.readings(
                    of_rows(feed.table, [(0, now, now, self.value, 0)]),
                    self.paid,
                    soon=self.owed > WINDOW // 2,
                )

    def paid(self) -> None:
        self.owed -= 1


@pytest.fixture(params=["hangs", "refuses"])
def disk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hanging]:
    found = Hanging()
    wrapped: Callable[..., bool] = found.wrapped(Writer._attempt)
    if request.param == "refuses":
        real = Writer._attempt

        def wrapped(writer: Writer, work: Any, now: int) -> bool:
            if found.hold.is_set():
                return writer._refused(apsw.FullError("full"))
            return real(writer, work, now)

    monkeypatch.setattr(Writer, "_attempt", wrapped)
    monkeypatch.setattr(leaving, "HUNG_S", 0.1)
    monkeypatch.setattr(leaving, "OWED_S", 0.3)
    monkeypatch.setattr("gateway.runtime.machine.FIRST_SNAPSHOT_S", 3600.0)
    yield found
    found.let_go()


@asynccontextmanager
async def let_go_of(disk: Hanging) -> AsyncIterator[None]:
    """A stop waits for the disk, also when the test has failed."""
    try:
        yield
    finally:
        disk.let_go()


async def test_it_is_told_after_a_while_that_memory_has_it(tmp_path: Path, disk: Hanging) -> None:
    mouth = Windowed()
    async with running(tmp_path, mouth=mouth) as rig, let_go_of(disk):
        await rig.until(lambda: rig.events and mouth.said > 2 * WINDOW)
        disk.hold.set()
        before = mouth.said
        await rig.until(lambda: mouth.said > before + 5 * WINDOW, 20)
        mouth.value = 13.0
        await rig.until(lambda: rig.told("L.H"), 20)
        assert not rig.machine.present().status.durable
        disk.let_go()
        await rig.until(lambda: rig.machine.present().status.durable)
        kept = [i.number for i in rig.machine.store.inputs(0)]
    assert kept == list(range(kept[0], kept[0] + len(kept)))


class Broker(Windowed):
    """Presses with every reading; ``hush`` ends what it says, so that all of it is acknowledged in the end."""

    hush = False

    async def run(self, feed: Feed) -> None:
        self.feed = feed
        while True:
            await asyncio.sleep(0.005)
            if self.owed < WINDOW and not self.hush:
                self.owed += 1
                self.said += 1
                now = feed.clock.now()
                feed.readings(of_rows(feed.table, [(0, now, now, self.value, 0)] * 2), self.paid, soon=True)

    async def says(self, rig: Rig, more: int) -> int:
        """So much more, until it is all acknowledged; the readings it has said by then."""
        upto, self.hush = self.said + more, False
        await rig.until(lambda: self.said >= upto, 20)
        self.hush = True
        await rig.until(lambda: not self.owed, 20)
        return 2 * self.said


def on_disk(folder: Path) -> tuple[int, list[Any]]:
    """Readings that are kept, and the counts of the gap records of what memory had."""
    with open_reader(folder) as reader:
        gaps = [r.event.detail for r in reader.records(0, 10_000) if r.event.event is EventKind.GAP]
        count = sum(len(i.input.batch) for i in reader.inputs(0) if isinstance(i.input, Readings))
    return count, [g["count"] for g in gaps if g["who"] == "sources"]


@pytest.mark.parametrize("disk", ["refuses"], indirect=True)
async def test_what_memory_had_is_counted_when_it_is_killed(tmp_path: Path, disk: Hanging) -> None:
    """By a kill while the disk refuses, by another before it takes the record of the first; and told once."""
    one, two, three = (tmp_path / name for name in ("one", "two", "three"))
    mouth = Broker()
    async with running(one, mouth=mouth) as rig, let_go_of(disk):
        await mouth.says(rig, WINDOW)
        disk.hold.set()
        said = await mouth.says(rig, 4 * WINDOW)
        shutil.copytree(one, two)  # as a kill leaves it now
    assert on_disk(one) == (said, []), "here all came to the disk in the end"
    kept, told = on_disk(two)
    assert said - kept >= 8 * WINDOW
    assert told == []
    disk.hold.set()
    mouth = Broker()
    async with running(two, mouth=mouth, adopt=True) as rig, let_go_of(disk):
        again = await mouth.says(rig, WINDOW)
        shutil.copytree(two, three)
    for _ in ("told", "told once"):
        async with running(three, mouth=Mouth(), adopt=True) as rig:
            await rig.until(lambda: rig.events)
        assert on_disk(three)[1] == [said - kept + again]


@pytest.mark.parametrize("disk", ["refuses"], indirect=True)
async def test_the_record_and_that_it_is_there_are_one_commit(
    tmp_path: Path, disk: Hanging, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed behind that commit, before ``instance`` hears of it."""
    one, two = tmp_path / "one", tmp_path / "two"
    mouth = Broker()
    async with running(one, mouth=mouth) as rig, let_go_of(disk):
        disk.hold.set()
        await mouth.says(rig, WINDOW)
        shutil.copytree(one, two)
    with monkeypatch.context() as deaf:
        real = InstanceFile.update
        deaf.setattr(
            InstanceFile,
            "update",
            lambda file, **c: real(file, **{k: v for k, v in c.items() if k != "owed"}),
        )
        async with running(two, mouth=Mouth(), adopt=True) as rig:
            await rig.until(lambda: rig.events)
    assert len(on_disk(two)[1]) == 1
    async with running(two, mouth=Mouth()) as rig:
        await rig.until(lambda: rig.events)
    assert len(on_disk(two)[1]) == 1


async def test_a_short_refusal_is_waited_for(
    tmp_path: Path, disk: Hanging, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is killed in it gets from the source again what is not on disk."""
    monkeypatch.setattr(leaving, "OWED_S", 3600.0)
    mouth = Windowed()
    async with running(tmp_path, mouth=mouth) as rig, let_go_of(disk):
        await rig.until(lambda: rig.events and mouth.said > 2 * WINDOW)
        disk.hold.set()
        await rig.until(lambda: mouth.owed == WINDOW and rig.told("system.disk"))
        said = mouth.said
        await asyncio.sleep(0.3)
        assert mouth.said == said
        disk.let_go()
        await rig.until(lambda: mouth.said > said + WINDOW)
