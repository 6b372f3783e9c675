"""Read a tag list: CSV in UTF-8 (with or without BOM) or GB18030, comma, semicolon or tab, CRLF or LF."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.config.headers import HEADERS, REQUIRED, clean, column_of
from gateway.model.errors import Fault, Misconfigured

DELIMITERS: Final = ",;\t"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a tag list: cleaned cells by column, and where it stands."""

    file: str
    line: int
    cells: dict[str, str]

    def get(self, column: str) -> str:
        """The cell, empty when the column is not there."""
        return self.cells.get(column, "")

    def fault(self, column: str, allowed: str, hint: str = "") -> Fault:
        """A fault in one cell."""
        return Fault(self.file, self.line, column, repr(self.get(column)), allowed, hint)


def read_rows(path: Path) -> list[Row]:
    """All rows that are not empty.

    Raises:
        Misconfigured: unreadable, unknown or missing headers.
    """
    lines = list(csv.reader(io.StringIO(_text(path), newline=""), delimiter=_delimiter(path)))
    if not lines:
        raise Misconfigured([Fault(str(path), 1, "(file)", "empty", "a header row and one row per tag")])
    columns = _columns(str(path), lines[0])
    rows = []
    for number, cells in enumerate(lines[1:], start=2):
        cleaned = {c: clean(v) for c, v in zip(columns, cells, strict=False) if c}
        if any(cleaned.values()) and not next(iter(cells), "").lstrip().startswith("#"):
            rows.append(Row(str(path), number, cleaned))
    return rows


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        fault = Fault(str(path), None, "(file)", error.strerror or str(error), "a readable CSV file")
        raise Misconfigured([fault]) from error
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    bad = Fault(str(path), None, "(file)", "neither UTF-8 nor GB18030", "UTF-8 or GB18030 text")
    raise Misconfigured([bad])


def _delimiter(path: Path) -> str:
    head = _text(path).splitlines()[:1] or [""]
    return max(DELIMITERS, key=head[0].count)


def _columns(file: str, header: list[str]) -> list[str | None]:
    columns = [column_of(h) for h in header]
    known = ", ".join(f"{names[0]}/{names[-1]}" for names in HEADERS.values())
    faults = [
        Fault(file, 1, f"column {i + 1}", repr(h), f"one of {known}", "remove the column or fix its header")
        for i, (h, c) in enumerate(zip(header, columns, strict=True))
        if c is None and clean(h) and not clean(h).startswith("#")
    ]
    names = [c for c in columns if c]
    faults += [
        Fault(file, 1, c, "twice", "each column once")
        for c in sorted({n for n in names if names.count(n) > 1})
    ]
    faults += [
        Fault(file, 1, c, "missing", f"a column {' or '.join(HEADERS[c])}")
        for c in REQUIRED
        if c not in names
    ]
    if faults:
        raise Misconfigured(faults)
    return columns
