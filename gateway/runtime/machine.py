"""The running gateway: starts, runs and stops sources, pipeline and outputs in one task group.

Order of start (design: *start is honest*): sources begin to poll at once and their readings queue with their times;
kernels are compiled or loaded and the engine recovered in a thread; then the queue is judged in order. Until then
status is ``starting`` and ``readyz`` is false.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import structlog
from numpy.typing import NDArray

from gateway import __version__
from gateway.engine import Engine, Snapshot
from gateway.engine.tables import looks_back
from gateway.engine.warm import needed, warm
from gateway.model.calm import cuts_of
from gateway.model.errors import Retry
from gateway.model.inputs import Gap, Started
from gateway.model.ports import Clock, Source
from gateway.model.site import Site
from gateway.model.times import NS
from gateway.model.ways import Ways
from gateway.runtime.change import Change
from gateway.runtime.desk import Desk
from gateway.runtime.heartbeat import Heartbeat
from gateway.runtime.intake import Intake, SourceFeed
from gateway.runtime.keeping import Keeper, Retention
from gateway.runtime.lanes import SpoolLane, Wiring
from gateway.runtime.ledger import Ledger
from gateway.runtime.outputs import LaneSink, Output, ends, make_outputs
from gateway.runtime.pipeline import Pipeline
from gateway.runtime.pulse import LATE_S, Pulse
from gateway.runtime.recover import Recovered, note, recover, with_seq
from gateway.runtime.refill import told_exactly
from gateway.runtime.room import Room
from gateway.runtime.side import Side
from gateway.runtime.signal import Signal
from gateway.runtime.supervisor import supervise
from gateway.runtime.troubles import Troubles
from gateway.runtime.watch import CLOCK_AHEAD, Watch, is_trouble
from gateway.runtime.ways import Row, watch
from gateway.store import Reader, Store

SNAPSHOT_S: Final = 60.0
FIRST_SNAPSHOT_S: Final = 5.0
EXTRAS_S: Final = 2.0
"""Longest that console and the like wait for the first commit; compiling kernels may take a minute."""
STOP_S: Final = 2.0
"""Longest that a stop waits for outputs; what is not delivered by then is delivered after the next start."""
MIN_KEPT: Final = 60 * NS
MAX_KEPT: Final = 26 * 3600 * NS
UNAPPROVED: Final = "unapproved-configuration"
OWN: Final = (
    "archive", "certificate", "clock", "disk", "housekeeping", "judging", "ledger", "replay-difference", "snapshots",
)  # fmt: skip
OWN_TROUBLES: Final = (UNAPPROVED, *OWN)

log = structlog.get_logger()


@dataclass(slots=True)
class Machine(Side):
    """One gateway, built by the composition root and run once."""

    site: Site
    store: Store
    clock: Clock
    folder: Path
    sources: Sequence[Source]
    sinks: Sequence[LaneSink]
    extras: Sequence[tuple[str, Callable[[], Awaitable[None]]]] = ()
    """further supervised units (console, embedded broker): name and coroutine function"""
    sites: Mapping[str, Site] = field(default_factory=dict)
    """kept configurations by tag-table id"""
    retention: Retention = field(default_factory=Retention)
    begins: int = 0
    """of a drill: when the state it was given was copied, ns; what came since is judged in order"""
    change: Change = field(default_factory=Change)
    """who asked for this configuration, why, and what it changes"""
    previous_site: Site | None = None
    """the configuration the store's inputs were judged under, when it was another one"""
    ways: Sequence[Ways] = ()
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    commits: Signal = field(default_factory=Signal)
    watch: Watch = field(init=False)
    intake: Intake = field(init=False)
    outputs: list[Output] = field(init=False)
    _rows: list[Row] = field(init=False)
    _room: Room = field(init=False)
    _desk: Desk = field(init=False)
    troubles: Troubles = field(init=False)
    keeper: Keeper = field(init=False)
    heart: Heartbeat = field(init=False)
    ledger: Ledger = field(init=False)
    _behind: bool = False
    """the machine's clock is behind our last input: how long we were away nobody knows"""
    _used: str = ""
    """hash of the configuration that judged last"""
    _pipeline: Pipeline | None = None
    _pulse: Pulse | None = None
    """none where time passes with the data"""
    _reader: Reader | None = None
    """its own connections, so that a long trend holds up no commit"""
    _reading: list[asyncio.Task[None]] = field(default_factory=list)
    _stepping: list[asyncio.Task[None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._desk = Desk(self.store)
        self._used = self.store.config_in_use() or ""
        self.intake = Intake(self.clock, self.site.table, cuts=cuts_of(self.site))
        self._room = Room(self.folder)
        now = self.clock.now()
        self._behind = self.store.last_input[1] > 0 and int(getattr(self.clock, "ahead", 0)) >= CLOCK_AHEAD
        self.watch = Watch(self.site, self._desk, self.clock, lambda: self._room.free, now, __version__)
        self.troubles = Troubles(self.clock, self.intake.put)
        self.ledger = Ledger(self.clock, self.troubles)
        wiring = Wiring(
            self._desk,
            self.clock,
            self.watch.present,
            lambda: self.watch.site,
            self.intake.put,
            self.troubles,
            self.ledger,
            self.sites,
        )
        self.outputs, self._rows = make_outputs(self.sinks, wiring, self.ways)
        self.watch.outputs = self.outputs
        self.keeper = Keeper(self._desk, self.clock, self.intake.put, self.troubles, self.retention)
        self.keeper.delivered = self.store.delivered = self._delivered
        self.heart = Heartbeat(self.site, self.intake.link, self.troubles)
        self.watch.stock = lambda: self.keeper.stock

    async def run(self) -> None:
        """Run until cancelled. On the way out: stop reading, commit, deliver what goes at once, snapshot."""
        try:
            async with asyncio.TaskGroup() as group:
                self._start(group)
                try:
                    await self._judge(group)
                    await asyncio.Event().wait()
                finally:
                    await self._wind_down()
        finally:
            await asyncio.shield(self._close())

    def _start(self, group: asyncio.TaskGroup) -> None:
        if getattr(self.clock, "ticks", True):
            self._pulse = Pulse(self.clock, self._stood)
            group.create_task(self._pulse.run(), name="pulse")
        for source in self.sources:
            unit = partial(self._read, source)
            name = f"source.{source.name}"
            self._reading.append(group.create_task(supervise(name, unit, self.troubles), name=name))
        group.create_task(self._room.run(), name="room")
        for name, run in self.extras:
            group.create_task(self._extra(name, run), name=name)

    async def _extra(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """A console takes half a second of the loop to import and build: what was read first is judged before it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(EXTRAS_S):
                await self.ready.wait()
        await supervise(name, run, self.troubles)

    def _stood(self, since: int, until: int) -> None:
        """The event loop stood still; what of it comes before the first reading is part of the start."""
        if self._pipeline is None:
            since = max(since, self.intake.first_heard or until)
        if until - since > LATE_S * NS:
            log.warning("the gateway stood still", seconds=round((until - since) / NS, 1))
            self.intake.put_behind(Started(until, since, __version__, stood=True))

    async def _read(self, source: Source) -> None:
        """One life of a source. One that fails says nothing more of its links: what hangs on them cannot be seen."""
        feed = SourceFeed(source.name, self.intake)
        try:
            await source.run(feed)
        except Retry:
            raise
        except Exception as error:
            for link in self.site.links:
                if link.source == source.name:
                    feed.link(link.id, up=False, reason=f"the source failed: {type(error).__name__}")
            raise

    async def _wind_down(self) -> None:
        """Sources first, then the last commit, then a moment for the outputs; they keep their place if it is short."""
        for tasks in (self._reading, self._stepping):
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if not self.ready.is_set():
            return
        await self._desk.call(self.store.spool.seal, self.clock.now() + 2 * NS)
        self._desk.sealed(self.store.spool.last_chunk)
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_S):
                await asyncio.gather(*(o.lane.drained() for o in self.outputs))

    @property
    def judged_until(self) -> int:
        """What came until then (ns) has been judged; 0 before the start."""
        return self._pipeline.judged_until if self._pipeline is not None else 0

    async def history(self, tag: int, start: int, end: int, points: int) -> Mapping[str, NDArray[Any]]:
        """A tag's readings between two source times, thinned to at most ``points`` buckets (the console's trend)."""
        if self.keeper.archived:
            name = self.site.tags[tag].id
            return (await self.keeper.trends([name], start, end, points))[name]
        if self._reader is None:
            self._reader = await self._desk.call(self.store.reader)
        return await asyncio.to_thread(self._reader.history, tag, self.site.table, start, end, points)

    async def trends(
        self, tags: Sequence[str], start: int, end: int, points: int
    ) -> Mapping[str, Mapping[str, NDArray[Any]]]:
        """See :meth:`gateway.runtime.keeping.Keeper.trends`."""
        return await self.keeper.trends(tags, start, end, points)

    async def _judge(self, group: asyncio.TaskGroup) -> None:
        """Warm up, recover, then step and commit; outputs start when there is a present to show."""
        await asyncio.to_thread(warm, needed(self.site))
        recovered = await self._desk.call(recover, self.store, self.site, self.previous_site)
        lanes = {o.lane.name: o.lane.cursor for o in self.outputs if isinstance(o.lane, SpoolLane)}
        found = await self._desk.call(told_exactly, self.store, recovered.begun, lanes)
        pipeline = self._begin(recovered, found)
        self._stepping.append(group.create_task(pipeline.run(), name="pipeline"))
        await self._first_commit()
        if recovered.anew:
            await self._snapshot(pipeline)
        for output in self.outputs:
            group.create_task(output.run(self.troubles), name=output.sink.name)
        jobs = [("ledger", partial(self.ledger.run, self.folder, ends(self.outputs)))]
        if self._rows:
            jobs.append(("ways", partial(watch, self._rows)))
        for name, job in jobs:
            group.create_task(supervise(name, job, self.troubles), name=name)
        for name, unit in (
            ("snapshots", partial(self._snapshots, pipeline)),
            ("housekeeping", self.keeper.run),
            ("heartbeat", partial(self._beat, pipeline)),
        ):
            self._stepping.append(group.create_task(supervise(name, unit, self.troubles), name=name))

    def _begin(self, recovered: Recovered, found: Sequence[Gap]) -> Pipeline:
        engine = recovered.engine
        ticks = bool(getattr(self.clock, "ticks", True))
        pipeline = Pipeline(engine, self._desk, self.intake, self.clock, self.troubles, ticks=ticks)
        pipeline.on_commit, pipeline.rebuild = self._committed, self._rebuilt
        if self._pulse is not None:
            pipeline.now = self._pulse.beat
        self._pipeline, self.watch.engine = pipeline, engine
        self.watch.stopped = lambda: pipeline.trouble
        self._desk.sealed(self.store.spool.last_chunk)
        self._first_inputs(found)
        self.troubles.seed(o.rule.removeprefix("system.") for o in engine.book.open() if is_trouble(o))
        if recovered.difference:
            log.error("replay differs from the journal; the journal holds", difference=recovered.difference)
        self.troubles("replay-difference", active=bool(recovered.difference), detail=recovered.difference)
        self.troubles("disk", active=False)
        self._end_troubles_of_others()
        log.info(
            "judging",
            inputs_stepped_again=recovered.stepped,
            tags=len(self.site.tags),
            rules=len(self.site.rules),
        )
        return pipeline

    async def _beat(self, pipeline: Pipeline) -> None:
        """Where time passes with the data nobody can be late."""
        while self._pulse is not None:
            now, waited = self.clock.now(), self.intake.fetch()
            while waited and pipeline.judged_until < now and not pipeline.trouble:  # it is not told lost
                await self.commits.wait(0.2)
            due = self.heart.beat(pipeline.engine, self.clock.now())
            await self.clock.sleep((due - self.clock.now()) / NS)

    def _end_troubles_of_others(self) -> None:
        """An output or source that is no longer configured can never say that it is well again."""
        units = [
            *(f"source.{s.name}" for s in self.sources),
            *(f"output.{o.sink.name}" for o in self.outputs),
        ]
        units += [*(name for name, _ in self.extras), *self.heart.names]
        lanes = tuple(f"{o.sink.name}." for o in self.outputs)
        for what in self.troubles.active:
            if what not in units and what not in OWN_TROUBLES and not what.startswith(lanes):
                self.troubles(what, active=False, detail="no longer configured")

    async def _rebuilt(self) -> Engine:
        """The engine as of the last committed input, after a bug has spoilt the running one."""
        before = None if self.ready.is_set() else self.previous_site
        recovered = await self._desk.call(recover, self.store, self.site, before)
        self.watch.engine = recovered.engine
        if recovered.difference and self.ready.is_set():
            now = self.intake.oldest()
            self.troubles("replay-difference", active=True, detail=recovered.difference)
            self.intake.put_first(Started(now, now, __version__, "judging began anew after a fault"))
        return recovered.engine

    def _first_inputs(self, found: Sequence[Gap]) -> None:
        """``started`` comes before what was polled during the start; behind it, a change of configuration."""
        down_since = self.store.last_input[1]
        started = max(self._sees_since(), down_since)
        for gap in found:
            self.intake.put(gap, along=self.store.owed_told if gap.who == "sources" else None)
        if self._used and self._used != self.site.config_hash:  # also when the old one can no longer be read
            self.intake.put_first(self.change.told(started, self._used, self.site.config_hash))
            self.troubles(UNAPPROVED, active=False, detail="another configuration")
        digest = self.site.config_hash
        words = note(self.store, unsure=self._behind)
        self.intake.put_first(Started(started, down_since, __version__, words, digest, unsure=self._behind))

    def _sees_since(self) -> int:
        """An outage ends with the first reading: until then we may have been too slow to ask for one."""
        if self.begins:
            return self.begins
        if self._pulse is None:
            return self.watch.started
        return self.intake.first_heard or self.clock.now()

    async def _first_commit(self) -> None:
        """Outputs wait for the commit of ``started``: before it there is no present."""
        while not self.ready.is_set():
            await self.commits.wait(1.0)

    def _committed(self) -> None:
        pipeline = self._pipeline
        self.watch.refresh(durable=pipeline.durable if pipeline else True)
        self.watch.online = True
        self.ready.set()
        self.commits.fire()
        self._watch_clock()
        words = self.watch.unapproved
        self.troubles(UNAPPROVED, active=bool(words), detail=words)

    def _watch_clock(self) -> None:
        """Somebody set the machine's clock back: judging goes on in a time of its own, and that is said."""
        ahead = int(getattr(self.clock, "ahead", 0))
        if ahead >= CLOCK_AHEAD:
            words = f"the machine's clock was set back: our time is ahead by {ahead / NS:.0f} s"
            self.troubles("clock", active=True, detail=words)
        elif not ahead:
            self.troubles("clock", active=False)

    def _delivered(self) -> int:
        lanes = [o.lane.cursor for o in self.outputs if isinstance(o.lane, SpoolLane)]
        return min(lanes, default=self.store.spool.last_chunk)

    async def _snapshots(self, pipeline: Pipeline) -> None:
        """Detector state, outside the step: a consistent copy in the loop, written in slices by the store's thread."""
        await asyncio.sleep(FIRST_SNAPSHOT_S)
        while True:
            await self._snapshot(pipeline)
            await asyncio.sleep(SNAPSHOT_S)

    async def _snapshot(self, pipeline: Pipeline) -> None:
        """Only of what is committed: with a group open the copy would be ahead of the journal."""
        while not pipeline.settled:
            await self.commits.wait(1.0)
        snapshot: Snapshot = with_seq(pipeline.engine.snapshot(), self._desk.head_seq)
        steps = self.store.snapshot_steps(snapshot, since=self.clock.now() - longest_memory(self.site))
        await self._desk.slowly(steps)

    async def _close(self) -> None:
        pipeline = self._pipeline
        try:
            if pipeline is not None and self.ready.is_set():
                await pipeline.finish()  # what outputs have refused or reported on the way out
                if pipeline.settled:
                    await self._snapshot(pipeline)
        finally:
            self._room.close()
            await self.keeper.close()
            if self._reader is not None:
                self._reader.close()
            await self._desk.close()


def longest_memory(site: Site) -> int:
    """How far back (ns) a detector of this site looks: inputs that young are kept, should no snapshot be usable.

    Not more than 26 hours, a window of a day with its open bucket: the velocity of a slope over ten days would keep all
    readings of the plant for as long. Such a window, and what was learned before, is unknown until it is full again.
    """
    rules = [min(each, MAX_KEPT) for each in looks_back(site)]
    tags = [t.frozen_window + t.max_age for t in site.tags]
    return max([MIN_KEPT, *rules, *tags])
