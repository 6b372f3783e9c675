"""A subscriber that keeps all it hears, in a thread; and `mosquitto_sub` as it comes from Debian."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.subscribeoptions import SubscribeOptions


@dataclass(frozen=True)
class Heard:
    topic: str
    payload: bytes
    retain: bool
    user: dict[str, str]
    at: float

    @property
    def branch(self) -> str:
        """status, birth, level, alarms, faults, state, events."""
        return self.topic.split("/")[5]

    @property
    def json(self) -> Any:
        return json.loads(self.payload)


class Ears:
    """``with Ears(port, "fengsui/v1/#") as ears``: subscribed at QoS 1 when the block begins."""

    def __init__(self, port: int, *topics: str, v5: bool = True, **login: str) -> None:
        self.heard: list[Heard] = []
        self._port, self._topics, self._v5 = port, topics or ("fengsui/v1/#",), v5
        self._refused = ""
        self._more = threading.Condition()
        self._ready = threading.Event()
        version = paho.MQTTv5 if v5 else paho.MQTTv311
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=version)
        if login:
            self._client.username_pw_set(login["username"], login["password"])
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message

    def __enter__(self) -> Self:
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        if not self._ready.wait(30) or self._refused:
            self.__exit__()
            raise AssertionError(f"subscription: {self._refused or 'no answer within 30 s'}")
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        self._client.reinitialise()  # closes the sockets that wake its thread; otherwise the collector would

    def of(self, *branches: str) -> list[Heard]:
        return [h for h in list(self.heard) if h.branch in branches]

    def wait(self, condition: Callable[[Heard], Any], timeout: float = 60.0, what: str = "") -> Heard:
        """The first message that fits, heard already or to come."""
        at, deadline = 0, time.monotonic() + timeout
        while True:
            with self._more:
                if at == len(self.heard) and not self._more.wait(max(0.0, deadline - time.monotonic())):
                    raise AssertionError(
                        f"not heard within {timeout:g} s: {what}; heard {self.topics()[-30:]}"
                    )
            while at < len(self.heard):
                if condition(self.heard[at]):
                    return self.heard[at]
                at += 1

    def topics(self) -> list[str]:
        return [h.topic.split("/", 5)[5] for h in list(self.heard)]

    def _on_connect(self, client: paho.Client, *_: object) -> None:
        if self._v5:
            options = SubscribeOptions(qos=1, retainAsPublished=True)
            client.subscribe([(topic, options) for topic in self._topics])
        else:
            client.subscribe([(topic, 1) for topic in self._topics])

    def _on_subscribe(self, _client: object, _user: object, _mid: int, codes: list[Any], *_: object) -> None:
        self._refused = ", ".join(str(c) for c in codes if c.is_failure)
        self._ready.set()

    def _on_message(self, _client: object, _user: object, message: paho.MQTTMessage) -> None:
        user = dict(getattr(message.properties, "UserProperty", []))
        with self._more:
            self.heard.append(
                Heard(message.topic, bytes(message.payload), bool(message.retain), user, time.time())
            )
            self._more.notify_all()


class MosquittoSub:
    """``mosquitto_sub -t 'fengsui/v1/#' -v`` and nothing else."""

    def __init__(self, binary: str, port: int, folder: Path) -> None:
        self._output = folder / "mosquitto_sub.txt"
        with self._output.open("wb") as out:
            self._process = subprocess.Popen(
                [binary, "-p", str(port), "-t", "fengsui/v1/#", "-v"], stdout=out, stdin=subprocess.DEVNULL
            )

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)

    def lines(self) -> list[tuple[str, str]]:
        """(topic, payload) as printed; an emptied topic prints ``(null)``."""
        text = self._output.read_text(encoding="utf-8")
        pairs = [line.partition(" ") for line in text.splitlines()]
        return [(topic, payload) for topic, _, payload in pairs]
