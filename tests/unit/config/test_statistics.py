"""Entries of the per-tag statistical rules: what they become, and what is wrong with them."""

from pathlib import Path
from typing import Any

import pytest

from detectors.kinds import KINDS, statistics
from gateway.config.kinds.statistics import ENTRIES
from gateway.engine.tables import looks_back, rule_params
from gateway.model.effective import dump_site, load_site
from gateway.runtime.machine import longest_memory
from tests.unit.config.writing import faults, good
from tests.unit.engine.test_groups import SITE
from tests.unit.engine.test_statistics import ENTRIES as SAMPLES
from tests.unit.engine.test_statistics import TAGS


def test_every_kind_has_a_sample_that_loads(tmp_path: Path) -> None:
    assert set(SAMPLES) == set(statistics.KINDS)
    assert len(ENTRIES) == len(SAMPLES)
    site = good(tmp_path, SITE % "\n  - ".join(SAMPLES.values()), TAGS).site
    for rule, params in zip(site.rules, rule_params(site), strict=True):
        assert isinstance(params, KINDS[rule.kind.value])
    again = load_site(dump_site(site))
    assert again.rules == site.rules
    assert rule_params(again) == rule_params(site)


def only(tmp_path: Path, entry: str) -> Any:
    (params,) = rule_params(good(tmp_path, SITE % entry, TAGS).site)
    return params


def test_what_is_left_out_is_what_the_kind_says(tmp_path: Path) -> None:
    dwell = only(tmp_path, SAMPLES["dwell"])
    assert dwell.longest == dwell.reset == 30_000_000_000
    slide = only(tmp_path, SAMPLES["inverse-velocity"])
    assert (slide.trigger, slide.reset, slide.per) == (0.9, 0.5, 60_000_000_000)
    chart = only(tmp_path, "{id: A.X, kind: cusum, tag: A, mean: 10, sigma: 0.2, level: blue}")
    assert (chart.trigger, chart.reset, chart.k, chart.warm_up) == (5.0, 4.5, 0.5, 0)


@pytest.mark.parametrize(
    ("kind", "old", "new", "path", "says"),
    [
        ("total", "window: 60s", "window: 3s", "window", "at least 4s"),
        ("total", "trigger: 20", "per: h, trigger: 20", "per", "with of: flow"),
        (
            "total",
            "id: R.TOTAL, kind: total, tag: R",
            "id: M.TOTAL, kind: total, tag: M",
            "tag",
            "a tag that measures",
        ),
        ("total", "id: R.TOTAL, kind: total, tag: R", "id: X.TOTAL, kind: total, tag: X", "tag", "tag lists"),
        ("total", "buckets: 10", "buckets: 61", "buckets", "60"),
        ("mean", "reset: 11", "reset: 13", "", "at or below trigger"),
        ("mean", "trigger: 12", "trigger: 120", "trigger", "inside the range"),
        ("mean", "reset: 11", "reset: 13, side: low, gaps: zero", "gaps", "lower bound"),
        ("peak", "trigger: 12", "side: low, trigger: 12", "", "at or above trigger"),
        (
            "starts",
            "id: M.STARTS, kind: starts, tag: M",
            "id: A.STARTS, kind: starts, tag: A",
            "tag",
            "state or command",
        ),
        ("starts", "values: [1]", "values: []", "values", ""),
        ("dwell", "longest: 30s", "longest: 30s, on_delay: 1s", "", "longest and reset are its delays"),
        ("dwell", "longest: 30s", "longest: 90s", "", "at most the window"),
        ("setpoint", "target: 10", "target: 100", "target", "inside the range"),
        ("setpoint", "trigger: 2", "trigger: 0", "trigger", "more than 0"),
        ("cusum", "mean: 10, ", "", "", "a warm_up that learns it"),
        ("cusum", "mean: 10", "mean: 10, warm_up: 30", "", "mean or warm_up"),
        ("cusum", "sigma: 0.2", "sigma: 0", "sigma", "more than 0"),
        ("ewma", "warm_up: 60", "warm_up: 1", "", "at least 2"),
        ("ewma", "warm_up: 60", "warm_up: 60, weight: 0", "weight", "0.001"),
        ("ewma", "warm_up: 60", "warm_up: 60, every: 1s", "every", "at least 2s"),
        ("page-hinkley", "memory: 60", "memory: 20", "", "at least warm_up"),
        ("hampel", "sigma: 0.2", "sigma: 0.2, samples: 16", "samples", "15"),
        ("baseline", "slots: 6", "slots: 60", "slots", "at most 30"),
        ("excess", "window: 60s", "window: 8s", "window", "at most 8 buckets"),
        ("shift", "buckets: 12", "buckets: 13", "buckets", "2"),
        ("noise", "buckets: 12", "buckets: 40", "window", "at most 30 buckets"),
        ("noise", "buckets: 12", "buckets: 12, recent: 12", "", "recent less than buckets"),
        ("oscillation", "band: 3", "band: -3", "band", "more than 0"),
        ("velocity", "window: 30s", "window: 9s", "window", "at least 10s"),
        ("inverse-velocity", "horizon: 60s, ", "", "horizon", "must be given"),
        ("inverse-velocity", "level: red", "level: red, trigger: 1.5", "trigger", "1"),
    ],
)
def test_what_is_wrong_is_said_at_its_place(
    tmp_path: Path, kind: str, old: str, new: str, path: str, says: str
) -> None:
    entry = SAMPLES[kind]
    assert old in entry
    found = faults(tmp_path, SITE % entry.replace(old, new), TAGS)
    assert {f.path for f in found} == {f"rules[0].{path}" if path else "rules[0]"}, found
    assert found[0].line == 11
    assert says in f"{found[0].allowed} {found[0].hint}"


def test_how_far_a_rule_looks_back_is_known(tmp_path: Path) -> None:
    """Inputs that young are kept, in case no snapshot can be used."""
    day = "{id: R.TOTAL, kind: total, tag: R, window: 12h, trigger: 20, on_delay: 1min, level: orange}"
    long = "{id: D.VEL, kind: velocity, tag: D, window: 10d, trigger: 20, level: red}"
    site = good(tmp_path, SITE % day, TAGS).site
    age = site.tags[site.tag_index["R"]].max_age
    assert looks_back(site) == [(12 * 3600 + 900 + 60) * 1_000_000_000 + age]  # with the open bucket
    assert longest_memory(site) == looks_back(site)[0]
    assert longest_memory(good(tmp_path, SITE % long, TAGS).site) == 26 * 3600 * 1_000_000_000
    once = good(tmp_path, SITE % SAMPLES["dwell"].replace("window: 60s, ", ""), TAGS).site
    (age,) = {once.tags[once.tag_index[t]].max_age for t in once.rules[0].tags}
    assert looks_back(once) == [30_000_000_000 + age]
