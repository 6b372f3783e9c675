"""The store: one commit for inputs and what they decided, before anything leaves; everything a restart needs.

Of one thread (the runtime's store thread); other threads and processes read through
:class:`~gateway.store.reader.Reader`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Final

import apsw

from gateway.model.errors import Misconfigured, Retry
from gateway.model.events import Event, Record
from gateway.model.inputs import Gap, Numbered, time_of
from gateway.model.times import NEVER
from gateway.store import plant, tally
from gateway.store.chain import Chain
from gateway.store.database import DISK_ERRORS, close_quietly
from gateway.store.lock import FolderLock
from gateway.store.opening import Opened, Opening, open_folder
from gateway.store.reader import Reader
from gateway.store.rollback import own_words
from gateway.store.snapshots import prune_inputs, read_snapshots, write_snapshot
from gateway.store.types import Commit, DeadLetter, Head, Identity, SavedSnapshot, SnapshotLike, Ticket
from gateway.store.writer import Flight, Writer

LONGEST_WORDS: Final = 2_000
"""of a dead letter's reason"""


class Store:
    """Open it with :meth:`open`. Nothing here raises for the disk's sake once it is open; ``durable`` tells."""

    def __init__(
        self, folder: Path, identity: Identity, lock: FolderLock, opened: Opened, exercise: str = ""
    ) -> None:
        first, self.epoch, self.previous = plant.read_epoch(opened.db)
        self.folder = folder
        self.note = opened.note or plant.read_restored(opened.db)
        """why this start began a new epoch, or which backup was put back before it; empty when the epoch goes on"""
        self.found = opened.gaps
        """what opening had to give up; to be numbered as inputs"""
        self.spool = opened.spool
        self.archive = False
        """inputs are kept until they are archived"""
        self.delivered: Callable[[], int] = lambda: self.spool.last_chunk
        """id of the chunk up to which every output has had the readings"""
        self.last_input = plant.read_last_input(opened.db)
        self._lock = lock
        self._writer = Writer(opened.db, folder / "plant.db", opened.reserve, opened.instance)
        self.owe, self.owed_told = self._writer.owe, self._writer.owed_told
        self._writer.riders.meta.update(own_words(opened.db))
        self._chain = Chain(identity, self._writer.head, first, self.previous, exercise)
        self._compressor = plant.new_compressor()
        self._config = ""
        self._closed = False
        self._gate = Lock()
        """over the chain, the flight and the backlog: decisions may leave past a disk that hangs"""
        self._flight: Flight | None = None
        self.spool.durable_input = self.last_input[0]

    @classmethod
    def open(  # noqa: PLR0913 - what is asked of a state folder
        cls,
        folder: Path,
        identity: Identity,
        *,
        now: int,
        adopt: bool | str = False,
        epoch: str | None = None,
        reserve_bytes: int = 64 << 20,
        exercise: str = "",
    ) -> "Store":
        """Open or make the state folder. ``now`` ns; ``epoch`` names a new epoch, should one begin (default: random);
        ``exercise``: the drill whose events are journalled here.

        Raises:
            Misconfigured: in use by another process; of another gateway, copied or cloned (``adopt`` takes it
            over);
                journal damaged or lost (named, untouched); disk full or read-only beyond help.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = FolderLock(folder)
        except OSError as error:
            raise Misconfigured(f"state folder {folder} cannot be used: {error}") from error
        try:
            ask = Opening(folder, identity, now, adopt, epoch)
            return cls(folder, identity, lock, open_folder(ask, reserve_bytes), exercise)
        except BaseException:
            lock.release()
            raise

    @property
    def head(self) -> Head:
        """The chain's end, with events that only memory has so far."""
        return self._chain.head

    @property
    def durable(self) -> bool:
        """Everything committed so far is on disk."""
        return self._writer.durable

    @property
    def trouble(self) -> str:
        """What the disk says while it refuses; empty otherwise."""
        return self._writer.trouble

    @property
    def reserve_held(self) -> bool:
        """The reserve is whole; False: the disk is nearly full."""
        return self._writer.reserve.held

    def commit(
        self, inputs: Sequence[Numbered], events: Sequence[Event], now: int, ticket: Ticket | None = None
    ) -> Commit:
        """Inputs and the events they caused in one synced transaction; what was put off rides along.

        Inputs are numbered on from :attr:`last_input` without holes. ``recorded`` is ``now`` (ns) or later,
        strictly increasing. With a ``ticket`` the events may leave by :meth:`leave_early` meanwhile.

        Raises:
            ValueError: a hole in the numbers, or an event JSON cannot carry; nothing was changed.
        """
        flight = self._begun(inputs, events, now, ticket or Ticket())
        records, durable, gaps = self._land(flight, now) if flight is not None else ([], self.flush(now), [])
        self._after_commit(now)
        return Commit(records, durable, (*gaps, *self.spool.take_gaps()))

    def leave_early(
        self, ticket: Ticket, inputs: Sequence[Numbered], events: Sequence[Event], now: int
    ) -> tuple[list[Record], list[Gap]]:
        """The records of a commit that the disk has not answered, or that waits behind one: stamped ``durable: false``,
        they may leave now, and are journalled with these bytes. From any thread.

        Returns them, and gaps for what had to go from memory.
        """
        with self._gate:
            ticket.left = True
            if ticket.landed is not None:  # the disk has answered meanwhile, and nobody was told yet
                return ticket.landed, []
            records = self._chain.link(events, now, durable=False)
            self._chain.move(records)
            flight = self._flight
            if flight is not None and flight.ticket is ticket:
                flight.overtaken, self._writer.overtaken = records, True
                self.last_input = (flight.group.last, flight.group.time)
                return records, []
            group = self._group_of(inputs, records)
            self.last_input = (group.last, group.time)
            return records, self._writer.postpone(group, now)

    def catch_up(self, now: int) -> bool:
        """Try at once to write what waits; False when the disk refuses."""
        done = self._writer.catch_up(now, at_once=True) and self._writer.write_riders(now)
        self._after_commit(now)
        return done

    def mark_risk(self) -> None:
        """Tell ``instance`` that events have left that the journal does not hold, if it is still so. May hang with the
        disk; from any thread.
        """
        self._writer.mark()

    def _begun(
        self, inputs: Sequence[Numbered], events: Sequence[Event], now: int, ticket: Ticket
    ) -> Flight | None:
        """Linked to the chain and on its way; None when it has left already and waits in the backlog."""
        with self._gate:
            if ticket.left:
                return None
            self._check_numbers(inputs)
            group = self._group_of(inputs, self._chain.link(events, now, durable=True))
            self._note_config(inputs)
            self._flight = Flight(group, events, ticket)
            return self._flight

    def _group_of(self, inputs: Sequence[Numbered], records: list[Record]) -> plant.Group:
        packed, time = plant.pack_inputs(inputs, self._compressor), self._time_after(inputs)
        last = inputs[-1].number if inputs else self.last_input[0]
        first = inputs[0].number if inputs else last + 1
        return plant.Group(first, last, time, packed, records)

    def _land(self, flight: Flight, now: int) -> tuple[list[Record], bool, list[Gap]]:
        """On disk, or (stamped so) behind what already waits for the disk."""
        writer = self._writer
        try:
            written = writer.catch_up(now) and writer.write(flight.group, now)
        except BaseException:
            with self._gate:
                self._flight = None
                self._overtaken(flight, now)
            raise
        with self._gate:  # once: nothing may leave between the answer and its consequences
            self._flight = None
            self.last_input = max(self.last_input, (flight.group.last, flight.group.time))
            return self._overtaken(flight, now) or self._landed(flight, now, written=written)

    def _overtaken(self, flight: Flight, now: int) -> tuple[list[Record], bool, list[Gap]] | None:
        """Other bytes have left than those that may be on disk: they are written over. None: none have left."""
        records, self._writer.overtaken = flight.overtaken, False
        if records is None:
            return None
        return records, False, self._writer.postpone(replace(flight.group, records=records), now)

    def _landed(self, flight: Flight, now: int, *, written: bool) -> tuple[list[Record], bool, list[Gap]]:
        writer, records, gaps = self._writer, list(flight.group.records), list[Gap]()
        if written:
            writer.written(flight.group)
        else:
            records = self._chain.link(flight.events, now, durable=False)
            gaps = writer.postpone(replace(flight.group, records=records), now)
        self._chain.move(records)
        flight.ticket.landed = records
        return records, writer.durable, gaps

    def _after_commit(self, now: int) -> None:
        writer = self._writer
        if writer.durable:
            writer.reserve.restore(now)
        with self._gate:
            if writer.durable:
                self.spool.durable_input = self.last_input[0]
        self.spool.seal(now)

    def records(self, after: int, limit: int) -> list[Record]:
        """Journal records behind ``after`` in seq order, those that only memory has included.

        Raises:
            Retry: the disk cannot be read; nothing is skipped.
        """
        waiting = [r for g in self._writer.backlog.groups for r in g.records if r.seq > after]
        if after >= self._writer.head.seq:
            return waiting[:limit]
        kept = self._read(lambda db: plant.read_records(db, after, limit))
        head = self._writer.head.seq  # what lies behind it has left with other bytes, and is written over
        return ([r for r in kept if r.seq <= head] + waiting)[:limit]

    def inputs(self, after: int) -> Iterator[Numbered]:
        """Inputs behind ``after`` that are on disk, in order; the first may be later where older ones were pruned.

        Raises:
            Misconfigured: a damaged row of plant.db.
        """
        return plant.read_inputs(self._writer.db, after)

    def save_snapshot(self, snapshot: SnapshotLike, *, since: int = NEVER) -> bool:
        """Keep it (the last two are), then drop inputs that both are ahead of. False: the disk refused.

        The readings of all inputs up to ``snapshot.number`` must have been given to the spool. Inputs of
        ``since`` (engine time, ns) and later stay in any case: what the longest window needs when a snapshot
        cannot be used.
        """
        return all(self.snapshot_steps(snapshot, since=since))

    def snapshot_steps(self, snapshot: SnapshotLike, *, since: int = NEVER) -> Iterator[bool]:
        """:meth:`save_snapshot` a slice at a time, for commits in between; ends early with False on refusal."""
        try:
            self._writer.riders.meta["spool_from"] = str(self.spool.oldest_time())
            self.spool.settle(min(snapshot.number, self.last_input[0]))
            yield from self._keep_inputs()
            yield self.durable and self.spool.sync()
            if not (self.durable and self.spool.durable):
                return
            cut = self.spool.offset + snapshot.number
            for _ in tally.steps(self._writer.db, self.spool, self.delivered(), cut):
                yield True
            for _ in write_snapshot(self._writer.db, snapshot):
                yield True
            kept = min(self.spool.saved_input, self.spool.kept_input if self.archive else NEVER)
            for _ in prune_inputs(self._writer.db, kept, since):
                yield True
            self._mark()
        except DISK_ERRORS:
            yield False

    def _keep_inputs(self) -> Iterator[bool]:
        """What is about to be dropped here goes to ``spool.db`` as it is, for the archive."""
        while self.archive and (groups := plant.read_groups(self._writer.db, self.spool.kept_input)):
            yield self.spool.keep_inputs(groups)
            if not self.spool.durable:
                return

    def owed(self, after: int, upto: int) -> tuple[int, int] | None:
        """See :func:`gateway.store.tally.owed`."""
        return tally.owed(self._writer.db, after, upto)

    def snapshots(self) -> list[SavedSnapshot]:
        """The whole and undamaged ones, the latest first."""
        return read_snapshots(self._writer.db)

    def cursor(self, name: str) -> int:
        """Where a lane stands; 0 for a new one."""
        waiting = self._writer.riders.cursors.get(name)
        return plant.read_cursor(self._writer.db, name) if waiting is None else waiting

    def cut_spool(self) -> None:
        """Call before readings are given to the spool once more, see :meth:`Spool.cut_at`."""
        self.spool.cut_at(plant.read_cursors(self._writer.db))

    def set_cursors(self, cursors: Mapping[str, int]) -> None:
        """Move cursors; on disk with the next commit (or :meth:`flush`, :meth:`close`)."""
        self._writer.riders.cursors.update(cursors)

    def dead_letter(self, output: str, reason: str, data: bytes, now: int) -> None:
        """Keep what an output refused; on disk with the next commit. ``reason``: words of others, whatever they are."""
        words = reason[:LONGEST_WORDS].encode(errors="backslashreplace").decode()[:LONGEST_WORDS]
        self._writer.riders.letters.append(DeadLetter(0, now, output, words, data))

    def dead_letters(self, ids: Sequence[int]) -> list[DeadLetter]:
        """Those of these numbers that are on disk."""
        return plant.read_letters(self._writer.db, ids)

    def forget_letter(self, number: int) -> None:
        """An output has taken (or refused anew) what it once refused; with the next commit."""
        self._writer.riders.answered.append(number)

    def keep_config(self, digest: str, data: bytes) -> None:
        """Keep an effective configuration whole under its hash, at once; inputs from now on are judged by it."""
        self._config = digest
        self._writer.riders.configs[digest] = data
        self.flush(self._chain.head.recorded)

    def add_config(self, digest: str, data: bytes) -> None:
        """Keep one that does not judge (yet)."""
        self._writer.riders.configs[digest] = data
        self.flush(self._chain.head.recorded)

    def config(self, digest: str) -> bytes | None:
        """A configuration that was kept."""
        waiting = self._writer.riders.configs.get(digest)
        return plant.read_config(self._writer.db, digest) if waiting is None else waiting

    def configs(self) -> dict[str, bytes]:
        """Every configuration that was kept, by hash."""
        return {**plant.read_configs(self._writer.db), **self._writer.riders.configs}

    def config_in_use(self) -> str | None:
        """Hash of the configuration the last committed input was judged by; None before the first."""
        return plant.read_meta(self._writer.db).get("config")

    def remembered(self, prefix: str) -> dict[str, str]:
        """Small things that others remember here, by name without ``prefix``."""
        known = {**plant.read_meta(self._writer.db), **self._writer.riders.meta}
        return {k.removeprefix(prefix): v for k, v in known.items() if k.startswith(prefix)}

    def remember(self, name: str, value: str) -> None:
        """Remember it; on disk with the next commit."""
        self._writer.riders.meta[name] = value

    def flush(self, now: int) -> bool:
        """Write cursors, dead letters and configs without waiting for a commit."""
        return self._writer.catch_up(now) and self._writer.write_riders(now)

    def reader(self) -> Reader:
        """For one other thread: its own connections, with the newest readings from memory."""
        return Reader(self.folder, newest=self.spool.newest)

    def close(self) -> None:
        """Write what can be written, close the files, let the folder go. Closing twice does nothing."""
        if self._closed:
            return
        self._closed = True
        recorded = self._chain.head.recorded
        if self._writer.catch_up(recorded, at_once=True):
            self.spool.durable_input = self.last_input[0]
            self._writer.write_riders(recorded)
        self._mark()
        self.spool.close()
        close_quietly(self._writer.db)
        self._lock.release()

    def _check_numbers(self, inputs: Sequence[Numbered]) -> None:
        for wanted, entry in enumerate(inputs, self.last_input[0] + 1):
            if entry.number != wanted:
                raise ValueError(f"input {entry.number} where {wanted} was due")

    def _time_after(self, inputs: Sequence[Numbered]) -> int:
        return max([self.last_input[1], *(time_of(i.input) for i in inputs)])

    def _note_config(self, inputs: Sequence[Numbered]) -> None:
        if self._config and inputs:
            self._writer.riders.meta["config"] = self._config
            self._config = ""

    def _mark(self) -> None:
        """Tell ``instance`` how far the journal is. Refused: the older mark stays, which is only less sharp."""
        if self.durable:
            self._writer.mark()

    def _read(self, work: Callable[[apsw.Connection], list[Record]]) -> list[Record]:
        try:
            return work(self._writer.db)
        except DISK_ERRORS as error:
            raise Retry(f"plant.db cannot be read: {error}") from error
