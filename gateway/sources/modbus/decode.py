"""From the bytes of a device's answers to float64 columns: one gather and one cast per type, nothing per tag. Pure.

Answers of all blocks of a poll are laid end to end in one buffer. For every readable point the positions of its bytes
in that buffer, least significant first, are computed once; a poll then is ``buffer[positions]`` seen as little-endian
numbers. Every byte order is thereby only another list of positions.

64-bit integers beyond 2**53 lose their last digits, as any float64 does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gateway.sources.modbus.plan import Block, Kind, Order, Point

_DTYPES: Final = {
    Kind.INT16: "<i2",
    Kind.UINT16: "<u2",
    Kind.INT32: "<i4",
    Kind.UINT32: "<u4",
    Kind.INT64: "<i8",
    Kind.UINT64: "<u8",
    Kind.FLOAT32: "<f4",
    Kind.FLOAT64: "<f8",
}


def positions(order: Order, size: int) -> tuple[int, ...]:
    """Where on the wire the value's bytes are, least significant first. ``size`` is 2, 4 or 8 bytes.

    >>> positions(Order.CDAB, 4)  # wire: C D A B, value: A B C D
    (1, 0, 3, 2)
    """
    big = range(size - 1, -1, -1)
    if order is Order.ABCD:
        return tuple(big)
    if order is Order.DCBA:
        return tuple(range(size))
    if order is Order.BADC:
        return tuple(k ^ 1 for k in big)
    return tuple(size - 2 - (k & ~1) + (k & 1) for k in big)


@dataclass(frozen=True, slots=True)
class _Column:
    """Rows ``start:stop`` of the result are bytes ``first:last`` of the gathered ones, seen as ``dtype``."""

    dtype: np.dtype[np.generic]
    start: int
    stop: int
    first: int
    last: int


class Decoder:
    """Compiled for one list of blocks.

    Attributes:
        order: positions of the points in the order of the result's rows: the types one after another, then the points
            that no block reads (their rows are NaN).
        rows: for each block, the result's rows it feeds.
        size: bytes of all answers together.
        readable: number of rows that some block feeds.
        floats: some value may be NaN or infinite.
    """

    def __init__(self, points: Sequence[Point], blocks: Sequence[Block]) -> None:
        offsets = np.cumsum([0, *(b.bytes for b in blocks)])
        self.size = int(offsets[-1])
        home = {i: (int(offsets[k]), b) for k, b in enumerate(blocks) for i in b.points}
        self._columns: list[_Column] = []
        gather, shifts, order = self._compile(points, home)
        self._gather = np.array(gather, np.intp)
        self._shifts = np.array(shifts, np.uint8)
        self.readable = len(order)
        self.floats = any(c.dtype.kind == "f" for c in self._columns)
        self.order = np.array([*order, *(i for i in range(len(points)) if i not in home)], np.intp)
        row_of = {int(i): row for row, i in enumerate(self.order)}
        self.rows = tuple(np.array([row_of[i] for i in b.points], np.intp) for b in blocks)

    def _compile(
        self, points: Sequence[Point], home: dict[int, tuple[int, Block]]
    ) -> tuple[list[int], list[int], list[int]]:
        gather: list[int] = []
        order: list[int] = []
        for kind, dtype in _DTYPES.items():
            mine = [i for i in sorted(home) if points[i].kind is kind]
            first, start = len(gather), len(order)
            for i in mine:
                gather += _bytes_of(points[i], *home[i])
            order += mine
            if mine:
                self._columns.append(_Column(np.dtype(dtype), start, len(order), first, len(gather)))
        bits = [i for i in sorted(home) if points[i].kind is Kind.BIT]
        places = [_bit_of(points[i], *home[i]) for i in bits]
        self._bits_at = len(gather)
        return [*gather, *(at for at, _ in places)], [shift for _, shift in places], [*order, *bits]

    def decode(self, data: bytes) -> NDArray[np.float64]:
        """Values in row order.

        Args:
            data: the answers of all blocks end to end, ``size`` bytes; those of a failed block may be anything.
        """
        raw = np.frombuffer(data, np.uint8)[self._gather]
        value = np.empty(len(self.order), np.float64)
        for c in self._columns:
            value[c.start : c.stop] = raw[c.first : c.last].view(c.dtype)
        bits = len(self._shifts)
        if bits:
            value[self.readable - bits : self.readable] = (raw[self._bits_at :] >> self._shifts) & 1
        value[self.readable :] = np.nan
        return value


def _bytes_of(point: Point, offset: int, block: Block) -> list[int]:
    at = offset + 2 * (point.address - block.address)
    return [at + k for k in positions(point.order, point.kind.bytes)]


def _bit_of(point: Point, offset: int, block: Block) -> tuple[int, int]:
    """(byte, shift). Coils are packed least significant bit first; a register's two bytes come by its order."""
    if block.area.of_bits:
        bit = point.address - block.address
        return offset + bit // 8, bit % 8
    at = offset + 2 * (point.address - block.address)
    return at + positions(point.order, 2)[point.bit // 8], point.bit % 8
