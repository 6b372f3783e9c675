"""Simulated devices that misbehave on every wire there is, sockets and pty pairs, read by the source."""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
import threading
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
from gateway.sources.modbus.rtu import crc
from gateway.sources.modbus.wire import ONLY_ECHO
from simulators.faults import Fault, make_fault
from simulators.image import Image, Table
from simulators.modbus import Device, DeviceServer, LineServer, server_of
from tests.helpers.certificates import certificates
from tests.helpers.feed import FakeFeed
from tests.ports import HOST

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
NOT_ON = {"wrong-id": ("ascii",), "bad-crc": ("tcp",)}


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


def secured(server: DeviceServer, folder: Path) -> dict[str, str]:
    """The device asks for our certificate, and we check its; both of one authority."""
    ca, (cert, key), (our_cert, our_key) = certificates(folder)
    server.secure = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(ca))
    server.secure.verify_mode = ssl.CERT_REQUIRED
    server.secure.load_cert_chain(cert, key)
    return {"kind": "modbus-tls", "ca": str(ca), "cert": str(our_cert), "key": str(our_key)}


def settings(server: DeviceServer, wire: str, secrets: dict[str, str]) -> Any:
    place: dict[str, object] = {
        "kind": "modbus-serial-tcp",
        "framing": server.device.framing,
        **server.place(),
    }
    if wire in ("tcp", "tls"):
        place = {"kind": "modbus-tcp", **secrets, **server.place()}
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
    device = Device(f"d-{wire}", wire=wire.replace("tls", "tcp"), link=str(folder / "port"))
    server = server_of(device, plant, np.random.default_rng(1))
    secrets = secured(server, folder) if wire == "tls" else {}
    await server.open(HOST, 0)
    made = settings(server, wire, secrets)
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


@pytest.mark.parametrize("wire", ["tcp", "ascii"])
async def test_each_fault_in_turn_and_back_each_time(wire: str, tmp_path: Path) -> None:
    """Values of every kind, on a wire that numbers its questions and on one that does not; all wires, with alarms:
    test_field_faults.
    """
    async with reading(wire, tmp_path) as (feed, plant, server):
        await feed.until(lambda: good(feed, 0))
        for kind, params in FAULTS:
            if wire in NOT_ON.get(kind, ()):
                continue
            plant.put(server, kind, params)
            await feed.until(lambda: _bad(feed))
            plant.faults = []
            since = len(feed.rows)
            await feed.until(lambda since=since: good(feed, since))  # type: ignore[misc]
            assert all(feed.up(link) for link in ("bus", "bus.1", "bus.2")), kind
        assert server.stats.writes == 0


def _bad(feed: FakeFeed) -> bool:
    """What was good is so no more: each tag's last reading is BAD, or one of its links is down."""
    last = {row.tag: row.quality for row in feed.rows}
    gone = {t for t, c in enumerate(CELLS) if not (feed.up("bus") and feed.up(f"bus.{c[0]}"))}
    return all(last[t] >= Quality.NO_DATA or t in gone for t in last)


BROADCAST = bytes.fromhex("0010 0001 0001 02 0000") + crc(bytes.fromhex("0010 0001 0001 02 0000"))
"""Another master writes to all: function 16, unit 0."""


@pytest.mark.parametrize("wire", ["rtu", "ascii"])
async def test_what_others_say_on_the_line_drops_nothing(wire: str, tmp_path: Path) -> None:
    """neuron 2148: now and then a frame that is nobody's. A poll may be lost, the line and its values are not."""
    async with reading(wire, tmp_path) as (feed, _, server):
        await feed.until(lambda: good(feed, 0))
        assert isinstance(server, LineServer)
        for _ in range(5):
            os.write(server._far, BROADCAST)
            since = len(feed.rows)
            await feed.until(lambda since=since: good(feed, since))  # type: ignore[misc]
        assert feed.links == []


async def test_a_slow_line_takes_its_time(tmp_path: Path) -> None:
    """FUXA 1107: at 300 bit/s a character takes 30 ms, and an answer of 27 several times the timeout."""
    plant = Plant()
    server = server_of(Device("d", wire="rtu", link=str(tmp_path / "port")), plant, np.random.default_rng(1))
    await server.open(HOST, 0)
    plant.put(server, "split", {"gap_s": 0.02})
    place = {
        "kind": "modbus-serial",
        "port": server.place()["path"],
        "baud": 300,
        "parity": "none",
        "timeout": "200ms",
    }
    made = SOURCES["modbus-serial"].Settings.model_validate(place)
    tags = [Tag(id=f"T{k}", raw="", description="", cls="other", unit="", installation="") for k in range(11)]
    bound = [(k, t, SOURCES["modbus-serial"].bind(made, f"1:holding:{k}", t)) for k, t in enumerate(tags)]
    feed = FakeFeed()
    task = asyncio.create_task(build("bus", made, bound).run(feed))
    try:
        await feed.until(lambda: len(feed.rows) >= 11, 20.0)
        assert [(row.value, row.quality) for row in feed.rows[:11]] == [(float(k), 0) for k in range(11)]
        assert feed.links == []
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await server.close()


async def test_a_port_that_a_thread_reads_as_on_windows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Faults that end the connection and faults that do not; at the end no thread is left."""
    monkeypatch.setattr("gateway.sources.modbus.port.open_port.__kwdefaults__", {"threaded": True})
    async with reading("rtu", tmp_path) as (feed, plant, server):
        await feed.until(lambda: good(feed, 0))
        assert [t for t in threading.enumerate() if t.name.startswith("read ")]
        for kind in ("bad-crc", "silent", "refuse"):
            plant.put(server, kind, {})
            await feed.until(lambda: _bad(feed))
            plant.faults = []
            since = len(feed.rows)
            await feed.until(lambda since=since: good(feed, since))  # type: ignore[misc]
    await feed.until(lambda: not [t for t in threading.enumerate() if t.name.startswith("read ")])


@pytest.mark.parametrize("wire", ["rtu", "ascii", "rtu-tcp"])
async def test_an_adapter_that_hears_itself(wire: str, tmp_path: Path) -> None:
    """Its echo is no answer. Devices behind it are read; where nobody answers, the link says what it looks like."""
    async with reading(wire, tmp_path) as (feed, plant, server):
        plant.put(server, "echo", {})
        since = len(feed.rows)
        await feed.until(lambda: good(feed, since))
        assert feed.links == []
        plant.faults = [*plant.faults, make_fault("g", "silent", server.device.name, 0.0, {})]
        await feed.until(lambda: not feed.up("bus.1") and not feed.up("bus.2"))
        assert all(ONLY_ECHO in why for _, up, why in feed.links if not up)


async def test_a_device_that_cannot_show_who_it_is_is_not_read(tmp_path: Path) -> None:
    """Its line is down, with the reason."""
    server = server_of(Device("d"), Plant(), np.random.default_rng(1))
    secrets = secured(server, tmp_path)
    await server.open(HOST, 0)
    other = tmp_path / "other"
    other.mkdir()
    stranger, _, _ = certificates(other)
    made = settings(server, "tls", {**secrets, "ca": str(stranger)})
    bind = SOURCES["modbus-tls"].bind
    tag = Tag(id="T", raw="", description="", cls="other", unit="", installation="")
    feed = FakeFeed()
    task = asyncio.create_task(build("bus", made, [(0, tag, bind(made, CELLS[0], tag))]).run(feed))
    try:
        await feed.until(lambda: not feed.up("bus"))
        assert "certificate" in feed.links[0][2].lower()
        assert feed.rows == []
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await server.close()
