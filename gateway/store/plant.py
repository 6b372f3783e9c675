"""``plant.db``: the statements. What is durable and what happens when the disk refuses is decided in ``store.py``."""

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import apsw
import zstandard

from gateway.model.errors import Misconfigured
from gateway.model.events import Record
from gateway.model.inputs import Numbered, decode, encode
from gateway.model.wire import parse
from gateway.store.canonical import ZERO
from gateway.store.database import blob, number, rows
from gateway.store.types import DeadLetter, Head

RESTORED: Final = "restored from the backup"
"""how the reason of an epoch begins that `fengsui restore` began"""
ROLLED_BACK: Final = "rolled back"
"""the same of `fengsui rollback`"""
_LENGTH: Final = struct.Struct("<I")
_PAGE: Final = 64
"""commit groups read at once"""
MAX_DEAD_LETTERS: Final = 10_000
"""Kept per gateway; older ones make room. What was lost is in the journal as a gap either way."""
MOST_REPEATED: Final = 2_000
"""letters among which a repeated one is looked for"""
_LETTER: Final = """INSERT INTO dead_letters(time, output, reason, data) SELECT ?,?,?,? WHERE NOT EXISTS (
    SELECT 1 FROM dead_letters WHERE id > ? AND time = ? AND output = ? AND reason = ? AND data = ?)"""


@dataclass(frozen=True, slots=True)
class Group:
    """Everything of one commit, ready to be written: inputs ``first``..``last`` in one blob, and the records."""

    first: int
    last: int
    time: int
    packed: bytes
    records: Sequence[Record]


def pack_inputs(inputs: Sequence[Numbered], compressor: zstandard.ZstdCompressor) -> bytes:
    """All inputs, each behind its length, in one zstd frame; empty for none."""
    if not inputs:
        return b""
    encoded = [encode(i.input) for i in inputs]
    return compressor.compress(b"".join(part for data in encoded for part in (_LENGTH.pack(len(data)), data)))


def unpack_inputs(first: int, packed: bytes) -> Iterator[Numbered]:
    """Inverse of :func:`pack_inputs`.

    Raises:
        zstandard.ZstdError: damaged.
    """
    data = zstandard.ZstdDecompressor().decompress(packed)
    at, count = 0, first
    while at < len(data):
        (size,) = _LENGTH.unpack_from(data, at)
        yield Numbered(count, decode(data[at + 4 : at + 4 + size]))
        at, count = at + 4 + size, count + 1


def new_compressor() -> zstandard.ZstdCompressor:
    """Level 1 with a checksum: SQLite keeps none over its pages."""
    return zstandard.ZstdCompressor(level=1, write_checksum=True)


def write_group(db: apsw.Connection, group: Group, *, over: bool = False) -> None:
    """Inputs and records; inside the caller's transaction. ``over``: what a commit left there that nobody waited for is
    replaced by what has left the gateway.
    """
    verb = "INSERT OR REPLACE" if over else "INSERT"
    if group.packed:
        row = (group.last, group.first, group.time, group.packed)
        db.execute(f"{verb} INTO inputs VALUES(?,?,?,?)", row)
    if group.records:
        rows = [(r.seq, r.recorded, group.last, bytes.fromhex(r.hash), r.data) for r in group.records]
        db.executemany(f"{verb} INTO journal VALUES(?,?,?,?,?)", rows)


def write_cursors(db: apsw.Connection, cursors: Mapping[str, int]) -> None:
    """Insert or move; inside the caller's transaction."""
    db.executemany("INSERT OR REPLACE INTO cursors VALUES(?,?)", list(cursors.items()))


def write_dead_letters(db: apsw.Connection, letters: Sequence[DeadLetter]) -> None:
    """Keep them, the oldest make room; inside the caller's transaction.

    One that is there to the byte and the nanosecond was put there by the same commit, made again after a bug in it.
    """
    rows = [(x.time, x.output, x.reason, x.data) for x in letters]
    before = (number(db, "SELECT max(id) FROM dead_letters") or 0) - MOST_REPEATED
    db.executemany(_LETTER, [(*row, before, *row) for row in rows])
    newest = number(db, "SELECT max(id) FROM dead_letters") or 0
    db.execute("DELETE FROM dead_letters WHERE id <= ?", (newest - MAX_DEAD_LETTERS,))


def write_configs(db: apsw.Connection, configs: Mapping[str, bytes]) -> None:
    """Whole, under their hash, for ever; inside the caller's transaction."""
    db.executemany("INSERT OR IGNORE INTO configs VALUES(?,?)", list(configs.items()))


def set_aside(db: apsw.Connection, seq: int, last: int) -> None:
    """Move records behind ``seq`` and groups behind input ``last`` to ``doubtful``; inside the caller's transaction.

    A commit that the disk refused at its fsync may be found on disk after all, with other bytes than those that left.
    """
    db.execute("INSERT INTO doubtful SELECT 'record', seq, data FROM journal WHERE seq > ?", (seq,))
    db.execute("DELETE FROM journal WHERE seq > ?", (seq,))
    db.execute("INSERT INTO doubtful SELECT 'inputs', last, data FROM inputs WHERE last > ?", (last,))
    db.execute("DELETE FROM inputs WHERE last > ?", (last,))


def read_epoch(db: apsw.Connection) -> tuple[int, str, Head | None]:
    """(first seq, epoch id, previous head) of the newest epoch; (1, "", None) when there is none."""
    row = next(iter(rows(db, "SELECT * FROM epochs ORDER BY n DESC LIMIT 1")), None)
    if row is None:
        return 1, "", None
    _, epoch, first, _, _, previous_epoch, seq, digest, recorded = row
    previous = (
        None if previous_epoch is None else Head(int(seq), str(digest), int(recorded), str(previous_epoch))
    )
    return int(first), str(epoch), previous


def read_restored(db: apsw.Connection) -> str:
    """Why a person began the newest epoch (a backup put back, an older version), as long as no event of it has said so;
    else empty.
    """
    found = rows(db, "SELECT why FROM epochs ORDER BY n DESC LIMIT 1")
    why = str(found[0][0]) if found else ""
    return why if why.startswith((RESTORED, ROLLED_BACK)) and read_head(db).hash == ZERO else ""


def write_epoch(
    db: apsw.Connection, epoch: str, first: int, now: int, why: str, previous: Head | None
) -> None:
    """Begin an epoch; inside the caller's transaction."""
    p = previous
    before = (None, None, None, None) if p is None else (p.epoch, p.seq, p.hash, p.recorded)
    db.execute(
        "INSERT INTO epochs VALUES((SELECT count(*)+1 FROM epochs),?,?,?,?,?,?,?,?)",
        (epoch, first, now, why, *before),
    )


def read_head(db: apsw.Connection) -> Head:
    """The chain's end: the last record, or the beginning of an epoch that has none yet."""
    first, epoch, previous = read_epoch(db)
    row = next(iter(rows(db, "SELECT seq, hash, recorded FROM journal ORDER BY seq DESC LIMIT 1")), None)
    if row is None or int(row[0]) < first:
        return Head(first - 1, ZERO, previous.recorded if previous else 0, epoch)
    return Head(int(row[0]), bytes(row[1]).hex(), int(row[2]), epoch)


def read_hash(db: apsw.Connection, seq: int) -> str:
    """Hash (hex) of one record; empty when there is no such record."""
    return (blob(db, "SELECT hash FROM journal WHERE seq = ?", seq) or b"").hex()


def read_last_input(db: apsw.Connection) -> tuple[int, int]:
    """(number, engine time ns) of the last input; (0, 0) when there is none.

    Where inputs were lost and the journal was not, numbers and time go on from the last event.
    """
    row = next(iter(rows(db, "SELECT last, time FROM inputs ORDER BY last DESC LIMIT 1")), None)
    if row is None:
        row = next(iter(rows(db, "SELECT input, recorded FROM journal ORDER BY seq DESC LIMIT 1")), None)
    return (0, 0) if row is None else (int(row[0]), int(row[1]))


def read_first_time(db: apsw.Connection) -> int:
    """Engine time (ns) of the oldest commit group kept; 0 when there is none."""
    return number(db, "SELECT time FROM inputs ORDER BY last LIMIT 1") or 0


def read_records(db: apsw.Connection, after: int, limit: int) -> list[Record]:
    """Records behind ``after`` in seq order, at most ``limit``."""
    found = rows(db, "SELECT data FROM journal WHERE seq > ? ORDER BY seq LIMIT ?", after, limit)
    return [parse(data) for (data,) in found]


def read_inputs(db: apsw.Connection, after: int) -> Iterator[Numbered]:
    """Inputs behind ``after`` in order, a page of groups at a time.

    Raises:
        Misconfigured: a damaged group; the file and what to do are named.
        ValueError: whole, but not an input of this version.
    """

    sql = "SELECT last, first, data FROM inputs WHERE last > ? ORDER BY last LIMIT ?"
    while groups := rows(db, sql, after, _PAGE):
        for last, first, packed in groups:
            try:
                yield from [n for n in unpack_inputs(first, packed) if n.number > after]
            except (zstandard.ZstdError, struct.error) as error:
                raise Misconfigured(
                    damaged(db.filename, f"inputs {first} to {last} are unreadable")
                ) from error
            after = last


def read_groups(db: apsw.Connection, after: int) -> list[tuple[int, int, int, bytes]]:
    """A page of commit groups behind input ``after``, as they stand: (last, first, time, packed)."""
    sql = "SELECT last, first, time, data FROM inputs WHERE last > ? ORDER BY last LIMIT ?"
    return rows(db, sql, after, _PAGE * 4)


def read_cursors(db: apsw.Connection) -> list[int]:
    """Where the lanes stand."""
    return [position for (position,) in rows(db, "SELECT position FROM cursors")]


def read_cursor(db: apsw.Connection, name: str) -> int:
    """0 for an unknown one."""
    return number(db, "SELECT position FROM cursors WHERE name = ?", name) or 0


def read_dead_letters(db: apsw.Connection, limit: int) -> list[DeadLetter]:
    """The newest first."""
    return [
        DeadLetter(*row) for row in rows(db, "SELECT * FROM dead_letters ORDER BY id DESC LIMIT ?", limit)
    ]


def read_letters(db: apsw.Connection, ids: Sequence[int]) -> list[DeadLetter]:
    """Those of these numbers that are there."""
    sql = "SELECT * FROM dead_letters WHERE id = ?"
    return [DeadLetter(*row) for each in ids for row in rows(db, sql, each)]


def delete_letters(db: apsw.Connection, ids: Sequence[int]) -> None:
    """They were given again; inside the caller's transaction."""
    db.executemany("DELETE FROM dead_letters WHERE id = ?", [(each,) for each in ids])


def read_configs(db: apsw.Connection) -> dict[str, bytes]:
    """All kept configurations by hash."""
    return dict(db.execute("SELECT hash, data FROM configs"))


def read_config(db: apsw.Connection, digest: str) -> bytes | None:
    """The whole configuration of that hash."""
    return blob(db, "SELECT data FROM configs WHERE hash = ?", digest)


def read_meta(db: apsw.Connection) -> dict[str, str]:
    """Everything in ``meta``."""
    return {key: value for key, value in rows(db, "SELECT key, value FROM meta")}  # noqa: C416


def write_meta(db: apsw.Connection, values: Mapping[str, str]) -> None:
    """Insert or replace; inside the caller's transaction."""
    db.executemany("INSERT OR REPLACE INTO meta VALUES(?,?)", list(values.items()))


def damaged(path: str, what: str) -> str:
    """The message for a damaged ``plant.db``."""
    return (
        f"{path} is damaged: {what}. Nothing was changed. Put back the last good copy of the whole state folder, "
        f"or move {path} (with its -wal and -shm) away, keep it for the record, "
        "and start once with --adopt: a new journal then "
        "begins in a new epoch"
    )
