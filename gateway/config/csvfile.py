"""Read a tag list: XLSX, or CSV in UTF-8 (with or without BOM) or GB18030, comma, semicolon or tab, CRLF or LF."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.config import xlsxfile
from gateway.config.files import read_file, wrong
from gateway.config.headers import HEADERS, REQUIRED, clean, column_of
from gateway.config.source import shown
from gateway.model.errors import Fault, Misconfigured

DELIMITERS: Final = ",;\t"
CSV_HINT: Final = "in Excel or WPS: Save as, type `CSV UTF-8 (comma delimited)`"
#: first bytes of files that are often taken for CSV
_LOOKALIKES: Final = (
    (b"\xd0\xcf\x11\xe0", "an Excel workbook (.xls)"),
    (b"\xff\xfe", "UTF-16 text (`Unicode text` of Excel)"),
    (b"\xfe\xff", "UTF-16 text"),
    (b"%PDF", "a PDF"),
)
_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f]")
Line = tuple[int, list[str]]


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
        """A fault in one cell; the column is named as people see it in either language."""
        named = f"{column}/{HEADERS[column][1]}" if column in HEADERS else column
        return Fault(self.file, self.line, named, shown(self.get(column)), allowed, hint)

    @property
    def place(self) -> str:
        """``file:line``."""
        return f"{self.file}:{self.line}"


def read_rows(path: Path, faults: list[Fault]) -> list[Row]:
    """All rows that are not empty and not comments (first cell begins with ``#``); what is wrong goes to ``faults``.

    Raises:
        Misconfigured: unreadable, not CSV, unknown or missing headers: nothing can be said about its rows.
    """
    return rows_of(path, read_file(path), faults)


def rows_of(path: Path, data: bytes, faults: list[Fault]) -> list[Row]:
    """:func:`read_rows` of a file that holds ``data``.

    Raises:
        Misconfigured: as there.
    """
    lines = _table(path, data, faults)
    number, header = next(lines, (1, []))
    if not header:
        raise Misconfigured([wrong(path, "empty", "a header row and one row per tag")])
    columns = _columns(str(path), number, header)
    rows = [row for line in lines if (row := _row(path, columns, line, faults)) is not None]
    if not rows:
        faults.append(wrong(path, "no tags", "one row per tag below the header"))
    return rows


def table_lines(path: Path, faults: list[Fault]) -> Iterator[Line]:
    """(line or row it starts on, cells) of a CSV or XLSX table, without what is empty or a comment.

    Raises:
        Misconfigured: unreadable, or neither.
    """
    return _table(path, read_file(path), faults)


def _table(path: Path, data: bytes, faults: list[Fault]) -> Iterator[Line]:
    if data.startswith(xlsxfile.MAGIC):
        return (line for line in xlsxfile.read_lines(path, data, faults) if not _aside(line[1]))
    return _lines(path, _text(path, data))


def _row(path: Path, columns: Sequence[str | None], line: Line, faults: list[Fault]) -> Row | None:
    number, cells = line
    cleaned = {c: clean(v) for c, v in zip(columns, cells, strict=False) if c}
    over = [clean(v) for i, v in enumerate(cells) if (i >= len(columns) or columns[i] == "") and clean(v)]
    if over:
        hint = 'put a cell with a comma in it between quotes: "a, b"'
        allowed = f"at most the {sum(c != '' for c in columns)} cells of the header"
        faults.append(
            Fault(str(path), number, "(row)", f"{shown(over[0])} has no header over it", allowed, hint)
        )
    faults += [
        Fault(str(path), number, c, shown(v), "printable text")
        for c, v in cleaned.items()
        if _CONTROL.search(v)
    ]
    return Row(str(path), number, cleaned) if any(cleaned.values()) else None


def _text(path: Path, data: bytes) -> str:
    for start, what in _LOOKALIKES:
        if data.startswith(start):
            raise Misconfigured([wrong(path, what, "a CSV file or an .xlsx workbook", CSV_HINT)])
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
        except UnicodeDecodeError:
            continue
    raise Misconfigured([wrong(path, "neither UTF-8 nor GB18030", "UTF-8 or GB18030 text", CSV_HINT)])


def _lines(path: Path, text: str) -> Iterator[Line]:
    """(line it starts on, cells), without empty lines, comments and Excel's ``sep=`` line.

    Raises:
        Misconfigured: a quote that is not closed, or text after a closing quote.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    start = 1
    try:
        for cells in reader:
            if any(clean(c) for c in cells) and not _aside(cells):
                yield start, cells
            start = reader.line_num + 1
    except csv.Error as error:
        hint = 'a quote that opens a cell must close it, and a quote inside is written twice: ""'
        raise Misconfigured([wrong(path, str(error), "CSV", hint, start)]) from error


def _aside(cells: Sequence[str]) -> bool:
    first = clean(cells[0])
    return first.startswith("#") or first.lower().startswith("sep=")


def _delimiter(text: str) -> str:
    lines = (line for line in text.split("\n") if line.strip() and not _aside([line]))
    head = next(lines, "")
    return max(DELIMITERS, key=head.count)


def _columns(file: str, line: int, header: Sequence[str]) -> list[str | None]:
    """Column of each cell: a name, None for a comment column (``#...``), empty where there is no header."""
    cells = [clean(h) for h in header]
    columns = ["" if not h else None if h.startswith("#") else column_of(h) or h for h in cells]
    known = ", ".join(f"{names[0]}/{names[1]}" for names in HEADERS.values())
    faults = [
        Fault(
            file,
            line,
            f"column {i + 1}",
            shown(c),
            f"one of {known}",
            "remove it, or begin it with # as a comment",
        )
        for i, c in enumerate(columns)
        if c and c not in HEADERS
    ]
    names = [c for c in columns if c in HEADERS]
    twice = sorted({str(c) for c in names if names.count(c) > 1})
    faults += [Fault(file, line, c, "twice", "each column once") for c in twice]
    faults += [
        Fault(file, line, c, "missing", f"a column {' or '.join(HEADERS[c])}")
        for c in (*REQUIRED, *(() if "type" in columns else ("class",)))
        if c not in columns
    ]
    if faults:
        raise Misconfigured(faults)
    return columns
