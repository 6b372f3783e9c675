"""A backlog drains while alarms go on: ``python -m benchmarks.delivery [--seconds 240] [--json]``. Exit 1 where an aim
is missed.

A gateway was cut off from its database; its spool holds readings of 10,000 tags, one a second each. A whole day would
be 864 million; the backlog here is ``--seconds`` of it (the figure is a rate, and the spool is read a page at a time).
Peer: a bare loop in a process of its own that posts the very same lines, made beforehand, to the same InfluxDB. The two
take turns, and each turn is preceded by an idle one, so that whatever else the machine does meets all of them. A
live tag goes in and out of alarm while ours drains or idles, and another process notes when each alarm reaches it
through Mosquitto; the bare loop has the machine for itself.

A plant's database has a machine of its own. Here it shares two cores with all the rest, so it runs at ``NICE`` and
keeps its files in memory (``/dev/shm``) where that is there, not on the disk that commits alarms; for both sides alike.
What it still costs an alarm is measured last, as ``control_p99_ms``: the bare loop posts once more while alarms go on
and our own drain rests.
"""

import argparse
import asyncio
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks._plant import LINES, TAGS, plant, readings
from gateway.engine.warm import needed, warm
from gateway.model.batch import Batch, of_rows
from gateway.model.effective import dump_site
from gateway.model.inputs import Numbered, Readings
from gateway.model.ports import Chunk, Feed, ReadingLane
from gateway.model.site import Site
from gateway.model.times import NS, parse_iso
from gateway.runtime.clock import SystemClock
from gateway.runtime.machine import Machine
from gateway.sinks.influxdb.config import Settings
from gateway.sinks.influxdb.readings import ReadingSink
from gateway.sinks.mqtt.alarms import AlarmSink
from gateway.sinks.mqtt.config import Settings as Broker
from gateway.store import Identity, Store
from tests.servers import Influxd, Mosquitto, MosquittoOptions

SECONDS, PART, CONTROLS, NICE = 240, 20, 3, 5
ALARM_EVERY_S, IDLE_S, SAMPLE_S = 0.1, 2.0, 0.05
AIM_SHARE, AIM_P99, AIM_GROWTH = 0.8, 2.0, 0.03
"""share of the bare loop; p99 beside idle; growth of memory from the third quarter of the drain to the last"""
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
EAR = """
import json, sys, time
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
client.on_connect = lambda c, *_: c.subscribe("fengsui/v1/+/+/+/alarms/#", qos=1)
client.on_subscribe = lambda *_: print("ready", flush=True)
def heard(_c, _d, m):
    body = json.loads(m.payload)
    print(body["event"], body["time"], time.time_ns(), flush=True)
client.on_message = heard
client.connect("127.0.0.1", int(sys.argv[1]))
client.loop_forever()
"""


class Elsewhere(Influxd):
    """The database, with less of a claim on the processors than what is measured."""

    def command(self) -> list[str]:
        return ["nice", "-n", str(NICE), *super().command()]


def fill(folder: Path, site: Site, base: int, seconds: int) -> None:
    """A state folder whose spool holds the backlog; the journal's inputs are numbered without readings in them."""
    store = Store.open(folder, Identity(site.gateway, site.county, site.id), now=time.time_ns())
    store.keep_config(site.config_hash, dump_site(site))
    for number in range(1, seconds + 1):
        store.commit([Numbered(number, Readings(Batch.empty(site.table)))], [], time.time_ns())
        store.spool.append(number, number, readings(site, base, number - 1))
    store.close()


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


class Turns:
    """The lane of the database, which has no more than one turn's chunks until the next begins."""

    def __init__(self) -> None:
        self.until = 0
        self.begun, self.done = asyncio.Event(), asyncio.Event()
        self._lane: ReadingLane | None = None
        self._given = 0

    def of(self, lane: Any) -> "Turns":
        """What was given and not settled by a life before comes again."""
        self._lane, self._given = lane, lane.cursor
        return self

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lane, name)

    async def next(self, timeout: float | None = None) -> Chunk | None:
        assert self._lane is not None
        while self._given >= self.until:
            if timeout == 0:
                return None
            self.begun.clear()
            await self.begun.wait()
        chunk = await self._lane.next(timeout)
        self._given = chunk.id if chunk is not None else self._given
        return chunk

    def advance(self, to: int) -> None:
        assert self._lane is not None
        self._lane.advance(to)
        if to >= self.until:
            self.done.set()

    async def take(self, until: int) -> float:
        """Seconds until everything up to chunk ``until`` is settled."""
        self.until = until
        self.done.clear()
        began = time.perf_counter()
        self.begun.set()
        await self.done.wait()
        return time.perf_counter() - began


class InTurns(ReadingSink):
    """The database's sink, which sees :class:`Turns`."""

    def __init__(self, name: str, settings: Settings) -> None:
        super().__init__(name, settings)
        self.turns = Turns()

    async def run(self, lane: Any) -> None:
        await super().run(self.turns.of(lane))


@contextlib.asynccontextmanager
async def process(*command: str) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Another Python process, ended with the context; what it says, and what it is told."""
    pipe = subprocess.PIPE
    made = await asyncio.create_subprocess_exec(sys.executable, *command, stdin=pipe, stdout=pipe)
    assert made.stdin is not None
    assert made.stdout is not None
    try:
        yield made.stdout, made.stdin
    finally:
        made.stdin.close()
        with contextlib.suppress(ProcessLookupError):
            made.kill()
        await made.wait()


@contextlib.asynccontextmanager
async def ear(port: int) -> AsyncIterator[list[tuple[str, int]]]:
    """(event, ns from reading to here) of each alarm that arrives, noted by another process."""
    heard: list[tuple[str, int]] = []
    async with contextlib.AsyncExitStack() as stack:
        lines, _ = await stack.enter_async_context(process("-c", EAR, str(port)))
        await lines.readline()

        async def note() -> None:
            async for line in lines:
                event, said, at = line.decode().split()
                heard.append((event, int(at) - parse_iso(said)))

        task = asyncio.create_task(note())
        stack.push_async_callback(asyncio.wait, [task])
        stack.callback(task.cancel)
        yield heard


@dataclass
class Found:
    """Of every turn."""

    idle: list[tuple[str, int]] = field(default_factory=list)
    busy: list[tuple[str, int]] = field(default_factory=list)
    control: list[tuple[str, int]] = field(default_factory=list)
    ours: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    """the highest of each turn of ours, MB"""
    before: float = 0.0


def p99_ms(found: Sequence[tuple[str, int]]) -> float:
    times = [ns / 1e6 for event, ns in found if event in ("raised", "cleared")]
    return float(np.percentile(times, 99)) if times else float("nan")


async def rss(peaks: list[float]) -> None:
    """The highest so far is the last of ``peaks``, for ever."""
    this = psutil.Process()
    while True:
        peaks[-1] = max(peaks[-1], this.memory_info().rss / 1e6)
        await asyncio.sleep(SAMPLE_S)


@dataclass(frozen=True)
class Bench:
    """Who takes turns."""

    turns: Turns
    mouth: Mouth
    heard: list[tuple[str, int]]
    peer: tuple[asyncio.StreamReader, asyncio.StreamWriter]
    found: Found

    async def run(self, parts: int) -> None:
        """Idle and ours, the bare loop; who begins changes from turn to turn."""
        for turn in range(parts):
            for each in (self._ours, self._bare)[:: 1 if turn % 2 else -1]:
                await each(turn)
        self.mouth.going.set()
        for turn in range(min(CONTROLS, parts)):
            await self._prepare(turn)
            self.heard.clear()
            await self._post()
            self.found.control += self.heard

    async def _ours(self, turn: int) -> None:
        self.mouth.going.set()
        await asyncio.sleep(IDLE_S / 4)
        self.heard.clear()
        await asyncio.sleep(IDLE_S)
        self.found.idle += self.heard
        self.heard.clear()
        self.found.memory.append(0.0)
        watch = asyncio.create_task(rss(self.found.memory))
        self.found.ours.append(await self.turns.take((turn + 1) * PART))
        self.found.busy += self.heard
        watch.cancel()
        self.mouth.going.clear()

    async def _bare(self, turn: int) -> None:
        await self._prepare(turn)
        self.found.bare.append(await self._post())

    async def _prepare(self, turn: int) -> None:
        said, told = self.peer
        told.write(f"{turn * PART} {(turn + 1) * PART}\n".encode())
        await said.readline()

    async def _post(self) -> float:
        said, told = self.peer
        told.write(b"go\n")
        return float(await said.readline())


async def drain(folder: Path, influx: Influxd, broker: Mosquitto, *, base: int, seconds: int) -> Found:
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
    bare = ("-m", "benchmarks._bare", influx.host, str(influx.port), "bare", str(base))
    async with ear(broker.port) as heard, process(*bare) as peer:
        mouth.going.set()
        await asyncio.sleep(IDLE_S)
        found.before = psutil.Process().memory_info().rss / 1e6
        await Bench(sink.turns, mouth, heard, peer, found).run(seconds // PART)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return found


def measure(seconds: int) -> dict[str, Any]:
    """All of it, in one session."""
    site, base = plant(), (time.time_ns() // NS - seconds - 60) * NS
    warm(needed(site))
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder, far = Path(name), stack.enter_context(tempfile.TemporaryDirectory(dir=MEMORY))
        influx = Elsewhere(Influxd.binary() or "influxd", Path(far))
        broker = Mosquitto(Mosquitto.binary() or "mosquitto", folder / "mosquitto", MosquittoOptions())
        for server in (influx, broker):
            server.start()
            stack.callback(server.stop)
        for database in ("ours", "bare"):
            influx.create_database(database)
        fill(folder / "state", site, base, seconds)
        found = asyncio.run(drain(folder / "state", influx, broker, base=base, seconds=seconds))
        counts = [
            influx.query('SELECT count("value") FROM "reading"', d)[0]["count"] for d in ("ours", "bare")
        ]
    return {**summary(found), "backlog": TAGS * seconds, "stored": counts[0], "stored_by_bare": counts[1],
            "scale": f"{seconds} s of a day of {TAGS} tags at 1 Hz"}  # fmt: skip


def summary(found: Found) -> dict[str, Any]:
    """The figures; of memory, by how much the last quarter of the turns exceeds the one before."""
    lines, part = TAGS * PART, max(1, len(found.memory) // 4)
    shares = [b / a for a, b in zip(found.ours, found.bare, strict=True)]
    middle, last = max(found.memory[-2 * part : -part]), max(found.memory[-part:])
    idle, busy = p99_ms(found.idle), p99_ms(found.busy)
    return {
        "lines_per_s": round(lines * len(found.ours) / sum(found.ours)),
        "bare_lines_per_s": round(lines * len(found.bare) / sum(found.bare)),
        "share": round(sum(found.bare) / sum(found.ours), 3),
        "share_of_turns": [round(s, 2) for s in shares],
        "idle_p99_ms": round(idle, 1),
        "draining_p99_ms": round(busy, 1),
        "p99_ratio": round(busy / idle, 3),
        "control_p99_ms": round(p99_ms(found.control), 1),
        "alarms": [len(found.idle), len(found.busy), len(found.control)],
        "rss_before_mb": round(found.before, 1),
        "rss_mb": [round(each, 1) for each in found.memory],
        "rss_growth": round(last / middle - 1, 4),
    }


def main() -> int:
    """Print; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.delivery")
    parser.add_argument("--seconds", type=int, default=SECONDS, help=f"of backlog, in turns of {PART}")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    if Influxd.binary() is None or Mosquitto.binary() is None:
        sys.stdout.write(
            json.dumps({"benchmark": "delivery", "not run": "needs influxd and mosquitto"}) + "\n"
        )
        return 0
    found = measure(max(3 * PART, args.seconds // PART * PART))
    aims = {
        "share": found["share"] >= AIM_SHARE,
        "p99": found["p99_ratio"] <= AIM_P99,
        "memory": found["rss_growth"] <= AIM_GROWTH,
        "stored": found["stored"] >= found["backlog"],
    }
    report = {"benchmark": "delivery", **found, "aims_met": aims}
    if args.json:
        sys.stdout.write(json.dumps(report) + "\n")
    else:
        sys.stdout.write("\n".join(f"{k}: {v}" for k, v in report.items()) + "\n")
    return 0 if all(aims.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
