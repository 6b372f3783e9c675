"""What leaves the spool, and which of it is a loss: noted in the very transaction that deletes it."""

from collections.abc import Iterator
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
    archived: int
    """the archive has the inputs up to this id"""
    now: int


_NOTE: Final = "INSERT INTO losses SELECT max(?, ifnull(max(id), 0) + 1), ?, ?, ?, ?, ? FROM losses"
"""Numbered by our clock, which never goes back: numbers grow over a lost file, too."""
_SIZES: Final = """SELECT id, length(data) + ifnull((SELECT length(data) FROM spans WHERE spans.id = chunks.id), 0)
    + ifnull((SELECT sum(length(data)) FROM inputs WHERE inputs.id BETWEEN chunks.id - last_input + first_input AND
    chunks.id), 0) FROM chunks WHERE id > ? ORDER BY id LIMIT ?"""
"""Packed bytes that go with each chunk."""


@dataclass(frozen=True, slots=True)
class _Loss:
    """What no cursor had passed: behind one id, before another, it goes for this reason."""

    after: int
    before: int
    why: str
    now: int


def trim_steps(db: apsw.Connection, policy: Policy) -> Iterator[None]:
    """Delete by policy, oldest first, one transaction a step; what no cursor had passed is noted. What is looked at is
    what goes and no more: a spool may hold weeks.

    Raises:
        apsw.Error: the disk refuses; what was deleted before is gone, and noted.
    """
    by_age = _oldest_kept(db, policy.too_old, _end(db))
    by_delivery = _oldest_kept(db, policy.unkept, policy.delivered + 1)
    old = _Loss(policy.delivered, by_age, "older than the spool's age limit", policy.now)
    yield from _delete(db, max(by_age, by_delivery), old)
    yield from _delete_rows(db, "inputs", policy.archived + 1)
    while end := _beyond(db, policy.max_bytes):
        after = max(policy.delivered, by_age - 1)
        yield from _delete(db, end, _Loss(after, end, "beyond the spool's size limit", policy.now))


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


def _delete(db: apsw.Connection, end: int, loss: _Loss) -> Iterator[None]:
    """Chunks before id ``end`` and what belongs to them."""
    while (upto := _slice_end(db, end)) is not None:
        with transaction(db):
            _note(db, loss, upto)
            db.execute("DELETE FROM chunks WHERE id < ?", (upto,))
        yield
    yield from _delete_rows(db, "spans", end)
    yield from _delete_rows(db, "inputs", end)


def _slice_end(db: apsw.Connection, end: int) -> int | None:
    """Id before which the next chunks go, those before ``end`` only; None when there are none."""
    sql = "SELECT max(id) FROM (SELECT id FROM chunks WHERE id < ? ORDER BY id LIMIT ?)"
    last = number(db, sql, end, SLICE)
    return None if last is None else last + 1


def _note(db: apsw.Connection, loss: _Loss, upto: int) -> None:
    """What goes with the chunks before ``upto``; inside the caller's transaction."""
    sql = "SELECT sum(rows), min(first_time), max(last_time) FROM chunks WHERE id > ? AND id < ?"
    ((count, start, end),) = rows(db, sql, loss.after, min(loss.before, upto))
    if count:
        db.execute(_NOTE, (loss.now, loss.now, start, end, count, loss.why))


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


def _oldest_kept(db: apsw.Connection, received: int, end: int) -> int:
    """Id of the first chunk before ``end`` that was received at or after; ``end`` when there is none."""
    sql = "SELECT id FROM chunks WHERE received >= ? AND id < ? ORDER BY id LIMIT 1"
    found = number(db, sql, received, end)
    return end if found is None else found


def used_bytes(db: apsw.Connection) -> int:
    """Of the file, without what was freed and waits to be used again."""
    pages, free = int(db.pragma("page_count")), int(db.pragma("freelist_count"))
    return (pages - free) * int(db.pragma("page_size"))


def _beyond(db: apsw.Connection, max_bytes: int) -> int:
    """Id before which chunks go now because the file's bytes exceed ``max_bytes``; 0 when they do not. Pages are half
    empty at worst: no more go than half of what is too much, packed, and then it is asked again.
    """
    over, after = (used_bytes(db) - max_bytes) / 2, -1
    while over > 0 and (page := rows(db, _SIZES, after, SLICE)):
        for key, packed in page:
            over, after = over - packed, int(key)
            if over <= 0:
                break
    return after + 1


def _end(db: apsw.Connection) -> int:
    return (number(db, "SELECT max(id) FROM chunks") or 0) + 1


def _delete_rows(db: apsw.Connection, table: str, key: int) -> Iterator[None]:
    """Those before id ``key``."""
    sql = f"DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE id < ? ORDER BY id LIMIT ?)"  # noqa: S608
    more = True
    while more:
        with transaction(db):
            db.execute(sql, (key, SLICE))
            more = db.changes() == SLICE
        yield
