"""A source that may say no more until what it said is kept (MQTT 3.1.1: twenty messages) is heard all the same while
the disk takes nothing: an alarm does not wait for a disk, nor does its reading.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import apsw
import pytest

from gateway.model.batch import of_rows
from gateway.model.ports import Feed
from gateway.runtime import leaving
from gateway.store.writer import Writer
from tests.unit.runtime.rig import Mouth, running
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
