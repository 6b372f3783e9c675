"""The MQTT output against Mosquitto (5 and 3.1.1) and the embedded broker."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import ipaddress
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.app.broker import GATEWAY, Broker, BrokerOptions
from gateway.model.errors import Misconfigured, Retry
from gateway.model.events import EventKind
from gateway.model.levels import Level
from gateway.model.times import NS
from gateway.sinks.mqtt.config import Settings
from gateway.sinks.mqtt.plugin import build
from tests.conftest import MosquittoFactory
from tests.helpers.follower import following
from tests.helpers.lane import EPOCH, T0, FakeClock, FakeEventLane, Journal, event, occurrence, present, site
from tests.servers import TlsFiles

SITE = site()
ROOT = SITE.root
VERSIONS = pytest.mark.parametrize("version", ["5", "3.1.1"])
YELLOW, RED = Level.YELLOW, Level.RED


class Output:
    """Both sinks on lanes of their own over one journal."""

    def __init__(self, broker: Any, version: str = "5", clock: FakeClock | None = None, **more: Any) -> None:
        self.settings = Settings(
            kind="mqtt", host=broker.host, port=broker.port, **{"version": version, "timeout": "2s", **more}
        )
        self.journal = Journal(SITE, recorded=0)
        self.clock = clock or FakeClock()
        self.sinks = build("county", self.settings)
        self.alarms, self.events = (FakeEventLane(s.name, present(SITE), self.clock) for s in self.sinks)

    def say(self, *events: Any, open_now: Any = (), recorded: int | None = None) -> None:
        records = self.journal.add(*events, recorded=recorded or self.clock.now())
        for lane in (self.alarms, self.events):
            lane.now = present(SITE, open_now)
            lane.put(*records)

    async def settled(self) -> None:
        last = len(self.journal.records)
        await self.alarms.until(lambda: self.alarms.accepted >= last)
        await self.events.until(lambda: self.events.accepted >= last)

    @contextlib.asynccontextmanager
    async def running(self, *, forgiving: bool = False) -> AsyncIterator[None]:
        """Both sinks; ``forgiving``: started again after a Retry, as the supervisor does."""
        lanes = (self.alarms, self.events)
        for lane in lanes:
            lane.rewind()
        tasks = [
            asyncio.create_task(_life(s, each, forgiving)) for s, each in zip(self.sinks, lanes, strict=True)
        ]
        try:
            yield
        finally:
            for each in tasks:
                each.cancel()
            for found in await asyncio.gather(*tasks, return_exceptions=True):
                if not isinstance(found, asyncio.CancelledError) and found is not None:
                    raise found


async def _life(sink: Any, lane: FakeEventLane, forgiving: bool) -> None:
    while True:
        try:
            await sink.run(lane)
        except Retry:
            if not forgiving:
                raise
            lane.rewind()
            await asyncio.sleep(0.1)


def raised(**more: Any) -> Any:
    return event(**more)


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
            replace(raised(tag="plc1/3", name="LINK", fault=True), kind="link"),
            raised(tag="LT-2", shadow=True),
            open_now=[
                replace(occurrence("LT-2"), shadow=True),
                replace(occurrence("plc1/3", "LINK"), fault=True),
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
    branch = replace(occurrence(onset=T0 + 5), n=2)
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
        await f.until(lambda: len(f.on("/status")) >= 20, timeout=20)


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
    async with out.running(forgiving=True):
        out.say(raised())
        await out.settled()
        broker.freeze()
        out.say(*[raised(tag=f"LT-{1 + i % 4}", onset=T0 + i) for i in range(300)])
        await asyncio.sleep(1.5)
        broker.thaw()
        await out.settled()
        async with following(broker.host, broker.port) as f:
            await f.until(lambda: f.on("/status"))


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
            assert time.monotonic() - killed < 2
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


# --- refusals ---------------------------------------------------------------------------------------------------------

ACL = f"user gw\ntopic readwrite {ROOT}/alarms/red/#\ntopic readwrite {ROOT}/state/#\ntopic readwrite {ROOT}/level\n"
LOGIN = {"username": "gw", "password_env": "COUNTY_PW"}


async def test_a_refused_topic_is_never_a_success(
    mosquitto: MosquittoFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COUNTY_PW", "secret")
    broker = mosquitto(users={"gw": "secret"}, acl=ACL)
    out = Output(broker, **LOGIN)
    out.say(raised(), raised(tag="LT-2", level=YELLOW))
    lane = out.alarms
    task = asyncio.create_task(out.sinks[0].run(lane))
    await lane.until(lambda: lane.accepted == 2)
    ((seq, reason),) = lane.rejected
    assert seq == 2
    assert "alarms/yellow/tank-farm/LT-2" in reason
    assert "(135)" in reason
    assert "alarms/yellow" in lane.troubles["refused"]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_on_3_1_1_silence_counts_as_refusal_only_after_three_connections(
    mosquitto: MosquittoFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COUNTY_PW", "secret")
    broker = mosquitto(users={"gw": "secret"}, acl=ACL)
    out = Output(broker, "3.1.1", timeout="300ms", **LOGIN)
    out.say(raised(), raised(tag="LT-2", level=YELLOW))
    lane = out.alarms
    for _ in range(2):
        with pytest.raises(Retry, match="not read back"):
            await out.sinks[0].run(lane)
        assert lane.accepted == 0
        assert not lane.rejected
        lane.rewind()
    task = asyncio.create_task(out.sinks[0].run(lane))
    await lane.until(lambda: lane.accepted == 2)
    assert [seq for seq, _ in lane.rejected] == [2]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@VERSIONS
async def test_the_event_record_waits_when_its_topic_is_refused(
    mosquitto: MosquittoFactory, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setenv("COUNTY_PW", "secret")
    broker = mosquitto(users={"gw": "secret"}, acl=ACL)
    out = Output(broker, version, timeout="300ms", **LOGIN)
    out.say(raised())
    with pytest.raises(Retry, match="events"):
        await out.sinks[1].run(out.events)
    assert out.events.accepted == 0
    assert not out.events.rejected
    assert f"{ROOT}/status" in out.events.troubles["refused"]


async def write_only_broker(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Speaks just enough MQTT 5: takes every publish, refuses every subscription."""
    with contextlib.suppress(asyncio.IncompleteReadError):
        while True:
            kind, length, shift = (await reader.readexactly(1))[0] >> 4, 0, 0
            while True:
                byte = (await reader.readexactly(1))[0]
                length, shift = length | (byte & 127) << shift, shift + 7
                if byte < 128:
                    break
            body = await reader.readexactly(length)
            at = 2 + int.from_bytes(body[:2], "big")
            answer = {
                1: b"\x20\x03\0\0\0",
                3: b"\x40\x02" + body[at : at + 2],
                8: b"\x90\x04" + body[:2] + b"\0\x87",
            }
            writer.write(answer.get(kind, b""))
    writer.close()


async def test_a_gateway_that_may_only_write_still_delivers() -> None:
    async with await asyncio.start_server(write_only_broker, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        out = Output(type("It", (), {"host": host, "port": port}))
        async with out.running():
            out.say(raised(), open_now=[occurrence()])
            await out.settled()
            assert "Not authorized" in out.alarms.troubles["own-topics"]
            assert not out.alarms.rejected
        await asyncio.sleep(0.05)


@VERSIONS
async def test_a_wrong_password_is_said_and_tried_again(
    mosquitto: MosquittoFactory, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setenv("COUNTY_PW", "wrong")
    broker = mosquitto(users={"gw": "secret"})
    out = Output(broker, version, **LOGIN)
    for sink, lane in zip(out.sinks, (out.alarms, out.events), strict=True):
        with pytest.raises(Retry, match="refused the connection"):
            await sink.run(lane)
        assert set(lane.troubles) == {"login"}
    monkeypatch.setenv("COUNTY_PW", "secret")
    out = Output(broker, version, **LOGIN)
    async with out.running():
        out.say(raised())
        await out.settled()
    monkeypatch.delenv("COUNTY_PW")
    with pytest.raises(Misconfigured, match="COUNTY_PW is not set"):
        await out.sinks[0].run(out.alarms)


async def test_a_server_that_never_answers() -> None:
    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(swallow, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        it = type("It", (), {"host": host, "port": port})
        out = Output(it, timeout="300ms")
        with pytest.raises(Retry, match="did not answer CONNECT within"):
            await out.sinks[0].run(out.alarms)
        task = asyncio.create_task(Output(it).sinks[1].run(out.events))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0.05)


async def test_nobody_there(free_port: Callable[[], int]) -> None:
    out = Output(type("Nobody", (), {"host": "127.0.0.1", "port": free_port()}))
    with pytest.raises(Retry, match="cannot connect"):
        await out.sinks[0].run(out.alarms)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x20\x02\x00\x01",
        b"\x20\xff\xff\xff\xff",
        b"\x20\x03\x00\x00\x05",
    ],
)
async def test_something_else_listens_there(answer: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(answer)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        out = Output(type("It", (), {"host": host, "port": port}), timeout="500ms")
        with pytest.raises(Retry):
            await out.sinks[0].run(out.alarms)


# --- the embedded broker ----------------------------------------------------------------------------------------------


async def test_over_the_embedded_broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Broker(BrokerOptions(folder=tmp_path / "b")) as broker:
        monkeypatch.setenv("PW", broker.passwords[GATEWAY])
        login = {"username": GATEWAY, "password_env": "PW"}
        wrong = Output(broker, "5", **login)
        with pytest.raises(Retry, match=r"version: 3\.1\.1"):
            await wrong.sinks[0].run(wrong.alarms)
        out = Output(broker, "3.1.1", **login)
        follow = {"version": "3.1.1", "username": GATEWAY, "password": broker.passwords[GATEWAY]}
        async with following(broker.host, broker.port, **follow) as f, out.running():
            out.say(
                raised(), *[raised(tag="LT-2", onset=T0 + i) for i in range(200)], open_now=[occurrence()]
            )
            await out.settled()
            await f.until(lambda: len(f.on("/alarms/")) == 201)
            await f.until(
                lambda: [h.payload for h in f.on("/events")] == [r.data for r in out.journal.records]
            )
            await f.until(lambda: f.on("/state/"))


# --- speed ------------------------------------------------------------------------------------------------------------


async def test_an_alarm_is_on_the_wire_within_milliseconds(mosquitto: MosquittoFactory) -> None:
    broker = mosquitto()
    out = Output(broker)
    async with following(broker.host, broker.port, f"{ROOT}/alarms/#") as f, out.running():
        await asyncio.sleep(0.2)
        took = []
        for i in range(20):
            start = time.perf_counter()
            out.say(raised(onset=T0 + i))
            while len(f.heard) == i:
                await asyncio.sleep(0)
            took.append(time.perf_counter() - start)
        assert sorted(took)[10] < 0.02, f"median {sorted(took)[10] * 1e3:.2f} ms"


async def test_alarms_do_not_wait_for_retained_states(mosquitto: MosquittoFactory) -> None:
    """A thousand states are being published again when an alarm comes."""
    broker = mosquitto()
    out = Output(broker)
    many = [occurrence(f"LT-{i}") for i in range(1000)]
    async with following(broker.host, broker.port, f"{ROOT}/#") as f, out.running():
        await f.until(lambda: f.on("/level"))
        out.say(event(EventKind.STARTED, level=None), open_now=many)
        await f.until(lambda: f.on("/state/"))
        out.say(raised(), open_now=many)
        await f.until(lambda: f.on("/alarms/"))
        assert len(f.on("/state/")) < 500, "the alarm came first"
        await f.until(lambda: len({h.topic for h in f.on("/state/")}) == 1000)


# --- TLS and the conformance test -------------------------------------------------------------------------------------


async def test_over_tls_with_a_certificate_of_our_own(mosquitto: MosquittoFactory, tmp_path: Path) -> None:
    ca, server, ours = certificates(tmp_path)
    broker = mosquitto(tls=TlsFiles(*server, client_ca=ca))
    out = Output(broker, tls={"ca": str(ca), "cert": str(ours[0]), "key": str(ours[1])})
    async with out.running():
        out.say(raised(), *[raised(tag="LT-2", onset=T0 + i) for i in range(500)])
        await out.settled()
    stranger = Output(broker, tls={"ca": str(ca)})
    with pytest.raises(Retry):
        await stranger.sinks[0].run(stranger.alarms)
    no_trust = Output(broker, tls={})
    with pytest.raises(Retry, match="CERTIFICATE_VERIFY_FAILED"):
        await no_trust.sinks[0].run(no_trust.alarms)
    missing = Output(broker, tls={"ca": str(tmp_path / "none.pem")})
    with pytest.raises(Misconfigured, match="certificates cannot be loaded"):
        await missing.sinks[0].run(missing.alarms)


def certificates(folder: Path) -> tuple[Path, tuple[Path, Path], tuple[Path, Path]]:
    """An authority, and a certificate signed by it for the server and for the gateway."""
    root_key = ec.generate_private_key(ec.SECP256R1())
    root = _certificate("authority", root_key, "authority", root_key, authority=True)
    ca = folder / "ca.pem"
    ca.write_bytes(root.public_bytes(serialization.Encoding.PEM))
    pairs = []
    for name in ("127.0.0.1", "gw-01"):
        key = ec.generate_private_key(ec.SECP256R1())
        paths = (folder / f"{name}.pem", folder / f"{name}.key")
        found = _certificate(name, key, "authority", root_key)
        paths[0].write_bytes(found.public_bytes(serialization.Encoding.PEM))
        paths[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        pairs.append(paths)
    return ca, pairs[0], pairs[1]


def _certificate(
    name: str, key: Any, issuer: str, signer: Any, *, authority: bool = False
) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if not authority:
        place = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        builder = builder.add_extension(x509.SubjectAlternativeName([place]), critical=False)
    return builder.sign(signer, hashes.SHA256())


@VERSIONS
async def test_what_we_publish_passes_the_conformance_test(mosquitto: MosquittoFactory, version: str) -> None:
    broker = mosquitto()
    out = Output(broker, version)
    async with out.running():
        await out.settled()
        judge = asyncio.create_task(conformance(broker.port, version))
        for i in range(10):
            await asyncio.sleep(0.2)
            out.say(
                raised(onset=T0 + i),
                event(EventKind.ACKNOWLEDGED, onset=T0 + i, n=2),
                open_now=[occurrence()],
            )
        out.say(event(EventKind.CLOSED, n=3), event(EventKind.LIVE_LEVEL, level=None, id=""))
        code, report = await judge
    assert report["findings"] == []
    assert code == 0
    assert report["gateways"] == [ROOT]
    assert {"status", "birth", "birthPage", "level", "alarms", "state", "events"} <= report["messages"].keys()


async def test_the_conformance_test_fails_what_is_wrong(mosquitto: MosquittoFactory) -> None:
    broker = mosquitto()
    judge = asyncio.create_task(conformance(broker.port, "5"))
    for _ in range(20):
        await asyncio.sleep(0.15)
        async with aiomqtt.Client(broker.host, broker.port) as c:
            await c.publish(f"{ROOT}/alarms/green/a/b", b"{}", qos=1)
    code, report = await judge
    assert code == 1
    assert {f["kind"] for f in report["findings"]} == {"topic", "nothing"}


async def conformance(port: int, version: str) -> tuple[int, Any]:
    module = [
        "-m",
        "gateway.sinks.mqtt.conformance",
        "--port",
        str(port),
        "--version",
        version,
        "--for",
        "2.5s",
        "--json",
    ]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *module, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    found, _ = await process.communicate()
    return process.returncode or 0, json.loads(found)
