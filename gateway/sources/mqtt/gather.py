"""Messages become batches, and batches on disk become acknowledgements."""

import asyncio
import struct
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from gateway.model.batch import Batch
from gateway.model.calm import Calm
from gateway.model.ports import Clock
from gateway.model.quality import Quality
from gateway.sources.mqtt.client import Session
from gateway.sources.mqtt.decode import NAN, Row
from gateway.sources.mqtt.flood import Flood, Lost
from gateway.sources.mqtt.readers import Reader
from gateway.sources.mqtt.said import Change

GATHER_S: Final = 0.01
"""Behind the first message the connection is not read for so long: what came until then is read, and judged, together.
Each waking costs more than what it reads."""
HOLD_S: Final = 0.15
"""Messages in which nothing is news (:mod:`gateway.model.calm`) are handed on and committed together after so long."""
GATHER_ROWS: Final = 2000
STEPS: Final = 8
"""Full batches that may wait unsent before the connection is read no further."""


@dataclass(slots=True)
class Counters:
    """Since the start of the source, as plain integers."""

    messages: int = 0
    unknown: int = 0
    """messages of topics no tag asks for"""
    bad: int = 0
    """readings that were BAD"""
    oversized: int = 0
    flooded: int = 0
    """readings lost to a flood, each in a gap record"""
    batches: int = 0
    acknowledged: int = 0
    connects: int = 0
    resumed: int = 0
    """connects where the broker had kept the session"""
    received_bytes: int = 0
    sent_bytes: int = 0


_PACK: Final = struct.Struct("<iqdBq").pack
_RECORD: Final = np.dtype(
    [("tag", "<i4"), ("source", "<i8"), ("value", "<f8"), ("quality", "<u1"), ("received", "<i8")]
)


class _Columns:
    """A batch that grows by the row. Packed records, parted into columns once: half the price of five appends."""

    __slots__ = ("packed",)

    def __init__(self) -> None:
        self.packed = bytearray()

    def add(self, row: Row, received: int) -> None:
        """One reading."""
        self.packed += _PACK(*row, received)

    def __len__(self) -> int:
        return len(self.packed) // _RECORD.itemsize

    def batch(self, table: str) -> Batch:
        """All of them; call once."""
        rows = np.frombuffer(self.packed, _RECORD)
        return Batch(table, rows["tag"], rows["source"], rows["received"], rows["value"], rows["quality"])


@dataclass(slots=True)
class Taken:
    """What was gathered, in order: batches and link changes; what was lost; the packet ids of all of it."""

    parts: list[Batch | Change]
    lost: Lost | None
    ids: list[int]


class Gather:
    """The inbox: rows and packet ids since the last batch. ``ready`` is set when they should go."""

    def __init__(
        self, reader: Reader, clock: Clock, counters: Counters, window: int, flood: Flood, calm: Calm
    ) -> None:
        self._reader, self._hot = reader, reader.hot
        self._clock, self._counters, self._flood = clock, counters, flood
        self._enough = max(1, min(GATHER_ROWS, window // 2))
        self._full = max(1, window * 3 // 4)
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._calm, self._low, self._high = calm, calm.low, calm.high
        self._news = False
        """something of what was gathered must not wait"""
        self._hold: asyncio.TimerHandle | None = None
        self._columns = _Columns()
        self._parts: list[_Columns | Change] = []
        self._ids: list[int] = []
        self._count = 0
        self._now = clock.now()
        self.ready = asyncio.Event()
        self.paused = False
        self.refused = False
        """there was no room for what was handed on"""
        self.owed = 0
        """messages received and not yet acknowledged: of so many fewer the broker may send"""
        self.resume: Callable[[], None] = lambda: None
        """reads the connection on"""

    def message(self, topic: bytes, payload: bytes | None, packet_id: int, *, retained: bool) -> None:
        """See :class:`gateway.sources.mqtt.client.Inbox`."""
        self._count += 1
        if packet_id:
            self._ids.append(packet_id)
            self.owed += 1
        handler, now = self._hot.get(topic), self._now
        if handler is not None and payload is not None and (row := handler.row(payload)) is not None:
            if not self._low[row[0]] < row[2] < self._high[row[0]]:
                self._stir(row)
            if packet_id or self._flood.room(now):
                self._columns.packed += _PACK(*row, now)
            else:
                self._flood.hold(row, now)
        else:
            self._look_closer(topic, payload, packet_id, now, old=retained)

    def _look_closer(
        self, topic: bytes, payload: bytes | None, packet_id: int, now: int, *, old: bool
    ) -> None:
        said = self._reader.message(topic, payload, now, old=old)
        if said is None:
            self._counters.unknown += 1
            return
        self._counters.oversized += payload is None
        # Aliases and births hold in their order only: what carries changes of links is never held back.
        fits = bool(packet_id) or bool(said.changes) or self._flood.room(now)
        for row in said.rows:
            if not (row[3] == Quality.GOOD and self._low[row[0]] < row[2] < self._high[row[0]]):
                self._stir(row)
            if fits:
                self._columns.add(row, now)
            else:
                self._flood.hold(row, now)
        self.changed(said.changes)

    def _stir(self, row: Row) -> None:
        """This reading is news."""
        self._news = True
        if row[3] == Quality.GOOD:
            self._calm.moved(row[0], row[2])
        else:
            self._calm.lost(row[0])

    def changed(self, changes: Sequence[Change]) -> None:
        """Links that are up or down behind everything gathered so far."""
        if changes:
            self._parts += [self._columns, *changes]
            self._columns = _Columns()
            self.ready.set()

    def bad(self, tags: Sequence[int], why: Quality) -> None:
        """BAD readings, now."""
        now = self._clock.now()
        for tag in tags:
            self._calm.lost(tag)
            self._columns.add((tag, now, NAN, int(why)), now)

    def pause(self) -> bool:
        """See :class:`gateway.sources.mqtt.client.Inbox`.

        A window that is nearly full is not waited for: the broker sends little more until it is told, and a pause
        before each commit would bound the rate.
        """
        if self._count >= self._enough or (self._count and self.owed >= self._full):
            self.ready.set()
        elif self._count and self._timer is None:
            self._timer = self._loop.call_later(GATHER_S, self._go_on)
            self.paused = True
            return True
        if self._count >= STEPS * GATHER_ROWS and not self.paused:
            self.paused = True
            return True
        return False

    def _go_on(self) -> None:
        """Read what came meanwhile: one turn of the loop brings it, the next hands it on."""
        self.paused = False
        self.resume()
        self._loop.call_soon(self._loop.call_soon, self._has_read)

    def _has_read(self) -> None:
        """News are handed on now; what is none waits for more, which is gathered in the same way."""
        if self._news or not self._count:
            self.ready.set()
            return
        self._timer = None
        if self._hold is None:
            self._hold = self._loop.call_later(HOLD_S - GATHER_S, self.ready.set)

    @property
    def waited(self) -> bool:
        """Something has waited for company: it should wait no more."""
        return self._hold is not None

    def traffic(self, received: int, sent: int) -> None:
        """See :class:`gateway.sources.mqtt.client.Inbox`."""
        if received:  # what is read together was received together
            self._now = self._clock.now()
        self._counters.received_bytes += received
        self._counters.sent_bytes += sent

    def take(self, table: str, *, last: bool = False) -> Taken:
        """What was gathered, and begin anew. ``last``: what a flood holds back too, the connection is gone."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._hold is not None:
            self._hold.cancel()
            self._hold = None
        self._news = False
        now = self._clock.now()
        rows, lost = self._flood.release(now, last=last)
        for row, received in rows:
            self._columns.add(row, received)
        if self._flood.holding:
            self._timer = self._loop.call_later(self._flood.wait_s(now), self.ready.set)
        self._counters.messages += self._count
        parts, ids = [*self._parts, self._columns], self._ids
        self._columns, self._parts, self._ids, self._count = _Columns(), [], [], 0
        self.ready.clear()
        self._counters.flooded += lost.count if lost else 0
        return Taken([self._made(p, table) for p in parts if isinstance(p, Change) or len(p)], lost, ids)

    def _made(self, part: _Columns | Change, table: str) -> Batch | Change:
        if isinstance(part, Change):
            return part
        batch = part.batch(table)
        self._counters.bad += int(np.count_nonzero(batch.quality >= Quality.NO_DATA))
        return batch


class Receipts:
    """Acknowledgements in the order the messages came (MQTT-4.6.0-2), each only after its batch is on disk."""

    def __init__(self, session: Session, gather: Gather, counters: Counters) -> None:
        self._session, self._gather, self._counters = session, gather, counters
        self._waiting: deque[tuple[list[int], list[bool]]] = deque()
        self._loop = asyncio.get_running_loop()
        self._told = False

    def expect(self, ids: list[int]) -> Callable[[], None]:
        """What to call when the batch of these messages is on disk."""
        committed: list[bool] = []
        self._waiting.append((ids, committed))

        def done() -> None:
            committed.append(True)
            if not self._told:  # the batches of one commit are acknowledged in one write
                self._told = True
                self._loop.call_soon(self._flush)

        return done

    def _flush(self) -> None:
        self._told = False
        ready: list[int] = []
        while self._waiting and self._waiting[0][1]:
            ready += self._waiting.popleft()[0]
        self._counters.acknowledged += len(ready)
        self._gather.owed -= len(ready)
        self._session.acknowledge(ready)
