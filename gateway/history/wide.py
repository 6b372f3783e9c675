"""A block of lines with a column for each tag."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gateway.history.kernels import fill_wide

NO_GAPS: Final = np.zeros((0, 0), np.bool_)
ALL_GOOD: Final = np.zeros((0, 0), np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Wide:
    """``block``, ``there`` and ``quality`` are (lines, columns); the last two of size 0 where nothing is missing.

    ``line`` is the number of the first line in the recording, ``ranks`` the place of each column in its line.
    """

    received: NDArray[np.int64]
    source: NDArray[np.int64]
    tags: NDArray[np.int32]
    ranks: NDArray[np.int64]
    block: NDArray[np.float64]
    there: NDArray[np.bool_]
    quality: NDArray[np.uint8]
    line: int
    width: int

    def __len__(self) -> int:
        return len(self.source)

    @property
    def last(self) -> int:
        """See :class:`gateway.history.pieces.Piece`."""
        return int(self.received[-1])

    def fill(self, rows: NDArray[Any], start: int, stop: int, at: int) -> int:
        """See :class:`gateway.history.pieces.Piece`."""
        return fill_wide(
            rows, self.block, self.there, self.quality, self.tags, self.source, start, stop, at
        )  # fmt: skip

    def most(self, start: int, stop: int) -> int:
        """See :class:`gateway.history.pieces.Piece`."""
        return (stop - start) * len(self.tags)

    def places(self, start: int, stop: int, rows: Sequence[int]) -> list[int]:
        """See :class:`gateway.history.pieces.Piece`."""
        if self.there.size:
            lines, columns = np.nonzero(self.there[start:stop])
        else:
            lines, columns = np.divmod(np.arange(self.most(start, stop)), len(self.tags))
        at = np.asarray(rows, np.int64)
        found = (self.line + start + lines[at]) * self.width + self.ranks[columns[at]]
        return [int(place) for place in found]
