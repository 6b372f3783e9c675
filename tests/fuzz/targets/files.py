"""Files and pushes of other systems: dropped CSV, pushed JSON, tag lists in CSV and as workbooks."""

from __future__ import annotations

import io
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import openpyxl

from gateway.config.csvfile import read_rows
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

_PLACE = Path(tempfile.gettempdir()) / "fengsui-fuzz"


def _list(name: str, data: bytes) -> None:
    _PLACE.mkdir(exist_ok=True)
    path = _PLACE / name
    path.write_bytes(data)
    faults: list[Fault] = []
    try:
        for row in read_rows(path, faults):
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
)
