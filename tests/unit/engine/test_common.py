"""Trend, spike and frozen from the written configuration to the event, with its time to the limit."""

import math
from pathlib import Path
from typing import Any

import pytest

from detectors.kinds import KINDS
from gateway.config.kinds.common import ENTRIES
from gateway.engine import Engine
from gateway.engine.tables import rule_params
from gateway.model.batch import of_rows
from gateway.model.effective import dump_site, load_site
from gateway.model.inputs import Numbered, Readings, Started, Tick
from gateway.model.quality import Quality
from tests.unit.config.writing import faults, good
from tests.unit.engine.plant import T0, S
from tests.unit.engine.test_groups import SITE

TAGS = """\
id,raw,class,unit,low,high,installation,source,address,period,max_age,frozen,frozen_band
A,A,level,m,0,20,tank-farm,plc1,1:holding:0,1s,10s,,
B,B,level,m,0,20,tank-farm,plc1,1:holding:1,1s,10s,20s,0.05
M,M,state,,,,tank-farm,plc1,1:holding:3,1s,10s,,
"""
SAMPLES = {
    "trend": "{id: A.TREND, kind: trend, tag: A, limit: 15, horizon: 60s, window: 60s, level: orange}",
    "spike": "{id: A.SPIKE, kind: spike, tag: A, trigger: 2, level: blue}",
    "frozen": "{id: B.FROZEN, kind: frozen, tag: B, level: blue}",
}
SHAPES: dict[str, Any] = {
    "trend": lambda n: 10.0 + 0.01 * math.sin(n * 2.4) + 0.05 * min(max(n - 100, 0), 80),
    "spike": lambda n: (
        10.0 + 0.1 * math.sin(n * 2.4) + (5.0 if n == 100 else 0.0) + (3.0 if n > 300 else 0.0)
    ),
    "frozen": lambda n: 10.0 + 0.2 * math.sin((100 if 100 < n <= 200 else n) * 2.4),
}


def events(folder: Path, kind: str) -> list[Any]:
    site = good(folder, SITE % SAMPLES[kind], TAGS).site
    engine, rule, found = Engine(site, "e1"), site.rules[0], []
    engine.step([Numbered(1, Started(T0, 0, "1"))])
    for n in range(400):
        now = T0 + n * S
        batch = of_rows(site.table, [(site.tag_index[rule.tags[0]], now, now, SHAPES[kind](n), 0)])
        step = engine.step([Numbered(2 * n + 2, Readings(batch)), Numbered(2 * n + 3, Tick(now))])
        found.extend((n, e) for _, e in step.events if e.rule == rule.id)
    return found


@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_raises_once_and_clears(tmp_path: Path, kind: str) -> None:
    found = events(tmp_path, kind)
    assert [e.event.value for _, e in found] == ["raised", "cleared"], found
    assert all(e.kind == kind for _, e in found)


def test_a_trend_says_when_the_limit_will_be_reached(tmp_path: Path) -> None:
    """3 m/min from 10 m at 100 s: 15 m would be reached at 200 s."""
    n, event = events(tmp_path, "trend")[0]
    assert 140 <= n <= 180
    assert event.limit == 15.0
    assert event.eta_s == pytest.approx(200 - n, abs=12)
    assert event.confidence >= 0.95
    assert event.rate == pytest.approx(0.05, rel=0.15)


def test_what_is_frozen_is_told_when_it_becomes_uncertain(tmp_path: Path) -> None:
    (n, raised), (later, cleared) = events(tmp_path, "frozen")
    assert (n, later) == (120, 201)
    assert raised.quality == Quality.FROZEN
    assert cleared.quality == Quality.GOOD


def test_every_kind_has_a_sample_that_loads(tmp_path: Path) -> None:
    assert len(ENTRIES) == len(SAMPLES)
    site = good(tmp_path, SITE % "\n  - ".join(SAMPLES.values()), TAGS).site
    for rule, params in zip(site.rules, rule_params(site), strict=True):
        assert isinstance(params, KINDS[rule.kind.value])
    again = load_site(dump_site(site))
    assert again.rules == site.rules
    assert rule_params(again) == rule_params(site)


@pytest.mark.parametrize(
    ("kind", "old", "new", "path", "says"),
    [
        (
            "trend",
            "id: A.TREND, kind: trend, tag: A",
            "id: M.T, kind: trend, tag: M",
            "tag",
            "a tag that measures",
        ),
        ("trend", "horizon: 60s", "horizon: 5min", "horizon", "at most 4min"),
        ("trend", "window: 60s", "window: 20s", "window", "at least 30s"),
        ("trend", "limit: 15", "limit: 25", "limit", "inside the range"),
        ("trend", "level: orange", "level: orange, confidence: 0.4", "confidence", "0.5"),
        (
            "trend",
            "level: orange",
            "level: orange, confidence: 0.6, reset_confidence: 0.7",
            "reset_confidence",
            "0.6",
        ),
        ("spike", "trigger: 2", "trigger: 2, reset: 0", "reset", "more than 0"),
        ("frozen", "id: B.FROZEN, kind: frozen, tag: B", "id: A.F, kind: frozen, tag: A", "tag", "frozen"),
    ],
)
def test_what_is_wrong_is_said_at_its_place(
    tmp_path: Path, kind: str, old: str, new: str, path: str, says: str
) -> None:
    assert old in SAMPLES[kind]
    found = faults(tmp_path, SITE % SAMPLES[kind].replace(old, new), TAGS)
    assert {f.path for f in found} == {f"rules[0].{path}"}, found
    assert says in f"{found[0].allowed} {found[0].hint}"
