"""A batch as few bytes, exactly: columns as differences, bytes of like weight together, zstd level 1 with a checksum.

Measured on 1,000 readings of 20 devices: 29,000 bytes become 5,750 in 16 us, against 7,950 in 36 us for zstd
on the bare columns. Level 3 gains 1 %.

``u8 layout, 8 bytes table id, u32 rows``, then one zstd frame of: tag differences (int32), source time
differences (int64 ns), received minus source (int64 ns), value (float64), each with its bytes shuffled, and
quality.
"""

import struct
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
import zstandard
from numpy.typing import NDArray

from gateway.model.batch import ROW_BYTES, Batch
from gateway.model.ports import Chunk

_HEAD: Final = struct.Struct("<B8sI")
_LAYOUT: Final = 1
_MAX_ROWS: Final = 1 << 24


class Packer:
    """Reusable compressor and decompressor; of one thread: zstd's own state is not safe to share."""

    def __init__(self) -> None:
        self._compressor = zstandard.ZstdCompressor(level=1, write_checksum=True)
        self._decompressor = zstandard.ZstdDecompressor()

    def pack(self, batch: Batch) -> bytes:
        """Exactly the batch, NaN payloads included."""
        columns = (
            _shuffle(_differences(batch.tag)),
            _shuffle(_differences(batch.source)),
            _shuffle(batch.received - batch.source),
            _shuffle(batch.value),
            batch.quality.tobytes(),
        )
        head = _HEAD.pack(_LAYOUT, batch.table.encode().ljust(8)[:8], len(batch))
        return head + self._compressor.compress(b"".join(columns))

    def unpack(self, data: bytes) -> Batch:
        """Inverse of :meth:`pack`.

        Raises:
            ValueError: not of this layout, or damaged.
        """
        try:
            layout, table, rows = _HEAD.unpack_from(data)
            if layout != _LAYOUT or rows > _MAX_ROWS:
                raise ValueError(f"chunk layout {layout} with {rows} rows is not of this version")
            raw = self._decompressor.decompress(data[_HEAD.size :], max_output_size=rows * ROW_BYTES or 1)
        except (struct.error, zstandard.ZstdError) as error:
            raise ValueError(f"chunk is damaged: {error}") from error
        if len(raw) != rows * ROW_BYTES:
            raise ValueError(f"chunk of {rows} rows holds {len(raw)} bytes, expected {rows * ROW_BYTES}")
        return _batch(table.decode().rstrip(), rows, raw)

    def row(self, chunk: Chunk) -> tuple[int | bytes, ...]:
        """As it stands in ``chunks``."""
        b = chunk.batch
        times = int(b.source.min()), int(b.source.max()), int(b.received.max())
        return (chunk.id, chunk.first_input, chunk.last_input, len(b), *times, self.pack(b))

    def pack_spans(self, spans: Sequence[tuple[int, int]], first: int) -> bytes:
        """(input number, rows) of each input of a chunk, in order; numbers count from ``first``."""
        pairs = np.array(spans, np.int64).reshape(-1, 2) - (first, 0)
        return self._compressor.compress(_shuffle(pairs.astype(np.int32).T.reshape(-1)))

    def unpack_spans(self, data: bytes, first: int) -> NDArray[np.int64]:
        """Inverse of :meth:`pack_spans`, as (n, 2).

        Raises:
            ValueError: damaged.
        """
        try:
            flat = _unshuffle(self._decompressor.decompress(data), np.dtype("<i4"))
        except zstandard.ZstdError as error:
            raise ValueError(f"spans are damaged: {error}") from error
        pairs: NDArray[np.int64] = flat.reshape(2, -1).T.astype(np.int64)
        pairs[:, 0] += first
        return pairs


def _batch(table: str, rows: int, raw: bytes) -> Batch:
    at = np.cumsum([0, 4 * rows, 8 * rows, 8 * rows, 8 * rows, rows])
    pieces = [raw[a:b] for a, b in pairwise(at)]
    tag = np.cumsum(_unshuffle(pieces[0], np.dtype("<i4")), dtype=np.int32)
    source = np.cumsum(_unshuffle(pieces[1], np.dtype("<i8")), dtype=np.int64)
    received = source + _unshuffle(pieces[2], np.dtype("<i8"))
    value = _unshuffle(pieces[3], np.dtype("<f8"))
    return Batch(table, tag, source, received, value, np.frombuffer(pieces[4], np.uint8))


def _differences(column: NDArray[Any]) -> NDArray[Any]:
    # Integer overflow wraps, and wraps back in cumsum: exact for any two times.
    out = np.empty_like(column)
    out[:1] = column[:1]
    np.subtract(column[1:], column[:-1], out=out[1:])
    return out


def _shuffle(column: NDArray[Any]) -> bytes:
    """All first bytes, all second bytes, ...: like stands by like."""
    little = column.astype(column.dtype.newbyteorder("<"), copy=False)
    return little.view(np.uint8).reshape(-1, column.itemsize).T.tobytes()


def _unshuffle(data: bytes, dtype: np.dtype[Any]) -> NDArray[Any]:
    planes = np.frombuffer(data, np.uint8).reshape(dtype.itemsize, -1)
    return np.ascontiguousarray(planes.T).reshape(-1).view(dtype)
