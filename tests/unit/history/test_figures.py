"""Figures, lead times, expected events, comparisons: from alarms that are known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.history.compare import changes, counts
from gateway.history.episodes import Episode, episodes
from gateway.history.expected import Line, differences, read_expected
from gateway.history.kpi import DAY, MINUTE, kpis
from gateway.history.lead import Truth, leads, read_truth
from gateway.history.run import backtest
from gateway.model.errors import Misconfigured
from gateway.model.levels import Level
from gateway.model.site import RuleKind
from gateway.model.times import NS, iso
from tests.unit.engine.plant import S, rule, site, tag
from tests.unit.history.memory import Memory

T0 = 1_700_000_000 * NS // MINUTE * MINUTE


def episode(rule_id: str, start: float, end: float | None, **changed: Any) -> Episode:
    """Times in minutes."""
    fields: dict[str, Any] = {
        "rule": rule_id, "tag": "L", "installation": "A", "kind": "limit-high", "fault": False, "shadow": False,
        "level": Level.RED, "priority": 2, "onset": T0 + int(start * MINUTE), "start": T0 + int(start * MINUTE),
        "end": None if end is None else T0 + int(end * MINUTE), "value": 1.0, "limit": 1.0,
    }  # fmt: skip
    return Episode(**(fields | changed))


def value(found: Any, name: str) -> float:
    return float(next(f.value for f in found.figures if f.name == name))


def test_the_figures_of_isa_18_2() -> None:
    own = [
        *(episode("CHATTER", k / 3, k / 3 + 0.1) for k in range(12)),
        episode("FLEET", 30, 30.5),
        episode("STALE", 60, None),
        episode("SHADOW", 5, 6, shadow=True),
    ]
    found = kpis(own, T0, T0 + 2 * DAY)
    assert (found.chattering, found.fleeting, found.stale) == (("CHATTER",), ("FLEET",), ("STALE",))
    assert value(found, "announced") == 14
    assert value(found, "peak_10_min") == 12
    assert value(found, "flood") == pytest.approx(100 / 288)
    assert value(found, "per_hour") == pytest.approx(14 / 48)
    assert found.top[0] == ("CHATTER", 12)
    assert found.time_in_alarm["STALE"] == pytest.approx(47 / 48)
    assert not found.long_enough
    assert sum(found.rate) == 14


def test_of_less_than_its_period_a_rate_is_what_came() -> None:
    found = kpis([episode("R", k / 60, None) for k in range(13)], T0, T0 + MINUTE // 3)
    assert (value(found, "per_hour"), value(found, "per_10_min")) == (13, 13), "not 2340 an hour"
    assert [f.met for f in found.figures if f.name.startswith("per_")] == [None, None]
    longer = kpis([episode("R", k, None) for k in range(13)], T0, T0 + 60 * MINUTE)
    assert [f.met for f in longer.figures if f.name.startswith("per_")] == [False, False]


def test_a_flood_ends_with_fewer_than_five() -> None:
    own = [episode(f"R{k}-{i}", 10 * k + i / 60, None) for k, n in enumerate((11, 5, 4, 6)) for i in range(n)]
    assert value(kpis(own, T0, T0 + 40 * MINUTE), "flood") == 50.0


def test_no_alarms_have_figures_too() -> None:
    found = kpis([], T0, T0 + DAY)
    assert value(found, "per_hour") == 0
    assert found.as_json()["top_ten"] == []


def test_an_unknown_alarm_goes_on() -> None:
    plant = site(tags=(tag("L"),), rules=(rule("L.H", RuleKind.LIMIT_HIGH, "L", trigger=12.0, reset=11.0),))
    rows = [("L", T0 + k * S, 13.0 if k < 5 else 5.0, 131 if k == 3 else 0) for k in range(8)]
    found = episodes(e for _, e in backtest(plant, Memory(tuple(rows))).decisions)
    assert [((e.start - T0) // S, (e.end or 0) - T0) for e in found if e.rule == "L.H"] == [(0, 5 * S)]


def test_lead_times(tmp_path: Path) -> None:
    path = tmp_path / "truth.csv"
    path.write_text(
        f"start,end,rule,tag,before,note\n{iso(T0 + 60 * MINUTE)},{iso(T0 + 90 * MINUTE)},R,,10min,leak\n"
        f"{iso(T0 + 300 * MINUTE)},,,L,,slide\n{iso(T0 + 400 * MINUTE)},{iso(T0 + 401 * MINUTE)},NONE,,,\n"
    )
    own = [episode("R", 20, 21), episode("R", 55, 70), episode("R", 65, 66), episode("Q", 310, None)]
    found = leads(read_truth(path, "Z"), own, T0 + DAY)
    assert [x.lead_s for x in found.found] == [300.0, -600.0, None]
    assert [e.onset for e in found.false] == [T0 + 20 * MINUTE]
    assert found.as_json()["missed"] == 1


def test_a_wrong_truth_file_is_told_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "truth.csv"
    path.write_text("start,end\nsoon,\n2026-01-02T00:00:00Z,2026-01-01T00:00:00Z\n")
    with pytest.raises(Misconfigured) as caught:
        read_truth(path, "Z")
    assert [f.line for f in caught.value.faults] == [2, 3]


def test_an_explained_alarm_needs_the_right_rule() -> None:
    assert Truth(T0, None, rule="R").explains(episode("R", 1, 2), T0 + DAY)
    assert not Truth(T0, None, rule="R").explains(episode("Q", 1, 2), T0 + DAY)
    assert not Truth(T0, None, tag="X").explains(episode("R", 1, 2), T0 + DAY)


def line(at: float, event: str = "raised", level: str = "red", rule_id: str = "R", number: int = 0) -> Line:
    return Line(T0 + int(at * NS), event, rule_id, level, number)


def test_differences_are_told_once_each() -> None:
    wanted = [
        line(0, number=1),
        line(60, number=2),
        line(5, "cleared", number=3),
        line(9, rule_id="Q", number=4),
    ]
    came = [line(0), line(63), line(5, "cleared", "blue"), line(70, "closed")]
    found = [d.text("f") for d in differences(wanted, came)]
    assert found[0].startswith("f:3: came as blue")
    assert "f:4: did not come" in found[1]
    assert "f:2: came 3 s later" in found[2]
    assert "f: not expected" in found[3]
    assert [d.how for d in differences(wanted[:2], came[:2], within=3 * NS)] == []


def test_an_expected_file_is_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "expected.txt"
    lines = [line(0), line(1.5, "cleared")]
    path.write_text("# remark\n\n" + "".join(f"{x}  # why\n" for x in lines))
    assert differences(read_expected(path), lines) == []
    path.write_text("2026-01-01T00:00:00Z rised R\nsoon raised R\nx\n")
    with pytest.raises(Misconfigured) as caught:
        read_expected(path)
    assert [f.line for f in caught.value.faults] == [1, 2, 3]


def test_two_configurations_side_by_side() -> None:
    first = [episode("R", 0, 10), episode("R", 20, 21), episode("Q", 5, 6), episode("P", 1, 2)]
    second = [
        episode("R", 3, 10, onset=T0), episode("R", 40, 41), episode("Q", 4, 6), episode("P", 1, 2),
    ]  # fmt: skip
    found = changes(first, second, T0 + DAY)
    assert counts(found) == {"same": 1, "earlier": 1, "later": 1, "gained": 1, "lost": 1}
    assert [c.gap_s for c in found if c.how in {"later", "earlier"}] == [180.0, -60.0]
