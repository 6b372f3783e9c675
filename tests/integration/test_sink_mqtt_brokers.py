"""The MQTT output over the embedded broker and over TLS; its speed; and the conformance test on what it publishes."""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from gateway.app.broker import GATEWAY, Broker, BrokerOptions
from gateway.model.errors import Misconfigured, Retry
from gateway.model.events import EventKind
from tests.conftest import MosquittoFactory
from tests.helpers.certificates import certificates
from tests.helpers.follower import following
from tests.helpers.lane import T0, event, occurrence
from tests.helpers.mqtt_output import ROOT, VERSIONS, Output, raised
from tests.servers import TlsFiles


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


@pytest.mark.alone
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
        before = list(itertools.takewhile(lambda h: "/alarms/" not in h.topic, f.heard))
        assert len([h for h in before if "/state/" in h.topic]) < 500, "the alarm came first"
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


@VERSIONS
async def test_what_we_publish_passes_the_conformance_test(mosquitto: MosquittoFactory, version: str) -> None:
    broker = mosquitto()
    out = Output(broker, version)
    async with out.running():
        await out.settled()
        judge = asyncio.create_task(conformance(broker.port, version))
        for i in itertools.count():  # it listens for a while, from whenever it is ready
            await asyncio.sleep(0.1)
            if judge.done():
                break
            out.say(
                raised(onset=T0 + i),
                event(EventKind.ACKNOWLEDGED, onset=T0 + i, n=2),
                event(EventKind.CLOSED, onset=T0 + i, n=3),
                event(EventKind.LIVE_LEVEL, level=None, id=""),
                open_now=[occurrence()],
            )
        code, report = await judge
    assert report["findings"] == []
    assert code == 0
    assert report["gateways"] == [ROOT]
    assert {"status", "birth", "birthPage", "level", "alarms", "state", "events"} <= report["messages"].keys()


async def test_the_conformance_test_fails_what_is_wrong(mosquitto: MosquittoFactory) -> None:
    broker = mosquitto()
    judge = asyncio.create_task(conformance(broker.port, "5"))
    while not judge.done():
        await asyncio.sleep(0.1)
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
        "1s",
        "--json",
    ]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *module, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    found, _ = await process.communicate()
    return process.returncode or 0, json.loads(found)
