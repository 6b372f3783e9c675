from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sources.mqtt.client import Session
from gateway.wires import mqtt as packets
from gateway.wires.mqtt import V5, V311, Broken, Login, Packets


def a_publish(
    topic: bytes, payload: bytes, packet_id: int = 7, version: int = V5, properties: bytes = b""
) -> bytes:
    body = len(topic).to_bytes(2) + topic + (packet_id.to_bytes(2) if packet_id else b"")
    body += packets.varint(len(properties)) + properties if version == V5 else b""
    body += payload
    return bytes([0x32 if packet_id else 0x30]) + packets.varint(len(body)) + body


@pytest.mark.parametrize(
    ("value", "wire"), [(0, "00"), (127, "7f"), (128, "8001"), (16383, "ff7f"), (2097152, "80808001")]
)
def test_the_examples_of_the_standard(value: int, wire: str) -> None:
    assert packets.varint(value).hex() == wire


def test_a_login_of_3_1_1_byte_by_byte() -> None:
    wire = packets.connect(Login("c", V311, 60, 100, username="u", password=b"p"))
    assert wire.hex(" ") == "10 13 00 04 4d 51 54 54 04 c0 00 3c 00 01 63 00 01 75 00 01 70"


def test_a_login_of_5_asks_to_keep_the_session() -> None:
    wire = packets.connect(Login("c", V5, 60, 100, 10, 2048))
    assert wire.hex(" ") == (
        "10 1d 00 04 4d 51 54 54 05 00 00 3c 0d 11 00 00 00 64 21 00 0a 27 00 00 08 00 00 01 63"
    ).replace("10 1d", f"10 {len(wire) - 2:02x}")


@pytest.mark.parametrize("first", range(256))
def test_what_no_broker_sends_is_found_at_its_first_byte(first: int) -> None:
    """Garbage may announce a packet of 200 MB: what follows would be swallowed until a ping stays unanswered."""
    fine = first in (0x20, 0x40, 0x50, 0x62, 0x70, 0x90, 0xB0, 0xD0, 0xE0, 0xF0) or first in range(0x30, 0x36)
    fine = fine or first in range(0x38, 0x3E)
    cutter = Packets(1024)
    head = bytes([first]) + b"\xff\xff\xff\x7f"
    if fine:
        assert cutter.feed(head) == []
    else:
        with pytest.raises(Broken):
            cutter.feed(head)


def test_subscribe_and_puback() -> None:
    assert packets.subscribe(1, ["a"], 1, V311).hex(" ") == "82 06 00 01 00 01 61 01"
    assert packets.subscribe(1, ["a"], 1, V5).hex(" ") == "82 07 00 01 00 00 01 61 11"
    assert packets.pubacks([1, 258]).hex(" ") == "40 02 00 01 40 02 01 02"


@pytest.mark.parametrize("version", [V311, V5])
@pytest.mark.parametrize("packet_id", [0, 7])
@pytest.mark.parametrize("chunk", [1, 3, 1000])
def test_messages_however_they_arrive(version: int, packet_id: int, chunk: int) -> None:
    properties = b"\x01\x01" if version == V5 else b""
    stream = a_publish(b"a/b", b"12.5", packet_id, version, properties) * 3
    cutter = Packets(1 << 20)
    found = [p for k in range(0, len(stream), chunk) for p in cutter.feed(stream[k : k + chunk])]
    assert len(found) == 3
    for first, body, cut in found:
        topic, got_id, at = packets.publish(first, body, version)
        assert (topic, got_id, body[at:], cut) == (b"a/b", packet_id, b"12.5", False)


@pytest.mark.parametrize("chunk", [1, 1000, 70_000, 1 << 20])
def test_a_message_that_is_too_large_is_named_and_stepped_over(chunk: int) -> None:
    stream = a_publish(b"big", b"x" * 300_000, 9) + a_publish(b"a", b"1", 10)
    cutter = Packets(2000)
    found = [p for k in range(0, len(stream), chunk) for p in cutter.feed(stream[k : k + chunk])]
    assert [(packets.publish(f, b, V5)[:2], cut) for f, b, cut in found] == [
        ((b"big", 9), True),
        ((b"a", 10), False),
    ]


def test_refusals_are_said_in_words() -> None:
    own = b"\x1f\x00\x05sorry"
    answer = packets.connack(b"\x00\x87" + packets.varint(len(own)) + own, V5)
    assert (answer.code, answer.words) == (0x87, "not authorized (sorry)")
    assert packets.connack(b"\x00\x05", V311).words == "not authorized"
    assert packets.connack(b"\x01\x00", V311).session_present
    assert packets.connack(b"\x00\x01", V5).code in packets.FOR_A_PERSON, "a 3.1.1 broker refuses the version"


def test_the_server_may_shorten_the_keep_alive() -> None:
    inner = b"\x13\x00\x0a" + b"\x26\x00\x01a\x00\x01b" + b"\x0b\x80\x01" + b"\x21\x00\x05"
    found = packets.connack(b"\x00\x00" + packets.varint(len(inner)) + inner, V5).properties
    assert found[packets.SERVER_KEEP_ALIVE] == b"\x00\x0a"


@given(st.lists(st.binary(max_size=200), max_size=10), st.sampled_from([V5, V311]))
def test_no_bytes_end_in_anything_but_packets_or_our_own_error(chunks: list[bytes], version: int) -> None:
    cutter = Packets(100)
    try:
        for chunk in chunks:
            for first, body, _ in cutter.feed(chunk):
                _parse(first, body, version)
    except Broken:
        return


@given(
    st.sampled_from([0x20, 0x30, 0x32, 0x34, 0x36, 0x90, 0xE0]),
    st.binary(max_size=60),
    st.sampled_from([V5, V311]),
)
def test_no_body_ends_in_anything_but_a_meaning_or_our_own_error(
    first: int, body: bytes, version: int
) -> None:
    try:
        _parse(first, body, version)
    except Broken:
        return


def _parse(first: int, body: bytes, version: int) -> None:
    if first & 0xF0 == packets.PUBLISH:
        topic, _, at = packets.publish(first, body, version)
        assert at <= len(body)
        assert len(topic) <= len(body)
    elif first == packets.CONNACK:
        assert packets.connack(body, version).words
    elif first == packets.SUBACK:
        packets.suback(body, version)
    elif first == packets.DISCONNECT:
        assert packets.disconnect(body)


class Inbox:
    def __init__(self) -> None:
        self.heard: list[tuple[bytes, bool]] = []

    def message(self, topic: bytes, payload: bytes | None, packet_id: int, *, retained: bool) -> None:
        self.heard.append((payload or b"", retained))

    def pause(self) -> bool:
        return False

    def traffic(self, received: int, sent: int) -> None:
        assert received >= 0
        assert sent >= 0


async def test_what_is_retained_or_sent_again_is_not_known_to_be_of_now() -> None:
    inbox = Inbox()
    session = Session(Login("c", V311), inbox)
    for first in (0x32, 0x33, 0x3A):
        whole = a_publish(b"t", b"1", 7, V311)
        session.data_received(bytes([first]) + whole[1:])
    assert inbox.heard == [(b"1", False), (b"1", True), (b"1", True)]
    session._connected.cancel()


class Wire(asyncio.Transport):
    """What is written, and whether it was cut off."""

    def __init__(self) -> None:
        super().__init__()
        self.aborted = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert data

    def is_closing(self) -> bool:
        return self.aborted

    def abort(self) -> None:
        self.aborted = True

    def pause_reading(self) -> None:
        """The inbox asked for it."""

    def resume_reading(self) -> None:
        """The same."""


@pytest.mark.parametrize("length", [b"\xff\x7f", b"\xff\xff\xff\x7f"], ids=["16 kB", "256 MB"])
@pytest.mark.parametrize("version", [V311, V5])
async def test_a_false_length_swallows_the_stream_no_longer_than_silence(
    length: bytes, version: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytes go on coming, messages and answers to our pings among them, and are the inside of one packet for ever."""
    now = [100.0]
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now[0])
    session, wire = Session(Login("c", version, keep_alive_s=30), Inbox()), Wire()
    session.connection_made(wire)
    session.data_received(b"\x20\x02\x00\x00" if version == V311 else b"\x20\x03\x00\x00\x00")
    await session.log_in()
    session.data_received(b"\x30" + length)
    while not wire.aborted:
        now[0] += 15.0
        assert now[0] <= 160.0, "the connection is still believed in"
        session.data_received(a_publish(b"t", b"1", 7, version) + b"\xd0\x00")
        session._watch()
    session.connection_lost(None)
    assert "false length" in await session.lost


async def test_our_own_pause_is_no_silence_and_a_broker_without_keep_alive_is_watched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Server Keep Alive 0 turns the broker's watch off, not ours; while we do not read nobody can be heard."""
    now = [100.0]
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now[0])
    inbox = Inbox()
    session, wire = Session(Login("c", V5, keep_alive_s=30), inbox), Wire()
    session.connection_made(wire)
    session.data_received(b"\x20\x06\x00\x00\x03\x13\x00\x00")
    await session.log_in()
    inbox.pause = lambda: True  # type: ignore[method-assign]
    session.data_received(b"\xd0\x00")
    now[0] += 1000.0
    session._watch()
    assert not wire.aborted
    session.resume()
    now[0] += 44.0
    session._watch()
    assert not wire.aborted
    now[0] += 2.0
    session._watch()
    assert wire.aborted
    session.connection_lost(None)
    assert await session.lost == "the broker is silent"
