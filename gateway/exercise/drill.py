"""One drill: a second machine on a copy of the real one's state, with its own store and outputs."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import structlog

from gateway.engine import Snapshot
from gateway.exercise.overlay import Overlay
from gateway.exercise.script import Script
from gateway.exercise.source import DrillSource
from gateway.model.commands import Act, Actor, Command
from gateway.model.effective import dump_site
from gateway.model.errors import FengsuiError, Retry
from gateway.model.events import EventKind
from gateway.model.site import Site
from gateway.model.times import NS, iso
from gateway.runtime.machine import Machine
from gateway.runtime.outputs import LaneSink
from gateway.runtime.recover import with_seq
from gateway.store import Identity, Store

RESERVE: Final = 4096
"""A drill holds nothing back on the disk: on a full one it ends, and the plant goes on."""
READY_S: Final = 60.0
LOOK_S: Final = 0.5
PAGE: Final = 1000
log = structlog.get_logger()


@dataclass(slots=True)
class Drill:
    """What a drill is made of, and how it ends: :meth:`stop` or its time; :attr:`why` then says which."""

    ident: str
    script: Script
    folder: Path
    live: Machine
    sinks: Sequence[LaneSink]
    by: Actor
    comment: str
    longest: int
    """ns"""
    machine: Machine | None = None
    ended_by: Actor | None = None
    why: str = ""
    real: list[dict[str, Any]] = field(default_factory=list)
    """alarms that the plant itself raised meanwhile"""
    began: asyncio.Event = field(default_factory=asyncio.Event)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _seen: int = 0
    """seq in the live journal up to which real alarms are known"""

    @property
    def site(self) -> Site:
        """The plant's, marked as a drill's."""
        return replace(self.live.site, exercise=self.ident)

    def stop(self, by: Actor | None, why: str) -> None:
        """End it; the first who says so."""
        if not self._stopping.is_set():
            self.ended_by, self.why = by, why
            self._stopping.set()

    async def run(self) -> None:
        """From the copy of the state to the last record; cancelled, it ends with a record all the same.

        Raises:
            FengsuiError: the copy cannot be made.
        """
        source = DrillSource(self.script, Overlay(self.site, self.script))
        snapshot = await self.live.copy()  # no await until the tap hears: nothing falls between the two
        tapped = self.live.intake
        tapped.tap = source.hear
        begins = self.live.clock.now()
        self._seen = self.live.present().head_seq
        try:
            copied = with_seq(replace(snapshot, number=0), 0)
            store = await self._opened(begins, copied)
            self.machine = self._machine(store, source, begins)
            await self._play(self.machine, source)
        finally:
            tapped.tap = None

    async def _opened(self, begins: int, copied: Snapshot) -> Store:
        """Its store. A thread goes on when who waits for it is cancelled: what it has opened by then is closed."""
        opening = asyncio.create_task(asyncio.to_thread(self._store, begins, copied))
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            await asyncio.wait({opening})
            if opening.exception() is None:
                opening.result().close()
            raise

    def _store(self, now: int, copied: Snapshot) -> Store:
        """The drill's own, with the copy of the state in it; closed again if it does not take that."""
        site = self.site
        identity = Identity(site.gateway, site.county, site.id)
        store = Store.open(
            self.folder, identity, now=now, reserve_bytes=RESERVE, exercise=self.ident, epoch=self.ident
        )
        try:
            store.keep_config(site.config_hash, dump_site(site))
            if not store.save_snapshot(copied):
                raise Retry(
                    "the disk takes no copy of the state, and a drill without one would not be of this plant"
                )
        except BaseException:
            store.close()
            raise
        return store

    def _machine(self, store: Store, source: DrillSource, begins: int) -> Machine:
        site = self.site
        machine = Machine(
            site=site,
            store=store,
            clock=self.live.clock,
            folder=self.folder,
            sources=[source],
            sinks=self.sinks,
            sites={site.table: site},
        )
        machine.begins = begins
        return machine

    async def _play(self, machine: Machine, source: DrillSource) -> None:
        running = asyncio.create_task(machine.run(), name=f"exercise {self.ident}")
        try:
            await _ready(machine, running)
            records = await machine.submit(self._record(Act.EXERCISE_START))
            source.begin(next(r.event.time for r in records if r.event.event is EventKind.EXERCISE_STARTED))
            self.began.set()
            await self._until_over(machine, running, source)
        except asyncio.CancelledError:
            self.stop(None, "the gateway stops, or its configuration changes")
            raise
        finally:
            await asyncio.shield(self._end(machine, running))

    async def _until_over(self, machine: Machine, running: asyncio.Task[None], source: DrillSource) -> None:
        while not self._stopping.is_set():
            await self._hear_real()
            over = self._over(machine.clock.now() - source.started, running)
            if over:
                self.stop(None, over)
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._stopping.wait()

    def _over(self, lasted: int, running: asyncio.Task[None]) -> str:
        """Why it is over; empty while it is not."""
        if running.done():
            return f"the drill's engine ended: {running.exception()!r}"
        if not self.live.watch.durable:
            return "the gateway's disk takes no commits"
        if self.script.length and lasted >= self.script.length:
            return "the scenario is over"
        return f"longer than {self.longest // NS} s" if lasted >= self.longest else ""

    async def _hear_real(self) -> None:
        """The plant's own alarms, so that the drill's report says what people had to do besides."""
        while records := await self.live.records(self._seen, PAGE):
            self._seen = records[-1].seq
            for e in (r.event for r in records):
                if e.event is EventKind.RAISED and not e.fault and not e.shadow:
                    level = e.level.word if e.level else None
                    self.real.append({"id": e.id, "rule": e.rule, "level": level, "raised": iso(e.time)})

    async def _end(self, machine: Machine, running: asyncio.Task[None]) -> None:
        if not running.done():
            try:
                await machine.submit(self._record(Act.EXERCISE_END))
            except FengsuiError as error:
                log.warning(
                    "the end of a drill could not be recorded", exercise=self.ident, reason=str(error)
                )
            running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    def _record(self, act: Act) -> Command:
        words = {"exercise": self.ident, "scenario": self.script.name}
        if act is Act.EXERCISE_END:
            words = {"exercise": self.ident, "why": self.why}
        who = self.by if act is Act.EXERCISE_START else self.ended_by or Actor("system", "system", "system")
        return Command(
            act, who, (), self.comment if act is Act.EXERCISE_START else "", words=tuple(words.items())
        )


async def _ready(machine: Machine, running: asyncio.Task[None]) -> None:
    waiting = asyncio.create_task(machine.ready.wait())
    try:
        await asyncio.wait({waiting, running}, timeout=READY_S, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
    if not machine.ready.is_set():
        reason = repr(running.exception()) if running.done() and not running.cancelled() else "it is slow"
        raise Retry(f"the drill's engine is not ready: {reason}")
