"""Numbers of every kind, out of its model: changed by two, checked by the kind itself, sealed, not dropped unseen."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config.explain import explain
from gateway.config.kept import dropped, keep
from gateway.config.kinds import ENTRIES
from gateway.config.kindsettings import _kind, later, numerics, with_settings
from gateway.config.load import Loaded, load
from gateway.config.notes import notes
from gateway.config.overrides import Numbers, write_overrides
from gateway.config.rulebase import RuleBase
from gateway.config.signed import Sign, drafted, raw_now, signed_changes, worded
from gateway.config.validate import model_in
from gateway.model.errors import Misconfigured, Refused
from gateway.model.site import Rule
from gateway.model.times import seconds
from tests.unit.config.writing import SITE, good, spoilt

SIGN = Sign("王强", "李娜", "slow filling", "2026-11-22T00:00:00.000000000Z")
KINDS = """\
  - {id: LT-1.TREND, kind: trend, tag: LT-1, limit: 14, horizon: 20min, window: 10min, level: yellow}
  - {id: LT-1.STLIM, kind: state-limit, tag: LT-1, selector: XV-1-FB, level: yellow,
     cases: [{state: 0, trigger: 12, reset: 11}, {state: 1, trigger: 10}]}
  - {id: AT-1.STLIM, kind: state-limit, tag: AT-1, selector: XV-1-FB, level: yellow,
     cases: [{state: 0, trigger: 20}, {state: 1, trigger: 15}]}
  - {id: LT-1.SPIKE, kind: spike, tag: LT-1, trigger: 2, level: blue, instrument: true}
"""
WITH_KINDS = spoilt(SITE, "outputs:\n", KINDS + "outputs:\n")


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    return good(tmp_path, site=WITH_KINDS)


def rule(loaded: Loaded, name: str) -> Rule:
    return loaded.site.rules[loaded.site.rule_index[name]]


def signed(loaded: Loaded, name: str, **wanted: float) -> Loaded:
    """The change is written, and the files are read again; names have ``__`` for dots, times are s."""
    settings = worded(loaded, name, {key.replace("__", "."): value for key, value in wanted.items()})
    numbers = Numbers(settings=settings)
    write_overrides(loaded.overrides, drafted(loaded, name, numbers, SIGN))
    return load(loaded.path)


def test_every_kind_has_numbers_that_can_be_changed() -> None:
    for entry in ENTRIES:
        own = {n: f for n, f in entry.model_fields.items() if n not in RuleBase.model_fields and not f.frozen}
        found = [n for n, f in own.items() if _kind(f.annotation, f.metadata) or model_in(f.annotation)]
        assert found or entry.short == "FROZEN", "its numbers are in the tag list"


def test_a_changed_setting_judges_and_says_where_it_comes_from(loaded: Loaded) -> None:
    after = signed(loaded, "LT-1.TREND", window=1200, confidence=0.9)
    settings = dict(rule(after, "LT-1.TREND").settings)
    assert (settings["window"], settings["confidence"]) == (seconds(1200), 0.9)
    assert rule(after, "LT-1.TREND").version != rule(loaded, "LT-1.TREND").version
    found = [(c.field, c.old, c.new) for c in signed_changes(after)]
    assert found == [("settings.window", "10min", "20min"), ("settings.confidence", "0.95", "0.9")]
    assert "site.yaml:" in signed_changes(after)[0].origin
    lines = {e.what: e for e in explain(after, "LT-1")}
    assert "instead of 10min (王强, 李娜" in lines["LT-1.TREND settings.window"].where
    assert numerics(raw_now(after, "LT-1.TREND"))["window"].value == seconds(1200)


def test_what_is_inside_a_list_is_changed_where_it_stands(loaded: Loaded) -> None:
    after = signed(loaded, "LT-1.STLIM", cases__1__trigger=9.5)
    settings = dict(rule(after, "LT-1.STLIM").settings)
    assert settings["triggers"] == (12.0, 9.5)
    assert rule(after, "LT-1.STLIM").trigger == 9.5, "the strictest"
    back = signed(after, "LT-1.STLIM", cases__1__trigger=10)
    assert not back.overrides.exists(), "as the files say"
    assert back.site.config_hash == loaded.site.config_hash


@pytest.mark.parametrize(
    ("name", "wanted", "path", "allowed"),
    [
        (
            "LT-1.TREND",
            {"limit": 20},
            "limits.LT-1.TREND.settings.limit",
            "inside the range of LT-1, 0 to 15",
        ),
        ("LT-1.TREND", {"window": 60}, "limits.LT-1.TREND.settings.horizon", "at most 4min"),
        ("LT-1.TREND", {"confidence": 2}, "limits.LT-1.TREND.settings.confidence", "less than 1"),
        ("LT-1.TREND", {"buckets": 7.5}, "limits.LT-1.TREND.settings.buckets", "a whole number"),
        (
            "AT-1.STLIM",
            {"cases.0.trigger": 60, "cases.1.trigger": 60},
            "limits.AT-1.STLIM.settings",
            "at most 25 %LEL",
        ),
        (
            "AT-1.STLIM",
            {"cases.0.trigger": 60},
            "limits.AT-1.STLIM.settings",
            "at most 50 %LEL for the second alarm",
        ),
        ("LT-1.STLIM", {"cases.0.reset": 13}, "limits.LT-1.STLIM.settings", "normal side of trigger 12"),
        ("LT-1.RISE", {"window": 2}, "limits.LT-1.RISE.settings.window", "at least 4s"),
        ("GAS.VOTE", {"needed": 4}, "limits.GAS.VOTE.settings.needed", "1 to 3"),
    ],
)
def test_the_kind_its_tags_and_the_law_hold(
    loaded: Loaded, name: str, wanted: dict[str, float], path: str, allowed: str
) -> None:
    numbers = Numbers(settings=worded(loaded, name, wanted))
    with pytest.raises(Misconfigured) as caught:
        load(loaded.path, signed=drafted(loaded, name, numbers, SIGN))
    assert any(f.path == path and allowed in f.allowed for f in caught.value.faults), caught.value.faults


def test_settings_of_the_first_kinds_are_changed_too(loaded: Loaded) -> None:
    after = signed(loaded, "GAS.VOTE", needed=1)
    assert (rule(after, "GAS.VOTE").needed, rule(after, "GAS.VOTE").trigger) == (1, 50)
    after = signed(after, "LT-1.RISE", window=120)
    assert rule(after, "LT-1.RISE").window == seconds(120)
    assert rule(after, "GAS.VOTE").needed == 1
    assert {c.id for c in signed_changes(after)} == {"GAS.VOTE", "LT-1.RISE"}


def test_what_a_rule_does_not_have_is_named(loaded: Loaded) -> None:
    with pytest.raises(Refused, match=r"no setting 'speed'; it has limit, horizon, window"):
        worded(loaded, "LT-1.TREND", {"speed": 1})
    with pytest.raises(Refused, match="no numbers of its own kind"):
        worded(loaded, "LT-1.H", {"window": 1})
    with pytest.raises(Refused, match="seconds"):
        worded(loaded, "LT-1.TREND", {"window": -1})
    assert worded(loaded, "LT-1.TREND", {"window": 90}) == {"window": "90s"}


def test_a_setting_for_what_is_no_longer_such_a_rule_is_a_fault(loaded: Loaded) -> None:
    changed = signed(loaded, "LT-1.TREND", window=1200)
    with pytest.raises(Misconfigured) as caught:
        good(changed.path.parent, site=spoilt(WITH_KINDS, KINDS.splitlines()[0], KINDS.splitlines()[0].replace(
            "trend, tag: LT-1, limit: 14, horizon: 20min, window: 10min", "spike, tag: LT-1, trigger: 2"
        )))  # fmt: skip
    assert [(f.path, f.allowed) for f in caught.value.faults] == [
        ("limits.LT-1.TREND.settings.window", "one of trigger, reset")
    ]


def test_an_entry_edited_by_hand_does_not_fit_its_hash(loaded: Loaded) -> None:
    text = signed(loaded, "LT-1.TREND", window=1200).overrides.read_text(encoding="utf-8")
    loaded.overrides.write_text(text.replace("20min", "15min"), encoding="utf-8")
    with pytest.raises(Misconfigured, match="hash"):
        load(loaded.path)


def test_a_deployment_does_not_drop_it_and_a_file_that_moved_on_is_told(loaded: Loaded) -> None:
    after = signed(loaded, "LT-1.TREND", window=1200)
    after.state.mkdir(parents=True)
    keep(after)
    kept = after.overrides.read_text(encoding="utf-8")
    after.overrides.unlink()
    (fault,) = dropped(load(after.path))
    assert (fault.path, fault.value) == ("limits.LT-1.TREND", "settings.window 10min")
    assert "settings.window 20min, signed by 王强 and 李娜" in fault.allowed
    assert dropped(good(after.path.parent, site=spoilt(WITH_KINDS, "window: 10min", "window: 20min"))) == []
    after.overrides.write_text(kept, encoding="utf-8")
    moved = good(after.path.parent, site=spoilt(WITH_KINDS, "window: 10min", "window: 8min"))
    told = [
        n.text
        for n in notes(moved, today="2026-11-22", environment={"COUNTY_PW": "x"})
        if n.code == "override"
    ]
    assert told == ["settings.window 20min was signed against 10min; the files now say 8min"]


def test_a_limit_moved_away_from_normal_is_marked() -> None:
    high = {"id": "A.T", "kind": "trend", "tag": "A", "limit": 5, "horizon": 60, "window": 60, "level": "red"}
    assert later(high, "limit", "5", "6")
    assert not later(high, "limit", "5", "4")
    assert later({**high, "side": "low"}, "limit", "5", "4")
    assert not later(high, "window", "60s", "90s"), "only the archive can say"


def test_the_files_own_data_stay_as_they_are() -> None:
    raw = {"kind": "x", "cases": [{"state": 0, "trigger": 1.0}]}
    assert with_settings(raw, {"cases.0.trigger": 2.0})["cases"] == [{"state": 0, "trigger": 2.0}]
    assert raw == {"kind": "x", "cases": [{"state": 0, "trigger": 1.0}]}
