"""The InfluxDB output against InfluxDB 1.x and VictoriaMetrics."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateway.model.batch import of_rows
from gateway.model.errors import Misconfigured, Retry
from gateway.model.events import EventKind
from gateway.model.ports import Chunk
from gateway.sinks.influxdb.config import Settings
from gateway.sinks.influxdb.readings import ReadingSink
from tests.helpers.fake_influx import FakeInflux
from tests.helpers.influx_output import (
    SITE,
    V2,
    chunk,
    deliver,
    event_lane,
    events,
    reading_lane,
    readings,
    running,
)
from tests.helpers.lane import T0, FakeReadingLane, event, present, site
from tests.servers import Influxd, VictoriaMetrics

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
