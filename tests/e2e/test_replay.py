"""``fengsui replay``: a recording goes out on the wires that a site's tag list names, and on any topic."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pymodbus.client import AsyncModbusTcpClient

from gateway.sinks.mqtt.listener import Caller, listening
from tests.conftest import MosquittoFactory

FENGSUI = Path(sys.executable).with_name("fengsui")
DEMO = Path(__file__).parents[2] / "configs" / "examples" / "demo"
EVERY_S = 5


def recorded() -> str:
    """An hour: a level whose instrument fails after two minutes, a gas, a switch, and a pool that rises."""
    rows = [f"{t},{'Bad' if t >= 120 else 7.5},12.5,1,{99 + t / 1000},3" for t in range(0, 3600, EVERY_S)]
    return "\n".join(["time,LT-101A,AT-201A,LSHH-101,WL-601,RF-601", *rows])


@asynccontextmanager
async def replay(*arguments: object) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        FENGSUI,
        "replay",
        *map(str, arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()  # passed on to the simulator, which ends in good order
            assert await asyncio.wait_for(process.wait(), 60) == 0


async def line(process: asyncio.subprocess.Process) -> dict[str, Any]:
    assert process.stdout is not None
    found: dict[str, Any] = json.loads(await asyncio.wait_for(process.stdout.readline(), 60))
    return found


def copy(folder: Path, words: dict[str, object]) -> Path:
    """The demonstration site on other ports."""
    shutil.copytree(DEMO, folder)
    site = folder / "site.yaml"
    text = site.read_text(encoding="utf-8")
    for old, new in words.items():
        text = text.replace(old, str(new))
    site.write_text(text, encoding="utf-8")
    return site


async def test_into_a_site_its_devices_answer_and_its_broker_hears(
    mosquitto: MosquittoFactory, free_port: Callable[[], int], tmp_path: Path
) -> None:
    broker = mosquitto()
    ports = {str(15020 + n): free_port() for n in range(4)}
    site = copy(tmp_path / "site", {**ports, "18830": broker.port})
    data = tmp_path / "data.csv"
    data.write_text(recorded(), encoding="utf-8")
    heard: list[tuple[str, bytes]] = []
    hear = listening(Caller(broker.host, broker.port), ["demo/#"], lambda t, p, _: heard.append((t, p)))
    async with hear, replay(data, "--into", site, "--speed", 60, "--stay") as process:
        assert (await line(process))["devices"]["plc"]["port"] == ports["15020"]
        async with asyncio.timeout(60):
            while len(heard) < 3:
                await asyncio.sleep(0.02)
            async with AsyncModbusTcpClient("127.0.0.1", port=ports["15021"]) as gas:
                assert (await gas.read_holding_registers(0, count=2, device_id=2)).registers == [0, 0x4148], (
                    "12.5"
                )
            async with AsyncModbusTcpClient("127.0.0.1", port=ports["15020"]) as plc:
                while (level := await plc.read_input_registers(0, count=1, device_id=1)).registers != [3500]:
                    assert level.registers == [12000], "7.5 m of 15 m is 12 mA, until the bad reading"
                    await asyncio.sleep(0.02)
                assert (await plc.read_discrete_inputs(0, count=1, device_id=1)).bits[0]
                assert (await plc.read_discrete_inputs(1, count=1, device_id=1)).exception_code == 4, (
                    "no data"
                )
    first, second, *_ = [json.loads(payload) for topic, payload in heard if topic == "demo/pond/station1"]
    assert (first["data"]["level"], second["data"]["level"]) == (99.0, 99.005)
    assert second["ts"] - first["ts"] == pytest.approx(EVERY_S * 1000 / 60, abs=1), "at sixty times the speed"
    assert ("demo/pond/RF-601", b"3.0") in heard


async def test_into_any_topic_with_the_recorded_times(mosquitto: MosquittoFactory, tmp_path: Path) -> None:
    broker = mosquitto()
    data = tmp_path / "data.csv"
    data.write_text("tag,time,value,quality\nA,1767225600,1.5,0\nB,1767225601,,130\n", encoding="utf-8")
    heard: list[tuple[str, Any]] = []
    hear = listening(
        Caller(broker.host, broker.port), ["site/#"], lambda t, p, _: heard.append((t, json.loads(p)))
    )
    into = f"mqtt://{broker.host}:{broker.port}/site/{{tag}}"
    async with hear, replay(data, "--into", into, "--keep-times", "--speed", 10) as process:
        await line(process)
        done = await line(process)
        assert await asyncio.wait_for(process.wait(), 60) == 0
        async with asyncio.timeout(60):
            while len(heard) < 2:
                await asyncio.sleep(0.02)
    assert done == {"played": 2, "bad": 1, "published": 2, "refused": 0, "over": True}
    assert heard == [
        ("site/A", {"ts": 1767225600000, "v": 1.5}),
        ("site/B", {"ts": 1767225601000, "v": None}),
    ]


@pytest.mark.parametrize(
    ("into", "words"),
    [
        ("mqtt://127.0.0.1:1883/site", "allowed: mqtt://[USER@]HOST:PORT/topic/{tag}"),
        ("SITE", "sources.plc.host: 10.1.2.3; allowed: 127.0.0.1 or localhost"),
    ],
)
async def test_where_it_cannot_go_is_said(tmp_path: Path, into: str, words: str) -> None:
    site = copy(
        tmp_path / "site",
        {"plc: {kind: modbus-tcp, host: 127.0.0.1": "plc: {kind: modbus-tcp, host: 10.1.2.3"},
    )
    async with replay(tmp_path / "none.csv", "--into", site if into == "SITE" else into) as process:
        _, told = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 2
    assert words in told.decode()
