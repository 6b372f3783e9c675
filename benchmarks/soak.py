"""Hours of a plant in minutes, and nothing grows: ``python -m benchmarks.soak [--hours 12] [--speed 300] [--json]``.

A whole machine in this process under a clock that runs ``speed`` times as fast: 40 tags a second, limits that are
crossed and alarms that are acknowledged, links that go and come, a day that ends and is archived half way, snapshots
and housekeeping as often as a slow clock would have them. Twenty times it is measured: resident memory, files, tasks,
threads, bytes of both write-ahead logs, inputs kept. Exit 1 when the last third exceeds the second by more than 2 %
(memory: and 4 MB), or a cache its bound.

What fills first and then stays: the newest records of the journal (at most ``RECENT``, about 8 kB each with their
decisions: 16 MB), the newest chunks (at most ``CACHE_CHUNKS`` of them and ``CACHE_BYTES``), SQLite's pages (2 MB a
connection). They are in each sample: memory is judged from when they are full, and a run too short for that says so.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal

import apsw
import numpy as np
import structlog

from gateway.model.batch import Batch
from gateway.model.commands import Act, Actor, Command, Seen
from gateway.model.effective import dump_site
from gateway.model.errors import Refused, Retry
from gateway.model.events import Acknowledgement
from gateway.model.levels import Level
from gateway.model.ports import EventLane, Feed, ReadingLane
from gateway.model.site import Installation, Link, Rule, RuleKind, Site, Tag
from gateway.model.times import NS
from gateway.runtime import keeping, machine
from gateway.runtime.clock import ScaledClock
from gateway.runtime.desk import RECENT
from gateway.runtime.keeping import Retention
from gateway.runtime.machine import Machine
from gateway.store import Identity, Store
from gateway.store.spool import CACHE_CHUNKS, FLUSH_CHUNKS

TAGS: Final = 40
SAMPLES: Final = 20
MIDNIGHT: Final = 1_795_017_600 * NS
"""of UTC+8"""
SLACK_MB: Final = 4.0
SLACK: Final = 1.02
SLACK_COUNT: Final = 3
"""the archive process has pipes while it works, a command has a task"""
BOUNDS: Final = (("records", RECENT), ("chunks", CACHE_CHUNKS + FLUSH_CHUNKS))
"""what is not on disk yet stays beyond the bound"""


class Plant:
    """Forty tags a second of the machine's clock, slow waves that cross their limits."""

    name = "plant"

    async def run(self, feed: Feed) -> None:
        rng, second = np.random.default_rng(1), 0
        phase = np.linspace(0, 6.28, TAGS)
        tag = np.arange(TAGS, dtype=np.int32)
        while True:
            await feed.clock.sleep(1.0)
            await feed.room()
            now, second = feed.clock.now(), second + 1
            value = np.round(50 + 45 * np.sin(second / 600 + phase) + rng.normal(0, 0.3, TAGS), 2)
            times = np.full(TAGS, now)
            feed.readings(Batch(feed.table, tag, times, times, value, np.zeros(TAGS, np.uint8)))
            if second % 1800 == 900:
                feed.link("bus", up=False, reason="soak")
            if second % 1800 == 910:
                feed.link("bus", up=True)


class Sink:
    """Takes everything."""

    def __init__(self, name: str, lane: Literal["events", "readings"]) -> None:
        self.name, self.lane, self.count = name, lane, 0

    async def run(self, lane: EventLane | ReadingLane) -> None:
        while True:
            if self.lane == "events":
                records: Sequence[Any] = await lane.next(100)  # type: ignore[assignment]
                lane.advance(records[-1].seq)
            else:
                chunk: Any = await lane.next()  # type: ignore[call-arg]
                lane.advance(chunk.id)
            self.count += 1


def site() -> Site:
    tags = tuple(
        Tag(id=f"T-{i}", raw=f"T-{i}", description="", cls="level", unit="%", installation="A", low=0.0, high=100.0,
            max_age=30 * NS, links=("bus",))
        for i in range(TAGS)
    )  # fmt: skip
    rules = [
        Rule(id=f"T-{i}.{name}", name=name, kind=kind, subject=f"T-{i}", tags=(f"T-{i}",), installation="A",
             level=level, priority=2, trigger=trigger, reset=reset)
        for i in range(TAGS)
        for name, kind, level, trigger, reset in (
            ("H", RuleKind.LIMIT_HIGH, Level.YELLOW, 80.0, 79.0), ("HH", RuleKind.LIMIT_HIGH, Level.RED, 90.0, 89.0),
            ("L", RuleKind.LIMIT_LOW, Level.YELLOW, 20.0, 21.0),
        )
    ]  # fmt: skip
    return Site(
        gateway="gw", county="341524", id="soak", name="soak", config_hash="50" * 32, tags=tags, rules=tuple(rules),
        installations=(Installation(id="A", name="A"),), links=(Link(id="bus", description="", source="plant"),),
    )  # fmt: skip


async def operator(m: Machine) -> None:
    """Acknowledges what is open, as people do."""
    actor, waiting = Actor("wang", "王强"), Acknowledgement.UNACKNOWLEDGED
    while True:
        await m.clock.sleep(300.0)
        seen = tuple(Seen(o.id, o.n) for o in m.present().occurrences if o.axes.acknowledgement is waiting)
        if seen:
            try:
                await m.submit(Command(Act.ACKNOWLEDGE, actor, seen, "soak"))
            except (Refused, Retry):
                continue  # it moved on meanwhile


def measured(m: Machine, state: Path) -> dict[str, float]:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return {
        "hours": round((m.clock.now() - m.watch.started) / 3600e9, 2),
        "rss_mb": round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1),
        "files": len(list(Path("/proc/self/fd").iterdir())),
        "tasks": len(asyncio.all_tasks()),
        "threads": threading.active_count(),
        "wal_mb": round(sum(p.stat().st_size for p in state.glob("*.db-wal")) / 1e6, 2),
        "open": len(m.present().occurrences),
        "records": len(m._desk._recent),  # noqa: SLF001 - what is measured are the insides
        "chunks": len(m.store.spool._cache),  # noqa: SLF001
        "sqlite_mb": round(apsw.memory_used() / 1e6, 2),
        "plant_mb": round((state / "plant.db").stat().st_size / 1e6, 2),
    }


async def soak(hours: float, speed: float, state: Path) -> tuple[list[dict[str, float]], dict[str, Any]]:
    begin = MIDNIGHT - int(hours / 2 * 3600 * NS)
    clock = ScaledClock(begin)
    machine.SNAPSHOT_S, keeping.TRIM_S = 60.0 / speed * 10, 60.0 / speed * 10  # type: ignore[misc]
    place = site()
    store = Store.open(state, Identity("gw", "341524", "soak"), now=begin, reserve_bytes=1 << 20)
    store.keep_config(place.config_hash, dump_site(place))
    sinks = [Sink("soak.alarms", "events"), Sink("soak.readings", "readings")]
    m = Machine(place, store, clock, state, [Plant()], sinks, retention=Retention())
    samples = []
    async with asyncio.TaskGroup() as group:
        running = group.create_task(m.run())
        await m.ready.wait()
        acting = group.create_task(operator(m))
        clock.change(speed)
        for _ in range(SAMPLES):
            await clock.sleep(hours * 3600 / SAMPLES)
            samples.append(measured(m, state))
        status = m.present().status
        facts = {
            "events": m.present().head_seq, "inputs": store.last_input[0], "troubles": list(status.troubles),
            "durable": status.durable, "chunks": sinks[1].count, "archived_mb": round(m.keeper.stock.bytes / 1e6, 2),
        }  # fmt: skip
        acting.cancel()
        running.cancel()
    return samples, facts


def verdict(samples: Sequence[dict[str, float]]) -> list[str]:
    """What grew."""
    third = len(samples) // 3
    middle, last = samples[third:-third], samples[-third:]
    grew = [
        f"{name}: {s[name]:g}, at most {most}" for name, most in BOUNDS for s in samples if s[name] > most
    ]
    for name in ("rss_mb", "files", "tasks", "threads", "wal_mb", "plant_mb"):
        before, after = (max(s[name] for s in part) for part in (middle, last))
        slack = SLACK_MB if name.endswith("mb") else SLACK_COUNT
        if after > before * SLACK + slack:
            # plant.db holds the journal, which only grows: its own measure is in the report, not in the verdict
            grew += [] if name == "plant_mb" else [f"{name}: {before:g} -> {after:g}"]
    return grew


def filled(samples: Sequence[dict[str, float]]) -> bool:
    """The caches were full before the second third began."""
    return samples[len(samples) // 3]["records"] >= RECENT


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak")
    parser.add_argument("--hours", type=float, default=12.0)
    parser.add_argument("--speed", type=float, default=300.0)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    with tempfile.TemporaryDirectory() as folder:
        samples, facts = asyncio.run(soak(args.hours, args.speed, Path(folder)))
    grew = verdict(samples)
    report = {
        "benchmark": "soak", "hours": args.hours, "speed": args.speed, "grew": grew, "filled": filled(samples),
        **facts, "first": samples[0], "last": samples[-1], "samples": samples,
    }  # fmt: skip
    if args.json:
        print(json.dumps(report))
    else:
        for sample in samples:
            print(" ".join(f"{k} {v:g}" for k, v in sample.items()))
        print(json.dumps(facts))
        print("nothing grew" if not grew else f"GREW: {'; '.join(grew)}")
        if not filled(samples):
            print("memory still filled the cache of records in the second third: a longer run says more")
    sys.exit(1 if grew else 0)


if __name__ == "__main__":
    main()
