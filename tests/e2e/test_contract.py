"""The MQTT contract on an unmodified broker, as foreign subscribers see it while a plant goes wrong."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.model.events import EventKind
from tests.conftest import MosquittoFactory
from tests.e2e.conftest import GatewayFactory
from tests.e2e.device import Device
from tests.e2e.ears import Ears, Heard, MosquittoSub
from tests.e2e.sites import level, mqtt, plc
from tests.helpers.gateway import Gateway, environment, until, write_site

ROOT = "fengsui/v1/341524/plant/gw-e2e"
RISING = {"H": {"level": "yellow", "priority": 2, "raise_level": [["2s", "red"]]}}
"""A high level is yellow, and red when it has lasted two seconds."""


def event(rule: str, kind: EventKind, branch: str = "alarms") -> Callable[[Heard], bool]:
    """Messages of one event of one rule on one branch."""

    def fits(heard: Heard) -> bool:
        if heard.branch != branch or not heard.payload:
            return False
        return bool(heard.json["rule"] == rule and heard.json["event"] == kind)

    return fits


def state(rule: str, *, is_open: bool) -> Callable[[Heard], bool]:
    """The retained state of a rule, with or without occurrences."""

    def fits(heard: Heard) -> bool:
        return (
            heard.topic.endswith(f"/state/farm/{rule.replace('.', '/')}") and bool(heard.payload) == is_open
        )

    return fits


def site(tmp_path: Path, device: Device, port: int, **sections: Any) -> Path:
    """Two tanks on one device, one output."""
    outputs = {"county": mqtt(port)}
    tags = [level(1), level(2)]
    return write_site(
        tmp_path, sources=plc(device.port), tags=tags, outputs=outputs, limits=RISING, **sections
    )


@contextmanager
def conformance(port: int, seconds: int) -> Iterator[None]:
    """The test that is published for third parties listens from the first message on, and finds nothing wrong."""
    command = [sys.executable, "-m", "gateway.sinks.mqtt.conformance", "--port", str(port)]
    command += ["--for", f"{seconds}s", "--json"]
    listening = subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True)
    try:
        yield
    finally:
        said, _ = listening.communicate(timeout=seconds + 30)
    report = json.loads(said)
    assert listening.returncode == 0, report
    assert {"alarms", "faults", "state", "level", "status", "birth", "events"} <= set(report["messages"])


@pytest.mark.timeout(180)
def test_a_hazard_as_strangers_see_it(
    tmp_path: Path, device: Device, gateway_of: GatewayFactory, mosquitto: MosquittoFactory
) -> None:
    binary = shutil.which("mosquitto_sub")
    if binary is None:
        pytest.skip("mosquitto_sub is not installed (Debian: mosquitto-clients)")
    broker = mosquitto()
    gateway = gateway_of(site(tmp_path, device, broker.port))
    stranger = MosquittoSub(binary, broker.port, tmp_path)
    try:
        with (
            Ears(broker.port, f"{ROOT}/#") as ears,
            Ears(broker.port, f"{ROOT}/alarms/yellow/#") as yellow,
            conformance(broker.port, 15),
        ):
            gateway.start()
            device.set(1, 8500)
            ears.wait(event("LT-1.H", EventKind.RAISED), what="raised")
            rise = ears.wait(event("LT-1.H", EventKind.LEVEL_RAISED), what="the level rises")
            assert rise.json["level"] == "red"
            _late_subscriber_sees_it(broker.port)
            gateway.ack(user="王强", comment="看到了")
            acked = ears.wait(event("LT-1.H", EventKind.ACKNOWLEDGED), what="acknowledged")
            assert (acked.json["actor"]["name"], acked.json["comment"]) == ("王强", "看到了")
            device.hang_up()
            ears.wait(event("plc.LINK", EventKind.RAISED, "faults"), 30, "a dead device is a fault")
            device.listen()
            ears.wait(event("plc.LINK", EventKind.CLEARED, "faults"), 30, "it is back")
            device.set(1, 1000)
            ears.wait(state("LT-1.H", is_open=False), what="nothing is open any more")
            end = yellow.wait(
                event("LT-1.H", EventKind.CLEARED), what="yellow only: the end of what became red"
            )
            assert end.json["levels"] == ["yellow", "red"]
            gateway.kill()
            last = ears.wait(
                lambda h: h.branch == "status" and h.json["state"] == "offline", 30, "the last will"
            )
            assert last.json["gateway"] == "gw-e2e"
    finally:
        stranger.stop()
    _the_whole_contract_was_printed(stranger.lines(), gateway)


def _late_subscriber_sees_it(port: int) -> None:
    with Ears(port, f"{ROOT}/state/#") as late:
        found = late.wait(state("LT-1.H", is_open=True), what="a late subscriber sees what is open")
    assert found.json["occurrences"][0]["level"] == "red"


def _the_whole_contract_was_printed(lines: list[tuple[str, str]], gateway: Gateway) -> None:
    topics = [topic.removeprefix(f"{ROOT}/") for topic, _ in lines]
    for wanted in (
        "status",
        "birth",
        "birth/farm/1",
        "level",
        "alarms/yellow/farm/LT-1",
        "alarms/red/farm/LT-1",
        "state/farm/LT-1/H",
        "events",
    ):
        assert wanted in topics, (wanted, sorted(set(topics)))
    assert any(t.startswith("faults/") for t in topics)
    heard = [json.loads(text) for topic, text in lines if topic == f"{ROOT}/events"]
    journal = [json.loads(r.data) for r in gateway.journal()]
    assert {e["seq"]: e for e in heard} == {e["seq"]: e for e in journal}, (
        "every event, in the journal's bytes"
    )


@pytest.mark.timeout(180)
def test_a_broker_that_forgot_everything_is_told_again(
    tmp_path: Path, device: Device, gateway_of: GatewayFactory, mosquitto: MosquittoFactory
) -> None:
    broker = mosquitto(persistence=False)
    gateway = gateway_of(site(tmp_path, device, broker.port))
    gateway.start()
    with Ears(broker.port, f"{ROOT}/#") as ears:
        device.set(1, 9500)
        ears.wait(event("LT-1.HH", EventKind.RAISED), what="raised before the outage")
    broker.stop()
    device.set(2, 9500)
    gateway.wait_event(EventKind.RAISED, "LT-2.HH")
    broker.start()
    with Ears(broker.port, f"{ROOT}/#") as ears:
        for rule in ("LT-1.HH", "LT-2.HH"):
            ears.wait(state(rule, is_open=True), 60, f"state of {rule} again")
        for branch in ("status", "level", "birth"):
            ears.wait(lambda h, b=branch: h.branch == b and bool(h.payload), 60, f"{branch} again")  # type: ignore[misc]
        late = ears.wait(event("LT-2.HH", EventKind.RAISED), 60, "history follows the present")
        present = ears.wait(state("LT-2.HH", is_open=True))
        assert ears.heard.index(present) < ears.heard.index(late), "the present state goes first"
    with Ears(broker.port, f"{ROOT}/state/#") as retained:
        until(lambda: len(retained.of("state")) >= 4, what="H and HH of both tanks are retained")
        assert all(h.retain for h in retained.of("state"))
