"""History as it arrived: raw readings of some tags in order, archive first, then what is not archived yet."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gateway.model.inputs import Readings, time_of
from gateway.store import plant
from gateway.store.archive import layout as lo
from gateway.store.archive import parquet
from gateway.store.archive.close import known_sites, pick
from gateway.store.archive.replay import SLICE_ROWS
from gateway.store.archive.rows import Rows, join
from gateway.store.database import open_reader
from gateway.store.database import rows as select

TAIL: Final = 2_000
"""inputs of the spool made into one piece"""


@dataclass(frozen=True, slots=True, eq=False)
class Arrived:
    """``rows`` in order of arrival, as they came (``raw``, ``raw_quality``, ``raw_source``); ``last``: engine time
    after the last input of the piece, ns, also when its readings are of other tags.
    """

    rows: Rows
    last: int


def arrivals(state: Path, tags: Sequence[str]) -> Iterator[Arrived]:
    """Everything there is of these tags that can be judged anew. Errors as of :func:`gateway.store.archive.read`."""
    wanted = set(tags)
    for manifest in lo.manifests(state):
        if not manifest.thinned:
            yield from _archived(manifest, wanted)
    yield from _tail(state, wanted)


def named(state: Path) -> tuple[str, ...]:
    """Ids of all tags that there may be readings of."""
    kept = lo.manifests(state)
    names = dict.fromkeys(tag for m in kept for group in m.groups for tag in group)
    for tags in known_sites(state).tags.values():
        names |= dict.fromkeys(tags)
    return tuple(names)


def _archived(manifest: lo.Manifest, wanted: set[str]) -> Iterator[Arrived]:
    slices = max(1, -(-manifest.rows // SLICE_ROWS))
    edges = np.linspace(manifest.first_input, manifest.last_input + 1, slices + 1).astype(np.int64).tolist()
    numbers, times = _clock(manifest)
    for low, high in pairwise(edges):
        found = []
        for group, tags in enumerate(manifest.groups):
            if some := wanted & set(tags):
                rows = pick(parquet.read(manifest.readings, group, raw=True), some)
                found.append(
                    rows.take(np.flatnonzero(~rows.made & (rows.input >= low) & (rows.input < high)))
                )
        inside = times[(numbers >= low) & (numbers < high)]
        if len(inside):
            yield Arrived(_in_order(join(found)), int(inside.max()))


def _clock(manifest: lo.Manifest) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    blocks = list(parquet.read_inputs(manifest.folder / lo.INPUTS, ["input", "time"]))
    return tuple(np.array([x for b in blocks for x in b[name]], np.int64) for name in ("input", "time"))  # type: ignore[return-value]


def _in_order(rows: Rows) -> Rows:
    return rows.take(np.lexsort((np.arange(len(rows)), rows.tag, rows.input)))


def _tail(state: Path, wanted: set[str]) -> Iterator[Arrived]:
    """Inputs that are in ``spool.db`` and ``plant.db`` alone."""
    tags, kept = known_sites(state).tags, lo.manifests(state)
    run, last = list[Rows](), 0
    for number, batch_rows, time in _inputs(state, max((m.last for m in kept), default=-1), tags, wanted):
        last = max(last, time)
        if batch_rows is not None:
            run.append(batch_rows)
        if len(run) >= TAIL:
            yield Arrived(_in_order(join(run)), last)
            run = []
        del number
    if run or last:
        yield Arrived(_in_order(join(run)), last)


def _inputs(
    state: Path, after: int, tags: Mapping[str, Sequence[str]], wanted: set[str]
) -> Iterator[tuple[int, Rows | None, int]]:
    done = -1
    db = open_reader(state / "spool.db")
    try:
        groups = select(db, "SELECT first, last, data FROM inputs WHERE id > ? ORDER BY id", after)
        archived = int(dict(select(db, "SELECT key, value FROM meta")).get("kept_input", 0))
    finally:
        db.close()
    for first, last, data in groups:
        for entry in plant.unpack_inputs(first, data):
            yield entry.number, _rows(entry.input, entry.number, tags, wanted), time_of(entry.input)
        done = last
    db = open_reader(state / "plant.db")
    try:
        for entry in plant.read_inputs(db, max(done, archived)):
            yield entry.number, _rows(entry.input, entry.number, tags, wanted), time_of(entry.input)
    finally:
        db.close()


def _rows(item: object, number: int, tags: Mapping[str, Sequence[str]], wanted: set[str]) -> Rows | None:
    if not isinstance(item, Readings) or not len(item.batch):
        return None
    b, names = item.batch, tuple(tags.get(item.batch.table, ()))
    if int(b.tag.max()) >= len(names):
        return None
    came = np.zeros(len(b), np.bool_)
    rows = Rows(
        names, b.tag, np.full(len(b), number), b.source, b.received, b.value, b.quality, came,
        b.value, b.quality, b.source,
    )  # fmt: skip
    return pick(rows, wanted)
