"""File drop: what a mine's system writes is read; what cannot be read costs only itself; files go after the commit."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pydantic
import pytest
import yaml

import gateway
from gateway.model.errors import Misconfigured, Reject
from gateway.model.quality import Quality
from gateway.model.site import Tag
from gateway.model.times import CHINA, NS
from gateway.sources.filedrop.config import Settings, bind, links
from gateway.sources.filedrop.decode import moment, ordered, parse
from gateway.sources.filedrop.plugin import FileDropSource, _form, build
from tests.helpers.feed import FakeFeed

FOLDER = Path(gateway.__file__).parent / "sources" / "filedrop"
TAG = Tag(id="T", raw="T", description="", cls="methane", unit="%CH4", installation="")
LONG = """\
时间,测点编号,测值,状态
2026-11-22 08:00:01,A1,0.5,正常
2026-11-22 08:00:00,A2,1.2,断线
2026-11-22 08:00:02,A9,3,正常
"""
CHINESE = {
    "time_column": "时间",
    "time_format": "%Y-%m-%d %H:%M:%S",
    "tag_column": "测点编号",
    "value_column": "测值",
    "quality_column": "状态",
}
AT = int(dt.datetime(2026, 11, 22, 8, 0, 1, tzinfo=CHINA).timestamp()) * NS


def settings(folder: Path = Path(), **change: Any) -> Settings:
    return Settings.model_validate(
        {"kind": "file-drop", "folder": folder, "poll": "20ms", "settle": 0, **change}
    )


def read(data: bytes, names: dict[str, int] | None = None, **change: Any) -> Any:
    return parse(data, _form(settings(**change)), names or {"A1": 0, "A2": 1})


@pytest.mark.parametrize(
    "data",
    [
        LONG.encode(),
        LONG.encode("gb18030"),
        LONG.encode("utf-8-sig").replace(b"\n", b"\r\n"),
        LONG.replace(",", "|").encode(),
    ],
)
def test_a_mines_file_is_read(data: bytes) -> None:
    found = read(data, **CHINESE)
    assert [(r[0], r[3]) for r in found.rows] == [(0, Quality.GOOD), (1, Quality.SOURCE_BAD)]
    assert (found.rows[0][1], found.rows[0][2]) == (AT, 0.5)
    assert (found.unknown, found.unread) == (1, 0)
    assert [r[0] for r in ordered(found.rows)] == [1, 0], "backfill is judged in event time"


def test_what_cannot_be_read_costs_only_itself() -> None:
    good, last = "2026-11-22T00:00:00Z,A1,1", "2026-11-22T00:00:03Z,A1,x"
    text = f"time,tag,value\n{good}\nyesterday,A1,2\n2026-11-22T00:00:02Z\n{last}\n"
    found = read(text.encode())
    assert [(r[2] if r[3] < 128 else None, r[3]) for r in found.rows] == [(1.0, 0), (None, Quality.MALFORMED)]
    assert found.unread == 2
    assert found.faults == ["line 3: 'yesterday' is not a time in iso", "line 4: 1 cells"]


def test_a_wide_file_and_one_without_header() -> None:
    wide = read(
        b"time,A1,x,A2\n2026-11-22T08:00:01,1.5,9,\n2026-11-22T08:00:02,1e999,9,\xbf\xaa\n", layout="wide"
    )
    assert [(r[0], r[3]) for r in wide.rows] == [(0, 0), (0, Quality.NOT_A_NUMBER), (1, 0)]
    assert wide.rows[0][1] == AT
    assert wide.rows[2][2] == 1.0, "开"
    bare = read(
        b"1795334401000;A1;0.25\n",
        header=False,
        time_column="1",
        tag_column="2",
        value_column="3",
        time_format="ms",
    )
    assert [(r[1], r[2]) for r in bare.rows] == [(1_795_334_401_000 * 10**6, 0.25)]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"a,b\n1,2\n", "no column time, tag, value"),
        (b"time,tag,value,time\n", "time twice"),
        (b"", "no column"),
        (b"PK\0\0", "not text"),
        (b"\xff\x80\x81\xfe", "neither UTF-8 nor GB18030"),
    ],
)
def test_what_is_no_such_file_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(Reject, match=words):
        read(data)


def test_a_column_that_stands_twice_is_nobodys() -> None:
    wide = {"layout": "wide", "time_column": "time", "time_format": "s"}
    assert [r[2] for r in read(b"time,A1,B,B\n1795334401,0.5,1,2\n", **wide).rows] == [0.5]
    with pytest.raises(Reject, match="A1 twice"):
        read(b"time,A1,A2,A1\n1795334401,0.5,1,2\n", **wide)


@pytest.mark.parametrize(
    ("cell", "form", "ok"),
    [
        ("2026-11-22T08:00:01", "iso", True),
        ("2026-11-22 08:00:01", "iso", True),
        ("2026-11-22T00:00:01Z", "iso", True),
        ("1795305601", "s", True),
        ("-5", "s", False),
        ("9e99", "s", False),
        ("2026-13-01", "iso", False),
        ("22/11/2026 08:00:01", "%d/%m/%Y %H:%M:%S", True),
    ],
)
def test_times(cell: str, form: str, ok: bool) -> None:
    if ok:
        assert moment(cell, form, CHINA) == AT
    else:
        with pytest.raises(ValueError, match="is not a time"):
            moment(cell, form, CHINA)


@contextlib.asynccontextmanager
async def running(source: FileDropSource, feed: FakeFeed) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(source.run(feed))
        try:
            yield
        finally:
            task.cancel()


def drop(folder: Path, name: str, text: str, at: int = 0) -> Path:
    path = folder / name
    path.with_suffix(".part").write_text(text, encoding="utf-8")
    path.with_suffix(".part").rename(path)
    if at:
        os.utime(path, (at, at))
    return path


def made(folder: Path, **change: Any) -> FileDropSource:
    given = settings(folder, **{**CHINESE, **change})
    return build("mine", given, [(k, TAG, bind(given, name, TAG)) for k, name in enumerate(("A1", "A2"))])


async def test_files_go_only_when_their_readings_are_on_disk(tmp_path: Path) -> None:
    feed, source = FakeFeed(commit_at_once=False), made(tmp_path)
    path = drop(tmp_path, "a.csv", LONG)
    drop(tmp_path, "notes.txt", "left alone")
    async with running(source, feed):
        await feed.until(lambda: len(feed.rows) == 2)
        assert path.exists(), "not committed"
        feed.commit()
        await feed.until((tmp_path / "done" / "a.csv").exists)
        assert not path.exists()
        assert (tmp_path / "notes.txt").exists()
    assert [r.tag for r in feed.rows] == [1, 0]
    assert (source.counters.files, source.counters.unknown) == (1, 1)


async def test_files_in_order_bad_ones_aside_and_gaps_for_both(tmp_path: Path) -> None:
    feed, source = FakeFeed(), made(tmp_path, keep=1)
    drop(tmp_path, "b.csv", LONG.replace("08:00", "08:01"), at=2_000_000_000)
    drop(tmp_path, "c.csv", LONG + "x,A1,1,\n", at=1_900_000_000)
    drop(tmp_path, "d.csv", "nothing here", at=1_950_000_000)
    async with running(source, feed):
        await feed.until(lambda: source.counters.files == 2 and source.counters.refused == 1)
        await feed.until(lambda: not list(tmp_path.glob("*.csv")))
    assert [r.source for r in feed.rows] == sorted(r.source for r in feed.rows)
    assert [p.name for p in (tmp_path / "bad").iterdir()] == ["d.csv"]
    assert [p.name for p in (tmp_path / "done").iterdir()] == ["b.csv"], "one is kept"
    assert sorted((count, "c.csv" in why or "d.csv" in why) for *_, count, why in feed.gaps) == [
        (0, True),
        (1, True),
    ]
    assert feed.up("mine")


async def test_silence_is_a_link_down(tmp_path: Path) -> None:
    feed = FakeFeed()
    async with running(made(tmp_path, silence="50ms"), feed):
        await feed.until(lambda: not feed.up("mine"))
        drop(tmp_path, "a.csv", LONG)
        await feed.until(lambda: feed.up("mine"))


async def test_a_folder_that_is_not_there_is_for_a_person(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="not there"):
        await made(tmp_path / "nowhere").run(FakeFeed())


def test_settings_and_addresses() -> None:
    for wrong in (
        {"layout": "wide", "quality_column": "q"},
        {"pattern": "a/b"},
        {"time_format": "hour"},
        {"zone": "8"},
    ):
        with pytest.raises(pydantic.ValidationError):
            settings(**wrong)
    with pytest.raises(ValueError, match="allowed: value of the tag column"):
        bind(settings(), " ", TAG)
    found, of_tag = links("mine", settings(Path("x")), {"A": bind(settings(), "A1", TAG)})
    assert [k.id for k in found] == ["mine"]
    assert of_tag == {"A": ("mine",)}


def test_the_sample_is_what_the_readme_shows_and_loads() -> None:
    text = (FOLDER / "sample.yaml").read_text()
    readme = (FOLDER / "README.md").read_text()
    assert text in readme
    Settings.model_validate(yaml.safe_load(text)["sources"]["mine"])
    assert [name for name in Settings.model_fields if f"`{name}`" not in readme] == []
