"""How many readings the spool holds that some output has not had, noted in ``plant.db``: a spool that is lost takes its
readings with it, and not the count of them.

One row for each chunk behind the slowest output, written with each snapshot, before the inputs go that the count could
be made from. ``id`` as of chunks; a chunk in which the snapshot's input lies makes two rows, so that what is filled
again from the inputs behind a snapshot is told apart to a reading.
"""

from collections.abc import Iterator, Sequence
from typing import Final, Protocol

import apsw

from gateway.model.times import NEVER
from gateway.store.database import number, rows, transaction
from gateway.store.packing import Packer

PAGE: Final = 2_000
FIRST: Final = "spool_first"
"""in ``meta``: id of the first chunk that had not gone when the journal was last told of losses"""
_TABLE: Final = "CREATE TABLE IF NOT EXISTS tally(id INTEGER PRIMARY KEY, rows INTEGER NOT NULL)"

Counts = list[tuple[int, int]]
"""(id, readings), ascending"""


class Source(Protocol):
    """The spool."""

    def tally(self, after: int, cut: int) -> Counts:
        """:func:`chunks_behind` of its file."""
        ...


def chunks_behind(db: apsw.Connection, packer: Packer, after: int, cut: int) -> Counts:
    """Of the next chunks of ``spool.db`` behind id ``after``, ``PAGE`` at most; one that holds ``cut`` inside is two.

    Raises:
        apsw.Error: the disk refuses.
    """
    sql = """SELECT id, rows, id - last_input + first_input, first_input FROM chunks WHERE id > ?
        ORDER BY id LIMIT ?"""
    found = Counts()
    for key, count, begins, first in rows(db, sql, after, PAGE):
        before = _before(db, packer, key, first, cut - begins + first) if begins <= cut < key else 0
        found += [(cut, min(before, count))] if before else []
        found.append((key, max(0, count - before)))
    return found


def _before(db: apsw.Connection, packer: Packer, key: int, first: int, last: int) -> int:
    """Readings of a chunk that belong to inputs up to ``last``; 0 where that is not known."""
    for (data,) in rows(db, "SELECT data FROM spans WHERE id = ?", key):
        try:
            spans = packer.unpack_spans(data, first)
        except ValueError:  # then all of the chunk counts as its last input's
            return 0
        return int(spans[spans[:, 0] <= last, 1].sum())
    return 0


def last_noted(db: apsw.Connection) -> int:
    """The highest id of ``plant.db``'s tally; 0 when there is none."""
    return (number(db, "SELECT max(id) FROM tally") or 0) if _there(db) else 0


def note(db: apsw.Connection, counts: Sequence[tuple[int, int]], settled: int) -> None:
    """Add them, and forget what every output has had: ids up to ``settled``. One transaction."""
    with transaction(db):
        db.execute(_TABLE)
        db.executemany("INSERT OR REPLACE INTO tally VALUES(?,?)", list(counts))
        db.execute("DELETE FROM tally WHERE id <= ?", (settled,))


def owed(db: apsw.Connection, after: int, upto: int) -> tuple[int, int] | None:
    """Readings behind id ``after`` that no gap record has told of, of the rows up to the first that reaches ``upto``;
    and the id of that row. None: never noted (a version before 0.2 left this journal).
    """
    if not _there(db):
        return None
    first = int((rows(db, "SELECT value FROM meta WHERE key = ?", FIRST) or [("0",)])[0][0])
    reach = number(db, "SELECT min(id) FROM tally WHERE id >= ?", upto) or NEVER
    sql = "SELECT ifnull(sum(rows), 0) FROM tally WHERE id > ? AND id >= ? AND id <= ?"
    return number(db, sql, after, first, reach) or 0, upto if reach == NEVER else reach


def _there(db: apsw.Connection) -> bool:
    return bool(rows(db, "SELECT 1 FROM sqlite_master WHERE name = 'tally'"))


def steps(db: apsw.Connection, spool: Source, settled: int, cut: int) -> Iterator[None]:
    """Note what the spool holds behind id ``settled`` and the tally does not have yet, a page at a time.

    Raises:
        apsw.Error: the disk refuses.
    """
    after = max(settled, last_noted(db))
    while True:
        counts = spool.tally(after, cut)
        note(db, counts, settled)
        yield
        if len(counts) < PAGE:
            return
        after = counts[-1][0]
