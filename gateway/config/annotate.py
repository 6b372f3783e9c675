"""A tag list given back as a workbook, every fault beside its row and its cell in colour; and CSV as Excel reads it."""

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from gateway.config.csvfile import table_lines
from gateway.config.files import read_file
from gateway.config.headers import HEADERS, clean, column_of
from gateway.config.xlsxfile import FAULTS, MAGIC, SHEETS
from gateway.model.errors import Fault

NOTE: Final = "#faults 问题"
"""Header of the added column: begins with # so that the workbook can be read again as it is."""
RED: Final = "FFFFC7CE"
_WIDE: Final = 60


def write_csv(path: Path, rows: Iterable[Sequence[str]]) -> None:
    """CSV with a byte order mark: without it Excel on a Chinese Windows reads UTF-8 as GB18030."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(rows)


def annotate(source: Path, faults: Sequence[Fault], target: Path) -> None:
    """Write ``source`` (CSV or XLSX) to ``target`` (XLSX), each fault of its file named in its row.

    Raises:
        Misconfigured: the source cannot be read at all.
    """
    import openpyxl  # noqa: PLC0415 - only where asked for

    mine = [fault for fault in faults if fault.file == str(source)]
    book: Any = openpyxl.Workbook()
    if read_file(source).startswith(MAGIC):
        book = openpyxl.load_workbook(source)
        sheet = _tag_sheet(book)
        rows = {number: number for number in range(1, sheet.max_row + 1)}
    else:
        sheet = book.active
        sheet.title = "tags"
        rows = _copied(source, sheet)
    _mark(sheet, mine, rows)
    _list(book, mine)
    book.save(target)


def _tag_sheet(book: Any) -> Any:
    named = [name for name in book.sheetnames if clean(name).lower() in SHEETS]
    return book[named[0]] if named else next(s for s in book.worksheets if s.title != FAULTS)


def _copied(source: Path, sheet: Any) -> dict[int, int]:
    """Lines of a CSV as text cells (nothing is taken for a date); line -> row of the sheet."""
    rows: dict[int, int] = {}
    for row, (line, cells) in enumerate(table_lines(source, []), 1):
        rows[line] = row
        for column, text in enumerate(cells, 1):
            cell = sheet.cell(row, column, text)
            cell.number_format, cell.data_type = "@", "s"
    return rows


def _mark(sheet: Any, faults: Sequence[Fault], rows: Mapping[int, int]) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill  # noqa: PLC0415
    from openpyxl.utils import get_column_letter  # noqa: PLC0415

    first = min(rows.values(), default=1)
    header: dict[str | None, int] = {column_of(str(c.value or "")): c.column for c in sheet[first]}
    beside: int = next((c.column for c in sheet[first] if c.value == NOTE), (sheet.max_column or 0) + 1)
    for row in rows.values():
        sheet.cell(row, beside).value = None
    red, words = PatternFill("solid", start_color=RED), defaultdict[int, list[str]](list)
    for fault in faults:
        if fault.line is None or fault.line not in rows:
            continue
        row = rows[fault.line]
        words[row].append(_words(fault))
        column = header.get(_column(fault.path)) if row != first else None
        if column:
            sheet.cell(row, column).fill = red
    sheet.cell(first, beside, NOTE).font = Font(bold=True)
    for row, said in words.items():
        sheet.cell(row, beside, "\n".join(said)).alignment = Alignment(wrap_text=True, vertical="top")
    sheet.column_dimensions[get_column_letter(beside)].width = _WIDE
    sheet.freeze_panes = sheet.cell(first + 1, 1)


def _list(book: Any, faults: Sequence[Fault]) -> None:
    """Every fault in a sheet of its own."""
    from openpyxl.styles import Font  # noqa: PLC0415

    if FAULTS in book.sheetnames:
        del book[FAULTS]
    sheet = book.create_sheet(FAULTS)
    sheet.append(["line 行", "column 列", "value 值", "allowed 允许", "hint 提示"])
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for fault in faults:
        sheet.append([fault.line, *map(_plain, (fault.path, fault.value, fault.allowed, fault.hint))])


def _column(path: str) -> str:
    name = path.partition("/")[0]
    return name if name in HEADERS else ""


def _words(fault: Fault) -> str:
    hint = f" ({fault.hint})" if fault.hint else ""
    return _plain(f"{fault.path}: {fault.value}; {fault.allowed}{hint}")


def _plain(text: str) -> str:
    """Text that is never a formula, and holds no character that a workbook cannot."""
    printable = "".join(c for c in text if c >= " " or c == "\n")
    return f"'{printable}" if printable[:1] in ("=", "+", "@") else printable
