"""Readings as line protocol: CPU of 1,000 lines: ``python -m benchmarks.influx_lines``.

20 devices of 50 tags, one source time a device. Peers: an f-string for each reading, and the official client's points
where it is installed. With an InfluxDB server here, also what our output takes to store them.
"""

import asyncio
import importlib.util
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._show import cpu_of, show
from benchmarks.engine import START, site
from gateway.model.batch import Batch
from gateway.model.ports import Chunk
from gateway.model.times import NS
from gateway.sinks.influxdb.config import Settings
from gateway.sinks.influxdb.encode import prefixes, reading_text
from gateway.sinks.influxdb.readings import ReadingSink

TAGS, ROUNDS = 1000, 100


def readings(table: str, second: int = 0) -> Batch:
    """float32 of a device as float64, as a register pair gives them."""
    values = np.random.default_rng(second).normal(50, 5, TAGS).astype(np.float32).astype(np.float64)
    source = START + second * NS + np.arange(TAGS) // 50 * 1_234_567
    return Batch(table, np.arange(TAGS, dtype=np.int32), source, source, values, np.zeros(TAGS, np.uint8))


def columns(batch: Batch) -> Any:
    return zip(batch.tag.tolist(), batch.value.tolist(), batch.source.tolist(), strict=True)


def with_points(batch: Batch) -> float | str:
    if importlib.util.find_spec("influxdb_client") is None:
        return "not run: influxdb-client is not installed"
    from influxdb_client import Point

    def work() -> None:
        for tag, value, at in columns(batch):
            point = Point("reading").tag("site", "bench").tag("tag", f"T-{tag}").field("value", value)
            point.field("quality", 0).time(at).to_line_protocol()

    return cpu_of(lambda: [work() for _ in range(5)]) / 5 * 1e3


async def stored(table: str) -> dict[str, float] | str:
    """Our output against a real InfluxDB 1.x: CPU of this process and readings a second."""
    from tests.helpers.lane import FakeReadingLane, present
    from tests.servers import Influxd

    binary = Influxd.binary()
    if binary is None:
        return "not run: no influxd here"
    with tempfile.TemporaryDirectory() as folder:
        server = Influxd(binary, Path(folder))
        server.start()
        try:
            server.create_database("bench")
            settings = Settings(kind="influxdb", version=1, url=server.url, database="bench")
            lane = FakeReadingLane("tsdb.readings", present(site(TAGS)))
            lane.put(*(Chunk(k, k, k, readings(table, k)) for k in range(1, ROUNDS + 1)))
            sink = asyncio.create_task(ReadingSink("tsdb", settings).run(lane))
            cpu, wall = time.process_time(), time.perf_counter()
            await lane.until(lambda: lane.accepted == ROUNDS)
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
            sink.cancel()
            await asyncio.gather(sink, return_exceptions=True)
        finally:
            server.stop()
    return {"cpu_ms_per_1000": round(cpu / ROUNDS * 1e3, 4), "stored_per_s": round(ROUNDS * TAGS / wall)}


def main() -> None:
    plant = site(TAGS)
    batch, prefix = readings(plant.table), prefixes(plant)
    reading_text(prefix, batch)
    ours = cpu_of(lambda: [reading_text(prefix, batch) for _ in range(ROUNDS)]) / ROUNDS * 1e3
    good = prefix.good
    plain = cpu_of(
        lambda: [[f"{good[t]}{v},quality=0i {s}" for t, v, s in columns(batch)] for _ in range(ROUNDS)]
    )
    peers = {"an f-string each": plain / ROUNDS * 1e3, "influxdb-client points": with_points(batch)}
    show("influx_lines", "CPU ms per 1,000 lines", ours, peers, influxdb=asyncio.run(stored(plant.table)))


if __name__ == "__main__":
    main()
