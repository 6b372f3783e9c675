"""The tools' subscriber: hears in the event loop, says why it may not, comes back after an outage."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest

from gateway.app.broker import GATEWAY, REGULATOR, Broker, BrokerOptions
from gateway.app.subscriber import witness
from gateway.model.errors import Retry
from gateway.sinks.mqtt.listener import Caller, listening
from tests import leaks
from tests.conftest import MosquittoFactory
from tests.helpers.mqtt_output import Output, raised

Heard = list[tuple[str, bytes, bool]]


async def until(met: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not met():
            await asyncio.sleep(0.01)


@contextmanager
def sockets_closed_without_the_collector() -> Iterator[None]:
    """Waits a moment: the server's thread and the broker's end take their time."""
    before = leaks.belongings()
    gc.disable()
    try:
        yield
        for _ in range(500):
            if not (found := set(leaks.belongings().sockets) - set(before.sockets)):
                return
            time.sleep(0.02)
        pytest.fail(f"open: {found}")
    finally:
        gc.enable()


async def test_messages_are_heard_in_the_loop_and_the_thread_ends(mosquitto: MosquittoFactory) -> None:
    broker, here = mosquitto(), threading.get_ident()
    heard: Heard = []
    threads = set()

    def hear(*message: object) -> None:
        threads.add(threading.get_ident())
        heard.append(message)  # type: ignore[arg-type]

    out = Output(broker)
    async with listening(Caller(broker.host, broker.port, v5=True), ["fengsui/v1/#"], hear), out.running():
        out.say(raised())
        await until(lambda: any("/alarms/red/" in topic for topic, *_ in heard))
    assert threads == {here}
    assert any(retain for topic, _, retain in heard if topic.endswith("/status"))


async def test_a_broker_that_comes_back_is_listened_to_again(mosquitto: MosquittoFactory) -> None:
    broker = mosquitto()
    heard: Heard = []
    async with listening(Caller(broker.host, broker.port), ["fengsui/v1/#"], lambda *m: heard.append(m)):
        broker.restart()
        out = Output(broker)
        async with out.running():
            await until(lambda: any(topic.endswith("/status") for topic, *_ in heard))


async def test_nobody_there(free_port: Callable[[], int]) -> None:
    with pytest.raises(Retry, match="refused"):
        async with listening(Caller("127.0.0.1", free_port()), ["#"], lambda *_: None):
            pytest.fail("nobody answers")


async def test_a_server_that_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.sinks.mqtt.listener.ANSWER_S", 0.3)
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        sockets_closed_without_the_collector(),
        pytest.raises(Retry, match="no answer"),
    ):
        async with listening(Caller("127.0.0.1", silent.getsockname()[1]), ["#"], lambda *_: None):
            pytest.fail("nobody answers")


async def test_a_connection_nobody_waits_for_any_more_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    connect, may = paho.Client.connect, threading.Event()

    def slowly(client: paho.Client, *where: Any) -> object:
        may.wait(10)
        return connect(client, *where)

    monkeypatch.setattr(paho.Client, "connect", slowly)
    with socket.create_server(("127.0.0.1", 0)) as silent, sockets_closed_without_the_collector():
        caller = Caller("127.0.0.1", silent.getsockname()[1])
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1), listening(caller, ["#"], lambda *_: None):
                pytest.fail("nobody answers")
        may.set()
        await asyncio.get_running_loop().shutdown_default_executor()
        await asyncio.sleep(0)


async def test_the_witness_is_an_ordinary_regulator(tmp_path: Path) -> None:
    async with Broker(BrokerOptions(folder=tmp_path / "b", regulator=True)) as broker:
        with sockets_closed_without_the_collector(), pytest.raises(Retry, match="login"):
            async with witness(broker.port, REGULATOR, "wrong", ("fengsui/v1/+/+/+/level",), lambda: 0.0):
                pytest.fail("a wrong password")
        secret = broker.passwords[REGULATOR]
        with pytest.raises(Retry, match="refuses fengsui"):
            async with witness(broker.port, REGULATOR, secret, ("fengsui/v1/+/+/+/events",), lambda: 0.0):
                pytest.fail("the county's record is not for regulators")
        topics = tuple(f"fengsui/v1/341524/+/+/{branch}/#" for branch in ("alarms", "state"))
        async with witness(broker.port, REGULATOR, secret, topics, lambda: 7.0) as seen:
            await _publish(broker)
            await until(lambda: len(seen.messages) == 1)
        assert (seen.messages[0].payload, seen.messages[0].at) == (b"{}", 7.0), (
            "emptied topics are not counted"
        )


async def _publish(broker: Broker) -> None:
    import aiomqtt

    login = {"username": GATEWAY, "password": broker.passwords[GATEWAY]}
    async with aiomqtt.Client(
        broker.host, broker.port, protocol=aiomqtt.ProtocolVersion.V311, **login
    ) as client:
        await client.publish("fengsui/v1/341524/s/g/state/i/t/r", b"", qos=1, retain=True)
        await client.publish("fengsui/v1/341524/s/g/alarms/red/i/t", b"{}", qos=1)
