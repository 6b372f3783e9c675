"""``fengsui run``: refuses what is wrong, starts honestly, stops cleanly, and needs nothing but a site file."""

from __future__ import annotations

import json
import shutil
import socket
import time
from pathlib import Path

import pytest

from gateway.model.events import EventKind
from tests.e2e.conftest import GatewayFactory
from tests.e2e.device import Device
from tests.e2e.ears import Ears
from tests.e2e.sites import level, plc
from tests.helpers.gateway import Gateway, environment, fengsui, until, write_site
from tests.ports import free_port


def test_a_wrong_configuration_is_refused_with_every_fault_at_its_place(tmp_path: Path) -> None:
    tags = [level(1), level(1), level(2, H=4, HH=3), level(3, source="nobody"), level(4, address="1:wrong:0")]
    config = write_site(
        tmp_path, sources=plc(free_port()), tags=tags, county="12", outputs={"x": {"kind": "fax"}}
    )
    done = fengsui("run", config)
    assert done.returncode == 2, done.stderr
    for part in ("county", "outputs.x", "LT-1", "tags.csv:4", "nobody", "1:wrong:0"):
        assert part in done.stderr, f"{part} not in:\n{done.stderr}"
    faults = [line for line in done.stderr.splitlines() if "allowed:" in line]
    assert len(faults) >= 6, done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "state").exists(), "nothing was started"


def some_kernels_missing(folder: Path) -> Path:
    """The compiled kernels without two that every site needs; to compile them takes seconds, all of them a minute."""
    built = Path(environment()["NUMBA_CACHE_DIR"])
    shutil.copytree(built, folder, ignore=shutil.ignore_patterns("common_*", "*.condition-*"))
    assert len(list(folder.rglob("*.nbc"))) < len(list(built.rglob("*.nbc")))
    return folder


def test_it_is_starting_until_the_kernels_are_there_and_then_online(
    tmp_path: Path, device: Device, gateway_of: GatewayFactory
) -> None:
    device.set(1, 9500)  # beyond HH from the very beginning
    gateway = gateway_of(write_site(tmp_path, sources=plc(device.port), tags=[level(1)]))
    cold = some_kernels_missing(tmp_path / "kernels")
    gateway.launch(NUMBA_CACHE_DIR=str(cold))
    until(lambda: gateway.probe("/readyz")[0], what="an answer of /readyz")
    status, body = gateway.probe("/readyz")
    assert status == 503, body
    assert gateway.probe("/healthz")[0] == 200, "alive, though not ready"
    assert body["state"] == gateway.api("/status")["state"] == "starting"
    assert [t["quality"] for t in gateway.api("/tags")["tags"]] != ["good"], (
        "nothing looks normal before it is judged"
    )
    until(lambda: device.requests > 5, what="polling during the start")
    assert gateway.probe("/readyz")[0] == 503, "kernels are compiled for longer than five polls"
    polled = time.time_ns()
    gateway.wait_ready()
    raised = gateway.wait_event(EventKind.RAISED, "LT-1.HH").event
    assert raised.time < polled, "judged by the time of the reading, polled while the kernels were not there"
    assert gateway.stop() == 0


def test_without_outputs_the_embedded_broker_and_the_console_serve_everything(
    tmp_path: Path, device: Device, gateway_of: GatewayFactory
) -> None:
    port = free_port()
    config = write_site(tmp_path, sources=plc(device.port), tags=[level(1)], broker={"port": port})
    gateway = gateway_of(config)
    gateway.start()
    words = json.loads((gateway.state / "broker" / "users.json").read_text())
    deep = {"birth", "alarms", "faults", "state"}  # the others are one topic each, and the rights say so
    branches = [f"{b}/#" if b in deep else b for b in ("status", "level", *sorted(deep))]
    own = [f"fengsui/v1/341524/plant/gw-e2e/{branch}" for branch in (*branches, "events")]
    everything = Ears(port, *own, v5=False, username="gateway", password=words["gateway"])
    readable = [f"fengsui/v1/341524/+/+/{branch}" for branch in branches]
    regulator = Ears(port, *readable, v5=False, username="regulator", password=words["regulator"])
    with everything, regulator:
        device.set(1, 9500)
        for ears in (everything, regulator):
            ears.wait(lambda h: h.branch == "alarms" and "/red/farm/LT-1" in h.topic, what="the alarm")
            ears.wait(lambda h: h.branch == "state" and h.topic.endswith("LT-1/HH"), what="its state")
            ears.wait(lambda h: h.branch == "level" and h.json["live"]["level"] == "red", what="the level")
            ears.wait(lambda h: h.branch == "status" and h.json["state"] == "online", what="status")
            ears.wait(lambda h: h.branch == "birth", what="birth")
        everything.wait(lambda h: h.branch == "events" and h.json["event"] == "raised", what="the event")
    with pytest.raises(AssertionError, match="subscription"):
        Ears(
            port, "fengsui/v1/+/+/+/events", v5=False, username="regulator", password=words["regulator"]
        ).__enter__()
    _console_serves(gateway)
    assert gateway.processes(), "the broker is a child of its own"
    _stops_cleanly(gateway, port)


def _console_serves(gateway: Gateway) -> None:
    status, page = gateway.probe("/")
    assert status == 200
    assert "<html" in page
    assert {a["rule"] for a in gateway.alarms()} == {"LT-1.H", "LT-1.HH"}
    assert gateway.api("/levels")["levels"][0]["level"] == "red"
    assert [t["id"] for t in gateway.api("/tags")["tags"]] == ["LT-1"]
    assert gateway.api("/events?after=0")["events"]
    assert "fengsui" in gateway.probe("/metrics")[1]
    assert gateway.probe("/readyz")[0] == 200


def _stops_cleanly(gateway: Gateway, port: int) -> None:
    begun = time.monotonic()
    assert gateway.stop() == 0, gateway.log
    assert time.monotonic() - begun < 15
    until(lambda: not gateway.processes(), 15, f"no process left over: {gateway.processes()}")
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0, "the embedded broker is gone"
    assert "Traceback" not in gateway.log
    assert not gateway.console, "nobody finds a console that is not there"
    gateway.assert_whole()


def test_a_killed_gateway_takes_its_broker_along(
    tmp_path: Path, device: Device, gateway_of: GatewayFactory
) -> None:
    gateway = gateway_of(write_site(tmp_path, sources=plc(device.port), tags=[level(1)]))
    gateway.start()
    assert gateway.processes()
    gateway.kill()
    until(lambda: not gateway.processes(), 30, f"left over: {gateway.processes()}")


def test_it_stops_while_it_is_still_starting(
    tmp_path: Path, device: Device, gateway_of: GatewayFactory
) -> None:
    gateway = gateway_of(write_site(tmp_path, sources=plc(device.port), tags=[level(1)]))
    gateway.launch()
    until(lambda: gateway.probe("/healthz")[0] == 200, what="a sign of life")
    assert gateway.stop() == 0, gateway.log
    assert not gateway.processes()
    assert "Traceback" not in gateway.log
