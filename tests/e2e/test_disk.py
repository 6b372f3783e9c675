"""A full disk during an alarm: first the reserve, then memory; the alarm itself never waits."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.model.events import EventKind
from tests.conftest import MosquittoFactory
from tests.e2e.device import Device
from tests.e2e.ears import Ears, Heard
from tests.e2e.sites import level, mqtt, plc
from tests.e2e.tiny import TinyDisk, tiny_disk
from tests.helpers.gateway import Gateway, write_site

pytestmark = pytest.mark.timeout(300)
RAISED = EventKind.RAISED


@pytest.fixture(params=["mounted", "limited"])
def disk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[TinyDisk]:
    """A small file system of its own, and a process that may write no more (which needs no rights to mount)."""
    with tiny_disk(tmp_path / "disk", mount=request.param == "mounted") as made:
        if request.param == "mounted" and not made.has_reserve:
            pytest.skip("not allowed to mount a tmpfs here")
        yield made


def alarm(ears: Ears, tag: str) -> Heard:
    return ears.wait(
        lambda h: h.branch == "alarms" and h.json["rule"] == f"{tag}.HH" and h.json["event"] == "raised",
        what=tag,
    )


def test_an_alarm_on_a_full_disk_is_told_at_once_and_journalled_when_there_is_space(
    tmp_path: Path, disk: TinyDisk, device: Device, mosquitto: MosquittoFactory
) -> None:
    broker = mosquitto()
    tags = [level(n) for n in (1, 2, 3)]
    config = write_site(
        disk.folder, sources=plc(device.port), tags=tags, outputs={"county": mqtt(broker.port)}
    )
    with Gateway(config) as gateway, Ears(broker.port) as ears:
        gateway.start()
        ears.wait(lambda h: h.branch == "status" and h.json["state"] == "online", what="online")
        if disk.has_reserve:
            _the_reserve_keeps_it(disk, device, gateway, ears)
        _memory_keeps_it(disk, device, gateway, ears)
        assert gateway.stop() == 0
        gateway.assert_whole()
        heard = {h.json["seq"]: h.payload for h in ears.of("events")}
        kept = {r.seq: r.data for r in gateway.journal()}
        assert {seq: kept[seq] for seq in heard} == heard, "to the byte as it was told"
        assert sorted(kept) == list(range(1, len(kept) + 1))
        assert [r.event.rule for r in gateway.events(RAISED) if r.event.rule.endswith("HH")] == (
            ["LT-1.HH", "LT-2.HH"] if disk.has_reserve else ["LT-2.HH"]
        )
        gateway.start()
        assert gateway.wait_event(EventKind.STARTED, count=2).event.detail.get("note") is None, "no new epoch"


def _the_reserve_keeps_it(disk: TinyDisk, device: Device, gateway: Gateway, ears: Ears) -> None:
    reserve = gateway.state / "reserve"
    assert reserve.stat().st_size == 64 << 20
    disk.fill(gateway.pid)
    device.set(1, 9500)
    told = alarm(ears, "LT-1")
    assert "durable" not in told.json
    kept = gateway.wait_event(RAISED, "LT-1.HH")
    assert kept.data == told.payload
    assert not reserve.exists(), "given back to the file system for this"


def _memory_keeps_it(disk: TinyDisk, device: Device, gateway: Gateway, ears: Ears) -> None:
    disk.fill(gateway.pid)
    begun = time.monotonic()
    device.set(2, 9500)
    told = alarm(ears, "LT-2")
    assert time.monotonic() - begun < 10, "at once, though nothing can be written"
    assert told.json["durable"] is False
    status = ears.wait(
        lambda h: h.branch == "status" and h.json.get("durable") is False, what="status says so"
    ).json
    assert status["state"] == "degraded"
    assert "disk" in status["troubles"]
    ears.wait(lambda h: h.branch == "faults" and "disk" in h.json["rule"], what="the system alarm")
    assert gateway.probe("/readyz")[1]["state"] == "degraded"
    assert not gateway.events(RAISED, "LT-2.HH"), "the disk is full indeed"
    seen = len(ears.heard)
    disk.free(gateway.pid)
    kept = gateway.wait_event(RAISED, "LT-2.HH")
    assert kept.data == told.payload
    assert json.loads(kept.data)["durable"] is False, "and stays marked: it left before it was kept"
    ears.wait(
        lambda h: h.branch == "status" and h in ears.heard[seen:] and h.json["durable"], what="durable again"
    )
    ears.wait(
        lambda h: h.branch == "faults" and "disk" in h.json["rule"] and h.json["event"] == "cleared",
        what="its end",
    )


def test_killed_with_alarms_in_memory_only_it_begins_a_new_epoch_that_says_so(
    tmp_path: Path, device: Device, mosquitto: MosquittoFactory
) -> None:
    broker = mosquitto()
    outputs = {"county": mqtt(broker.port)}
    with tiny_disk(tmp_path / "disk", mount=False) as disk, Ears(broker.port) as ears:
        config = write_site(disk.folder, sources=plc(device.port), tags=[level(1), level(2)], outputs=outputs)
        with Gateway(config) as gateway:
            gateway.start()
            disk.fill(gateway.pid)
            device.set(2, 9500)
            told = alarm(ears, "LT-2").json
            assert told["durable"] is False
            gateway.kill()
            gateway.start()
            first = gateway.wait_event(EventKind.STARTED, count=2)
            assert "events left while the disk refused" in first.event.detail["note"]
            assert json.loads(first.data)["epoch"] != told["epoch"]
            again = gateway.wait_event(RAISED, "LT-2.HH")
            assert json.loads(again.data)["epoch"] == json.loads(first.data)["epoch"]
            ears.wait(
                lambda h: h.branch == "alarms" and h.payload == again.data, what="told anew, now durable"
            )
            gateway.assert_whole()
