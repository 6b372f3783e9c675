"""What the archive gives up when it must, and in which order.

1. Days older than ``keep`` go (``unheld``).
2. Beyond ``max_bytes`` the oldest whole day is *thinned*: of each tag and minute its first, last, lowest and highest
   reading stay, and each where the quality changed. Then the next, up to the newest.
3. Still too much: the oldest days go.

Around a red alarm every reading stays, from ``hold`` before it was raised to ``hold`` after its last event, through all
three. What remains of a day is a folder like any other; of one that is gone a manifest stays that says so. Alarms and
events are in the journal and never touched.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import apsw
import numpy as np
from numpy.typing import NDArray

from gateway.model.events import Event
from gateway.model.levels import Level
from gateway.model.times import NS
from gateway.model.wire import parse
from gateway.store.archive import layout as lo
from gateway.store.archive import parquet
from gateway.store.archive.close import all_laws, known_sites, sizes
from gateway.store.archive.gather import WHOLE
from gateway.store.archive.law import Law
from gateway.store.archive.rows import Rows
from gateway.store.database import open_reader
from gateway.store.database import rows as select

BUCKET: Final = 60 * NS
THIN: Final = "of each minute first, last, lowest, highest and changed quality; whole around red alarms"
HELD: Final = "only what is held around red alarms"
GONE: Final = "gone"
_RED: Final = b'"level":"red"'
_TICK: Final = b'J["tick"'


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits of the archive. ``keep`` and ``hold`` ns; ``now`` ns."""

    max_bytes: int
    keep: int
    hold: int
    now: int


@dataclass(frozen=True, slots=True)
class Kept:
    """What :func:`bound` did: days rewritten, and whether it is still too large (all that is left is held)."""

    days: list[str]
    over: bool


Windows = NDArray[np.int64]
"""(n, 2): first and last source time, both inside"""


def bound(state: Path, bounds: Bounds) -> Kept:
    """Keep to the limits, oldest first.

    Raises:
        OSError, apsw.Error, pyarrow.ArrowException: the disk, or a damaged file.
    """
    held, days = red_windows(state, bounds.hold), []
    law = all_laws(known_sites(state))
    for manifest, how in _due(state, bounds):
        _rewrite(state, manifest, how, held, law)
        days.append(manifest.day)
    return Kept(days, sum(m.bytes for m in lo.manifests(state)) > bounds.max_bytes)


def _due(state: Path, bounds: Bounds) -> Iterator[tuple[lo.Manifest, str]]:
    """What is next, looked up anew each time: the last rewriting may have been enough."""
    oldest = lo.day_of(bounds.now - bounds.keep)
    for manifest in _days(state):
        if manifest.day < oldest and manifest.thinned not in (HELD, GONE):
            yield manifest, HELD
    for wanted, how in (("",), THIN), (("", THIN), HELD):
        for manifest in _days(state):
            if sum(m.bytes for m in lo.manifests(state)) <= bounds.max_bytes:
                return
            if manifest.thinned in wanted:
                yield manifest, how


def _days(state: Path) -> list[lo.Manifest]:
    return [m for m in lo.manifests(state) if m.closed]


def red_windows(state: Path, hold: int) -> Windows:
    """Spans around each red process alarm of the journal, ``hold`` ns before the first and after its last event."""
    spans: dict[str, tuple[int, int]] = {}
    db = open_reader(state / "plant.db")
    try:
        for event in _red(db):
            first, last = spans.get(event.id, (event.time, event.time))
            spans[event.id] = min(first, event.time), max(last, event.time)
    finally:
        db.close()
    found = [(first - hold, last + hold) for first, last in spans.values()]
    return np.array(found, np.int64).reshape(-1, 2)


def _red(db: apsw.Connection) -> Iterator[Event]:
    after, sql = 0, "SELECT seq, data FROM journal WHERE seq > ? AND instr(data, ?) ORDER BY seq LIMIT 1000"
    while page := select(db, sql, after, _RED):
        for seq, data in page:
            event = parse(data).event
            if event.level is Level.RED and event.id and not event.fault:
                yield event
            after = seq


def inside(source: NDArray[np.int64], windows: Windows) -> NDArray[np.bool_]:
    """Which times are in any of the windows."""
    out = np.zeros(len(source), np.bool_)
    for first, last in windows.tolist():
        out |= (source >= first) & (source <= last)
    return out


def thin(rows: Rows) -> NDArray[np.bool_]:
    """Which rows stay (:data:`THIN`). ``rows`` are ordered by tag."""
    n = len(rows)
    keep = np.zeros(n, np.bool_)
    if not n:
        return keep
    bucket = rows.source // BUCKET
    edge = np.concatenate([[True], (np.diff(rows.tag) != 0) | (np.diff(bucket) != 0)])
    first = np.flatnonzero(edge)
    keep[first] = True
    keep[np.append(first[1:], n) - 1] = True
    group = np.cumsum(edge) - 1
    for value in (rows.value, -rows.value):
        filled = np.where(np.isnan(value), np.inf, value)
        order = np.lexsort((filled, group))
        keep[order[np.flatnonzero(np.diff(group[order], prepend=-1))]] = True
    changed = np.diff(rows.quality.astype(np.int16), prepend=-1) != 0
    keep |= changed
    return keep


def _rewrite(
    state: Path, manifest: lo.Manifest, how: str, held: Windows, laws: Mapping[str, Law]
) -> lo.Manifest:
    new = lo.prepare(manifest.folder)
    mine = held[(held[:, 1] >= manifest.start) & (held[:, 0] <= manifest.end)]
    count = 0
    if how == THIN or len(mine):
        count = parquet.write(new / lo.READINGS, _kept(manifest, how, mine), laws)
        blocks = parquet.read_inputs(manifest.folder / lo.INPUTS)
        parquet.write_inputs(new / lo.INPUTS, map(_others, blocks))
    if not count:
        for path in new.iterdir():
            path.unlink()
    kept = replace(
        manifest, rows=count, lost=manifest.lost + manifest.rows - count, thinned=how if count else GONE,
        groups=manifest.groups if count else [], **sizes(new),
    )  # fmt: skip
    return lo.publish(new, lo.day_folder(state, manifest.day), kept)


def _kept(manifest: lo.Manifest, how: str, held: Windows) -> Iterator[Rows]:
    for group in range(len(manifest.groups)):
        rows = parquet.read(manifest.readings, group, raw=True)
        which = inside(rows.source, held)
        if how == THIN:
            which |= thin(rows)
        yield rows.take(np.flatnonzero(which))


def _others(block: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
    """Inputs that are neither readings nor ticks: what people did, what was lost. Exact replay is over."""
    kept = [
        i
        for i, (kind, data) in enumerate(zip(block["kind"], block["data"], strict=True))
        if kind == WHOLE and data[:1] == b"J" and not data.startswith(_TICK)
    ]
    return {name: [cells[i] for i in kept] for name, cells in block.items()}
