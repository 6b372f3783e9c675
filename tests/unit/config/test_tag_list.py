"""The tag list: what spreadsheets write is read; what is wrong is a fault in its cell."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.model.site import Signal
from tests.unit.config.writing import HEADER, SITE, TAGS, faults, good, row, spoilt

WITHOUT_RULES = SITE[: SITE.index("rules:")] + SITE[SITE.index("people:") :]

CHINESE = (
    "编号,位号,类别,单位,量程下限（m）,量程上限（m）,装置,数据源,地址"
    ",低报,高报,高高报,回差,报警延时,周期,有效期,标记"
)
ZH_TAGS = TAGS.replace(HEADER, CHINESE).replace(",level,", ",液位,").replace(",state,", ",状态,")


@pytest.mark.parametrize(
    "data",
    [
        TAGS.encode(),
        TAGS.encode("utf-8-sig"),
        ZH_TAGS.encode("gb18030"),
        ZH_TAGS.encode("utf-8-sig").replace(b"\n", b"\r\n"),
        TAGS.replace(",", ";").encode(),
        TAGS.replace(",", "\t").encode(),
        TAGS.replace("\n", "\r").encode(),
        TAGS.replace("\n", ",,,\n").encode(),
        ("sep=,\n# made by hand\n\n" + TAGS + ",,,\n  \n").encode(),
        TAGS.replace("0,15,tank-farm", "０,１５,tank-farm").replace("1:holding:0", "１：holding：0").encode(),
        TAGS.replace(HEADER, HEADER.upper()).encode(),
        TAGS.replace(HEADER, HEADER + ",#note").replace(",,,\n", ",,,,free text\n").encode(),
        TAGS.replace("LT 1", '"LT\n1"').encode(),
    ],
)
def test_forms_of_csv_that_are_one_list(tmp_path: Path, data: bytes) -> None:
    loaded = good(tmp_path, SITE, data)
    assert [t.id for t in loaded.site.tags] == ["LT-1", "XV-1-CMD", "XV-1-FB", "AT-1", "AT-2", "AT-3"]
    assert (loaded.site.tags[0].low, loaded.site.tags[0].high, loaded.site.tags[0].cls) == (
        0.0,
        15.0,
        "level",
    )


@pytest.mark.parametrize(
    ("cells", "column", "words"),
    [
        ({"id": "a b"}, "id/编号", "topic-safe"),
        ({"id": "", "raw": "位 9"}, "raw/位号", "give the tag an id of its own"),
        ({"raw": ""}, "raw/位号", "tag name"),
        ({"id": "LT-1"}, "id/编号", "LT-1 is at"),
        ({"id": "lt-1"}, "id/编号", "upper and lower case"),
        ({"cls": "livel"}, "class/类别", "level/液位"),
        ({"unit": "ft"}, "unit/单位", "for class level: one of m"),
        ({"installation": "tank-fram"}, "installation/装置", "did you mean tank-farm?"),
        ({"source": "plc2"}, "source/数据源", "did you mean plc1?"),
        ({"address": "1:holdin:0"}, "address/地址", "area coil|discrete|input|holding"),
        ({"address": ""}, "address/地址", "unit:area:address"),
        ({"low": "0x10"}, "low/量程下限", "a number with a decimal point"),
        ({"high": "1_5"}, "high/量程上限", "write 15"),
        ({"high": '"1,500"'}, "high/量程上限", "write 1500"),
        ({"high": '"1,5"'}, "high/量程上限", "write 1.5 with a decimal point"),
        ({"high": "15m"}, "high/量程上限", "unit has a column of its own"),
        ({"high": "nan"}, "high/量程上限", "a number"),
        ({"high": "1e300"}, "high/量程上限", "1e15"),
        ({"high": ""}, "high/量程上限", "both given"),
        ({"low": "20"}, "high/量程上限", "low below high"),
        ({"H": "14"}, "HH/高高报", "LL < L < H < HH"),
        ({"HH": "16"}, "HH/高高报", "never be reached"),
        ({"deadband": "-1"}, "deadband/回差", "0 or more"),
        ({"deadband": "11"}, "deadband/回差", "could never clear"),
        ({"L": "", "deadband": "12"}, "deadband/回差", "could never clear"),
        ({"on_delay": "soon"}, "on_delay/报警延时", "5min"),
        ({"on_delay": "9" * 18 + "d"}, "on_delay/报警延时", "5min"),
        ({"period": "0"}, "period/周期", "more than 0"),
        ({"period": "10s", "max_age": "5s"}, "max_age/有效期", "at least the period, 10s"),
        ({"max_age": "0"}, "max_age/有效期", "only for class state"),
        ({"mark": "X"}, "mark/标记", "V, S, U or E"),
        ({"cls": "state", "unit": ""}, "L/低报", "rule of kind state"),
        ({"raw": "x" * 501}, "raw/位号", "at most 500"),
        ({"raw": "a\x01b"}, "raw", "printable"),
    ],
)
def test_a_wrong_cell_is_a_fault_of_its_row(
    tmp_path: Path, cells: dict[str, str], column: str, words: str
) -> None:
    tags = TAGS + "\n# a comment\n" + row(**cells) + "\n"
    found = [f for f in faults(tmp_path, SITE, tags) if f.path == column]
    assert found, faults(tmp_path, SITE, tags)
    assert words in f"{found[0].allowed} {found[0].hint}", found[0]
    assert (found[0].file, found[0].line) == (str(tmp_path / "tags.csv"), 10)


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        (b"", None, "a header row"),
        (b"\n\n", None, "a header row"),
        (b"PK\x03\x04" + bytes(60), None, "an .xlsx workbook"),
        (b"\xd0\xcf\x11\xe0" + bytes(60), None, "CSV UTF-8"),
        (TAGS.encode("utf-16"), None, "CSV UTF-8"),
        (b"\xff\x00\x81" * 9, None, "UTF-8 or GB18030"),
        (HEADER.encode(), None, "one row per tag"),
        (TAGS.replace("class", "klass").encode(), 1, "class/类别"),
        (TAGS.replace(",low,", ",high,").encode(), 1, "each column once"),
        (
            TAGS.replace("raw,class", "raw,unit ", 1).replace("unit ,unit", "unit,x").encode(),
            1,
            "class or 类别",
        ),
        (TAGS.replace("LT 1", '"LT 1').encode(), 2, "a quote that opens a cell"),
        ((TAGS + row() + ",extra").encode(), 8, "put a cell with a comma in it between quotes"),
    ],
)
def test_a_list_that_is_not_one(tmp_path: Path, data: bytes, line: int | None, words: str) -> None:
    found = faults(tmp_path, SITE, data)
    hits = [f for f in found if words in f"{f.allowed} {f.hint}"]
    assert hits, found
    assert hits[0].line == line


def test_scaling_and_defaults(tmp_path: Path) -> None:
    header = HEADER + ",signal,raw_low,raw_high,calibration_due,frozen"
    tags = f"{header}\n{row()},4-20mA,4000,20000,2027/6/30,5min\n{row(id='T-8', deadband='')},,0,27648,,\n"
    site = WITHOUT_RULES
    one, two = good(tmp_path, site, tags).site.tags
    assert (one.signal, one.gain, one.offset) == (Signal.MILLIAMP, 0.001, 0.0)
    assert (one.calibration_due, one.frozen_window) == ("2027-06-30", 300_000_000_000)
    assert two.gain == pytest.approx(15 / 27648)
    rules = {r.id: r for r in good(tmp_path, site, tags).site.rules}
    assert rules["T-8.H"].reset == 11.85  # 1 % of 0-15


def test_an_unverified_number_is_not_enabled_until_signed(tmp_path: Path) -> None:
    header = HEADER + ",verified_by,standard"
    tags = f"{header}\n{row(mark='U')},,GB 1\n{row(id='T-8', mark='U')},王强,GB 1\n{row(id='T-7', mark='S')},,GB 1\n"
    rules = good(tmp_path, WITHOUT_RULES, tags).site.rules
    assert {(r.subject, r.enabled) for r in rules} == {("T-9", False), ("T-8", True), ("T-7", True)}
    assert {r.standard for r in rules} == {"GB 1"}


@pytest.mark.parametrize(
    "source",
    [
        "{kind: file-drop, folder: in}",
        "{kind: http-push, token_env: PUSH}",
        "{kind: replay, path: day.csv}",
    ],
)
def test_what_arrives_under_a_name_is_one_tags(tmp_path: Path, source: str) -> None:
    """The other would have no reading, for ever, and nobody would know why."""
    site = spoilt(SITE, "{kind: mqtt, host: h, time: {path: ts}}", source)
    tags = TAGS.replace("a/b#v", "A3") + row(source="pond", address="A3") + "\n"
    (found,) = faults(tmp_path, site, tags)
    assert (found.line, found.path.partition("/")[0]) == (8, "address")
    assert "AT-3 at" in found.hint


def test_two_tags_may_read_one_register(tmp_path: Path) -> None:
    assert faults(tmp_path, SITE, TAGS + row(address="1:holding:0") + "\n") == []
