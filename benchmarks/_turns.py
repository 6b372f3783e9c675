"""The lane of a database's sink in turns, for ``benchmarks.delivery``."""

import asyncio
from typing import Any

from gateway.model.ports import Chunk, ReadingLane
from gateway.sinks.influxdb.config import Settings
from gateway.sinks.influxdb.readings import ReadingSink


class Turns:
    """The lane of the database, which has no more than one turn's chunks until the next begins."""

    def __init__(self) -> None:
        self.until = 0
        self.begun, self.done = asyncio.Event(), asyncio.Event()
        self._lane: ReadingLane | None = None
        self._given = 0

    def of(self, lane: Any) -> "Turns":
        """What was given and not settled by a life before comes again."""
        self._lane, self._given = lane, lane.cursor
        return self

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lane, name)

    async def next(self, timeout: float | None = None) -> Chunk | None:
        assert self._lane is not None
        while self._given >= self.until:
            if timeout == 0:
                return None
            self.begun.clear()
            await self.begun.wait()
        chunk = await self._lane.next(timeout)
        self._given = chunk.id if chunk is not None else self._given
        return chunk

    def advance(self, to: int) -> None:
        assert self._lane is not None
        self._lane.advance(to)
        if to >= self.until:
            self.done.set()

    async def take(self, until: int) -> None:
        """Return when everything up to chunk ``until`` is settled."""
        self.until = until
        self.done.clear()
        self.begun.set()
        await self.done.wait()


class InTurns(ReadingSink):
    """The database's sink, which sees :class:`Turns`."""

    def __init__(self, name: str, settings: Settings) -> None:
        super().__init__(name, settings)
        self.turns = Turns()

    async def run(self, lane: Any) -> None:
        await super().run(self.turns.of(lane))
