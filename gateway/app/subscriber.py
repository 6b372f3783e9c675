"""An ordinary MQTT subscriber, as a regulator would run it: the demo's witness."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from gateway.app.verdict import Message
from gateway.sinks.mqtt.listener import Caller, listening


@dataclass(slots=True)
class Witness:
    """Everything that arrived, in order."""

    messages: list[Message] = field(default_factory=list)


@asynccontextmanager
async def witness(
    port: int, user: str, password: str, topics: tuple[str, ...], now_s: Callable[[], float]
) -> AsyncIterator[Witness]:
    """Subscribe at QoS 1 and collect until the block ends. ``now_s`` gives plant seconds.

    Raises:
        Retry: the broker does not let this subscriber in.
    """
    seen = Witness()

    def hear(topic: str, payload: bytes, _retain: bool) -> None:  # noqa: FBT001 - as the listener calls it
        if payload:
            seen.messages.append(Message(topic, payload, now_s()))

    async with listening(Caller("127.0.0.1", port, user, password, "demo-witness"), topics, hear):
        yield seen
