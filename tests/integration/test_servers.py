"""The test servers themselves: they start, forget or remember, refuse and come back as the other tests assume."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import aiomqtt
import pytest

from tests import servers


async def retained(broker: servers.Mosquitto, topic: str, within_s: float) -> bytes | None:
    async with aiomqtt.Client(broker.host, broker.port) as client:
        await client.subscribe(topic, qos=1)
        try:
            async with asyncio.timeout(within_s):
                async for message in client.messages:
                    return bytes(message.payload)
        except TimeoutError:
            return None
    return None


@pytest.mark.parametrize(("persistence", "expected"), [(True, b"red"), (False, None)])
async def test_broker_remembers_only_with_persistence(
    mosquitto: Callable[..., servers.Mosquitto], persistence: bool, expected: bytes | None
) -> None:
    broker = mosquitto(persistence=persistence)
    async with aiomqtt.Client(broker.host, broker.port) as client:
        await client.publish("a/level", b"red", qos=1, retain=True)
    broker.restart()
    assert await retained(broker, "a/level", 20.0 if expected else 0.5) == expected


async def test_broker_refuses_by_password_and_by_acl(mosquitto: Callable[..., servers.Mosquitto]) -> None:
    acl = "user gw\ntopic readwrite #\nuser viewer\ntopic read alarms/#\n"
    broker = mosquitto(users={"gw": "secret", "viewer": "looking"}, acl=acl)
    with pytest.raises(aiomqtt.MqttError):
        async with aiomqtt.Client(broker.host, broker.port, username="gw", password="wrong"):
            pass
    five = aiomqtt.ProtocolVersion.V5
    for user, word, refused in (("gw", "secret", False), ("viewer", "looking", True)):
        login = {"username": user, "password": word, "protocol": five}
        async with aiomqtt.Client(broker.host, broker.port, **login) as client:
            assert await was_refused(client) is refused


async def was_refused(client: aiomqtt.Client) -> bool:
    """Asks paho below, since aiomqtt 2 does not say: v5 answers a publish that the rules forbid with reason 135."""
    reason: asyncio.Future[object] = asyncio.get_running_loop().create_future()
    client._client.on_publish = lambda *answer: reason.set_result(answer[3])
    client._client.publish("alarms/red", b"1", qos=1)
    return getattr(await asyncio.wait_for(reason, 5), "value", 0) == 135


def test_frozen_broker_can_be_stopped(mosquitto: Callable[..., servers.Mosquitto]) -> None:
    broker = mosquitto()
    broker.freeze()
    begun = time.monotonic()
    broker.stop()
    assert not broker.running
    assert time.monotonic() - begun < servers.STOP_S


def test_influxd_overwrites_what_is_written_twice(influxd: servers.Influxd) -> None:
    influxd.create_database("gw")
    line = "reading,tag=LT101 value=1.5,quality=192i 1700000000000000001"
    assert influxd.write("gw", line) == influxd.write("gw", line) == 204
    influxd.restart()
    rows = influxd.query("SELECT * FROM reading", "gw")
    assert rows == [{"time": 1_700_000_000_000_000_001, "quality": 192, "tag": "LT101", "value": 1.5}]


def test_influxd_asks_for_a_login(influxd_auth: servers.Influxd) -> None:
    influxd_auth.create_database("gw")
    assert influxd_auth.request("POST", "/write?db=gw", b"m v=1")[0] == 401
    assert influxd_auth.write("gw", "m v=1") == 204


def test_victoriametrics_takes_line_protocol(victoriametrics: servers.VictoriaMetrics) -> None:
    assert (
        victoriametrics.request("POST", "/api/v2/write", b"reading,tag=LT101 value=2.5 1700000000000000000")[
            0
        ]
        == 204
    )
    series = victoriametrics.export('{__name__="reading_value"}')
    assert [each["values"] for each in series] == [[2.5]]
