"""The page of a backtest is whole in itself, and its plots show what was measured."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gateway.config.load import load
from gateway.history.examine import Asked, Report, examine
from gateway.history.lead import Truth
from gateway.history.page import OF_ONE, choose, page
from gateway.history.trends import POINTS, Curve, broken, thin
from gateway.model.levels import Level
from gateway.model.times import NS
from tests.unit.engine.plant import T0, S, tag
from tests.unit.history.memory import Memory
from tests.unit.history.test_figures import episode
from tests.unit.history.test_tune import SITE, TAGS

ROWS = tuple(
    (name, T0 + k * S, 5.0 + 10.0 * (200 <= k < 400) + 0.01 * (k % 7), 0)
    for k in range(1000)
    for name in ("L", "G")
)


@pytest.fixture
def report(tmp_path: Path) -> Report:
    (tmp_path / "site.yaml").write_text(SITE)
    (tmp_path / "tags.csv").write_text(TAGS)
    loaded = load(tmp_path / "site.yaml")
    return examine(
        loaded, Memory(ROWS), Asked(truth=[Truth(T0 + 210 * S, None, before=60 * S, note="<leak>")]), loaded
    )


def test_the_page_shows_each_alarm_on_its_trend_and_asks_nobody(report: Report) -> None:
    text = page(report, Memory(ROWS), raw=False)
    assert not re.search(r"(src|href)=|https?:|@import|url\(", text)
    assert "&lt;leak&gt;" in text
    plots = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    alarms = [p for p in plots if "L.H" in p]
    assert len(alarms) == 1
    drawn = ET.fromstring(alarms[0])
    lines = [line.attrib["points"].split() for line in drawn.iter("polyline")]
    assert max(map(len, lines)) > 100
    assert 'lang="zh"' in text
    assert 'lang="en"' in text


def test_the_report_as_json(report: Report) -> None:
    found = report.as_json()
    assert found["alarms"] == 1
    assert found["missing_tags"] == ["P"]
    assert found["truth"]["list"][0]["lead_s"] == 10.0
    assert found["other"]["same"] == len(report.episodes)
    assert found["events"][0].endswith("raised L.H yellow")


def test_high_levels_come_first_and_no_rule_fills_the_page() -> None:
    many = [episode("R", k, k + 0.5, level=Level.BLUE) for k in range(100)] + [episode("Q", 500, None)]
    found = choose(many)
    assert [e.rule for e in found] == ["R"] * OF_ONE + ["Q"]


def test_thinning_keeps_every_extreme() -> None:
    times = np.arange(100_000, dtype=np.int64) * NS
    values = np.sin(times / 1e13)
    values[[777, 54_321]] = [99.0, -99.0]
    kept, left = thin(times, values, 0, int(times[-1]))
    assert len(kept) <= 2 * POINTS
    assert {777 * NS, 54_321 * NS} <= set(kept.tolist())
    assert left.max() == 99.0
    assert left.min() == -99.0


def test_no_line_over_a_silence() -> None:
    times, values = broken(np.array([0, 1, 9, 10], np.int64), np.array([1.0, 2.0, 3.0, 4.0]), 5)
    assert np.isnan(values).tolist() == [False, False, True, False, False]
    assert times.tolist() == [0, 1, 9, 9, 10]


def test_a_curve_takes_only_what_it_shows() -> None:
    curve = Curve(replace(tag("L"), gain=2.0, offset=1.0), 10 * S, 20 * S)
    times = np.arange(30, dtype=np.int64) * S
    curve.add(times, np.ones(30))
    found, values = curve.points()
    assert (found.min(), found.max()) == (10 * S, 20 * S)
    assert set(values.tolist()) == {3.0}
