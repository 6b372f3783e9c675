"""The simulated broker: right where no fault is in force, and wrong in exactly the way a fault says."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiomqtt
import numpy as np
import pytest

from simulators.broker import BrokerServer, packets
from simulators.broker.packets import Publication, fits
from simulators.broker.pipe import shape
from simulators.broker.sessions import Memory
from simulators.errors import BadFrame
from simulators.faults import KINDS, Fault, make_fault
from simulators.outbox import Message, Outbox
from simulators.port import Close, Send, Wait
from tests.ports import HOST

VERSIONS = pytest.mark.parametrize("version", [aiomqtt.ProtocolVersion.V5, aiomqtt.ProtocolVersion.V311])
RNG = np.random.default_rng(1)
SAID = Publication("a/b", b"1.5", 1, number=7)


def fault(kind: str, **params: float) -> Fault:
    return make_fault("f", kind, KINDS[kind].target, 0.0, params)


@dataclass
class Running:
    server: BrokerServer
    faults: list[Fault] = field(default_factory=list)


@contextlib.asynccontextmanager
async def broker() -> AsyncIterator[Running]:
    faults: list[Fault] = []
    server = BrokerServer(lambda: faults, RNG)
    await server.open(HOST, 0)

    async def follow() -> None:
        while True:
            await server.follow()
            await asyncio.sleep(0.01)

    task = asyncio.create_task(follow())
    try:
        yield Running(server, faults)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await server.close()


def client(
    run: Running, version: aiomqtt.ProtocolVersion, name: str = "ear", *, clean: bool = True
) -> aiomqtt.Client:
    asked: dict[str, object] = (
        {"clean_start": clean} if version is aiomqtt.ProtocolVersion.V5 else {"clean_session": clean}
    )
    return aiomqtt.Client(HOST, run.server.port, identifier=name, protocol=version, timeout=5, **asked)  # type: ignore[arg-type]


@VERSIONS
async def test_what_is_published_arrives_and_what_is_retained_stays(version: aiomqtt.ProtocolVersion) -> None:
    async with broker() as run, client(run, version) as ear:
        async with client(run, version, "mouth") as mouth:
            await mouth.publish("p/1", b"old", qos=1, retain=True)
            await ear.subscribe("p/+", qos=1)
            await mouth.publish("p/2", b"new", qos=1)
            await mouth.publish("q/2", b"nobody's", qos=1)
            await mouth.publish("p/3", b"quick")
        found = [
            (str(m.topic), m.payload, m.retain) for _ in range(3) if (m := await anext(aiter(ear.messages)))
        ]
    assert found == [("p/1", b"old", True), ("p/2", b"new", False), ("p/3", b"quick", False)]


@VERSIONS
async def test_what_was_not_acknowledged_comes_again_with_the_session(
    version: aiomqtt.ProtocolVersion,
) -> None:
    async with broker() as run:
        async with client(run, version, clean=False) as ear:
            await ear.subscribe("p", qos=1)
        run.server.publish(Publication("p", b"while away", 1))
        async with client(run, version, clean=False) as ear:
            message = await anext(aiter(ear.messages))
            assert message.payload == b"while away"
        run.faults.append(fault("broker-restart", forget=1.0))
        await asyncio.sleep(0.1)
        run.faults.clear()
        await asyncio.sleep(0.1)
        assert run.server.memory.sessions == {}


async def test_a_session_that_is_taken_over_ends_with_the_reason() -> None:
    async with broker() as run:
        reader, writer = await asyncio.open_connection(HOST, run.server.port)
        writer.write(packets.packet(packets.CONNECT, b"\0\4MQTT\5\0\0\x3c\0\0\3ear"))
        await reader.readexactly(5)
        writer.write(packets.packet(packets.SUBSCRIBE | 2, b"\0\1\0\0\1p\1"))
        await reader.readexactly(6)
        run.faults.append(fault("broker-takeover"))
        assert await asyncio.wait_for(reader.read(), 5) == bytes([packets.DISCONNECT, 1, packets.TAKEN_OVER])
        writer.close()
        await writer.wait_closed()


def test_every_fault_of_the_broker_is_built() -> None:
    shaped = {kind for kind in KINDS if shape(SAID, 5, [fault(kind)], RNG) != shape(SAID, 5, [], RNG)}
    rim = {"broker-restart", "broker-half-open", "broker-busy", "broker-takeover"}
    assert shaped | rim == {name for name, kind in KINDS.items() if kind.target == "broker"}


@pytest.mark.parametrize(
    ("kind", "params", "acts"),
    [
        ("broker-mute", {}, []),
        ("broker-slow", {"delay_s": 2.0}, [Wait(2.0), Send(packets.publish(5, SAID))]),
        ("broker-drop-mid", {"after": 3.0}, [Send(packets.publish(5, SAID)[:3]), Close()]),
        ("broker-wrong-id", {}, [Send(packets.publish(5, Publication("a/b", b"1.5", 1)))]),
    ],
)
def test_what_becomes_of_a_message(kind: str, params: dict[str, float], acts: list[object]) -> None:
    assert shape(SAID, 5, [fault(kind, **params)], RNG) == acts


@pytest.mark.parametrize(
    ("asked", "topic", "fit"),
    [
        ("a/b", "a/b", True),
        ("a/+", "a/b", True),
        ("a/#", "a", True),
        ("a/#", "a/b/c", True),
        ("a/+", "a/b/c", False),
        ("a/b", "a", False),
        ("+", "a/b", False),
    ],
)
def test_filters(asked: str, topic: str, fit: bool) -> None:
    assert fits(asked, topic) is fit


@pytest.mark.parametrize("data", [b"\x30\xff\xff\xff\xff\x01", b"\x30\xff\xff\xff\x7f"])
def test_lengths_that_cannot_be(data: bytes) -> None:
    with pytest.raises(BadFrame):
        list(packets.Buffer().feed(data))


def test_a_broker_forgets_the_oldest_when_nobody_acknowledges() -> None:
    memory = Memory()
    session, present = memory.open("ear", clean=False)
    assert not present
    memory.subscribed(session, [("p", 1)])
    for k in range(10_002):
        memory.published(Publication("p", b"%d" % k, 1))
    assert next(iter(session.waiting.values())).payload == b"2"


def out(kind: str, bodies: list[bytes], **params: float) -> list[Message]:
    """One message a second under a fault, and then the fault is over."""
    box, found = Outbox(), list[Message]()
    faults = {kind: fault(kind, **params)}
    for second, body in enumerate(bodies):
        found += box.passed([Message("t", body)], faults, float(second))
    return [*found, *box.passed([], {}, float(len(bodies)))]


def test_the_publishers_faults() -> None:
    bodies = [b"%d" % k for k in range(5)]
    payloads = lambda kind, **params: [m.payload for m in out(kind, bodies, **params)]  # noqa: E731
    assert payloads("mqtt-slow", delay_s=3.0) == bodies
    assert [m.payload for m in out("mqtt-slow", bodies[:3], delay_s=99.0)] == bodies[:3], "when it is over"
    assert payloads("mqtt-shuffle", of=2.0) == [b"1", b"0", b"3", b"2", b"4"]
    assert payloads("mqtt-stale") == [b"0"] * 5
    assert all(m.retain for m in out("mqtt-stale", bodies))
    assert {m.topic for m in out("mqtt-wrong-id", bodies)} == {"t-x"}
    assert [(m.qos, m.payload) for m in out("mqtt-flood", bodies[:1], times=3.0)] == [(0, b"0")] * 3
