"""SQLite files through apsw: how they are opened, and one transaction at a time."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import apsw

from gateway.model.errors import Fault, Misconfigured
from gateway.store.schema import APPLICATION_ID, VERSION

Value = int | float | str | bytes | None
"""What SQLite keeps in a column."""

DAMAGE: Final = (apsw.CorruptError, apsw.NotADBError, apsw.FormatError)
"""The file is not what was written."""

DISK_ERRORS: Final = (
    *DAMAGE,
    apsw.FullError,
    apsw.IOError,
    apsw.ReadOnlyError,
    apsw.CantOpenError,
    apsw.BusyError,
    apsw.LockedError,
    apsw.PermissionsError,
    apsw.ProtocolError,
    OSError,
)
"""The disk, not the program: a commit survives them, everything else is a bug."""

_BUSY_MS: Final = 5_000
_WAL_LIMIT: Final = 16 << 20


class WrongVersion(Exception):
    """A sound SQLite file, but not of this product or of a later version."""


def no_journal(folder: Path) -> Misconfigured:
    """Nothing has run in this folder, or it is not the one."""
    allowed, hint = "the state folder of a gateway that has run", "`state` of the site file says which it is"
    return Misconfigured([Fault(str(folder), None, "(folder)", "there is no plant.db in it", allowed, hint)])


def open_writer(path: Path, schema: str, *, synchronous: str) -> apsw.Connection:
    """The one writing connection; creates the tables in an empty file.

    Raises:
        WrongVersion: another program's file, or a later version's.
        apsw.Error: damaged, or the disk refuses.
    """
    connection = apsw.Connection(str(path))
    try:
        connection.set_busy_timeout(_BUSY_MS)
        _check_version(connection, path)
        connection.pragma("journal_mode", "wal")
        connection.pragma("synchronous", synchronous)
        connection.pragma("journal_size_limit", _WAL_LIMIT)
        connection.pragma("temp_store", "memory")
        if _create(connection, schema):
            sync_folder(path.parent)
    except BaseException:
        connection.close()
        raise
    return connection


def open_reader(path: Path) -> apsw.Connection:
    """A connection that cannot write, for another thread or process; sees what is committed.

    Raises:
        WrongVersion: another program's file, or a later version's.
        apsw.Error: no such file, or damaged.
    """
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    connection = apsw.Connection(f"file:{quote(str(path))}?mode=ro", flags=flags)
    try:
        connection.set_busy_timeout(_BUSY_MS)
        _check_version(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def transaction(connection: apsw.Connection) -> Iterator[None]:
    """All or nothing; the write lock is taken at the start, so that nothing fails for it half way."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def close_quietly(connection: apsw.Connection) -> None:
    """Closing moves the WAL into the file; if the disk refuses that, the WAL stays and the next start reads it."""
    with suppress(*DISK_ERRORS):
        connection.close()


def is_sound(connection: apsw.Connection, *, limit: int) -> bool:
    """SQLite's quick check; skipped (True) on files beyond ``limit`` bytes, where it would hold up the start."""
    pages, size = connection.pragma("page_count"), connection.pragma("page_size")
    if int(pages) * int(size) > limit:
        return True
    return rows(connection, "PRAGMA quick_check(1)") == [("ok",)]


def rows(db: apsw.Connection, sql: str, *args: Value) -> list[tuple[Any, ...]]:
    """All rows at once: a statement left open would keep the WAL from being reused."""
    return db.execute(sql, args).fetchall()


def number(db: apsw.Connection, sql: str, *args: Value) -> int | None:
    """The integer in the first column of the first row; None when there is no row, or NULL in it."""
    found = rows(db, sql, *args)
    return int(found[0][0]) if found and found[0][0] is not None else None


def blob(db: apsw.Connection, sql: str, *args: Value) -> bytes | None:
    """The same for a blob."""
    found = rows(db, sql, *args)
    return bytes(found[0][0]) if found else None


def _check_version(connection: apsw.Connection, path: Path) -> None:
    owner, version = connection.pragma("application_id"), connection.pragma("user_version")
    if owner == 0 and version == 0 and not number(connection, "SELECT count(*) FROM sqlite_schema"):
        return
    if owner != APPLICATION_ID:
        raise WrongVersion(f"{path} is not a file of this gateway")
    if version != VERSION:
        raise WrongVersion(f"{path} has layout {version}, this version reads {VERSION}")


def sync_folder(folder: Path) -> None:
    """What was made, renamed or deleted in it is so for good.

    SQLite does not do this for the rollback journal that it uses until WAL is on: one whose deletion a loss of power
    takes back would roll a whole database back to nothing.
    """
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _create(connection: apsw.Connection, schema: str) -> bool:
    """False: it was there."""
    if connection.pragma("user_version") == VERSION:
        return False
    with transaction(connection):
        connection.execute(schema)
        connection.pragma("application_id", APPLICATION_ID)
        connection.pragma("user_version", VERSION)
    return True
