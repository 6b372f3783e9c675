"""Snapshots in ``plant.db``: written in slices, so that no commit waits for them long; two are kept."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Final

import apsw

from gateway.model.times import NEVER
from gateway.store.database import number, rows, transaction
from gateway.store.types import SavedSnapshot, SnapshotLike

SLICE: Final = 256 << 10
"""Bytes written per transaction."""
KEPT: Final = 2
_OLDER: Final = "SELECT id FROM snapshots WHERE complete ORDER BY id DESC LIMIT -1 OFFSET 2"
PRUNE_GROUPS: Final = 500
"""Commit groups deleted per transaction."""


def write_snapshot(db: apsw.Connection, snapshot: SnapshotLike) -> Iterator[None]:
    """One transaction per step; only the last makes the snapshot count, so a crash leaves it as if never begun."""
    parts = dict(snapshot.parts)
    _remove(db, "SELECT id FROM snapshots WHERE NOT complete")
    with transaction(db):
        row = (snapshot.number, snapshot.version, snapshot.config_hash, _digest(parts))
        db.execute(
            "INSERT INTO snapshots(number, version, config_hash, digest, complete) VALUES(?,?,?,?,0)", row
        )
        key = db.last_insert_rowid()
    for name, data in parts.items():
        for index, start in enumerate(range(0, max(len(data), 1), SLICE)):
            piece = (key, name, index, data[start : start + SLICE])
            with transaction(db):
                db.execute("INSERT INTO snapshot_parts VALUES(?,?,?,?)", piece)
            yield
    with transaction(db):
        db.execute("UPDATE snapshots SET complete = 1 WHERE id = ?", (key,))
    yield
    _remove(db, _OLDER)


def read_snapshots(db: apsw.Connection) -> list[SavedSnapshot]:
    """Whole ones, the latest first; one whose digest does not fit is left out."""
    sql = "SELECT id, version, number, config_hash, digest FROM snapshots WHERE complete ORDER BY id DESC"
    found = []
    for key, version, at, config_hash, digest in rows(db, sql):
        parts = _parts(db, key)
        if _digest(parts) == digest:
            found.append(SavedSnapshot(version, at, config_hash, parts))
    return found


def oldest_kept(db: apsw.Connection) -> int:
    """Input number of the older kept snapshot; 0 when there are fewer than two (then everything is still needed)."""
    return number(db, "SELECT min(number) FROM snapshots WHERE complete HAVING count(*) >= ?", KEPT) or 0


def prune_inputs(db: apsw.Connection, spooled: int, since: int) -> Iterator[None]:
    """Delete commit groups that both kept snapshots and the spool are ahead of, and that ended before ``since`` (ns).

    One transaction per step. The newest group always stays: it says where numbers and time go on. Only what goes is
    looked at: time never goes back, so the first group that ended since ends the search.
    """
    first = number(db, "SELECT last FROM inputs WHERE time >= ? ORDER BY last LIMIT 1", since) or NEVER
    newest = number(db, "SELECT max(last) FROM inputs") or 0
    upto = min(oldest_kept(db), spooled, first - 1, newest - 1)
    sql = "DELETE FROM inputs WHERE last IN (SELECT last FROM inputs WHERE last <= ? ORDER BY last LIMIT ?)"
    while True:
        with transaction(db):
            db.execute(sql, (upto, PRUNE_GROUPS))
            more = db.changes() == PRUNE_GROUPS
        yield
        if not more:
            return


def _parts(db: apsw.Connection, key: int) -> dict[str, bytes]:
    parts: dict[str, bytearray] = {}
    sql = "SELECT part, data FROM snapshot_parts WHERE snapshot = ? ORDER BY part, slice"
    for name, data in rows(db, sql, key):
        parts.setdefault(name, bytearray()).extend(data)
    return {name: bytes(data) for name, data in parts.items()}


def _digest(parts: Mapping[str, bytes]) -> str:
    whole = hashlib.sha256()
    for name in sorted(parts):
        whole.update(f"{name}\0{len(parts[name])}\0".encode())
        whole.update(parts[name])
    return whole.hexdigest()


def _remove(db: apsw.Connection, which: str) -> None:
    """The snapshots ``which`` selects, one per transaction."""
    for (key,) in rows(db, which):
        with transaction(db):
            db.execute("DELETE FROM snapshot_parts WHERE snapshot = ?", (key,))
            db.execute("DELETE FROM snapshots WHERE id = ?", (key,))
