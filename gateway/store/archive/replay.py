"""The archive as what it was made of: numbered inputs, exactly as the engine stepped over them.

Readings stand by tag in one file and the order of tags within each input in the other; here they meet again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gateway.model.batch import Batch
from gateway.model.inputs import Numbered, Readings, decode
from gateway.store.archive import layout as lo
from gateway.store.archive import parquet
from gateway.store.archive.close import Mismatch, known_sites
from gateway.store.archive.gather import ORDER
from gateway.store.archive.rows import Rows, join

SLICE_ROWS: Final = 4_000_000
"""readings in memory at once; a larger day is read several times, an input range each"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One input of the archive; ``table`` is the tag table that was in force."""

    numbered: Numbered
    table: str


def replay(state: Path) -> Iterator[Entry]:
    """All inputs that are archived, in order. Where the archive has a hole the numbers have one too.

    Raises:
        Mismatch: a file does not hold what another says it does.
        Misconfigured: no pyarrow.
        OSError, apsw.Error, pyarrow.ArrowException: the disk, or a damaged file.
    """
    tags = known_sites(state).tags
    for manifest in lo.manifests(state):
        yield from _one(manifest, tags)


def _one(manifest: lo.Manifest, tags: Mapping[str, Sequence[str]]) -> Iterator[Entry]:
    slices = max(1, -(-manifest.rows // SLICE_ROWS))
    edges = np.linspace(manifest.first_input, manifest.last_input + 1, slices + 1).astype(np.int64).tolist()
    for low, high in pairwise(edges):
        rows = _came(manifest, low, high)
        for block in parquet.read_inputs(manifest.folder / lo.INPUTS):
            yield from _entries(block, rows, tags, low, high)


def _came(manifest: lo.Manifest, low: int, high: int) -> Rows:
    """Readings that came with inputs ``low`` to ``high`` (not inside), by input, then tag."""
    found = []
    for group in range(len(manifest.groups)):
        rows = parquet.read(manifest.readings, group, raw=True)
        found.append(rows.take(np.flatnonzero(~rows.made & (rows.input >= low) & (rows.input < high))))
    rows = join(found)
    return rows.take(np.lexsort((np.arange(len(rows)), rows.tag, rows.input)))


def _entries(
    block: Mapping[str, Sequence[Any]], rows: Rows, tags: Mapping[str, Sequence[str]], low: int, high: int
) -> Iterator[Entry]:
    places: dict[str, NDArray[np.int32]] = {}
    columns = zip(*(block[name] for name in ("input", "table", "kind", "data")), strict=True)
    for number, table, kind, data in columns:
        if not low <= number < high:
            continue
        if kind != ORDER:
            yield Entry(Numbered(number, decode(data)), table)
            continue
        if table not in places:
            places[table] = _places(rows.tags, table, tags.get(table, ()))
        yield Entry(Numbered(number, Readings(_batch(number, table, data, rows, places[table]))), table)


def _places(names: Sequence[str], table: str, tags: Sequence[str]) -> NDArray[np.int32]:
    """Row of the tag table of each name."""
    known = {tag: i for i, tag in enumerate(tags)}
    return np.array([known[n] if n in known else _numbered(n, table) for n in names], np.int32)


def _numbered(name: str, table: str) -> int:
    head, _, number = name.rpartition("-")
    return int(number) if head == table and number.isdigit() else -1


def _batch(number: int, table: str, data: bytes, rows: Rows, places: NDArray[np.int32]) -> Batch:
    order = np.frombuffer(data, "<i4")
    first, last = np.searchsorted(rows.input, [number, number + 1]).tolist()
    tag = places[rows.tag[first:last]]
    # The n-th reading of a tag in the order is the n-th of that tag in the file.
    ours, theirs = np.argsort(tag, kind="stable"), np.argsort(order, kind="stable")
    if not np.array_equal(tag[ours], order[theirs]):
        raise Mismatch(f"input {number}: its readings are not those that its order names")
    which = np.empty(len(order), np.int64)
    which[theirs] = first + ours
    return Batch(
        table, order, rows.raw_source[which], rows.received[which], rows.raw[which], rows.raw_quality[which]
    )
