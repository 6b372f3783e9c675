"""A day's backlog drains while alarms go on: ``python -m benchmarks.delivery [--seconds 86400] [--period 10]``. Exit 1
where an aim is missed.

A gateway was cut off from its database for a day; its spool holds what 10,000 tags said, each with the period of its
kind (:mod:`benchmarks._plant`; ``--period 1``: all of them each second, of which an hour is 36 million). The spool is
made by the gateway's own engine and store, then all of it is drained in four legs. A leg ends with the store's own
housekeeping, so that none of it falls into the peer's time.

Peer: a bare loop in a process of its own that posts the very same lines, made beforehand, to the same InfluxDB: the
beginning of each leg before it, the end of it behind it, ``PIECE`` lines at a time (a third of the day). Each leg is
preceded by an idle time. A live tag goes in and out of alarm while ours drains or idles, and another process notes when
each alarm reaches it through Mosquitto; the bare loop has the machine for itself.

A plant's database has a machine of its own. Here it shares two cores with all the rest, so it runs at ``NICE`` and
keeps its files in memory (``/dev/shm``) where that is there, not on the disk that commits alarms; for both sides alike.
What it still costs an alarm is measured last, as ``control_p99_ms``: the bare loop posts once more while alarms go on
and our own drain rests.
"""

import argparse
import asyncio
import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks._backlog import fill
from benchmarks._ear import Heard, Pipes, ear, process
from benchmarks._plant import LINES, TAGS, Day, plant
from benchmarks._turns import InTurns
from gateway.engine.warm import needed, warm
from gateway.model.batch import of_rows
from gateway.model.ports import Feed
from gateway.model.times import NS
from gateway.runtime.clock import SystemClock
from gateway.runtime.machine import Machine
from gateway.sinks.influxdb.config import Settings
from gateway.sinks.mqtt.alarms import AlarmSink
from gateway.sinks.mqtt.config import Settings as Broker
from gateway.store import Identity, Store
from gateway.store.database import number, open_reader
from tests.servers import Influxd, Mosquitto, MosquittoOptions

SECONDS, LEGS, PIECE, CONTROLS, NICE = 86_400, 4, 3_600_000, 2, 5
ALARM_EVERY_S, IDLE_S, SAMPLE_S = 0.1, 30.0, 0.05
AIM_SHARE, AIM_P99, AIM_GROWTH = 0.8, 2.0, 0.03
"""share of the bare loop; p99 beside idle; growth of memory from the second quarter of the drain to the last"""
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None


class Elsewhere(Influxd):
    """The database, with less of a claim on the processors than what is measured."""

    def command(self) -> list[str]:
        return ["nice", "-n", str(NICE), *super().command()]


class Mouth:
    """The live tag: in and out of alarm."""

    name = "live"

    def __init__(self) -> None:
        self.going = asyncio.Event()

    async def run(self, feed: Feed) -> None:
        """Ten alarms a second while it is going; the time of the alarm is that of its reading."""
        high = False
        while True:
            await self.going.wait()
            now, high = feed.clock.now(), not high
            feed.readings(of_rows(feed.table, [(0, now, now, 9.0 if high else 5.0, 0)]))
            await asyncio.sleep(ALARM_EVERY_S)


@dataclass
class Leg:
    """What was found of one."""

    lines: int = 0
    took: float = 0.0
    bare_lines: int = 0
    bare_took: float = 0.0
    idle: Heard = field(default_factory=list)
    busy: Heard = field(default_factory=list)

    @property
    def share(self) -> float:
        return self.lines / self.took / (self.bare_lines / self.bare_took)


@dataclass
class Found:
    """Of all."""

    legs: list[Leg] = field(default_factory=list)
    control: Heard = field(default_factory=list)
    rss: list[float] = field(default_factory=list)
    """MB, the highest of each second of our drain"""
    wal: float = 0.0
    """MB, the most that both logs had together"""
    before: float = 0.0


def p99_ms(found: Heard) -> float:
    times = [ns / 1e6 for event, ns in found if event in ("raised", "cleared")]
    return float(np.percentile(times, 99)) if times else float("nan")


def logs_mb(state: Path) -> float:
    """Both write-ahead logs."""
    return sum(p.stat().st_size for p in state.glob("*.db-wal")) / 1e6


async def watch(found: Found, state: Path) -> None:
    """For ever: memory, and the logs."""
    this, every = psutil.Process(), round(1 / SAMPLE_S)
    while True:
        found.rss.append(0.0)
        for _ in range(every):
            found.rss[-1] = max(found.rss[-1], this.memory_info().rss / 1e6)
            await asyncio.sleep(SAMPLE_S)
        found.wal = max(found.wal, logs_mb(state))


@dataclass(frozen=True)
class Bench:
    """Who takes turns."""

    day: Day
    seconds: int
    sink: InTurns
    machine: Machine
    mouth: Mouth
    heard: Heard
    peer: Pipes
    idle: float
    found: Found

    async def run(self) -> None:
        """All legs; then what the database costs an alarm."""
        for leg in range(LEGS):
            first, last = self.seconds * leg // LEGS, self.seconds * (leg + 1) // LEGS
            await self._leg(first, last)
        self.mouth.going.set()
        for _ in range(CONTROLS):
            piece = self._piece(0, self.seconds // LEGS)
            await self._prepare(0, piece)
            self.heard.clear()
            await self._post()
            self.found.control += self.heard

    async def _leg(self, first: int, last: int) -> None:
        leg = Leg(self.day.lines(first, last))
        self.found.legs.append(leg)
        piece = self._piece(first, last)
        await self._bare(leg, first, first + piece)
        await self._ours(leg, last)
        await self._bare(leg, last - piece, last)
        say(f"{last} s drained", {**summary(self.found), "rss": self.found.rss[-1]})

    def _piece(self, first: int, last: int) -> int:
        """Seconds that the bare loop posts at a time."""
        return max(1, min((last - first) // 2, PIECE * (last - first) // self.day.lines(first, last)))

    async def _ours(self, leg: Leg, last: int) -> None:
        self.mouth.going.set()
        await asyncio.sleep(0.5)
        self.heard.clear()
        await asyncio.sleep(self.idle)
        leg.idle += self.heard
        self.heard.clear()
        watching = asyncio.create_task(watch(self.found, self.machine.store.folder))
        began = time.perf_counter()
        await self.sink.turns.take(_chunk(self.machine.store.folder, self.day.base + last * NS))
        await self.machine.keeper.trim()
        leg.took = time.perf_counter() - began
        leg.busy += self.heard
        watching.cancel()
        self.mouth.going.clear()

    async def _bare(self, leg: Leg, first: int, last: int) -> None:
        await self._prepare(first, last)
        leg.bare_took += await self._post()
        leg.bare_lines += self.day.lines(first, last)

    async def _prepare(self, first: int, last: int) -> None:
        said, told = self.peer
        told.write(f"{first} {last}\n".encode())
        await said.readline()

    async def _post(self) -> float:
        said, told = self.peer
        told.write(b"go\n")
        return float(await said.readline())


def _chunk(state: Path, before: int) -> int:
    """Id of the last chunk of what was received before (ns)."""
    db = open_reader(state / "spool.db")
    try:
        return number(db, "SELECT max(id) FROM chunks WHERE received < ?", before) or 0
    finally:
        db.close()


async def drain(
    folder: Path, influx: Influxd, broker: Mosquitto, *, day: Day, seconds: int, idle: float
) -> Found:
    """The gateway over the folder, and its peer."""
    site, clock, mouth, found = plant(), SystemClock(), Mouth(), Found()
    store = Store.open(folder, Identity(site.gateway, site.county, site.id), now=clock.now())
    sink = InTurns(
        "tsdb", Settings(kind="influxdb", version=1, url=influx.url, database="ours", timeout=60, lines=LINES)
    )
    sinks: Any = [sink, AlarmSink("county", Broker(kind="mqtt", host=broker.host, port=broker.port))]
    machine = Machine(site, store, clock, folder, [mouth], sinks)
    task = asyncio.create_task(machine.run())
    await machine.ready.wait()
    bare = ("-m", "benchmarks._bare", influx.host, str(influx.port), "bare", str(day.base), str(day.period))
    async with ear(broker.port) as heard, process(*bare) as peer:
        mouth.going.set()
        await asyncio.sleep(2.0)
        mouth.going.clear()
        found.before = psutil.Process().memory_info().rss / 1e6
        await Bench(day, seconds, sink, machine, mouth, heard, peer, idle, found).run()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return found


def measure(seconds: int, period: int, idle: float) -> dict[str, Any]:
    """All of it, in one session."""
    site, base = plant(), (time.time_ns() // NS - seconds - 60) * NS
    day = Day(site.table, base, period)
    warm(needed(site))
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder, far = Path(name), stack.enter_context(tempfile.TemporaryDirectory(dir=MEMORY))
        began = time.perf_counter()
        fill(folder / "state", site, day, seconds)
        made = {"made_s": round(time.perf_counter() - began),
                "spool_mb": round((folder / "state" / "spool.db").stat().st_size / 1e6)}  # fmt: skip
        say(f"{day.lines(0, seconds):,} readings in the spool", made)
        influx = Elsewhere(Influxd.binary() or "influxd", Path(far))
        broker = Mosquitto(Mosquitto.binary() or "mosquitto", folder / "mosquitto", MosquittoOptions())
        for server in (influx, broker):
            server.start()
            stack.callback(server.stop)
        for database in ("ours", "bare"):
            influx.create_database(database)
        found = asyncio.run(drain(folder / "state", influx, broker, day=day, seconds=seconds, idle=idle))
        ours, bare = (
            influx.query('SELECT count("value") FROM "reading"', d)[0]["count"] for d in ("ours", "bare")
        )
    each = f"each {period} s" if period else "each with the period of its kind"
    return {"scale": f"{seconds} s of {TAGS} tags, {each}", "load": round(os.getloadavg()[1], 1), **made,
            "backlog": day.lines(0, seconds), "stored": ours, "stored_by_bare": bare, **summary(found)}  # fmt: skip


def say(what: str, figures: object) -> None:
    """How far it is; it takes long."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {what} {figures}\n")


def summary(found: Found) -> dict[str, Any]:
    """The figures."""
    legs = found.legs
    lines, took = sum(leg.lines for leg in legs), sum(leg.took for leg in legs)
    bare_lines, bare_took = sum(leg.bare_lines for leg in legs), sum(leg.bare_took for leg in legs)
    idle, busy = p99_ms([e for leg in legs for e in leg.idle]), p99_ms([e for leg in legs for e in leg.busy])
    quarters = [max(part.tolist(), default=0.0) for part in np.array_split(found.rss, 4)]
    return {
        "drained_s": round(took, 1),
        "lines_per_s": round(lines / took),
        "bare_lines_per_s": round(bare_lines / bare_took),
        "share": round(lines / took / (bare_lines / bare_took), 3),
        "share_of_legs": [round(leg.share, 3) for leg in legs],
        "idle_p99_ms": round(idle, 1),
        "draining_p99_ms": round(busy, 1),
        "p99_ratio": round(busy / idle, 3),
        "p99_ms_of_legs": [[round(p99_ms(each), 1) for each in (leg.idle, leg.busy)] for leg in legs],
        "control_p99_ms": round(p99_ms(found.control), 1),
        "alarms": [sum(map(len, x)) for x in ((leg.idle for leg in legs), (leg.busy for leg in legs))],
        "wal_mb": round(found.wal, 1),
        "rss_before_mb": round(found.before, 1),
        "rss_mb_of_quarters": [round(each, 1) for each in quarters],
        "rss_growth": round(quarters[-1] / quarters[1] - 1, 4),
    }


def verdict(found: dict[str, Any]) -> dict[str, bool]:
    """Which aims are met."""
    return {
        "share": found["share"] >= AIM_SHARE,
        "p99": found["p99_ratio"] <= AIM_P99,
        "memory": found["rss_growth"] <= AIM_GROWTH,
        "stored": found["stored"] >= found["backlog"],
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Print; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.delivery")
    parser.add_argument("--seconds", type=int, default=SECONDS, help="of backlog")
    parser.add_argument("--period", type=int, default=0, help="s, of every tag; without it each its own")
    parser.add_argument("--idle", type=float, default=IDLE_S, help="s of idling before each leg")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(argv)
    if Influxd.binary() is None or Mosquitto.binary() is None:
        words = {"benchmark": "delivery", "not run": "needs influxd and mosquitto"}
        sys.stdout.write(json.dumps(words) + "\n")
        return 0
    found = measure(max(2 * LEGS, args.seconds), args.period, args.idle)
    aims = verdict(found)
    report = {"benchmark": "delivery", **found, "aims_met": aims}
    if args.json:
        sys.stdout.write(json.dumps(report) + "\n")
    else:
        sys.stdout.write("\n".join(f"{k}: {v}" for k, v in report.items()) + "\n")
    return 0 if all(aims.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
