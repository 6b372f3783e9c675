"""What becomes of messages on their way from the instruments to the broker, under the publisher's faults. Pure.

Messages keep the time they were measured at: a slow line, a logger that sends what it kept newest first, or a cache
that says an old value again are told from the present by that time alone.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from simulators.faults import Fault

Faults = Mapping[str, Fault]


@dataclass(frozen=True)
class Message:
    """One publication."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False


class Outbox:
    """Holds what a fault holds back. ``now`` is in plant seconds."""

    def __init__(self) -> None:
        self._slow: list[tuple[float, Message]] = []
        self._shuffled: list[Message] = []
        self._stale: dict[str, Message] = {}
        self._shapes: dict[str, Callable[[Message, Fault], list[Message]]] = {
            "mqtt-stale": self._repeat,
            "mqtt-wrong-id": lambda m, _: [replace(m, topic=f"{m.topic}-x")],
            "mqtt-duplicate": lambda m, _: [m, m],
            "mqtt-flood": lambda m, f: [replace(m, qos=0)] * int(f.params["times"]),
        }

    def passed(self, messages: Iterable[Message], faults: Faults, now: float) -> Iterator[Message]:
        """What leaves now. What a fault held back leaves when its time has come, or when the fault is over."""
        if "mqtt-stale" not in faults:
            self._stale.clear()
        for message in self._ordered(self._late(messages, faults, now), faults):
            yield from self._shaped(message, faults)

    def _late(self, messages: Iterable[Message], faults: Faults, now: float) -> list[Message]:
        fault = faults.get("mqtt-slow")
        delay = fault.params["delay_s"] if fault else 0.0
        self._slow += [(now + delay, message) for message in messages]
        if fault is None:
            due, self._slow = self._slow, []
        else:
            due = [each for each in self._slow if each[0] <= now]
            self._slow = [each for each in self._slow if each[0] > now]
        return [message for _, message in due]

    def _ordered(self, messages: list[Message], faults: Faults) -> list[Message]:
        fault = faults.get("mqtt-shuffle")
        held, self._shuffled = [*self._shuffled, *messages], []
        if fault is None:
            return held
        whole = len(held) - len(held) % int(fault.params["of"])
        self._shuffled = held[whole:]
        return held[:whole][::-1]

    def _shaped(self, message: Message, faults: Faults) -> list[Message]:
        found = [message]
        for kind, fault in faults.items():
            if kind in self._shapes:
                found = [new for each in found for new in self._shapes[kind](each, fault)]
        return found

    def _repeat(self, message: Message, _: Fault) -> list[Message]:
        first = self._stale.setdefault(message.topic, replace(message, retain=True))
        return [first]
