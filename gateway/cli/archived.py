"""A gateway's state folder as a recording: what ``backtest`` and ``tune`` take as DATA."""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gateway.history.form import Form
from gateway.history.pieces import Arrival, History, Long, Piece
from gateway.history.recording import recording
from gateway.store.archive.arrivals import arrivals, named

if TYPE_CHECKING:
    from gateway.store.archive.arrivals import Arrived


@dataclass(frozen=True, slots=True)
class Archived:
    """See :class:`gateway.history.pieces.History`. Readings are raw, as they came: judge them with scaling."""

    state: Path

    def columns(self) -> tuple[str, ...]:
        """Ids of all tags."""
        return named(self.state)

    def first(self, names: Sequence[str]) -> int | None:
        """When the first reading of one of these tags arrived."""
        return next((int(a.rows.received[0]) for a in arrivals(self.state, names) if len(a.rows)), None)

    def pieces(self, rows_of: Mapping[str, int]) -> Iterator[Piece]:
        """Readings of these tags, in order of arrival."""
        arrival = Arrival()
        for piece in arrivals(self.state, tuple(rows_of)):
            yield _long(piece, rows_of, arrival)


def _long(piece: "Arrived", rows_of: Mapping[str, int], arrival: Arrival) -> Long:
    rows = piece.rows
    places = np.array([rows_of[tag] for tag in rows.tags], np.int32)
    tag = places[rows.tag] if len(rows) else rows.tag
    came = arrival(rows.received)
    # An order over all tags, whoever reads which: the input, then the tag's own name.
    rank = np.array([_rank(name) for name in rows.tags], np.int64)
    place = (rows.input << 24) | (rank[rows.tag] if len(rows) else rows.tag.astype(np.int64))
    last = max(arrival.last, piece.last)
    arrival.last = last
    return Long(tag, rows.raw_source, came, rows.raw, rows.raw_quality, place, last)


def _rank(name: str) -> int:
    """The same number for a name in every process."""
    return zlib.crc32(name.encode()) & 0xFFFFFF


def history_of(data: Path, form: Form, *, raw: bool) -> tuple[History, bool]:
    """The recording that DATA names, and whether its values are raw: a state folder's always are."""
    if (data / "plant.db").is_file():
        return Archived(data), True
    return recording(data, form), raw
