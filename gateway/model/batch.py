"""A batch of readings as named columns. Order of rows is order of arrival; kernels never sort."""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gateway.model.quality import Quality

#: column name -> little-endian dtype; the order is the order on disk.
COLUMNS: Final = (
    ("tag", "<i4"),
    ("source", "<i8"),
    ("received", "<i8"),
    ("value", "<f8"),
    ("quality", "<u1"),
)
ROW_BYTES: Final = sum(np.dtype(d).itemsize for _, d in COLUMNS)
_HEAD: Final = struct.Struct("<8sI")
_NATIVE: Final = tuple((n, np.dtype(np.dtype(d).type)) for n, d in COLUMNS)


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Readings in columns, all of one length, read-only.

    Attributes:
        table: id of the tag table (first 8 bytes of the config hash, hex) that ``tag`` indexes.
        tag: int32 index into the tag table.
        source: int64 ns, when the instrument measured it.
        received: int64 ns, when the gateway got it.
        value: float64 in the unit the tag's scaling expects (raw) or, after conditioning, in the tag's unit.
        quality: uint8, see :class:`gateway.model.quality.Quality`. NaN in ``value`` is storage, never meaning.
    """

    table: str
    tag: NDArray[np.int32]
    source: NDArray[np.int64]
    received: NDArray[np.int64]
    value: NDArray[np.float64]
    quality: NDArray[np.uint8]

    def __post_init__(self) -> None:
        shape = np.shape(self.tag)
        for name, dtype in _NATIVE:
            column = given = getattr(self, name)
            # Made several times for every poll and message: what is right already is only looked at.
            if type(given) is not np.ndarray or given.dtype is not dtype or not given.flags.c_contiguous:
                column = np.ascontiguousarray(given, dtype=dtype)
            if column.shape != shape or len(shape) != 1:
                raise ValueError(f"column {name!r} has shape {column.shape}, expected {shape}")
            if column is given and column.flags.writeable:
                column = column.view()
            if column is not given:
                object.__setattr__(self, name, column)
                column.setflags(write=False)

    def __len__(self) -> int:
        return len(self.tag)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Batch) and self.to_bytes() == other.to_bytes()

    def __hash__(self) -> int:
        return hash(self.to_bytes())

    def slice(self, start: int, stop: int) -> "Batch":
        """Rows ``start:stop``; no copy."""
        return Batch(self.table, *(getattr(self, n)[start:stop] for n, _ in COLUMNS))

    def to_bytes(self) -> bytes:
        """Columns one after another, little-endian, behind a 12-byte head (table id, rows)."""
        columns = (getattr(self, n).astype(d, copy=False).tobytes() for n, d in COLUMNS)
        return _HEAD.pack(self.table.encode().ljust(8)[:8], len(self)) + b"".join(columns)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Batch":
        """Inverse of :meth:`to_bytes`.

        Raises:
            ValueError: the length does not fit the head.
        """
        table, rows = _HEAD.unpack_from(data)
        if len(data) != _HEAD.size + rows * ROW_BYTES:
            raise ValueError(
                f"batch of {rows} rows needs {_HEAD.size + rows * ROW_BYTES} bytes, got {len(data)}"
            )
        columns, at = [], _HEAD.size
        for _, dtype in COLUMNS:
            columns.append(np.frombuffer(data, dtype, rows, at))
            at += rows * np.dtype(dtype).itemsize
        return cls(table.decode().rstrip(), *columns)

    @classmethod
    def empty(cls, table: str) -> "Batch":
        """A batch of no rows."""
        return cls(table, *(np.empty(0, d) for _, d in COLUMNS))


def concat(table: str, batches: Sequence[Batch]) -> Batch:
    """One batch of all rows, in order."""
    if len(batches) == 1:
        return batches[0]
    if not batches:
        return Batch.empty(table)
    return Batch(table, *(np.concatenate([getattr(b, n) for b in batches]) for n, _ in COLUMNS))


class Scan(NamedTuple):
    """What one poll of one device brought, in columns as of :class:`Batch`, not checked.

    ``at`` is both times: one, or one of each row. ``value`` is float64, or the bytes of ``dtype`` as they came. What is
    GOOD and no number (NaN, infinite) is the device's own not-a-number.
    """

    tag: NDArray[np.int32]
    at: int | NDArray[np.int64]
    value: NDArray[np.float64] | bytes
    quality: NDArray[np.uint8]
    dtype: str = "<f8"

    @property
    def time(self) -> int:
        """Of the first row."""
        return self.at if isinstance(self.at, int) else int(self.at[0])


def of_scans(table: str, scans: Sequence[Scan]) -> Batch:
    """One batch of all rows, in order: what many devices said is decoded in a few large steps, not in many small."""
    tags, moments, values, qualities, dtypes = zip(*scans, strict=True)
    value, quality = _values(scans, values, set(dtypes)), np.concatenate(qualities)
    finite = np.isfinite(value)
    if not finite.all():
        quality[~finite & (quality == Quality.GOOD)] = Quality.NOT_A_NUMBER
    at = _times(moments, list(map(len, tags)))
    return Batch(table, np.concatenate(tags), at, at, value, quality)


def _times(moments: Sequence[int | NDArray[np.int64]], counts: Sequence[int]) -> NDArray[np.int64]:
    if set(map(type, moments)) == {int}:
        return np.repeat(np.array(moments, np.int64), counts)
    return np.concatenate([np.broadcast_to(at, n) for at, n in zip(moments, counts, strict=True)])


def _values(
    scans: Sequence[Scan], values: Sequence[NDArray[np.float64] | bytes], dtypes: set[str]
) -> NDArray[np.float64]:
    if len(dtypes) == 1 and set(map(type, values)) == {bytes}:
        return np.frombuffer(b"".join(values), dtypes.pop()).astype(np.float64)  # type: ignore[arg-type]
    parts: list[NDArray[Any]] = []
    for dtype, run in groupby(scans, key=lambda s: s.dtype if isinstance(s.value, bytes) else ""):
        values = [s.value for s in run]
        parts += [np.frombuffer(b"".join(values), dtype)] if dtype else values  # type: ignore[arg-type]
    return np.concatenate(parts, dtype=np.float64)


def of_rows(table: str, rows: Iterable[tuple[int, int, int, float, int]]) -> Batch:
    """A batch from (tag, source, received, value, quality) rows; for tests and single messages."""
    columns = list(zip(*rows, strict=True)) or [(), (), (), (), ()]
    return Batch(table, *(np.array(c, d) for c, (_, d) in zip(columns, COLUMNS, strict=True)))
