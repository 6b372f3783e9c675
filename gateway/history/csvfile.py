"""Recordings in CSV: read piece by piece, columns at a time."""

import csv
import gzip
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, Final

import numpy as np
from numpy.typing import NDArray

from gateway.history.form import Clock, Form, Layout, found, missing
from gateway.history.pieces import Arrival, Long, Piece
from gateway.history.wide import ALL_GOOD, NO_GAPS, Wide
from gateway.model.errors import Fault, Misconfigured
from gateway.model.quality import Quality
from gateway.sources.replay import decode

CELLS: Final = 200_000
_HINT: Final = "see --time-unit, --zone and --columns"
Lines = list[list[str]]
Kept = Sequence[tuple[list[str], int]]
"""(cells, number in the file) of lines that are not empty"""


def read_header(path: Path, form: Form) -> list[str]:
    """Names in the first line.

    Raises:
        Misconfigured: it cannot be read.
    """
    try:
        with _open(path, form.encoding) as file:
            return [n.strip() for n in next(csv.reader(file, delimiter=form.delimiter), [])]
    except (OSError, ValueError, csv.Error) as error:
        raise _unreadable(path, error) from error


def layout(path: Path, form: Form) -> Layout:
    """``wide`` or ``long``."""
    return found(form, path, read_header(path, form)).layout


def columns(path: Path, form: Form) -> list[str]:
    """Names of the tags: of the columns, or those in the tag column."""
    header = read_header(path, form)
    known = found(form, path, header)
    if known.layout == "wide":
        return [n for n in header if n and n not in (known.time, known.received)]
    at, names = header.index(known.tag), dict[str, None]()
    for lines, _ in _blocks(path, form, len(header)):
        names.update((cells[at], None) for cells in lines if len(cells) > at)
    return list(names)


def pieces(
    path: Path, form: Form, rows_of: Mapping[str, int], line: int, arrival: Arrival
) -> Iterator[Piece]:
    """Readings of the wanted tags; ``line`` is the number of the file's first line in the recording."""
    header = read_header(path, form)
    known = found(form, path, header)
    clock = Clock(known)
    read = (_Wide if known.layout == "wide" else _Long)(path, known, header, rows_of)
    for lines, before in _blocks(path, form, len(header)):
        kept = [(cells, at) for at, cells in enumerate(lines, before + 1) if cells]
        if kept:
            yield read.piece(kept, clock, line, arrival)


def _blocks(path: Path, form: Form, width: int) -> Iterator[tuple[Lines, int]]:
    """(lines, number of the file's line before them)."""
    try:
        with _open(path, form.encoding) as file:
            lines = csv.reader(file, delimiter=form.delimiter, strict=True)
            next(lines, None)
            while some := list(islice(lines, max(1, CELLS // max(1, width)))):
                before = lines.line_num - len(some)
                if max(map(len, some)) > width:
                    _refuse_longer(path, some, before, width)
                yield some, before
    except (OSError, UnicodeError, csv.Error) as error:
        raise _unreadable(path, error) from error


def _refuse_longer(path: Path, lines: Lines, before: int, width: int) -> None:
    """More cells than names: a comma within a number (12,5), say, and every value behind it would be another tag's."""
    for line, cells in enumerate(lines, before + 1):
        if any(cells[width:]):
            said = f"{len(cells)} cells"
            allowed = f"{width}, as the header has; a number with a comma in quotes, or --delimiter"
            raise Misconfigured([Fault(str(path), line, "line", said, allowed)])


def _open(path: Path, encoding: str) -> IO[str]:
    if path.suffix.lower() == ".gz":
        return gzip.open(path, "rt", encoding=encoding, newline="")
    return path.open(encoding=encoding, newline="")


class _Reader:
    def __init__(self, path: Path, form: Form, header: Sequence[str], rows_of: Mapping[str, int]) -> None:
        self.path, self.form, self.header, self.rows_of = path, form, list(header), rows_of
        self._time = self.header.index(form.time)
        self._received = self.header.index(form.received) if form.received else self._time

    def times(self, kept: Kept, clock: Clock) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        source = self.column(kept, lambda cells: _moment(clock, cells[self._time]))
        if self._received == self._time:
            return source, source
        return source, self.column(kept, lambda cells: _moment(clock, cells[self._received]))

    def column(self, kept: Kept, read: Callable[[list[str]], int]) -> NDArray[np.int64]:
        out = np.empty(len(kept), np.int64)
        for i, (cells, line) in enumerate(kept):
            try:
                out[i] = read(cells)
            except (ValueError, IndexError, OverflowError) as error:
                raise Misconfigured(
                    [Fault(str(self.path), line, "line", str(error), "a line as the header says", _HINT)]
                ) from error
        return out


def _moment(clock: Clock, cell: str) -> int:
    try:
        return clock(cell)
    except ValueError as error:
        raise ValueError(f"{cell!r}: {error}" if cell not in str(error) else str(error)) from error


class _Wide(_Reader):
    def piece(self, kept: Kept, clock: Clock, line: int, arrival: Arrival) -> Piece:
        source, received = self.times(kept, clock)
        ranks = [i for i, name in enumerate(self.header) if name in self.rows_of]
        if len(ranks) < len(self.rows_of):
            gone = next(n for n in self.rows_of if n not in self.header)
            raise missing(self.path, "tag", gone, self.header)
        if len(ranks) > len(self.rows_of):
            names = [self.header[at] for at in ranks]
            twice = next(n for n in names if names.count(n) > 1)
            raise Misconfigured(
                [Fault(str(self.path), 1, "header", f"{twice!r} twice", "each tag in one column")]
            )
        block = np.empty((len(kept), len(ranks)))
        there, quality = np.ones(block.shape, np.bool_), np.zeros(block.shape, np.uint8)
        for i, at in enumerate(ranks):
            cells = [c[at].strip() if len(c) > at else "" for c, _ in kept]
            block[:, i], there[:, i], quality[:, i] = _numbers(cells)
        return Wide(
            received=arrival(received), source=source,
            tags=np.array([self.rows_of[self.header[at]] for at in ranks], np.int32),
            ranks=np.array(ranks, np.int64), block=block, there=NO_GAPS if there.all() else there,
            quality=quality if quality.any() else ALL_GOOD, line=line + kept[0][1], width=len(self.header),
        )  # fmt: skip


def _numbers(cells: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.uint8]]:
    there = np.array([c != "" for c in cells], np.bool_)
    text = "".join(cells)
    if text.isascii() and "_" not in text:
        try:
            return np.array([c or "nan" for c in cells], np.float64), there, np.zeros(len(cells), np.uint8)
        except ValueError:
            pass  # some cell is a word: one by one, each with its own quality
    read = [decode.value(c) if c else (np.nan, 0) for c in cells]
    return (
        np.array([v for v, _ in read], np.float64),
        there,
        np.array([q for _, q in read], np.uint8),
    )


class _Long(_Reader):
    def piece(self, kept: Kept, clock: Clock, line: int, arrival: Arrival) -> Piece:
        form, header = self.form, self.header
        tag_at, value_at = header.index(form.tag), header.index(form.value)
        source, received = self.times(kept, clock)
        at = [i for i, (cells, _) in enumerate(kept) if len(cells) > tag_at and cells[tag_at] in self.rows_of]
        mine = [kept[i] for i in at]
        source, received = source[at], arrival(received)[at]
        cells = [c[value_at].strip() if len(c) > value_at else "" for c, _ in mine]
        read = [decode.value(c) if c else (np.nan, int(Quality.NOT_A_NUMBER)) for c in cells]
        said = np.zeros(len(mine), np.int64)
        if form.quality:
            quality_at = header.index(form.quality)
            said = self.column(mine, lambda c: decode.quality(c[quality_at]))
        return Long(
            tag=np.array([self.rows_of[c[tag_at]] for c, _ in mine], np.int32),
            source=source, received=received, value=np.array([v for v, _ in read], np.float64),
            quality=np.maximum(said, np.array([q for _, q in read], np.int64)).astype(np.uint8),
            place=np.array([line + number for _, number in mine], np.int64), last=arrival.last,
        )  # fmt: skip


def _unreadable(path: Path, error: Exception) -> Misconfigured:
    hint = "--encoding gb18030" if isinstance(error, UnicodeError) else ""
    return Misconfigured([Fault(str(path), None, "file", str(error), "a readable CSV file", hint)])
