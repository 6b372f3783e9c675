"""MQTT in: how many messages a core takes: ``python -m benchmarks.mqtt_in [--json] [--runs N] [--parts]``.

Two measurements. **Parts**: CPU of JSON messages of QoS 1 from the socket to a batch, acknowledged after a "commit"
that costs nothing, beside paho and gmqtt with ``json.loads`` in their callbacks, on the same flood from a process of
its own. **Whole**: the harness's flood of 60,000 messages through a whole system to a database (``FENGSUI_BENCH``,
``BENCH_ENV``; otherwise "not run"), Fengsui and Node-RED in turns. Messages a second and core = messages / CPU seconds
of the whole process tree; ``stored_per_s`` is by the clock: from the first message sent to the last of them stored.

Exit 1 where an aim is not met: the whole at least twice Node-RED's by CPU, and not fewer a second; the parts at least
paho's and gmqtt's.
"""

import argparse
import asyncio
import gc
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks._broker import broker, flood
from benchmarks._harness import Harness, Job
from gateway.model.site import Tag
from gateway.sources.mqtt.config import Settings, bind
from gateway.sources.mqtt.plugin import build

COUNT, TOPICS = 60_000, 1000
TIMES_NODE_RED: Final = 2.0
Spent = tuple[float, float]
"""CPU s, wall s of all messages"""


async def _ours(port: int) -> Spent:
    from tests.helpers.feed import FakeFeed

    given = {"kind": "mqtt", "host": "127.0.0.1", "port": port, "time": {"path": "ts", "unit": "ms"}}
    # A session that outlived its run would be given the peers' floods too.
    once = {"session_expiry": "1s", "client_id": f"bench-{time.time_ns()}"}
    settings = Settings.model_validate(given | once)
    tags = [
        Tag(id=f"t{k}", raw=f"t{k}", description="", cls="other", unit="", installation="A")
        for k in range(TOPICS)
    ]
    bound = [(k, tag, bind(settings, f"plant/d0/{tag.id}#v", tag)) for k, tag in enumerate(tags)]
    source, feed = build("field", settings, bound), FakeFeed()
    task = asyncio.create_task(source.run(feed))
    await feed.until(lambda: source.counters.connects == 1)
    await asyncio.sleep(0.5)
    publisher = flood(port, COUNT, TOPICS)
    cpu, wall = time.process_time(), time.perf_counter()
    while source.counters.acknowledged < COUNT:  # noqa: ASYNC110 - the source has no event for it
        await asyncio.sleep(0.02)
    found = time.process_time() - cpu, time.perf_counter() - wall
    publisher.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return found


def ours(port: int) -> Spent:
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_ours(port))


def with_paho(port: int) -> Spent:
    import paho.mqtt.client as paho
    from paho.mqtt.enums import CallbackAPIVersion

    done, rows = threading.Event(), list[tuple[str, float, int]]()

    def on_message(_client: Any, _data: Any, message: Any) -> None:
        body = json.loads(message.payload)
        rows.append((message.topic, body["v"], body["ts"]))
        if len(rows) == COUNT:
            done.set()

    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.on_message = on_message
    client.connect("127.0.0.1", port)
    client.subscribe("plant/#", 1)
    client.loop_start()
    time.sleep(0.5)
    publisher = flood(port, COUNT, TOPICS)
    cpu, wall = time.process_time(), time.perf_counter()
    done.wait(60)
    found = time.process_time() - cpu, time.perf_counter() - wall
    publisher.wait()
    client.disconnect()
    client.loop_stop()
    return found


async def _gmqtt(port: int) -> Spent:
    gmqtt: Any = import_module("gmqtt")  # it ships no types
    done, rows = asyncio.Event(), list[tuple[str, float, int]]()

    def on_message(_client: Any, topic: str, payload: bytes, _qos: int, _properties: Any) -> int:
        body = json.loads(payload)
        rows.append((topic, body["v"], body["ts"]))
        if len(rows) == COUNT:
            done.set()
        return 0

    client = gmqtt.Client("bench", receive_maximum=4000)
    client.on_message = on_message
    await client.connect("127.0.0.1", port)
    client.subscribe("plant/#", qos=1)
    await asyncio.sleep(0.5)
    publisher = flood(port, COUNT, TOPICS)
    cpu, wall = time.process_time(), time.perf_counter()
    async with asyncio.timeout(60):
        await done.wait()
    found = time.process_time() - cpu, time.perf_counter() - wall
    publisher.wait()
    await client.disconnect()
    return found


def with_gmqtt(port: int) -> Spent:
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_gmqtt(port))


PARTS: Final[dict[str, Callable[[int], Spent]]] = {"fengsui": ours, "paho": with_paho, "gmqtt": with_gmqtt}


def parts(runs: int) -> dict[str, Any]:
    """Messages a second and core by client, median of ``runs`` in turns."""
    found: dict[str, list[float]] = {name: [] for name in PARTS}
    walls: dict[str, list[float]] = {name: [] for name in PARTS}
    why = {}
    with broker() as server:
        if server is None:
            return dict.fromkeys(PARTS, "not run: no mosquitto here")
        for _ in range(runs):
            for name, run in PARTS.items():
                gc.collect()
                try:
                    cpu, wall = run(server.port)
                except ImportError:
                    why[name] = "not run: not installed"
                    continue
                found[name].append(COUNT / cpu)
                walls[name].append(COUNT / wall)
    rates = {name: round(median(each)) if each else why[name] for name, each in found.items()}
    return {**rates, "per_s": {name: round(median(each)) for name, each in walls.items() if each}}


def whole(runs: int) -> dict[str, Any]:
    """Messages a second and core of whole systems, median of ``runs`` in turns."""
    harness = Harness.from_environment()
    if harness.missing:
        return {"fengsui": f"not run: {harness.missing}", "nodered": f"not run: {harness.missing}"}
    found: dict[str, list[float]] = {"fengsui": [], "nodered": []}
    stored: dict[str, list[float]] = {"fengsui": [], "nodered": []}
    why: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(1, runs + 1):
            for order, name in enumerate(found):
                job = Job("S3max", seed, name, order)
                lacking = harness.lacks(job)
                result: dict[str, Any] = {"status": "", "why": lacking}
                if not lacking:
                    result = harness.run(job, 4, Path(folder))
                if result["status"] != "ok":
                    why[name] = f"not run: {result['why']}"
                    continue
                figures = result["figures"]
                if not figures["cpu_s_per_1000"] or not figures["readings_per_s"]:
                    why[name] = "not run: it stored nothing"
                    continue
                found[name].append(1000 / figures["cpu_s_per_1000"])
                stored[name].append(figures["readings_per_s"])
    rates = {name: round(median(each)) if each else why[name] for name, each in found.items()}
    return {**rates, "stored_per_s": {name: round(median(each)) for name, each in stored.items() if each}}


def short(report: dict[str, Any]) -> list[str]:
    """Aims that were measured and not met."""
    stored = report.get("whole", {}).get("stored_per_s", {})
    wanted = [("whole", "nodered", TIMES_NODE_RED), ("parts", "paho", 1.0), ("parts", "gmqtt", 1.0)]
    found = []
    for part, peer, times in wanted:
        mine, theirs = report.get(part, {}).get("fengsui"), report.get(part, {}).get(peer)
        if isinstance(mine, int) and isinstance(theirs, int) and mine < times * theirs:
            found.append(
                f"{part}: {mine} a second and core, at least {times:g} times {peer}'s {theirs} wanted"
            )
    if "nodered" in stored and stored.get("fengsui", 0) < stored["nodered"]:
        found.append(
            f"whole: {stored.get('fengsui', 0)} stored a second, at least Node-RED's {stored['nodered']} wanted"
        )
    return found


def main() -> int:
    asked = argparse.ArgumentParser(prog="python -m benchmarks.mqtt_in", description=__doc__)
    asked.add_argument("--json", action="store_true")
    asked.add_argument("--runs", type=int, default=3, help="of each, in turns; the median counts")
    asked.add_argument("--parts", action="store_true", help="without the whole systems")
    given = asked.parse_args()
    report: dict[str, Any] = {"benchmark": "mqtt_in", "unit": "messages a second and core"}
    report["parts"] = parts(given.runs)
    if not given.parts:
        report["whole"] = whole(given.runs)
    report["short"] = short(report)
    if given.json:
        print(json.dumps(report, ensure_ascii=False))
    else:
        for name in ("parts", "whole"):
            for who, figure in report.get(name, {}).items():
                print(f"{name:<6} {who:<13} {figure}")
        print("\n".join(report["short"]) or "met")
    return 1 if report["short"] else 0


if __name__ == "__main__":
    sys.exit(main())
