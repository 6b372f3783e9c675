"""A tag's trend from chunks: at most N rows with the extremes of each, in bounded memory however long the span."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import apsw
import numpy as np
from numpy.typing import NDArray

from gateway.model.batch import Batch
from gateway.model.quality import STATUS_SHIFT, Status
from gateway.store.database import rows
from gateway.store.packing import Packer

Columns = dict[str, NDArray[Any]]
"""``time`` int64 ns (the bucket's first reading), ``value`` (its last), ``low``, ``high`` float64, ``quality`` uint8
(its worst).

NaN where a bucket has no value that is not BAD. Oldest first; buckets without readings have no row.
"""
_BAD: Final = int(Status.BAD) << STATUS_SHIFT


class Trend:
    """Buckets of equal width from ``start`` to ``end`` (ns, both inside). The readings may come in any order."""

    def __init__(self, start: int, end: int, points: int) -> None:
        self._start, self._end = start, end
        self._width = max(1, -(-(end - start + 1) // max(1, points)))
        count = max(0, -(-(end - start + 1) // self._width))
        self._first = np.full(count, np.iinfo(np.int64).max)
        self._latest = np.full(count, np.iinfo(np.int64).min)
        self._value = np.full(count, np.nan)
        self._low = np.full(count, np.inf)
        self._high = np.full(count, -np.inf)
        self._quality = np.zeros(count, np.uint8)

    def add(self, batch: Batch, tag: int) -> None:
        """Take the tag's readings of one chunk."""
        rows = np.flatnonzero(
            (batch.tag == tag) & (batch.source >= self._start) & (batch.source <= self._end)
        )
        self.take(batch.source[rows], batch.value[rows], batch.quality[rows])

    def take(self, source: NDArray[np.int64], value: NDArray[np.float64], quality: NDArray[np.uint8]) -> None:
        """Take readings of the tag between start and end."""
        if not len(source):
            return
        at = (source - self._start) // self._width
        np.minimum.at(self._first, at, source)
        np.maximum.at(self._quality, at, quality)
        told = (quality < _BAD) & np.isfinite(value)
        self._values(at[told], source[told], value[told])

    def _values(self, at: NDArray[np.int64], source: NDArray[np.int64], value: NDArray[np.float64]) -> None:
        np.minimum.at(self._low, at, value)
        np.maximum.at(self._high, at, value)
        order = np.argsort(source, kind="stable")
        at, source, value = at[order], source[order], value[order]
        newer = source >= self._latest[at]
        self._latest[at[newer]] = source[newer]
        self._value[at[newer]] = value[newer]

    def columns(self) -> Columns:
        """The rows so far."""
        seen = self._first != np.iinfo(np.int64).max
        valued = np.isfinite(self._value)
        return {
            "time": self._first[seen],
            "value": self._value[seen],
            "low": np.where(valued, self._low, np.nan)[seen],
            "high": np.where(valued, self._high, np.nan)[seen],
            "quality": self._quality[seen],
        }


def trend(batches: Iterable[Batch], tag: int, table: str, *, start: int, end: int, points: int) -> Columns:
    """Rows of ``tag`` among the batches of ``table``; another table numbers its tags otherwise and is left out."""
    found = Trend(start, end, points)
    for batch in batches:
        if batch.table == table:
            found.add(batch, tag)
    return found.columns()


def stored(db: apsw.Connection, packer: Packer, start: int, end: int) -> Iterator[Batch]:
    """Batches on disk that may hold readings between two source times (ns), a few at a time."""
    found = "SELECT id FROM chunks WHERE last_time >= ? AND first_time <= ? ORDER BY id"
    ids = [key for (key,) in rows(db, found, start, end)]
    for at in range(0, len(ids), 64):
        some = ids[at : at + 64]
        packed = rows(db, f"SELECT data FROM chunks WHERE id IN ({','.join('?' * len(some))})", *some)  # noqa: S608
        yield from (packer.unpack(data) for (data,) in packed)
