"""A feed that keeps everything, for tests of sources. Commits are the test's to make."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from gateway.model.batch import Batch, Scan, of_scans
from gateway.model.calm import Calm, Cuts
from gateway.model.ports import Clock
from gateway.model.times import NS


class Row(NamedTuple):
    """One reading, for comparing."""

    tag: int
    source: int
    received: int
    value: float
    quality: int


@dataclass
class FakeClock:
    """The wall clock, or one that runs ``speed`` times as fast from ``start``."""

    speed: float = 1.0
    start: int | None = None
    _wall: int = field(default_factory=time.time_ns)

    def now(self) -> int:
        wall = time.time_ns()
        return (self._wall if self.start is None else self.start) + int((wall - self._wall) * self.speed)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds) / self.speed)

    def at(self, when: int, call: Callable[[int], None]) -> asyncio.TimerHandle:
        wait = max(0.0, (when - self.now()) / NS / self.speed)
        return asyncio.get_running_loop().call_later(wait + 0.001, lambda: call(self.now()))


@dataclass
class FakeFeed:
    """``log`` holds batches and link changes in order of arrival.

    ``commit_at_once`` calls ``done`` in the same turn of the loop; otherwise they wait in ``pending`` for ``commit``.
    ``full`` refuses readings as a full queue does.
    """

    clock: Clock = field(default_factory=FakeClock)
    table: str = "0" * 8
    commit_at_once: bool = True
    full: bool = False
    log: list[object] = field(default_factory=list)
    batches: list[Batch] = field(default_factory=list)
    links: list[tuple[str, bool, str]] = field(default_factory=list)
    gaps: list[tuple[str, int, int, int, str]] = field(default_factory=list)
    pending: list[Callable[[], None]] = field(default_factory=list)
    cuts: Cuts = (None,) * 1000
    fetches: list[Callable[[], None] | None] = field(default_factory=list)
    roomy: asyncio.Event = field(default_factory=asyncio.Event)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _link_state: dict[str, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.roomy.set()

    def readings(self, batch: Batch, done: Callable[[], None] | None = None, *, soon: bool = False) -> bool:
        if self.full:
            return False
        self.batches.append(batch)
        self.log.append(batch)
        if done is not None:
            self.pending.append(done)
        if self.commit_at_once:
            self.commit()
        self._changed.set()
        return True

    def scan(self, scan: Scan) -> bool:
        return self.readings(of_scans(self.table, [scan]))

    def link(self, link: str, *, up: bool, reason: str = "") -> None:
        if self._link_state.get(link, True) != up:
            self.links.append((link, up, reason))
            self.log.append((link, up))
        self._link_state[link] = up
        self._changed.set()

    def gap(self, who: str, start: int, end: int, count: int, why: str) -> None:
        self.gaps.append((who, start, end, count, why))
        self._changed.set()

    async def room(self) -> None:
        await self.roomy.wait()

    def calm(self) -> Calm:
        return Calm(self.cuts)

    def fetch(self, call: Callable[[], None] | None) -> None:
        self.fetches.append(call)

    def commit(self) -> None:
        """Everything queued is on disk now."""
        pending, self.pending = self.pending, []
        for done in pending:
            asyncio.get_running_loop().call_soon(done)

    @property
    def rows(self) -> list[Row]:
        columns = ("tag", "source", "received", "value", "quality")
        return [
            Row(*each)
            for batch in self.batches
            for each in zip(*(getattr(batch, name).tolist() for name in columns), strict=True)
        ]

    def up(self, link: str) -> bool:
        """As last said; a link is taken to be up until it is said to be down."""
        return self._link_state.get(link, True)

    async def until(self, condition: Callable[[], bool], timeout: float = 30.0) -> None:
        """Wait until the source has made ``condition`` true."""
        async with asyncio.timeout(timeout):
            while not condition():
                self._changed.clear()
                try:
                    await asyncio.wait_for(self._changed.wait(), 0.05)
                except TimeoutError:
                    continue


__all__ = ["NS", "FakeClock", "FakeFeed", "Row"]
