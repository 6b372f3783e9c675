"""Read a tag list from an Excel workbook, cell by cell as the plant meant it.

A workbook holds more than text: numbers shown as percentages, formulas never computed, dates, cells with ``#REF!``.
Each of these would be a wrong limit if it were taken silently, so each is a fault of its cell.
"""

import datetime as dt
import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gateway.config.files import wrong
from gateway.config.headers import clean
from gateway.config.source import shown
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
LARGEST: Final = 1e300
LARGE: Final = "a number beyond 1e300"
_FORMULA: Final = re.compile(rb"<(\w+:)?f[ >/]")
_BROKEN: Final = (ValueError, NotImplementedError, OverflowError, RuntimeError, OSError, EOFError, KeyError)
"""What zipfile says of archives that are damaged, encrypted or packed in a way it does not know."""
Line = tuple[int, list[str]]


def read_lines(path: Path, data: bytes, faults: list[Fault]) -> Iterator[Line]:
    """(row number, cells as text) of the sheet with the tags; rows without any text are left out.

    Raises:
        Misconfigured: not a workbook, too large, or no sheet that is plainly the tag list.
    """
    computed = _check(path, data)
    values = _open(path, data, computed=True)
    formulas = _open(path, data, computed=False) if computed else None
    try:
        name = _sheet(path, values)
        yield from _rows(path, values[name], formulas[name] if formulas else None, faults)
    except Misconfigured:
        raise
    except Exception as error:
        raise _unreadable(path, error) from error
    finally:
        values.close()
        if formulas is not None:
            formulas.close()


def _check(path: Path, data: bytes) -> bool:
    """Refuse what is no workbook or unpacks to too much; True when a sheet has formulas (a second look is needed)."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            size = sum(part.file_size for part in parts.infolist())
            if size > MOST_BYTES:
                raise Misconfigured([wrong(path, f"{size} bytes unpacked", f"at most {MOST_BYTES} bytes")])
            sheets = [name for name in parts.namelist() if name.startswith("xl/worksheets/")]
            return any(_FORMULA.search(parts.read(name)) for name in sheets)
    except (zipfile.BadZipFile, zlib.error, *_BROKEN) as error:
        raise _unreadable(path, error) from error


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
    visible = [name for name in book.sheetnames if book[name].sheet_state == "visible"]
    names = [name for name in visible if name != FAULTS]
    named = [name for name in names if clean(name).lower() in SHEETS]
    if len(named) == 1 or len(names) == 1:
        return str((named or names)[0])
    hint = f"name the sheet with the tags {SHEETS[0]} or {SHEETS[4]}"
    raise Misconfigured(
        [wrong(path, f"sheets {', '.join(names) or 'none'}", "one sheet with the tags", hint)]
    )


def _rows(path: Path, values: Any, formulas: Any, faults: list[Fault]) -> Iterator[Line]:
    """``formulas``: the same sheet with formulas instead of their values, None when it has none."""
    edge = {"max_col": MOST_COLUMNS, "max_row": MOST_ROWS}
    written = formulas.iter_rows(**edge) if formulas is not None else repeat(())
    for number, (row, sources) in enumerate(zip(values.iter_rows(**edge), written, strict=False), 1):
        cells = _cells(row, sources, str(path), number, faults)
        if any(cells):
            yield number, cells


def _cells(
    row: Sequence[Any], sources: Sequence[Any], file: str, number: int, faults: list[Fault]
) -> list[str]:
    """The texts of a row up to its last cell that says something. Rows come padded with empty cells."""
    texts: dict[int, str] = {}
    for column, cell in enumerate(row):
        source = sources[column].value if column < len(sources) else None
        if cell.value is None and source is None:
            continue
        texts[column], allowed = _text(cell, source)
        if allowed:
            said = shown(texts[column]) if texts[column] else repr(source)[:60]
            hint = "type the value itself into the cell"
            faults.append(Fault(file, number, f"column {_letters(column + 1)}", said, allowed, hint))
    return [texts.get(column, "") for column in range(max(texts, default=-1) + 1)]


def _text(cell: Any, formula: Any) -> tuple[str, str]:
    """The cell as text, and what is allowed there where it cannot be taken as it is."""
    value = cell.value
    if value is None:
        computed = isinstance(formula, str) and formula.startswith("=")
        return "", "a formula that was computed when the workbook was saved" if computed else ""
    if cell.data_type == "e":
        return str(value), "a value, not an error of Excel"
    if isinstance(value, int | float) and not isinstance(value, bool):
        if abs(value) > LARGEST:  # an integer of a thousand digits is no float
            return LARGE, "a number up to 1e300"
        percent = "%" in (cell.number_format or "")
        return _number(value), "a number that is not shown as a percentage" if percent else ""
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
