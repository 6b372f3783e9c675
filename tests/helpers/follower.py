"""Somebody who subscribes: a regulator, the county, a late comer."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import aiomqtt


@dataclass(frozen=True)
class Heard:
    topic: str
    payload: bytes
    retain: bool
    user: dict[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.payload)


@dataclass
class Follower:
    heard: list[Heard] = field(default_factory=list)

    def on(self, part: str) -> list[Heard]:
        """Messages whose topic has ``part`` in it."""
        return [h for h in self.heard if part in h.topic]

    async def until(self, condition: Callable[[], Any], timeout: float = 30.0) -> None:
        async with asyncio.timeout(timeout):
            while not condition():
                await asyncio.sleep(0.005)

    async def quiet(self, seconds: float = 0.3) -> None:
        """Until nothing has come for a while."""
        count = -1
        while count != len(self.heard):
            count = len(self.heard)
            await asyncio.sleep(seconds)


@contextlib.asynccontextmanager
async def following(
    host: str, port: int, topic: str = "fengsui/#", *, version: str = "5", **login: Any
) -> AsyncIterator[Follower]:
    follower = Follower()
    protocol = aiomqtt.ProtocolVersion.V5 if version == "5" else aiomqtt.ProtocolVersion.V311
    async with aiomqtt.Client(host, port, protocol=protocol, **login) as client:
        await client.subscribe(topic, qos=1)

        async def listen() -> None:
            async for m in client.messages:
                user = dict(getattr(m.properties, "UserProperty", []))
                follower.heard.append(Heard(str(m.topic), bytes(m.payload), bool(m.retain), user))  # type: ignore[arg-type]

        task = asyncio.create_task(listen())
        try:
            yield follower
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
