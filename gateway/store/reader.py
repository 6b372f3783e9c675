"""Reading beside the writer: console, command line, worker processes. Cannot write, never blocks a commit."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from threading import Lock
from typing import Self

import apsw

from gateway.model.batch import Batch
from gateway.model.errors import Misconfigured
from gateway.model.events import Record
from gateway.model.inputs import Numbered
from gateway.store import plant
from gateway.store.database import DISK_ERRORS, WrongVersion, close_quietly, no_journal
from gateway.store.database import open_reader as connect
from gateway.store.history import Columns, stored, trend
from gateway.store.packing import Packer
from gateway.store.types import DeadLetter, Head


class Reader:
    """Sees what is committed on disk. Calls from several threads take turns. A context manager.

    Raises (when made):
        Misconfigured: no journal in the folder, or not readable.
    """

    def __init__(self, folder: Path, *, newest: Callable[[], Sequence[Batch]] = tuple) -> None:
        self._lock = Lock()
        self._packer = Packer()
        self._newest = newest
        self._plant = _connect(folder / "plant.db")
        try:
            self._spool = _connect(folder / "spool.db") if (folder / "spool.db").exists() else None
        except BaseException:
            close_quietly(self._plant)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def head(self) -> Head:
        """The journal's end on disk."""
        with self._lock:
            return plant.read_head(self._plant)

    @property
    def head_seq(self) -> int:
        """Its seq."""
        return self.head.seq

    def config_in_use(self) -> bytes | None:
        """The configuration the last committed input was judged by; None before the first."""
        with self._lock:
            digest = plant.read_meta(self._plant).get("config")
            return plant.read_config(self._plant, digest) if digest else None

    def records(self, after: int, limit: int) -> list[Record]:
        """Journal records behind ``after`` in seq order."""
        with self._lock:
            return plant.read_records(self._plant, after, limit)

    def inputs(self, after: int) -> Iterator[Numbered]:
        """Inputs behind ``after``; for one thread at a time."""
        return plant.read_inputs(self._plant, after)

    def cursor(self, name: str) -> int:
        """Where a lane stands on disk."""
        with self._lock:
            return plant.read_cursor(self._plant, name)

    def config(self, digest: str) -> bytes | None:
        """A configuration that was kept."""
        with self._lock:
            return plant.read_config(self._plant, digest)

    def dead_letters(self, limit: int) -> list[DeadLetter]:
        """The newest first."""
        with self._lock:
            return plant.read_dead_letters(self._plant, limit)

    def history(self, tag: int, table: str, start: int, end: int, points: int) -> Columns:
        """See :meth:`gateway.store.spool.Spool.history`; without the chunk that still grows."""
        with self._lock:
            # Memory first: what moves to disk in between is seen twice, not missed, and extremes do not mind.
            newest = list(self._newest())
            disk = stored(self._spool, self._packer, start, end) if self._spool is not None else iter(())
            return trend(chain(disk, newest), tag, table, start=start, end=end, points=points)

    def close(self) -> None:
        """Let the files go."""
        with self._lock:
            close_quietly(self._plant)
            if self._spool is not None:
                close_quietly(self._spool)


def open_reader(folder: Path) -> Reader:
    """A reader of a state folder, with or without a gateway running on it.

    Raises:
        Misconfigured: no journal there, or not readable.
    """
    return Reader(folder)


def _connect(path: Path) -> apsw.Connection:
    if not path.is_file():
        raise no_journal(path.parent)
    try:
        return connect(path)
    except (*DISK_ERRORS, WrongVersion) as error:
        raise Misconfigured(f"{path} cannot be read: {error}") from error
