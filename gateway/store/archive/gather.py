"""From ``spool.db`` to rows: conditioned chunks, the inputs they came from, and which row is which.

Each conditioned reading that came from outside stands, in its input's order, before what the gateway made in the same
input. An input whose rows do not fit that (another tag table, a chunk of an older version) is kept whole instead.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import apsw
import numpy as np
from numpy.typing import NDArray

from gateway.model.batch import Batch, concat
from gateway.model.inputs import Numbered, Readings, encode, time_of
from gateway.store.archive.layout import CHINA_NS, DAY_NS, day_of
from gateway.store.archive.rows import Rows
from gateway.store.database import rows as select
from gateway.store.packing import Packer
from gateway.store.plant import unpack_inputs

PART_ROWS: Final = 1_000_000
"""a part ends here at the latest: about 200 MB while it is closed"""
ORDER: Final = "order"
"""kind of an input whose readings are in the readings' file: ``data`` is the order of their tags (int32)"""
WHOLE: Final = "whole"
"""kind of every other input: ``data`` is the input as encoded by :func:`gateway.model.inputs.encode`"""


@dataclass(frozen=True, slots=True)
class Ask:
    """The next part: ids behind ``after`` up to ``upto``; one that is of ``before`` or later must be full."""

    after: int
    upto: int
    before: str


@dataclass(slots=True)
class Part:
    """What one part holds."""

    day: str
    table: str
    first: int
    last: int
    rows: Rows
    inputs: dict[str, list[Any]] = field(default_factory=dict)
    lost: int = 0
    """readings of chunks that are damaged"""


@dataclass(frozen=True, slots=True)
class _Chunk:
    id: int
    first: int
    last: int
    batch: Batch
    spans: NDArray[np.int64]
    """(k, 2): input number, rows"""


def gather(db: apsw.Connection, ask: Ask, tags: Mapping[str, Sequence[str]]) -> Part | None:
    """The next part, of one day, one tag table and numbers that only grow; None when none is over.

    Args:
        tags: tag-table id -> tag ids in order; a table that is not known gives names by number.
    """
    chunks, over = _chunks(db, ask)
    if not chunks or not (over or day_of(int(chunks[0].batch.received.max())) < ask.before):
        return None
    batch = concat(chunks[0].batch.table, [c.batch for c in chunks])
    spans = np.concatenate([c.spans for c in chunks])
    number = np.repeat(spans[:, 0], spans[:, 1])
    last = chunks[-1].id
    inputs = list(_inputs(db, ask.after, last))
    named = _named(tags, batch)
    rows = Rows(
        named, batch.tag, number, batch.source, batch.received, batch.value, batch.quality,
        np.ones(len(batch), np.bool_), batch.value.copy(), batch.quality.copy(), batch.source.copy(),
    )  # fmt: skip
    rows, kinds = _matched(rows, batch.table, inputs, spans)
    day = day_of(int(chunks[0].batch.received.max()))
    return Part(day, batch.table, ask.after + 1, last, rows, kinds, _held(db, ask.after, last) - len(batch))


def _held(db: apsw.Connection, after: int, last: int) -> int:
    """Readings that the chunks behind ``after`` up to ``last`` say they hold."""
    ((count,),) = select(db, "SELECT sum(rows) FROM chunks WHERE id > ? AND id <= ?", after, last)
    return int(count)


def chunk_batches(
    db: apsw.Connection, after: int, start: int, end: int
) -> Iterator[tuple[Batch, NDArray[np.int64]]]:
    """Batches behind an id that may hold readings between two source times, each with its inputs' numbers by row."""
    packer = Packer()
    sql = "SELECT id FROM chunks WHERE id > ? AND last_time >= ? AND first_time <= ? ORDER BY id"
    for (key,) in select(db, sql, after, start, end):
        for row in _rows(db, key - 1, key, 1):
            chunk = _unpacked(packer, *row)
            yield chunk.batch, np.repeat(chunk.spans[:, 0], chunk.spans[:, 1])


def _named(tags: Mapping[str, Sequence[str]], batch: Batch) -> tuple[str, ...]:
    known = tuple(tags.get(batch.table, ()))
    most = int(batch.tag.max(initial=-1)) + 1
    return known + tuple(f"{batch.table}-{i}" for i in range(len(known), most))


def _chunks(db: apsw.Connection, ask: Ask) -> tuple[list[_Chunk], bool]:
    """Chunks of one part, and whether something shows that it is over. A damaged one holds up none behind it."""
    packer, found, count = Packer(), list[_Chunk](), 0
    after, day = ask.after, -1
    while page := _rows(db, after, ask.upto, 200):
        for row in page:
            after = row[0]
            try:
                chunk = _unpacked(packer, *row)
            except ValueError:  # counted by who gathers
                continue
            today = (int(row[4]) + CHINA_NS) // DAY_NS
            if found and (today != day or count >= PART_ROWS or not _goes_on(found[-1], chunk)):
                return found, True
            found.append(chunk)
            day, count = today, count + len(chunk.batch)
    return found, count >= PART_ROWS


def _goes_on(before: _Chunk, chunk: _Chunk) -> bool:
    return chunk.batch.table == before.batch.table and chunk.first > before.last


def _rows(db: apsw.Connection, after: int, upto: int, limit: int) -> list[tuple[Any, ...]]:
    sql = """SELECT c.id, c.first_input, c.last_input, c.data, c.received, s.data FROM chunks c
        LEFT JOIN spans s ON s.id = c.id WHERE c.id > ? AND c.id <= ? ORDER BY c.id LIMIT ?"""
    return select(db, sql, after, upto, limit)


def _unpacked(
    packer: Packer, key: int, first: int, last: int, data: bytes, _: int, spans: bytes | None
) -> _Chunk:
    batch = packer.unpack(data)
    alone = np.array([[last, len(batch)]], np.int64)
    try:
        known = packer.unpack_spans(spans, first) if spans else alone
    except ValueError:  # then it is not known which reading came with which input
        known = alone
    if int(known[:, 1].sum()) != len(batch):
        known = alone
    return _Chunk(key, first, last, batch, known)


def _inputs(db: apsw.Connection, after: int, last: int) -> Iterator[Numbered]:
    """Inputs kept under the ids behind ``after`` up to ``last``."""
    sql = "SELECT id, first, last, data FROM inputs WHERE id > ? ORDER BY id LIMIT 200"
    at = after
    while page := select(db, sql, at):
        for key, first, upto, data in page:
            offset = key - upto
            for entry in unpack_inputs(first, data):
                if after < entry.number + offset <= last:
                    yield entry
            at = key
            if first + offset > last:
                return


def _matched(
    rows: Rows, table: str, inputs: Sequence[Numbered], spans: NDArray[np.int64]
) -> tuple[Rows, dict[str, list[Any]]]:
    """Mark which rows came with which input; the inputs' own table."""
    starts = np.concatenate([[0], np.cumsum(spans[:, 1])[:-1]])
    place = {int(n): (int(at), int(size)) for (n, size), at in zip(spans.tolist(), starts, strict=True)}
    kinds: dict[str, list[Any]] = {"input": [], "time": [], "table": [], "kind": [], "data": []}
    came: list[NDArray[np.int64]] = []
    raws: list[Batch] = []
    for entry in inputs:
        item = entry.input
        kind, data = WHOLE, b""
        if isinstance(item, Readings) and item.batch.table == table and len(item.batch):
            at, size = place.get(entry.number, (0, 0))
            if _fits(rows, item.batch, at, size):
                kind, data = ORDER, item.batch.tag.tobytes()
                came.append(np.arange(at, at + len(item.batch)))
                raws.append(item.batch)
        for name, cell in zip(
            kinds, (entry.number, time_of(item), table, kind, data or encode(item)), strict=True
        ):
            kinds[name].append(cell)
    if came:
        which, raw = np.concatenate(came), concat(table, raws)
        rows.made[which] = False
        rows.raw[which], rows.raw_quality[which], rows.raw_source[which] = raw.value, raw.quality, raw.source
    return rows, kinds


def _fits(rows: Rows, raw: Batch, at: int, size: int) -> bool:
    if size < len(raw):
        return False
    some = slice(at, at + len(raw))
    return bool(np.array_equal(rows.tag[some], raw.tag) and np.array_equal(rows.received[some], raw.received))
