"""Read a tag list from an Excel workbook, cell by cell as the plant meant it.

A workbook holds more than text: numbers shown as percentages, formulas never computed, dates, cells with ``#REF!``.
Each of these would be a wrong limit if it were taken silently, so each is a fault of its cell.
"""

import datetime as dt
import io
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gateway.config.files import wrong
from gateway.config.headers import clean
from gateway.model.errors import Fault, Misconfigured

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook

MAGIC: Final = b"PK\x03\x04"
SHEETS: Final = ("tags", "tag list", "位号", "位号表", "点表", "测点表")
"""Names of the sheet to take where a workbook has several."""
FAULTS: Final = "faults 问题"
"""The sheet that ``check --annotate`` adds; never taken for a tag list"""
MOST_BYTES: Final = 256 << 20
"""of a workbook unpacked; 100,000 tags have about 60 MB"""
MOST_ROWS, MOST_COLUMNS = 200_000, 256
Line = tuple[int, list[str]]


def read_lines(path: Path, data: bytes, faults: list[Fault]) -> Iterator[Line]:
    """(row number, cells as text) of the sheet with the tags; rows without any text are left out.

    Raises:
        Misconfigured: not a workbook, too large, or no sheet that is plainly the tag list.
    """
    _check_size(path, data)
    values, formulas = _open(path, data, computed=True), _open(path, data, computed=False)
    try:
        name = _sheet(path, values)
        yield from _rows(path, values[name], formulas[name], faults)
    except Misconfigured:
        raise
    except Exception as error:
        raise _unreadable(path, error) from error
    finally:
        values.close()
        formulas.close()


def _check_size(path: Path, data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            size = sum(part.file_size for part in parts.infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OverflowError) as error:
        raise _unreadable(path, error) from error
    if size > MOST_BYTES:
        raise Misconfigured([wrong(path, f"{size} bytes unpacked", f"at most {MOST_BYTES} bytes")])


def _open(path: Path, data: bytes, *, computed: bool) -> "Workbook":
    import openpyxl  # noqa: PLC0415 - only where a list is a workbook

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # styles and extensions it does not know; no value is among them
            return openpyxl.load_workbook(
                io.BytesIO(data), read_only=True, data_only=computed, keep_links=False
            )
    except Exception as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> Misconfigured:
    said = " ".join(f"{type(error).__name__}: {error}".split())[:120]
    hint = "open it in Excel or WPS and save it as .xlsx, without a password"
    return Misconfigured(
        [wrong(path, f"not a workbook that can be read ({said})", "an .xlsx workbook", hint)]
    )


def _sheet(path: Path, book: "Workbook") -> str:
    shown = [name for name in book.sheetnames if book[name].sheet_state == "visible"]
    names = [name for name in shown if name != FAULTS]
    named = [name for name in names if clean(name).lower() in SHEETS]
    if len(named) == 1 or len(names) == 1:
        return str((named or names)[0])
    hint = f"name the sheet with the tags {SHEETS[0]} or {SHEETS[4]}"
    raise Misconfigured(
        [wrong(path, f"sheets {', '.join(names) or 'none'}", "one sheet with the tags", hint)]
    )


def _rows(path: Path, values: Any, formulas: Any, faults: list[Fault]) -> Iterator[Line]:
    # openpyxl's types say of read-only sheets what holds for others only
    both = zip(
        values.iter_rows(max_col=MOST_COLUMNS, max_row=MOST_ROWS),
        formulas.iter_rows(max_col=MOST_COLUMNS, max_row=MOST_ROWS),
        strict=False,
    )
    for number, (row, written) in enumerate(both, 1):
        cells: list[str] = []
        for column, (cell, source) in enumerate(zip(row, written, strict=False), 1):
            text, allowed = _text(
                cell.value, getattr(cell, "number_format", ""), source.value, cell.data_type
            )
            if allowed:
                place = f"column {_letters(column)}"
                hint = "type the value itself into the cell"
                faults.append(Fault(str(path), number, place, text or repr(source.value)[:60], allowed, hint))
            cells.append(text)
        if any(cells):
            yield number, cells


def _text(value: Any, form: str, formula: Any, kind: str) -> tuple[str, str]:
    """The cell as text, and what is allowed there where it cannot be taken as it is."""
    if value is None:
        computed = isinstance(formula, str) and formula.startswith("=")
        return "", "a formula that was computed when the workbook was saved" if computed else ""
    if kind == "e":
        return str(value), "a value, not an error of Excel"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number(value), "a number that is not shown as a percentage" if "%" in (form or "") else ""
    return _words(value), ""


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        value = value.date()
    return value.isoformat() if isinstance(value, dt.date | dt.time) else str(value)


def _number(value: float) -> str:
    """As it was typed: 0.3, not 0.30000000000000004; 101, not 101.0."""
    text = f"{value:.15g}"
    return text if "e" not in text else repr(value)


def _letters(column: int) -> str:
    """1 -> A, 27 -> AA."""
    out = ""
    while column:
        column, rest = divmod(column - 1, 26)
        out = chr(65 + rest) + out
    return out
