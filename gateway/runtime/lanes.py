"""Lanes: an output's durable cursor over the journal or the spool (the ports EventLane and ReadingLane).

A lane remembers how far it has *handed out* (position) apart from how far the other side has *accepted* (cursor);
after a failure it hands out again from the cursor, and receivers apply an event twice without harm (promise 4).
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from gateway.model.events import Record
from gateway.model.inputs import Gap, Input, SystemFault
from gateway.model.ports import Chunk, Clock, Present
from gateway.runtime.desk import Desk

READ_AHEAD: Final = 32


class _Lane:
    """What both kinds of lane share."""

    def __init__(
        self,
        name: str,
        desk: Desk,
        clock: Clock,
        present: Callable[[], Present],
        put: Callable[[Input], None],
    ) -> None:
        self.name = name
        self.clock = clock
        self._desk = desk
        self._present = present
        self._put = put
        self._troubles: dict[str, str] = {}
        self.cursor = desk.cursor(name)
        self._position = self.cursor

    def rewind(self) -> None:
        """Hand out again from the cursor (the sink starts anew)."""
        self._position = self.cursor

    def advance(self, to: int) -> None:
        """Everything up to ``to`` is settled."""
        if to > self.cursor:
            self.cursor = to
            self._desk.move(self.name, to)

    def present(self) -> Present:
        """The committed present."""
        return self._present()

    def trouble(self, what: str, *, active: bool, detail: str = "") -> None:
        """Report on edges; the report becomes a system alarm."""
        if active == (what in self._troubles):
            return
        if active:
            self._troubles[what] = detail
        else:
            del self._troubles[what]
        self._put(SystemFault(self.clock.now(), f"{self.name}.{what}", active, detail))

    def _dead(self, data: bytes, reason: str, first: int, last: int, count: int) -> None:
        store = self._desk.store
        now = self.clock.now()
        self._desk.later(store.dead_letter, self.name, reason, data, now)
        self._put(Gap(now, self.name, first, last, count, f"refused: {reason}"))


class JournalLane(_Lane):
    """Cursor over the journal."""

    async def next(self, limit: int, timeout: float | None = None) -> Sequence[Record]:
        """See :class:`gateway.model.ports.EventLane`."""
        while self._position >= self._desk.head_seq:
            if not await self._desk.committed.wait(timeout):
                return ()
        records = await self._desk.records(self._position, limit)
        if records:
            self._position = records[-1].seq
        return records

    def reject(self, record: Record, reason: str) -> None:
        """See :class:`gateway.model.ports.EventLane`."""
        self._dead(record.data, reason, record.event.time, record.event.time, 1)

    @property
    def backlog(self) -> int:
        """Records not yet accepted."""
        return max(0, self._desk.head_seq - self.cursor)


class SpoolLane(_Lane):
    """Cursor over the spool."""

    def __init__(
        self,
        name: str,
        desk: Desk,
        clock: Clock,
        present: Callable[[], Present],
        put: Callable[[Input], None],
    ) -> None:
        super().__init__(name, desk, clock, present, put)
        self._ahead: deque[Chunk] = deque()

    def rewind(self) -> None:
        """Hand out again from the cursor."""
        super().rewind()
        self._ahead.clear()

    async def next(self, timeout: float | None = None) -> Chunk | None:
        """See :class:`gateway.model.ports.ReadingLane`."""
        while not self._ahead:
            if self._position < self._desk.last_chunk:
                self._ahead.extend(await self._desk.chunks(self._position, READ_AHEAD))
            if not self._ahead and not await self._desk.spooled.wait(timeout):
                return None
        chunk = self._ahead.popleft()
        self._position = chunk.id
        return chunk

    def reject(self, lines: Sequence[str], reason: str, first: int, last: int) -> None:
        """See :class:`gateway.model.ports.ReadingLane`."""
        self._dead("\n".join(lines).encode(), reason, first, last, len(lines))

    @property
    def backlog(self) -> int:
        """Chunks not yet accepted."""
        return max(0, self._desk.last_chunk - self.cursor)
