"""Numbers of a rule that two persons changed: in force, checked like any other, sealed, and not dropped unseen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.config.explain import explain
from gateway.config.kept import FILE, deployed, dropped, keep, remember
from gateway.config.load import Loaded, load
from gateway.config.notes import notes
from gateway.config.numbers import changeable
from gateway.config.overrides import Overrides, Signed, write_overrides
from gateway.config.signed import Sign, Wanted, drafted, signed_changes
from gateway.model.errors import Misconfigured, Refused
from gateway.model.site import Rule
from gateway.model.times import seconds
from tests.unit.config.writing import TAGS, good, spoilt, write

SIGN = Sign("王强", "李娜", "nuisance", "2026-11-22T00:00:00.000000000Z")
LATER = replace(SIGN, time="2026-11-23T00:00:00.000000000Z")


def rule(loaded: Loaded, name: str) -> Rule:
    return loaded.site.rules[loaded.site.rule_index[name]]


def draft(loaded: Loaded, name: str, sign: Sign = SIGN, **wanted: Any) -> Overrides:
    return drafted(loaded, name, Wanted(**wanted).numbers(rule(loaded, name)), sign)


def signed(loaded: Loaded, name: str, sign: Sign = SIGN, **wanted: Any) -> Loaded:
    """The change is written, and the files are read again."""
    write_overrides(loaded.overrides, draft(loaded, name, sign, **wanted))
    return load(loaded.path)


def running(loaded: Loaded) -> Loaded:
    loaded.state.mkdir(parents=True, exist_ok=True)
    keep(loaded)
    return loaded


def test_signed_numbers_judge_and_say_where_they_come_from(tmp_path: Path) -> None:
    before = good(tmp_path)
    after = signed(before, "LT-1.H", trigger=11.5, on_delay=seconds(3))
    now = rule(after, "LT-1.H")
    assert (now.trigger, now.reset, now.on_delay) == (11.5, 11.3, seconds(3)), (
        "the dead band moves with the limit"
    )
    assert now.version != rule(before, "LT-1.H").version
    assert after.site.config_hash != before.site.config_hash
    changes = signed_changes(after)
    assert [(c.field, c.old, c.new, c.origin) for c in changes] == [
        ("trigger", "12", "11.5", "tags.csv:2 H"),
        ("reset", "11.8", "11.3", "tags.csv:2 H"),
        ("on_delay", "0s", "3s", "tags.csv:2 H"),
    ]
    assert {(c.by, c.second, c.reason, c.time) for c in changes} == {("王强", "李娜", "nuisance", SIGN.time)}
    assert {c.hash for c in changes} == {after.origin.overriding.content.limits["LT-1.H"].digest("LT-1.H")}
    lines = {e.what: e for e in explain(after, "LT-1")}
    assert lines["LT-1.H trigger"].value == "11.5"
    assert "overrides.yaml, instead of 12 (王强, 李娜" in lines["LT-1.H trigger"].where


def test_a_dead_band_is_a_reset_on_the_right_side(tmp_path: Path) -> None:
    loaded = good(tmp_path)
    assert Wanted(deadband=0.5).numbers(rule(loaded, "LT-1.H")).reset == 11.5
    assert Wanted(deadband=0.5).numbers(rule(loaded, "LT-1.L")).reset == 1.5
    assert Wanted(trigger=50.0, reset=44.0).numbers(rule(loaded, "GAS.VOTE")).reset == 44


def test_back_to_what_the_files_say_needs_no_entry(tmp_path: Path) -> None:
    before = good(tmp_path)
    after = signed(before, "LT-1.H", trigger=11.5)
    back = signed(after, "LT-1.H", trigger=12.0)
    assert not back.overrides.exists()
    assert back.site.config_hash == before.site.config_hash
    with pytest.raises(Refused, match="has these numbers already"):
        draft(back, "LT-1.H", trigger=12.0)
    with pytest.raises(Refused, match="no such rule"):
        drafted(back, "LT-9.H", Wanted(trigger=1.0).numbers(rule(back, "LT-1.H")), SIGN)


@pytest.mark.parametrize(
    ("name", "wanted", "path", "allowed"),
    [
        ("LT-1.H", {"trigger": 13.5}, "trigger", "below LT-1.HH at 13"),
        ("LT-1.H", {"trigger": 0.5}, "trigger", "above LT-1.L at 1"),
        ("LT-1.HH", {"trigger": 20.0}, "trigger", "inside the range of LT-1, 0 to 15"),
        ("LT-1.H", {"reset": 12.5}, "reset", "at or below the trigger 12"),
        ("LT-1.L", {"reset": 0.5}, "reset", "at or above the trigger 1"),
        (
            "LT-1.H",
            {"deadband": 11.0},
            "reset",
            "above 1, the end of the range or the limit of the other side",
        ),
        ("LT-1.RISE", {"trigger": -1.0, "reset": -2.0}, "trigger", "more than 0"),
        ("AT-1.H", {"trigger": 26.0}, "trigger", "at most 25 %LEL for the first alarm"),
        ("GAS.VOTE", {"trigger": 60.0}, "trigger", "at most 50 %LEL for the second alarm"),
        ("XV-1-FB.STATE", {"trigger": 2.0}, "trigger", "on_delay or off_delay, of a rule of kind state"),
    ],
)
def test_changed_numbers_are_checked_like_a_cell_of_the_list(
    tmp_path: Path, name: str, wanted: dict[str, float], path: str, allowed: str
) -> None:
    loaded = good(tmp_path)
    with pytest.raises(Misconfigured) as caught:
        load(loaded.path, signed=draft(loaded, name, **wanted))
    found = {(f.path, f.allowed) for f in caught.value.faults}
    assert (f"limits.{name}.{path}", allowed) in found


def test_delays_of_every_kind_can_be_changed(tmp_path: Path) -> None:
    loaded = good(tmp_path)
    for each in loaded.site.rules:
        assert {"on_delay", "off_delay"} <= set(changeable(each))
        assert rule(
            load(loaded.path, signed=draft(loaded, each.id, off_delay=seconds(7))), each.id
        ).off_delay == seconds(7)


def test_an_entry_edited_by_hand_does_not_fit_its_hash(tmp_path: Path) -> None:
    after = signed(good(tmp_path), "LT-1.H", trigger=11.5)
    text = after.overrides.read_text(encoding="utf-8")
    after.overrides.write_text(text.replace("trigger: 11.5", "trigger: 11.9"), encoding="utf-8")
    with pytest.raises(Misconfigured) as caught:
        load(after.path)
    (fault,) = caught.value.faults
    assert fault.path == "limits.LT-1.H.hash"
    assert "edited by hand" in fault.hint


def test_a_deployment_that_drops_an_override_needs_consent(tmp_path: Path) -> None:
    after = running(signed(good(tmp_path), "LT-1.H", trigger=11.5))
    assert deployed(after.path, accept=False)[1] == []
    after.overrides.unlink()
    with pytest.raises(Misconfigured) as caught:
        deployed(after.path, accept=False)
    (fault,) = caught.value.faults
    assert (fault.path, fault.value) == ("limits.LT-1.H", "trigger 12, reset 11.8")
    assert fault.allowed.startswith("trigger 11.5, reset 11.3, signed by 王强 and 李娜")
    assert "--accept" in fault.hint
    loaded, lost = deployed(after.path, accept=True)
    assert len(lost) == 1
    running(loaded)
    assert not (loaded.state / FILE).exists()
    assert deployed(after.path, accept=False)[1] == [], "it was dropped, and nothing more is said of it"


def test_what_the_files_now_say_themselves_is_not_dropped(tmp_path: Path) -> None:
    after = running(signed(good(tmp_path), "LT-1.H", trigger=11.5))
    after.overrides.unlink()
    write(tmp_path, tags=spoilt(TAGS, ",1,12,13,0.2,", ",1,11.5,13,0.2,"))
    assert dropped(load(after.path)) == []


def test_a_rule_that_is_gone_drops_its_override_with_consent(tmp_path: Path) -> None:
    after = running(signed(good(tmp_path), "AT-1.HH", trigger=45.0))
    write(tmp_path, tags=spoilt(TAGS, "1:input:1,,25,50,2", "1:input:1,,25,,2"))
    with pytest.raises(Misconfigured) as caught:
        load(after.path)
    assert [f.path for f in caught.value.faults] == ["limits.AT-1.HH"]
    loaded, lost = deployed(after.path, accept=True)
    assert [(f.path, f.value) for f in lost] == [("limits.AT-1.HH", "no longer there")]
    running(loaded)
    assert not loaded.overrides.exists(), "the file is cleared of what was dropped"
    assert load(after.path).site.config_hash == loaded.site.config_hash


def test_a_stage_is_not_dropped_unseen_either(tmp_path: Path) -> None:
    before = good(tmp_path)
    stage = Signed(stage="shadow", by="王强", second="李娜", time=SIGN.time)
    write_overrides(before.overrides, Overrides(rules={"LT-1.HH": stage}, installations={"tank-farm": stage}))
    running(load(before.path))
    before.overrides.unlink()
    assert [(f.path, f.value) for f in dropped(load(before.path))] == [
        ("rules.LT-1.HH", "stage live"),
        ("installations.tank-farm", "stage live"),
    ]


def test_a_gateway_killed_while_a_change_is_put_in_place_starts_again(tmp_path: Path) -> None:
    """An entry signed later follows the one before it; one that goes leaves the copy first."""
    first = running(signed(good(tmp_path), "LT-1.H", trigger=11.5))
    second = signed(first, "LT-1.H", LATER, trigger=11.0)
    assert dropped(second) == []
    running(second)
    gone = draft(second, "LT-1.H", LATER, trigger=12.0)
    remember(second, gone, unless_more=True)
    assert dropped(second) == [], "killed before the file was written"
    write_overrides(second.overrides, gone)
    assert dropped(load(second.path)) == [], "killed behind it"
    more = draft(second, "LT-1.HH", LATER, trigger=12.9)
    remember(second, more, unless_more=True)
    assert not (second.state / FILE).exists(), "what is new comes into the copy when it runs"


def test_files_that_moved_on_under_a_signature_are_told(tmp_path: Path) -> None:
    after = signed(good(tmp_path), "LT-1.H", trigger=11.5)
    write(tmp_path, tags=spoilt(TAGS, ",1,12,13,0.2,", ",1,12.5,13,0.2,"))
    told = [n for n in notes(load(after.path), today="2026-11-22", environment={}) if n.code == "override"]
    assert [n.subject for n in told] == ["LT-1.H", "LT-1.H"]
    assert told[0].text == "trigger 11.5 was signed against 12; the files now say 12.5"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(reason=st.text(max_size=600), name=st.text(min_size=1, max_size=64).filter(str.strip))
def test_whatever_is_said_is_read_back_as_it_was_sealed(tmp_path: Path, reason: str, name: str) -> None:
    loaded = good(tmp_path)
    (tmp_path / "overrides.yaml").unlink(missing_ok=True)
    sign = Sign(f"a{name}", f"b{name}", reason, SIGN.time)
    write_overrides(loaded.overrides, draft(load(loaded.path), "LT-1.H", sign, trigger=11.5))
    assert rule(load(loaded.path), "LT-1.H").trigger == 11.5
    loaded.overrides.unlink()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(trigger=st.floats(-5, 20), reset=st.floats(-5, 20))
def test_numbers_are_refused_or_can_be_judged_by(tmp_path: Path, trigger: float, reset: float) -> None:
    loaded = good(tmp_path)
    content = draft(loaded, "LT-1.H", trigger=trigger, reset=reset)
    if 1 < reset <= trigger < 13:
        found = rule(load(loaded.path, signed=content), "LT-1.H")
        assert (found.trigger, found.reset) == (trigger, reset), "between L and HH, and it can clear"
        return
    with pytest.raises(Misconfigured) as caught:
        load(loaded.path, signed=content)
    assert all(f.path.startswith("limits.LT-1.H.") and f.allowed for f in caught.value.faults)
