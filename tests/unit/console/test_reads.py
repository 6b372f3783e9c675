"""GET /api/v1: every state of the plant is said, and the documented shapes are the true ones."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import httpx
import numpy as np
import pytest
from pydantic import BaseModel

from gateway.console import schemas
from gateway.console.app import create_app
from gateway.model.levels import LiveLevel
from gateway.model.quality import Quality
from gateway.model.times import parse_iso
from tests.helpers.console import TOKEN
from tests.helpers.plant import FakePlant

HISTORY = "/api/v1/tags/LT-101/history?start=2026-11-22T00:00:00Z&end=2026-11-22T01:00:00Z"


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/api/v1/status", schemas.StatusView),
        ("/api/v1/levels", schemas.LevelsView),
        ("/api/v1/alarms", schemas.AlarmsView),
        ("/api/v1/tags", schemas.TagsView),
        (HISTORY, schemas.HistoryView),
        ("/api/v1/events", schemas.EventsView),
        ("/readyz", schemas.ReadyView),
        ("/healthz", schemas.HealthView),
    ],
)
async def test_answers_have_the_documented_shape(
    client: httpx.AsyncClient, path: str, shape: type[BaseModel]
) -> None:
    answer = await client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    shape.model_validate_json(answer.content)


async def test_not_knowing_is_said(client: httpx.AsyncClient) -> None:
    told = {row["installation"]: row for row in (await client.get("/api/v1/levels")).json()["levels"]}
    assert next(iter(told)) == ""
    assert told["pond"]["level"] == "no-view"
    assert told["pond"]["blinded"] == ["ZT-301", "ZT-302", "ZT-303"]
    assert told["face"]["level"] == "not-judged"
    assert told["face"]["not_judged"] == ["CH4-401"]
    assert told["face"]["base"] == "red"
    assert told["cold"]["stage"] == "shadow"


async def test_alarms_keep_their_axes_apart(client: httpx.AsyncClient) -> None:
    alarms = (await client.get("/api/v1/alarms")).json()["alarms"]
    by_rule = {a["rule"]: a for a in alarms}
    unknown = by_rule["AT-201.H"]
    assert (unknown["condition"], unknown["acknowledgement"]) == ("unknown", "acknowledged")
    assert unknown["acknowledged_by"]["name"] == "王强"
    assert by_rule["PT-201.HH"]["latch"] == "latched"
    assert by_rule["pond-rtu.LINK"]["fault"] is True
    assert by_rule["pond-rtu.LINK"]["members"] == ["ZT-301", "ZT-302", "ZT-303", "RT-301"]
    branches = [a for a in alarms if a["rule"] == "LT-101.HH"]
    assert [a["condition"] for a in branches] == ["normal", "active"]
    assert len({a["id"] for a in branches}) == 2


async def test_a_bad_value_is_null_and_never_zero(client: httpx.AsyncClient, plant: FakePlant) -> None:
    plant.move("LT-102", float("nan"))
    tags = {t["id"]: t for t in (await client.get("/api/v1/tags")).json()["tags"]}
    assert tags["ZT-302"]["value"] is None
    assert tags["ZT-302"]["quality"] == "communication"
    assert tags["ZT-302"]["quality_status"] == "bad"
    assert tags["RT-301"]["source"] is None
    assert tags["LT-102"]["value"] is None
    assert tags["AT-101"]["quality_status"] == "uncertain"
    assert [x["name"] for x in tags["LT-101"]["limits"]] == ["LL", "L", "H", "HH"]


async def test_before_the_engine_runs_every_tag_has_no_data(
    client: httpx.AsyncClient, plant: FakePlant
) -> None:
    plant.tags = list  # type: ignore[method-assign]
    tags = (await client.get("/api/v1/tags")).json()["tags"]
    assert len(tags) == len(plant.site.tags)
    assert {t["quality"] for t in tags} == {"no_data"}


async def test_history_has_gaps_and_quality(client: httpx.AsyncClient) -> None:
    found = (await client.get(HISTORY + "&points=400")).json()
    assert len({len(found[c]) for c in ("time_ms", "value", "low", "high", "quality")}) == 1
    bad = [v for v, q in zip(found["value"], found["quality"], strict=True) if q >= 128]
    assert bad
    assert set(bad) == {None}
    assert max(np.diff(found["time_ms"])) > 5 * np.median(np.diff(found["time_ms"]))
    assert found["time_ms"][0] == parse_iso(found["start"]) // 1_000_000


async def test_history_takes_ms_offsets_and_coroutines(plant: FakePlant) -> None:
    asked: list[tuple[int, int]] = []

    async def history(row: int, start: int, end: int, points: int) -> object:
        asked.append((start, end))
        await asyncio.sleep(0)
        return plant.history(row, start, end, points)

    app = create_app(plant, plant, history, plant.journal, token=TOKEN)  # type: ignore[arg-type]
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://localhost"
    ) as client:
        for start, end in (
            ("1795320000000", "1795323600000"),
            ("2026-11-22T12:00:00+08:00", "2026-11-22T13:00:00+08:00"),
        ):
            assert (
                await client.get(f"/api/v1/tags/LT-101/history?start={start}&end={end}")
            ).status_code == 200
    assert asked == [(1795320000 * 10**9, 1795323600 * 10**9)] * 2


@pytest.mark.parametrize(
    ("path", "status", "error"),
    [
        ("/api/v1/tags/NOPE/history?start=0&end=1000", 404, "unknown"),
        ("/api/v1/tags/LT-101/history?start=1000&end=1000", 422, "http"),
        ("/api/v1/tags/LT-101/history?start=yesterday&end=1000", 422, "invalid"),
        ("/api/v1/tags/LT-101/history?start=0&end=1000&points=1", 422, "invalid"),
        ("/api/v1/events?limit=0", 422, "invalid"),
        ("/api/v1/tags/LT-101/history?start=99999999999999990&end=99999999999999999", 422, "invalid"),
        ("/api/v1/tags/LT-101/history?start=7258118400000&end=7258118500000", 422, "http"),  # the year 2200
        (
            "/api/v1/trends?tags=LT-101&start=0001-01-01T00:00:00%2B23:00&end=0001-01-02T00:00:00Z",
            422,
            "http",
        ),
        ("/api/v1/events?after=99999999999999999999", 422, "invalid"),
        ("/api/v1/events/search?before=99999999999999999999", 422, "invalid"),
        ("/api/v1/nothing", 404, "unknown"),
    ],
)
async def test_mistakes_are_told(client: httpx.AsyncClient, path: str, status: int, error: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == status
    assert answer.json()["error"] == error
    assert answer.json()["reason"]


async def test_events_are_the_bytes_of_the_journal(client: httpx.AsyncClient, plant: FakePlant) -> None:
    answer = await client.get("/api/v1/events?after=2&limit=3")
    for record in plant.records[2:5]:
        assert record.data in answer.content
    assert [e["seq"] for e in answer.json()["events"]] == [3, 4, 5]
    newest = (await client.get("/api/v1/events?limit=2")).json()
    assert [e["seq"] for e in newest["events"]] == [newest["head"] - 1, newest["head"]]


async def test_readyz_is_503_while_starting(client: httpx.AsyncClient, plant: FakePlant) -> None:
    plant.status = replace(plant.status, state="starting")
    assert (await client.get("/readyz")).status_code == 503
    plant.status = replace(plant.status, state="degraded", troubles=("county.alarms.connection",))
    answer = await client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["troubles"] == ["county.alarms.connection"]


async def test_levels_follow_the_plant(client: httpx.AsyncClient, plant: FakePlant) -> None:
    plant.levels(pond=LiveLevel.ORANGE)
    plant.move("ZT-301", 7.0, Quality.GOOD)
    told = {
        row["installation"]: row["level"] for row in (await client.get("/api/v1/levels")).json()["levels"]
    }
    assert told["pond"] == "orange"
