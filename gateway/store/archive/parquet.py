"""Rows as a Parquet file and back, exactly. The only place of the store that knows pyarrow.

Columns (docs/archive.md shows them to others): ``tag``, ``input``, ``source``, ``delay`` (received - source, ns),
``quality``, ``digits``/``divisor``/``single`` (:mod:`.digits`), ``gain``/``offset``/``low``/``high`` (:mod:`.law`),
``raw`` and ``value`` only where these do not give them, ``raw_quality`` and ``raw_source`` only where conditioning
changed them, ``made``.

Why it is small: rows stand by tag, so a signal stands beside itself; one page a row group, so that zstd finds the times
of the first tag of a device again in the others (pages of 20,000 rows, the default, would hide them); times with their
bytes split. Measured in benchmarks/archive.py.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gateway.store.archive import digits as dg
from gateway.store.archive.law import PLAIN, Law, apply
from gateway.store.archive.rows import Rows

LEVEL: Final = 3
GROUP_TAGS: Final = 16
"""of a row group at least, and more while it has few rows: each group has a footer and dictionaries of its own"""
FEW_ROWS: Final = 20_000
GROUP_ROWS: Final = 1_000_000
_ONE_PAGE: Final = 1 << 30
_ENCODING: Final = {
    "input": "BYTE_STREAM_SPLIT",
    "source": "BYTE_STREAM_SPLIT",
    "delay": "BYTE_STREAM_SPLIT",
    "digits": "DELTA_BINARY_PACKED",
}
_DICTIONARY: Final = [
    "tag", "quality", "divisor", "single", "gain", "offset", "low", "high", "raw_quality", "made",
]  # fmt: skip


def load() -> tuple[ModuleType, ModuleType]:
    """``pyarrow`` and ``pyarrow.parquet``: 50 MB and a third of a second that only who reads history pays."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    return pa, pq


def groups(tags: Sequence[str], counts: Sequence[int]) -> list[list[str]]:
    """Which tags share a row group: neighbours in the tag list, which are asked together."""
    out: list[list[str]] = []
    size = GROUP_ROWS
    for tag, count in zip(tags, counts, strict=True):
        if not count:
            continue
        if size + count > GROUP_ROWS or (len(out[-1]) >= GROUP_TAGS and size >= FEW_ROWS):
            out.append([])
            size = 0
        out[-1].append(tag)
        size += count
    return out


def write(path: Path, blocks: Iterable[Rows], laws: Mapping[str, Law]) -> int:
    """One row group a block (its rows ordered by tag); the number of rows."""
    pa, pq = load()
    schema = _schema(pa)
    count = 0
    with pq.ParquetWriter(
        path, schema, compression="zstd", compression_level=LEVEL, use_dictionary=_DICTIONARY,
        column_encoding=_ENCODING, data_page_size=_ONE_PAGE, max_rows_per_page=_ONE_PAGE,
        write_page_checksum=True, version="2.6",
    ) as writer:  # fmt: skip
        for rows in blocks:
            writer.write_table(_table(pa, schema, rows, laws), row_group_size=max(1, len(rows)))
            count += len(rows)
    return count


def read(path: Path, group: int, *, raw: bool = False) -> Rows:
    """One row group; ``raw`` columns repeat the conditioned ones unless asked for.

    Raises:
        OSError, pyarrow.ArrowException: not to be read.
    """
    _, pq = load()
    with pq.ParquetFile(path, page_checksum_verification=True, read_dictionary=["tag"]) as file:
        names = (
            None if raw else [n for n in file.schema_arrow.names if n not in ("raw_quality", "raw_source")]
        )
        return _rows(file.read_row_group(group, columns=names, use_threads=False))


def group_count(path: Path) -> int:
    """Row groups of a file."""
    _, pq = load()
    with pq.ParquetFile(path) as file:
        return int(file.num_row_groups)


def write_inputs(path: Path, blocks: Iterable[Mapping[str, Sequence[Any]]]) -> int:
    """Blocks of ``input``, ``time``, ``table``, ``kind``, ``data`` columns; the number of rows."""
    pa, pq = load()
    schema = pa.schema([
        ("input", pa.int64()), ("time", pa.int64()), ("table", pa.string()), ("kind", pa.string()),
        ("data", pa.binary()),
    ])  # fmt: skip
    count = 0
    with pq.ParquetWriter(
        path, schema, compression="zstd", compression_level=LEVEL, use_dictionary=["table", "kind", "data"],
        column_encoding={"input": "DELTA_BINARY_PACKED", "time": "DELTA_BINARY_PACKED"},
        data_page_size=_ONE_PAGE, max_rows_per_page=_ONE_PAGE, write_page_checksum=True,
    ) as writer:  # fmt: skip
        for block in blocks:
            table = pa.table(dict(block), schema=schema)
            writer.write_table(table, row_group_size=max(1, len(table)))
            count += len(table)
    return count


def read_inputs(path: Path, columns: Sequence[str] | None = None) -> Iterator[dict[str, list[Any]]]:
    """What :func:`write_inputs` wrote, a row group at a time."""
    names = list(columns) if columns is not None else None
    _, pq = load()
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        for group in range(file.num_row_groups):
            yield file.read_row_group(group, columns=names, use_threads=False).to_pydict()


def _schema(pa: ModuleType) -> Any:
    stamp = pa.timestamp("ns", "UTC")
    return pa.schema([
        ("tag", pa.dictionary(pa.int32(), pa.string())), ("input", pa.int64()), ("source", stamp),
        ("delay", pa.int64()), ("quality", pa.uint8()), ("digits", pa.int64()), ("divisor", pa.float64()),
        ("single", pa.bool_()), ("gain", pa.float64()), ("offset", pa.float64()), ("low", pa.float64()),
        ("high", pa.float64()), ("raw", pa.float64()), ("value", pa.float64()), ("raw_quality", pa.uint8()),
        ("raw_source", stamp), ("made", pa.bool_()),
    ])  # fmt: skip


def _table(pa: ModuleType, schema: Any, rows: Rows, laws: Mapping[str, Law]) -> Any:
    n = len(rows)
    digits, divisor = np.zeros(n, np.int64), np.ones(n)
    single, there = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
    law = {name: np.full(n, getattr(PLAIN, name)) for name in ("gain", "offset", "low", "high")}
    edges = np.flatnonzero(np.diff(rows.tag)) + 1
    for first, last in zip([0, *edges.tolist()], [*edges.tolist(), n], strict=True) if n else ():
        some = slice(first, last)
        found = dg.find(rows.raw[some])
        digits[some], there[some] = found.digits, found.there
        divisor[some], single[some] = found.divisor, found.single
        known = laws.get(rows.tags[rows.tag[first]], PLAIN)
        came = ~rows.made[some]
        for name, column in law.items():
            column[some] = np.where(came, getattr(known, name), getattr(PLAIN, name))
    base = np.where(there, dg.numbers(digits, divisor, single), rows.raw)
    given = dg.same(apply(base, **law), rows.value)
    columns = {
        "tag": _names(pa, rows), "input": rows.input, "source": _stamps(pa, rows.source),
        "delay": rows.received - rows.source, "quality": rows.quality, "digits": _some(pa, digits, there),
        "divisor": divisor, "single": single,
        "gain": law["gain"], "offset": law["offset"], "low": _some(pa, law["low"], ~np.isnan(law["low"])),
        "high": _some(pa, law["high"], ~np.isnan(law["high"])), "raw": _some(pa, rows.raw, ~there),
        "value": _some(pa, rows.value, ~given),
        "raw_quality": _some(pa, rows.raw_quality, rows.raw_quality != rows.quality),
        "raw_source": _some(pa, rows.raw_source, rows.raw_source != rows.source).cast(pa.timestamp("ns", "UTC")),
        "made": rows.made,
    }  # fmt: skip
    return pa.table(columns, schema=schema)


def _names(pa: ModuleType, rows: Rows) -> Any:
    """Tag ids, with those in the dictionary that are there: it is written with every row group."""
    there, place = np.unique(rows.tag, return_inverse=True)
    names = [rows.tags[i] for i in there.tolist()]
    return pa.DictionaryArray.from_arrays(pa.array(place, pa.int32()), pa.array(names, pa.string()))


def _some(pa: ModuleType, column: NDArray[Any], there: NDArray[np.bool_]) -> Any:
    """The column, null where nothing is to be said."""
    return pa.array(column, mask=~there)


def _stamps(pa: ModuleType, column: NDArray[np.int64]) -> Any:
    return pa.array(column).cast(pa.timestamp("ns", "UTC"))


def _rows(table: Any) -> Rows:
    table = table.combine_chunks()
    get = {name: table.column(name) for name in table.column_names}
    n = len(table)
    tag = get["tag"].chunk(0) if n else None
    digits, there = _column(get["digits"], np.int64, 0)
    base = dg.numbers(
        digits, _column(get["divisor"], np.float64, 1.0)[0], _column(get["single"], np.bool_, 0)[0]
    )
    raw = np.where(there, base, _column(get["raw"], np.float64, np.nan)[0])
    law = [_column(get[name], np.float64, np.nan)[0] for name in ("gain", "offset", "low", "high")]
    value, said = _column(get["value"], np.float64, np.nan)
    value = np.where(said, value, apply(raw, *law))
    source = _column(get["source"], np.int64, 0)[0]
    quality = _column(get["quality"], np.uint8, 0)[0]
    return Rows(
        tuple(tag.dictionary.to_pylist()) if tag is not None else (),
        tag.indices.to_numpy(zero_copy_only=False).astype(np.int32) if tag is not None else np.empty(0, np.int32),
        _column(get["input"], np.int64, 0)[0], source,
        source + _column(get["delay"], np.int64, 0)[0], value, quality,
        _column(get["made"], np.bool_, 0)[0], raw,
        _else(get.get("raw_quality"), np.uint8, quality), _else(get.get("raw_source"), np.int64, source),
    )  # fmt: skip


def _column(column: Any, dtype: Any, fill: float) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Values (``fill`` where null) and where there are any."""
    import pyarrow as pa  # noqa: PLC0415

    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    there = np.ones(len(column), np.bool_)
    if column.null_count:
        there = column.is_valid().to_numpy(zero_copy_only=False)
        column = column.fill_null(pa.scalar(fill, column.type))
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype), there


def _else(column: Any, dtype: Any, default: NDArray[Any]) -> NDArray[Any]:
    if column is None:
        return default
    value, there = _column(column, dtype, 0)
    return np.where(there, value, default)


def write_plain(path: Path, blocks: Iterable[Rows]) -> int:
    """Rows as anybody reads them: tag, source, received, value (null where there is none), quality, input."""
    pa, pq = load()
    stamp = pa.timestamp("ns", "UTC")
    schema = pa.schema([
        ("tag", pa.string()), ("source", stamp), ("received", stamp), ("value", pa.float64()),
        ("quality", pa.uint8()), ("input", pa.int64()),
    ])  # fmt: skip
    count = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for rows in blocks:
            tag = pa.DictionaryArray.from_arrays(pa.array(rows.tag), pa.array(rows.tags, pa.string()))
            columns = {
                "tag": tag.cast(pa.string()), "source": _stamps(pa, rows.source),
                "received": _stamps(pa, rows.received), "value": _some(pa, rows.value, ~np.isnan(rows.value)),
                "quality": rows.quality, "input": rows.input,
            }  # fmt: skip
            writer.write_table(pa.table(columns, schema=schema))
            count += len(rows)
    return count
