"""The simulator as its users meet it: a process with a ready line, ports, a control port and a truth file."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pymodbus.client import AsyncModbusTcpClient

from simulators.cli import main
from simulators.clock import ScaledClock
from tests.unit.simulators.wire import listening

ROOT = Path(__file__).parents[3]


@dataclass
class Running:
    ready: dict[str, Any]
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, **request: Any) -> dict[str, Any]:
        self.writer.write(json.dumps(request).encode() + b"\n")
        answer: dict[str, Any] = json.loads(await asyncio.wait_for(self.reader.readline(), 5.0))
        return answer


@asynccontextmanager
async def running(*arguments: str) -> AsyncIterator[Running]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulators", "run", *arguments, "--control", "0",
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        ready = json.loads(await asyncio.wait_for(process.stdout.readline(), 20.0))
        reader, writer = await asyncio.open_connection("127.0.0.1", ready["control"])
        yield Running(ready, reader, writer)
        writer.write(b'{"cmd": "stop"}\n')
        assert await asyncio.wait_for(process.wait(), 10.0) == 0
        writer.close()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def until(run: Running, seconds: float) -> dict[str, Any]:
    for _ in range(200):
        stats = await run.ask(cmd="stats")
        if stats["seconds"] >= seconds:
            return stats
        await asyncio.sleep(0.02)
    raise TimeoutError


async def test_a_run_from_hold_to_stop(tmp_path: Path) -> None:
    truth = tmp_path / "truth.json"
    async with listening() as ear:
        arguments = (
            "calm",
            "--hold",
            "--speed",
            "200",
            "--mqtt",
            f"127.0.0.1:{ear.port}",
            "--truth",
            str(truth),
        )
        async with running(*arguments) as run:
            assert (await run.ask(cmd="stats"))["seconds"] == 0.0
            t0, wall0 = 1_800_000_000 * 10**9, time.time_ns()
            assert (await run.ask(cmd="start", t0_ns=t0, wall0_ns=wall0))["ok"]
            await until(run, 20.0)
            client = AsyncModbusTcpClient("127.0.0.1", port=run.ready["devices"]["plc"]["port"])
            await client.connect()
            counts = (await client.read_input_registers(0, count=3, device_id=1)).registers
            await run.ask(cmd="fault", kind="failure-high", target="LT-102A", id="x")
            failed = (await client.read_input_registers(1, count=1, device_id=1)).registers[0]
            client.close()
            stats = await until(run, 60.0)
            values = (await run.ask(cmd="values"))["values"]
            assert not (await run.ask(cmd="fault", kind="nan", target="LT-102A"))["ok"]
            assert (await run.ask(cmd="clear", id="all"))["cleared"] == ["x"]
            assert (await run.ask(cmd="truth"))["truth"]["scenario"] == "calm"
        document = json.loads(next(p for t, p in ear.messages if t == "demo/pond/station1"))
    assert counts[0] == pytest.approx(4000 + values["T101.level"] / 15 * 16000, abs=800)
    assert failed == 21800
    assert stats["devices"]["plc"]["requests"] == 2
    assert stats["devices"]["plc"]["writes"] == 0
    assert stats["mqtt"]["published"] > 20
    assert 0 <= document["ts"] - t0 // 1_000_000 <= 1000
    assert json.loads(truth.read_text(encoding="utf-8"))["done"] is False


async def test_a_plant_that_is_led_goes_where_it_is_told_and_says_what_the_broker_has() -> None:
    async with running("calm", "--hold", "--broker", "0") as run:
        assert not (await run.ask(cmd="advance", to_s=5.0))["ok"], "time passes by the wall until it is led"
        assert (await run.ask(cmd="start", t0_ns=1_800_000_000 * 10**9, led=True))["ok"]
        answer = await run.ask(cmd="advance", to_s=30.0)
        assert (answer["seconds"], answer["waiting"] > 3) == (30.0, True)
        async with asyncio.timeout(10):
            while answer["waiting"]:
                await asyncio.sleep(0.01)
                answer = await run.ask(cmd="advance", to_s=30.0)
        stats = await run.ask(cmd="stats")
        assert stats["mqtt"]["published"] > 3
        assert (await run.ask(cmd="advance", to_s=10.0))["seconds"] == 30.0, "never back"
        assert not (await run.ask(cmd="advance"))["ok"]


async def test_control_answers_nonsense_with_what_is_allowed() -> None:
    async with running("calm") as run:
        assert run.ready["tags"] > 40
        for request in (
            {"cmd": "dance"},
            {"cmd": "fault"},
            {"cmd": "set", "name": "x"},
            {"cmd": "clear", "id": "y"},
        ):
            answer = await run.ask(**request)
            assert not answer["ok"]
            assert answer["error"]
        assert (await run.ask(cmd="set", name="air.rain_mm_h", value=40.0))["inputs"]["air.rain_mm_h"] == 40.0


def test_plant_time_is_wall_time_scaled() -> None:
    clock = ScaledClock(1_000, 500, 30.0, wall=lambda: 500 + 2_000_000_000)
    assert clock.now_ns() == 1_000 + 60_000_000_000
    assert clock.elapsed_s() == 60.0
    assert clock.at_ns(60.0) == clock.now_ns()


def test_wrong_usage_is_exit_2(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["check", "nowhere"]) == 2
    assert main(["run", "calm", "--mqtt", "nohost"]) == 2
    assert main(["run", "calm", "--hold"]) == 2
    bad = tmp_path / "bad.yaml"
    bad.write_text("[", encoding="utf-8")
    assert main(["check", str(bad)]) == 2
    assert "demo" in capsys.readouterr().err


def test_a_broken_promise_is_exit_1(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(
        "{scenario: broken, plant: demo, seed: 1, duration_s: 10, expect: [{id: e, tag: LT-101A, rule: LT-101A.H,"
        " level: yellow, kind: process, cause: {var: T101.level, above: 20}, between: [0, 5], raise_within: [0, 1]}]}",
        encoding="utf-8",
    )
    assert main(["check", str(path)]) == 1
    assert "promised within" in capsys.readouterr().out


def test_tags_and_truth_are_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tags", "demo"]) == 0
    tags = json.loads(capsys.readouterr().out)
    assert {t["id"] for t in tags["tags"]} >= {"LT-101A", "AT-201A", "WL-601"}
    assert main(["truth", "instruments"]) == 0
    assert json.loads(capsys.readouterr().out)["done"] is True
