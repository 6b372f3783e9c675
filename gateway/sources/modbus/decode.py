"""From the bytes of a device's answers to float64 columns: one gather and one cast per type, nothing per tag. Pure.

Answers of all blocks of a poll are laid end to end in one buffer. For every readable point the positions of its bytes
in that buffer, least significant first, are computed once; a poll then is ``buffer[positions]`` seen as little-endian
numbers. Every byte order is thereby only another list of positions.

What the numbers mean (BCD, times, text, enumerations), :mod:`convert` knows; a point whose bytes mean nothing is NaN.
64-bit integers beyond 2**53 lose their last digits, as any float64 does.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.model.quality import Quality
from gateway.sources.modbus.convert import READERS, Values, number, plain, texts
from gateway.sources.modbus.plan import Block, Kind, Order, Point


def positions(order: Order, size: int) -> tuple[int, ...]:
    """Where on the wire the value's bytes are, least significant first. ``size`` is an even number of bytes.

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
    """Rows ``start:stop`` of the result are bytes ``first:last`` of the gathered ones, seen as ``dtype``, ``read``."""

    dtype: np.dtype[Any]
    read: Callable[[NDArray[Any]], Values]
    start: int
    stop: int
    first: int
    last: int


class _Layout:
    """Where every value's bytes are; made once for a plan."""

    def __init__(self, points: Sequence[Point], home: dict[int, tuple[int, Block]]) -> None:
        self.gather: list[int] = []
        self.order: list[int] = []
        self.columns: list[_Column] = []
        self._points, self._home = points, home
        for kind, (dtype, read) in READERS.items():
            self._add([i for i in sorted(home) if points[i].kind is kind], np.dtype(dtype), read)
        strings = [i for i in sorted(home) if points[i].kind is Kind.STRING]
        for size in sorted({points[i].bytes for i in strings}):
            mine = [i for i in strings if points[i].bytes == size]
            codes = tuple(dict(points[i].codes) if points[i].codes else None for i in mine)
            self._add(mine, np.dtype((np.void, size)), partial(_texts, codes, size))
        bits = [i for i in sorted(home) if points[i].kind is Kind.BIT]
        places = [_bit_of(points[i], *home[i]) for i in bits]
        self.bits_at = len(self.gather)
        self.gather += [at for at, _ in places]
        self.shifts = [shift for _, shift in places]
        self.order += bits

    def _add(self, mine: list[int], dtype: "np.dtype[Any]", read: Callable[[NDArray[Any]], Values]) -> None:
        if not mine:
            return
        first, start = len(self.gather), len(self.order)
        for i in mine:
            self.gather += _bytes_of(self._points[i], *self._home[i])
        self.order += mine
        self.columns.append(_Column(dtype, read, start, len(self.order), first, len(self.gather)))


class Decoder:
    """Compiled for one list of blocks.

    Attributes:
        order: positions of the points in the order of the result's rows: the types one after another, then the points
            that no block reads (their rows are NaN).
        rows: for each block, the result's rows it feeds.
        size: bytes of all answers together.
        readable: number of rows that some block feeds.
        floats: some value may be NaN or infinite.
        natural: dtype of an answer that is nothing but the values in order, as they come; else empty.
        why: quality of a row that is no number: the device's own NaN, or bytes that mean nothing.
        counts: (row, position of the point) of counters: their values are counts, not yet counts per second.
    """

    def __init__(self, points: Sequence[Point], blocks: Sequence[Block]) -> None:
        offsets = np.cumsum([0, *(b.bytes for b in blocks)])
        self.size = int(offsets[-1])
        home = {i: (int(offsets[k]), b) for k, b in enumerate(blocks) for i in b.points}
        layout = _Layout(points, home)
        self._columns, self._bits_at = layout.columns, layout.bits_at
        self._gather = np.array(layout.gather, np.intp)
        self._shifts = np.array(layout.shifts, np.uint8)
        self.readable = len(layout.order)
        self.order = np.array([*layout.order, *(i for i in range(len(points)) if i not in home)], np.intp)
        row_of = {int(i): row for row, i in enumerate(self.order)}
        self.rows = tuple(np.array([row_of[i] for i in b.points], np.intp) for b in blocks)
        self._codes = tuple(_enumerations(points, layout.order))
        self.counts = tuple((row_of[i], i) for i in layout.order if points[i].kind.counts)
        self.floats = bool(self._codes) or any(
            c.read is not plain or c.dtype.kind == "f" for c in self._columns
        )
        self.natural = self._natural()
        self.why = np.array([_why(points[i]) for i in self.order], np.uint8)

    def _natural(self) -> str:
        """One column, no holes, no meaning of its own, and in an order that numpy knows."""
        if len(self._columns) != 1 or self._codes or len(self._shifts) or self.readable < len(self.order):
            return ""
        (column,) = self._columns
        if column.read is not plain:
            return ""
        width = column.dtype.itemsize
        if self.size != self._gather.size:  # tags that overlap
            return ""
        straight = np.arange(self.size).reshape(-1, width)
        for sign, places in (("<", straight), (">", straight[:, ::-1])):
            if np.array_equal(places.ravel(), self._gather):
                return f"{sign}{column.dtype.str[1:]}"
        return ""

    def decode(self, data: bytes) -> Values:
        """Values in row order.

        Args:
            data: the answers of all blocks end to end, ``size`` bytes; those of a failed block may be anything.
        """
        raw = np.frombuffer(data, np.uint8)[self._gather]
        value = np.empty(len(self.order), np.float64)
        with np.errstate(invalid="ignore"):  # a signalling NaN is a NaN
            for c in self._columns:
                value[c.start : c.stop] = c.read(raw[c.first : c.last].view(c.dtype))
        bits = len(self._shifts)
        if bits:
            value[self.readable - bits : self.readable] = (raw[self._bits_at :] >> self._shifts) & 1
        for row, codes in self._codes:
            value[row] = codes.get(float(value[row]), np.nan)
        value[self.readable :] = np.nan
        return value


def _why(point: Point) -> Quality:
    return Quality.NOT_A_NUMBER if point.kind.value.startswith("float") else Quality.MALFORMED


def _enumerations(points: Sequence[Point], order: Sequence[int]) -> Iterator[tuple[int, dict[float, float]]]:
    """Of numbers, by row; those of text are read with it."""
    for row, i in enumerate(order):
        if points[i].codes and points[i].kind is not Kind.STRING:
            yield row, {number(text): value for text, value in points[i].codes}


def _texts(codes: "tuple[dict[str, float] | None, ...]", size: int, raw: NDArray[Any]) -> Values:
    return texts(raw.view(np.uint8).reshape(-1, size), codes)


def _bytes_of(point: Point, offset: int, block: Block) -> list[int]:
    """Least significant first; of text the first character first."""
    at = offset + 2 * (point.address - block.address)
    places = positions(point.order, point.bytes)
    return [at + k for k in (reversed(places) if point.kind is Kind.STRING else places)]


def _bit_of(point: Point, offset: int, block: Block) -> tuple[int, int]:
    """(byte, shift). Coils are packed least significant bit first; a register's two bytes come by its order."""
    if block.area.of_bits:
        bit = point.address - block.address
        return offset + bit // 8, bit % 8
    at = offset + 2 * (point.address - block.address)
    return at + positions(point.order, 2)[point.bit // 8], point.bit % 8
