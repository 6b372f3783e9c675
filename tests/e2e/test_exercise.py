"""A drill beside a running plant, over a real broker: the live topics hear nothing of it, a real alarm goes its way."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gateway.model.events import EventKind
from tests.e2e.conftest import GatewayFactory
from tests.e2e.device import Device
from tests.e2e.ears import Ears, Heard
from tests.e2e.sites import level, mqtt, plc
from tests.helpers.gateway import Gateway, until, write_site
from tests.helpers.incli import incli
from tests.servers import Mosquitto

SCENARIO = """
scenario: Tank 1 is overfilled
config: site.yaml
about: one tank is filled too far, its operator acknowledges
for: {length}
traces:
  LT-1: 5 x2, 8.5 for {length}
expect:
  - 2s raised LT-1.H yellow
  - 2s raised LT-2.HH red
"""
DRILL = "fengsui-exercise/v1/#"


@contextmanager
def drilled(folder: Path, device: Device, broker: Mosquitto, gateway_of: GatewayFactory) -> Iterator[Gateway]:
    tags = [level(1), level(2), level(3, max_age="60s", period="1s")]
    config = write_site(folder, sources=plc(device.port), tags=tags, outputs={"county": mqtt(broker.port)})
    (folder / "exercises").mkdir()
    (folder / "exercises" / "overfill.yaml").write_text(SCENARIO.format(length="60s"), encoding="utf-8")
    for register in (1, 2, 3):
        device.set(register, 4000)
    yield gateway_of(config)


def exercise(gateway: Gateway, *words: str) -> Any:
    verb, *rest = words
    done = incli("exercise", verb, gateway.config, *rest, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def raised(tag: str) -> Callable[[Heard], bool]:
    return lambda h: (
        h.branch == "alarms" and h.topic.endswith(tag) and bool(h.payload) and h.json["event"] == "raised"
    )


def retained(broker: Mosquitto) -> list[str]:
    with Ears(broker.port, DRILL, "fengsui/v1/#") as late:
        late.wait(lambda h: h.branch == "status", what="the live status")
        return [h.topic for h in late.heard if h.payload and h.topic.startswith("fengsui-exercise/")]


def test_a_drill_is_heard_by_nobody_who_listens_to_the_plant(
    tmp_path: Path, device: Device, mosquitto: Callable[..., Mosquitto], gateway_of: GatewayFactory
) -> None:
    broker = mosquitto()
    with (
        drilled(tmp_path, device, broker, gateway_of) as gateway,
        Ears(broker.port) as live,
        Ears(broker.port, DRILL) as drill,
    ):
        gateway.start()
        live.wait(lambda h: h.branch == "level", what="levels")
        begun = exercise(gateway, "start", "--name", "overfill", "--as", "赵教练", "--why", "quarterly drill")
        assert begun["running"]
        assert begun["scenario"] == "Tank 1 is overfilled"
        seen = drill.wait(raised("LT-1"), what="the drill's alarm")
        assert seen.json["exercise"] == begun["exercise"]
        assert gateway.api("/status")["exercise"] == begun["exercise"]

        refused = incli("exercise", "start", gateway.config, "--name", "overfill")
        assert refused.returncode == 1
        assert "is running" in refused.stderr
        done = incli("exercise", "ack", gateway.config, "all", "--as", "王强", "--comment", "valve closed")
        assert done.returncode == 0, done.stderr
        drill.wait(lambda h: h.branch == "alarms" and h.json["event"] == "acknowledged", what="its end")

        device.set(2, 9500)
        real = live.wait(raised("LT-2"), what="the real alarm")
        assert "exercise" not in real.json
        assert [a["rule"] for a in gateway.alarms()] == ["LT-2.H", "LT-2.HH"]
        until(lambda: len(exercise(gateway, "status")["real_alarms"]) == 2, what="the drill knows of them")

        assert exercise(gateway, "stop", "--as", "赵教练", "--why", "a real alarm")["why"] == "a real alarm"
        until(lambda: not exercise(gateway, "status")["running"], what="the end")
        report = exercise(gateway, "report")
        until(lambda: not retained(broker), what="nothing of it stays retained")
        assert gateway.stop() == 0

    mine = [h for h in live.heard if "LT-1" in h.topic and h.branch in ("alarms", "faults", "state")]
    assert mine == [], "the live topics heard of the drill"
    journalled = [h.json for h in live.of("events")]
    assert not [e for e in journalled if "exercise" in e or e["event"].startswith("exercise-")]
    assert not [e for e in journalled if e.get("tag") == "LT-1" and e["event"] in ("raised", "acknowledged")]
    assert gateway.events(EventKind.EXERCISE_STARTED) == []
    gateway.assert_whole()
    check_report(report)
    whole = incli("journal", "verify", gateway.state / "exercises" / report["exercise"])
    assert whole.returncode == 0, whole.stdout


def check_report(report: dict[str, Any]) -> None:
    assert (report["started_by"], report["ended_by"], report["why"]) == ("赵教练", "赵教练", "a real alarm")
    (first,) = [a for a in report["alarms"] if a["rule"] == "LT-1.H"]
    assert first["raised_after_s"] == 2.0
    assert (first["acknowledged_by"], first["comment"]) == ("王强", "valve closed")
    assert 0 < first["acknowledged_after_s"] < 60
    assert report["people"] == {"王强": 1}
    came = {e["expected"]: e["came"] for e in report["expected"]}
    assert came["2s raised LT-1.H yellow"] == "2s"
    assert {r["rule"] for r in report["real_alarms"]} == {"LT-2.H", "LT-2.HH"}


def test_a_gateway_killed_under_a_drill_goes_on_and_the_drill_ends_with_a_record(
    tmp_path: Path, device: Device, mosquitto: Callable[..., Mosquitto], gateway_of: GatewayFactory
) -> None:
    broker = mosquitto()
    with drilled(tmp_path, device, broker, gateway_of) as gateway, Ears(broker.port, DRILL) as drill:
        device.set(3, 8500)
        gateway.start()
        live = gateway.wait_event(EventKind.RAISED, "LT-3.H").event
        begun = exercise(gateway, "start", "--name", "overfill")
        drill.wait(raised("LT-1"), what="the drill's alarm")
        gateway.kill()
        gateway.start()
        # A busy machine may have been slow enough for a fault of our own.
        found_open = {a["rule"]: a["id"] for a in gateway.alarms() if not a["fault"]}
        assert found_open == {"LT-3.H": live.id}, "the plant's alarm, and none of the drill"
        report = until(lambda: found(gateway), what="its report")
        assert report["exercise"] == begun["exercise"]
        assert report["why"] == "the gateway stopped under it"
        assert [a["rule"] for a in report["alarms"]] == ["LT-1.H"]
        until(lambda: not retained(broker), what="nothing of it stays retained")
        again = exercise(gateway, "start", "--name", "overfill")
        assert again["exercise"] > begun["exercise"]
        assert gateway.stop() == 0
    ended = json.loads((gateway.state / "exercises" / again["exercise"] / "report.json").read_text())
    assert "stops" in ended["why"]
    gateway.assert_whole()


def found(gateway: Gateway) -> dict[str, Any]:
    done = incli("exercise", "report", gateway.config, "--json")
    return json.loads(done.stdout) if done.returncode == 0 else {}


def test_a_scenario_that_is_not_as_it_must_be_starts_nothing(
    tmp_path: Path, device: Device, mosquitto: Callable[..., Mosquitto], gateway_of: GatewayFactory
) -> None:
    broker = mosquitto()
    with drilled(tmp_path, device, broker, gateway_of) as gateway:
        wrong = tmp_path / "wrong.yaml"
        wrong.write_text(
            SCENARIO.format(length="5s").replace("LT-1: 5", "LT-9: 5") + "do:\n  - 1s acknowledge LT-1.H\n",
            encoding="utf-8",
        )
        gateway.start()
        done = incli("exercise", "start", gateway.config, "--scenario", wrong)
        assert done.returncode == 1
        assert "LT-9" in done.stderr
        assert "link LINK down|up" in done.stderr
        assert "overfill" in incli("exercise", "start", gateway.config, "--name", "other").stderr
        assert not exercise(gateway, "status")["running"]
        assert gateway.stop() == 0
