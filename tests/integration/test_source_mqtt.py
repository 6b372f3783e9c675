"""MQTT input against real Mosquitto, both versions."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import ipaddress
import socket
import ssl
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.model.errors import Misconfigured
from gateway.model.quality import Quality
from gateway.model.site import Tag
from gateway.sources.mqtt.config import Settings, bind
from gateway.sources.mqtt.plugin import MqttSource, build
from gateway.wires.mqtt import varint
from tests.conftest import MosquittoFactory
from tests.helpers.certificates import certificates
from tests.helpers.feed import FakeFeed
from tests.ports import HOST, free_port
from tests.servers import Mosquitto, TlsFiles

VERSIONS = pytest.mark.parametrize("version", [5, "3.1.1"])


def source(port: int, *cells: str, **settings: Any) -> MqttSource:
    made = Settings.model_validate(
        {
            "kind": "mqtt",
            "host": HOST,
            "port": port,
            "client_id": "gw",
            "retry_max": "200ms",
            "timeout": "1s",
            **settings,
        }
    )
    tags = [
        Tag(id=f"T{i}", raw="", description="", cls="other", unit="", installation="")
        for i in range(len(cells))
    ]
    return build(
        "pond", made, [(i, t, bind(made, c, t)) for i, (t, c) in enumerate(zip(tags, cells, strict=True))]
    )


@contextlib.asynccontextmanager
async def running(reading: MqttSource, feed: FakeFeed | None = None) -> AsyncIterator[FakeFeed]:
    feed = feed or FakeFeed()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(reading.run(feed))
        try:
            yield feed
        finally:
            task.cancel()


def publish(
    port: int,
    *messages: tuple[str, bytes],
    retain: bool = False,
    login: tuple[str, str] | None = None,
    ca: Path | None = None,
) -> None:
    """A publisher of our own that waits for the broker's PUBACKs; blocking."""
    with contextlib.ExitStack() as stack:
        wire = stack.enter_context(socket.create_connection((HOST, port), timeout=5.0))
        if ca is not None:
            wire = stack.enter_context(
                ssl.create_default_context(cafile=ca).wrap_socket(wire, server_hostname=HOST)
            )
        flags, who = (0xC2, b"".join(_text(x) for x in login)) if login else (0x02, b"")
        body = b"\0\4MQTT\4" + bytes([flags]) + b"\0\x3c\0\0" + who
        wire.sendall(b"\x10" + varint(len(body)) + body)
        assert wire.recv(4)[3] == 0
        for number, (topic, payload) in enumerate(messages, 1):
            body = _text(topic) + number.to_bytes(2) + payload
            wire.sendall(bytes([0x32 | retain]) + varint(len(body)) + body)
        got = b""
        while len(got) < 4 * len(messages):
            got += wire.recv(65536)
        wire.sendall(b"\xe0\0")


def _text(text: str) -> bytes:
    return len(text.encode()).to_bytes(2) + text.encode()


async def subscribed(broker: Mosquitto, times: int = 1) -> None:
    """Until the broker says it has sent that many SUBACKs."""
    for _ in range(3000):
        if broker.log.count("Sending SUBACK to gw") >= times:
            return
        await asyncio.sleep(0.01)
    pytest.fail(broker.log)


@VERSIONS
async def test_plain_and_json_values_arrive(mosquitto: MosquittoFactory, version: object) -> None:
    broker = mosquitto()
    reading = source(
        broker.port, "a/plain", "a/json#v", "a/json#deep[1].x", version=version, time={"path": "ts"}
    )
    async with running(reading) as feed:
        await subscribed(broker)
        before = time.time_ns()
        publish(
            broker.port, ("a/plain", b"1.5"), ("a/json", b'{"ts":1700000000123,"v":2,"deep":[0,{"x":true}]}')
        )
        await feed.until(lambda: len(feed.rows) == 3)
        rows = {r.tag: r for r in feed.rows}
        assert {t: (r.value, r.quality) for t, r in rows.items()} == {0: (1.5, 0), 1: (2.0, 0), 2: (1.0, 0)}
        assert rows[1].source == rows[2].source == 1_700_000_000_123_000_000
        assert rows[0].source == rows[0].received >= before
        (told,) = reading.traffic()
        assert (told.link, told.up, told.replies, told.errors) == ("pond", True, 2, {})
        assert feed.links == []


@VERSIONS
async def test_messages_that_arrive_together_are_one_batch(
    mosquitto: MosquittoFactory, version: object
) -> None:
    broker = mosquitto()
    async with running(source(broker.port, "a", version=version)) as feed:
        await subscribed(broker)
        publish(broker.port, *[("a", str(n).encode()) for n in range(9)])
        await feed.until(lambda: len(feed.rows) == 9)
        assert [r.value for r in feed.rows] == list(range(9))
        assert len(feed.batches) <= 2


@VERSIONS
async def test_acknowledged_only_after_commit(mosquitto: MosquittoFactory, version: object) -> None:
    """TB-GW acknowledges at once: a crash loses what was accepted. Here it comes again until it is on disk."""
    broker = mosquitto()
    async with running(source(broker.port, "a", version=version), FakeFeed(commit_at_once=False)) as crashed:
        await subscribed(broker)
        publish(broker.port, ("a", b"1"), ("a", b"2"))
        await crashed.until(lambda: len(crashed.rows) == 2)
        assert crashed.pending, "queued, not committed"
    reading = source(broker.port, "a", version=version)
    async with running(reading) as again:
        await again.until(lambda: len(again.rows) == 2)
        assert [r.value for r in again.rows] == [1.0, 2.0]
        assert reading.counters.resumed == 1
        await again.until(lambda: reading.counters.acknowledged == 2)
        await asyncio.sleep(0.1)
    async with running(source(broker.port, "a", version=version)) as third:
        publish(broker.port, ("a", b"3"))
        await third.until(lambda: bool(third.rows))
        assert [r.value for r in third.rows] == [3.0], "what was committed does not come again"


@VERSIONS
async def test_a_broker_restart_resumes_the_session(mosquitto: MosquittoFactory, version: object) -> None:
    broker = mosquitto(persistence=True)
    reading = source(broker.port, "a", version=version, timeout="5s")
    async with running(reading) as feed:
        await subscribed(broker)
        publish(broker.port, ("a", b"1"))
        await feed.until(lambda: len(feed.rows) == 1)
        await asyncio.to_thread(broker.restart)
        publish(broker.port, ("a", b"2"))
        await feed.until(lambda: len(feed.rows) == 2)
        assert [r.value for r in feed.rows] == [1.0, 2.0]
        assert reading.counters.resumed >= 1
        assert feed.links == [], "it was back within the timeout"


async def test_a_broker_away_for_longer_is_a_link_down_then_up(mosquitto: MosquittoFactory) -> None:
    broker = mosquitto(persistence=True)
    async with running(source(broker.port, "a", timeout="300ms")) as feed:
        await subscribed(broker)
        await asyncio.to_thread(broker.stop)
        await feed.until(lambda: not feed.up("pond"))
        await asyncio.to_thread(broker.start)
        await feed.until(lambda: feed.up("pond"))
        assert [(k, up) for k, up, _ in feed.links] == [("pond", False), ("pond", True)]


async def test_what_was_published_while_we_were_away_comes_in_order(mosquitto: MosquittoFactory) -> None:
    broker = mosquitto()
    async with running(source(broker.port, "a")) as feed:
        await subscribed(broker)
    publish(broker.port, *[("a", str(n).encode()) for n in range(100)])
    async with running(source(broker.port, "a")) as feed:
        await feed.until(lambda: len(feed.rows) == 100)
        assert [r.value for r in feed.rows] == list(range(100))


async def test_malformed_payloads_are_bad_and_stop_nothing(mosquitto: MosquittoFactory) -> None:
    """telegraf 13476: stalls after parse errors."""
    broker = mosquitto()
    reading = source(broker.port, "p", "j#v", max_packet=1024, version="3.1.1")
    async with running(reading) as feed:
        await subscribed(broker)
        junk = [b"", b"{", b"\xff\xfe", b"[]", b"null", b"x" * 5000, b'{"v":[]}']
        publish(
            broker.port, *[(topic, j) for j in junk for topic in ("p", "j")], ("p", b"1"), ("j", b'{"v":2}')
        )
        await feed.until(lambda: len(feed.rows) == 16)
        assert {r.quality for r in feed.rows[:-2]} == {Quality.MALFORMED}
        assert [(r.value, r.quality) for r in feed.rows[-2:]] == [(1.0, 0), (2.0, 0)]
        await feed.until(lambda: reading.counters.acknowledged == 16)
        assert reading.counters.connects == 1
        assert reading.counters.oversized == 2


async def test_a_flood_is_held_back_and_nothing_is_lost(mosquitto: MosquittoFactory) -> None:
    broker = mosquitto(extra=["max_queued_messages 0"])
    feed = FakeFeed()
    reading = source(broker.port, "a", receive_maximum=500)
    async with running(reading, feed):
        await subscribed(broker)
        feed.roomy.clear()
        sending = asyncio.create_task(
            asyncio.to_thread(publish, broker.port, *[("a", b"%d" % n) for n in range(5000)])
        )
        await asyncio.sleep(0.3)
        assert reading.counters.messages <= 500, "the broker may not send more than it was told"
        feed.roomy.set()
        await sending
        await feed.until(lambda: len(feed.rows) >= 5000)
        assert [int(r.value) for r in feed.rows] == list(range(5000))


async def test_a_full_intake_is_not_acknowledged(mosquitto: MosquittoFactory) -> None:
    broker = mosquitto()
    feed = FakeFeed(full=True)
    reading = source(broker.port, "a")
    async with running(reading, feed):
        await subscribed(broker)
        publish(broker.port, ("a", b"1"))
        await asyncio.sleep(0.1)
        assert reading.counters.acknowledged == 0
        feed.full = False
        await feed.until(lambda: [r.value for r in feed.rows] == [1.0])


async def test_a_retained_value_without_time_is_doubtful(mosquitto: MosquittoFactory) -> None:
    broker = mosquitto()
    publish(broker.port, ("a", b"1"), retain=True)
    async with running(source(broker.port, "a")) as feed:
        await feed.until(lambda: len(feed.rows) == 1)
        assert feed.rows[0].quality == Quality.CLOCK_DOUBTFUL


async def test_thousands_of_topics_are_subscribed_in_bulk(mosquitto: MosquittoFactory) -> None:
    broker = mosquitto()
    async with running(source(broker.port, *[f"plant/dev/{n}" for n in range(1000)])) as feed:
        await subscribed(broker, 5)
        publish(broker.port, ("plant/dev/999", b"7"))
        await feed.until(lambda: bool(feed.rows))
        assert (feed.rows[0].tag, feed.rows[0].value) == (999, 7.0)
        assert broker.log.count("Received SUBSCRIBE from gw") == 5


async def test_filters_of_ones_own(mosquitto: MosquittoFactory) -> None:
    broker = mosquitto()
    reading = source(broker.port, "plant/1/v", subscribe=["plant/#"])
    async with running(reading) as feed:
        await subscribed(broker)
        publish(broker.port, ("plant/2/v", b"1"), ("plant/1/v", b"2"))
        await feed.until(lambda: len(feed.rows) == 1)
        await feed.until(lambda: reading.counters.acknowledged == 2)
        assert reading.counters.unknown == 1


@VERSIONS
async def test_a_wrong_password_is_for_a_person(
    mosquitto: MosquittoFactory, version: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = mosquitto(users={"gw": "right"})
    monkeypatch.setenv("PW", "wrong")
    feed = FakeFeed()
    with pytest.raises(Misconfigured, match=r"not authorized|bad user name"):
        await source(broker.port, "a", version=version, username="gw", password_env="PW").run(feed)
    assert [(k, up) for k, up, _ in feed.links] == [("pond", False)]
    monkeypatch.setenv("PW", "right")
    async with running(source(broker.port, "a", version=version, username="gw", password_env="PW"), feed):
        await subscribed(broker)
        publish(broker.port, ("a", b"1"), login=("gw", "right"))
        await feed.until(lambda: bool(feed.rows))
        assert feed.up("pond")


async def test_nobody_listens() -> None:
    async with running(source(free_port(), "a", timeout="200ms")) as feed:
        await feed.until(lambda: not feed.up("pond"))
        assert "no broker at" in feed.links[0][2]


async def test_a_half_open_broker_is_noticed(mosquitto: MosquittoFactory) -> None:
    broker = mosquitto()
    async with running(source(broker.port, "a", keep_alive="2s", timeout="500ms")) as feed:
        await subscribed(broker)
        broker.freeze()
        await feed.until(lambda: not feed.up("pond"))
        broker.thaw()
        await feed.until(lambda: feed.up("pond"))


async def test_whoever_takes_our_name_is_named(mosquitto: MosquittoFactory) -> None:
    broker = mosquitto()
    async with running(source(broker.port, "a")) as one, running(source(broker.port, "a")) as two:
        await subscribed(broker, 4)
        await one.until(lambda: any("client_id" in why for feed in (one, two) for _, _, why in feed.links))
        publish(broker.port, ("a", b"1"))
        await one.until(lambda: bool(one.rows or two.rows))


def test_the_same_on_uvloop(mosquitto: MosquittoFactory) -> None:
    broker = mosquitto()

    async def cycle() -> None:
        async with running(source(broker.port, "a")) as feed:
            await subscribed(broker)
            publish(broker.port, ("a", b"1"))
            await feed.until(lambda: [r.value for r in feed.rows] == [1.0])

    uvloop.run(cycle())


def a_certificate(folder: Path) -> TlsFiles:
    """Signs itself, for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "broker")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "cert.pem").write_bytes(made.public_bytes(pem))
    form = serialization.PrivateFormat.PKCS8
    (folder / "key.pem").write_bytes(key.private_bytes(pem, form, serialization.NoEncryption()))
    return TlsFiles(folder / "cert.pem", folder / "key.pem")


async def test_tls_and_a_certificate_that_nobody_vouches_for(
    mosquitto: MosquittoFactory, tmp_path: Path
) -> None:
    files = a_certificate(tmp_path)
    broker = mosquitto(tls=files)
    async with running(source(broker.port, "a", tls={"ca": str(files.cert)})) as feed:
        await subscribed(broker)
        publish(broker.port, ("a", b"1"), ca=files.cert)
        await feed.until(lambda: bool(feed.rows))
    with pytest.raises(Misconfigured, match="certificate"):
        await source(broker.port, "a", tls={}).run(FakeFeed())
    with pytest.raises(Misconfigured, match="tls"):
        await source(broker.port, "a", tls={"ca": str(tmp_path / "nowhere.pem")}).run(FakeFeed())


@VERSIONS
async def test_a_broker_that_asks_for_our_certificate(
    mosquitto: MosquittoFactory, tmp_path: Path, version: object
) -> None:
    ca, server, own = certificates(tmp_path)
    extra = (f"cafile {ca}", "require_certificate true", "use_identity_as_username true")
    broker = mosquitto(tls=TlsFiles(*server), extra=extra)
    shown = {"ca": str(ca), "cert": str(own[0]), "key": str(own[1])}
    async with running(source(broker.port, "a", tls=shown, version=version)) as feed:
        await subscribed(broker)
        assert "u'gw-01'" in broker.log
        assert feed.links == []
    refused = source(broker.port, "a", tls={"ca": str(ca)}, version=version)
    async with running(refused) as feed:
        await feed.until(lambda: not feed.up("pond"))
