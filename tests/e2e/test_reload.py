"""Another configuration while the plant runs: what did not change goes on, what is wrong changes nothing."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from gateway.model.events import EventKind
from tests.e2e.conftest import GatewayFactory
from tests.e2e.device import Device
from tests.e2e.sites import level, plc
from tests.helpers.gateway import Gateway, until, write_site
from tests.helpers.incli import incli


def site(folder: Path, port: int, tags: Sequence[dict[str, object]]) -> Path:
    return write_site(folder, sources=plc(port), tags=tags)


def reload(gateway: Gateway, why: str = "new limit") -> None:
    done = incli("reload", gateway.config, "--why", why, "--as", "王强")
    assert done.returncode == 0, done.stdout + done.stderr
    until(lambda: gateway.probe("/readyz")[0] == 200, what=f"ready again; log:\n{gateway.log}")


def test_one_limit_changes_and_everything_else_goes_on(
    tmp_path: Path, device: Device, gateway_of: GatewayFactory
) -> None:
    slow = level(2, on_delay="8s", H=5, HH="")
    gateway = gateway_of(site(tmp_path, device.port, [level(1), slow, level(3)]))
    device.set(1, 8500)
    device.set(3, 9500)
    gateway.start()
    raised = gateway.wait_event(EventKind.RAISED, "LT-1.H").event
    gateway.wait_event(EventKind.RAISED, "LT-3.HH")
    gateway.ack()
    shelved = incli(
        "alarms", "shelve", gateway.config, "LT-1.HH", "--reason", "pump test", "--for", "1", "--as", "王强"
    )
    assert shelved.returncode == 0, shelved.stderr
    device.set(2, 6000)
    seen, begun = device.requests, time.monotonic()
    until(lambda: device.requests > seen + 3, what="its delay runs")

    site(tmp_path, device.port, [level(1, H=8.2), slow])
    reload(gateway)

    changed = gateway.wait_event(EventKind.CONFIG_CHANGED).event
    assert changed.actor is not None
    assert (changed.actor.name, changed.comment) == ("王强", "new limit")
    gateway.wait_ready()  # judging comes before the console
    alarms = {a["rule"]: a for a in gateway.alarms()}
    assert alarms["LT-1.H"]["id"] == raised.id
    assert alarms["LT-1.H"]["acknowledgement"] == "acknowledged"
    assert alarms["LT-1.HH"]["suppression"] == "shelved"
    assert gateway.wait_event(EventKind.RETIRED, "LT-3.HH").event.tag == "LT-3"
    late = gateway.wait_event(EventKind.RAISED, "LT-2.H")
    assert time.monotonic() - begun < 60
    assert late.event.onset is not None
    assert changed.time - late.event.onset > 0, "the delay began before the change and went on through it"
    assert gateway.starts == 1
    assert gateway.stop() == 0
    gateway.assert_whole()


def test_what_is_wrong_changes_nothing(tmp_path: Path, device: Device, gateway_of: GatewayFactory) -> None:
    gateway = gateway_of(site(tmp_path, device.port, [level(1)]))
    gateway.start()
    console = gateway.console
    same = incli("reload", gateway.config, "--why", "nothing")
    assert same.returncode == 1
    assert "runs already" in same.stderr
    (tmp_path / "tags.csv").write_text(
        (tmp_path / "tags.csv").read_text().replace("level,m", "level,furlong")
    )
    (tmp_path / "site.yaml").write_text(
        (tmp_path / "site.yaml").read_text().replace('"gw-e2e"', '"gw-other"')
    )
    assert incli("reload", gateway.config, "--why", "x").returncode in (1, 2)
    assert gateway.console == console
    assert gateway.events(EventKind.CONFIG_CHANGED) == []
    assert gateway.stop() == 0


def test_a_signal_asks_too_and_a_kill_in_the_middle_leaves_the_old_or_the_new(
    tmp_path: Path, device: Device, gateway_of: GatewayFactory
) -> None:
    device.set(1, 8500)
    gateway = gateway_of(site(tmp_path, device.port, [level(1)]))
    gateway.start()
    raised = gateway.wait_event(EventKind.RAISED, "LT-1.H").event
    moments = random.Random(7)
    for limit in (8.1, 8.2):
        site(tmp_path, device.port, [level(1, H=limit)])
        process = gateway.pid
        os.kill(process, signal.SIGHUP)
        time.sleep(moments.uniform(0.2, 1.2))
        gateway.kill()
        gateway.start()
        hashes = [
            (r.event.detail["old"], r.event.detail["new"]) for r in gateway.events(EventKind.CONFIG_CHANGED)
        ]
        assert all(a[1] == b[0] for a, b in pairwise(hashes)), "one after the other, no mix"
        open_now = [a for a in gateway.alarms() if a["rule"] == "LT-1.H"]
        assert [a["id"] for a in open_now] == [raised.id]
    assert gateway.stop() == 0
    gateway.assert_whole()


def test_diff_says_what_would_change(tmp_path: Path, device: Device, gateway_of: GatewayFactory) -> None:
    gateway = gateway_of(site(tmp_path, device.port, [level(1)]))
    gateway.start()
    assert gateway.stop() == 0
    assert incli("diff", gateway.config).returncode == 0
    site(tmp_path, device.port, [level(1, H=7.5), level(2)])
    done = incli("diff", gateway.config)
    assert done.returncode == 1
    assert "~ rule LT-1.H trigger: 8 -> 7.5" in done.stdout
    assert "+ tag LT-2" in done.stdout
