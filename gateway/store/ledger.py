"""``ledger.db``: what became of each alarm event at each output, with the times. Bookkeeping beside the journal.

The journal and the cursors are the truth about what is delivered; the ledger adds when. It is written every few seconds
in one transaction and not forced to the disk, so that it costs alarms nothing: a power cut may take the last of it, and
then :func:`read_ledger` still says from the cursor that an event was accepted, without a time. A damaged file is moved
aside, never deleted, and begun anew.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import apsw

from gateway.model.errors import Misconfigured
from gateway.model.times import iso
from gateway.store import plant
from gateway.store.database import (
    DAMAGE,
    DISK_ERRORS,
    WrongVersion,
    close_quietly,
    number,
    open_reader,
    open_writer,
    rows,
    transaction,
)

FILE: Final = "ledger.db"
KEEP: Final = 100_000
"""Events kept; older ones make room. The journal keeps them all."""
SCHEMA: Final = """
CREATE TABLE events(
    key INTEGER PRIMARY KEY, id TEXT NOT NULL, n INTEGER NOT NULL, seq INTEGER NOT NULL, event TEXT NOT NULL,
    rule TEXT NOT NULL, tag TEXT NOT NULL, level TEXT NOT NULL, raised INTEGER NOT NULL, committed INTEGER NOT NULL,
    UNIQUE(id, n));
CREATE TABLE steps(
    key INTEGER NOT NULL, output TEXT NOT NULL, sent INTEGER, accepted INTEGER, stored INTEGER, refused TEXT,
    PRIMARY KEY(key, output)) WITHOUT ROWID;
CREATE TABLE outputs(output TEXT PRIMARY KEY, ends TEXT NOT NULL) WITHOUT ROWID;
"""
_PUT_EVENT: Final = """INSERT INTO events(id, n, seq, event, rule, tag, level, raised, committed)
    VALUES(?,?,?,?,?,?,?,?,?) ON CONFLICT(id, n) DO NOTHING"""
# The first time of each step counts: what is sent again, or accepted again, was sent and accepted then.
_PUT_STEP: Final = """INSERT INTO steps SELECT key, ?3, ?4, ?5, ?6, ?7 FROM events WHERE id = ?1 AND n = ?2
    ON CONFLICT(key, output) DO UPDATE SET
        sent = coalesce(sent, excluded.sent), accepted = coalesce(accepted, excluded.accepted),
        stored = coalesce(stored, excluded.stored), refused = coalesce(refused, excluded.refused)"""


class Stage(StrEnum):
    """How far an event has come at one output; ``standby``: that one was not needed."""

    WAITING = "waiting"
    STANDBY = "standby"
    SENT = "sent"
    ACCEPTED = "accepted"
    STORED = "stored"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Key:
    """One event of an alarm: the event key (id, n), and what a person knows it by. Times ns."""

    id: str
    n: int
    seq: int
    event: str
    rule: str
    tag: str
    level: str
    raised: int
    committed: int


@dataclass(slots=True)
class Steps:
    """What one output did with one event. Times ns; None: not, or not known when."""

    sent: int | None = None
    accepted: int | None = None
    stored: int | None = None
    refused: str | None = None


@dataclass(slots=True)
class Entry:
    """One event with its way through all outputs."""

    key: Key
    outputs: dict[str, Steps] = field(default_factory=dict)


class LedgerFile:
    """The writing side; of one thread at a time. ``ends``: which outputs there are, and the last step each can tell.

    Raises (when made):
        Misconfigured: the disk takes no ledger at all.
    """

    def __init__(self, folder: Path, ends: Mapping[str, Stage], now: int, *, keep: int = KEEP) -> None:
        self._path, self._keep = folder / FILE, keep
        try:
            self._db = self._open(now)
            self._outputs(ends)
        except (*DISK_ERRORS, WrongVersion) as error:
            raise Misconfigured(f"{self._path} cannot be used: {error}") from error

    def _open(self, now: int) -> apsw.Connection:
        try:
            return open_writer(self._path, SCHEMA, synchronous="normal")
        except (*DAMAGE, WrongVersion):
            for suffix in ("", "-wal", "-shm"):
                part = Path(f"{self._path}{suffix}")
                if part.exists():
                    part.rename(f"{self._path}.damaged-{now}{suffix}")
            return open_writer(self._path, SCHEMA, synchronous="normal")

    def _outputs(self, ends: Mapping[str, Stage]) -> None:
        with transaction(self._db):
            self._db.execute("DELETE FROM outputs")
            self._db.executemany("INSERT INTO outputs VALUES(?,?)", [(k, v.value) for k, v in ends.items()])

    def write(self, keys: Iterable[Key], steps: Mapping[tuple[str, int, str], Steps]) -> None:
        """Add to the ledger; ``steps`` by (id, n, output).

        Raises:
            apsw.Error: the disk refuses; nothing was written.
        """
        with transaction(self._db):
            self._db.executemany(_PUT_EVENT, [_row(k) for k in keys])
            told = [(i, n, o, s.sent, s.accepted, s.stored, s.refused) for (i, n, o), s in steps.items()]
            self._db.executemany(_PUT_STEP, told)
            oldest = (number(self._db, "SELECT max(key) FROM events") or 0) - self._keep
            if oldest > 0:
                self._db.execute("DELETE FROM steps WHERE key <= ?", (oldest,))
                self._db.execute("DELETE FROM events WHERE key <= ?", (oldest,))

    def close(self) -> None:
        """Let the file go."""
        close_quietly(self._db)


def _row(k: Key) -> tuple[str | int, ...]:
    return (k.id, k.n, k.seq, k.event, k.rule, k.tag, k.level, k.raised, k.committed)


@dataclass(frozen=True, slots=True)
class Ledger:
    """What is read back: entries, newest event first, and the last step each output can tell."""

    entries: Sequence[Entry]
    ends: Mapping[str, Stage]
    cursors: Mapping[str, int]

    def stage(self, entry: Entry, output: str) -> Stage:
        """How far one event has come; what the cursor has passed is settled also where no time was kept."""
        steps = entry.outputs.get(output, Steps())
        if steps.refused is not None:
            return Stage.REFUSED
        if steps.stored is not None:
            return Stage.STORED
        end = self.ends[output]
        if self.cursors.get(output, 0) >= entry.key.seq and end is not Stage.STANDBY:
            return end
        if steps.accepted is not None:
            return Stage.ACCEPTED
        idle = Stage.STANDBY if end is Stage.STANDBY else Stage.WAITING
        return Stage.SENT if steps.sent is not None else idle

    def as_json(self) -> dict[str, Any]:
        """For ``--json`` and the API."""
        return {
            "outputs": {name: {"ends_at": stage.value} for name, stage in self.ends.items()},
            "events": [self._entry(each) for each in self.entries],
        }

    def _entry(self, entry: Entry) -> dict[str, Any]:
        k = entry.key
        return {
            "id": k.id, "n": k.n, "seq": k.seq, "event": k.event, "rule": k.rule, "tag": k.tag, "level": k.level,
            "raised": iso(k.raised), "committed": iso(k.committed),
            "outputs": {name: self._steps(entry, name) for name in self.ends},
        }  # fmt: skip

    def _steps(self, entry: Entry, output: str) -> dict[str, Any]:
        s = entry.outputs.get(output, Steps())
        told = {"sent": s.sent, "accepted": s.accepted, "stored": s.stored}
        times = {name: None if at is None else iso(at) for name, at in told.items()}
        return {"stage": self.stage(entry, output).value, **times, "refused": s.refused}


def read_ledger(folder: Path, *, ids: Sequence[str] = (), limit: int = 100) -> Ledger:
    """The newest ``limit`` events, or of alarms whose id begins with one of ``ids``; beside a running gateway too.

    Raises:
        Misconfigured: no ledger or no journal there, or not readable.
    """
    try:
        db = open_reader(folder / FILE)
        try:
            return _read(db, folder, ids, limit)
        finally:
            close_quietly(db)
    except (*DISK_ERRORS, WrongVersion) as error:
        raise Misconfigured(f"{folder / FILE} cannot be read: {error}") from error


def _read(db: apsw.Connection, folder: Path, ids: Sequence[str], limit: int) -> Ledger:
    ends = {
        str(name): Stage(word) for name, word in rows(db, "SELECT output, ends FROM outputs ORDER BY output")
    }
    where = " OR ".join("substr(id, 1, ?) = ?" for _ in ids) or "1"
    values = [v for i in ids for v in (len(i), i)]
    found = rows(db, f"SELECT * FROM events WHERE {where} ORDER BY key DESC LIMIT ?", *values, limit)  # noqa: S608 - placeholders only
    entries = {int(row[0]): Entry(Key(*row[1:])) for row in found}
    marks = ",".join("?" for _ in entries)
    sql = f"SELECT key, output, sent, accepted, stored, refused FROM steps WHERE key IN ({marks})"  # noqa: S608
    for key, output, *steps in rows(db, sql, *entries):
        entries[int(key)].outputs[str(output)] = Steps(*steps)
    journal = open_reader(folder / "plant.db")
    try:
        cursors = {name: plant.read_cursor(journal, name) for name in ends}
    finally:
        close_quietly(journal)
    return Ledger(list(entries.values()), ends, cursors)
