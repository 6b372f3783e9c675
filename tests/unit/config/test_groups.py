"""Entries of rules over several tags: what they become, and what is wrong with them."""

from pathlib import Path

import pytest

from detectors.kinds import KINDS
from gateway.config.kinds.groups import ENTRIES as GROUPS
from gateway.engine.tables import rule_params
from gateway.model.effective import dump_site, load_site
from tests.unit.config.writing import faults, good
from tests.unit.engine import test_groups as engine
from tests.unit.engine.test_groups import SITE, TAGS

SAMPLES = (
    engine.DEVIATION,
    engine.MOVING,
    engine.SPREAD,
    engine.STATE,
    engine.BALANCE,
    engine.MULTI,
    engine.EXPRESSION,
)


def test_every_kind_has_a_sample_that_loads(tmp_path: Path) -> None:
    site = good(tmp_path, SITE % "\n  - ".join(SAMPLES), TAGS).site
    assert len({r.kind for r in site.rules}) == len(GROUPS) + 1
    for rule, params in zip(site.rules, rule_params(site), strict=True):
        assert isinstance(params, KINDS[rule.kind.value])
    assert load_site(dump_site(site)).rules == site.rules


def test_percent_is_of_the_range(tmp_path: Path) -> None:
    (params,) = rule_params(good(tmp_path, SITE % engine.DEVIATION, TAGS).site)
    assert getattr(params, "span", 0) == 20.0


@pytest.mark.parametrize(
    ("entry", "old", "new", "path", "says"),
    [
        (engine.DEVIATION, "reference: B", "reference: A", "reference", "different tags"),
        (engine.DEVIATION, "reference: B", "reference: F", "reference", "one unit"),
        (engine.DEVIATION, "reference: B", "reference: M", "reference", "a tag that measures"),
        (engine.DEVIATION, "reference: B", "reference: X", "reference", "tag lists"),
        (engine.DEVIATION, "reset: 5", "reset: 50", "", "reset at or below trigger"),
        (engine.DEVIATION, "trigger: 10", "trigger: -1", "trigger", "more than 0"),
        (engine.MOVING, "gain: 2", "gain: 0", "gain", "other than 0"),
        (engine.SPREAD, "least: 2", "least: 4", "least", "2 to 3"),
        (engine.SPREAD, "[A, B, C]", "[A, B, F]", "tags", "one unit"),
        (engine.SPREAD, "group: L", "group: A", "group", "that no tag has"),
        (engine.STATE, "{state: 2, trigger: 18}", "{state: 1, trigger: 18}", "", "each state once"),
        (engine.STATE, "reset: 11", "reset: 13", "", "normal side"),
        (engine.BALANCE, "outflows: [F]", "outflows: []", "inflows", "at least one flow"),
        (engine.BALANCE, "window: 24s", "window: 20s", "window", "at least 24s"),
        (engine.BALANCE, "window: 24s", "window: 24s, bridge: 60s", "bridge", "no longer"),
        (engine.MULTI, "learn: 30s", "learn: 10s", "learn", "20 samples"),
        (engine.MULTI, "every: 1s", "every: 1s, least: 4", "", ""),
        (engine.MULTI, "tags: [A, B]", "tags: [A, B, C], least: 4", "least", "at least 6"),
    ],
)
def test_what_is_wrong_is_said_at_its_place(
    tmp_path: Path, entry: str, old: str, new: str, path: str, says: str
) -> None:
    assert old in entry
    found = faults(tmp_path, SITE % entry.replace(old, new), TAGS)
    if not says:
        assert found == []
        return
    assert {f.path for f in found} == {f"rules[0].{path}" if path else "rules[0]"}
    assert found[0].line == 11
    assert says in f"{found[0].allowed} {found[0].hint}"
