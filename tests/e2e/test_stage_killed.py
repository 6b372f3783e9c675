"""SIGKILL in the middle of a change of stage: afterwards the old stage runs or the new one, whole, and signed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from gateway.cli.client import Gateway as Client
from gateway.config.load import load
from gateway.model.errors import FengsuiError
from gateway.model.events import EventKind
from gateway.model.levels import Stage
from tests.e2e.conftest import GatewayFactory
from tests.e2e.device import Device
from tests.e2e.sites import level, plc
from tests.helpers.gateway import Gateway, until, write_site


def person(name: str) -> dict[str, str]:
    return {"id": name, "name": name}


def stage_of(config: Path) -> Stage:
    return next(r.stage for r in load(config).site.rules if r.id == "LT-1.HH")


def signed(path: Path, stage: str) -> bool:
    return path.exists() and f"stage: {stage}" in path.read_text(encoding="utf-8")


def killed(gateway: Gateway, stage: str, moment: Callable[[], bool]) -> None:
    """Ask for ``stage`` and kill the gateway as soon as it has come to ``moment``."""
    asked = {
        "rule": "LT-1.HH",
        "stage": stage,
        "actor": person("王强"),
        "second": person("李娜"),
        "comment": "tried",
    }

    def ask() -> None:
        try:
            Client(gateway.config).post("/commands/stage", asked)
        except FengsuiError:
            return  # killed before it answered

    asking = threading.Thread(target=ask)
    asking.start()
    until(moment, what=f"the middle of a change to {stage}")
    gateway.kill()
    asking.join()


def test_killed_in_the_middle_of_a_stage_the_old_or_the_new_runs_and_never_a_mix(
    tmp_path: Path, device: Device, gateway_of: GatewayFactory
) -> None:
    device.set(1, 8500)
    config = write_site(
        tmp_path,
        sources=plc(device.port),
        tags=[level(1), level(2)],
        changes={"approval": "asked"},
        console={"listen": "127.0.0.1:0", "sign_in": "name"},
    )
    gateway, overrides = gateway_of(config), tmp_path / "overrides.yaml"
    gateway.start()
    raised = gateway.wait_event(EventKind.RAISED, "LT-1.H").event
    moments: list[tuple[str, Callable[[], bool]]] = [
        ("shadow", lambda: signed(overrides, "shadow")),
        ("live", lambda: gateway.probe("/readyz")[0] != 200),
    ]
    for stage, moment in moments:
        killed(gateway, stage, moment)
        gateway.start()
        runs = Client(config, patience=60).get("/configs")["running"]
        assert runs == load(config).site.config_hash, "one configuration, that of the files"
        assert stage_of(config) is Stage(stage), "what two had signed"
        changes = [r.event for r in gateway.events(EventKind.CONFIG_CHANGED)]
        hashes = [(e.detail["old"], e.detail["new"]) for e in changes]
        assert all(a[1] == b[0] for a, b in pairwise(hashes)), "one after the other"
        assert hashes[-1][1] == runs
        assert [(e.actor.name, e.detail["second"]) for e in changes if e.actor] == [("王强", "李娜")] * len(
            changes
        )
        assert [a["id"] for a in gateway.alarms() if a["rule"] == "LT-1.H"] == [raised.id], "all else goes on"
    device.set(1, 9500)
    assert not gateway.wait_event(EventKind.RAISED, "LT-1.HH").event.shadow, "judged as it is signed"
    assert gateway.stop() == 0
    gateway.assert_whole()
