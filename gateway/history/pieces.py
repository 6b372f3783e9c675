"""Recorded readings, piece by piece, as the detection stage takes them: the port between files and judging."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Long:
    """Rows in order of arrival. ``place`` is a row's place in the whole recording, whoever reads it; ``last`` when the
    last line arrived, also one of tags that are not wanted.
    """

    tag: NDArray[np.int32]
    source: NDArray[np.int64]
    received: NDArray[np.int64]
    value: NDArray[np.float64]
    quality: NDArray[np.uint8]
    place: NDArray[np.int64]
    last: int

    def __len__(self) -> int:
        return len(self.source)

    def fill(self, rows: NDArray[Any], start: int, stop: int, at: int) -> int:
        """Write rows ``start:stop``, received ``at``; how many."""
        out = rows[: stop - start]
        out["tag"], out["source"] = self.tag[start:stop], self.source[start:stop]
        out["value"], out["quality"] = self.value[start:stop], self.quality[start:stop]
        out["received"], out["flags"] = at, 0
        return stop - start

    def most(self, start: int, stop: int) -> int:
        """Room that :meth:`fill` needs."""
        return stop - start

    def places(self, start: int, stop: int, rows: Sequence[int]) -> list[int]:  # noqa: ARG002 - the port's signature
        """Place in the recording of rows of what :meth:`fill` wrote."""
        return [int(self.place[start + r]) for r in rows]


class Arrival:
    """When lines arrived: what is recorded with an older time arrived after what stands before it."""

    def __init__(self) -> None:
        self.last = -(1 << 63)

    def __call__(self, recorded: NDArray[np.int64]) -> NDArray[np.int64]:
        """Times that never fall, also from call to call."""
        if not len(recorded):
            return recorded
        out = np.maximum.accumulate(np.maximum(recorded, self.last))
        self.last = int(out[-1])
        return out


class Piece(Protocol):
    """Some lines of a recording, in order of arrival."""

    @property
    def last(self) -> int:
        """When the last line arrived, ns, whatever tags it is of."""

    @property
    def received(self) -> NDArray[np.int64]:
        """When each line arrived, ns; never falls, also from piece to piece."""

    def __len__(self) -> int: ...

    def fill(self, rows: NDArray[Any], start: int, stop: int, at: int) -> int:
        """Write the readings of lines ``start:stop`` as :data:`gateway.conditioning.layout.ROW`, received ``at``."""

    def most(self, start: int, stop: int) -> int:
        """The most readings those lines can have."""

    def places(self, start: int, stop: int, rows: Sequence[int]) -> list[int]:
        """Where in the recording these rows of what :meth:`fill` wrote are from: an order over all tags."""


class History(Protocol):
    """A recording that any process can open. It has to be small and picklable."""

    def columns(self) -> tuple[str, ...]:
        """What it calls its tags.

        Raises:
            Misconfigured: it cannot be read, or is not as said.
        """

    def first(self, names: Sequence[str]) -> int | None:
        """When the first line with one of these tags arrived, ns; None for a recording without."""

    def pieces(self, rows_of: Mapping[str, int]) -> Iterator[Piece]:
        """Readings of these tags (name -> row in the tag table), in order.

        Raises:
            Misconfigured: it cannot be read, or is not as said; with file, line and what is allowed.
        """
