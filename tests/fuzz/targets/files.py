"""Files and pushes of other systems: dropped CSV, pushed JSON, tag lists in CSV and as workbooks."""

from __future__ import annotations

import datetime as dt
import io
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openpyxl

from gateway.config import xlsxfile
from gateway.config.csvfile import Row, rows_of
from gateway.config.headers import clean
from gateway.config.schema import Defaults
from gateway.config.taglist import read_tag
from gateway.model.errors import Fault, Misconfigured, Reject
from gateway.sources.filedrop.config import Settings
from gateway.sources.filedrop.decode import parse as parse_drop
from gateway.sources.filedrop.plugin import _form
from gateway.sources.httppush.decode import Form
from gateway.sources.httppush.decode import parse as parse_push
from tests.fuzz.target import Target

_LONG = _form(Settings.model_validate({"kind": "file-drop", "folder": ".", "quality_column": "q"}))
_WIDE = _form(
    Settings.model_validate({"kind": "file-drop", "folder": ".", "layout": "wide", "time_format": "ms"})
)
_BARE = _form(
    Settings.model_validate(
        {
            "kind": "file-drop",
            "folder": ".",
            "header": False,
            "time_column": "1",
            "tag_column": "2",
            "value_column": "3",
            "time_format": "%Y%m%d%H%M%S",
        }
    )
)


def _honest(rows: list[tuple[int, int, float, int]]) -> None:
    for tag, source, value, quality in rows:
        if quality < 128 and (value - value != 0.0 or not 0 < source < 1 << 63 or tag not in (0, 1)):
            raise AssertionError(f"a value that may be judged: {value} at {source}")


def _drop(data: bytes) -> None:
    for form in (_LONG, _WIDE, _BARE):
        try:
            _honest(parse_drop(data, form, {"A1": 0, "A2": 1}).rows)
        except Reject:
            continue


DROP = Target(
    "file-drop",
    _drop,
    [
        "time,tag,value,q\n2026-11-22T08:00:01,A1,0.5,正常\n2026-11-22T00:00:00Z,A2,1e3,断线\n".encode(),
        b"time,A1,A2\n1700000000000,1.5,\xbf\xaa\n1700000001000,,2\n",
        b"20261122080000~A1~1.5\n20261122080001~A2~x\n",
        b'time;tag;value;q\r\n2026-11-22 08:00:01;"A1";"1";\r\n',
    ],
    ["sources/filedrop/decode"],
    [
        b'"',
        b"\r\n",
        b"1e999",
        b"nan",
        b"0001-01-01T00:00:00",
        b"9999-12-31T23:59:59",
        b"\xef\xbb\xbf",
        b"\0",
        b"-",
    ],
)

_PUSH = Form("ms", frozenset({"192"}), frozenset({"64"}), 50)


def _push(data: bytes) -> None:
    try:
        _honest(parse_push(data, _PUSH, {"A": 0, "B": 1}, 1_800_000_000_000_000_000).rows)
    except Reject:
        return


PUSH = Target(
    "http-push",
    _push,
    [
        b'{"readings":[{"tag":"A","time":1700000000123,"value":1.5,"quality":192},{"tag":"B","value":null}]}',
        b'{"time":"2026-11-22T08:00:00+08:00","values":{"A":1,"B":"x","C":true}}',
    ],
    ["sources/httppush/decode"],
    [
        b'"tag"',
        b'"time"',
        b"1e999",
        b"-1",
        b"true",
        b"[]",
        b"{}",
        b"99999999999999999999",
        b'"9999-12-31T23:59:59Z"',
    ],
)


def _list(name: str, data: bytes) -> None:
    faults: list[Fault] = []
    try:
        for row in rows_of(Path(name), data, faults):
            faults += read_tag(row, Defaults(), ["tank-farm"], ["plc1"])[1]
    except Misconfigured as error:
        faults += error.faults
        if not error.faults:
            raise AssertionError("refused without a fault") from error
    for fault in faults:
        if "\n" in str(fault):
            raise AssertionError(f"a fault of two lines: {fault!r}")


_HEADER = "id,raw,class,unit,low,high,installation,source,address,H,deadband,on_delay,period,calibration_due"
_ROW = "LT-1,LT 1,level,m,0,15,tank-farm,plc1,1:holding:0,12,0.2,5s,1s,2027-06-30"
TAGS = Target(
    "tag-list-csv",
    lambda data: _list("tags.csv", data),
    [
        f"{_HEADER}\n{_ROW}\n".encode(),
        f"编号,位号,类别,单位,量程下限（m）,量程上限,装置,数据源,地址\n{_ROW}\n".encode("gb18030"),
        f'sep=;\r\n"{_HEADER}"\r\n# a comment\r\n'.encode("utf-8-sig"),
    ],
    ["config/csvfile", "config/cells", "config/taglist", "config/headers"],
    [b'"', b"\xef\xbb\xbf", "高报".encode(), b",,", b"4-20mA", b"1e400", "１２".encode(), b"\r", b"\x00"],
    short=300,
    traced=0.25,
)


def _workbook() -> dict[str, bytes]:
    book: Any = openpyxl.Workbook()
    for line in (_HEADER, _ROW):
        book.active.append([float(c) if c.replace(".", "").isdecimal() else c for c in line.split(",")])
    out = io.BytesIO()
    book.save(out)
    with zipfile.ZipFile(out) as parts:
        return {name: parts.read(name) for name in parts.namelist()}


_PARTS = _workbook()
_SHEET, _BOOK = "xl/worksheets/sheet1.xml", "xl/workbook.xml"


def _xlsx(data: bytes) -> None:
    """The first byte says which part of a good workbook the rest replaces; 255: the rest is the file."""
    if data[:1] == b"\xff":
        _list("tags.xlsx", b"PK\x03\x04" + data[1:])
        return
    name = (_SHEET, _BOOK, "xl/styles.xml", "[Content_Types].xml", "xl/sharedStrings.xml")[
        (data or b"\0")[0] % 5
    ]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as parts:
        for part, body in _PARTS.items():
            parts.writestr(part, data[1:] if part == name else body)
    _list("tags.xlsx", out.getvalue())


XLSX = Target(
    "tag-list-xlsx",
    _xlsx,
    [
        b"\0" + _PARTS[_SHEET],
        b"\1" + _PARTS[_BOOK],
        b"\2" + _PARTS["xl/styles.xml"][:3000],
        b"\xff" + bytes(40),
    ],
    ["config/xlsxfile", "config/csvfile"],
    [
        b"<c",
        b"</c>",
        b'<c r="A1" t="e"><v>#REF!</v></c>',
        b't="d"',
        b't="b"',
        b"<f>1+1</f>",
        b"&#xD800;",
        b'r="XFD9"',
    ],
    longest=8192,
    short=100,
    traced=0.1,
)


class _Sheet:
    """What openpyxl makes of a sheet, from bytes: cells end with 0xFE, rows with 0xFF, each begins with its kind."""

    def __init__(self, data: bytes) -> None:
        self._rows = [[_cell(cell) for cell in row.split(b"\xfe")] for row in data.split(b"\xff")]

    def iter_rows(self, max_col: int, max_row: int) -> Iterator[list[SimpleNamespace]]:
        return (row[:max_col] for row in self._rows[:max_row])


def _cell(data: bytes) -> SimpleNamespace:
    kind, rest = data[0] % 9 if data else 0, data[1:]
    number = struct.unpack(">d", (rest + bytes(8))[:8])[0]
    text = rest.decode("utf-8", "replace")
    day = dt.datetime(1900, 1, 1) + dt.timedelta(seconds=int.from_bytes(rest[:5], "big") % 10**11)
    value, form = (
        (None, None),
        (text, "General"),
        (number, "General"),
        (number, "0.00%"),
        (int.from_bytes(rest, "big", signed=True), None),
        (bool(rest[:1] > b"\x7f"), "General"),
        (day, "yyyy-mm-dd"),
        (day.time() if rest[:1] > b"\x7f" else day.date(), "General"),
        (text, "@"),
    )[kind]
    return SimpleNamespace(value=value, number_format=form, data_type="e" if data[:1] > b"\xc0" else "n")


def _cells_of_a_book(data: bytes) -> None:
    """The first byte: whether the sheet has formulas, which are then the second half of the rest."""
    body, faults = data[1:], list[Fault]()
    values = _Sheet(body[: len(body) // 2] if data[:1] > b"\x7f" else body)
    formulas = _Sheet(body[len(body) // 2 :]) if data[:1] > b"\x7f" else None
    for number, cells in xlsxfile._rows(Path("t.xlsx"), values, formulas, faults):
        if not any(cells) or not all(isinstance(c, str) for c in cells) or number < 1:
            raise AssertionError(f"row {number}: {cells}")
        row = Row("t.xlsx", number, dict(zip(_COLUMNS, map(clean, cells), strict=False)))
        faults += read_tag(row, Defaults(), ["tank-farm"], ["plc1"])[1]
    for fault in faults:
        if "\n" in str(fault):
            raise AssertionError(f"a fault of two lines: {fault!r}")


_COLUMNS = _HEADER.split(",")
CELLS_OF_A_BOOK = Target(
    "tag-list-xlsx-cells",
    _cells_of_a_book,
    [
        b"\0" + b"\xfe".join(b"\1" + c.encode() for c in _ROW.split(",")),
        b"\0"
        + b"\xfe".join(
            [b"\1LT-1", b"\2" + struct.pack(">d", 0.25), b"\3" + struct.pack(">d", 0.25), b"\6\1\2\3"]
        ),
        b"\xff" + b"\0\xfe\1x" + b"\1=A1+1\xfe\1=B1",
        b"\0" + b"\xd1#REF!\xfe\4\x80\0\0\0\0\0\0\0\0",
    ],
    ["config/xlsxfile", "config/cells", "config/taglist", "config/headers"],
    [b"\xfe", b"\xff", b"\xfe\1", b"\1=", b"\x7f\xf0\0\0\0\0\0\0", b"\x7f\xf8\0\0\0\0\0\0", "１２".encode()],
    longest=300,
    short=500,
    traced=0.05,
)
