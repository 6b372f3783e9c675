"""An ordinary MQTT subscriber, as a regulator would run it: the demo's witness."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiomqtt

from gateway.app.verdict import Message


@dataclass(slots=True)
class Witness:
    """Everything that arrived, in order."""

    messages: list[Message] = field(default_factory=list)


@asynccontextmanager
async def witness(
    port: int, user: str, password: str, topics: tuple[str, ...], now_s: Callable[[], float]
) -> AsyncIterator[Witness]:
    """Subscribe at QoS 1 and collect until the block ends. ``now_s`` gives plant seconds."""
    seen = Witness()
    client = aiomqtt.Client(
        "127.0.0.1",
        port,
        username=user,
        password=password,
        identifier="demo-witness",
        protocol=aiomqtt.ProtocolVersion.V311,
        clean_session=True,
    )
    async with client:
        for topic in topics:
            await client.subscribe(topic, qos=1)
        task = asyncio.create_task(_collect(client, seen, now_s), name="witness")
        try:
            yield seen
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def _collect(client: aiomqtt.Client, seen: Witness, now_s: Callable[[], float]) -> None:
    async for message in client.messages:
        if message.payload:
            seen.messages.append(Message(str(message.topic), bytes(message.payload), now_s()))
