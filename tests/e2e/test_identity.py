"""Whose journal it is: copies and second processes are refused, an adoption is written down, a cut tail is found."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import apsw
import pytest

from gateway.model.events import EventKind, Record
from gateway.store.machine import INODES_HOLD, _file_system
from tests.conftest import MosquittoFactory
from tests.e2e.conftest import GatewayFactory
from tests.e2e.device import Device
from tests.e2e.ears import Ears
from tests.e2e.sites import level, mqtt, plc
from tests.helpers.gateway import Gateway, fengsui, write_site

pytestmark = pytest.mark.timeout(300)


def a_lived_in_gateway(
    tmp_path: Path, device: Device, gateway_of: GatewayFactory, **outputs: object
) -> Gateway:
    """It runs, and its journal has an alarm in it."""
    config = write_site(tmp_path / "first", sources=plc(device.port), tags=[level(1)], outputs=outputs)
    gateway = gateway_of(config)
    device.set(1, 9500)
    gateway.start()
    gateway.wait_event(EventKind.RAISED, "LT-1.HH")
    return gateway


def test_a_second_process_on_the_same_state_folder_is_refused(
    tmp_path: Path, device: Device, gateway_of: GatewayFactory
) -> None:
    gateway = a_lived_in_gateway(tmp_path, device, gateway_of)
    begun = time.monotonic()
    done = fengsui("run", gateway.config)
    assert done.returncode == 2
    assert time.monotonic() - begun < 45, "said at once, not at some timeout"
    assert f"in use by another process (pid {gateway.pid})" in done.stderr
    assert "Traceback" not in done.stderr
    assert gateway.running
    assert gateway.probe("/readyz")[0] == 200, "the first one goes on"
    assert gateway.stop() == 0
    gateway.assert_whole()


def test_a_copied_state_folder_is_refused_until_it_is_adopted(
    tmp_path: Path, device: Device, gateway_of: GatewayFactory
) -> None:
    if _file_system(tmp_path) not in INODES_HOLD:
        pytest.skip(
            f"file numbers on {_file_system(tmp_path)} may change by themselves, so a copy here is not told"
        )
    gateway = a_lived_in_gateway(tmp_path, device, gateway_of)
    assert gateway.stop() == 0
    last = gateway.journal()[-1]
    clone = gateway_of(_copied(gateway, tmp_path / "copy"))
    done = fengsui("run", clone.config)
    assert done.returncode == 2
    assert "not this gateway's own" in done.stderr
    assert "--adopt" in done.stderr
    assert "Traceback" not in done.stderr
    assert clone.journal()[-1] == last, "nothing was written"

    clone.start("--adopt")
    first = clone.wait_event(EventKind.STARTED, count=2)
    assert _epoch(first) != _epoch(last)
    assert first.seq == last.seq + 1
    for part in (_epoch(last), str(last.seq), last.hash):
        assert part in json.dumps(first.event.detail), (
            "the first event of the new epoch names the last of the old"
        )
    assert json.loads(first.data)["prev_hash"] == "0" * 64
    rules = {a["rule"] for a in clone.alarms()}
    assert rules == {"LT-1.H", "LT-1.HH"}, "what is open stays open"
    assert clone.stop() == 0
    assert [r.event.event for r in clone.journal()].count(EventKind.RAISED) == 2, "and is not raised again"
    clone.assert_whole()
    clone.start()
    assert clone.stop() == 0, "adopted once, its own from then on"
    assert {_epoch(r) for r in clone.journal()[first.seq - 1 :]} == {_epoch(first)}


def test_a_folder_of_another_gateway_is_refused(
    tmp_path: Path, device: Device, gateway_of: GatewayFactory
) -> None:
    gateway = a_lived_in_gateway(tmp_path, device, gateway_of)
    assert gateway.stop() == 0
    site = json.loads(gateway.config.read_text(encoding="utf-8"))
    gateway.config.write_text(json.dumps({**site, "gateway": "gw-other"}), encoding="utf-8")
    done = fengsui("run", gateway.config)
    assert done.returncode == 2
    assert "gateway is gw-e2e there, gw-other in the configuration" in done.stderr


def test_published_heads_find_a_cut_tail_and_a_rewritten_journal(
    tmp_path: Path, device: Device, gateway_of: GatewayFactory, mosquitto: MosquittoFactory
) -> None:
    broker = mosquitto()
    gateway = a_lived_in_gateway(tmp_path, device, gateway_of, county=mqtt(broker.port))
    assert gateway.stop() == 0
    head = gateway.journal()[-1].seq
    heads = tmp_path / "heads"
    gateway.start()  # a minute may pass between two of its words; its first ones come at once
    with Ears(broker.port, "fengsui/v1/+/+/+/status") as ears:
        status = ears.wait(
            lambda h: h.json.get("head", {}).get("seq", 0) >= head, 90, "status with the newest head"
        ).json
    heads.write_text(json.dumps({"epoch": status["epoch"], **status["head"]}) + "\n")
    assert gateway.stop() == 0
    assert gateway.verify("--against", heads).returncode == 0
    records = gateway.journal()

    _tamper(gateway, "DELETE FROM journal WHERE seq >= ?", status["head"]["seq"])
    assert gateway.verify().returncode == 0, "from the inside a cut tail cannot be seen"
    done = gateway.verify("--against", heads, "--json")
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert report["first_bad"] == status["head"]["seq"]
    assert "the tail was cut" in " ".join(report["reasons"])

    _tamper(
        gateway, "UPDATE journal SET data = replace(data, 'raised', 'raisee') WHERE seq = ?", _raised(records)
    )
    done = gateway.verify("--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["first_bad"] == _raised(records)


def _copied(gateway: Gateway, folder: Path) -> Path:
    """As ``cp -a`` of the whole site to another place or machine."""
    shutil.copytree(gateway.config.parent, folder, symlinks=True)
    return folder / gateway.config.name


def _epoch(record: Record) -> str:
    found: str = json.loads(record.data)["epoch"]
    return found


def _raised(records: list[Record]) -> int:
    return next(r.seq for r in records if r.event.event is EventKind.RAISED)


def _tamper(gateway: Gateway, statement: str, *values: object) -> None:
    db = apsw.Connection(str(gateway.state / "plant.db"))
    db.execute("DROP TRIGGER IF EXISTS no_change")
    db.execute(statement, values)
    db.close()
