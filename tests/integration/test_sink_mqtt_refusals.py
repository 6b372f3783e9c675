"""The MQTT output where a broker refuses, says nothing, or is no broker."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import pytest

from gateway.model.errors import Misconfigured, Retry
from tests.conftest import MosquittoFactory
from tests.helpers.lane import occurrence
from tests.helpers.mqtt_output import ROOT, VERSIONS, YELLOW, Output, raised

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
    out = Output(broker, "3.1.1", timeout="1s", **LOGIN)
    out.say(raised(), *(raised(tag=tag, level=YELLOW) for tag in ("LT-2", "LT-3")))
    lane = out.alarms
    for _ in range(2):
        with pytest.raises(Retry, match="not read back"):
            await out.sinks[0].run(lane)
        assert lane.accepted == 0
        assert not lane.rejected
        lane.rewind()
    task = asyncio.create_task(out.sinks[0].run(lane))
    await lane.until(lambda: lane.accepted == 3)
    assert [seq for seq, _ in lane.rejected] == [2, 3], "three for all, and not three for each"
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
            assert "not authorized" in out.alarms.troubles["own-topics"]
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
