"""No number without source and mark; first alarm before second; nothing beyond a ceiling, whatever the unit."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config.notes import notes
from gateway.config.packs.schema import SubstanceEntry
from gateway.config.substances import convert
from tests.unit.packs.folders import PACK, SITE, TAGS, faults, good, spoilt

REASON = ", reason: the error of two good elements"
SAID = "standard, or reason"


@pytest.mark.parametrize(
    ("old", "new", "path", "allowed"),
    [
        (", mark: S}\n      HH", "}\n      HH", "types.shell.rules.H.mark", "V, S, U or E"),
        ("    reason: the range of the element\n", "", "types.shell", "why this range"),
        (REASON, "", "rules.twin.reason", "the engineering reason of reset"),
        (", reason: atomic weights", "", "substances.CO.molar_mass", SAID),
        ("standard: GB 1-2020, mark: S}\nroll_up", "mark: S}\nroll_up", "ceilings[0]", SAID),
        ("card: hot, standard", "card: cold, standard", "types.shell.rules.H.card", "one of hot"),
        ("class: temperature", "class: temprature", "types.shell", "class: one of"),
        ("limit-high, trigger: 300", "limit-hih, trigger: 300", "types.shell.rules.H.kind", "one of limit-high"),
        ("trigger: 300", "trigger: warm", "types.shell.rules.H.trigger", "a number"),
        ("required: [H, HH]", "required: [H, HHH]", "types.shell", "names of its rules"),
    ],
)  # fmt: skip
def test_a_pack_that_does_not_say_is_refused(
    tmp_path: Path, old: str, new: str, path: str, allowed: str
) -> None:
    found = [f for f in faults(tmp_path, pack=spoilt(PACK, old, new)) if f.path == path]
    assert found
    assert allowed in found[0].allowed
    assert found[0].file.endswith("pack.yaml")
    assert found[0].line


def test_the_first_alarm_comes_before_the_second(tmp_path: Path) -> None:
    (found,) = faults(tmp_path, site=spoilt(SITE, "trigger: 350", "trigger: 290"))
    assert "reached no later than TT-1.HH (red) at 290" in found.allowed
    (tmp_path / "equal").mkdir()
    assert faults(tmp_path / "equal", site=spoilt(SITE, "trigger: 350", "trigger: 300")) == []


@pytest.mark.parametrize(("bound", "ok"), [("380", True), ("400.1", False)])
def test_a_ceiling_is_compared_in_the_tags_unit(tmp_path: Path, bound: str, ok: bool) -> None:
    pack = spoilt(PACK, "bound: 673.15, unit: K", "bound: 400, unit: °C")
    found = faults(tmp_path, pack=pack, site=spoilt(SITE, "trigger: 380", f"trigger: {bound}"))
    assert [f.path for f in found] == ([] if ok else ["installations[1].types.shell.HH.trigger"])


@pytest.mark.parametrize("mark", ["S", "U", "U, verified_by: 李四"])
def test_a_low_limit_below_its_ceiling_is_refused_and_remarked_on_while_that_is_unverified(
    tmp_path: Path, mark: str
) -> None:
    low = (
        "      L: {kind: limit-low, trigger: 40, deadband: 5, level: yellow, standard: GB 1-2020, mark: S}\n"
    )
    bound = f"  - {{type: shell, side: low, alarm: second, bound: 50, unit: °C, standard: GB 1-2020, mark: {mark}}}\n"
    pack = spoilt(spoilt(PACK, "      TREND:", low + "      TREND:"), "roll_up:", bound + "roll_up:")
    if mark == "U":
        said = notes(good(tmp_path, pack=pack), today="2026-01-01", environment={})
        told = {n.subject: n.text for n in said if n.code == "unverified-ceiling"}
        assert "at least 50 °C" in told["TT-1.L"]
    else:
        found = faults(tmp_path, pack=pack)
        assert {f.path for f in found} == {"types.shell.rules.L.trigger"}
        assert "at least 50 °C" in found[0].allowed


def test_a_unit_that_cannot_be_converted_is_refused(tmp_path: Path) -> None:
    found = faults(tmp_path)
    assert found == [] or all("compared" in f.allowed for f in found)
    (tmp_path / "gas").mkdir()
    pack = spoilt(PACK, "    substance: CO\n", "")
    said = faults(tmp_path / "gas", pack=pack)
    assert [(f.value, f.path) for f in said] == [
        ("'ppm'", "types.gas.rules.H.trigger")
    ] or "a unit that can be compared" in said[0].allowed
    assert "substance/物质" in said[0].hint


def test_a_toxic_limit_is_compared_by_its_substance(tmp_path: Path) -> None:
    tags = spoilt(TAGS, "AT-1,gas,kiln-1,plc1,1:holding:3", "AT-1,gas,kiln-1,plc1,1:holding:3,,,,17.5")
    (found,) = faults(tmp_path, tags=tags)
    assert "at most 100 %OEL for the first alarm" in found.allowed, "20 mg/m3 of CO are 17.17 ppm"
    (tmp_path / "ok").mkdir()
    assert faults(tmp_path / "ok", tags=tags.replace("17.5", "17.1")) == []


CO = SubstanceEntry.model_validate(
    {
        "name": "一氧化碳", "name_en": "CO",
        "molar_mass": {"value": 28.01, "unit": "g/mol", "reason": "weights", "mark": "E"},
        "molar_volume": {"value": 24.04, "unit": "L/mol", "reason": "20 °C", "mark": "E"},
        "oel": {"value": 20, "unit": "mg/m3", "standard": "GBZ 2.1-2019", "mark": "S"},
        "idlh": {"value": 1200, "unit": "ppm", "reason": "NIOSH", "mark": "S"},
        "lel": {"value": 12.5, "unit": "%vol", "reason": "handbook", "mark": "S"},
    }
)  # fmt: skip


@pytest.mark.parametrize(
    ("value", "unit", "to", "expected"),
    [
        (20.0, "mg/m3", "ppm", 17.166),
        (100.0, "%OEL", "mg/m3", 20.0),
        (100.0, "%OEL", "ppm", 17.166),
        (5.0, "%IDLH", "ppm", 60.0),
        (1.0, "%vol", "ppm", 10_000.0),
        (10.0, "%LEL", "%vol", 1.25),
        (12_500.0, "ppm", "%LEL", 10.0),
        (1.0, "m", "mm", 1000.0),
    ],
)
def test_conversions(value: float, unit: str, to: str, expected: float) -> None:
    assert convert(value, unit, to, CO) == pytest.approx(expected, rel=1e-3)


def test_what_cannot_be_converted_is_none() -> None:
    assert convert(1.0, "ppm", "mg/m3", None) is None
    assert convert(1.0, "kPa", "ppm", CO) is None
    assert convert(1.0, "%LEL", "ppm", CO.model_copy(update={"lel": None})) is None


def test_records_are_kept_as_long_as_the_pack_asks(tmp_path: Path) -> None:
    (found,) = faults(tmp_path, site=SITE + "storage: {keep: 10d}\n")
    assert (found.path, found.allowed) == ("storage.keep", "at least 30d: GB 1-2020")
