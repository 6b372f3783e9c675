"""The store behind one thread: one writer, and the event loop never waits for a disk."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, ParamSpec, TypeVar

from gateway.model.events import Record
from gateway.model.ports import Chunk
from gateway.runtime.hand import Hand
from gateway.runtime.signal import Signal
from gateway.store import Store

P = ParamSpec("P")
T = TypeVar("T")
RECENT: Final = 2_000
RECENT_BYTES: Final = 4 << 20
"""Records kept in memory, so that lanes in step never read the disk; a live level may be 20 kB."""
RECENT_CHUNKS: Final = 16
"""Sealed chunks kept for the same reason; the spool holds the same arrays."""


class Desk:
    """Store, its thread, the newest records, and the dirty cursors."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.committed = Signal()
        self.spooled = Signal()
        self.head_seq = store.head.seq
        self.head_hash = store.head.hash
        self._recent: deque[Record] = deque()
        self._recent_bytes = 0
        self._dirty: dict[str, int] = {}
        self._jobs: list[Callable[[], Any]] = []
        self.last_chunk = store.spool.last_chunk
        self._chunks: deque[Chunk] = deque()
        self._chunks_after = self.last_chunk
        """every chunk behind this one is in memory"""
        self._thread = Hand("store")

    async def call(self, fn: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run ``fn`` in the store's thread."""
        return await self._thread.do(lambda: fn(*args, **kwargs))

    async def slowly(self, steps: Iterator[object]) -> None:
        """All of ``steps`` in the store's thread, one at a time: whoever waits for a commit waits for one of them."""
        while await self.call(next, steps, None) is not None:
            pass

    def published(self, records: Sequence[Record]) -> None:
        """Tell the lanes what was just committed."""
        if records:
            if self._recent and self._recent[-1].seq + 1 != records[0].seq:
                self._recent.clear()  # lanes count on there being no hole; what is older is read from the disk
                self._recent_bytes = 0
            self._recent.extend(records)
            self._recent_bytes += sum(len(r.data) for r in records)
            while len(self._recent) > RECENT or (self._recent_bytes > RECENT_BYTES and len(self._recent) > 1):
                self._recent_bytes -= len(self._recent.popleft().data)
            self.head_seq, self.head_hash = records[-1].seq, records[-1].hash
            self.committed.fire()

    async def records(self, after: int, limit: int) -> Sequence[Record]:
        """Records after ``after``, from memory when they are recent, else from disk."""
        if self._recent and self._recent[0].seq <= after + 1:
            first = after + 1 - self._recent[0].seq
            return [self._recent[i] for i in range(first, min(first + limit, len(self._recent)))]
        return await self.call(self.store.records, after, limit)

    def new_chunks(self) -> Sequence[Chunk]:
        """What was sealed since :meth:`sealed`; call in the store's thread."""
        return self.store.spool.chunks(self.last_chunk, RECENT_CHUNKS + 1)

    def sealed(self, last_chunk: int, chunks: Sequence[Chunk] = ()) -> None:
        """Tell the reading lanes how far the spool is; ``chunks``: :meth:`new_chunks`."""
        if last_chunk <= self.last_chunk:
            return
        whole = bool(chunks) and len(chunks) <= RECENT_CHUNKS and chunks[-1].id == last_chunk
        if whole:
            self._chunks.extend(chunks)
        else:
            self._chunks.clear()
            self._chunks_after = last_chunk
        while len(self._chunks) > RECENT_CHUNKS:
            self._chunks_after = self._chunks.popleft().id
        self.last_chunk = last_chunk
        self.spooled.fire()

    def recorded_of(self, seq: int) -> int | None:
        """When ``seq`` was recorded; of one older than memory, the oldest in memory (a lower bound of its age)."""
        if not self._recent:
            return None
        at = max(0, min(seq - self._recent[0].seq, len(self._recent) - 1))
        return self._recent[at].recorded

    async def chunks(self, after: int, limit: int) -> Sequence[Chunk]:
        """Spool chunks after ``after``, from memory when they are recent."""
        if after >= self._chunks_after:
            return [c for c in self._chunks if c.id > after][:limit]
        return await self.call(self.store.spool.chunks, after, limit)

    def cursor(self, name: str) -> int:
        """The durable cursor of one lane (0 when new). Call before the loop is busy."""
        return self.store.cursor(name)

    def move(self, name: str, value: int) -> None:
        """Remember a cursor; it becomes durable with :meth:`flush`."""
        self._dirty[name] = value

    def later(self, fn: Callable[P, Any], *args: P.args, **kwargs: P.kwargs) -> None:
        """Do a small store call with the next commit."""
        self._jobs.append(lambda: fn(*args, **kwargs))

    def take_jobs(self) -> list[Callable[[], Any]]:
        """Calls put off with :meth:`later`, and the dirty cursors as one more."""
        jobs, self._jobs = self._jobs, []
        dirty = self.take_dirty()
        if dirty:
            jobs.append(lambda: self.store.set_cursors(dirty))
        return jobs

    def take_dirty(self) -> dict[str, int]:
        """Cursors moved since the last call."""
        dirty, self._dirty = self._dirty, {}
        return dirty

    async def close(self) -> None:
        """Write what is left, close the files, end the thread."""
        await self.call(self._close, self.take_jobs())
        self._thread.end()

    def _close(self, jobs: Sequence[Callable[[], Any]]) -> None:
        for job in jobs:
            job()
        self.store.close()
