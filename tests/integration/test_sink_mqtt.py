"""The MQTT output against Mosquitto (5 and 3.1.1) and the embedded broker."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from gateway.model.events import EventKind
from gateway.model.times import NS
from tests.conftest import MosquittoFactory
from tests.helpers.follower import following
from tests.helpers.lane import EPOCH, T0, FakeClock, event, occurrence, present, site
from tests.helpers.mqtt_output import RED, ROOT, SITE, VERSIONS, YELLOW, Output, raised

# --- what goes where --------------------------------------------------------------------------------------------------


@VERSIONS
async def test_an_alarm_its_state_the_level_and_the_journal(
    mosquitto: MosquittoFactory, version: str
) -> None:
    broker = mosquitto()
    out = Output(broker, version)
    async with following(broker.host, broker.port) as f, out.running():
        out.say(raised(), event(EventKind.STARTED, level=None, id=""), open_now=[occurrence()])
        await out.settled()
        await f.until(lambda: f.on("state/"))
        await f.quiet()
        first, second = out.journal.records
        (alarm,) = f.on("/alarms/")
        assert alarm.topic == f"{ROOT}/alarms/red/tank-farm/LT-1"
        assert alarm.payload == first.data, "the journal's exact bytes"
        assert not alarm.user, "not late"
        assert [h.payload for h in f.on("/events")] == [first.data, second.data]
        state = f.on("state/")[-1]
        assert state.topic == f"{ROOT}/state/tank-farm/LT-1/HH"
        assert state.json["occurrences"][0]["id"] == first.event.id
        assert f.on("/level")[-1].json["live"]["level"] == "red"
        assert [h.json["state"] for h in f.on("/status")] == ["online"]
        assert {h.topic for h in f.on("/birth")} == {f"{ROOT}/birth", f"{ROOT}/birth/tank-farm/1"}
    assert not out.alarms.reports
    assert not out.events.reports


async def test_faults_have_their_own_branch_and_shadow_is_not_announced(mosquitto: MosquittoFactory) -> None:
    broker = mosquitto()
    out = Output(broker)
    async with following(broker.host, broker.port) as f, out.running():
        out.say(
            raised(tag="plc1/3", name="LINK", fault=True)._replace(kind="link"),
            raised(tag="LT-2", shadow=True),
            open_now=[
                occurrence("LT-2").with_(shadow=True),
                occurrence("plc1/3", "LINK").with_(fault=True),
            ],
        )
        await out.settled()
        await f.until(lambda: f.on("state/"))
        await f.quiet()
        assert [h.topic for h in f.on("/faults/")] == [f"{ROOT}/faults/red/tank-farm/plc1_3"]
        assert not f.on("/alarms/")
        assert {h.topic for h in f.on("state/")} == {f"{ROOT}/state/tank-farm/plc1_3/LINK"}
        assert len(f.on("/events")) == 2, "the county's record has everything"


@VERSIONS
async def test_who_follows_yellow_alone_sees_the_end_of_an_alarm_that_rose_to_red(
    mosquitto: MosquittoFactory, version: str
) -> None:
    broker = mosquitto()
    out = Output(broker, version)
    both = (YELLOW, RED)
    async with (
        following(broker.host, broker.port, "fengsui/v1/341524/+/+/alarms/yellow/#") as f,
        out.running(),
    ):
        out.say(
            raised(level=YELLOW),
            event(EventKind.LEVEL_RAISED, level=RED, n=2, levels=both),
            event(EventKind.CLEARED, level=RED, n=3, levels=both),
        )
        await f.until(lambda: len(f.heard) == 3)
        assert [h.json["event"] for h in f.heard] == ["raised", "level-raised", "cleared"]


async def test_red_goes_before_yellow_and_no_event_overtakes_its_own_occurrence(
    mosquitto: MosquittoFactory,
) -> None:
    broker = mosquitto()
    out = Output(broker)
    out.say(
        raised(tag="LT-1", name="H", level=YELLOW),
        raised(tag="LT-2", level=RED),
        raised(tag="LT-3", level=YELLOW),
        event(EventKind.LEVEL_RAISED, tag="LT-3", level=RED, n=2, levels=(YELLOW, RED)),
    )
    async with following(broker.host, broker.port, "fengsui/v1/+/+/+/alarms/+/+/+") as f, out.running():
        await out.settled()
        await f.quiet()
    assert [(h.json["seq"], h.topic.split("/")[6]) for h in f.heard] == [
        (2, "red"), (3, "yellow"), (4, "red"), (4, "yellow"), (1, "yellow"),
    ]  # fmt: skip


# --- retained ---------------------------------------------------------------------------------------------------------


@VERSIONS
async def test_a_late_subscriber_sees_all_that_is_open(mosquitto: MosquittoFactory, version: str) -> None:
    broker = mosquitto()
    out = Output(broker, version)
    branch = occurrence(onset=T0 + 5).with_(n=2)
    async with out.running():
        out.say(raised(), raised(tag="LT-2"), open_now=[occurrence(), branch, occurrence("LT-2")])
        await out.settled()
        await asyncio.sleep(0.1)
        async with following(broker.host, broker.port, f"{ROOT}/state/#") as f:
            await f.until(lambda: len(f.heard) == 2)
            assert all(h.retain for h in f.heard)
            found = {
                h.topic.rpartition("state/")[2]: [o["id"] for o in h.json["occurrences"]] for h in f.heard
            }
            assert found == {
                "tank-farm/LT-1/HH": [occurrence().id, branch.id],
                "tank-farm/LT-2/HH": [occurrence("LT-2").id],
            }
            out.say(event(EventKind.CLOSED, n=3), open_now=[occurrence("LT-2")])
            await f.until(lambda: len(f.heard) == 3)
            assert (f.heard[2].topic, f.heard[2].payload) == (f"{ROOT}/state/tank-farm/LT-1/HH", b"")
        async with following(broker.host, broker.port, f"{ROOT}/state/#") as later:
            await later.quiet()
            assert [h.topic for h in later.heard] == [f"{ROOT}/state/tank-farm/LT-2/HH"]


@VERSIONS
async def test_what_a_former_life_left_retained_is_emptied(mosquitto: MosquittoFactory, version: str) -> None:
    broker = mosquitto()
    before = Output(broker, version)
    async with before.running():
        before.say(raised(), raised(tag="LT-2"), open_now=[occurrence(), occurrence("LT-2")])
        await before.settled()
        await asyncio.sleep(0.1)
    after = Output(broker, version)
    after.alarms.now = present(SITE, [occurrence("LT-2")])
    async with following(broker.host, broker.port, f"{ROOT}/state/#") as f, after.running():
        await f.until(lambda: any(h.topic.endswith("LT-1/HH") and not h.payload for h in f.heard))
        await f.quiet()
        assert f.on("LT-2")[-1].payload
    async with following(broker.host, broker.port, f"{ROOT}/state/#") as later:
        await later.quiet()
        assert [h.topic for h in later.heard] == [f"{ROOT}/state/tank-farm/LT-2/HH"]


async def test_old_birth_pages_are_emptied_when_the_config_changes(mosquitto: MosquittoFactory) -> None:
    broker = mosquitto()
    out = Output(broker)
    big = site(1500)
    out.events.now = present(big)
    async with out.running(), following(broker.host, broker.port, f"{ROOT}/birth/#") as f:
        await f.until(lambda: any(h.topic == f"{ROOT}/birth" for h in f.heard))
        pages = [h for h in f.heard if h.payload and h.topic != f"{ROOT}/birth"]
        assert len(pages) > 2
        assert all(len(h.payload) <= 128 * 1024 for h in pages)
        assert sum(len(h.json["tags"]) for h in pages) == 1500
        out.say(event(EventKind.CONFIG_CHANGED, level=None))
        await f.until(lambda: len([h for h in f.heard if not h.payload]) == len(pages) - 1)


async def test_present_state_again_every_ten_minutes(mosquitto: MosquittoFactory) -> None:
    broker = mosquitto()
    out = Output(broker, clock=FakeClock(speed=1000))
    out.alarms.now = present(SITE, [occurrence()])
    async with following(broker.host, broker.port) as f, out.running():
        await f.until(lambda: len(f.on("state/")) >= 3)
        await f.until(lambda: len(f.on("/level")) >= 3)
        await f.until(lambda: len(f.on("/birth/")) >= 3)
        await f.until(lambda: len(f.on("/status")) >= 20)


async def test_a_change_of_the_gateways_own_state_is_published_soon(mosquitto: MosquittoFactory) -> None:
    broker = mosquitto()
    out = Output(broker, clock=FakeClock(speed=50))
    out.events.now = present(SITE, state="starting")
    async with following(broker.host, broker.port, f"{ROOT}/status") as f, out.running():
        await f.until(lambda: f.heard)
        out.events.now = present(SITE, state="degraded", troubles=("disk",), backlog={"tsdb.readings": 5})
        await f.until(lambda: f.heard[-1].json["state"] == "degraded")
        status = f.heard[-1].json
        assert status["troubles"] == ["disk"]
        assert status["backlog"] == {"tsdb.readings": 5}
        assert status["expected_every_s"] == 60


# --- outages ----------------------------------------------------------------------------------------------------------


@VERSIONS
async def test_a_broker_that_forgot_everything_is_told_everything(
    mosquitto: MosquittoFactory, version: str
) -> None:
    broker = mosquitto()
    out = Output(broker, version)
    async with out.running(forgiving=True):
        out.say(raised(), open_now=[occurrence()])
        await out.settled()
        await asyncio.to_thread(broker.stop)
        old = out.clock.now() - 3600 * NS
        out.say(raised(tag="LT-2"), open_now=[occurrence(), occurrence("LT-2")], recorded=old)
        out.say(raised(tag="LT-3"), open_now=[occurrence(), occurrence("LT-2"), occurrence("LT-3")])
        await asyncio.to_thread(broker.start)
        await out.settled()
        async with following(broker.host, broker.port) as f:
            await f.until(lambda: len(f.on("state/")) == 3)
            await f.until(lambda: f.on("/level") and f.on("/status") and len(f.on("/birth")) == 2)
            assert all(h.retain for h in f.heard)
            assert f.on("/status")[0].json["state"] == "online"


async def test_after_an_outage_present_state_first_then_marked_history(mosquitto: MosquittoFactory) -> None:
    broker = mosquitto()
    out = Output(broker)
    old = out.clock.now() - 3600 * NS
    out.say(
        raised(tag="LT-2", level=YELLOW), event(EventKind.CLOSED, tag="LT-2", level=YELLOW, n=2), recorded=old
    )
    out.say(raised(tag="LT-3", level=YELLOW), open_now=[occurrence("LT-3", level=YELLOW)])
    async with following(broker.host, broker.port) as f, out.running():
        await out.settled()
        await f.quiet()
    alarm_lane = [h for h in f.heard if "/alarms/" in h.topic or "/state/" in h.topic]
    assert "/state/" in alarm_lane[0].topic
    history = [h for h in f.heard if "/alarms/" in h.topic]
    assert [h.json["seq"] for h in history] == [1, 2, 3]
    assert [h.user.get("backfill") for h in history] == ["1", "1", None]
    assert float(history[0].user["late_s"]) == pytest.approx(3600, abs=5)
    assert [h.user.get("backfill") for h in f.on("/events")] == ["1", "1", None]


async def test_a_broker_that_freezes_is_left_and_nothing_is_lost(mosquitto: MosquittoFactory) -> None:
    broker = mosquitto()
    out = Output(broker, timeout="500ms", keepalive="1s")
    async with following(broker.host, broker.port, f"{ROOT}/events") as f, out.running(forgiving=True):
        out.say(raised())
        await out.settled()
        broker.freeze()
        out.say(*[raised(tag=f"LT-{1 + i % 4}", onset=T0 + i) for i in range(300)])
        await out.events.until(lambda: len(out.lost) >= 2)
        broker.thaw()
        await out.settled()
        wanted = {r.data for r in out.journal.records}
        await f.until(lambda: {h.payload for h in f.heard} == wanted)


async def test_an_orderly_end_and_a_killed_gateway_both_show_offline(mosquitto: MosquittoFactory) -> None:
    broker = mosquitto()
    out = Output(broker)
    async with following(broker.host, broker.port, f"{ROOT}/status") as f:
        async with out.running():
            await f.until(lambda: f.heard)
        await f.until(lambda: len(f.heard) == 2)
        assert f.heard[1].json["state"] == "offline"
        with gateway_process(broker.port) as child:
            await f.until(lambda: len(f.heard) == 3)
            os.kill(child.pid, signal.SIGKILL)
            killed = time.monotonic()
            await f.until(lambda: len(f.heard) == 4)
            assert time.monotonic() - killed < 10, "the broken connection, and not the keep-alive"
        will = f.heard[3].json
        assert will["state"] == "offline"
        assert will["epoch"] == EPOCH
        assert set(will) == {"schema", "state", "gateway", "epoch", "connected_at"}
    async with following(broker.host, broker.port, f"{ROOT}/status") as later:
        await later.until(lambda: later.heard)
        assert later.heard[0].retain


def gateway_process(port: int) -> subprocess.Popen[bytes]:
    program = f"""
        import asyncio
        from gateway.sinks.mqtt.config import Settings
        from gateway.sinks.mqtt.plugin import build
        from tests.helpers.lane import FakeEventLane, present, site
        async def main():
            sink = build("county", Settings(kind="mqtt", host="127.0.0.1", port={port}))[1]
            await sink.run(FakeEventLane("county.events", present(site())))
        asyncio.run(main())
    """
    return subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], cwd=Path(__file__).parents[2])
