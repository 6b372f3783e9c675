"""Every pack: its incident and an ordinary week, played without wires and judged by backtest.

The wire is for ``tests/e2e``: the demonstration and two packs.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks.packs import Judged, run
from benchmarks.packs_page import LEADS, made
from gateway.app.packsite import CALM, INCIDENT
from gateway.cli.main import app
from gateway.config.packs.find import built_in
from simulators.cli import broken_promises

PACKS = built_in()


@pytest.mark.parametrize("pack", PACKS)
def test_every_hazard_is_raised_in_time_and_no_sensor_fault_is_taken_for_one(
    pack: str, tmp_path: Path
) -> None:
    found = run(PACKS[pack], INCIDENT, tmp_path)
    assert found.good, (found.report["false_list"], [r for r in found.report["alarms"] if not right(r)])
    assert found.report["expected"] == found.report["raised"] == len(found.scenario.expect) >= 10
    kinds = {row["kind"] for row in found.report["alarms"]}
    assert kinds == {"process", "fault"}, "hazards, and sensor faults that imitate them"
    keeps_its_promises(found)
    rules = found.loaded.site.rules
    assert [r.id for r in rules if not r.mark or not (r.standard or r.reason)] == [], (
        "the plant's own numbers too"
    )
    stale = [
        p.name for p, text in made(PACKS[pack], found).items() if not p.is_file() or p.read_text() != text
    ]
    assert stale == [], f"python -m benchmarks.packs_page --write {pack}"


def keeps_its_promises(found: Judged) -> None:
    """Its causes come when it says; trends are told before the limit; one instrument is driven beyond its range."""
    played = found.scenario
    assert broken_promises(played, found.truth) == []
    trends = [e for e in played.expect if e.rule.endswith(LEADS)]
    assert trends, "a hazard that is told before its limit"
    assert all(e.raise_within[1] < 0 for e in trends), "positive lead"
    process = [row for row in found.truth["expect"] if row["kind"] == "process"]
    assert any(row["beyond_range"] for row in process), "one saturates its sensor"
    assert len(played.faults) >= 2
    assert all(f.text for f in played.faults), "what each fault imitates or hides"


def right(row: dict[str, object]) -> bool:
    return bool(row["raised"]) and not row["late"] and not row["early"]


@pytest.mark.parametrize("pack", PACKS)
def test_an_ordinary_week_raises_nothing(pack: str, tmp_path: Path) -> None:
    found = run(PACKS[pack], CALM, tmp_path)
    assert found.scenario.duration_s == 7 * 86_400
    assert found.report["false_list"] == []
    assert found.outcome.readings > 5_000


def test_the_drill_of_a_head_pond_is_a_scenario_that_holds(tmp_path: Path) -> None:
    folder = tmp_path / "pond"
    assert CliRunner().invoke(app, ["init", "head-pond", str(folder)]).exit_code == 0
    done = CliRunner().invoke(app, ["scenario", str(folder / "drill.yaml")])
    assert done.exit_code == 0, done.output
