"""Groups of inputs and decisions on their way out: to disk first, then to the world, and past a disk that hangs.

Normally a group waits for its commit (promise 3). A disk that neither takes nor refuses must not hold up an alarm
(promise 5): after :data:`HUNG_S` what is in flight leaves marked ``durable: false``, judging goes on, and what it
decides leaves at once, likewise marked. All waits in memory, in order, and is written first when the disk answers.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from gateway.model.batch import Batch, concat
from gateway.model.events import Event, Record
from gateway.model.inputs import Gap, Input, Numbered, Readings
from gateway.model.ports import Chunk, Clock
from gateway.runtime.desk import Desk
from gateway.runtime.intake import Intake, Item
from gateway.runtime.troubles import Troubles
from gateway.store import Ticket

HUNG_S: Final = 1.0
"""A commit takes milliseconds; on a worn flash card a few hundred."""
STALL_S: Final = 5.0
"""A commit that takes longer is told in the status."""
OWED_S: Final = 2.0
"""Whoever says no more until it is kept (an MQTT 3.1.1 broker sends twenty messages) waits so long for a disk that
refuses. Then it is told that memory has it, and ``instance`` how many readings those are: a kill that loses them is
told with their count. (A disk that hangs takes not even that: then the outage's gap record begins before them.)"""
ASIDE_BYTES: Final = 4 << 20
"""While the disk hangs a group without a decision leaves when it is so large: memory of it is bounded there."""
READINGS_BYTES: Final = 64 << 20
"""Conditioned readings that wait for the spool meanwhile."""

log = structlog.get_logger()
Answer = tuple["asyncio.Future[Sequence[Record]]", int, int]
"""who waits, and which of the group's events are the answer (start, stop)"""
Owed = tuple[Sequence[Callable[[], None]], Input]
"""who waits for an input to be kept"""


@dataclass(slots=True)
class Group:
    """What has been stepped but not yet committed."""

    inputs: list[Numbered] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    readings: list[tuple[int, Batch]] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    size: int = 0
    since: float = 0.0
    urgent: bool = False
    ticket: Ticket = field(default_factory=Ticket)
    told: bool = False
    """who waits for it needs no further word"""

    @property
    def along(self) -> list[Callable[[], None]]:
        """Store calls that belong into its commit."""
        return [call for item in self.items for call in item.along]

    @property
    def pressed(self) -> bool:
        """A source says no more before it is told of this."""
        return not self.told and any(item.soon for item in self.items)

    def owed(self) -> "list[Owed]":
        """Who is to be told of it, once, and the readings that this is about."""
        told, self.told = self.told, True
        return [] if told else [(item.done, item.input) for item in self.items if item.done]

    def answer(self, records: Sequence[Record]) -> None:
        """Tell who waits for what was decided."""
        for waiter, start, stop in self.answers:
            if not waiter.done():
                waiter.set_result(records[start:stop])


class Leaving:
    """One group at a time; owned by the pipeline."""

    def __init__(self, desk: Desk, intake: Intake, clock: Clock, troubles: Troubles) -> None:
        self.durable = True
        """everything that left is on disk"""
        self.hung = False
        self.items: Sequence[Item] = ()
        """of the group that is on its way: to be stepped again when its commit fails"""
        self.on_commit: Callable[[], None] = lambda: None
        self._desk = desk
        self._intake = intake
        self._clock = clock
        self._troubles = troubles
        self._flight: asyncio.Future[None] | None = None
        self._left_at = 0.0
        self._flying: Group | None = None
        """on its way to the disk; perhaps still behind something else there"""
        self._aside: list[Group] = []
        """left, and not on disk"""
        self._kept = 0
        self._stored = True
        self._sealed = 0
        self._chunks: Sequence[Chunk] = ()
        self._lost: Sequence[Gap] = ()
        self._undurable: list[Owed] = []
        """who waits for a commit that memory has and the disk does not: told when the disk takes it"""
        self._pressed = False
        """... and a source among them says no more before it is told"""
        self._refused_at = 0.0
        """since when they wait (the loop's time); 0: nobody does"""
        self._marking: asyncio.Future[None] | None = None

    @property
    def settled(self) -> bool:
        """Nothing is on its way."""
        return not self.hung and (self._flight is None or self._flight.done())

    @property
    def stalled(self) -> bool:
        """The disk has not answered for long."""
        away = self._flight is not None and not self._flight.done()
        return away and asyncio.get_running_loop().time() - self._left_at > STALL_S

    async def commit(self, group: Group) -> None:
        """Commit, then tell the world; returns when that is done or the disk hangs. Who is cancelled meanwhile does not
        take the commit along.

        Raises:
            Exception: what made the commit fail.
        """
        self.items, self._flying = group.items, group
        self._fly(self._commit(group))
        if await self._landed():
            await asyncio.sleep(0)  # who waited for the commit sees it settled, also while readings pour in
        else:
            self._hang(group)

    async def past(self, group: Group) -> bool:
        """While the disk hangs: let ``group`` leave if it must (True: it did), and go back as soon as it answers."""
        flight = self._flight
        if flight is not None and flight.done():
            self._flight = None  # what it failed with is told once
            try:
                await flight
            finally:
                self._rejoin()
        if not self.hung:
            return False
        await self.tell(())  # who was patient so far need not be any longer
        pressing = bool(group.inputs) and self._presses(group) and self._too_long()
        if not (group.events or group.answers or group.size >= ASIDE_BYTES or pressing):
            return False
        await self._leave_early(group)
        return True

    async def finish(self) -> None:
        """Wait for what is on its way, however long it takes."""
        while self._flight is not None and (self.hung or not self._flight.done()):
            await asyncio.gather(self._flight, return_exceptions=True)
            if self.hung:
                self._rejoin()
        if self._marking is not None:
            await asyncio.gather(self._marking, return_exceptions=True)

    async def tell(self, waiting: Sequence[Owed], *, pressed: bool = False) -> None:
        """Acknowledge what is on disk; and what only memory has when the disk has refused for :data:`OWED_S` and a
        source is ``pressed``: it says no more until it is told, and an alarm must not wait for a disk.
        """
        self._undurable += waiting
        self._pressed = self._pressed or pressed
        if self._stored:
            self._refused_at = 0.0
        elif not (self._pressed and self._too_long()):
            return
        told, self._undurable, self._pressed = self._undurable, [], False
        if told and not self._stored and not self.hung:
            await self._desk.call(self._owe, told)
        for dones, _ in told:
            for done in dones:
                done()

    def _owe(self, told: Sequence[Owed]) -> None:
        """In the store's thread: how many readings only memory will have."""
        times = [i.batch.source for _, i in told if isinstance(i, Readings) and len(i.batch)]
        if times:
            start, end = min(int(t.min()) for t in times), max(int(t.max()) for t in times)
            self._desk.store.owe(sum(map(len, times)), start, end)

    def _presses(self, group: Group) -> bool:
        """A source says no more before it is told of this, or of what is on its way before it."""
        return group.pressed or (self._flying is not None and self._flying.pressed)

    def _too_long(self) -> bool:
        """The disk has taken nothing for so long that nobody can wait for it."""
        now = asyncio.get_running_loop().time()
        self._refused_at = self._refused_at or now
        return now - self._refused_at >= OWED_S

    # --- the usual way --------------------------------------------------------------------------------------------

    def _fly(self, work: Coroutine[Any, Any, None]) -> None:
        self._left_at = asyncio.get_running_loop().time()
        self._flight = asyncio.ensure_future(work)

    async def _landed(self) -> bool:
        """False: the disk hangs."""
        if self._flight is None:
            return True
        done, _ = await asyncio.wait((self._flight,), timeout=HUNG_S)
        if not done:  # if it was the loop that stood still, the answer is there and only has to be taken
            done, _ = await asyncio.wait((self._flight,), timeout=HUNG_S / 10)
        for flight in done:
            await flight
        return bool(done)

    async def _commit(self, group: Group) -> None:
        records = await self._desk.call(self._write, group, self._desk.take_jobs())
        self.items = ()
        if not group.ticket.left:
            self._desk.published(records)
            group.answer(records)
        pressed = group.pressed
        await self.tell(group.owed(), pressed=pressed)
        self._told()

    def _told(self) -> None:
        self._desk.sealed(self._sealed, self._chunks)
        for gap in self._lost:
            self._intake.put(gap)
        self._watch_disk()
        self.on_commit()

    def _write(self, group: Group, jobs: Sequence[Callable[[], object]]) -> list[Record]:
        """In the store's thread: one transaction, then the spool (filled from it, by input number)."""
        store = self._desk.store
        for job in (*jobs, *group.along):
            job()
        commit = store.commit(group.inputs, group.events, self._clock.now(), group.ticket)
        self._stored, self._lost = commit.durable, commit.gaps
        self._spool(group)
        return commit.records

    def _spool(self, group: Group) -> None:
        spool = self._desk.store.spool
        first, last = group.inputs[0].number, group.inputs[-1].number
        if group.readings:
            spans = [(number, len(batch)) for number, batch in group.readings]
            spool.append(first, last, concat(self._intake.table, [b for _, b in group.readings]), spans)
        else:
            spool.settle(last)
        self._sealed = spool.last_chunk
        self._chunks = self._desk.new_chunks() if self._sealed > self._desk.last_chunk else ()

    def _watch_disk(self) -> None:
        self.durable = self._stored
        words = "the store does not take commits; alarms leave marked durable: false"
        self._troubles("disk", active=not self.durable, detail="" if self.durable else words)

    # --- a disk that hangs ----------------------------------------------------------------------------------------

    def _hang(self, group: Group) -> None:
        """What is in flight leaves now, if anything was decided; and we are woken when the disk answers."""
        log.error("the disk does not answer; alarms leave without it", seconds=HUNG_S)
        self.hung, self._stored = True, False
        if self._flight is not None:
            self._flight.add_done_callback(lambda _: self._intake.wake.set())
        if group.events or group.answers:
            self._publish(group)
        self._watch_disk()
        self.on_commit()

    def _publish(self, group: Group) -> None:
        records, gaps = self._desk.store.leave_early(
            group.ticket, group.inputs, group.events, self._clock.now()
        )
        self._desk.published(records)
        group.answer(records)
        for gap in gaps:
            self._intake.put(gap)
        if self._marking is None or self._marking.done():
            # Best effort, in a thread of its own: the same disk may hang it too.
            self._marking = asyncio.ensure_future(asyncio.to_thread(self._desk.store.mark_risk))

    async def _leave_early(self, group: Group) -> None:
        """What is on its way leaves before it, also if nothing was decided in it: its inputs have the lower numbers."""
        if self._flying is not None and not self._flying.ticket.left:
            self._publish(self._flying)
        self._publish(group)
        pressed = self._presses(group)
        await self.tell(
            [*(self._flying.owed() if self._flying is not None else ()), *group.owed()], pressed=pressed
        )
        self._aside.append(group)
        self._bound(group)
        self.on_commit()

    def _bound(self, group: Group) -> None:
        """Readings for the spool go first when memory is full; the journal's inputs have a bound of their own."""
        self._kept += group.size
        for old in self._aside[:-1]:
            if self._kept <= READINGS_BYTES:
                return
            self._kept -= old.size
            old.size = 0
            batches = [b for _, b in old.readings if len(b)]
            old.readings = []
            if batches:
                start, end = (
                    min(int(b.source.min()) for b in batches),
                    max(int(b.source.max()) for b in batches),
                )
                why = "the disk hangs and memory for readings is full"
                self._intake.put(Gap(self._clock.now(), "spool", start, end, sum(map(len, batches)), why))

    def _rejoin(self) -> None:
        """The disk answered: write what has left meanwhile, or be back to the usual way."""
        aside, self._aside, self._kept = self._aside, [], 0
        if not aside:
            self.hung = False
            return
        self._fly(self._catch_up(aside))
        if self._flight is not None:
            self._flight.add_done_callback(lambda _: self._intake.wake.set())

    async def _catch_up(self, aside: Sequence[Group]) -> None:
        await self._desk.call(self._write_aside, aside, self._desk.take_jobs())
        await self.tell(())
        self._told()

    def _write_aside(self, aside: Sequence[Group], jobs: Sequence[Callable[[], object]]) -> None:
        """In the store's thread."""
        store = self._desk.store
        for job in (*jobs, *(call for group in aside for call in group.along)):
            job()
        self._stored = store.catch_up(self._clock.now())
        self._lost = ()
        for group in aside:
            self._spool(group)
