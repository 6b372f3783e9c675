"""Which MQTT messages leave the plant at a step, and what is in them.  Pure."""

import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from simulators.faults import Fault
from simulators.outbox import Message, Outbox
from simulators.player import Player
from simulators.tags import MqttBinding, Tag

GARBAGE = b"\x00{]not json"


class Publisher:
    """Groups the MQTT tags of a plant by topic; a topic is due every period of its fastest tag."""

    def __init__(self, player: Player, at_ns: Callable[[float], int]) -> None:
        """``at_ns`` gives the plant time, epoch ns, of a plant second."""
        self._player, self._at_ns = player, at_ns
        self._topics: dict[str, list[tuple[Tag, MqttBinding]]] = defaultdict(list)
        for tag in player.site.tags.values():
            if tag.mqtt is not None:
                self._topics[f"{player.site.mqtt_root}{tag.mqtt.topic}"].append((tag, tag.mqtt))
        self._next = dict.fromkeys(self._topics, 0.0)
        self._outbox = Outbox()

    def due(self) -> Iterator[Message]:
        """The messages of this step, as the publisher's faults let them go; call once after every step."""
        yield from self._outbox.passed(self._said(), self._player.mqtt_faults(), self._player.seconds)

    def _said(self) -> Iterator[Message]:
        for topic, tags in self._topics.items():
            if self._player.seconds + 1e-9 >= self._next[topic]:
                self._next[topic] += min(tag.period_s for tag, _ in tags)
                yield from self._published(topic, tags)

    def _published(self, topic: str, tags: list[tuple[Tag, MqttBinding]]) -> Iterator[Message]:
        faults = self._player.mqtt_faults()
        speaking = [(tag, b) for tag, b in tags if not self._fault(tag, "silence")]
        if not speaking or "mqtt-silence" in faults or "mqtt-drop" in faults:
            return
        payload = GARBAGE if "mqtt-garbage" in faults else self._payload(speaking, faults.get("mqtt-clock"))
        yield Message(topic, payload)

    def _payload(self, tags: list[tuple[Tag, MqttBinding]], clock: Fault | None) -> bytes:
        tag, binding = tags[0]
        if not binding.path:
            value = self._player.measured(tag.id).value
            return b"NaN" if math.isnan(value) else f"{value:.10g}".encode()
        body: dict[str, Any] = {"ts": self._stamp_ms(tag, clock)}
        for tag, binding in tags:
            put(body, binding.path, _number(self._player.measured(tag.id).value))
        return json.dumps(body, allow_nan=False).encode()

    def _stamp_ms(self, tag: Tag, clock: Fault | None) -> int:
        """Source time of the step, moved by the clock faults of publisher and tag."""
        own = self._fault(tag, "wrong-clock")
        offset = sum(fault.params["offset_s"] for fault in (clock, own) if fault)
        return self._at_ns(self._player.seconds + offset) // 1_000_000

    def _fault(self, tag: Tag, kind: str) -> Fault | None:
        return next((f for f in self._player.tag_faults(tag.id) if f.kind == kind), None)


def _number(value: float) -> float | None:
    """JSON has no NaN, so it becomes null."""
    return None if math.isnan(value) else round(value, 9)


def put(body: dict[str, Any], path: str, value: float | str | None) -> None:
    """Write a value at a dotted path."""
    *folders, name = path.split(".")
    for folder in folders:
        body = body.setdefault(folder, {})
    body[name] = value
