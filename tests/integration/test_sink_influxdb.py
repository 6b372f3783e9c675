"""The InfluxDB output against InfluxDB 1.x, VictoriaMetrics, and a server that follows a script."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gateway.model.batch import Batch, of_rows
from gateway.model.errors import Misconfigured, Retry
from gateway.model.events import EventKind
from gateway.model.ports import Chunk
from gateway.model.quality import Quality
from gateway.sinks.influxdb.config import Settings
from gateway.sinks.influxdb.events import EventSink
from gateway.sinks.influxdb.plugin import build
from gateway.sinks.influxdb.readings import ReadingSink
from tests.helpers.fake_influx import FakeInflux
from tests.helpers.lane import T0, FakeEventLane, FakeReadingLane, Journal, event, present, site
from tests.servers import Influxd, VictoriaMetrics

SITE = site()
V1: dict[str, Any] = {"kind": "influxdb", "version": 1, "database": "fengsui"}
V2: dict[str, Any] = {
    "kind": "influxdb",
    "version": 2,
    "org": "o r",
    "bucket": "b&1",
    "token_env": "TEST_TOKEN",
}


def chunk(number: int, rows: int = 50, *, table: str = SITE.table, step: int = 1_000_000_001) -> Chunk:
    rng = np.random.default_rng(number)
    tag = np.arange(rows, dtype=np.int32) % 4
    source = T0 + (number * rows + np.arange(rows, dtype=np.int64)) * step
    quality = np.where(np.arange(rows) % 7 == 3, Quality.COMMUNICATION, Quality.GOOD).astype(np.uint8)
    batch = Batch(table, tag, source, source + 5, rng.normal(5, 1e3, rows), quality)
    return Chunk(number, number, number, batch)


def reading_lane(*chunks: Chunk) -> FakeReadingLane:
    lane = FakeReadingLane("tsdb.readings", present(SITE))
    lane.put(*chunks)
    return lane


def event_lane(*events: Any) -> FakeEventLane:
    lane = FakeEventLane("tsdb.events", present(SITE))
    lane.put(*Journal(SITE).add(*events))
    return lane


def readings(url: str, **more: Any) -> ReadingSink:
    return ReadingSink("tsdb", Settings(**{**V1, "url": url, "timeout": "2s", **more}))


def events(url: str, **more: Any) -> EventSink:
    return EventSink("tsdb", Settings(**{**V1, "url": url, "timeout": "2s", **more}))


@contextlib.asynccontextmanager
async def running(sink: Any, lane: Any) -> AsyncIterator[None]:
    task = asyncio.create_task(sink.run(lane))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def deliver(sink: Any, lane: Any, upto: int) -> None:
    """One life of the sink, until the cursor is there."""
    async with running(sink, lane):
        await lane.until(lambda: lane.accepted >= upto)


# --- a real InfluxDB 1.x ----------------------------------------------------------------------------------------------


async def test_every_reading_is_read_back_equal(influxd: Influxd) -> None:
    influxd.create_database("fengsui")
    lane = reading_lane(*(chunk(i) for i in range(1, 6)))
    await deliver(readings(influxd.url), lane, 5)
    check_readings(influxd, lane)
    before = stored(influxd)
    lane.accepted = 0
    lane.rewind()
    await deliver(readings(influxd.url), lane, 5)
    assert stored(influxd) == before, "sending everything twice changes nothing"
    assert not lane.rejected
    assert not lane.reports


def check_readings(influxd: Influxd, lane: FakeReadingLane) -> None:
    found = {(r["tag"], r["time"]): r for r in influxd.query("SELECT * FROM reading", "fengsui")}
    batches = [c.batch for c in lane.chunks]
    assert len(found) == sum(len(b) for b in batches)
    for b in batches:
        for tag, source, value, quality in zip(b.tag, b.source, b.value, b.quality, strict=True):
            row = found[f"LT-{tag + 1}", int(source)]
            assert row["quality"] == quality
            assert row["value"] == (None if quality >= 128 else value)
            place = {k: row[k] for k in ("county", "site", "installation", "class")}
            assert place == {
                "county": "341524",
                "site": "demo",
                "installation": "tank-farm",
                "class": "level",
            }


def stored(influxd: Influxd) -> list[Any]:
    return [influxd.query(f"SELECT * FROM {m}", "fengsui") for m in ("reading", "alarm_event")]


async def test_every_event_is_read_back_equal(influxd: Influxd) -> None:
    influxd.create_database("fengsui")
    lane = event_lane(
        event(comment='say "no", \\ and\nnew line', onset=T0 + 1, rate=0.25),
        event(EventKind.CLEARED, onset=T0 + 1, n=2, level=None),
        event(EventKind.STARTED, level=None, detail={"epoch": "former", "seq": 9}),
    )
    await deliver(events(influxd.url), lane, 3)
    rows = sorted(influxd.query("SELECT * FROM alarm_event", "fengsui"), key=lambda r: r["seq"])
    assert [r["time"] for r in rows] == [r.recorded for r in lane.records]
    assert [r["json"].encode() for r in rows] == [r.data for r in lane.records], "the journal's exact bytes"
    assert [r["level"] for r in rows] == ["red", "none", "none"]
    assert [r["event"] for r in rows] == ["raised", "cleared", "started"]
    assert rows[0]["comment"] == 'say "no", \\ and\nnew line'
    assert (rows[0]["value"], rows[0]["limit"], rows[0]["rate"], rows[0]["id"]) == (
        8.5, 8.0, 0.25, lane.records[0].event.id,
    )  # fmt: skip
    before = stored(influxd)
    lane.accepted = 0
    lane.rewind()
    await deliver(events(influxd.url), lane, 3)
    assert stored(influxd) == before


async def test_tag_info_is_written_at_the_start_and_when_the_config_changes(influxd: Influxd) -> None:
    influxd.create_database("fengsui")
    lane, sink = reading_lane(chunk(1)), readings(influxd.url)
    async with running(sink, lane):
        await lane.until(lambda: lane.accepted == 1)
        lane.now = present(site(5, config="d"))
        lane.put(chunk(2), chunk(3, table="d" * 8))
        await lane.until(lambda: lane.accepted == 3)
    found = influxd.query("SELECT * FROM tag_info", "fengsui")
    assert sorted((r["config"][0], r["tag"]) for r in found) == [
        *(("c", f"LT-{i}") for i in range(1, 5)),
        *(("d", f"LT-{i}") for i in range(1, 6)),
    ]
    assert {r["description"] for r in found} == {"甲醇 储罐"}
    assert len(influxd.query("SELECT * FROM reading", "fengsui")) == 150, (
        "a chunk of the former table is named by it"
    )


async def test_a_description_that_is_sent_twice_is_one_point() -> None:
    async with FakeInflux(script=[(503, "stored, but the answer is lost", {})]) as fake:
        lane, sink = reading_lane(chunk(1)), readings(fake.url)
        with pytest.raises(Retry):
            await sink.run(lane)
        await deliver(sink, lane, 1)
    first, second, _ = fake.requests
    assert first.lines == second.lines


NASTY = [
    "a b",
    "a,b",
    "a=b",
    'a"b',
    "a\\b",
    "a\\,b",
    "a\\ b",
    "a\\=b",
    "储罐 1#",
    "'x'",
    "a\tb",
    "#",
    "a\\\\b",
]


async def test_nasty_names_are_read_back_equal(influxd: Influxd) -> None:
    influxd.create_database("fengsui")
    tags = tuple(replace(SITE.tags[0], id=f"T-{i}", cls=name, unit=name) for i, name in enumerate(NASTY))
    a_site = replace(SITE, tags=tags, rules=())
    lane = FakeReadingLane("tsdb.readings", present(a_site))
    rows = [(i, T0 + i, T0, float(i), 0) for i in range(len(NASTY))]
    lane.put(Chunk(1, 1, 1, of_rows(a_site.table, rows)))
    await deliver(readings(influxd.url), lane, 1)
    found = {r["tag"]: r["class"] for r in influxd.query("SELECT * FROM reading", "fengsui")}
    assert found == {f"T-{i}": name for i, name in enumerate(NASTY)}
    units = {r["tag"]: r["unit"] for r in influxd.query("SELECT * FROM tag_info", "fengsui")}
    assert units == {f"T-{i}": name for i, name in enumerate(NASTY)}
    assert not lane.rejected


async def test_a_type_conflict_ends_with_exactly_the_good_lines(influxd: Influxd) -> None:
    """InfluxDB 1.x stores the others of such a POST and answers 400 all the same."""
    influxd.create_database("fengsui")
    place = "reading,class=level,county=341524,installation=tank-farm,site=demo,tag=LT-2"
    assert influxd.write("fengsui", f'{place} value="words" {T0}') == 204
    lane = reading_lane(chunk(1))
    await deliver(readings(influxd.url), lane, 1)
    with_value = int((lane.chunks[0].batch.quality < 128).sum())
    rows = influxd.query("SELECT * FROM reading", "fengsui")
    dead = [line for lines, *_ in lane.rejected for line in lines]
    assert len(dead) == with_value, "one wrong type spoils the field of the whole measurement"
    assert len(rows) == 1 + 50 - with_value, "readings without a value are stored"
    assert all("field type conflict" in reason for _, reason, *_ in lane.rejected)


async def test_a_database_that_is_not_there_keeps_everything(influxd: Influxd) -> None:
    lane, sink = event_lane(event()), events(influxd.url)
    with pytest.raises(Retry, match="database not found"):
        await sink.run(lane)
    assert lane.accepted == 0
    assert "database not found" in lane.troubles["database"]
    influxd.create_database("fengsui")
    lane.rewind()
    await deliver(sink, lane, 1)
    assert not lane.troubles


async def test_a_database_may_be_created(influxd: Influxd) -> None:
    lane, sink = event_lane(event()), events(influxd.url, create_database=True)
    with pytest.raises(Retry, match="created") as caught:
        await sink.run(lane)
    assert caught.value.after == 0
    lane.rewind()
    await deliver(sink, lane, 1)
    assert len(influxd.query("SELECT * FROM alarm_event", "fengsui")) == 1
    assert not lane.reports


async def test_a_wrong_login_keeps_everything_and_is_said(
    influxd_auth: Influxd, monkeypatch: pytest.MonkeyPatch
) -> None:
    influxd_auth.create_database("fengsui")
    monkeypatch.setenv("TSDB_PW", "wrong")
    user = {"username": influxd_auth.ADMIN[0], "password_env": "TSDB_PW"}
    lane, sink = event_lane(event()), events(influxd_auth.url, **user)
    with pytest.raises(Retry, match="authorization failed"):
        await sink.run(lane)
    assert set(lane.troubles) == {"login"}
    monkeypatch.setenv("TSDB_PW", influxd_auth.ADMIN[1])
    lane.rewind()
    await deliver(sink, lane, 1)
    assert not lane.troubles
    monkeypatch.delenv("TSDB_PW")
    with pytest.raises(Misconfigured, match="TSDB_PW is not set"):
        await sink.run(lane)


# --- VictoriaMetrics on the path of version 2 -------------------------------------------------------------------------


async def test_version_2_path(victoriametrics: VictoriaMetrics, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_TOKEN", "t")
    sink = ReadingSink("tsdb", Settings(**V2, url=victoriametrics.url, gzip=True))
    lane = reading_lane(chunk(1, step=1_000_000_000))
    await deliver(sink, lane, 1)
    found = victoriametrics.export('{__name__="reading_value"}')
    values = {
        (s["metric"]["tag"], t): v for s in found for t, v in zip(s["timestamps"], s["values"], strict=True)
    }
    b = lane.chunks[0].batch
    expected = {
        (f"LT-{t + 1}", int(s) // 10**6): v
        for t, s, v, q in zip(b.tag, b.source, b.value, b.quality, strict=True)
        if q < 128
    }
    assert values.keys() == expected.keys()
    assert all(values[k] == pytest.approx(v, rel=1e-12) for k, v in expected.items())


# --- answers by script ------------------------------------------------------------------------------------------------


async def test_headers_and_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_TOKEN", "tok")
    async with FakeInflux() as fake:
        for more in (
            V2,
            {**V1, "version": 3, "token_env": "TEST_TOKEN"},
            {**V1, "username": "u", "gzip": True},
        ):
            await deliver(EventSink("tsdb", Settings(**more, url=f"{fake.url}/")), event_lane(event()), 1)
    paths = [r.path for r in fake.requests]
    assert paths == [
        "/api/v2/write?org=o+r&bucket=b%261&precision=ns",
        "/api/v2/write?bucket=fengsui&precision=ns",
        "/write?db=fengsui&precision=ns",
    ]
    logins = [r.headers["authorization"] for r in fake.requests]
    assert logins == ["Token tok", "Token tok", "Basic " + base64.b64encode(b"u:").decode()]
    assert fake.requests[2].headers["content-encoding"] == "gzip"
    assert all(r.lines == fake.requests[0].lines for r in fake.requests)


async def test_400_is_bisected_down_to_the_guilty_lines() -> None:
    guilty = {str(T0 + (50 + i) * 1_000_000_001) for i in (3, 4, 31, 49)}

    def judge(lines: list[str]) -> tuple[int, str, dict[str, str]]:
        bad = [x for x in lines if x.startswith("reading") and x.rpartition(" ")[2] in guilty]
        return (400, f"cannot take {len(bad)}", {}) if bad else (204, "", {})

    async with FakeInflux(judge=judge) as fake:
        lane = reading_lane(chunk(1))
        await deliver(readings(fake.url), lane, 1)
    dead = {line.rpartition(" ")[2] for lines, *_ in lane.rejected for line in lines}
    assert dead == guilty
    assert {reason for _, reason, *_ in lane.rejected} == {"400: cannot take 1"}, "with the server's words"
    first, last = lane.rejected[0][2:]
    assert (str(first), str(last)) == (min(guilty), max(guilty))
    written = [x for x in fake.stored if x.startswith("reading")]
    assert len(written) == len(set(written)) == 46


async def test_413_halves_and_stores_everything_once() -> None:
    def judge(lines: list[str]) -> tuple[int, str, dict[str, str]]:
        return (413, "too large", {}) if len(lines) > 10 else (204, "", {})

    async with FakeInflux(judge=judge) as fake:
        lane = reading_lane(chunk(1))
        await deliver(readings(fake.url), lane, 1)
    written = [x for x in fake.stored if x.startswith("reading")]
    assert len(written) == len(set(written)) == 50
    assert not lane.rejected


async def test_one_line_that_is_too_large_is_dead_lettered() -> None:
    async with FakeInflux(script=[(413, "too large", {})]) as fake:
        lane = event_lane(event())
        await deliver(events(fake.url), lane, 1)
    assert lane.rejected == [(1, "413: too large")]


@pytest.mark.parametrize(
    ("status", "headers", "after"),
    [
        (429, {"Retry-After": "7"}, 7.0),
        (503, {"Retry-After": "0.5"}, 0.5),
        (503, {}, None),
        (500, {"Retry-After": "soon"}, None),
        (429, {"Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0.0),
    ],
)
async def test_later_means_keep(status: int, headers: dict[str, str], after: float | None) -> None:
    async with FakeInflux(script=[(status, "busy", headers)]) as fake:
        lane, sink = event_lane(event()), events(fake.url)
        with pytest.raises(Retry, match="busy") as caught:
            await sink.run(lane)
        assert caught.value.after == after
        assert lane.accepted == 0
        assert not lane.reports, "waiting is not a fault"
        lane.rewind()
        await deliver(sink, lane, 1)
    assert len(fake.stored) == 1


async def test_a_server_that_hangs_or_is_not_there_keeps_everything(free_port: Callable[[], int]) -> None:
    async with FakeInflux(script=["hang"]) as fake:
        lane = event_lane(event())
        with pytest.raises(Retry, match="Timeout"):
            await events(fake.url, timeout="300ms").run(lane)
    lane.rewind()
    with pytest.raises(Retry, match="Cannot connect"):
        await events(f"http://127.0.0.1:{free_port()}").run(lane)
    assert lane.accepted == 0
    assert not lane.rejected


async def test_an_answer_nobody_knows_keeps_everything_and_is_said() -> None:
    async with FakeInflux(script=[(405, "method", {})]) as fake:
        lane = event_lane(event())
        with pytest.raises(Retry):
            await events(fake.url).run(lane)
    assert lane.troubles == {"refused": "405: method"}


async def test_after_an_outage_chunks_are_merged_into_few_posts() -> None:
    async with FakeInflux() as fake:
        lane = reading_lane(*(chunk(i, 100) for i in range(1, 121)))
        await deliver(readings(fake.url), lane, 120)
    sizes = [len(r.lines) for r in fake.requests[1:]]
    assert sizes == [5000, 5000, 2000]
    assert not lane.rejected


async def test_a_refused_gap_record_makes_no_other_gap_record() -> None:
    async with FakeInflux(script=[(400, "no", {})]) as fake:
        lane = event_lane(event(EventKind.GAP, level=None))
        await deliver(events(fake.url), lane, 1)
    assert not lane.rejected
    assert "gap record 1" in lane.troubles["unstored"]


async def test_readings_of_a_forgotten_table_are_dead_lettered_whole() -> None:
    async with FakeInflux() as fake:
        lane = reading_lane(replace(chunk(1, 5), batch=chunk(1, 5, table="0" * 8).batch), chunk(2, 5))
        await deliver(readings(fake.url), lane, 2)
    ((rows, reason, _, _),) = lane.rejected
    assert len(rows) == 5
    assert "00000000" in reason
    assert len([x for x in fake.stored if x.startswith("reading")]) == 5


def test_build_gives_a_sink_for_each_lane() -> None:
    found = build("tsdb", Settings(**V1, url="http://h"))
    assert {(s.name, s.lane) for s in found} == {("tsdb.events", "events"), ("tsdb.readings", "readings")}
