"""A full disk during an alarm (promise 5): first the reserve, then alarms that leave before they can be kept."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.model.events import EventKind
from tests.conftest import MosquittoFactory
from tests.e2e.conftest import GatewayFactory
from tests.e2e.device import Device
from tests.e2e.ears import Ears, Heard
from tests.e2e.sites import level, mqtt, plc
from tests.helpers.gateway import Gateway, until, write_site

SIZE_MB = 220
"""Room for the reserve twice (64 MB each) and a little more."""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own that the test can fill."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode != 0:
        pytest.skip("a small file system can be mounted by root only, and not in every container")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Take every free byte, as a run-away log would."""
    path = folder / f"log-{len(list(folder.glob('log-*')))}"
    with path.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while file.write(b"x" * size):
                    pass
            except OSError:
                continue
    return path


def raised(rule: str) -> object:
    """A message that raises ``rule`` on the topics regulators follow."""

    def fits(heard: Heard) -> bool:
        return (
            heard.branch == "alarms"
            and heard.json["rule"] == rule
            and heard.json["event"] == EventKind.RAISED
        )

    return fits


def fill_until(gateway: Gateway, folder: Path, condition: object, what: str) -> None:
    """Fill what the gateway frees, too, until it notices."""

    def noticed() -> bool:
        fill(folder)
        assert callable(condition)
        return bool(condition())

    until(noticed, 60, f"{what}; log:\n{gateway.log}")


@pytest.mark.timeout(240)
def test_alarms_leave_a_full_disk_and_are_journalled_later(
    tmp_path: Path, small_disk: Path, device: Device, gateway_of: GatewayFactory, mosquitto: MosquittoFactory
) -> None:
    broker = mosquitto()
    config = write_site(
        tmp_path,
        sources=plc(device.port),
        tags=[level(1), level(2)],
        outputs={"county": mqtt(broker.port)},
        state=str(small_disk / "state"),
    )
    gateway = gateway_of(config)
    with Ears(broker.port) as ears:
        gateway.start()
        reserve = gateway.state / "reserve"
        assert reserve.stat().st_size == 64 << 20

        # The disk fills: the reserve makes room, and the alarm is on disk before it leaves.
        fill(small_disk)
        until(lambda: not reserve.exists(), 60, f"the reserve is given up; log:\n{gateway.log}")
        device.set(1, 8500)
        kept = ears.wait(raised("LT-1.H"), what="the alarm that the reserve made room for")
        assert "durable" not in kept.json
        assert gateway.wait_event(EventKind.RAISED, "LT-1.H").data == kept.payload

        # That is full, too: the alarm leaves at once and says that nothing keeps it yet.
        fill_until(gateway, small_disk, lambda: not gateway.api("/status")["durable"], "the disk refuses")
        device.set(2, 8500)
        loose = ears.wait(raised("LT-2.H"), what="the alarm of a full disk")
        assert loose.json["durable"] is False
        assert not gateway.events(EventKind.RAISED, "LT-2.H"), "it cannot be on disk yet"
        status = gateway.api("/status")
        assert (status["state"], status["durable"]) == ("degraded", False)
        assert "disk" in status["troubles"]

        # Space returns: journalled, the very bytes that left, in the same chain.
        for path in small_disk.glob("log-*"):
            path.unlink()
        record = gateway.wait_event(EventKind.RAISED, "LT-2.H", timeout=60)
        assert record.data == loose.payload
        assert record.seq == loose.json["seq"]
        until(lambda: gateway.api("/status")["durable"], 30, "durable again")
    assert gateway.stop() == 0
    gateway.assert_whole()
    seqs = [json.loads(r.data)["seq"] for r in gateway.journal()]
    assert seqs == list(range(1, len(seqs) + 1)), "no hole, nothing twice"
