"""One PLC of 400 tags dies while a gas alarm rises: one fault with its list, and the gas alarm before and above it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from gateway.model.events import EventKind
from tests.e2e.conftest import GatewayFactory
from tests.e2e.device import Device
from tests.e2e.ears import Ears
from tests.e2e.sites import level, mqtt, plc
from tests.helpers.gateway import until, write_site
from tests.helpers.incli import incli
from tests.servers import Mosquitto

TAGS = 400
GAS = {"id": "GT-1", "raw": "GT-1", "description": "罐区可燃气体", "class": "gas-combustible", "unit": "%LEL"}


def gas(**cells: object) -> dict[str, object]:
    """``GT-1``: register 1 of the gas controller in tenths of a %LEL; red from 50 on."""
    wired = {"source": "gas", "address": "1:holding:1", "raw_low": 0, "raw_high": 1000, "low": 0, "high": 100}
    limits = {"H": 25, "HH": 50, "L": "", "LL": ""}
    return {**level(1), **GAS, **wired, **limits, **cells}


def test_a_plc_of_400_tags_dies_while_gas_rises(
    tmp_path: Path, device: Device, mosquitto: Callable[..., Mosquitto], gateway_of: GatewayFactory
) -> None:
    broker = mosquitto()
    with Device() as controller, Ears(broker.port) as ears:
        sources = {**plc(device.port), "gas": plc(controller.port)["plc"]}
        tags = [*(level(n + 1) for n in range(TAGS)), gas()]
        config = write_site(tmp_path, sources=sources, tags=tags, outputs={"county": mqtt(broker.port)})
        gateway = gateway_of(config)
        for number in range(TAGS):
            device.set(number + 1, 5000)
        controller.set(1, 20)
        gateway.start()
        until(lambda: gateway.api("/status")["tags"]["good"] == TAGS + 1, what="every tag is read")
        before = len(ears.heard)

        device.hang_up()
        controller.set(1, 600)
        ears.wait(lambda h: h.branch == "faults" and h.json["rule"].endswith(".LINK"), what="the lost PLC")
        until(lambda: gateway.api("/status")["tags"]["bad"] == TAGS, what="all of it is known to be lost")
        listed = json.loads(incli("alarms", "list", config, "--json").stdout)
        assert gateway.stop() == 0

    told = [h for h in ears.heard[before:] if h.branch in ("alarms", "faults")]
    raised = [h.json["rule"] for h in told if h.json["event"] == "raised"]
    (fault,) = {h.payload for h in told if h.branch == "faults"}
    lost = json.loads(fault)
    assert len(lost["members"]) == TAGS
    assert lost["level"] == "red", "of the highest rule it blinds"
    assert raised.index("GT-1.HH") < raised.index(lost["rule"]), "the gas alarm is not held up by the fault"
    assert {r for r in raised if not r.startswith("GT-1")} == {lost["rule"]}, (
        "one fault, and not four hundred"
    )
    assert listed[0]["rule"] == "GT-1.HH", "on top of the list"
    assert sorted(a["rule"] for a in listed) == ["GT-1.H", "GT-1.HH", lost["rule"]]
    assert [r.event.rule for r in gateway.events(EventKind.RAISED) if r.event.fault] == [lost["rule"]]
    gateway.assert_whole()
