"""The InfluxDB sinks and their lanes, for tests against real and scripted servers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import numpy as np

from gateway.model.batch import Batch
from gateway.model.ports import Chunk
from gateway.model.quality import Quality
from gateway.sinks.influxdb.config import Settings
from gateway.sinks.influxdb.events import EventSink
from gateway.sinks.influxdb.readings import ReadingSink
from tests.helpers.lane import T0, FakeEventLane, FakeReadingLane, Journal, present, site

SITE = site()
V1: dict[str, Any] = {"kind": "influxdb", "version": 1, "database": "fengsui"}
V2: dict[str, Any] = {
    "kind": "influxdb",
    "version": 2,
    "org": "o r",
    "bucket": "b&1",
    "token_env": "TEST_TOKEN",
}


def chunk(number: int, rows: int = 50, *, table: str = SITE.table, step: int = 1_000_000_001) -> Chunk:
    rng = np.random.default_rng(number)
    tag = np.arange(rows, dtype=np.int32) % 4
    source = T0 + (number * rows + np.arange(rows, dtype=np.int64)) * step
    quality = np.where(np.arange(rows) % 7 == 3, Quality.COMMUNICATION, Quality.GOOD).astype(np.uint8)
    batch = Batch(table, tag, source, source + 5, rng.normal(5, 1e3, rows), quality)
    return Chunk(number, number, number, batch)


def reading_lane(*chunks: Chunk) -> FakeReadingLane:
    lane = FakeReadingLane("tsdb.readings", present(SITE))
    lane.put(*chunks)
    return lane


def event_lane(*events: Any) -> FakeEventLane:
    lane = FakeEventLane("tsdb.events", present(SITE))
    lane.put(*Journal(SITE).add(*events))
    return lane


def readings(url: str, **more: Any) -> ReadingSink:
    return ReadingSink("tsdb", Settings(**{**V1, "url": url, "timeout": "2s", **more}))


def events(url: str, **more: Any) -> EventSink:
    return EventSink("tsdb", Settings(**{**V1, "url": url, "timeout": "2s", **more}))


@contextlib.asynccontextmanager
async def running(sink: Any, lane: Any) -> AsyncIterator[None]:
    task = asyncio.create_task(sink.run(lane))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def deliver(sink: Any, lane: Any, upto: int) -> None:
    """One life of the sink, until the cursor is there."""
    async with running(sink, lane):
        await lane.until(lambda: lane.accepted >= upto)
