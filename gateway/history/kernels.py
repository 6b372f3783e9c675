"""Columns of a recording become rows of readings: one pass, nothing in between."""

from gateway.conditioning._numba import kernel
from gateway.conditioning.types import Array


@kernel
def fill_wide(
    rows: Array, block: Array, there: Array, quality: Array, tags: Array, source: Array, start: int, stop: int,
    at: int,
) -> int:  # fmt: skip
    """Write lines ``start:stop`` of a wide block as rows received ``at``, line by line, columns in order.

    Args:
        rows: records to write, at least one for each cell.
        block: float64 (lines, columns).
        there: bool (lines, columns), False where a cell is empty; of size 0: none is.
        quality: uint8 (lines, columns); of size 0: all are good.
        tags: int32 row in the tag table of each column.
        source: int64 ns of each line.

    Returns:
        Rows written.
    """
    count, gaps, doubts = 0, there.size > 0, quality.size > 0
    for line in range(start, stop):
        for column in range(len(tags)):
            if gaps and not there[line, column]:
                continue
            row = rows[count]
            count += 1
            row.tag, row.source, row.received = tags[column], source[line], at
            row.value, row.flags = block[line, column], 0
            row.quality = quality[line, column] if doubts else 0
    return count


@kernel
def turn(tile: Array, out: Array, first: int) -> None:
    """Write a few columns (columns, lines) into a block of lines (lines, columns), from column ``first`` on.

    A few at a time: whole columns would touch a page of memory for each cell.
    """
    for line in range(tile.shape[1]):
        for column in range(tile.shape[0]):
            out[line, first + column] = tile[column, line]
