"""Workbooks: read as the plant meant them, and given back with the faults beside the rows."""

from __future__ import annotations

import csv
import datetime as dt
import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openpyxl
import pytest
from typer.testing import CliRunner

from gateway.cli.main import app
from gateway.config.annotate import NOTE, write_csv
from gateway.config.csvfile import read_rows
from gateway.config.load import load
from gateway.config.xlsxfile import LARGE, _cells
from gateway.model.errors import Fault, Misconfigured
from tests.unit.config.test_tag_list import ZH_TAGS
from tests.unit.config.writing import SITE, TAGS, faults, row, write


def workbook(text: str, sheet: str = "Sheet1", *more: str) -> bytes:
    """Numbers as numbers, the rest as text: as a spreadsheet keeps what people type."""
    book = openpyxl.Workbook()
    book.active.title = sheet
    for cells in csv.reader(io.StringIO(text)):
        book.active.append([_typed(c) for c in cells])
    for name in more:
        book.create_sheet(name)["A1"] = "x"
    return saved(book)


def saved(book: Any) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _typed(cell: str) -> Any:
    try:
        return float(cell) if "." in cell else int(cell)
    except ValueError:
        return cell or None


@pytest.mark.parametrize(
    "data",
    [
        workbook(TAGS),
        workbook(ZH_TAGS),
        workbook(TAGS.replace("0,15,tank-farm", "０,１５,tank-farm")),
        workbook("# made by hand\n\n" + TAGS),
        workbook(TAGS, "tags", "Sheet2"),
        workbook(TAGS, "点表", "说明", "faults 问题"),
    ],
)
def test_a_workbook_is_the_same_list(tmp_path: Path, data: bytes) -> None:
    loaded = load(write(tmp_path, SITE, data))
    assert [t.id for t in loaded.site.tags] == ["LT-1", "XV-1-CMD", "XV-1-FB", "AT-1", "AT-2", "AT-3"]
    assert (loaded.site.tags[0].low, loaded.site.tags[0].high) == (0.0, 15.0)
    assert loaded.origin.listed["LT-1"].limits == {"L": 1.0, "H": 12.0, "HH": 13.0}


def changed(cell: str, value: Any, form: str = "") -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(workbook(TAGS)))
    book.active[cell] = value
    if form:
        book.active[cell].number_format = form
    return saved(book)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (changed("K2", 0.8, "0%"), "not shown as a percentage"),
        (changed("K2", "=1+1"), "computed when the workbook was saved"),
        (changed("K2", "#REF!"), "a number with a decimal point"),
        (workbook(TAGS, "one", "two"), "name the sheet with the tags"),
        (b"PK\x03\x04 and nothing else", "not a workbook that can be read"),
        (workbook(TAGS)[:900], "not a workbook that can be read"),
    ],
)
def test_what_would_be_a_wrong_limit_is_a_fault(tmp_path: Path, data: bytes, words: str) -> None:
    found = faults(tmp_path, SITE, data)
    assert any(words in str(f) for f in found), found


def test_cells_are_text_as_they_were_typed(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(
        ["raw", "class", "installation", "source", "address", "calibration_due", "low", "description"]
    )
    book.active.append([101, "level", "A", "S", 40001, dt.datetime(2027, 6, 30), 0.1 + 0.2, True])
    (tmp_path / "t.xlsx").write_bytes(saved(book))
    wrong: list[Fault] = []
    (found,) = read_rows(tmp_path / "t.xlsx", wrong)
    assert wrong == []
    assert found.cells == {
        "raw": "101",
        "class": "level",
        "installation": "A",
        "source": "S",
        "address": "40001",
        "calibration_due": "2027-06-30",
        "low": "0.3",
        "description": "true",
    }
    assert found.line == 2


def test_found_by_fuzzing_an_integer_of_a_thousand_digits_costs_only_its_cell() -> None:
    wrong: list[Fault] = []
    cells = [SimpleNamespace(value="T", data_type="s"), SimpleNamespace(value=10**1000, data_type="n")]
    assert _cells(cells, (), "t.xlsx", 7, wrong) == ["T", LARGE]
    (fault,) = wrong
    assert (fault.line, fault.path, fault.allowed) == (7, "column B", "a number up to 1e300")


def test_found_by_fuzzing_an_error_of_two_lines_is_said_in_one() -> None:
    wrong: list[Fault] = []
    _cells([SimpleNamespace(value="#REF\n!", data_type="e")], (), "t.xlsx", 1, wrong)
    assert [str(f).count("\n") for f in wrong] == [0]


BAD = TAGS + row(cls="livel", source="plc2") + "\n" + row(id="T-10", address="nowhere", H="99") + "\n"


@pytest.mark.parametrize("name", ["tags.csv", "tags.xlsx"])
def test_every_fault_is_given_back_beside_its_row(tmp_path: Path, name: str) -> None:
    data = BAD.encode("gb18030") if name.endswith("csv") else workbook(BAD)
    (tmp_path / "site.yaml").write_text(SITE.replace("tags.csv", name), encoding="utf-8")
    (tmp_path / name).write_bytes(data)
    with pytest.raises(Misconfigured) as caught:
        load(tmp_path / "site.yaml")
    out = CliRunner().invoke(
        app, ["check", str(tmp_path / "site.yaml"), "--annotate", str(tmp_path / "back")]
    )
    assert out.exit_code != 0
    target = tmp_path / "back" / "tags.faults.xlsx"
    book = openpyxl.load_workbook(target)
    sheet = book.worksheets[0]
    beside = next(c.column for c in sheet[1] if c.value == NOTE)
    said = {r: str(sheet.cell(r, beside).value or "") for r in range(1, sheet.max_row + 1)}
    assert [r for r, text in said.items() if text and r > 1] == [8, 9]
    for words in ("class/类别", "source/数据源"):
        assert words in said[8]
    for words in ("H/高报", "address/地址"):
        assert words in said[9]
    assert len(list(book["faults 问题"].rows)) == 1 + len(caught.value.faults)
    coloured = {c.column_letter for c in sheet[9] if c.fill.fgColor.rgb == "FFFFC7CE"}
    assert coloured >= {"I", "K"}
    again: list[Fault] = []
    assert len(read_rows(target, again)) == 8, "mended, it can be read as it is"
    assert again == []


def test_csv_we_write_begins_with_a_byte_order_mark(tmp_path: Path) -> None:
    write_csv(tmp_path / "x.csv", [["位号", "raw"], ["a,b", "液位"]])
    data = (tmp_path / "x.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    assert list(csv.reader(io.StringIO(data.decode("utf-8-sig")))) == [["位号", "raw"], ["a,b", "液位"]]
