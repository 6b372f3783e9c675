"""Tuning: what would have ended chattering, what it costs, and what is never touched."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gateway.alarms.facts import RuleFact
from gateway.config.ceilings import breaches
from gateway.config.load import Loaded, load
from gateway.history.run import backtest
from gateway.history.tune.page import page
from gateway.history.tune.start import STARTS, longest_on, untouched
from gateway.history.tune.tuning import recommend, tune
from gateway.history.tune.variants import (
    Settings,
    Stretch,
    Tried,
    candidates,
    present,
    stretches,
    tried,
    variant,
)
from gateway.model.events import Condition
from gateway.model.site import RuleKind
from gateway.model.times import NS, seconds
from tests.unit.engine.plant import T0, S, rule, tag
from tests.unit.history.memory import Memory

HIGH = rule("L.H", RuleKind.LIMIT_HIGH, "L", trigger=12.0, reset=12.0)
LEVEL = tag("L")
SITE = """\
version: 1
gateway: gw
county: "000000"
site: {id: s, name: s}
installations: [{id: A, name: A, owners: {responsible: wang}}]
people: {wang: {name: 王强}}
sources: {plc: {kind: modbus-tcp, host: 127.0.0.1}}
tags: [tags.csv]
"""
TAGS = """\
id,raw,class,unit,low,high,installation,source,address,h,deadband,standard
L,L,level,m,0,20,A,plc,1:holding:0,12,0,
G,G,gas-combustible,%LEL,0,100,A,plc,1:holding:1,20,0,
P,P,level,m,0,20,A,plc,1:holding:2,12,0,GB 1
"""


def noisy() -> Memory:
    """A level that hovers at 12 with noise of 0.05 for ten minutes, and rises to 14 for five once."""
    draw = np.random.default_rng(3)
    values = np.concatenate(
        [11.98 + draw.normal(0, 0.05, 600), 14 + draw.normal(0, 0.05, 300), np.full(100, 10.0)]
    )
    rows = [("L", T0 + k * S, float(v), 0) for k, v in enumerate(values)]
    rows += [(n, T0 + k * S, float(25.0 if k % 2 else 5.0), 0) for n in "GP" for k in range(1000)]
    return Memory(tuple(sorted(rows, key=lambda r: r[1])))


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    (tmp_path / "site.yaml").write_text(SITE)
    (tmp_path / "tags.csv").write_text(TAGS)
    return load(tmp_path / "site.yaml")


def test_a_dead_band_ends_the_chattering_and_costs_no_lateness(loaded: Loaded) -> None:
    found = tune(loaded, noisy())
    (curve,) = found.curves
    assert curve.rule.id == "L.H"
    assert curve.now.announced > 50
    assert curve.now.chattering > 50
    assert curve.chosen.chattering == 0
    assert (curve.chosen.late_s, curve.chosen.settings.on_delay) == (0.0, 0)
    assert 0 <= curve.chosen.ends_later_s < 30
    assert curve.chosen.lost == 0
    assert found.left == {"G.H": "class gas-combustible: gas alarms are never tuned",
                          "P.H": "its limit comes from GB 1: statutory alarms are never tuned"}  # fmt: skip


def test_what_is_recommended_does_what_was_said(loaded: Loaded) -> None:
    """The recommended rule in a backtest of its own announces as often as the curve says."""
    (curve,) = tune(loaded, noisy()).curves
    own = variant(curve.rule, curve.chosen.settings, 9)
    plant = replace(loaded.site, rules=(own,), tags=loaded.site.tags[:1])
    raised = [
        e for _, e in backtest(plant, noisy()).decisions if e.event in {"raised", "re-alarm"} and not e.fault
    ]
    assert len(raised) == curve.chosen.announced


@pytest.mark.parametrize("cls", ["gas-combustible", "gas-toxic", "oxygen", "methane"])
def test_gas_is_never_tuned(cls: str) -> None:
    assert untouched(HIGH, replace(LEVEL, cls=cls))


def test_statutory_alarms_and_other_kinds_are_never_tuned() -> None:
    assert untouched(replace(HIGH, standard="GB 39496"), LEVEL)
    assert untouched(rule("V.VOTE", RuleKind.VOTE, "L", "G", needed=1, trigger=1.0), LEVEL)
    assert not untouched(HIGH, LEVEL)


def test_no_candidate_moves_a_limit_or_delays_more_than_it_may() -> None:
    for each in (HIGH, replace(HIGH, priority=1), replace(HIGH, kind=RuleKind.LIMIT_LOW)):
        for cls in (*STARTS, "other"):
            for i, settings in enumerate(candidates(each, replace(LEVEL, cls=cls))):
                made = variant(each, settings, i)
                assert made.trigger == each.trigger
                assert made.on_delay <= longest_on(each, replace(LEVEL, cls=cls)) <= seconds(60)
                assert (made.reset <= made.trigger) == (
                    each.kind is RuleKind.LIMIT_HIGH
                ) or settings.band == 0
                assert not list(breaches([made], {"L": replace(LEVEL, cls=cls)}))
    assert {s.on_delay for s in candidates(replace(HIGH, priority=1), LEVEL)} == {0}


def test_the_present_setting_comes_first() -> None:
    assert candidates(HIGH, LEVEL)[0] == present(HIGH) == Settings(0.0, 0, 0)


def test_what_lateness_and_loss_are() -> None:
    base = [Stretch(T0, T0, T0 + 10 * S), Stretch(T0 + 60 * S, T0 + 60 * S, T0 + 200 * S)]
    own = [Stretch(T0 + 60 * S, T0 + 75 * S, T0 + 230 * S)]
    found = tried(Settings(0.0, 15 * NS, 0), own, base, T0 + 500 * S)
    assert (found.late_s, found.ends_later_s, found.lost, found.lost_longest_s) == (15.0, 30.0, 1, 10.0)


def test_unknown_is_not_the_end_of_an_alarm() -> None:
    active, normal, unknown = Condition.ACTIVE, Condition.NORMAL, Condition.UNKNOWN
    facts = [(active, 0), (unknown, 5), (active, 9), (normal, 20), (unknown, 30), (active, 40)]
    made = [RuleFact(0, normal, after, t, t, 1.0, 0, None, t) for after, t in facts]
    assert stretches(made) == [Stretch(0, 0, 20), Stretch(40, 40, None)]


def result(announced: int, chattering: int, **more: Any) -> Tried:
    fields: dict[str, Any] = {
        "settings": Settings(0, 0, 0), "fleeting": 0, "late_s": 0.0, "late_max_s": 0.0, "ends_later_s": 0.0,
        "lost": 0, "lost_longest_s": 0.0,
    }  # fmt: skip
    return Tried(announced=announced, chattering=chattering, **(fields | more))


def test_lateness_costs_more_than_standing_longer() -> None:
    now = result(100, 90)
    assert recommend([now, result(5, 0, late_s=10.0), result(5, 0, ends_later_s=60.0), result(50, 9)])[0] == 2
    assert recommend([now, result(90, 80)])[0] == 0
    assert recommend([result(9, 0), result(1, 0)])[0] == 0


def test_the_page_draws_the_curves_and_asks_nobody(loaded: Loaded) -> None:
    text = page(tune(loaded, noisy()), "s <1>")
    assert text.count("<svg") >= 2
    assert "s &lt;1&gt;" in text
    assert not re.search(r"(src|href)=|https?:|@import|url\(", text)
