"""The service manager: ready when judging, a sign of life over a real socket, none when the loop stands still."""

from __future__ import annotations

import asyncio
import configparser
import io
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import structlog

from gateway.app import service
from gateway.app.run import set_up_log
from gateway.app.service import Manager, attend
from tests.unit.runtime.rig import running

UNITS = Path(__file__).parents[3] / "configs/deploy/systemd"


class Listener:
    """What systemd is to a service: a datagram socket."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(10)

    def hear(self) -> dict[str, str]:
        return dict(line.split("=", 1) for line in self.socket.recv(4096).decode().splitlines())

    def silent(self, seconds: float) -> bool:
        self.socket.settimeout(seconds)
        try:
            self.socket.recv(4096)
        except TimeoutError:
            return True
        return False


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Listener]:
    found = Listener(tmp_path / "notify")
    yield found
    found.socket.close()


async def test_ready_alive_and_stopping(tmp_path: Path, manager: Listener) -> None:
    async with running(tmp_path / "state") as rig:
        told = Manager.of(
            {"NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "300000", "WATCHDOG_PID": str(os.getpid())}
        )
        assert told == Manager(manager.path, 0.3)
        task = asyncio.create_task(attend(rig.machine, told))
        first = await asyncio.to_thread(manager.hear)
        assert first["READY"] == "1"
        assert first["STATUS"].startswith(("online", "degraded"))
        assert (await asyncio.to_thread(manager.hear))["WATCHDOG"] == "1"
        time.sleep(0.5)  # the loop stands still: at most what was on its way is heard
        heard: list[Any] = []
        manager.socket.setblocking(False)
        while True:
            try:
                heard.append(manager.socket.recv(4096))
            except BlockingIOError:
                break
        assert heard == []
        manager.socket.settimeout(10)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        while "STOPPING" not in (last := await asyncio.to_thread(manager.hear)):
            assert "WATCHDOG" in last


def test_nobody_listens() -> None:
    assert Manager.of({}) is None
    assert Manager.of({"NOTIFY_SOCKET": "vsock:2:1"}) is None
    other = Manager.of({"NOTIFY_SOCKET": "@abstract", "WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"})
    assert other == Manager("@abstract", 0.0), "the watchdog is another process's"
    Manager("/nowhere/at/all").tell(READY="1")  # a warning, no more


def test_abstract_sockets(tmp_path: Path) -> None:
    name = f"@fengsui-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("\0" + name[1:])
        listening.settimeout(5)
        Manager(name).tell(READY="1", STATUS="x")
        assert listening.recv(100) == b"READY=1\nSTATUS=x"


def unit(name: str) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(UNITS / name, encoding="utf-8")
    return parser


def test_the_unit_waits_for_ready_watches_and_restarts() -> None:
    found = unit("fengsui.service")["Service"]
    assert (found["Type"], found["Restart"], found["RestartPreventExitStatus"]) == ("notify", "always", "2")
    assert int(found["WatchdogSec"]) > 2 * 5
    for name in (
        "ProtectSystem",
        "NoNewPrivileges",
        "PrivateTmp",
        "RestrictAddressFamilies",
        "SystemCallFilter",
    ):
        assert found[name]
    assert found["CapabilityBoundingSet"] == ""
    assert int(found["WatchdogSec"]) >= service.STATUS_S


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
@pytest.mark.parametrize("name", sorted(p.name for p in UNITS.glob("fengsui*")))
def test_systemd_takes_the_units(name: str, tmp_path: Path) -> None:
    for path in UNITS.glob("fengsui*"):
        text = path.read_text(encoding="utf-8").replace("/opt/fengsui/bin/fengsui", "/bin/true")
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    found = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / name)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    about = [
        line for line in found.stderr.splitlines() if "fengsui" in line and "is not executable" not in line
    ]
    assert about == [], found.stderr


def test_a_log_that_nobody_takes_any_more_fails_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    before = structlog.get_config()
    closed, nobody_reads = io.StringIO(), mock.Mock(spec=io.StringIO)
    closed.close()
    nobody_reads.write.side_effect = BrokenPipeError
    try:
        set_up_log()
        for stderr in (closed, nobody_reads):
            monkeypatch.setattr("sys.stderr", stderr)
            structlog.get_logger().error("unit failed with a bug and is restarted", exc_info=ValueError("x"))
    finally:
        structlog.configure(**before)
    nobody_reads.write.assert_called()


def test_the_log_can_be_json(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    before = structlog.get_config()
    monkeypatch.setenv("FENGSUI_LOG", "json")
    try:
        set_up_log()
        structlog.get_logger().warning("unit is down", unit="output.county", error="连接被拒绝")
    finally:
        structlog.configure(**before)
    found = json.loads(capsys.readouterr().err)
    assert (found["level"], found["unit"], found["error"]) == ("warning", "output.county", "连接被拒绝")
    assert found["timestamp"].endswith("Z")
