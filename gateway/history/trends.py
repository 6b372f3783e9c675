"""A second look at a recording: the readings around the alarms that a page shows, thinned to what a plot can hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gateway.conditioning.layout import ROW
from gateway.history.pieces import History, Piece
from gateway.model.site import Signal, Site, Tag

POINTS: Final = 600
"""of a curve; twice this many are kept until thinned"""


@dataclass(slots=True)
class Curve:
    """Readings of one tag between two times."""

    tag: Tag
    start: int
    end: int
    times: list[NDArray[np.int64]] = field(default_factory=list)
    values: list[NDArray[np.float64]] = field(default_factory=list)
    held: int = 0

    def add(self, times: NDArray[np.int64], values: NDArray[np.float64]) -> None:
        """More readings, raw; those outside are left out."""
        inside = (times >= self.start) & (times <= self.end)
        if inside.any():
            self.times.append(times[inside])
            self.values.append(scaled(self.tag, values[inside]))
            self.held += int(inside.sum())
            if self.held > 20 * POINTS:
                self._thin()

    def points(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """At most about :data:`POINTS`, with every extreme kept."""
        if not self.times:
            return np.zeros(0, np.int64), np.zeros(0)
        self._thin()
        return broken(self.times[0], self.values[0], max(self.tag.max_age, (self.end - self.start) // POINTS))

    def _thin(self) -> None:
        times, values = np.concatenate(self.times), np.concatenate(self.values)
        order = np.argsort(times, kind="stable")
        times, values = thin(times[order], values[order], self.start, self.end)
        self.times, self.values, self.held = [times], [values], len(times)


def thin(
    times: NDArray[np.int64], values: NDArray[np.float64], start: int, end: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Lowest and highest of each of :data:`POINTS` stretches of time, so that no excursion is lost."""
    if len(times) <= 2 * POINTS:
        return times, values
    stretch = np.minimum((times - start) * POINTS // max(1, end - start), POINTS - 1)
    first = np.flatnonzero(np.diff(stretch, prepend=-1))
    keep = set[int]()
    for a, b in zip(first, [*first[1:], len(times)], strict=True):
        part = values[a:b]
        finite = np.flatnonzero(np.isfinite(part))
        if len(finite) == 0:
            keep.add(int(a))
            continue
        keep.add(int(a + finite[np.argmin(part[finite])]))
        keep.add(int(a + finite[np.argmax(part[finite])]))
    at = np.array(sorted(keep), np.int64)
    return times[at], values[at]


def broken(
    times: NDArray[np.int64], values: NDArray[np.float64], longest: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """No line is drawn over a silence of more than ``longest`` ns: there NaN stands between."""
    at = np.flatnonzero(np.diff(times) > longest) + 1
    return np.insert(times, at, times[at]), np.insert(values, at, np.nan)


def scaled(tag: Tag, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Raw to the tag's unit, as conditioning does; where that gives no number, NaN."""
    x = values * tag.gain + tag.offset
    if tag.signal is Signal.MILLIAMP and tag.low is not None and tag.high is not None:
        x = tag.low + (x - 4.0) / 16.0 * (tag.high - tag.low)
    return np.where(np.isfinite(x), x, np.nan)


def collect(site: Site, history: History, columns: Mapping[str, int], curves: Sequence[Curve]) -> None:
    """Fill the curves from the recording, reading only their tags."""
    of_tag: dict[int, list[Curve]] = {}
    for curve in curves:
        of_tag.setdefault(site.tag_index[curve.tag.id], []).append(curve)
    wanted = {name: row for name, row in columns.items() if row in of_tag}
    if not wanted:
        return
    rows = np.zeros(0, ROW)
    for piece in history.pieces(wanted):
        if len(rows) < piece.most(0, len(piece)):
            rows = np.zeros(piece.most(0, len(piece)), ROW)
        _take(piece, rows, of_tag)


def _take(piece: Piece, rows: NDArray[np.void], of_tag: Mapping[int, Sequence[Curve]]) -> None:
    count = piece.fill(rows, 0, len(piece), 0)
    some = rows[:count]
    for tag, curves in of_tag.items():
        own = some[some["tag"] == tag]
        values = np.where(own["quality"] >= 128, np.nan, own["value"])
        for curve in curves:
            curve.add(own["source"].astype(np.int64), values)
