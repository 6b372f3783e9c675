"""A broker that bears fewer publishes at once than we may send, and has no word for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from gateway.model.errors import Retry
from gateway.sinks.mqtt.client import Connection
from gateway.sinks.mqtt.config import Settings
from gateway.sinks.mqtt.encode import Message
from gateway.sinks.mqtt.flight import Pace

CAP = 10
CONNACK, PUBACK = bytes([0x20, 3, 0, 0, 0]), 0x40


class Narrow:
    """Answers what came together, ``CAP`` publishes at most; of more it hangs up, or keeps the rest unanswered."""

    def __init__(self, how: str) -> None:
        self.how = how
        self.port = 0
        self.most = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(1 << 16):  # all that was sent at once: it is one small piece
                found = list(_packets(data))
                writer.write(CONNACK * sum(first & 0xF0 == 0x10 for first, _ in found))
                numbers = [_number(body) for first, body in found if first & 0xF0 == 0x30]
                if len(numbers) > CAP and self.how == "hangs up":
                    return
                self.most = max(self.most, len(numbers))
                writer.write(b"".join(bytes([PUBACK, 2]) + n for n in numbers[:CAP]))
        except ConnectionError:
            return
        finally:
            writer.close()


def _packets(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Whole packets of fewer than 128 bytes each."""
    while data:
        yield data[0], data[2 : 2 + data[1]]
        data = data[2 + data[1] :]


def _number(body: bytes) -> bytes:
    at = 2 + int.from_bytes(body[:2], "big")
    return body[at : at + 2]


@asynccontextmanager
async def narrow(how: str) -> AsyncIterator[Narrow]:
    broker = Narrow(how)
    server = await asyncio.start_server(broker.serve, "127.0.0.1", 0)
    broker.port = server.sockets[0].getsockname()[1]
    try:
        yield broker
    finally:
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize("how", ["hangs up", "keeps silent"])
async def test_the_window_is_learned_over_connections(how: str) -> None:
    messages = [Message(f"a/{i}", b"x") for i in range(60)]
    pace, tries = Pace(64), 0
    async with narrow(how) as broker:
        settings = Settings(kind="mqtt", host="127.0.0.1", port=broker.port, timeout=0.3)
        while tries < 8:
            tries += 1
            try:
                async with Connection(settings, "gw", pace=pace) as connection:
                    assert await connection.send(messages) == [None] * 60
                break
            except Retry:
                continue
    assert 1 < tries < 8, "not at once, and not for ever"
    assert 1 <= pace.most <= CAP + 1


async def test_what_is_borne_makes_it_wider_again_up_to_the_settings() -> None:
    pace = Pace(8)
    for _ in range(5):
        pace.broke(8)
    assert pace.most == 1
    pace.broke(1)
    assert pace.most == 1, "one alone says nothing of how many"
    for _ in range(20):
        pace.bore(8)
    assert pace.most == 8
    pace.bore(2)
    pace.broke(4)
    pace.broke(4)
    assert pace.most == 2
    pace.bore(1)
    assert pace.most == 2, "less than the window proves nothing"


async def test_a_line_that_breaks_now_and_then_says_nothing_of_the_broker() -> None:
    """A few alarms on the way each time, and each time they are answered over the next connection."""
    pace = Pace(100)
    for _ in range(50):
        pace.broke(3)
        pace.bore(1)
        pace.bore(3)
    assert pace.most == 100
    pace.broke(60)
    pace.bore(3)
    pace.broke(60)
    assert pace.most == 30, "little that is answered between proves nothing of much"
