"""Trends of several tags, alarm spans, the forecast's line and band, CSV."""

from __future__ import annotations

import csv
import io

import httpx
import numpy as np
import pytest

from gateway.console import forecast
from gateway.console.spans import Spans
from gateway.console.trends import Context
from gateway.model.events import EventKind
from tests.helpers.plant import FakePlant

NS = 1_000_000_000


def line_of(slope: float, noise: float, n: int = 600, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    time = np.arange(n, dtype=np.int64) * NS + 1_800_000_000 * NS
    value = 5.0 + slope * np.arange(n) + np.random.default_rng(seed).normal(0, noise, n)
    return time, value


def test_the_line_is_least_squares() -> None:
    time, value = line_of(0.01, 0.2)
    line = forecast.fit(time, value)
    assert line is not None
    slope, level = np.polyfit((time - time[-1]) / NS, value, 1)
    assert line.slope == pytest.approx(slope)
    at_end, _ = line.at(np.array([time[-1] / NS]))
    assert at_end[0] == pytest.approx(level, abs=1e-6)


def test_the_band_holds_the_true_line_nineteen_times_in_twenty() -> None:
    inside = 0
    for seed in range(200):
        time, value = line_of(0.01, 0.5, 120, seed)
        line = forecast.fit(time, value)
        assert line is not None
        middle, width = line.at(np.array([time[-1] / NS + 60.0]))
        inside += abs(middle[0] - (5.0 + 0.01 * (119 + 60))) <= width[0]
    assert 180 <= inside <= 200


def test_correlated_noise_widens_the_band() -> None:
    time, value = line_of(0.0, 0.5)
    slow = np.convolve(value, np.ones(30) / 30, mode="same") * 5
    free, tied = forecast.fit(time, value), forecast.fit(time, slow)
    assert free is not None
    assert tied is not None
    assert tied.count < free.count / 5


def test_when_a_limit_is_reached() -> None:
    time, value = line_of(0.01, 0.05)
    line, now = forecast.fit(time, value), float(time[-1] / NS)
    assert line is not None
    found = forecast.reach(line, now, 11.0 + 5.0 - 5.0, 3600.0, high=True)
    assert found is not None
    assert found.earliest is not None
    assert found.expected is not None
    assert found.earliest <= found.expected <= (found.latest or 1e9)
    assert found.expected == pytest.approx(0.0, abs=30)
    later = forecast.reach(line, now, 20.0, 3600.0, high=True)
    assert later is not None
    assert later.expected == pytest.approx((20.0 - 10.99) / 0.01, rel=0.03)
    assert forecast.reach(line, now, 1.0, 3600.0, high=False) is None


@pytest.mark.parametrize("n", [0, 3])
def test_too_few_readings_have_no_line(n: int) -> None:
    assert forecast.fit(*line_of(0.0, 0.1, n)) is None


async def test_several_tags_at_once(client: httpx.AsyncClient, plant: FakePlant) -> None:
    answer = (await client.get("/api/v1/trends?tags=LT-101,TT-101&start=1000&end=3601000&points=100")).json()
    assert [(s["tag"], s["unit"]) for s in answer["series"]] == [("LT-101", "m"), ("TT-101", "°C")]
    assert all(len(s["time_ms"]) == len(s["value"]) == len(s["quality"]) > 50 for s in answer["series"])
    assert None in answer["series"][0]["value"], "bad is no value"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("tags=LT-101,nope&start=0&end=1000", 404),
        ("tags=&start=0&end=1000", 422),
        (f"tags={','.join(f'TI-{i}' for i in range(9))}&start=0&end=1000", 422),
        ("tags=LT-101&start=2000&end=1000", 422),
        ("tags=LT-101&start=0&end=99999999999999", 422),
        ("tags=../../etc/passwd&start=0&end=1000", 404),
    ],
)
async def test_what_is_not_allowed(client: httpx.AsyncClient, query: str, status: int) -> None:
    assert (await client.get(f"/api/v1/trends?{query}")).status_code == status


async def test_the_alarms_of_the_time(client: httpx.AsyncClient, plant: FakePlant) -> None:
    now = plant.now() // 1_000_000
    found = (await client.get(f"/api/v1/trends?tags=LT-101,ZT-301&start={now - 7200_000}&end={now}")).json()
    told = {(a["rule"], a["level"], a["end_ms"]) for a in found["alarms"]}
    assert told >= {("LT-101.HH", "red", None), ("pond-rtu.LINK", "red", None)}
    early = (
        await client.get(f"/api/v1/trends?tags=LT-101&start={now - 14400_000}&end={now - 7200_000}")
    ).json()
    assert early["alarms"] == []


async def test_a_span_ends_and_goes_on_with_its_alarm(plant: FakePlant) -> None:
    spans = Spans(Context(plant, plant, plant.history, plant.journal))
    key = plant.raise_alarm("LT-102", "H")
    alarm = plant.alarms[key]
    plant.journal_of(EventKind.CLEARED, alarm)
    [ended] = await spans.of(["LT-102"], 0, 1 << 62)
    assert ended.end > 0
    plant.journal_of(EventKind.RE_ALARM, alarm)
    plant.journal_of(EventKind.LEVEL_RAISED, alarm.with_(level=plant.site.rules[3].level))
    [again] = await spans.of(["LT-102"], 0, 1 << 62)
    assert again.end == 0


async def test_csv(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/trends/export.csv?tags=LT-101,AT-101&start=0&end=3600000&points=50")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert {r["tag"] for r in rows} == {"LT-101", "AT-101"}
    assert rows[0]["time (UTC+8)"] == "1970-01-01 08:00:00.000"
    assert any(r["value"] == "" and r["quality"] == "communication" for r in rows)


async def test_the_forecast_names_its_limits(client: httpx.AsyncClient, plant: FakePlant) -> None:
    found = (await client.get("/api/v1/tags/LT-101/forecast?window_s=600&horizon_s=86400")).json()
    assert found["known"] is True
    assert len(found["value"]) == len(found["low"]) == len(found["time_ms"]) == forecast.POINTS
    assert all(
        low <= v <= high for low, v, high in zip(found["low"], found["value"], found["high"], strict=True)
    )
    assert {x["name"] for x in found["limits"]} <= {"LL", "L", "H", "HH"}
    assert (await client.get("/api/v1/tags/nope/forecast")).status_code == 404
