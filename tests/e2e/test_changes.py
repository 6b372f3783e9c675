"""Management of change: stages signed by two persons; what runs is what was approved, or an alarm says otherwise."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

from gateway.app.beside import NOT_POLLED
from gateway.cli.client import Gateway as Client
from gateway.config.load import load
from gateway.model.events import EventKind
from tests.e2e.conftest import GatewayFactory
from tests.e2e.device import Device
from tests.e2e.sites import level, plc
from tests.helpers.gateway import Gateway, until, write_site
from tests.helpers.incli import incli

TWO = ("--by", "王强", "--second", "李娜", "--reason", "commissioned")
UNAPPROVED = "system.unapproved-configuration"


def site(folder: Path, port: int, approval: str, **cells: object) -> Path:
    return write_site(
        folder,
        sources=plc(port),
        tags=[level(1, **cells), level(2)],
        changes={"approval": approval},
        console={"listen": "127.0.0.1:0", "sign_in": "name"},
    )


def configs(gateway: Gateway) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(incli("approve", gateway.config, "--json").stdout)
    return found


def probed(config: Path, device: Device, tags: bytes) -> dict[str, dict[str, Any]]:
    """Tag -> what a probe of this list says beside the running poll, which alone is connected before and after."""
    before, client = device.connections, Client(config, patience=60)
    headers = {"Content-Type": "application/octet-stream"}
    url = f"{client._url}/api/v1/engineering/probe?name=tags.csv"
    done = client._ask(urllib.request.Request(url, tags, headers))
    assert done["ok"], done
    assert done["probe"]["sources"]["plc"]["busy"], "the line is polled"
    assert device.connections == before, "nothing was dialled"
    return {line["tag"]: line for line in done["probe"]["tags"]}


def ready_again(gateway: Gateway, count: int) -> None:
    gateway.wait_event(EventKind.CONFIG_CHANGED, count=count)
    until(lambda: gateway.probe("/readyz")[0] == 200, what="ready again")


def test_what_runs_is_what_was_approved_or_an_alarm_says_otherwise(
    tmp_path: Path, device: Device, gateway_of: GatewayFactory
) -> None:
    config = site(tmp_path, device.port, "asked")
    gateway = gateway_of(config)
    gateway.start()
    raised = gateway.wait_event(EventKind.RAISED, UNAPPROVED).event
    assert raised.level is not None
    assert raised.level.word == "blue", "a first start is asked, and not alarmed"
    until(lambda: gateway.api("/status")["state"] == "online", what="a wish does not degrade the status")
    assert gateway.api("/status")["troubles"] == ["unapproved-configuration"]

    running = configs(gateway)["running"]
    alone = ("--by", "王强", "--second", "王强", "--reason", "x")
    assert "second one must agree" in incli("approve", gateway.config, running[:12], *alone).stderr
    done = incli("approve", gateway.config, running[:12], *TWO)
    assert done.returncode == 0, done.stderr
    gateway.wait_event(EventKind.CLEARED, UNAPPROVED)
    event = gateway.events(EventKind.CONFIG_APPROVED)[0].event
    assert event.actor is not None
    assert (event.actor.name, event.detail["second"]["name"]) == ("王强", "李娜")
    assert event.detail["hash"] == running

    site(tmp_path, device.port, "asked", address="1:holding:3")  # a binding is a change too
    assert incli("reload", gateway.config, "--why", "other register", "--as", "王强").returncode == 0
    ready_again(gateway, 1)
    changed = gateway.events(EventKind.CONFIG_CHANGED)[0].event
    assert changed.detail["changes"] == ["~ tag LT-1 address: 1:holding:1 -> 1:holding:3"]
    until(lambda: gateway.api("/status")["troubles"] == ["unapproved-configuration"], what="asked again")
    gateway.kill()
    gateway.start()
    until(lambda: not configs(gateway)["approved"], what="still not, after a restart")
    assert gateway.stop() == 0
    kpi = json.loads(incli("kpi", gateway.config, "--json").stdout)
    (unauthorised,) = [f for f in kpi["figures"] if f["name"] == "unauthorised"]
    assert unauthorised["value"] == 2, "the first start, and the change"
    gateway.assert_whole()


def test_where_approval_is_required_nothing_else_is_put_in_place(
    tmp_path: Path, device: Device, gateway_of: GatewayFactory
) -> None:
    gateway = gateway_of(site(tmp_path, device.port, "required"))
    gateway.start()
    raised = gateway.wait_event(EventKind.RAISED, UNAPPROVED).event
    assert raised.level is not None
    assert raised.level.word == "orange", "the plant is watched, and the alarm says by what"
    assert incli("approve", gateway.config, "--files", *TWO).returncode == 0
    site(tmp_path, device.port, "required", H=7)
    refused = incli("reload", gateway.config, "--why", "x")
    assert refused.returncode == 1
    assert "not approved" in refused.stderr
    assert gateway.events(EventKind.CONFIG_CHANGED) == []
    assert incli("approve", gateway.config, "--files", *TWO).returncode == 0
    assert incli("reload", gateway.config, "--why", "approved").returncode == 0
    ready_again(gateway, 1)
    assert [r.event.event.value for r in gateway.events(rule=UNAPPROVED)].count("raised") == 1
    assert gateway.stop() == 0


def test_a_stage_is_signed_by_two_and_keeps_all_else(
    tmp_path: Path, device: Device, gateway_of: GatewayFactory
) -> None:
    device.set(1, 8500)
    config = site(tmp_path, device.port, "asked")
    gateway = gateway_of(config)
    gateway.start()
    raised = gateway.wait_event(EventKind.RAISED, "LT-1.H").event
    assert incli("approve", config, "--files", *TWO).returncode == 0
    assert (
        "must agree"
        in incli(
            "stage", config, "LT-1.H", "shadow", "--by", "王强", "--second", "王强", "--reason", "x"
        ).stderr
    )
    assert "no such thing" in incli("stage", config, "LT-9.H", "shadow", *TWO).stderr
    assert not (tmp_path / "overrides.yaml").exists()

    done = incli("stage", config, "LT-1.HH", "shadow", *TWO)
    assert done.returncode == 0, done.stderr
    assert "~ rule LT-1.HH stage: live -> shadow" in done.stdout
    ready_again(gateway, 1)
    event = gateway.events(EventKind.CONFIG_CHANGED)[0].event
    assert event.actor is not None
    assert (event.actor.name, event.detail["second"], event.comment) == ("王强", "李娜", "commissioned")
    assert [a["id"] for a in gateway.alarms() if a["rule"] == "LT-1.H"] == [raised.id]
    assert configs(gateway)["approved"], "the two who signed the stage approved what it makes"
    device.set(1, 9500)
    assert gateway.wait_event(EventKind.RAISED, "LT-1.HH").event.shadow

    assert incli("stage", config, "installation/farm", "shadow", *TWO).returncode == 0
    ready_again(gateway, 2)
    assert gateway.stop() == 0
    kept = load(config).site
    assert [i.stage.value for i in kept.installations] == ["shadow"]
    text = (tmp_path / "overrides.yaml").read_text(encoding="utf-8")
    assert "李娜" in text
    (tmp_path / "overrides.yaml").write_text(text.replace("LT-1.HH", "LT-9.HH"), encoding="utf-8")
    wrong = incli("check", config)
    assert wrong.returncode == 2
    assert "overrides.yaml:" in wrong.stderr + wrong.stdout
    gateway.assert_whole()


def test_a_limit_is_changed_by_two_and_no_deployment_drops_it_unseen(
    tmp_path: Path, device: Device, gateway_of: GatewayFactory
) -> None:
    device.set(1, 8500)
    config = site(tmp_path, device.port, "asked")
    gateway = gateway_of(config)
    gateway.start()
    raised = gateway.wait_event(EventKind.RAISED, "LT-1.H").event
    what_cannot_be_is_refused_and_what_would_be_is_tried(config)
    proposed_and_agreed(gateway)
    what_was_agreed_is_told(gateway, raised.id)
    what_is_polled_and_what_would_be(config, device)
    new_files_drop_it_only_with_consent(gateway)
    assert gateway.stop() == 0
    assert incli("check", config).returncode == 0, "what was dropped with consent is not asked for again"
    gateway.assert_whole()


def what_cannot_be_is_refused_and_what_would_be_is_tried(config: Path) -> None:
    wrong = incli("propose", config, "LT-1.HH", "--trigger", "7.9", "--by", "王强", "--reason", "x")
    assert wrong.returncode == 1
    assert "above LT-1.H at 8" in wrong.stderr
    trial = Client(config, patience=60).post("/rules/try", {"rule": "LT-1.H", "trigger": 8.6, "days": 1})
    assert [(c["how"], c["rule"]) for c in trial["other"]["changes"]] == [("lost", "LT-1.H")]


def proposed_and_agreed(gateway: Gateway) -> None:
    config = gateway.config
    words = ("propose", config, "LT-1.HH", "--trigger", "8.4", "--by", "王强", "--reason", "foam at the top")
    ident = json.loads(incli(*words, "--json").stdout)["proposal"]
    gateway.kill()
    gateway.start()
    (waiting,) = Client(config).get("/changes")["proposals"]
    assert (waiting["proposal"], waiting["by"]) == (ident, "王强"), "a proposal outlives the gateway"
    assert "trigger 9 -> 8.4; reset 8.9 -> 8.3 by 王强" in incli("agree", config).stdout
    assert "two persons" in incli("agree", config, ident, "--second", "王强").stderr
    assert "~ rule LT-1.HH trigger: 9 -> 8.4" in incli("agree", config, ident, "--second", "李娜").stdout
    ready_again(gateway, 1)


def what_was_agreed_is_told(gateway: Gateway, standing: str) -> None:
    changed = gateway.events(EventKind.CONFIG_CHANGED)[0].event
    assert changed.detail["changes"] == [
        "~ rule LT-1.HH trigger: 9 -> 8.4",
        "~ rule LT-1.HH reset: 8.9 -> 8.3",
    ]
    assert changed.actor is not None
    assert (changed.actor.name, changed.detail["second"]) == ("王强", "李娜")
    gateway.wait_event(EventKind.RAISED, "LT-1.HH")
    assert [a["id"] for a in gateway.alarms() if a["rule"] == "LT-1.H"] == [standing], "all else goes on"
    (told, _) = json.loads(incli("diff", gateway.config, "--signed", "--json").stdout)
    assert (told["old"], told["new"], told["by"], told["second"]) == ("9", "8.4", "王强", "李娜")
    assert len(told["hash"]) == 64


def what_is_polled_and_what_would_be(config: Path, device: Device) -> None:
    (found,) = [t for t in Client(config).get("/raw?tags=LT-1")["tags"] if t["raw"]]
    assert (found["raw"], found["number"]) == ("2134", 8500.0)
    moved = (config.parent / "tags.csv").read_bytes().replace(b"1:holding:2", b"1:holding:7")
    looked = probed(config, device, moved)
    assert (looked["LT-1"]["raw"], looked["LT-1"]["value"]) == ("2134", 8.5)
    assert looked["LT-2"]["note"] == NOT_POLLED, "its new address"
    said = incli("propose", config, "LT-1.HH", "--set", "window=20min", "--by", "王强", "--reason", "x")
    assert "no setting 'window'" in said.stderr


def new_files_drop_it_only_with_consent(gateway: Gateway) -> None:
    config = gateway.config
    (config.parent / "overrides.yaml").unlink()  # a deployment of new files
    for command, code in (("check", 2), ("reload", 1), ("run", 2)):
        refused = incli(command, config, *(["--why", "x"] if command == "reload" else []))
        assert refused.returncode == code, command
        assert "limits.LT-1.HH: trigger 9, reset 8.9" in refused.stdout + refused.stderr
        assert "--accept" in refused.stdout + refused.stderr
    done = incli("reload", config, "--accept", "--why", "new files", "--as", "王强")
    assert done.returncode == 0, done.stderr
    ready_again(gateway, 2)
    dropped = gateway.events(EventKind.CONFIG_CHANGED)[1].event.detail["changes"]
    assert dropped[0].startswith("- override limits.LT-1.HH: trigger 8.4, reset 8.3, signed by 王强 and 李娜")
    assert dropped[1] == "~ rule LT-1.HH trigger: 8.4 -> 9"
