"""The next way: when it opens, what goes by it, when it rests again, and that it says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

import gateway.runtime.ways
from gateway.model.events import EventKind, Record
from gateway.model.levels import Level
from gateway.model.ports import EventLane
from gateway.model.times import NS
from gateway.model.ways import Ways
from gateway.runtime.clock import SystemClock
from gateway.runtime.machine import Machine
from gateway.runtime.ways import Row, Way
from gateway.store import Identity, Store
from gateway.store.ledger import Stage, read_ledger
from tests.unit.runtime.rig import Ear, Mouth, Rig, plant
from tests.unit.store import make


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway.runtime.ways, "LOOK_S", 0.05)


class Moody(Ear):
    """An output whose other side accepts only while ``willing`` is set; with ``receipts`` it confirms by those."""

    def __init__(self, name: str, *, receipts: bool = False) -> None:
        super().__init__(name)
        self.willing, self.receipts = asyncio.Event(), receipts
        self.willing.set()

    async def run(self, lane: EventLane) -> None:
        while True:
            records = await lane.next(100)
            if self.receipts:
                lane.taken(records[-1].seq)
            await self.willing.wait()
            self.records += records
            (lane.stored if self.receipts else lane.advance)(records[-1].seq)


@asynccontextmanager
async def running(folder: Path, *sinks: Ear, within: float = 1.0) -> AsyncIterator[Rig]:
    site, mouth, clock = plant(), Mouth(), SystemClock()
    store = Store.open(
        folder, Identity(site.gateway, site.county, site.id), now=clock.now(), reserve_bytes=4096
    )
    store.keep_config(site.config_hash, b"{}")
    names = tuple(dict.fromkeys(s.name.partition(".")[0] for s in sinks))
    ways = Ways("one", int(within * NS), names[1:])
    machine = Machine(site, store, clock, folder, [mouth], list(sinks), ways=(ways,))
    task = asyncio.create_task(machine.run())
    rig = Rig(machine, mouth, sinks[0])
    try:
        await rig.until(lambda: machine.ready.is_set() and mouth.feed is not None)
        yield rig
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def raised(ear: Ear) -> list[str]:
    return [r.event.rule for r in ear.records if r.event.event is EventKind.RAISED]


async def test_what_the_first_way_confirms_goes_by_no_other(tmp_path: Path) -> None:
    one, two = Moody("one.alarms"), Ear("two.alarms")
    async with running(tmp_path, one, two) as rig:
        rig.say("L", 13.0)
        await rig.until(lambda: "L.H" in raised(one))
        await asyncio.sleep(0.3)  # several looks of the watch
        assert not two.records
        await rig.machine.ledger.flush()
        found = read_ledger(tmp_path)
    (entry,) = [e for e in found.entries if e.key.rule == "L.H"]
    assert found.stage(entry, "one.alarms") is Stage.ACCEPTED
    assert found.stage(entry, "two.alarms") is Stage.STANDBY


async def test_an_overdue_alarm_goes_by_the_next_and_what_follows_at_once_until_the_first_is_back(
    tmp_path: Path,
) -> None:
    one, two = Moody("one.alarms"), Ear("two.alarms")
    async with running(tmp_path, one, two) as rig:
        one.willing.clear()
        rig.say("L", 13.0)
        await rig.until(lambda: "L.H" in raised(two))
        await rig.until(lambda: rig.open().get("system.one.alarms.unconfirmed") == "active")
        rig.say("L", 5.0)
        await rig.until(lambda: any(r.event.event is EventKind.CLEARED for r in two.records))
        one.willing.set()
        await rig.until(lambda: "system.one.alarms.unconfirmed" not in rig.open() or
                        rig.open()["system.one.alarms.unconfirmed"] == "normal")  # fmt: skip
        await rig.until(lambda: not rig.machine._rows[0].ways[1].open)
        rest = one.records[-1].seq
        rig.say("L", 13.0)
        await rig.until(lambda: raised(one).count("L.H") == 2)
        await asyncio.sleep(0.3)
        assert raised(two).count("L.H") == 1, "the first way has it"
        assert all(r.seq <= rest for r in two.records), "it rests"
        seqs = [r.seq for r in one.records]
        assert seqs == sorted(set(seqs)), "the first way missed nothing"


async def test_a_receipt_counts_where_there_are_receipts(tmp_path: Path) -> None:
    """The broker takes all, the county behind it is silent: the alarm goes by the next way."""
    alarms, events, two = Ear("one.alarms"), Moody("one.events", receipts=True), Ear("two.alarms")
    events.willing.clear()
    async with running(tmp_path, alarms, two, events) as rig:
        rig.say("L", 13.0)
        await rig.until(lambda: "L.H" in raised(two))
        assert "L.H" in raised(alarms)
        assert rig.machine.watch.status().backlog["one.events"] > 0


async def test_a_third_way_has_its_turn_and_the_fault_itself_waits_for_nobody(tmp_path: Path) -> None:
    one, two, three = Moody("one.alarms"), Moody("two.alarms"), Ear("three.alarms")
    async with running(tmp_path, one, two, three) as rig:
        one.willing.clear()
        two.willing.clear()
        rig.say("L", 13.0)
        await rig.until(lambda: "L.H" in raised(three))
        wanted = {"system.one.alarms.unconfirmed", "system.two.alarms.unconfirmed"}
        await rig.until(lambda: wanted <= rig.open().keys())


class Books:
    """A journal in memory; counts what is read."""

    def __init__(self, records: list[Record]) -> None:
        self._kept, self.read = records, 0

    @property
    def head_seq(self) -> int:
        return len(self._kept)

    async def records(self, after: int, limit: int) -> list[Record]:
        found = self._kept[after : after + limit]
        self.read += len(found)
        return found


async def test_what_nobody_waits_for_is_read_once_and_not_every_second() -> None:
    """A rule on trial fills the journal while the first way is down for a day."""
    trial, alarm = make.event(1), make.event(1, level=Level.RED)
    kinds = [alarm, *([trial] * 1800), alarm, *([trial] * 10)]
    books = Books([Record(n, 1, "", b"", each) for n, each in enumerate(kinds, 1)])
    lane = SimpleNamespace(name="one.alarms", cursor=1)
    ways = [Way("one", lane, NS)]  # type: ignore[arg-type]
    clock = SimpleNamespace(now=lambda: 10 * NS)
    told: list[str] = []
    row = Row(ways, books, clock, lambda what, **_: told.append(what))  # type: ignore[arg-type]
    for _ in range(3):
        await row.look()
    assert told == ["one.alarms.unconfirmed"]
    assert ways[0].late
    assert books.read <= 4 * 500 + 2 * 500, "the pages once, then the one with the alarm"
    lane.cursor = 1802
    await row.look()
    assert not ways[0].late
    lane.cursor = 0  # the receiver has lost all of it
    await row.look()
    assert ways[0].late
