"""The write path: a group and what rides with it in one transaction; reserve, retries and backlog behind it."""

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final

import apsw

from gateway.model.events import Event, Record
from gateway.model.inputs import Gap
from gateway.model.times import NS
from gateway.store import plant
from gateway.store.backlog import Backlog
from gateway.store.database import DISK_ERRORS, WrongVersion, close_quietly, open_writer, transaction
from gateway.store.instance import OWED_TOLD, InstanceFile, Owed, risk_id
from gateway.store.reserve import Reserve
from gateway.store.schema import PLANT
from gateway.store.types import DeadLetter, Head, Ticket

RETRY: Final = NS
"""While the disk refuses it is tried at most this often (ns): an alarm does not wait for a dying disk each time."""
MAX_WAITING_LETTERS: Final = 1_000


class Riders:
    """Small things that are written with the next commit: cursors, dead letters, configs, the config in use.

    A crash before that commit sends a cursor back a little, which receivers do not mind.
    """

    def __init__(self) -> None:
        self.cursors: dict[str, int] = {}
        self.configs: dict[str, bytes] = {}
        self.meta: dict[str, str] = {}
        self.letters: deque[DeadLetter] = deque(maxlen=MAX_WAITING_LETTERS)
        self.answered: deque[int] = deque()
        """dead letters that were given again"""

    def __bool__(self) -> bool:
        return bool(self.cursors or self.configs or self.meta or self.letters or self.answered)

    def write(self, db: apsw.Connection) -> None:
        """All of them; inside the caller's transaction."""
        if self.cursors:
            plant.write_cursors(db, self.cursors)
        if self.configs:
            plant.write_configs(db, self.configs)
        if self.meta:
            plant.write_meta(db, self.meta)
        if self.letters:
            plant.write_dead_letters(db, self.letters)
        if self.answered:
            plant.delete_letters(db, self.answered)

    def clear(self) -> None:
        """They are on disk."""
        for kept in (self.cursors, self.configs, self.meta, self.letters, self.answered):
            kept.clear()


@dataclass(slots=True)
class Flight:
    """The commit that the disk has not answered yet."""

    group: plant.Group
    events: Sequence[Event]
    ticket: Ticket
    overtaken: list[Record] | None = None
    """its records as they have left meanwhile"""


class Writer:
    """Owns the writing connection. ``durable`` is False from the first refused commit until all of it is on disk."""

    def __init__(self, db: apsw.Connection, path: Path, reserve: Reserve, instance: InstanceFile) -> None:
        self.db = db
        self.reserve = reserve
        self.riders = Riders()
        self.backlog = Backlog(plant.new_compressor())
        self.trouble = ""
        self.overtaken = False
        """events of the commit in flight have left past the disk"""
        self._end = (plant.read_head(db), plant.read_last_input(db)[0])
        self._path = path
        self._instance = instance
        self._owed = instance.content.owed if instance.content else None
        """readings that are lost with memory; or were, and the journal does not tell yet"""
        self._telling = False
        self._marking = Lock()
        """over ``instance``: told by the store's thread, and by one of its own while the disk hangs"""
        self._tried = 0

    @property
    def head(self) -> Head:
        """The last record that is on disk."""
        return self._end[0]

    @property
    def input(self) -> int:
        """The last input that is on disk."""
        return self._end[1]

    @property
    def durable(self) -> bool:
        """Everything committed so far is on disk."""
        return not self.trouble and not self.backlog

    def write(self, group: plant.Group, now: int) -> bool:
        """One transaction, synced; False (and nothing of it on disk) when the disk refuses even without the reserve."""
        return self._attempt(lambda db: plant.write_group(db, group), now)

    def written(self, group: plant.Group) -> None:
        """It is the journal's end now."""
        self._written(group)
        if self._telling:
            self._telling, self._owed = False, None
            self.mark()

    def postpone(self, group: plant.Group, now: int) -> list[Gap]:
        """Keep what could not be written; gaps for readings that had to go for it."""
        return self.backlog.add(group, now)

    def write_riders(self, now: int) -> bool:
        """Cursors and the like without waiting for a commit."""
        return not self.riders or self._attempt(lambda _: None, now)

    def catch_up(self, now: int, *, at_once: bool = False) -> bool:
        """Write the backlog first; True when nothing waits any more."""
        if self.durable:
            return True
        if not at_once and abs(now - self._tried) < RETRY:
            return False
        if not self._attempt(self._write_backlog, now) and not self._reopened(now):
            return False
        for group in self.backlog.done():
            self._written(group)
        self._owed, self._telling = None, False
        self.mark()
        return self.durable

    def mark(self) -> None:
        """Tell ``instance`` how far the journal is, and whether events have left that it may not hold *now*: whoever is
        told last says how it is. May hang with the disk.
        """
        # A disk that takes not even this leaves the next start to the journal alone; nothing better is to be had.
        with self._marking, suppress(OSError):
            (head, last), risk = self._end, self.overtaken or not self.durable
            self._instance.update(at_risk=risk, mark=head, input=last, owed=self._owed)

    def owe(self, count: int, start: int, end: int) -> None:
        """Before sources are told that memory has so many readings (times ns) which the disk refuses: lost with memory,
        they are counted at the next start. As well as the disk allows: 512 bytes in the place of others.
        """
        more = Owed(count, start, end, risk_id(self.head, self.input))
        self._owed = self._owed + more if self._owed is not None else more
        self.mark()

    def owed_told(self) -> None:
        """The gap record of what was owed and lost is in the next commit."""
        if self._owed is not None:
            self.riders.meta[OWED_TOLD] = self._owed.name
            self._telling = True

    def _written(self, group: plant.Group) -> None:
        head, last = self._end
        if group.records:
            end = group.records[-1]
            head = Head(end.seq, end.hash, end.recorded, head.epoch)
        self._end = (head, max(last, group.last if group.packed else 0))

    def _write_backlog(self, db: apsw.Connection) -> None:
        for group in self.backlog.taken():
            plant.write_group(db, group, over=True)
        # ``instance`` may fail to hear of the end of the danger; the journal then still knows.
        plant.write_meta(db, {"risk_over": risk_id(self.head, self.input)})

    def _attempt(self, work: Callable[[apsw.Connection], None], now: int) -> bool:
        self._tried = now
        for _ in ("as it is", "without the reserve"):
            try:
                with transaction(self.db):
                    work(self.db)
                    self.riders.write(self.db)
            except DISK_ERRORS as error:
                if not self.reserve.release():
                    return self._refused(error)
            else:
                self.riders.clear()
                self.trouble = ""
                return True
        return self._refused(OSError("no commit even without the reserve"))

    def _refused(self, error: Exception) -> bool:
        self.trouble = f"{type(error).__name__}: {error}"
        self.mark()
        return False

    def _reopened(self, now: int) -> bool:
        """A disk that went away and came back needs new file handles; only the same journal is taken up again."""
        try:
            fresh = open_writer(self._path, PLANT, synchronous="full")
        except (*DISK_ERRORS, WrongVersion):
            return False
        if plant.read_head(fresh) != self.head:
            close_quietly(fresh)
            return False
        old, self.db = self.db, fresh
        close_quietly(old)
        return self._attempt(self._write_backlog, now)
