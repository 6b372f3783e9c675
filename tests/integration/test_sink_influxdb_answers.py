"""The InfluxDB output against a server that answers by script."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace

import pytest

from gateway.model.errors import Retry
from gateway.model.events import EventKind
from gateway.sinks.influxdb.config import Settings
from gateway.sinks.influxdb.events import EventSink
from gateway.sinks.influxdb.plugin import build
from tests.helpers.fake_influx import FakeInflux
from tests.helpers.influx_output import (
    V1,
    V2,
    chunk,
    deliver,
    event_lane,
    events,
    reading_lane,
    readings,
)
from tests.helpers.lane import T0, event


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


async def test_a_backlog_of_events_goes_in_full_batches_without_a_pause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gateway.sinks.influxdb.events.LINGER_S", 3600.0)
    async with FakeInflux() as fake:
        lane = event_lane(*(event(onset=T0 + i) for i in range(1200)))
        await deliver(events(fake.url), lane, 1200)
    assert [len(r.lines) for r in fake.requests] == [500, 500, 200]


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


async def test_lines_refused_once_are_written_when_a_person_says_so() -> None:
    def judge(lines: list[str]) -> tuple[int, str, dict[str, str]]:
        return (400, "bad field", {}) if any("nonsense" in x for x in lines) else (204, "", {})

    async with FakeInflux(judge=judge) as fake:
        lane = reading_lane(chunk(1))
        lane.again[7] = ["reading,tag=LT-1 value=1 1", "reading,tag=LT-2 value=2 1"]
        lane.again[8] = ["reading,tag=LT-3 value=nonsense 1"]
        await deliver(readings(fake.url), lane, 1)
        assert set(fake.stored) >= {"reading,tag=LT-1 value=1 1", "reading,tag=LT-2 value=2 1"}
    assert not lane.again
    assert lane.aside == [(["reading,tag=LT-3 value=nonsense 1"], "400: bad field")]
    assert not lane.rejected, "the gap record of its loss is there already"


async def test_a_refused_description_is_no_lost_reading() -> None:
    def judge(lines: list[str]) -> tuple[int, str, dict[str, str]]:
        return (400, "bad field", {}) if any(x.startswith("tag_info") for x in lines) else (204, "", {})

    async with FakeInflux(judge=judge) as fake:
        lane = reading_lane(chunk(1, 5))
        await deliver(readings(fake.url), lane, 1)
    assert not lane.rejected
    assert {line.partition(",")[0] for lines, _ in lane.aside for line in lines} == {"tag_info"}
    assert lane.troubles == {"descriptions": "400: bad field"}
    assert len([x for x in fake.stored if x.startswith("reading")]) == 5
