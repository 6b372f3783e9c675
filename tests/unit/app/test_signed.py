"""A signature that a killed gateway did not act on still says who asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.app.changes import signed
from gateway.config.diff import Change as Difference
from gateway.config.diff import differences
from gateway.config.load import Loaded, load
from gateway.config.overrides import Overrides, Signed, write_overrides
from gateway.config.signed import Sign, Wanted, drafted
from gateway.model.commands import Actor
from gateway.runtime.change import MOST_LINES, Change
from tests.unit.config.writing import SITE, good, spoilt

BOTH = {"by": "王强", "second": "李娜", "reason": "commissioned"}


@pytest.fixture
def changed(tmp_path: Path) -> tuple[Loaded, list[Difference]]:
    before = good(tmp_path).site
    one = Signed(stage="shadow", **BOTH)
    write_overrides(tmp_path / "overrides.yaml", Overrides(rules={"LT-1.HH": one}))
    after = good(tmp_path)
    return after, differences(before, after.site)


def test_a_stage_that_nobody_asked_for_is_in_the_names_of_those_who_signed(
    changed: tuple[Loaded, list[Difference]],
) -> None:
    loaded, differ = changed
    found = signed(Change(lines=["x"]), differ, loaded)
    told = found.told(1, "a", "b")
    assert (told.by, told.second, told.why, told.changes) == ("王强", "李娜", "commissioned", ("x",))


def test_who_asked_is_never_replaced_and_other_changes_are_in_nobodys_name(
    changed: tuple[Loaded, list[Difference]], tmp_path: Path
) -> None:
    loaded, differ = changed
    asked = Change(Actor("zhao", "赵敏"), "why")
    assert signed(asked, differ, loaded) is asked
    nobody = Change()
    more = good(tmp_path, site=spoilt(SITE, "trigger: 0.5", "trigger: 0.6"))
    assert signed(nobody, [*differ, *differences(loaded.site, more.site)], more) is nobody
    assert signed(nobody, [], loaded) is nobody


def test_changed_numbers_are_in_the_names_of_those_who_signed_them(tmp_path: Path) -> None:
    before = good(tmp_path)
    rule = before.site.rules[before.site.rule_index["LT-1.H"]]
    sign = Sign("王强", "李娜", "nuisance", "2026-11-22T00:00:00Z")
    write_overrides(before.overrides, drafted(before, rule.id, Wanted(trigger=11.5).numbers(rule), sign))
    after = load(before.path)
    differ = differences(before.site, after.site)
    assert {d.field for d in differ} == {"trigger", "reset"}
    told = signed(Change(lines=[]), differ, after).told(1, "a", "b")
    assert (told.by, told.second, told.why) == ("王强", "李娜", "nuisance")
    off_delay = Difference("rules", "LT-1.H", "off_delay", "0s", "3s")
    assert signed(nobody := Change(), [*differ, off_delay], after) is nobody, "nobody signed that"


def test_very_many_differences_are_counted_and_the_first_are_told() -> None:
    told = Change(lines=[str(n) for n in range(500)]).told(1, "a", "b")
    assert (len(told.changes), told.count) == (MOST_LINES, 500)
