from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pydantic
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import gateway
from gateway.model.batch import Batch
from gateway.model.errors import Misconfigured, Retry
from gateway.model.quality import Quality
from gateway.model.site import Tag
from gateway.model.times import NS, parse_iso
from gateway.sources.replay.clock import ReplayClock
from gateway.sources.replay.config import Settings, bind, links
from gateway.sources.replay.decode import Columns, Cutter
from gateway.sources.replay.plugin import ReplaySource, build, first_time
from tests.helpers.feed import FakeFeed

FOLDER = Path(gateway.__file__).parent / "sources" / "replay"
T0 = parse_iso("2026-11-22T00:00:00Z")


def bound(settings: Settings, *names: str) -> list[tuple[int, Tag, Any]]:
    tags = [Tag(id=n, raw=n, description="", cls="other", unit="", installation="") for n in names]
    return [(i, t, bind(settings, t.id, t)) for i, t in enumerate(tags)]


def settings(path: Path, **change: Any) -> Settings:
    return Settings.model_validate({"kind": "replay", "path": path, **change})


def source(path: Path, *names: str, resume_after: int = -1, **change: Any) -> ReplaySource:
    made = settings(path, **change)
    return build("history", made, bound(made, *names), resume_after)


async def play(reading: ReplaySource) -> FakeFeed:
    feed = FakeFeed(ReplayClock())
    await reading.run(feed)
    return feed


def iso(seconds: float) -> str:
    return f"2026-11-22T00:{int(seconds) // 60:02d}:{seconds % 60:012.9f}Z"


def wide(path: Path, lines: list[str], header: str = "time,A,B") -> Path:
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


async def test_a_wide_csv(tmp_path: Path) -> None:
    path = wide(
        tmp_path / "h.csv", [f"{iso(0)},1.5,2", f"{iso(0.4)},,3", f"{iso(1)},4,x", f"{iso(2)},nan,true"]
    )
    feed = await play(source(path, "A", "B"))
    assert [len(b) for b in feed.batches] == [3, 2, 2]
    got = [(r.tag, (r.source - T0) / NS, r.value, r.quality) for r in feed.rows]
    assert got[:4] == [(0, 0.0, 1.5, 0), (1, 0.0, 2.0, 0), (1, 0.4, 3.0, 0), (0, 1.0, 4.0, 0)]
    assert [q for *_, q in got[4:]] == [Quality.MALFORMED, Quality.NOT_A_NUMBER, Quality.GOOD]
    assert feed.clock.now() == T0 + 2 * NS


async def test_a_long_csv_of_a_chinese_historian(tmp_path: Path) -> None:
    path = tmp_path / "h.csv"
    text = (
        "时间;位号;值;质量;x\n1000;罐1;5;good;\n1001;罐2;6;;\n1001;别的;9;;\n1002;罐1;7;bad;\n1003;罐1;;64;\n"
    )
    path.write_text(text, encoding="gb18030")
    columns = {"time_column": "时间", "tag_column": "位号", "value_column": "值", "quality_column": "质量"}
    feed = await play(
        source(path, "罐1", "罐2", layout="long", time_unit="s", encoding="gb18030", delimiter=";", **columns)
    )
    assert [(r.tag, r.source // NS, r.quality) for r in feed.rows] == [
        (0, 1000, Quality.GOOD),
        (1, 1001, Quality.GOOD),
        (0, 1002, Quality.SOURCE_BAD),
        (0, 1003, Quality.NOT_A_NUMBER),
    ]


def a_table(unit: str = "ns") -> pa.Table:
    times = np.arange(100) * NS // 4 + T0
    return pa.table(
        {
            "time": pa.array(times, pa.timestamp("ns", "UTC")).cast(pa.timestamp(unit, "UTC")),
            "A": pa.array([None if n % 7 == 0 else n * 0.5 for n in range(100)]),
            "B": pa.array(np.arange(100, dtype=np.int16)),
            "C": pa.array([True] * 100),
        }
    )


@pytest.mark.parametrize("unit", ["ns", "us", "ms"])
async def test_parquet_is_the_same_as_csv(tmp_path: Path, unit: str) -> None:
    table = a_table(unit)
    pq.write_table(table, tmp_path / "h.parquet")
    lines = [f"{(T0 + n * NS // 4)},{'' if n % 7 == 0 else n * 0.5},{n},true" for n in range(100)]
    wide(tmp_path / "h.csv", lines, "time,A,B,C")
    one = await play(source(tmp_path / "h.parquet", "A", "B", "C"))
    two = await play(source(tmp_path / "h.csv", "A", "B", "C", time_unit="ns"))
    assert one.rows == two.rows
    assert [b.to_bytes() for b in one.batches] == [b.to_bytes() for b in two.batches]


async def test_a_long_parquet(tmp_path: Path) -> None:
    table = pa.table(
        {"ts": [1000, 1000, 2000], "tag": ["A", "Z", "B"], "value": [1.0, 2.0, None], "q": [0, 0, 64]}
    )
    pq.write_table(table, tmp_path / "h.pq")
    feed = await play(
        source(
            tmp_path / "h.pq", "A", "B", layout="long", time_column="ts", time_unit="ms", quality_column="q"
        )
    )
    assert [(r.tag, r.source, r.quality) for r in feed.rows] == [
        (0, NS, 0),
        (1, 2 * NS, Quality.NOT_A_NUMBER),
    ]


async def test_what_is_older_arrived_later(tmp_path: Path) -> None:
    path = wide(tmp_path / "h.csv", [f"{iso(5)},1,", f"{iso(3)},2,", f"{iso(6)},3,"])
    feed = await play(source(path, "A"))
    assert [(r.source - T0) // NS for r in feed.rows] == [5, 3, 6]
    assert [(r.received - T0) // NS for r in feed.rows] == [5, 5, 6]


async def test_recorded_arrival_times(tmp_path: Path) -> None:
    path = wide(tmp_path / "h.csv", [f"{iso(1)},1,{iso(9)}", f"{iso(2)},2,{iso(10)}"], "time,A,came")
    feed = await play(source(path, "A", received_column="came"))
    assert [((r.source - T0) // NS, (r.received - T0) // NS) for r in feed.rows] == [(1, 9), (2, 10)]


def random_recording(path: Path, lines: int = 400) -> Path:
    """Many readings of one moment, steps back, holes."""
    rng = np.random.default_rng(7)
    steps = rng.choice([0, 0, 0, 1, 5, 40, -3], lines) * NS // 10
    times = T0 + np.cumsum(steps)
    cells = rng.integers(0, 100, (lines, 2))
    text = [
        f"{t},{a if a > 20 else ''},{b}" for t, (a, b) in zip(times.tolist(), cells.tolist(), strict=True)
    ]
    return wide(path, text)


async def test_stopped_anywhere_it_goes_on_exactly_there(tmp_path: Path) -> None:
    path = random_recording(tmp_path / "h.csv")
    whole = await play(source(path, "A", "B", time_unit="ns"))
    for k in range(0, len(whole.batches), 7):
        committed = whole.batches[:k]
        last = int(committed[-1].received[-1]) if committed else -1
        rest = await play(source(path, "A", "B", time_unit="ns", resume_after=last))
        assert [b.to_bytes() for b in [*committed, *rest.batches]] == [b.to_bytes() for b in whole.batches]


async def test_a_full_queue_loses_nothing(tmp_path: Path) -> None:
    path = random_recording(tmp_path / "h.csv")
    whole = await play(source(path, "A", "B", time_unit="ns"))
    reading, feed = source(path, "A", "B", time_unit="ns"), FakeFeed(ReplayClock())
    take: Callable[..., bool] = feed.readings

    def sometimes(batch: Batch, done: Callable[[], None] | None = None) -> bool:
        feed.full = not feed.full
        return take(batch, done)

    feed.readings = sometimes  # type: ignore[method-assign]
    while not reading.finished.is_set():
        try:
            await reading.run(feed)
        except Retry:
            continue
    assert feed.rows == whole.rows


async def test_it_waits_for_room(tmp_path: Path) -> None:
    path = wide(tmp_path / "h.csv", [f"{iso(n)},{n}," for n in range(5)])
    feed = FakeFeed(ReplayClock())
    feed.roomy.clear()
    async with asyncio.TaskGroup() as group:
        group.create_task(source(path, "A").run(feed))
        await asyncio.sleep(0.05)
        assert feed.batches == []
        feed.roomy.set()
    assert len(feed.batches) == 5


async def test_speed(tmp_path: Path) -> None:
    path = wide(tmp_path / "h.csv", [f"{iso(n)},{n}," for n in range(11)])
    began = time.monotonic()
    await play(source(path, "A", speed=50))
    assert 0.18 < time.monotonic() - began < 1.0


def test_the_clock_never_goes_back_and_starts_at_the_data(tmp_path: Path) -> None:
    path = wide(tmp_path / "h.csv", [f"{iso(5)},,1", f"{iso(3)},2,"])
    made = settings(path)
    clock = ReplayClock(first_time(made, bound(made, "A", "B")))
    assert clock.now() == T0 + 5 * NS
    clock.advance(T0)
    assert clock.now() == T0 + 5 * NS
    assert clock.ticks is False
    assert first_time(settings(wide(tmp_path / "e.csv", [])), bound(made, "A")) == 0


@pytest.mark.parametrize(
    ("lines", "names", "change", "says"),
    [
        (["yesterday,1,2"], ("A",), {}, r"h\.csv:2: .*yesterday"),
        ([f"{iso(0)},1,2", "2026-11-22T00:00:00,1,2"], ("A",), {}, r"h\.csv:3: time without zone"),
        ([f"{iso(0)},1,2"], ("X",), {}, r"h\.csv:1: no column 'X'; allowed: time, A, B"),
        ([f"{iso(0)},1,2"], ("A",), {"time_column": "t"}, r"no column 't'"),
        ([f"{iso(0)}"], ("A",), {}, r"h\.csv:2"),
        (["99999999999,1,2"], ("A",), {"time_unit": "s"}, r"h\.csv"),
    ],
)
async def test_a_recording_that_is_not_as_said(
    tmp_path: Path, lines: list[str], names: tuple[str, ...], change: dict[str, Any], says: str
) -> None:
    with pytest.raises(Misconfigured, match=says):
        await play(source(wide(tmp_path / "h.csv", lines), *names, **change))


async def test_a_column_that_stands_twice_is_nobodys(tmp_path: Path) -> None:
    (tmp_path / "h.csv").write_text(f"time,A,B,A\n{iso(0)},1,2,3\n")
    assert [r.value for r in (await play(source(tmp_path / "h.csv", "B"))).rows] == [2.0]
    with pytest.raises(Misconfigured, match=r"h\.csv:1: column 'A' twice"):
        await play(source(tmp_path / "h.csv", "A"))


async def test_a_recording_that_is_not_there_or_not_what_its_name_says(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="No such file"):
        await play(source(tmp_path / "h.csv", "A"))
    (tmp_path / "h.parquet").write_text("no")
    with pytest.raises(Misconfigured, match=r"h\.parquet"):
        await play(source(tmp_path / "h.parquet", "A"))
    (tmp_path / "b.csv").write_bytes(b"time,A\n\xff\xfe,1\n")
    with pytest.raises(Misconfigured, match="decode"):
        await play(source(tmp_path / "b.csv", "A"))


steps = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 6)), max_size=40)


@given(steps, st.lists(st.integers(1, 30), min_size=1, max_size=10), st.integers(1, 8))
def test_batches_do_not_depend_on_how_the_file_was_read(
    spans: list[tuple[int, int]], sizes: list[int], most: int
) -> None:
    received = np.repeat(np.cumsum([s for s, _ in spans]), [n for _, n in spans]).astype(np.int64)
    n = len(received)
    rows = Columns(np.arange(n, dtype=np.int32), received, received, received * 1.0, np.zeros(n, np.uint8))
    whole = _cut(rows, [n or 1], most)
    assert whole == _cut(rows, sizes, most)
    assert [t for b in whole for t in b] == list(range(n))
    for one, two in pairwise(whole):
        assert received[one[-1]] < received[two[0]], "a batch ends only where time changes"


def _cut(rows: Columns, sizes: list[int], most: int) -> list[list[int]]:
    cutter, out, at, k = Cutter(4, most), [], 0, 0
    while at < len(rows):
        out += cutter.feed(rows.slice(at, at + sizes[k % len(sizes)]))
        at, k = at + sizes[k % len(sizes)], k + 1
    return [b.tag.tolist() for b in [*out, *cutter.rest()]]


@pytest.mark.parametrize(
    "change",
    [
        {"path": "x.xls"},
        {"encoding": "klingon"},
        {"speed": -1},
        {"quality_column": "q"},
        {"batch": 0},
        {"hat": 1},
    ],
)
def test_bad_settings_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(pydantic.ValidationError):
        Settings.model_validate({"kind": "replay", "path": "h.csv", **change})


def test_addresses_and_links() -> None:
    made = settings(Path("h.csv"))
    tag = bound(made, "A")[0][1]
    for cell in ("", "time"):
        with pytest.raises(ValueError, match="allowed"):
            bind(made, cell, tag)
    found, of_tag = links("history", made, {"A": bind(made, "A", tag)})
    assert ([k.id for k in found], of_tag) == (["history"], {"A": ("history",)})
    with pytest.raises(Misconfigured, match="another tag"):
        build("h", made, [(0, tag, bind(made, "A", tag)), (1, tag, bind(made, "A", tag))])


def test_the_sample_is_what_the_readme_shows_and_loads() -> None:
    text = (FOLDER / "sample.yaml").read_text()
    assert text in (FOLDER / "README.md").read_text()
    for each in yaml.safe_load(text)["sources"].values():
        Settings.model_validate(each)


def test_every_setting_is_in_the_readme() -> None:
    readme = (FOLDER / "README.md").read_text()
    assert [name for name in Settings.model_fields if f"`{name}`" not in readme] == []
