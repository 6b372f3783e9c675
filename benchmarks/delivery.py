"""A backlog drains while alarms go on: ``python -m benchmarks.delivery [--json]``. Exit 1 where an aim is missed.

A gateway was cut off from its database; its spool holds readings of 10,000 tags, one a second each. A whole day would
be 864 million; the backlog here is ``SECONDS`` of it (the figure is a rate, and the spool is read a page at a time).
Peer: a bare loop that posts the very same lines, made beforehand, to the same InfluxDB in the same session. Meanwhile a
live tag goes in and out of alarm, and another process notes when each alarm reaches it through Mosquitto.
"""

import argparse
import asyncio
import contextlib
import http.client
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from gateway.engine.warm import needed, warm
from gateway.model.batch import Batch, of_rows
from gateway.model.effective import dump_site
from gateway.model.inputs import Numbered, Readings
from gateway.model.levels import Level
from gateway.model.ports import Feed
from gateway.model.site import Installation, Rule, RuleKind, Site, Tag
from gateway.model.times import NS, parse_iso
from gateway.runtime.clock import SystemClock
from gateway.runtime.machine import Machine
from gateway.sinks.influxdb.config import Settings
from gateway.sinks.influxdb.encode import prefixes, reading_text
from gateway.sinks.influxdb.readings import ReadingSink
from gateway.sinks.mqtt.alarms import AlarmSink
from gateway.sinks.mqtt.config import Settings as Broker
from gateway.store import Identity, Store
from tests.servers import Influxd, Mosquitto, MosquittoOptions

TAGS, SECONDS = 10_000, 60
ALARM_EVERY_S, IDLE_S = 0.1, 12.0
AIM_SHARE, AIM_P99 = 0.8, 2.0
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


def plant() -> Site:
    """10,000 tags that never grow stale, and one of them with a limit."""
    tags = tuple(
        Tag(id=f"T-{i}", raw="", description="", cls="level", unit="m", installation="A", max_age=0)
        for i in range(TAGS)
    )
    rule = Rule(
        id="T-0.H", name="H", kind=RuleKind.LIMIT_HIGH, subject="T-0", tags=("T-0",), trigger=8.0, reset=7.0,
        installation="A", level=Level.RED, priority=1,
    )  # fmt: skip
    site = Site(gateway="gw", county="341524", id="bench", name="bench", tags=tags, rules=(rule,))
    return replace(site, config_hash="d" * 64, installations=(Installation(id="A", name="A"),))


def readings(site: Site, second: int) -> Batch:
    """A second of the plant, each tag a little later than the one before."""
    values = np.random.default_rng(second).normal(5, 0.5, TAGS).astype(np.float32).astype(np.float64)
    source = time.time_ns() // NS * NS - (SECONDS - second + 60) * NS + np.arange(TAGS, dtype=np.int64)
    return Batch(
        site.table, np.arange(TAGS, dtype=np.int32), source, source, values, np.zeros(TAGS, np.uint8)
    )


def fill(folder: Path, site: Site) -> list[Batch]:
    """A state folder whose spool holds the backlog; the journal's inputs are numbered without readings in them."""
    batches = [readings(site, second) for second in range(SECONDS)]
    store = Store.open(folder, Identity(site.gateway, site.county, site.id), now=time.time_ns())
    store.keep_config(site.config_hash, dump_site(site))
    for number, batch in enumerate(batches, 1):
        store.commit([Numbered(number, Readings(Batch.empty(site.table)))], [], time.time_ns())
        store.spool.append(number, number, batch)
    store.close()
    return batches


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


class Gated(ReadingSink):
    """The database lane, that begins when it is told."""

    def __init__(self, name: str, settings: Settings) -> None:
        super().__init__(name, settings)
        self.go, self.described = asyncio.Event(), asyncio.Event()

    async def run(self, lane: Any) -> None:
        await self.go.wait()
        await super().run(lane)

    async def _describe(self, lane: Any, writer: Any) -> None:
        """A line for each tag, once a start: no part of the backlog."""
        await super()._describe(lane, writer)
        self.described.set()


@contextlib.asynccontextmanager
async def ear(port: int) -> AsyncIterator[list[tuple[str, int]]]:
    """(event, ns from reading to here) of each alarm that arrives, noted by another process."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", EAR, str(port), stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    heard: list[tuple[str, int]] = []
    await process.stdout.readline()

    async def note(lines: asyncio.StreamReader) -> None:
        async for line in lines:
            event, said, at = line.decode().split()
            heard.append((event, int(at) - parse_iso(said)))

    task = asyncio.create_task(note(process.stdout))
    try:
        yield heard
    finally:
        process.kill()
        await process.wait()
        await task


def p99_ms(found: Sequence[tuple[str, int]]) -> float:
    times = [ns / 1e6 for event, ns in found if event in ("raised", "cleared")]
    return float(np.percentile(times, 99)) if times else float("nan")


async def ours(folder: Path, site: Site, influx: Influxd, broker: Mosquitto) -> dict[str, float]:
    """Idle latency, then the drain with alarms going on."""
    clock, mouth, process = SystemClock(), Mouth(), psutil.Process()
    store = Store.open(folder, Identity(site.gateway, site.county, site.id), now=clock.now())
    settings = Settings(kind="influxdb", version=1, url=influx.url, database="ours", timeout=60)
    sink = Gated("tsdb", settings)
    alarms = AlarmSink("county", Broker(kind="mqtt", host=broker.host, port=broker.port))
    sinks: Any = [sink, alarms]
    machine = Machine(site, store, clock, folder, [mouth], sinks)
    task = asyncio.create_task(machine.run())
    await machine.ready.wait()
    lane = next(o.lane for o in machine.outputs if o.sink.name == sink.name)
    async with ear(broker.port) as heard:
        mouth.going.set()
        await asyncio.sleep(2)
        heard.clear()
        await asyncio.sleep(IDLE_S)
        idle, before = list(heard), process.memory_info().rss
        heard.clear()
        sink.go.set()
        await sink.described.wait()
        heard.clear()
        began, peak = time.perf_counter(), before
        while lane.cursor < SECONDS:
            await asyncio.sleep(0.05)
            peak = max(peak, process.memory_info().rss)
        took, busy = time.perf_counter() - began, list(heard)
        mouth.going.clear()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return {
        "lines_per_s": TAGS * SECONDS / took,
        "idle_p99_ms": p99_ms(idle),
        "draining_p99_ms": p99_ms(busy),
        "alarms_idle": len(idle),
        "alarms_draining": len(busy),
        "rss_before_mb": before / 1e6,
        "rss_peak_mb": peak / 1e6,
    }


def bare(site: Site, batches: Sequence[Batch], influx: Influxd, database: str) -> float:
    """Lines a second of a loop that does nothing but post them, 5,000 at a time."""
    table = prefixes(site)
    texts = [
        reading_text(table, b.slice(at, at + 5000)).encode() for b in batches for at in range(0, TAGS, 5000)
    ]
    connection = http.client.HTTPConnection(influx.host, influx.port, timeout=60)
    began = time.perf_counter()
    for text in texts:
        connection.request("POST", f"/write?db={database}&precision=ns", text)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 204:
            raise RuntimeError(answer.status)
    took = time.perf_counter() - began
    connection.close()
    return TAGS * len(batches) / took


def measure() -> dict[str, Any]:
    """Both, in one session: the bare loop before and after ours, the better of the two counts."""
    site = plant()
    warm(needed(site))
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        influx = Influxd(Influxd.binary() or "influxd", folder / "influxd")
        broker = Mosquitto(Mosquitto.binary() or "mosquitto", folder / "mosquitto", MosquittoOptions())
        for server in (influx, broker):
            server.start()
            stack.callback(server.stop)
        for database in ("ours", "bare1", "bare2"):
            influx.create_database(database)
        batches = fill(folder / "state", site)
        first = bare(site, batches, influx, "bare1")
        found = asyncio.run(ours(folder / "state", site, influx, broker))
        second = bare(site, batches, influx, "bare2")
        stored = influx.query('SELECT count("value") FROM "reading"', "ours")[0]["count"]
    found["bare_lines_per_s"] = max(first, second)
    found["share"] = found["lines_per_s"] / found["bare_lines_per_s"]
    found["p99_ratio"] = found["draining_p99_ms"] / found["idle_p99_ms"]
    told = {k: round(v, 3) for k, v in found.items()}
    return {**told, "bare_runs": [round(first), round(second)], "backlog": TAGS * SECONDS, "stored": stored,
            "scale": f"{SECONDS} s of a day of {TAGS} tags at 1 Hz"}  # fmt: skip


def main() -> int:
    """Print; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.delivery")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    if Influxd.binary() is None or Mosquitto.binary() is None:
        sys.stdout.write(
            json.dumps({"benchmark": "delivery", "not run": "needs influxd and mosquitto"}) + "\n"
        )
        return 0
    found = measure()
    aims = {"share": found["share"] >= AIM_SHARE, "p99": found["p99_ratio"] <= AIM_P99}
    report = {"benchmark": "delivery", **found, "aims_met": aims}
    if args.json:
        sys.stdout.write(json.dumps(report) + "\n")
    else:
        sys.stdout.write("\n".join(f"{k}: {v}" for k, v in report.items()) + "\n")
    return 0 if all(aims.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
