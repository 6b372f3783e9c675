"""What leaves the spool, and which of it is a loss."""

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


@dataclass(frozen=True, slots=True)
class _Loss:
    """Undelivered chunks that went for one reason."""

    why: str
    rows: int
    start: int
    end: int


def trim_chunks(db: apsw.Connection, policy: Policy) -> list[Gap]:
    """Delete by policy, oldest first; gaps for what no cursor had passed.

    Raises:
        apsw.Error: the disk refuses; what was deleted before is gone and was delivered.
    """
    by_age = _oldest_kept(db, policy.too_old)
    by_size = _beyond(db, policy.max_bytes)
    by_delivery = min(policy.delivered + 1, _oldest_kept(db, policy.unkept))
    losses = [
        _loss(db, policy.delivered, by_age, "older than the spool's age limit"),
        _loss(db, max(policy.delivered, by_age - 1), by_size, "beyond the spool's size limit"),
    ]
    _delete_before(db, max(by_age, by_size, by_delivery))
    return [Gap(policy.now, "spool", x.start, x.end, x.rows, x.why) for x in losses if x is not None]


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


def _loss(db: apsw.Connection, delivered: int, before: int, why: str) -> _Loss | None:
    sql = "SELECT sum(rows), min(first_time), max(last_time) FROM chunks WHERE id > ? AND id < ?"
    ((count, start, end),) = rows(db, sql, delivered, before)
    return _Loss(why, count, start, end) if count else None


def _delete_before(db: apsw.Connection, key: int) -> None:
    """Chunks, what belongs to them, and the inputs that were kept for the archive's sake."""
    for table in ("chunks", "spans", "inputs"):
        sql = f"DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE id < ? ORDER BY id LIMIT ?)"  # noqa: S608
        while True:
            with transaction(db):
                db.execute(sql, (key, SLICE))
                if db.changes() < SLICE:
                    break
