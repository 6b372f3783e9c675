"""What leaves the spool, and which of it is a loss: noted in the very transaction that deletes it."""

from dataclasses import dataclass
from typing import Final

import apsw

from gateway.model.inputs import Gap
from gateway.store.database import number, rows, transaction

SLICE: Final = 200
"""Chunks deleted per transaction."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Limits of one trim. Times ns, by received time."""

    delivered: int
    """cursors have passed chunks up to this id"""
    max_bytes: int
    too_old: int
    """received before this: goes, delivered or not"""
    unkept: int
    """received before this and delivered: goes"""
    now: int


_NOTE: Final = "INSERT INTO losses SELECT max(?, ifnull(max(id), 0) + 1), ?, ?, ?, ?, ? FROM losses"
"""Numbered by our clock, which never goes back: numbers grow over a lost file, too."""
_Bounds = tuple[tuple[int, int, str], ...]
"""What no cursor had passed: behind this id, before that one, it goes for this reason."""


def trim_chunks(db: apsw.Connection, policy: Policy) -> None:
    """Delete by policy, oldest first; what no cursor had passed is noted.

    Raises:
        apsw.Error: the disk refuses; what was deleted before is gone, and noted.
    """
    by_age = _oldest_kept(db, policy.too_old)
    by_size = _beyond(db, policy.max_bytes)
    by_delivery = min(policy.delivered + 1, _oldest_kept(db, policy.unkept))
    bounds = (
        (policy.delivered, by_age, "older than the spool's age limit"),
        (max(policy.delivered, by_age - 1), by_size, "beyond the spool's size limit"),
    )
    end = max(by_age, by_size, by_delivery)
    while (upto := _slice_end(db, end)) is not None:
        with transaction(db):
            _note(db, bounds, upto, policy.now)
            db.execute("DELETE FROM chunks WHERE id < ?", (upto,))
    _delete_before(db, end)


def read_losses(db: apsw.Connection, after: int) -> tuple[list[Gap], int]:
    """Losses noted behind number ``after``, one gap for each reason; and the number of the last.

    Raises:
        apsw.Error: the disk refuses.
    """
    sql = """SELECT max(id), max(time), min(first_time), max(last_time), sum(rows), why FROM losses
        WHERE id > ? GROUP BY why ORDER BY min(id)"""
    found = rows(db, sql, after)
    gaps = [Gap(time, "spool", start, end, count, why) for _, time, start, end, count, why in found]
    return gaps, max((row[0] for row in found), default=after)


def forget_losses(db: apsw.Connection, told: int) -> None:
    """Those up to number ``told``.

    Raises:
        apsw.Error: the disk refuses.
    """
    if rows(db, "SELECT 1 FROM losses WHERE id <= ? LIMIT 1", told):
        with transaction(db):
            db.execute("DELETE FROM losses WHERE id <= ?", (told,))


def _slice_end(db: apsw.Connection, end: int) -> int | None:
    """Id before which the next chunks go, those before ``end`` only; None when there are none."""
    sql = "SELECT max(id) FROM (SELECT id FROM chunks WHERE id < ? ORDER BY id LIMIT ?)"
    last = number(db, sql, end, SLICE)
    return None if last is None else last + 1


def _note(db: apsw.Connection, bounds: _Bounds, upto: int, now: int) -> None:
    """What goes with the chunks before ``upto``; inside the caller's transaction."""
    sql = "SELECT sum(rows), min(first_time), max(last_time) FROM chunks WHERE id > ? AND id < ?"
    for after, before, why in bounds:
        ((count, start, end),) = rows(db, sql, after, min(before, upto))
        if count:
            db.execute(_NOTE, (now, now, start, end, count, why))


def note_damage(db: apsw.Connection, key: int, now: int, why: str) -> None:
    """A chunk that cannot be read: its readings are a loss, once; what is left of it stays for whoever can use it.

    Raises:
        apsw.Error: the disk refuses; it must be asked for again.
    """
    ((count, start, end),) = rows(db, "SELECT rows, first_time, last_time FROM chunks WHERE id = ?", key)
    if count:
        with transaction(db):
            db.execute(_NOTE, (now, now, start, end, count, why))
            db.execute("UPDATE chunks SET rows = 0 WHERE id = ?", (key,))


def _oldest_kept(db: apsw.Connection, received: int) -> int:
    """Id of the first chunk received at or after; one behind the last when there is none."""
    sql = "SELECT id FROM chunks WHERE received >= ? ORDER BY id LIMIT 1"
    found = number(db, sql, received)
    return _end(db) if found is None else found


def _beyond(db: apsw.Connection, max_bytes: int) -> int:
    """Id from which on the chunks fit into ``max_bytes`` of the file; 0 when all do."""
    pages, size = int(db.pragma("page_count")), int(db.pragma("page_size"))
    used = (pages - int(db.pragma("freelist_count"))) * size
    if used <= max_bytes:
        return 0
    sizes = rows(db, "SELECT id, length(data) FROM chunks ORDER BY id DESC")
    # Pages are never full: what may stay is counted in packed bytes, in proportion.
    left = sum(packed for _, packed in sizes) * max_bytes // used
    for key, packed in sizes:
        left -= packed
        if left < 0:
            return int(key) + 1
    return 0


def _end(db: apsw.Connection) -> int:
    return (number(db, "SELECT max(id) FROM chunks") or 0) + 1


def _delete_before(db: apsw.Connection, key: int) -> None:
    """What belonged to the chunks, and the inputs that were kept for the archive's sake."""
    for table in ("spans", "inputs"):
        sql = f"DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE id < ? ORDER BY id LIMIT ?)"  # noqa: S608
        while True:
            with transaction(db):
                db.execute(sql, (key, SLICE))
                if db.changes() < SLICE:
                    break
