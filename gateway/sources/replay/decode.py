"""From recorded text and columns to readings. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from gateway.model.quality import Quality
from gateway.model.times import MS, NEVER, NS, parse_iso

Unit = Literal["iso", "s", "ms", "us", "ns"]
SCALE: Final = {"s": NS, "ms": MS, "us": 1000, "ns": 1}
_WORDS: Final = {
    **{q.name.lower(): int(q) for q in Quality},
    "uncertain": int(Quality.SOURCE_UNCERTAIN),
    "bad": int(Quality.SOURCE_BAD),
    "": int(Quality.GOOD),
}
_TRUTH: Final = {"true": 1.0, "false": 0.0}


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Readings in the order of the recording; ``received`` never goes back."""

    tag: NDArray[np.int32]
    source: NDArray[np.int64]
    received: NDArray[np.int64]
    value: NDArray[np.float64]
    quality: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.tag)

    def slice(self, start: int, stop: int) -> "Columns":
        """Rows ``start:stop``."""
        return Columns(*(getattr(self, n)[start:stop] for n in self.__slots__))


def joined(parts: Sequence[Columns]) -> Columns:
    """One after another."""
    if len(parts) == 1:
        return parts[0]
    return Columns(*(np.concatenate([getattr(p, n) for p in parts]) for n in Columns.__slots__))


def moment(cell: str, unit: Unit) -> int:
    """A time in ns.

    Raises:
        ValueError: it is none.
    """
    ns = parse_iso(cell) if unit == "iso" else _scaled(cell.strip(), SCALE[unit])
    if not 0 <= ns < NEVER:
        raise ValueError(f"{cell!r} is not a time from 1970 to 2262 in {unit}")
    return ns


def _scaled(cell: str, scale: int) -> int:
    return int(cell) * scale if cell.isdecimal() else round(float(cell) * scale)


def value(cell: str) -> tuple[float, int]:
    """(value, quality) of a cell that is not empty; what is no number is BAD."""
    try:
        found = float(cell) if cell.isascii() and "_" not in cell else None
    except ValueError:
        found = _TRUTH.get(cell.strip().lower())
    if found is None:
        return np.nan, Quality.MALFORMED
    if found - found != 0.0:
        return np.nan, Quality.NOT_A_NUMBER
    return found, Quality.GOOD


def quality(cell: str) -> int:
    """A quality code or its name.

    Raises:
        ValueError: neither.
    """
    word = cell.strip().lower()
    if word in _WORDS:
        return _WORDS[word]
    if word.isdecimal() and int(word) <= 0xFF:
        return int(word)
    raise ValueError(f"quality {cell!r}; allowed: 0-255 or {', '.join(w for w in _WORDS if w)}")


def worst(values: NDArray[np.float64], given: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The given quality, but never better than the number: NaN and infinities are BAD."""
    bad = ~np.isfinite(values) & (given < Quality.NO_DATA)
    return np.where(bad, np.uint8(Quality.NOT_A_NUMBER), given)


class Cutter:
    """Regroups readings, however they are read, into the same batches: one for each span of ``span`` ns.

    A batch ends only where the received time changes. So the received time of the last committed reading says exactly
    where to go on, even among readings of one moment.
    """

    def __init__(self, span: int, most: int = 50_000) -> None:
        self._span, self._most = span, most
        self._held: Columns | None = None

    def feed(self, more: Columns) -> Iterator[Columns]:
        """Batches that are complete now."""
        rows = more if self._held is None else joined([self._held, more])
        edges = np.flatnonzero(np.diff(rows.received // self._span)) + 1
        start = 0
        for edge in edges.tolist():
            yield from self._pieces(rows.slice(start, edge))
            start = edge
        held = rows.slice(start, len(rows))
        while cut := self._cut(held):
            yield held.slice(0, cut)
            held = held.slice(cut, len(held))
        self._held = held

    def rest(self) -> Iterator[Columns]:
        """What is left at the end."""
        if self._held is not None and len(self._held):
            yield from self._pieces(self._held)
        self._held = None

    def _pieces(self, rows: Columns) -> Iterator[Columns]:
        while cut := self._cut(rows):
            yield rows.slice(0, cut)
            rows = rows.slice(cut, len(rows))
        yield rows

    def _cut(self, rows: Columns) -> int:
        """Where a batch that is too long ends: the last change of time within ``most`` rows; 0 if none."""
        if len(rows) <= self._most:
            return 0
        changes = np.flatnonzero(np.diff(rows.received[: self._most + 1])) + 1
        return int(changes[-1]) if len(changes) else 0


def after(batches: Iterable[Columns], resume_after: int) -> Iterator[Columns]:
    """Only readings received after that time."""
    for rows in batches:
        start = int(np.searchsorted(rows.received, resume_after, "right"))
        if start < len(rows):
            yield rows.slice(start, len(rows)) if start else rows
