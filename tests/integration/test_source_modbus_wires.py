"""Simulated devices that misbehave on every wire there is, sockets and pty pairs, read by the source."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gateway.config.registry import SOURCES
from gateway.model.quality import Quality
from gateway.model.site import Tag
from gateway.model.times import NS
from gateway.sources.modbus.plugin import build
from simulators.faults import Fault, make_fault
from simulators.image import Image, Table
from simulators.modbus import Device, DeviceServer, server_of
from tests.helpers.feed import FakeFeed
from tests.ports import HOST

WIRES = ("tcp", "rtu-tcp", "ascii-tcp", "rtu", "ascii")
CELLS = ("1:holding:3", "1:holding:40:uint32", "1:coil:9", "2:input:7", "2:holding:3")
VALUES = [3.0, 40.0 * 65536 + 41, 1.0, 7.0, 3.0]
FAULTS: tuple[tuple[str, dict[str, float]], ...] = (
    ("silent", {}),
    ("latency", {"delay_s": 0.25}),
    ("exceptions", {"code": 6}),
    ("garbage", {}),
    ("truncated", {}),
    ("short", {}),
    ("long", {}),
    ("bad-crc", {}),
    ("wrong-id", {}),
    ("wrong-unit", {}),
    ("drop", {}),
    ("drop-mid", {}),
    ("refuse", {}),
    ("half-open", {}),
)
NOT_ON = {"wrong-id": WIRES[1:], "bad-crc": ("tcp",)}


@dataclass
class Plant:
    """Register n holds n, coil n is odd; ``faults`` are in force."""

    faults: list[Fault] = field(default_factory=list)

    def image(self, device: str, unit: int) -> Image | None:
        if unit > 2:
            return None
        bits, words = {n: n % 2 for n in range(100)}, {n: n for n in range(100)}
        return {1: Table(bits), 2: Table(bits), 3: Table(words), 4: Table(words)}

    def device_faults(self, device: str) -> Sequence[Fault]:
        return self.faults

    def put(self, server: DeviceServer, kind: str, params: dict[str, float]) -> None:
        self.faults = [make_fault("f", kind, server.device.name, 0.0, params)]

    async def follow(self, server: DeviceServer) -> None:
        while True:
            await server.follow()
            await asyncio.sleep(0.01)


def settings(server: DeviceServer, wire: str) -> Any:
    place: dict[str, object] = {
        "kind": "modbus-serial-tcp",
        "framing": server.device.framing,
        **server.place(),
    }
    if wire == "tcp":
        place = {"kind": "modbus-tcp", **server.place()}
    elif "path" in place:
        place = {
            "kind": "modbus-serial",
            "framing": server.device.framing,
            "port": place["path"],
            "baud": 115200,
            "parity": "none",  # a pty knows none
        }
    times = {"timeout": "100ms", "retry_max": "100ms", "reprobe": "1s", "period": "50ms"}
    return SOURCES[str(place["kind"])].Settings.model_validate({**place, **times})


@contextlib.asynccontextmanager
async def reading(wire: str, folder: Path) -> AsyncIterator[tuple[FakeFeed, Plant, DeviceServer]]:
    plant = Plant()
    device = Device(f"d-{wire}", wire=wire, link=str(folder / "port"))
    server = server_of(device, plant, np.random.default_rng(1))
    await server.open(HOST, 0)
    made = settings(server, wire)
    bare = {"raw": "", "description": "", "cls": "other", "unit": "", "installation": ""}
    tags = [Tag(id=f"T{k}", period=NS // 20, **bare) for k in range(len(CELLS))]  # type: ignore[arg-type]
    bind = SOURCES[made.kind].bind
    source = build(
        "bus", made, [(k, t, bind(made, c, t)) for k, (t, c) in enumerate(zip(tags, CELLS, strict=True))]
    )
    feed = FakeFeed()
    tasks = [asyncio.create_task(source.run(feed)), asyncio.create_task(plant.follow(server))]
    try:
        yield feed, plant, server
    finally:
        for task in tasks:
            task.cancel()
        for ended in await asyncio.gather(*tasks, return_exceptions=True):
            assert isinstance(ended, asyncio.CancelledError), ended
        await server.close()


def good(feed: FakeFeed, since: int) -> bool:
    """Every tag was read with its right value in the rows since then, and never with another."""
    rows = feed.rows[since:]
    assert all(row.value == VALUES[row.tag] for row in rows if row.quality == Quality.GOOD)
    return {row.tag for row in rows if row.quality == Quality.GOOD} == set(range(len(CELLS)))


@pytest.mark.parametrize("wire", WIRES)
async def test_each_fault_in_turn_and_back_each_time(wire: str, tmp_path: Path) -> None:
    async with reading(wire, tmp_path) as (feed, plant, server):
        await feed.until(lambda: good(feed, 0), 10.0)
        for kind, params in FAULTS:
            if wire in NOT_ON.get(kind, ()):
                continue
            plant.put(server, kind, params)
            await feed.until(lambda: _bad(feed), 10.0)
            plant.faults = []
            since = len(feed.rows)
            await feed.until(lambda since=since: good(feed, since), 10.0)  # type: ignore[misc]
            assert all(feed.up(link) for link in ("bus", "bus.1", "bus.2")), kind
        assert server.stats.writes == 0


def _bad(feed: FakeFeed) -> bool:
    """What was good is so no more: each tag's last reading is BAD, or one of its links is down."""
    last = {row.tag: row.quality for row in feed.rows}
    gone = {t for t, c in enumerate(CELLS) if not (feed.up("bus") and feed.up(f"bus.{c[0]}"))}
    return all(last[t] >= Quality.NO_DATA or t in gone for t in last)
