"""What of ``spool.db`` waits for the archive. Of the store's thread, where commits wait meanwhile: bounded."""

from typing import Final

import apsw

from gateway.store.database import rows

MOST: Final = 100_000
"""Chunks whose readings are counted, 0.1 s of them; an archive that cannot be written may be weeks behind."""


def extent(db: apsw.Connection, archived: int) -> tuple[int, int]:
    """First source time (ns) of the oldest chunk behind id ``archived`` and last of the newest; zeros for none.

    Raises:
        apsw.Error: the disk refuses.
    """
    sql = """SELECT first_time, (SELECT last_time FROM chunks ORDER BY id DESC LIMIT 1)
        FROM chunks WHERE id > ? ORDER BY id LIMIT 1"""
    found = rows(db, sql, archived)
    return (int(found[0][0]), int(found[0][1])) if found else (0, 0)


def unarchived(db: apsw.Connection, archived: int) -> tuple[int, int]:
    """Of the chunks behind id ``archived``: when the first was received (ns), and readings of the first ``MOST``.

    Raises:
        apsw.Error: the disk refuses.
    """
    sql = """SELECT received, (SELECT sum(rows) FROM (SELECT rows FROM chunks WHERE id > ?1 ORDER BY id LIMIT ?2))
        FROM chunks WHERE id > ?1 ORDER BY id LIMIT 1"""
    found = rows(db, sql, archived, MOST)
    return (int(found[0][0]), int(found[0][1])) if found else (0, 0)
