"""A restored backup, a replaced machine, a machine rolled back whole: no alarm is lost, and each is seen."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import apsw

from gateway.model.effective import dump_site
from gateway.model.events import EventKind
from gateway.runtime.clock import SystemClock
from gateway.runtime.machine import Machine
from gateway.sinks.mqtt.config import Settings
from gateway.sinks.mqtt.plugin import build
from gateway.store import Identity, Store
from tests.conftest import MosquittoFactory
from tests.helpers.county import county, stored, until, write_county
from tests.servers import Mosquitto
from tests.unit.runtime.rig import Ear, Mouth, Rig, plant

FILES = ("plant.db", "instance", "spool.db")


@asynccontextmanager
async def gateway(folder: Path, broker: Mosquitto) -> AsyncIterator[Rig]:
    """A whole machine with an MQTT output whose county answers."""
    site, mouth, clock = plant(county="341524"), Mouth(), SystemClock()
    store = Store.open(
        folder, Identity(site.gateway, site.county, site.id), now=clock.now(), reserve_bytes=4096
    )
    store.keep_config(site.config_hash, dump_site(site))
    clock.advance(store.last_input[1])
    settings = Settings(kind="mqtt", host=broker.host, port=broker.port, receipts=True, timeout=3)
    ear = Ear("ear.alarms")
    machine = Machine(site, store, clock, folder, [mouth], [*build("county", settings), ear])
    task = asyncio.create_task(machine.run())
    rig = Rig(machine, mouth, ear)
    try:
        await rig.until(lambda: machine.ready.is_set() or task.done(), 60)
        yield rig
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def alarm(rig: Rig, times: int = 1) -> None:
    """In and out of alarm, and the county has it."""
    for _ in range(times):
        rig.say("L", 13.0)
        await rig.until(lambda: rig.open().get("L.H") == "active")
        rig.say("L", 5.0)
        await rig.until(lambda: rig.open().get("L.H") != "active")


async def confirmed(rig: Rig, config: Path) -> None:
    lane = next(o.lane for o in rig.machine.outputs if o.lane.name == "county.events")
    await rig.until(lambda: lane.backlog == 0, 30)
    await until(lambda: stored(config)["missing"] == [], 30)


def raised(config: Path) -> int:
    """Alarms that the county has, of whatever epoch."""
    db = apsw.Connection(str(config.parent / "county-state" / "county.db"), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        sql = "SELECT count(*) FROM events WHERE event = ? AND rule = 'L.H'"
        return int(db.execute(sql, (EventKind.RAISED.value,)).fetchall()[0][0])
    finally:
        db.close()


def copy(source: Path, target: Path, names: Sequence[str] = FILES) -> None:
    """Into the files that are there, as a restore does: their inodes stay."""
    target.mkdir(exist_ok=True)
    for name in names:
        for suffix in ("", "-wal", "-shm"):
            part = target / f"{name}{suffix}"
            if suffix and part.exists():
                part.unlink()
        if (source / name).exists():
            with (source / name).open("rb") as there, (target / name).open("wb") as here:
                shutil.copyfileobj(there, here)


def troubles(rig: Rig) -> set[str]:
    return {rule.removeprefix("system.") for rule, state in rig.open().items() if state == "active"}


async def test_a_restored_backup_branches_off_and_nothing_is_lost(
    mosquitto: MosquittoFactory, tmp_path: Path
) -> None:
    broker, state, backup = mosquitto(), tmp_path / "state", tmp_path / "backup"
    config = write_county(tmp_path / "county", main=broker)
    async with county(config):
        async with gateway(state, broker) as rig:
            await alarm(rig, 2)
            await confirmed(rig, config)
        copy(state, backup)
        async with gateway(state, broker) as rig:
            await alarm(rig, 3)
            await confirmed(rig, config)
        before = stored(config)
        copy(
            backup, state, ("plant.db",)
        )  # `instance` and the spool know of more: the gateway sees it itself
        async with gateway(state, broker) as rig:
            assert rig.machine.store.note.startswith("restored")
            await alarm(rig)
            await confirmed(rig, config)
            await rig.until(
                lambda: not troubles(rig)
            )  # the fault of a receipt of before ends with the first of now
        after = stored(config)
    assert raised(config) == 6
    assert after["epoch"] != before["epoch"]
    assert after["beside"] > 0, "what the backup did not know is kept, and listed"


async def test_a_replaced_machine_begins_anew_and_the_old_history_stays(
    mosquitto: MosquittoFactory, tmp_path: Path
) -> None:
    broker = mosquitto()
    config = write_county(tmp_path / "county", main=broker)
    async with county(config):
        async with gateway(tmp_path / "old", broker) as rig:
            await alarm(rig, 2)
            await confirmed(rig, config)
        async with gateway(tmp_path / "new", broker) as rig:
            await alarm(rig)
            await confirmed(rig, config)
            await rig.until(
                lambda: not troubles(rig)
            )  # the fault of a receipt of before ends with the first of now
            told = [
                r.event.rule for r in rig.ear.records if r.event.fault and r.event.event is EventKind.RAISED
            ]
        after = stored(config)
    assert raised(config) == 3
    assert after["beside"] > 0
    assert "system.county.events.receipt" in told, "the retained receipt of the old machine was a fault"


async def test_a_machine_rolled_back_whole_is_seen_by_its_receipt(
    mosquitto: MosquittoFactory, tmp_path: Path
) -> None:
    broker, state, backup = mosquitto(), tmp_path / "state", tmp_path / "backup"
    config = write_county(tmp_path / "county", main=broker)
    async with county(config):
        async with gateway(state, broker) as rig:
            await alarm(rig)
            await confirmed(rig, config)
        copy(state, backup)
        async with gateway(state, broker) as rig:
            await alarm(rig, 6)
            await confirmed(rig, config)
        copy(backup, state)  # a snapshot of the whole machine: nothing inside can tell
        async with gateway(state, broker) as rig:
            await rig.until(lambda: "county.events.receipt" in troubles(rig), 20)
            await alarm(rig)
            await until(lambda: raised(config) == 8, 30)
