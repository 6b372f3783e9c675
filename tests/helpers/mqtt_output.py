"""Both MQTT sinks on lanes of their own, for tests against real brokers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway.model.errors import Retry
from gateway.model.levels import Level
from gateway.sinks.mqtt.config import Settings
from gateway.sinks.mqtt.plugin import build
from tests.helpers.lane import FakeClock, FakeEventLane, Journal, event, present, site

SITE = site()
ROOT = SITE.root
VERSIONS = pytest.mark.parametrize("version", ["5", "3.1.1"])
YELLOW, RED = Level.YELLOW, Level.RED


class Output:
    """Both sinks on lanes of their own over one journal."""

    def __init__(self, broker: Any, version: str = "5", clock: FakeClock | None = None, **more: Any) -> None:
        self.settings = Settings(
            kind="mqtt", host=broker.host, port=broker.port, **{"version": version, "timeout": "2s", **more}
        )
        self.journal = Journal(SITE, recorded=0)
        self.clock = clock or FakeClock()
        self.sinks = build("county", self.settings)
        self.alarms, self.events = (FakeEventLane(s.name, present(SITE), self.clock) for s in self.sinks)
        self.lost: list[str] = []
        """why a connection was given up, where that was forgiven"""

    def say(self, *events: Any, open_now: Any = (), recorded: int | None = None) -> None:
        records = self.journal.add(*events, recorded=recorded or self.clock.now())
        for lane in (self.alarms, self.events):
            lane.now = present(SITE, open_now)
            lane.put(*records)

    async def settled(self) -> None:
        last = len(self.journal.records)
        await self.alarms.until(lambda: self.alarms.accepted >= last)
        await self.events.until(lambda: self.events.accepted >= last)

    @contextlib.asynccontextmanager
    async def running(self, *, forgiving: bool = False) -> AsyncIterator[None]:
        """Both sinks; ``forgiving``: started again after a Retry, as the supervisor does."""
        lanes = (self.alarms, self.events)
        for lane in lanes:
            lane.rewind()
        tasks = [
            asyncio.create_task(self._life(s, each, forgiving))
            for s, each in zip(self.sinks, lanes, strict=True)
        ]
        try:
            yield
        finally:
            for each in tasks:
                each.cancel()
            for found in await asyncio.gather(*tasks, return_exceptions=True):
                if not isinstance(found, asyncio.CancelledError) and found is not None:
                    raise found

    async def _life(self, sink: Any, lane: FakeEventLane, forgiving: bool) -> None:
        while True:
            try:
                await sink.run(lane)
            except Retry as error:
                if not forgiving:
                    raise
                self.lost.append(error.reason)
                lane.rewind()
                await asyncio.sleep(0.1)


def raised(**more: Any) -> Any:
    return event(**more)
