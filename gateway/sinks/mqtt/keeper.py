"""What one connection keeps retained on the broker."""

from collections.abc import Callable, Mapping

from gateway.sinks.mqtt.client import Connection
from gateway.sinks.mqtt.encode import Message
from gateway.sinks.mqtt.flight import NOT_READ_BACK, Refusal

SLICE = 20
"""Retained messages on the way at once: an alarm never waits behind more than these."""


class Keeper:
    """Publishes retained topics and knows which of ``prefix`` hold something on the broker.

    It also learns of topics from an earlier life (a subscription to ``prefix`` reports them), so that they are emptied
    when they are no longer true. One task only may call :meth:`put`: then a topic never goes back in time.
    """

    def __init__(self, prefix: str, stray: Callable[[str], None]) -> None:
        self._prefix = prefix
        self._stray = stray
        self.known: set[str] = set()

    def heard(self, topic: str, payload: bytes, retained: bool) -> None:  # noqa: FBT001 - the connection's callback
        """An incoming message. A retained one that we did not put there is looked at by the owner."""
        if retained and payload and topic.startswith(self._prefix) and topic not in self.known:
            self.known.add(topic)
            self._stray(topic)

    async def put(self, connection: Connection, wanted: Mapping[str, bytes]) -> list[Refusal]:
        """Publish each topic's body; an empty body empties the topic.

        Stops at a slice that a 3.1.1 broker keeps silent about: each would cost a time-out, and alarms wait for it.
        """
        messages = [Message(topic, body, retain=True) for topic, body in wanted.items()]
        refused: list[Refusal] = []
        for at in range(0, len(messages), SLICE):
            part = messages[at : at + SLICE]
            verdicts = await connection.send(part)
            for message, verdict in zip(part, verdicts, strict=True):
                if verdict is not None:
                    refused.append(verdict)
                else:
                    self._taken(message)
            if any(each.code == NOT_READ_BACK for each in refused):
                break
        return refused

    def _taken(self, message: Message) -> None:
        if not message.payload:
            self.known.discard(message.topic)
        elif message.topic.startswith(self._prefix):
            self.known.add(message.topic)
