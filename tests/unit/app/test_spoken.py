"""The terminal speaks the reader's language; programs that read JSON are not disturbed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from gateway.cli import spoken
from gateway.config.load import load
from gateway.config.notes import notes
from gateway.config.packs.find import built_in
from tests.helpers.incli import incli
from tests.helpers.said import ROOT, sentences

CJK = re.compile(r"[\u3400-\u9fff]")
BROKEN = """\
version: 1
gateway: gw 1
county: 34
site: {id: s, name: 厂}
installations: [{id: a, name: 甲, kind: tank-farm, grade: 9}]
sources: {plc: {kind: modbus-tcp, host: h, port: 70000}}
tags: [tags.csv, none.csv]
outputs: {x: {kind: influxdb, url: ftp}}
"""
LIST = """\
位号,描述,类别,单位,量程下限,量程上限,装置,数据源,地址,周期,高报
LT-1,x,level,m,10,0,a,plc,1:holding:0:float32,1s,12
LT-1,x,lever,m,0,10,b,plc,1:hold:0:float32,1x,nan
"""


@pytest.fixture
def chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(spoken.VARIABLE, "zh")


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "", "LC_MESSAGES": "zh_CN.GB18030"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "FENGSUI_LANG": "en"}, "en"),
        ({"LANG": "C", "FENGSUI_LANG": "zh"}, "zh"),
        ({"LANG": "zh_TW", "FENGSUI_LANG": "fr"}, "zh"),
    ],
)
def test_the_language_is_the_terminals_unless_it_is_said(environment: dict[str, str], language: str) -> None:
    assert spoken.language(environment) == language


def test_every_sentence_of_the_code_is_there() -> None:
    """One that is missing goes into gateway/cli/said.json, or where a page shows it too into the console's."""
    conformance = ("gateway/sinks/mqtt/judge.py", "gateway/sinks/mqtt/sweep.py")
    found = sentences("gateway", conformance)
    assert {text: place for text, place in found.items() if text not in spoken.book()} == {}


def test_no_sentence_is_in_both_books_and_each_is_chinese() -> None:
    page, ours = (json.loads(path.read_text()) for path in spoken.BOOKS)
    assert page.keys() & ours.keys() == set()
    for words, said in ours.items():
        assert CJK.search(said), words
        assert said.count("{") == words.count("{") or re.search(r"\{\d\}", said), words


@pytest.mark.usefixtures("chinese")
def test_each_is_said_and_keeps_what_is_put_in() -> None:
    for words, said in spoken.book().items():
        told = spoken.spoken(words.replace("{}", "Q7"))
        assert bool(CJK.search(told)) == bool(CJK.search(said)), words
        assert "{}" not in told or "{}" in words.replace("{}", "Q7"), words
    mixed = "limits.LT-101.H.trigger: 99; above H at 12; cannot connect to 10.0.0.1: [Errno 111] Connection refused"
    assert spoken.spoken(mixed) == (
        "limits.LT-101.H.trigger: 99; 高于 H（12）; 无法连接 10.0.0.1：连接被拒绝（错误 111）"
    ), "as the page says it"
    assert spoken.spoken("LT-101 高液位") == "LT-101 高液位"
    assert spoken.spoken("") == ""


@pytest.mark.usefixtures("chinese")
@pytest.mark.parametrize("pack", ["tank-farm", "gas-leak", "tailings-pond"])
def test_every_note_of_a_pack_is_said(pack: str) -> None:
    loaded = load(built_in()[pack] / "site.yaml")
    for each in notes(loaded, today="2999-01-01", environment={}):
        assert CJK.search(spoken.spoken(each.text)[:12]), each


def test_the_faults_of_a_configuration_are_said_and_json_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site.yaml"
    site.write_text(BROKEN)
    (tmp_path / "tags.csv").write_text(LIST)
    english, as_json = incli("check", site), incli("check", site, "--json").stdout
    monkeypatch.setenv(spoken.VARIABLE, "zh")
    told = incli("check", site, "--annotate", tmp_path / "given")
    assert (told.returncode, told.stdout) == (2, "")
    lines = told.stderr.splitlines()
    assert len(lines) == len(english.stderr.splitlines()) > 8
    for line, before in zip(lines, english.stderr.splitlines(), strict=True):
        assert line.split(": ")[:2] == before.split(": ")[:2], "the place and the path can be found"
        assert "；允许：" in line
        assert "allowed:" not in line
        assert CJK.search(line.partition("；允许：")[2].partition("；提示：")[0]) or "最" in line, line
    assert incli("check", site, "--json").stdout == as_json
    assert "allowed" in as_json
    assert workbook(tmp_path / "given" / "tags.faults.xlsx") >= 3


def workbook(path: Path) -> int:
    """How many cells beside the rows are in Chinese."""
    import openpyxl

    book = openpyxl.load_workbook(path)
    try:
        sheet = book.active
        assert sheet is not None
        beside = [str(row[-1] or "") for row in sheet.iter_rows(values_only=True)][1:]
    finally:
        book.close()
    assert all(CJK.search(cell) for cell in beside if cell)
    return sum("：" in cell or CJK.search(cell) is not None for cell in beside) + len(book.sheetnames)


def test_the_option_decides_and_nothing_else_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(spoken.VARIABLE, "en")
    missing = tmp_path / "none.yaml"
    assert "文件或文件夹不存在；允许：可读取的文件" in incli("--lang", "zh", "run", missing).stderr
    assert "No such file" in incli("--lang", "en", "run", missing).stderr
    assert incli("--lang", "fr", "run", missing).returncode == 2
    assert str(ROOT) not in incli("--lang", "zh", "--version").stdout
