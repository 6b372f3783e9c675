"""What is changed through the gateway: signed stages; and what counts as a change of the configuration."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.config.diff import differences
from gateway.config.overrides import Overrides, Signed, read_overrides, write_overrides
from gateway.model.effective import dump_site, load_site
from gateway.model.levels import Stage
from tests.unit.config.writing import SITE, TAGS, faults, good, spoilt

SHADOW = Signed(stage="shadow", by="王强", second="李娜", reason="first month", time="2026-11-22T00:00:00Z")


def sign(folder: Path, **parts: dict[str, Signed]) -> None:
    write_overrides(folder / "overrides.yaml", Overrides(**parts))


def test_a_signed_stage_is_in_force_and_another_configuration(tmp_path: Path) -> None:
    before = good(tmp_path).site
    sign(tmp_path, rules={"LT-1.HH": SHADOW}, installations={"tank-farm": SHADOW})
    after = good(tmp_path).site
    assert after.rules[after.rule_index["LT-1.HH"]].stage is Stage.SHADOW
    assert after.installations[0].stage is Stage.SHADOW
    assert after.config_hash != before.config_hash
    assert {str(c) for c in differences(before, after)} == {
        "~ rule LT-1.HH stage: live -> shadow",
        "~ installation tank-farm stage: live -> shadow",
    }
    changed = after.rules[after.rule_index["LT-1.HH"]]
    assert changed.version != before.rules[before.rule_index["LT-1.HH"]].version


def test_who_signed_is_no_part_of_what_runs(tmp_path: Path) -> None:
    sign(tmp_path, rules={"LT-1.HH": SHADOW})
    first = good(tmp_path).site.config_hash
    sign(tmp_path, rules={"LT-1.HH": SHADOW.model_copy(update={"second": "赵敏"})})
    assert good(tmp_path).site.config_hash == first


def test_what_was_written_is_what_is_read(tmp_path: Path) -> None:
    written = Overrides(rules={"LT-1.HH": SHADOW}, installations={"tank-farm": SHADOW})
    write_overrides(tmp_path / "overrides.yaml", written)
    found = read_overrides(tmp_path / "overrides.yaml", [])
    assert found.content == written
    assert read_overrides(tmp_path / "none.yaml", []).content == Overrides()


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("rules: {LT-9.HH: {stage: live, by: a, second: b}}", "rules.LT-9.HH"),
        ("installations: {nowhere: {stage: live, by: a, second: b}}", "installations.nowhere"),
        ("rules: {LT-1.HH: {stage: on trial, by: a, second: b}}", "rules.LT-1.HH.stage"),
        ("rules: {LT-1.HH: {stage: live, by: a}}", "rules.LT-1.HH.second"),
        ("alarms: {}", "alarms"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, text: str, path: str) -> None:
    (tmp_path / "overrides.yaml").write_text(f"version: 1\n{text}\n", encoding="utf-8")
    found = faults(tmp_path)
    assert [(Path(f.file).name, f.line, f.path) for f in found] == [("overrides.yaml", 2, path)]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("1:holding:0", "1:holding:7", "~ tag LT-1 address: 1:holding:0 -> 1:holding:7"),
        ("level,m,0,15,tank-farm,plc1", "level,m,0,16,tank-farm,plc1", "~ tag LT-1 high: 15 -> 16"),
        (",1,12,13,0.2,", ",1,12,13,0.2,3s", "~ rule LT-1.H on_delay: 0s -> 3s"),
    ],
)
def test_bindings_scaling_and_delays_count_as_changes(tmp_path: Path, old: str, new: str, told: str) -> None:
    before = good(tmp_path).site
    after = good(tmp_path, tags=spoilt(TAGS, old, new)).site
    assert after.config_hash != before.config_hash
    assert told in {str(c) for c in differences(before, after)}


def test_settings_of_inputs_and_outputs_count_too_and_are_kept_whole(tmp_path: Path) -> None:
    before = good(tmp_path).site
    after = good(tmp_path, site=spoilt(SITE, "port: 502", "port: 1502")).site
    assert after.config_hash != before.config_hash
    told = [str(c) for c in differences(before, after) if c.part != "links"]
    assert told == ["~ setting sources.plc1.port value: 502 -> 1502"]
    assert dict(after.settings)["outputs.county.password_env"] == "COUNTY_PW", (
        "the name of a secret, not the secret"
    )
    kept = load_site(dump_site(after))
    assert kept == after
    assert replace(kept, settings=before.settings) != after


def test_a_rebound_tag_begins_anew() -> None:
    from gateway.engine import Engine
    from gateway.model.inputs import Started
    from tests.unit.engine.plant import T0, numbered, readings, site, tag

    plant = site(tags=(tag("L", source="plc", address="1:holding:1"),), rules=())
    engine = Engine(plant, "e")
    engine.step(numbered([Started(T0, 0, "1"), readings(plant, ("L", 1, 5.0))]))
    for address, kept in (("1:holding:1", True), ("1:holding:2", False)):
        moved = site(tags=(tag("L", source="plc", address=address),), rules=(), config_hash="d" * 64)
        new = Engine(moved, "e")
        new.carry_over(engine)
        assert (new.tags()[0].value == 5.0) is kept
