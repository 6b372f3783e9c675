"""Lanes: an output's durable cursor over the journal or the spool (the ports EventLane and ReadingLane).

A lane remembers how far it has *handed out* (position) apart from how far the other side has *accepted* (cursor);
after a failure it hands out again from the cursor, and receivers apply an event twice without harm (promise 4).
"""

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from gateway.model.events import Event, Record
from gateway.model.inputs import Gap
from gateway.model.ports import Chunk, Clock, Present
from gateway.model.site import Site
from gateway.runtime.desk import Desk
from gateway.runtime.ledger import Ledger, in_ledger
from gateway.runtime.signal import Signal
from gateway.runtime.troubles import Troubles
from gateway.store.ledger import Stage

READ_AHEAD: Final = 32
ROWS_AHEAD: Final = 20_000
"""Chunks read at once, at most, and rows in them: the commit of an alarm waits behind such a read."""
MOST_REASONS: Final = 3
"""Reasons in one gap record; each dead letter has its own."""
MOST_UNSETTLED: Final = 10_000
"""Of more than these, the times of single records are not kept: the cursor still tells how far the lane is."""


@dataclass(frozen=True, slots=True)
class Wiring:
    """What every lane is connected to."""

    desk: Desk
    clock: Clock
    present: Callable[[], Present]
    site: Callable[[], Site]
    put: Callable[..., None]
    """:meth:`gateway.runtime.intake.Intake.put`"""
    troubles: Troubles
    ledger: Ledger
    sites: Mapping[str, Site] = field(default_factory=dict)
    """configurations by tag-table id, for readings that were made under an older one"""


@dataclass(frozen=True, slots=True)
class Refused:
    """What the other side will never take, with its words; when that was measured (source times, ns)."""

    data: bytes
    reason: str
    first: int
    last: int
    count: int


class _Lane(ABC):
    """What both kinds of lane share.

    What is refused is remembered until the cursor passes it. Then dead letters, gap record and cursor are one commit:
    who is killed before it hands out again and has told nothing; who is killed behind it has told once, and how many.
    """

    def __init__(self, name: str, wiring: Wiring) -> None:
        self.name = name
        self.clock = wiring.clock
        self._desk = wiring.desk
        self._wiring = wiring
        self.cursor = wiring.desk.cursor(name)
        self._position = self.cursor
        self._moved = Signal()
        self._hurry = asyncio.Event()
        """somebody waits until all is delivered"""
        self._telling = 0
        """gap records on their way to the journal; the durable cursor goes with them and not before"""

    def rewind(self) -> None:
        """Hand out again from the cursor (the sink starts anew)."""
        self._position = self.cursor

    def advance(self, to: int) -> None:
        """Everything up to ``to`` is settled."""
        if to > self.cursor:
            self.cursor = to
            refused = self._refused_until(to)
            if refused:
                self._give_up(refused, to)
            self._keep()
            self._moved.fire()

    @property
    def backlog(self) -> int:
        """What is not yet settled: records, or for the spool inputs."""
        return max(0, self._end() - self.cursor)

    async def drained(self) -> None:
        """Wait until nothing is left to deliver; nothing rests meanwhile."""
        self._hurry.set()
        try:
            while self.backlog:
                await self._moved.wait()
        finally:
            self._hurry.clear()

    async def rest(self, seconds: float) -> None:
        """Let what comes gather for so long; no longer than until somebody waits for it to be delivered."""
        if seconds > 0:
            with suppress(TimeoutError):  # not wait_for: in Python 3.11 it may swallow that we are stopped
                async with asyncio.timeout(seconds):
                    await self._hurry.wait()

    @abstractmethod
    def _end(self) -> int:
        """Where the lane would be with everything settled."""

    @property
    def site(self) -> Site:
        """The configuration that judges now."""
        return self._wiring.site()

    def present(self) -> Present:
        """The committed present."""
        return self._wiring.present()

    def trouble(self, what: str, *, active: bool, detail: str = "") -> None:
        """A fault of this output came or went."""
        self._wiring.troubles(f"{self.name}.{what}", active=active, detail=detail)

    @abstractmethod
    def _refused_until(self, to: int) -> Sequence[Refused]:
        """Take what was refused and lies before ``to``."""

    def _keep(self) -> None:
        """The cursor becomes durable soon."""
        if not self._telling:
            self._desk.move(self.name, self.cursor)

    def _give_up(self, refused: Sequence[Refused], to: int) -> None:
        store, now = self._desk.store, self.clock.now()

        def along() -> None:
            for each in refused:
                store.dead_letter(self.name, each.reason, each.data, now)
            store.set_cursors({self.name: to})

        self._telling += 1
        first, last = min(r.first for r in refused), max(r.last for r in refused)
        count = sum(r.count for r in refused)
        self._wiring.put(Gap(now, self.name, first, last, count, _why(refused)), self._told, along=along)

    def _told(self) -> None:
        self._telling -= 1
        self._keep()

    def _letter(self, data: bytes, reason: str) -> None:
        """A dead letter alone: nothing is lost by it, or that is told already."""
        self._desk.later(self._desk.store.dead_letter, self.name, reason, data, self.clock.now())


def _why(refused: Sequence[Refused]) -> str:
    reasons = list(dict.fromkeys(each.reason for each in refused))
    more = f" and {len(reasons) - MOST_REASONS} other reasons" if len(reasons) > MOST_REASONS else ""
    return f"refused: {'; '.join(reasons[:MOST_REASONS])}{more}"


class JournalLane(_Lane):
    """Cursor over the journal."""

    def __init__(self, name: str, wiring: Wiring) -> None:
        super().__init__(name, wiring)
        # Behind the journal's end after a part of it was set aside: what comes under those numbers is something else.
        self.cursor = self._position = min(self.cursor, wiring.desk.head_seq)
        # When what waits was recorded; the first of it is asked for, it may be days old after a restart.
        self._unsettled = deque((r.seq, r.recorded) for r in wiring.desk.store.records(self.cursor, 1))
        self._flying: deque[tuple[int, Event]] = deque()
        """alarm events on their way to the other side, for the ledger"""
        self._refused: dict[int, Refused] = {}
        """by seq"""
        self._again: dict[int, Record] = {}
        """dead letters that are given again, by their number, until the other side has answered"""
        self._given: list[int] = []
        self._unconfirmed: deque[tuple[int, Event]] = deque()
        """... and those it took, until the receiver behind it says that it has stored them"""

    def rewind(self) -> None:
        """Hand out again from the cursor."""
        super().rewind()
        self._flying.clear()
        self._given.clear()
        self._refused.clear()

    def give_again(self, letter: int, record: Record) -> None:
        """A dead letter is handed out before anything else."""
        self._again[letter] = record

    def advance(self, to: int) -> None:
        """Everything up to ``to`` is settled."""
        self._note(self._flying, to, Stage.ACCEPTED)
        super().advance(to)
        while self._unsettled and self._unsettled[0][0] <= to:
            self._unsettled.popleft()

    def taken(self, to: int) -> None:
        """See :class:`gateway.model.ports.EventLane`."""
        self._unconfirmed += self._note(self._flying, to, Stage.ACCEPTED)
        while len(self._unconfirmed) > MOST_UNSETTLED:
            self._unconfirmed.popleft()

    def stored(self, to: int) -> None:
        """See :class:`gateway.model.ports.EventLane`."""
        self._note(self._unconfirmed, to, Stage.STORED)
        self.advance(to)

    def back(self, to: int) -> None:
        """See :class:`gateway.model.ports.EventLane`."""
        if to < self.cursor:
            self.cursor = to
            self._keep()

    @property
    def position(self) -> int:
        """Everything up to here was handed out."""
        return self._position

    @property
    def oldest(self) -> int | None:
        """``recorded`` of the oldest record that is not settled, ns; None when all are."""
        if not self.backlog:
            return None
        return self._unsettled[0][1] if self._unsettled else self._desk.recorded_of(self.cursor + 1)

    async def next(self, limit: int, timeout: float | None = None) -> Sequence[Record]:
        """See :class:`gateway.model.ports.EventLane`."""
        if letters := self._letters(limit):
            return letters
        while self._position >= self._desk.head_seq:
            if timeout == 0 or not await self._desk.committed.wait(timeout):
                return ()
            if letters := self._letters(limit):
                return letters
        records = await self._desk.records(self._position, limit)
        if records:
            self._position = records[-1].seq
            self._sent(records)
        return records

    def _letters(self, limit: int) -> Sequence[Record]:
        """Dead letters to be handed out; whoever asks for more has answered those of the last time."""
        for number in self._given:
            self._again.pop(number, None)
            self._desk.later(self._desk.store.forget_letter, number)
        self._given = list(self._again)[:limit]
        return [self._again[number] for number in self._given]

    def _sent(self, records: Sequence[Record]) -> None:
        last = self._unsettled[-1][0] if self._unsettled else self.cursor
        if len(self._unsettled) < MOST_UNSETTLED:
            self._unsettled += [(r.seq, r.recorded) for r in records if r.seq > last]
        self._wiring.ledger.sent(self.name, records)
        self._flying += [(r.seq, r.event) for r in records if in_ledger(r.event)]

    async def again(self, after: int, limit: int) -> Sequence[Record]:
        """See :class:`gateway.model.ports.EventLane`."""
        return await self._desk.records(after, limit)

    def reject(self, record: Record, reason: str) -> None:
        """See :class:`gateway.model.ports.EventLane`."""
        if in_ledger(record.event):
            self._wiring.ledger.settled(self.name, [record.event], Stage.REFUSED, reason)
        self._flying = deque(each for each in self._flying if each[0] != record.seq)
        if record.seq <= self.cursor:  # once more, given again by a person
            self._letter(record.data, reason)
        else:
            time = record.event.time
            self._refused[record.seq] = Refused(record.data, reason, time, time, 1)

    def _refused_until(self, to: int) -> Sequence[Refused]:
        return [self._refused.pop(seq) for seq in sorted(self._refused) if seq <= to]

    def _note(self, waiting: "deque[tuple[int, Event]]", to: int, stage: Stage) -> list[tuple[int, Event]]:
        """Take what has reached ``stage`` off ``waiting``, into the ledger."""
        done = []
        while waiting and waiting[0][0] <= to:
            done.append(waiting.popleft())
        if done:
            self._wiring.ledger.settled(self.name, [event for _, event in done], stage)
        return done

    def _end(self) -> int:
        return self._desk.head_seq


class SpoolLane(_Lane):
    """Cursor over the spool."""

    def __init__(self, name: str, wiring: Wiring) -> None:
        super().__init__(name, wiring)
        self._ahead: deque[Chunk] = deque()
        self._limit = 1
        self._refused: list[Refused] = []
        self._again: dict[int, Sequence[str]] = {}
        """dead letters that are given again, by their number"""

    def give_again(self, letter: int, lines: Sequence[str]) -> None:
        """A dead letter is handed out by :meth:`letters`."""
        self._again[letter] = lines

    def letters(self) -> Mapping[int, Sequence[str]]:
        """See :class:`gateway.model.ports.ReadingLane`."""
        return dict(self._again)

    def answered(self, letter: int) -> None:
        """See :class:`gateway.model.ports.ReadingLane`."""
        if self._again.pop(letter, None) is not None:
            self._desk.later(self._desk.store.forget_letter, letter)

    def rewind(self) -> None:
        """Hand out again from the cursor."""
        super().rewind()
        self._ahead.clear()
        self._refused.clear()

    async def next(self, timeout: float | None = None) -> Chunk | None:
        """See :class:`gateway.model.ports.ReadingLane`."""
        while not self._ahead:
            if self._position < self._desk.last_chunk:
                self._ahead.extend(await self._desk.chunks(self._position, self._limit))
            if not self._ahead and (timeout == 0 or not await self._desk.spooled.wait(timeout)):
                return None
        chunk = self._ahead.popleft()
        self._position = chunk.id
        self._limit = max(1, min(READ_AHEAD, ROWS_AHEAD // max(1, len(chunk.batch))))
        return chunk

    def site_of(self, table: str) -> Site | None:
        """See :class:`gateway.model.ports.ReadingLane`."""
        return self._wiring.sites.get(table)

    def reject(self, lines: Sequence[str], reason: str, first: int, last: int) -> None:
        """See :class:`gateway.model.ports.ReadingLane`."""
        self._refused.append(Refused("\n".join(lines).encode(), reason, first, last, len(lines)))

    def set_aside(self, lines: Sequence[str], reason: str) -> None:
        """See :class:`gateway.model.ports.ReadingLane`."""
        self._letter("\n".join(lines).encode(), reason)

    def _refused_until(self, _: int) -> Sequence[Refused]:
        refused, self._refused = self._refused, []
        return refused

    def _end(self) -> int:
        return self._desk.last_chunk
