"""From a dropped file to readings. Pure. A row that cannot be read costs only itself, and is named."""

import csv
import datetime as dt
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from gateway.model.errors import Reject
from gateway.model.quality import Quality
from gateway.model.times import MS, NS, parse_iso

ENCODINGS: Final = ("utf-8-sig", "gb18030")
DELIMITERS: Final = ",;\t|~"
NAN: Final = float("nan")
MOST_FAULTS: Final = 20
_SCALE: Final = {"s": NS, "ms": MS, "us": 1000, "ns": 1}
_LATEST: Final = (1 << 63) - 1
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_TRUTH: Final = {"true": 1.0, "false": 0.0, "开": 1.0, "关": 0.0}
Row = tuple[int, int, float, int]
"""tag row, source time ns, value, quality"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How the files are written."""

    wide: bool
    header: bool
    time: str
    time_format: str
    zone: dt.timezone
    tag: str
    value: str
    quality: str | None
    good: frozenset[str]
    uncertain: frozenset[str]
    delimiter: str


@dataclass(slots=True)
class Parsed:
    """Readings in the order of the file, and what could not be read: how many rows, the first of them named."""

    rows: list[Row] = field(default_factory=list)
    unread: int = 0
    faults: list[str] = field(default_factory=list)
    unknown: int = 0
    """rows of tags that are not configured"""

    def fault(self, line: int, why: str) -> None:
        """One row cannot be read."""
        self.unread += 1
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(f"line {line}: {why}")


def parse(data: bytes, form: Form, rows_of: Mapping[str, int]) -> Parsed:
    """All readings of a file. ``rows_of``: address -> row in the tag table.

    Raises:
        Reject: it is not such a file at all.
    """
    text = _text(data)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text, form.delimiter))
    try:
        columns = _columns(lines, form, rows_of)
        take = _wide if form.wide else _long
        return take(lines, columns, form, rows_of)
    except csv.Error as error:
        raise Reject(f"line {lines.line_num}: {error}") from error


def _text(data: bytes) -> str:
    if b"\0" in data[:4096]:
        raise Reject("not text")
    for encoding in ENCODINGS:
        try:
            return data.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
        except UnicodeDecodeError:
            continue
    raise Reject("neither UTF-8 nor GB18030")


def _delimiter(text: str, given: str) -> str:
    head = text.partition("\n")[0]
    return max(DELIMITERS, key=head.count) if given == "auto" else given


def _columns(lines: Iterator[list[str]], form: Form, rows_of: Mapping[str, int]) -> Mapping[str, int] | None:
    """Name -> position; None: positions are counted from 1."""
    if not form.header:
        return None
    header = [cell.strip() for cell in next(lines, [])]
    wanted = [form.time] if form.wide else [form.time, form.tag, form.value, *filter(None, [form.quality])]
    missing = [name for name in wanted if name not in header]
    if missing:
        raise Reject(f"no column {', '.join(missing)} in the header {', '.join(header)[:200]}")
    read = {*wanted, *rows_of} if form.wide else set(wanted)
    twice = sorted(name for name in read if header.count(name) > 1)
    if twice:
        raise Reject(f"the header has {', '.join(twice)} twice")
    return {name: k for k, name in enumerate(header)}


def _place(columns: Mapping[str, int] | None, name: str) -> int:
    if columns is not None:
        return columns.get(name, -1)
    return int(name) - 1 if name.isdecimal() and len(name) < 6 else -1


def _long(
    lines: Iterator[list[str]], columns: Mapping[str, int] | None, form: Form, rows_of: Mapping[str, int]
) -> Parsed:
    out = Parsed()
    at, who, what = (_place(columns, name) for name in (form.time, form.tag, form.value))
    mark = _place(columns, form.quality) if form.quality else -1
    if min(at, who, what) < 0:
        raise Reject("without a header, columns are numbers from 1")
    for number, cells in enumerate(lines, 2 if form.header else 1):
        if not any(cells):
            continue
        if len(cells) <= max(at, who, what, mark):
            out.fault(number, f"{len(cells)} cells")
            continue
        tag = rows_of.get(cells[who].strip())
        if tag is None:
            out.unknown += 1
            continue
        own = _quality(cells[mark], form) if mark >= 0 else int(Quality.GOOD)
        _add(out, number, (tag, cells[at], cells[what], own), form)
    return out


def _wide(
    lines: Iterator[list[str]], columns: Mapping[str, int] | None, form: Form, rows_of: Mapping[str, int]
) -> Parsed:
    out = Parsed()
    at = _place(columns, form.time)
    places = [(tag, place) for name, tag in rows_of.items() if (place := _place(columns, name)) >= 0]
    if at < 0 or not places:
        raise Reject("no column of a configured tag")
    for number, cells in enumerate(lines, 2 if form.header else 1):
        if not any(cells):
            continue
        if len(cells) <= at:
            out.fault(number, f"{len(cells)} cells")
            continue
        for tag, place in places:
            if place < len(cells) and cells[place].strip():
                _add(out, number, (tag, cells[at], cells[place], int(Quality.GOOD)), form)
    return out


def _add(out: Parsed, number: int, found: tuple[int, str, str, int], form: Form) -> None:
    tag, when, text, quality = found
    try:
        source = moment(when.strip(), form.time_format, form.zone)
    except ValueError as error:
        out.fault(number, str(error))
        return
    value, reason = _value(text.strip())
    quality = max(quality, reason)
    out.rows.append((tag, source, NAN if quality >= Quality.NO_DATA else value, quality))


def _value(cell: str) -> tuple[float, int]:
    """(value, quality of the number itself)."""
    try:
        found = float(cell) if cell.isascii() and "_" not in cell else _TRUTH[cell]
    except (ValueError, KeyError):
        found = _TRUTH.get(cell.lower(), NAN)
        return (found, int(Quality.GOOD)) if found == found else (NAN, int(Quality.MALFORMED))  # noqa: PLR0124 - not NaN
    return (found, int(Quality.GOOD)) if found - found == 0.0 else (NAN, int(Quality.NOT_A_NUMBER))


def _quality(cell: str, form: Form) -> int:
    word = cell.strip()
    if word in form.good or word.lower() in form.good:
        return int(Quality.GOOD)
    known = word in form.uncertain or word.lower() in form.uncertain
    return int(Quality.SOURCE_UNCERTAIN if known else Quality.SOURCE_BAD)


def moment(cell: str, form: str, zone: dt.timezone) -> int:
    """A source time in ns.

    Raises:
        ValueError: it is none.
    """
    try:
        if form in _SCALE:
            ns = int(cell) * _SCALE[form] if cell.isdecimal() else round(float(cell) * _SCALE[form])
        elif form == "iso":
            ns = _iso(cell, zone)
        else:
            ns = _since(dt.datetime.strptime(cell, form), zone)  # noqa: DTZ007 - the zone is given beside it
    except (ValueError, OverflowError, ArithmeticError):
        ns = -1
    if not 0 < ns <= _LATEST:
        raise ValueError(f"{cell[:40]!r} is not a time in {form}")
    return ns


def _iso(cell: str, zone: dt.timezone) -> int:
    zoned = cell.endswith(("Z", "z")) or "+" in cell[10:] or "-" in cell[10:]
    return parse_iso(cell) if zoned else _since(dt.datetime.fromisoformat(cell), zone)


def _since(at: dt.datetime, zone: dt.timezone) -> int:
    zoned = at if at.tzinfo is not None else at.replace(tzinfo=zone)
    since: int = (zoned - _EPOCH) // dt.timedelta(microseconds=1)
    return since * 1000


def ordered(rows: Sequence[Row]) -> list[Row]:
    """By source time, stably: a file may list tag after tag, and backfill is judged in its order."""
    return sorted(rows, key=lambda row: row[1])
