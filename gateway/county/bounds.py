"""What a county's store gives up when it must: bulk first, alarms never.

``keep`` and ``max_bytes`` take the *bodies* of events that belong to no alarm and that the gateway's own journal keeps:
live levels, days closed into archives, values entered by hand. The oldest received go first. Their rows stay, with
number, hash and link, so the chain is proved as before and a repeated event is known. Alarms and faults, who did what
with them, gap records, starts and changes of configuration stay whole for good: when only they are left and the file is
still too large, that is said, and nothing more is taken.
"""

from dataclasses import dataclass
from typing import Final

import apsw

from gateway.store.database import rows, transaction

BULK: Final = "event IN ('live-level', 'archive-closed', 'manual-reading')"
INDEX: Final = f"CREATE INDEX IF NOT EXISTS bulk ON events(received) WHERE {BULK} AND data <> x''"
"""added to ``county.db`` since 0.1; an older version leaves it alone"""
SLICE: Final = 500
"""bodies in a transaction: arrivals wait no longer than one takes"""


@dataclass(frozen=True, slots=True)
class Bounds:
    """``keep``: ns since an event was received; ``max_bytes`` of the file."""

    keep: int
    max_bytes: int


@dataclass(frozen=True, slots=True)
class Bounded:
    """What a step did: bodies that went; ``more``: there is more to do; ``over``: too large, and nothing may go."""

    gone: int = 0
    more: bool = False
    over: bool = False


def used(db: apsw.Connection) -> int:
    """Bytes that hold something; what is freed is used again before the file grows."""
    pages = int(db.pragma("page_count")) - int(db.pragma("freelist_count"))
    return pages * int(db.pragma("page_size"))


def step(db: apsw.Connection, bounds: Bounds, now: int) -> Bounded:
    """One transaction's worth.

    Raises:
        apsw.Error: the disk refuses; nothing has gone.
    """
    over = used(db) > bounds.max_bytes
    before = now + 1 if over else now - bounds.keep
    oldest = f"""SELECT place, seq, hash FROM events INDEXED BY bulk WHERE {BULK} AND data <> x'' AND received < ?
        ORDER BY received LIMIT ?"""  # noqa: S608 - of this module's own words
    found = rows(db, oldest, before, SLICE)
    if not found:
        return Bounded(over=over)
    with transaction(db):
        db.executemany("UPDATE events SET data = x'' WHERE place = ? AND seq = ? AND hash = ?", found)
    return Bounded(len(found), more=len(found) == SLICE or over)
