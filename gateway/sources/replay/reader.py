"""Opens recordings and reads them piece by piece; nothing is held but the piece."""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from gateway.model.errors import Misconfigured
from gateway.sources.replay import decode
from gateway.sources.replay.config import Settings
from gateway.sources.replay.decode import Columns

CELLS: Final = 20_000
"""Cells a piece, about 10 ms: the event loop is not kept longer."""
Row = tuple[int, int, int, float, int]


def pieces(settings: Settings, rows_of: Mapping[str, int]) -> Iterator[Columns]:
    """Readings of the wanted columns or tags (name -> row in the tag table), in the order of the file.

    Raises:
        Misconfigured: the file, a column or a time is not as said; with file, line and what is allowed.
    """
    reader = _parquet if settings.kind_of_file == "parquet" else _csv
    latest = -(1 << 63)
    for each in reader(settings, rows_of):
        # Arrival order is the order: what is recorded with an older time arrived after what stands before it.
        received = np.maximum.accumulate(np.maximum(each.received, latest))
        if len(each):
            latest = int(received[-1])
            yield Columns(each.tag, each.source, received, each.value, each.quality)


def _csv(settings: Settings, rows_of: Mapping[str, int]) -> Iterator[Columns]:
    try:
        with settings.path.open(encoding=settings.encoding, newline="") as file:
            lines = csv.reader(file, delimiter=settings.delimiter, strict=True)
            header = [name.strip() for name in next(lines, [])]
            take = (_wide if settings.layout == "wide" else _long)(settings, header, rows_of)
            length = max(1, CELLS // max(1, len(header)))
            while some := list(islice(lines, length)):
                yield _columns(settings, some, take, lines.line_num - len(some))
    except (OSError, UnicodeError, csv.Error) as error:
        raise Misconfigured(f"{settings.path}: {error}") from error


Take = Callable[[Sequence[str]], list[Row]]


def _columns(settings: Settings, lines: list[list[str]], take: Take, before: int) -> Columns:
    rows: list[Row] = []
    for number, cells in enumerate(lines, before + 1):
        if not cells:
            continue
        try:
            rows += take(cells)
        except (ValueError, IndexError, OverflowError) as error:
            raise Misconfigured(f"{settings.path}:{number}: {error}") from error
    tag, source, received, value, quality = zip(*rows, strict=True) if rows else ((),) * 5
    return Columns(
        np.array(tag, np.int32),
        np.array(source, np.int64),
        np.array(received, np.int64),
        np.array(value, np.float64),
        np.array(quality, np.uint8),
    )


def _place(settings: Settings, header: Sequence[str], name: str) -> int:
    if name not in header:
        raise Misconfigured(f"{settings.path}:1: no column {name!r}; allowed: {', '.join(header)}")
    if header.count(name) > 1:
        raise Misconfigured(f"{settings.path}:1: column {name!r} twice; allowed: each name once")
    return header.index(name)


def _times(settings: Settings, header: Sequence[str]) -> Callable[[Sequence[str]], tuple[int, int]]:
    at = _place(settings, header, settings.time_column)
    came = _place(settings, header, settings.received_column) if settings.received_column else None
    unit = settings.time_unit

    def times(cells: Sequence[str]) -> tuple[int, int]:
        source = decode.moment(cells[at], unit)
        return source, source if came is None else decode.moment(cells[came], unit)

    return times


def _wide(settings: Settings, header: Sequence[str], rows_of: Mapping[str, int]) -> Take:
    times = _times(settings, header)
    wanted = [(_place(settings, header, name), row) for name, row in rows_of.items()]

    def take(cells: Sequence[str]) -> list[Row]:
        source, received = times(cells)
        return [(row, source, received, *decode.value(cells[at])) for at, row in wanted if cells[at]]

    return take


def _long(settings: Settings, header: Sequence[str], rows_of: Mapping[str, int]) -> Take:
    times = _times(settings, header)
    tag_at, value_at = (_place(settings, header, n) for n in (settings.tag_column, settings.value_column))
    quality_at = _place(settings, header, settings.quality_column) if settings.quality_column else None

    def take(cells: Sequence[str]) -> list[Row]:
        row = rows_of.get(cells[tag_at])
        if row is None:
            return []
        said = decode.quality(cells[quality_at]) if quality_at is not None else 0
        number, quality = decode.value(cells[value_at] or "nan")
        return [(row, *times(cells), number, max(said, quality))]

    return take


def _parquet(settings: Settings, rows_of: Mapping[str, int]) -> Iterator[Columns]:
    import pyarrow as pa  # noqa: PLC0415 - 100 MB that a gateway without replays need not load
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        with pq.ParquetFile(settings.path) as file:
            for name in _needed(settings, rows_of):
                _place(settings, file.schema_arrow.names, name)
            columns = list(_needed(settings, rows_of))
            length = max(1, 10 * CELLS // len(columns))
            for piece in file.iter_batches(batch_size=length, columns=columns):
                yield (_wide_piece if settings.layout == "wide" else _long_piece)(settings, piece, rows_of)
    except (OSError, pa.ArrowException) as error:
        raise Misconfigured(f"{settings.path}: {error}") from error


def _needed(settings: Settings, rows_of: Mapping[str, int]) -> dict[str, None]:
    names = [settings.time_column, settings.received_column]
    if settings.layout == "wide":
        names += rows_of
    else:
        names += [settings.tag_column, settings.value_column, settings.quality_column]
    return dict.fromkeys(n for n in names if n)


def _wide_piece(settings: Settings, piece: Any, rows_of: Mapping[str, int]) -> Columns:
    source, received = _piece_times(settings, piece)
    values = np.stack([_floats(piece.column(name)) for name in rows_of], axis=1)
    there = np.stack([_valid(piece.column(name)) for name in rows_of], axis=1)
    line, column = np.nonzero(there)
    value = values[line, column]
    tag = np.fromiter(rows_of.values(), np.int32)[column]
    return Columns(
        tag, source[line], received[line], value, decode.worst(value, np.zeros(len(value), np.uint8))
    )


def _long_piece(settings: Settings, piece: Any, rows_of: Mapping[str, int]) -> Columns:
    source, received = _piece_times(settings, piece)
    tags = piece.column(settings.tag_column).to_pylist()
    tag = np.fromiter((rows_of.get(t, -1) for t in tags), np.int32, len(tags))
    value = _floats(piece.column(settings.value_column))
    said = np.zeros(len(tag), np.uint8)
    if settings.quality_column:
        words = piece.column(settings.quality_column).to_pylist()
        said = np.array([decode.quality("" if w is None else str(w)) for w in words], np.uint8)
    mine = tag >= 0
    return Columns(tag[mine], source[mine], received[mine], value[mine], decode.worst(value, said)[mine])


def _piece_times(settings: Settings, piece: Any) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    source = _nanoseconds(settings, piece.column(settings.time_column))
    if not settings.received_column:
        return source, source
    return source, _nanoseconds(settings, piece.column(settings.received_column))


def _nanoseconds(settings: Settings, column: Any) -> NDArray[np.int64]:
    import pyarrow as pa  # noqa: PLC0415

    if column.null_count:
        raise Misconfigured(f"{settings.path}: empty cells in a column of times")
    if pa.types.is_timestamp(column.type):
        found = column.cast(pa.timestamp("ns", column.type.tz)).cast(pa.int64())
        return cast("NDArray[np.int64]", found.to_numpy(zero_copy_only=False))
    try:
        return np.array(
            [decode.moment(str(cell), settings.time_unit) for cell in column.to_pylist()], np.int64
        )
    except (ValueError, OverflowError) as error:
        raise Misconfigured(f"{settings.path}: {error}") from error


def _floats(column: Any) -> NDArray[np.float64]:
    import pyarrow as pa  # noqa: PLC0415

    return cast("NDArray[np.float64]", column.cast(pa.float64()).to_numpy(zero_copy_only=False))


def _valid(column: Any) -> NDArray[np.bool_]:
    return cast("NDArray[np.bool_]", column.is_valid().to_numpy(zero_copy_only=False))
