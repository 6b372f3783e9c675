"""TLS with certificates of both sides on every way out: the right one is taken, a stranger's is not."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway.model.errors import Retry
from gateway.sinks.influxdb.config import Settings
from gateway.sinks.influxdb.events import EventSink
from tests.conftest import MosquittoFactory
from tests.helpers.certificates import certificates
from tests.helpers.fake_influx import FakeInflux
from tests.helpers.influx_output import V1, deliver, event_lane
from tests.helpers.lane import event
from tests.helpers.mqtt_output import Output, raised
from tests.helpers.people_wires import MailServer
from tests.integration.test_sinks_people import Out
from tests.servers import TlsFiles


@dataclass(frozen=True)
class Files:
    """Our side's settings, without our certificate, and the server's context that asks for one."""

    ours: dict[str, str]
    bare: dict[str, str]
    server: ssl.SSLContext
    broker: TlsFiles


@pytest.fixture
def files(tmp_path: Path) -> Files:
    ca, (cert, key), (own, own_key) = certificates(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(cert, key)
    server.load_verify_locations(ca)
    server.verify_mode = ssl.CERT_REQUIRED
    bare = {"ca": str(ca)}
    return Files(
        {**bare, "cert": str(own), "key": str(own_key)}, bare, server, TlsFiles(cert, key, client_ca=ca)
    )


async def test_influxdb(files: Files) -> None:
    async with FakeInflux(tls=files.server) as fake:
        settings: dict[str, Any] = {**V1, "url": fake.url, "timeout": "3s"}
        await deliver(EventSink("tsdb", Settings(**settings, tls=files.ours)), event_lane(event()), 1)
        assert len(fake.stored) == 1
        for wrong in (files.bare, None):  # no certificate of ours; a server whose authority nobody trusts
            with pytest.raises(Retry):
                await EventSink("tsdb", Settings(**settings, tls=wrong)).run(event_lane(event()))


async def test_webhook(files: Files) -> None:
    async with FakeInflux(tls=files.server) as server:
        good, bad = (
            Out("webhook", url=server.url, tls=files.ours),
            Out("webhook", url=server.url, tls=files.bare),
        )
        for out in (good, bad):
            out.say(event())
        async with good.running():
            await good.until(1)
        with pytest.raises(Retry):
            await bad.sink.run(bad.lane)
    assert bad.lane.accepted == 0


async def test_mqtt(files: Files, mosquitto: MosquittoFactory) -> None:
    broker = mosquitto(tls=files.broker)
    out = Output(broker, tls=files.ours)
    async with out.running():
        out.say(raised())
        await out.settled()
    bare = Output(broker, tls=files.bare)
    with pytest.raises(Retry):
        await bare.sinks[0].run(bare.alarms)


async def test_mail(files: Files) -> None:
    server = MailServer(tls=files.server)
    with server.running():
        settings = {"by": "smtp", "host": "127.0.0.1", "port": server.port, "encryption": "tls", "every": 0,
                    "sender": "a@b.example", "tells": "alarms", "to": ("duty@plant.example",)}  # fmt: skip
        out, bare = Out("notify", **settings, tls=files.ours), Out("notify", **settings, tls=files.bare)
        out.say(event())
        bare.say(event())
        async with out.running():
            await out.until(1)
        with pytest.raises(Retry):
            await bare.sink.run(bare.lane)
    assert len(server.mails) == 1
