"""``spool.db``: readings on their way out, in chunks of about a second, bounded, filled from the inputs by number.

A chunk is first open (in memory, growing), then sealed (immutable, handed to outputs), then on disk. Chunks go
to disk about ten at a time: until then their inputs stand in ``plant.db``, and after a crash stepping those
again builds them again. Their ids are the numbers of their last inputs, so a cursor that was ahead of the disk
still means the same; where boundaries fall otherwise a reading is delivered twice, never not at all.
"""

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, TypeVar

from gateway.model.batch import ROW_BYTES, Batch, concat
from gateway.model.inputs import Gap
from gateway.model.ports import Chunk
from gateway.model.times import NS
from gateway.store.database import (
    DISK_ERRORS,
    close_quietly,
    is_sound,
    number,
    open_writer,
    rows,
    transaction,
)
from gateway.store.history import Columns, stored, trend
from gateway.store.packing import Packer
from gateway.store.schema import SPOOL, SPOOL_LATER
from gateway.store.tally import Counts, chunks_behind
from gateway.store.trim import Policy, forget_losses, note_damage, read_losses, trim_steps, used_bytes
from gateway.store.types import Growing
from gateway.store.waiting import extent, unarchived

T = TypeVar("T")
SECOND: Final = NS
STRAGGLERS: Final = 3 * NS // 10
"""A second's chunk waits this long for readings that are committed late (ns)."""
MAX_ROWS: Final = 8_192
FLUSH_CHUNKS: Final = 10
FLUSH_BYTES: Final = 2 << 20
CACHE_BYTES: Final = 16 << 20
CACHE_CHUNKS: Final = 240
"""Newest chunks kept unpacked, four minutes at most, so that outputs in step never decompress."""
WAITING_BYTES: Final = 64 << 20
"""Sealed chunks that may wait in memory while the disk refuses."""


class Spool:
    """Made by :meth:`Store.open`; of the store's thread. Never raises for the disk's sake (``durable`` says so)."""

    def __init__(self, path: Path, *, offset: int | None = None) -> None:
        self.path = path
        self.durable = True
        self.durable_input = 0
        """inputs up to here are on disk in ``plant.db``: no chunk beyond them is written"""
        self.lost = 0
        """number of the last loss that :meth:`losses` has handed out"""
        self._db = open_writer(path, SPOOL, synchronous="normal")
        self._packer = Packer()
        self._spans: dict[int, list[tuple[int, int]]] = {}
        """of chunks that are not on disk yet"""
        self._open = Growing()
        self._waiting: list[Chunk] = []
        self._cache: deque[Chunk] = deque()
        self._cached = 0
        self._gaps: list[Gap] = []
        self._cuts: deque[int] = deque()
        self._now = 0
        self._load(offset)

    def _load(self, offset: int | None) -> None:
        self._db.execute(SPOOL_LATER)
        meta = dict(rows(self._db, "SELECT key, value FROM meta"))
        self.fresh = not meta
        self.offset = meta.get("offset", offset or 0)
        self.saved_input = meta.get("last_input", 0)
        self.kept_input: int = meta.get("kept_input", 0)
        """commit groups up to this input are kept here for the archive, see :meth:`keep_inputs`"""
        self.archived: int = meta.get("archived", -1)
        """ids up to this one are in the archive"""
        self.last_input = self.saved_input
        self.last_chunk = number(self._db, "SELECT max(id) FROM chunks") or meta.get("last_chunk", 0)
        self._reported = self.last_chunk

    def append(
        self, first: int, last: int, batch: Batch, spans: Sequence[tuple[int, int]] = ()
    ) -> Chunk | None:
        """Readings of inputs ``first``..``last``; ignored when ``last`` is in. The newest sealed chunk, if new.

        Of a group that is in only in part all readings are taken: twice is harmless, missing is not. ``spans``: input
        number and rows of each part of ``batch``, in order; not given, all are the last input's.
        """
        if last > self.last_input:
            self.last_input = last
            if self._cuts:
                self._cut(self.offset + first)
            if len(batch):
                self._take(first, last, batch)
                self._open.spans += spans or ((last, len(batch)),)
            self._flush_if_many()
        return self._news()

    def cut_at(self, ids: Iterable[int]) -> None:
        """Chunks that are built again end where a cursor stands: what a lane has settled does not come again in the
        company of what it has not. One place too many does no harm.
        """
        self._cuts = deque(sorted(ids))

    def _cut(self, first: int) -> None:
        passed = False
        while self._cuts and self._cuts[0] < first:
            passed = self._cuts.popleft() >= self.offset + self._open.last or passed
        if passed:
            self._seal()

    def seal(self, now: int) -> None:
        """Seal the open chunk when its second (and a little for stragglers) is over. Called by every commit."""
        self._now = now
        age = now - self._open.slot * SECOND
        if self._open.batches and not 0 <= age < SECOND + STRAGGLERS:
            self._seal()

    @property
    def used_bytes(self) -> int:
        """Bytes of the file that hold chunks; what :meth:`trim_steps` frees is used again before the file grows."""
        return used_bytes(self._db)

    def settle(self, number: int) -> None:
        """The readings of every input up to ``number`` have been appended, also where the last had none."""
        self.last_input = max(self.last_input, number)

    def chunks(self, after: int, limit: int) -> list[Chunk]:
        """Sealed chunks behind cursor ``after``, oldest first, at most ``limit``; the newest come from memory."""
        oldest = self._cache[0].id if self._cache else self.last_chunk + 1
        disk: list[Chunk] | None = []
        if after + 1 < oldest:
            disk = self._or(lambda: self._read(after, oldest, limit), None)
        if disk is None:
            return []  # what is in memory comes later: handing it out now would skip what is on disk
        return disk + self._from(after, limit - len(disk))

    def history(self, tag: int, table: str, start: int, end: int, points: int) -> Columns:
        """At most ``points`` rows of a tag between two source times (ns, both inside), see :data:`history.Columns`."""
        newest = [*self.newest(), *self._open.batches]
        batches = itertools.chain(stored(self._db, self._packer, start, end), newest)
        return trend(batches, tag, table, start=start, end=end, points=points)

    def newest(self) -> list[Batch]:
        """What is sealed and not yet on disk."""
        return [c.batch for c in self._waiting]

    def trim_steps(
        self,
        up_to: int,
        *,
        max_bytes: int,
        max_age_ns: int,
        now: int,
        keep_ns: int = 0,
        archive: bool = False,
    ) -> Iterator[bool]:
        """Delete chunks that every cursor passed (``up_to``) and older than ``keep_ns``; then what policy forbids.
        With an ``archive`` what it does not have yet counts as not delivered. Chunks older than ``max_age_ns`` go, and
        the oldest while all together exceed ``max_bytes`` (of the file). Age is by received time. A transaction a step,
        for commits in between; ends early when the disk refuses.
        """
        done = min(up_to, self.archived) if archive else up_to
        policy = Policy(done, max_bytes, now - max_age_ns, now - keep_ns, self.archived, now)
        try:
            for _ in trim_steps(self._db, policy):
                yield True
            self.durable = True
        except DISK_ERRORS:
            self.durable = False

    def losses(self) -> list[Gap]:
        """What :meth:`trim_steps` took before it was delivered, one gap a reason, each once; after a crash once more,
        see :meth:`forget_losses`.
        """
        gaps, self.lost = self._or(lambda: read_losses(self._db, self.lost), (list[Gap](), self.lost))
        return gaps

    def forget_losses(self, told: int) -> None:
        """The journal has the gaps up to :attr:`lost` = ``told``."""
        self.lost = max(self.lost, told)
        self.durable = self._try(lambda: forget_losses(self._db, told))

    def keep_inputs(self, groups: Sequence[tuple[int, int, int, bytes]]) -> bool:
        """Keep commit groups (last, first, time, packed) for the archive; False when the disk refuses."""
        kept = [(self.offset + last, first, last, time, data) for last, first, time, data in groups]
        self.durable = self._try(lambda: self._keep(kept))
        return self.durable

    def _keep(self, kept: Sequence[tuple[int, int, int, int, bytes]]) -> None:
        last = kept[-1][2]
        with transaction(self._db):
            self._db.executemany("INSERT OR REPLACE INTO inputs VALUES(?,?,?,?,?)", list(kept))
            self._db.execute("INSERT OR REPLACE INTO meta VALUES('kept_input',?)", (last,))
        self.kept_input = last

    def extent(self) -> tuple[int, int, int]:
        """Bytes, and the first and last source time (ns) of what is on disk and not archived; zeros for nothing."""
        return self._or(lambda: (self.used_bytes, *extent(self._db, self.archived)), (0, 0, 0))

    def unarchived(self) -> tuple[int, int]:
        """See :func:`gateway.store.waiting.unarchived`."""
        return self._or(lambda: unarchived(self._db, self.archived), (0, 0))

    def tally(self, after: int, cut: int) -> Counts:
        """See :func:`gateway.store.tally.chunks_behind`."""
        return chunks_behind(self._db, self._packer, after, cut)

    def first_chunk(self) -> int:
        """Id of the oldest chunk on disk; of the next one when there is none."""
        return self._or(lambda: number(self._db, "SELECT min(id) FROM chunks"), None) or self.last_chunk + 1

    def mark_archived(self, last: int) -> None:
        """Ids up to ``last`` are in the archive for good: their chunks need not be kept here for its sake."""
        if last > self.archived and self._try(lambda: self._mark(last)):
            self.archived = last

    def _mark(self, last: int) -> None:
        with transaction(self._db):
            self._db.execute("INSERT OR REPLACE INTO meta VALUES('archived',?)", (last,))

    def flush(self) -> bool:
        """Write what is sealed and whose inputs are durable; False when the disk refuses (tried again later)."""
        ready, mark = self._ready()
        if mark > self.saved_input or ready:
            self.durable = self._try(lambda: self._save(ready, mark))
        return self.durable

    def sync(self) -> bool:
        """True: everything appended so far whose inputs are durable is on disk for good (fsync)."""
        self._seal()
        ready, mark = self._ready()
        self.durable = self._try(lambda: self._save_synced(ready, mark))
        return self.durable

    def rewind(self, last_input: int) -> None:
        """The inputs count on from ``last_input`` < :attr:`last_input` (another journal): ids still only grow."""
        top = max(self.last_chunk, self.offset + self.kept_input)
        self.offset = top - last_input
        self.last_input = self.saved_input = self.kept_input = last_input
        with transaction(self._db):
            self._write_meta(last_input)
            self._db.execute("INSERT OR REPLACE INTO meta VALUES('kept_input',?)", (last_input,))

    def oldest_time(self) -> int:
        """Source time (ns) of the oldest reading on disk; 0 when there is none."""
        return number(self._db, "SELECT first_time FROM chunks ORDER BY id LIMIT 1") or 0

    def take_gaps(self) -> list[Gap]:
        """What had to go from memory since the last call."""
        gaps, self._gaps = self._gaps, []
        return gaps

    def close(self) -> None:
        """Write what can be written, close the file."""
        self._seal()
        self.flush()
        close_quietly(self._db)

    def is_sound(self, limit: int) -> bool:
        """SQLite's quick check, for files up to ``limit`` bytes."""
        return is_sound(self._db, limit=limit)

    def abandon(self) -> None:
        """Close the file without writing."""
        close_quietly(self._db)

    def _take(self, first: int, last: int, batch: Batch) -> None:
        """Never splits a batch: a chunk may exceed ``MAX_ROWS`` by one arrival, its id is its last input's."""
        slot = int(batch.received.max()) // SECOND
        now = self._open
        if now.batches and (slot != now.slot or now.rows >= MAX_ROWS or now.batches[0].table != batch.table):
            self._seal()
            now = self._open
        if not now.batches:
            now.first, now.slot = first, slot
        now.last, now.rows = last, now.rows + len(batch)
        now.batches.append(batch)

    def _seal(self) -> None:
        done = self._open
        if not done.batches:
            return
        self._open = Growing()
        batch = concat(done.batches[0].table, done.batches)
        chunk = Chunk(self.offset + done.last, done.first, done.last, batch)
        self._spans[chunk.id] = done.spans
        self.last_chunk = chunk.id
        self._waiting.append(chunk)
        self._cache.append(chunk)
        self._cached += len(batch) * ROW_BYTES
        while self._has_too_many():
            self._cached -= len(self._cache.popleft().batch) * ROW_BYTES
        self._bound_waiting()

    def _has_too_many(self) -> bool:
        beyond = self._cached > CACHE_BYTES or len(self._cache) > CACHE_CHUNKS
        return beyond and len(self._cache) > 1 and self._cache[0].last_input <= self.saved_input

    def _bound_waiting(self) -> None:
        many = len(self._waiting) > FLUSH_CHUNKS
        size = sum(len(c.batch) for c in self._waiting) * ROW_BYTES if many else 0
        why = "the disk takes no readings and memory for them is full"
        while size > WAITING_BYTES:
            lost = self._waiting.pop(0)
            self._spans.pop(lost.id, None)
            b, bytes_ = lost.batch, len(lost.batch) * ROW_BYTES
            times = int(b.received.max()), int(b.source.min()), int(b.source.max())
            self._gaps.append(Gap(times[0], "spool", times[1], times[2], len(b), why))
            size, kept = size - bytes_, deque(c for c in self._cache if c.id != lost.id)
            self._cached -= bytes_ * (len(self._cache) - len(kept))
            self._cache = kept

    def _flush_if_many(self) -> None:
        waiting = self._waiting
        if len(waiting) >= FLUSH_CHUNKS or sum(len(c.batch) for c in waiting) * ROW_BYTES >= FLUSH_BYTES:
            self.flush()

    def _news(self) -> Chunk | None:
        if self.last_chunk == self._reported or not self._cache:
            return None
        self._reported = self.last_chunk
        return self._cache[-1]

    def _from(self, after: int, limit: int) -> list[Chunk]:
        return list(itertools.islice((c for c in self._cache if c.id > after), limit))

    def _read(self, after: int, before: int, limit: int) -> list[Chunk]:
        sql = (
            "SELECT id, first_input, last_input, data FROM chunks WHERE id > ? AND id < ? ORDER BY id LIMIT ?"
        )
        found = [self._unpacked(*row) for row in rows(self._db, sql, after, before, limit)]
        return [c for c in found if c is not None]

    def _unpacked(self, key: int, first: int, last: int, data: bytes) -> Chunk | None:
        """One damaged chunk must not hold up all behind it: it is a loss, told with the next :meth:`losses`."""
        try:
            return Chunk(key, first, last, self._packer.unpack(data))
        except ValueError as error:
            note_damage(self._db, key, self._now, str(error))
            return None

    def _ready(self) -> tuple[list[Chunk], int]:
        """Sealed chunks that may be written, and the input up to which everything is then in the file."""
        ready = list(itertools.takewhile(lambda c: c.last_input <= self.durable_input, self._waiting))
        if len(ready) == len(self._waiting) and not self._open.batches:
            return ready, max(self.saved_input, min(self.last_input, self.durable_input))
        return ready, ready[-1].last_input if ready else self.saved_input

    def _save(self, ready: Sequence[Chunk], mark: int) -> None:
        self._write(ready, mark)
        for chunk in ready:
            self._spans.pop(chunk.id, None)
        self._waiting = self._waiting[len(ready) :]
        self.saved_input = mark

    def _save_synced(self, ready: Sequence[Chunk], mark: int) -> None:
        """In WAL mode one full commit syncs the whole log, with all lazier commits before it."""
        self._db.pragma("synchronous", "full")
        try:
            self._save(ready, mark)
        finally:
            self._db.pragma("synchronous", "normal")

    def _write(self, ready: Sequence[Chunk], mark: int) -> None:
        packed = [self._packer.row(c) for c in ready]
        spans = [(c.id, self._packer.pack_spans(self._spans[c.id], c.first_input)) for c in ready]
        with transaction(self._db):
            self._db.executemany("INSERT OR REPLACE INTO chunks VALUES(?,?,?,?,?,?,?,?)", packed)
            self._db.executemany("INSERT OR REPLACE INTO spans VALUES(?,?)", spans)
            self._write_meta(mark)

    def _write_meta(self, mark: int) -> None:
        values = {"offset": self.offset, "last_input": mark, "last_chunk": self.last_chunk}
        self._db.executemany("INSERT OR REPLACE INTO meta VALUES(?,?)", list(values.items()))

    def _try(self, work: Callable[[], object]) -> bool:
        try:
            work()
        except DISK_ERRORS:
            return False  # the caller keeps what it has; ``durable`` is the report
        return True

    def _or(self, work: Callable[[], T], instead: T) -> T:
        try:
            return work()
        except DISK_ERRORS:
            self.durable = False
            return instead
