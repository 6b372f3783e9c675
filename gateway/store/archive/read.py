"""One way to read history: columns of tags and a period, out of the archive, the spool, and what is in neither yet.

Times are source times, both inside. Tags go by id, so a changed configuration interrupts nothing. What a fault of the
disk makes unreadable raises: a hole that nobody mentions would look like a quiet plant.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gateway.model.batch import Batch
from gateway.store.archive import layout as lo
from gateway.store.archive import parquet
from gateway.store.archive.close import Known, known_sites, pick
from gateway.store.archive.gather import chunk_batches
from gateway.store.archive.rows import Rows, join
from gateway.store.database import open_reader
from gateway.store.history import Columns, Trend


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Readings of one tag, in order of arrival; ``value`` in the tag's unit, NaN where the reading is BAD."""

    source: NDArray[np.int64]
    received: NDArray[np.int64]
    value: NDArray[np.float64]
    quality: NDArray[np.uint8]
    input: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.source)


def read(
    state: Path, tags: Sequence[str], start: int, end: int, *, newest: Sequence[Batch] = ()
) -> dict[str, Series]:
    """All readings of ``tags`` between two source times (ns).

    Args:
        state: the state folder of a gateway, running or not.
        tags: ids; one without readings has empty columns.
        newest: of a running gateway, what is not on disk yet (:meth:`Spool.newest`).

    Raises:
        Misconfigured: no pyarrow, or no state folder there.
        OSError, apsw.Error, pyarrow.ArrowException: the disk, or a damaged file.
    """
    rows = join(list(pieces(state, tags, start, end, newest=newest))).by_tag()
    place = {tag: i for i, tag in enumerate(rows.tags)}
    found = {}
    for tag in tags:
        row = place.get(tag, -1)
        some = slice(*np.searchsorted(rows.tag, [row, row + 1]).tolist()) if row >= 0 else slice(0, 0)
        found[tag] = Series(
            rows.source[some], rows.received[some], rows.value[some], rows.quality[some], rows.input[some]
        )
    return found


def trends(
    state: Path, tags: Sequence[str], start: int, end: int, points: int, *, newest: Sequence[Batch] = ()
) -> dict[str, Columns]:
    """At most ``points`` rows of each tag with the extremes of each (:data:`gateway.store.history.Columns`), in bounded
    memory however long the span. Errors as of :func:`read`.
    """
    found = {tag: Trend(start, end, points) for tag in tags}
    for rows in pieces(state, tags, start, end, newest=newest):
        for i, tag in enumerate(rows.tags):
            which = np.flatnonzero(rows.tag == i)
            found[tag].take(rows.source[which], rows.value[which], rows.quality[which])
    return {tag: each.columns() for tag, each in found.items()}


def pieces(
    state: Path, tags: Sequence[str], start: int, end: int, *, newest: Sequence[Batch] = (), raw: bool = False
) -> Iterator[Rows]:
    """The same a row group or chunk at a time: archive first, each tag's readings in order of arrival."""
    wanted, kept = set(tags), lo.manifests(state)
    for manifest in kept:
        if manifest.start <= end and manifest.end >= start:
            yield from _of_file(manifest, wanted, start, end, raw=raw)
    known = known_sites(state)
    after = max((m.last for m in kept), default=-1)
    for batch, numbers in _unclosed(state, after, start, end, newest):
        rows = _of_batch(batch, numbers, known, wanted)
        yield _within(rows, start, end)


def _of_file(manifest: lo.Manifest, wanted: set[str], start: int, end: int, *, raw: bool) -> Iterator[Rows]:
    for group, tags in enumerate(manifest.groups):
        if some := wanted & set(tags):
            yield _within(pick(parquet.read(manifest.readings, group, raw=raw), some), start, end)


def _unclosed(
    state: Path, after: int, start: int, end: int, newest: Sequence[Batch]
) -> Iterable[tuple[Batch, NDArray[np.int64]]]:
    db = open_reader(state / "spool.db")
    try:
        yield from chunk_batches(db, after, start, end)
    finally:
        db.close()
    for batch in newest:
        yield batch, np.zeros(len(batch), np.int64)


def _of_batch(batch: Batch, numbers: NDArray[np.int64], known: Known, wanted: set[str]) -> Rows:
    tags: Mapping[str, tuple[str, ...]] = known.tags
    names = tags.get(batch.table, ())
    names += tuple(f"{batch.table}-{i}" for i in range(len(names), int(batch.tag.max(initial=-1)) + 1))
    rows = Rows(
        names, batch.tag, numbers, batch.source, batch.received, batch.value, batch.quality,
        np.ones(len(batch), np.bool_), batch.value, batch.quality, batch.source,
    )  # fmt: skip
    return pick(rows, wanted)


def _within(rows: Rows, start: int, end: int) -> Rows:
    inside = (rows.source >= start) & (rows.source <= end)
    return rows if inside.all() else rows.take(np.flatnonzero(inside))
