"""What the world sees on MQTT while a plant goes through a bad day: the published contract, version 1.

One scene for the whole file; its tests are the acts of one story, in order.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.model.events import EventKind
from gateway.model.times import NS
from gateway.sinks.mqtt.conformance import DOCS, load_schemas, validator
from gateway.sinks.mqtt.grammar import parse_topic
from gateway.sinks.mqtt.judge import Judge
from tests.e2e.ears import Ears, Heard, MosquittoSub
from tests.e2e.scene import Scene, scene
from tests.helpers.gateway import REPO, until
from tests.servers import Mosquitto, MosquittoOptions

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
ROOT = "fengsui/v1/341524/plant/gw-e2e"
LATE_S = 30
VALID = validator(load_schemas(DOCS))


A_BAD_HOUR = {
    "status",
    "birth",
    "birth/tank-farm/1",
    "level",
    "events",
    "alarms/yellow/tank-farm/LT-101A",
    "alarms/red/tank-farm/LT-101A",
    "faults/red/tank-farm/PT-101",
    "faults/red/gas-area/gas",
    "state/tank-farm/LT-101A/HH",
}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Mosquitto without persistence, the calm plant, the gateway, and two who listen from the beginning."""
    folder, binary = tmp_path_factory.mktemp("contract"), Mosquitto.binary()
    if binary is None:
        pytest.skip("mosquitto is not installed; `make servers` installs it on Debian")
    broker = Mosquitto(binary, folder / "mosquitto", MosquittoOptions())
    broker.start()
    try:
        with scene(folder, broker) as made:
            yield made
    finally:
        broker.stop()


def judged(heard: list[Heard]) -> dict[str, Any]:
    judge = Judge(VALID)
    for each in heard:
        judge.hear(each.topic, each.payload, retain=each.retain)
    return judge.end()


def happened(heard: Heard, event: str, rule: str) -> bool:
    """An announcement of that event of that rule."""
    if heard.branch not in ("alarms", "faults"):
        return False
    body = heard.json
    return (body["event"], body["rule"]) == (event, rule)


def hear(ears: Ears, event: str, rule: str, on: str = "") -> Heard:
    return ears.wait(lambda h: on in h.topic and happened(h, event, rule), what=f"{event} of {rule} on {on}")


def open_states(ears: Ears) -> dict[str, int]:
    """Occurrence id -> n, of everything retained under ``state``; the latest of a topic counts."""
    latest = {h.topic: h for h in ears.of("state")}
    return {o["id"]: o["n"] for h in latest.values() if h.payload for o in h.json["occurrences"]}


def open_alarms(stage: Scene) -> dict[str, int]:
    return {a["id"]: a["n"] for a in stage.gateway.alarms()}


def test_the_first_words_are_status_birth_and_level(stage: Scene) -> None:
    status = stage.ears.wait(lambda h: h.branch == "status" and h.json["state"] == "online").json
    assert status["head"]["seq"] >= 1
    assert status["expected_every_s"] == 60
    manifest = stage.ears.wait(lambda h: h.topic == f"{ROOT}/birth").json
    assert manifest["gateway"] == "gw-e2e"
    farm = stage.ears.wait(lambda h: h.topic.startswith(f"{ROOT}/birth/tank-farm/")).json
    assert {"LT-101A", "PT-101"} <= {t["id"] for t in farm["tags"]}
    stage.ears.wait(
        lambda h: h.branch == "level" and _level_of(h, "tank-farm") == "normal", what="a normal level"
    )
    assert not stage.ears.of("alarms"), "a calm plant raises nothing"


def _level_of(heard: Heard, installation: str) -> str:
    places = [p["level"] for p in heard.json["installations"] if p["installation"] == installation]
    return str(places[0])


def test_a_plain_mosquitto_sub_sees_a_hazard_on_every_branch(stage: Scene, tmp_path: Any) -> None:
    binary = shutil.which("mosquitto_sub")
    stage.ears.wait(lambda h: h.branch == "birth", what="the gateway's first words")
    if binary is None:
        a_bad_hour(stage)  # the story goes on without this listener
        pytest.skip("mosquitto_sub is not installed; `make servers` installs it on Debian")
    listener = MosquittoSub(binary, stage.broker.port, tmp_path)
    try:
        a_bad_hour(stage)
        until(lambda: told(listener) >= A_BAD_HOUR, what="every branch printed")
    finally:
        listener.stop()
    lines = listener.lines()
    for topic, payload in lines:
        found = parse_topic(topic)
        assert found is not None, topic
        assert not VALID(found[0].schema, json.loads(payload)), (topic, payload)
    journal = {r.seq: r.data.decode() for r in stage.gateway.journal()}
    events = {json.loads(p)["seq"]: p for t, p in lines if t == f"{ROOT}/events"}
    assert events == {seq: journal[seq] for seq in range(min(events), max(events) + 1)}, (
        "the journal's own bytes"
    )


def told(listener: MosquittoSub) -> set[str]:
    """Topics below the gateway's root."""
    return {topic.removeprefix(f"{ROOT}/") for topic, _ in listener.lines()}


def a_bad_hour(stage: Scene) -> None:
    """A level far beyond its limit, a transmitter that reports failure, a gas system that is gone."""
    stage.plant.fault("stuck", "LT-101A", value=14.0)
    stage.plant.fault("failure-low", "PT-101")
    stage.plant.fault("refuse", "gas")
    hear(stage.ears, "raised", "LT-101A.H", "alarms/yellow/tank-farm/LT-101A")
    hear(stage.ears, "raised", "LT-101A.HH", "alarms/red/tank-farm/LT-101A")
    hear(stage.ears, "raised", "PT-101.FAULT", "faults/")
    hear(stage.ears, "raised", "gas.LINK", "faults/red/gas-area/gas")
    risen = hear(stage.ears, "level-raised", "LT-101A.H", "alarms/red/tank-farm/LT-101A")
    assert hear(stage.ears, "level-raised", "LT-101A.H", "alarms/yellow/").payload == risen.payload


def test_every_message_so_far_keeps_the_published_contract(stage: Scene) -> None:
    report = judged(list(stage.ears.heard))
    assert report["ok"], report["findings"]
    command = [sys.executable, "-m", "gateway.sinks.mqtt.conformance", "--port", str(stage.broker.port)]
    done = subprocess.run(
        [*command, "--for", "2s", "--json"], cwd=REPO, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_late_subscriber_sees_everything_that_is_open(stage: Scene) -> None:
    wanted = open_alarms(stage)
    assert len(wanted) >= 4
    with Ears(stage.broker.port) as late:
        late.wait(lambda _: open_states(late) == wanted, what="every open occurrence, as it is now")
        assert all(h.retain for h in late.heard)
        assert {"status", "birth", "level"} <= {h.branch for h in late.heard}
        assert not late.of("alarms", "faults", "events"), "what happened before is not told again"


def test_an_acknowledgement_arrives_with_the_name_of_who_gave_it(stage: Scene) -> None:
    wanted = next(a["id"] for a in stage.gateway.alarms() if a["rule"] == "LT-101A.HH")
    stage.gateway.ack(wanted, user="李敏", comment="已到现场")
    for on in ("alarms/red/tank-farm/LT-101A", "events"):
        told = hear_acknowledged(stage.ears, on)
        assert (told["id"], told["actor"]["name"], told["comment"]) == (wanted, "李敏", "已到现场")
    state = stage.ears.wait(
        lambda h: (
            h.topic.endswith("LT-101A/HH") and h.payload and "acknowledged_by" in h.json["occurrences"][0]
        ),
        what="its state",
    ).json
    assert state["occurrences"][0]["acknowledged_by"]["name"] == "李敏"


def hear_acknowledged(ears: Ears, on: str) -> Any:
    return ears.wait(lambda h: on in h.topic and h.json["event"] == "acknowledged", what=on).json


def test_who_follows_only_yellow_sees_the_end_of_an_alarm_that_rose_to_red(stage: Scene) -> None:
    hear(stage.ears, "level-raised", "LT-101A.H")
    stage.plant.mend("LT-101A")
    cleared = hear(stage.yellow, "cleared", "LT-101A.H").json
    assert cleared["level"] == "red"
    assert cleared["levels"] == ["yellow", "red"] or cleared["levels"] == ["red", "yellow"]
    story = [h.json["event"] for h in stage.yellow.heard if h.json["rule"] == "LT-101A.H"]
    assert story == ["raised", "level-raised", "cleared"]
    assert all("/alarms/yellow/" in h.topic for h in stage.yellow.heard)


def test_a_state_is_emptied_when_nothing_of_its_rule_is_open_any_more(stage: Scene) -> None:
    stage.gateway.ack("all")
    emptied = stage.ears.wait(
        lambda h: h.topic.endswith("/LT-101A/HH") and not h.payload, what="an empty state"
    )
    assert emptied.retain, "emptied for good, not only told"
    with Ears(stage.broker.port, f"{ROOT}/state/tank-farm/#") as late:
        late.wait(lambda _: open_states(late), what="what is still open")
        assert not any("LT-101A" in h.topic for h in late.heard)


@pytest.mark.leaks_ok("the broker of the whole scene is another process from here on")
def test_after_an_outage_the_present_comes_first_and_then_history_in_order(stage: Scene) -> None:
    """The broker forgets everything, too: it is started again without persistence."""
    before = stage.gateway.journal()[-1].seq
    stage.broker.stop()
    stage.plant.fault("stuck", "LT-102A", value=14.0)
    early = stage.gateway.wait_event(EventKind.LEVEL_RAISED, "LT-102A.H")
    stage.plant.mend("gas")
    deadline = early.recorded + (LATE_S + 1) * NS
    until(lambda: time.time_ns() > deadline, LATE_S + 5, "what is late")
    stage.plant.fault("stuck", "LT-103A", value=14.0)
    stage.gateway.wait_event(EventKind.RAISED, "LT-103A.HH")
    stage.broker.start()
    with Ears(stage.broker.port) as back:
        head = stage.gateway.journal()[-1].seq
        back.wait(lambda h: h.branch == "events" and h.json["seq"] >= head, 40, "the whole history")
        hear(back, "raised", "LT-103A.HH", "alarms/red")
        back.wait(lambda _: open_states(back) == open_alarms(stage), what="every open occurrence again")
        _in_order(back, before)
        _marked_late(back, early.seq)
        report = judged(list(back.heard))
        assert report["ok"], report["findings"]


def _in_order(back: Ears, before: int) -> None:
    """On each of the two connections: what is true now, then what happened, in sequence, without a hole."""
    ours = {"alarms": ("state", "level"), "events": ("status", "birth")}
    for history, present in ours.items():
        branches = [h.branch for h in back.heard if h.branch in (history, *present)]
        first = branches.index(history)
        assert set(branches[:first]) == set(present), f"before {history}: {branches[:first]}"
    seqs = [h.json["seq"] for h in back.of("events")]
    assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
    assert seqs[0] <= before + 1, "none is missing"
    restarted = [h for h in back.heard if h.branch == "status"]
    assert all(h.json["state"] != "offline" for h in restarted)


def _marked_late(back: Ears, late: int) -> None:
    told = [h for h in back.of("events", "alarms", "faults") if h.json["seq"] <= late]
    assert told
    for each in told:
        if each.json["seq"] == late:
            assert each.user["backfill"] == "1"
            assert float(each.user["late_s"]) > LATE_S
    fresh = [h for h in back.of("alarms") if h.json["rule"] == "LT-103A.HH"]
    assert fresh
    assert all("backfill" not in h.user for h in fresh), "what has just happened is not late"


def test_a_killed_gateway_is_shown_offline(stage: Scene) -> None:
    with Ears(stage.broker.port, f"{ROOT}/status") as watcher:
        online = watcher.wait(lambda h: h.json["state"] != "offline").json
        stage.gateway.kill()
        offline = watcher.wait(lambda h: h.json["state"] == "offline", 30, "the last will").json
    assert (offline["epoch"], offline["connected_at"]) == (online["epoch"], online["connected_at"])
    with Ears(stage.broker.port, f"{ROOT}/#") as late:
        told = late.wait(lambda h: h.branch == "status")
        assert told.retain
        assert told.json["state"] == "offline"
        assert not VALID("status", told.json)
