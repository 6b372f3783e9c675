"""A limit beyond a legal ceiling is refused; unverified ceilings never are."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config.ceilings import CEILINGS
from tests.unit.config.writing import SITE, TAGS, faults, good, row, spoilt

GAS = {"cls": "gas-combustible", "unit": "%LEL", "low": "0", "high": "100", "L": "", "deadband": "1"}
OXYGEN = {"cls": "oxygen", "unit": "%vol", "low": "0", "high": "30", "HH": "", "deadband": "0.1"}
TOXIC = {"cls": "gas-toxic", "unit": "%OEL", "low": "0", "high": "500", "L": "", "deadband": "1"}


@pytest.mark.parametrize(
    ("cells", "at", "bound"),
    [
        (GAS | {"H": "25", "HH": "50"}, None, ""),
        (GAS | {"H": "20", "HH": "40"}, None, ""),
        (GAS | {"H": "25.5", "HH": "50"}, "H", "at most 25 %LEL for the first alarm"),
        (GAS | {"H": "25", "HH": "51"}, "HH", "at most 50 %LEL for the second alarm"),
        (GAS | {"H": "", "HH": "50"}, "HH", "at most 25 %LEL for the first alarm"),
        (GAS | {"unit": "ppm", "high": "9999", "H": "500", "HH": "600"}, None, ""),
        (GAS | {"unit": "LEL·m", "H": "3", "HH": "5"}, None, ""),
        (OXYGEN | {"L": "19.5", "H": "23.5"}, None, ""),
        (OXYGEN | {"L": "19.4", "H": "23.5"}, "L", "at least 19.5 %vol for the first alarm"),
        (OXYGEN | {"L": "20", "H": "24"}, "H", "at most 23.5 %vol for the first alarm"),
        (OXYGEN | {"unit": "%", "L": "18", "H": "23"}, "L", "at least 19.5"),
        (TOXIC | {"H": "100", "HH": "200"}, None, ""),
        (TOXIC | {"H": "101", "HH": "200"}, "H", "at most 100 %OEL"),
        (TOXIC | {"H": "100", "HH": "201"}, "HH", "at most 200 %OEL"),
    ],
)
def test_limit_columns(tmp_path: Path, cells: dict[str, str], at: str | None, bound: str) -> None:
    found = faults(tmp_path, SITE, TAGS + row(**cells) + "\n")
    assert [f.path for f in found] == ([at] if at else []), found
    if at:
        assert found[0].line == 8
        assert bound in found[0].allowed
        assert "GB/T 50493-2019" in found[0].hint


def test_a_low_low_oxygen_limit_may_be_lower(tmp_path: Path) -> None:
    header, rest = TAGS.split("\n", 1)
    rows = "".join(f"{line},\n" for line in rest.splitlines())
    extra = row(**OXYGEN, L="19.5", H="23.5") + ",18\n"
    assert faults(tmp_path, SITE, f"{header},LL\n{rows}{extra}") == []


def test_votes_and_limit_rules_of_the_site_file(tmp_path: Path) -> None:
    vote = spoilt(SITE, "trigger: 50, reset: 45", "trigger: 60, reset: 45")
    assert [(f.path, f.allowed) for f in faults(tmp_path, vote)] == [
        ("rules[3]", "at most 50 %LEL for the second alarm")
    ]
    rule = "  - {id: AT-1.MORE, kind: limit-high, tag: AT-1, trigger: 30, reset: 28, level: red}\noutputs:"
    assert faults(tmp_path, spoilt(SITE, "outputs:", rule)) == []
    over = rule.replace("30", "55")
    assert [f.path for f in faults(tmp_path, spoilt(SITE, "outputs:", over))] == ["rules[4]"]
    disabled = over.replace("level: red", "level: red, enabled: false")
    assert faults(tmp_path, spoilt(SITE, "outputs:", disabled)) == []


def test_a_shadow_rule_is_not_the_first_alarm(tmp_path: Path) -> None:
    shadow = "{id: T-9.TRY, kind: limit-high, tag: T-9, trigger: 20, reset: 18, level: red, stage: shadow}"
    site = spoilt(SITE, "outputs:", f"  - {shadow}\noutputs:")
    found = faults(tmp_path, site, TAGS + row(**GAS, H="", HH="50") + "\n")
    assert [(f.path, f.line) for f in found] == [("HH", 8)]
    assert good(tmp_path, site, TAGS + row(**GAS, H="25", HH="50") + "\n")


def test_the_table_says_where_each_number_comes_from() -> None:
    assert all(c.standard and c.mark in ("V", "S", "U") for c in CEILINGS)
    assert {(c.unit, c.enforced) for c in CEILINGS if c.mark == "U"} == {("LEL·m", False)}
