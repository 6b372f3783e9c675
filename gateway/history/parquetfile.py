"""Recordings in Parquet: row group by row group, straight into columns."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from gateway.history.form import Clock, Form, Layout, found, missing, offset_of
from gateway.history.kernels import turn
from gateway.history.pieces import Arrival, Long, Piece
from gateway.history.wide import ALL_GOOD, NO_GAPS, Wide
from gateway.model.errors import Fault, Misconfigured
from gateway.model.quality import Quality
from gateway.sources.replay import decode

TILE: Final = 64
"""columns that are turned into lines at once: 512 bytes of each line"""
CELLS: Final = 16_000_000
"""Cells in memory at once, 128 MB; a larger row group is read in slices of this size."""


def read_header(path: Path) -> list[str]:
    """Names of the columns.

    Raises:
        Misconfigured: it cannot be read.
    """
    with _open(path) as file:
        return list(file.schema_arrow.names)


def layout(path: Path, form: Form) -> Layout:
    """``wide`` or ``long``."""
    return found(form, path, read_header(path)).layout


def columns(path: Path, form: Form) -> list[str]:
    """Names of the tags: of the columns, or those in the tag column."""
    header = read_header(path)
    known = found(form, path, header)
    if known.layout == "wide":
        return [n for n in header if n not in (known.time, known.received)]
    names = dict[str, None]()
    with _open(path, dictionary=known.tag) as file:
        for batch in _batches(path, file, [known.tag], 1 << 20):
            names.update((str(n), None) for n in batch.column(0).unique().to_pylist() if n is not None)
    return list(names)


def pieces(
    path: Path, form: Form, rows_of: Mapping[str, int], line: int, arrival: Arrival
) -> Iterator[Piece]:
    """Readings of the wanted tags; ``line`` is the number of the file's first line in the recording."""
    header = read_header(path)
    known = found(form, path, header)
    clock = Clock(known)
    if known.layout == "long":
        yield from _long(path, known, rows_of, clock, line, arrival)
        return
    gone = rows_of.keys() - set(header)
    if gone:
        raise missing(path, "tag", min(gone), header)
    ranks = np.array([i for i, n in enumerate(header) if n in rows_of], np.int64)
    names = [header[i] for i in ranks.tolist()]
    tags = np.array([rows_of[n] for n in names], np.int32)
    needed = _times_of(known)
    with _open(path) as file:
        for table in _batches(path, file, [*needed, *names], max(1, CELLS // max(1, len(names)))):
            source, received = _times(path, known, clock, table)
            block, there, quality = _blocks(table, names, len(source))
            yield Wide(
                received=arrival(received), source=source, tags=tags, ranks=ranks, block=block, there=there,
                quality=quality, line=line, width=len(header),
            )  # fmt: skip
            line += len(source)


def lines(path: Path) -> int:
    """Number of lines, without reading them."""
    with _open(path) as file:
        return int(file.metadata.num_rows)


def _blocks(
    table: Any, names: Sequence[str], length: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.uint8]]:
    """Values, what is there, qualities, all (lines, columns). Cells without a value are empty; NaN is a reading, and
    BAD.
    """
    block, tile = np.empty((length, len(names))), np.empty((TILE, length))
    there, quality = NO_GAPS, ALL_GOOD
    for first in range(0, len(names), TILE):
        some = names[first : first + TILE]
        for i, name in enumerate(some):
            column = table.column(name)
            tile[i], words = _floats(column)
            if column.null_count:
                there = there if there.size else np.ones(block.shape, np.bool_)
                there[:, first + i] = column.is_valid().to_numpy(zero_copy_only=False)
            if words is not None:
                quality = quality if quality.size else np.zeros(block.shape, np.uint8)
                quality[:, first + i] = words
        turn(tile[: len(some)], block, first)
    return block, there, quality


def _long(
    path: Path, form: Form, rows_of: Mapping[str, int], clock: Clock, line: int, arrival: Arrival
) -> Iterator[Long]:
    needed = [*_times_of(form), form.tag, form.value] + ([form.quality] if form.quality else [])
    with _open(path, dictionary=form.tag) as file:
        for table in _batches(path, file, needed, CELLS // 4):
            tag = _rows(table.column(form.tag), rows_of)
            mine = np.flatnonzero(tag >= 0)
            source, received = _times(path, form, clock, table)
            value, words = _floats(table.column(form.value))
            said = np.zeros(len(tag), np.uint8) if words is None else words
            if form.quality:
                said = np.maximum(said, _qualities(path, table.column(form.quality)))
            came = arrival(received)[mine]
            yield Long(tag[mine], source[mine], came, value[mine], said[mine], mine + line, arrival.last)
            line += len(tag)


def _rows(column: Any, rows_of: Mapping[str, int]) -> NDArray[np.int32]:
    """Row in the tag table of each cell, -1 for tags that are not wanted."""
    import pyarrow as pa  # noqa: PLC0415

    if not pa.types.is_dictionary(column.type):
        column = column.cast(pa.string()).dictionary_encode()
    names = column.dictionary.to_pylist()
    table = np.array([*(rows_of.get(str(n), -1) for n in names), -1], np.int32)
    codes = column.indices.fill_null(len(names)).to_numpy(zero_copy_only=False)
    return cast("NDArray[np.int32]", table[codes])


def _floats(column: Any) -> tuple[NDArray[np.float64], NDArray[np.uint8] | None]:
    """Numbers, NaN where a cell is empty; for text also the qualities of its cells."""
    import pyarrow as pa  # noqa: PLC0415

    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        read = [decode.value(c) if c else (np.nan, int(Quality.NOT_A_NUMBER)) for c in column.to_pylist()]
        return np.array([v for v, _ in read], np.float64), np.array([q for _, q in read], np.uint8)
    if not pa.types.is_float64(column.type):
        column = column.cast(pa.float64())
    return cast("NDArray[np.float64]", column.to_numpy(zero_copy_only=False)), None


def _qualities(path: Path, column: Any) -> NDArray[np.uint8]:
    import pyarrow as pa  # noqa: PLC0415

    if pa.types.is_uint8(column.type) and not column.null_count:
        return cast("NDArray[np.uint8]", column.to_numpy(zero_copy_only=False))
    try:
        cells = [decode.quality("" if w is None else str(w)) for w in column.to_pylist()]
    except ValueError as error:
        raise _unreadable(path, error) from error
    return np.array(cells, np.uint8)


def _times_of(form: Form) -> list[str]:
    return list(dict.fromkeys(n for n in (form.time, form.received) if n))


def _times(
    path: Path, form: Form, clock: Clock, table: Any
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:  # fmt: skip
    source = _nanoseconds(path, form, clock, table.column(form.time))
    if not form.received:
        return source, source
    return source, _nanoseconds(path, form, clock, table.column(form.received))


def _nanoseconds(path: Path, form: Form, clock: Clock, column: Any) -> NDArray[np.int64]:
    import pyarrow as pa  # noqa: PLC0415

    if column.null_count:
        raise _unreadable(path, "empty cells in a column of times")
    if pa.types.is_timestamp(column.type):
        zone = column.type.tz
        found_ns = column.cast(pa.timestamp("ns", zone)).cast(pa.int64()).to_numpy(zero_copy_only=False)
        return cast("NDArray[np.int64]", found_ns if zone else found_ns - offset_of(form.zone))
    try:
        return np.array([clock(str(cell)) for cell in column.to_pylist()], np.int64)
    except (ValueError, OverflowError) as error:
        raise _unreadable(path, error) from error


def _open(path: Path, dictionary: str = "") -> Any:
    import pyarrow as pa  # noqa: PLC0415 - 100 MB that only histories need
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        return pq.ParquetFile(path, read_dictionary=[dictionary] if dictionary else None)
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(path, error) from error


def _batches(path: Path, file: Any, names: Sequence[str], most: int) -> Iterator[Any]:
    """Row groups as record batches: whole, or in slices of ``most`` lines."""
    import pyarrow as pa  # noqa: PLC0415

    try:
        for group in range(file.num_row_groups):
            table = file.read_row_group(group, columns=list(names), use_threads=False)
            yield from table.combine_chunks().to_batches(max_chunksize=most)
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: object) -> Misconfigured:
    return Misconfigured([Fault(str(path), None, "file", str(error), "a readable Parquet file")])
