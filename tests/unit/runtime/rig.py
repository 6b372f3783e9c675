"""A whole machine in one event loop: a source the test speaks through, a sink that keeps what it is given."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import structlog

from gateway.model.batch import of_rows
from gateway.model.effective import dump_site
from gateway.model.events import Event, Record
from gateway.model.ports import EventLane, Feed
from gateway.model.quality import Quality
from gateway.model.site import RuleKind, Site
from gateway.runtime.clock import SystemClock
from gateway.runtime.machine import Machine
from gateway.store import Identity, Store
from tests.unit.engine.plant import S, rule, site, tag

# As the product logs: a trace with the locals of every frame, the default, holds the loop up for seconds.
structlog.configure(
    processors=[structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()]
)
HIGH = rule("L.H", RuleKind.LIMIT_HIGH, "L", trigger=12.0, reset=11.0)


def plant(**changes: Any) -> Site:
    tags = (tag("L", max_age=60 * S), tag("ST", max_age=0))
    return site(**({"rules": (HIGH,), "tags": tags} | changes))


class Mouth:
    """A source that says what the test says. ``errors``: what its lives end with, one after another."""

    def __init__(self, *errors: Exception, name: str = "plc") -> None:
        self.name = name
        self.errors = list(errors)
        self.fail = asyncio.Event()
        self.feed: Feed | None = None

    async def run(self, feed: Feed) -> None:
        self.feed = feed
        await self.fail.wait()
        self.fail.clear()
        raise self.errors.pop(0)


class Ear:
    """An output that takes everything."""

    def __init__(self, name: str = "ear.alarms") -> None:
        self.name = name
        self.lane: Literal["events", "readings"] = "events"
        self.records: list[Record] = []

    async def run(self, lane: EventLane) -> None:
        while True:
            records = await lane.next(100)
            self.records += records
            lane.advance(records[-1].seq)


class Deaf(Ear):
    """An output whose other side accepts nothing."""

    taken = False

    async def run(self, lane: EventLane) -> None:
        await lane.next(100)
        self.taken = True
        await asyncio.Event().wait()


@dataclass
class Rig:
    machine: Machine
    mouth: Mouth
    ear: Ear
    rows: list[int] = field(default_factory=list)

    def say(self, tag: str, value: float, quality: int = 0, done: Callable[[], None] | None = None) -> None:
        assert self.mouth.feed is not None
        feed, now = self.mouth.feed, self.machine.clock.now()
        row = self.machine.site.tag_index[tag]
        feed.readings(of_rows(feed.table, [(row, now, now, value, quality)]), done)

    def link(self, link: str, *, up: bool) -> None:
        assert self.mouth.feed is not None
        self.mouth.feed.link(link, up=up)

    @property
    def events(self) -> list[Event]:
        return [r.event for r in self.ear.records]

    def told(self, rule: str) -> list[str]:
        return [e.event.value for e in self.events if e.rule == rule]

    def open(self) -> dict[str, str]:
        """Rule -> condition of what is open, as the world may see it."""
        return {o.rule: o.axes.condition.value for o in self.machine.present().occurrences}

    def quality(self, tag: str) -> Quality:
        """As the world may see it."""
        engine = self.machine.watch.engine
        assert engine is not None
        return Quality(engine.tags()[self.machine.site.tag_index[tag]].quality)

    async def until(self, condition: Callable[[], Any], timeout: float = 10.0) -> None:
        async with asyncio.timeout(timeout):
            while not condition():
                await asyncio.sleep(0.01)


@asynccontextmanager
async def running(
    folder: Path,
    site: Site | None = None,
    mouth: Mouth | None = None,
    ear: Ear | None = None,
    beside: Sequence[Any] = (),
    *,
    adopt: bool = False,
) -> AsyncIterator[Rig]:
    """The machine judges; at the end it is told to stop, as by SIGTERM. ``beside``: further outputs."""
    site, mouth, ear = site or plant(), mouth or Mouth(), ear or Ear()
    clock = SystemClock()
    store = Store.open(
        folder,
        Identity(site.gateway, site.county, site.id),
        now=clock.now(),
        reserve_bytes=4096,
        adopt=adopt,
    )
    store.keep_config(site.config_hash, dump_site(site))
    clock.advance(store.last_input[1])
    machine = Machine(site, store, clock, folder, [mouth], [ear, *beside])
    task = asyncio.create_task(machine.run())
    rig = Rig(machine, mouth, ear)
    try:
        await rig.until(lambda: machine.ready.is_set() or task.done(), 60)
        yield rig
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
