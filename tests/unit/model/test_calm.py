"""Which readings may wait for company: those no rule can begin or end with."""

import math
from typing import Any

import pytest

from gateway.model.calm import Calm, cuts_of
from gateway.model.site import Rule, RuleKind, Signal
from tests.unit.engine.plant import S, rule, site, tag

HIGH = rule("T.H", RuleKind.LIMIT_HIGH, "T", trigger=80.0, reset=75.0)
LOW = rule("T.L", RuleKind.LIMIT_LOW, "T", trigger=10.0, reset=12.0)


def cuts(*rules: Rule, **of_tag: Any) -> tuple[float, ...] | None:
    """Of the tag T on a site with another, U."""
    plain = {"low": None, "high": None}
    return cuts_of(site(tags=(tag("T", **(plain | of_tag)), tag("U")), rules=rules))[0]


def is_news(calm: Calm, value: float) -> bool:
    calm_one = calm.low[0] < value < calm.high[0]
    if not calm_one:
        calm.moved(0, value)
    return not calm_one


def test_the_first_value_is_news_and_every_one_on_another_side_of_a_number() -> None:
    calm = Calm([cuts(HIGH, LOW)])
    told = {20: 1, 74.9: 0, 75.1: 1, 79.9: 0, 80.0: 1, 95: 0, 78: 1, 74: 1, 20.5: 0, 11: 1, 9: 1, 8: 0, 13: 1}
    assert {value: int(is_news(calm, value)) for value in told} == told


def test_a_value_that_stands_on_a_number_stays_news() -> None:
    calm = Calm([cuts(HIGH)])
    assert [is_news(calm, 80.0) for _ in range(3)] == [True] * 3
    assert is_news(calm, math.nan)


def test_behind_a_bad_reading_every_value_is_news() -> None:
    calm = Calm([cuts(HIGH)])
    assert [is_news(calm, 20.0) for _ in range(2)] == [True, False]
    calm.lost(0)
    assert is_news(calm, 20.0)


def test_numbers_are_compared_with_what_is_read() -> None:
    """value = raw * gain + offset; a gain below zero turns the sides."""
    assert cuts(HIGH, gain=-0.5, offset=100.0, low=0.0, high=100.0) == (0.0, 40.0, 50.0, 200.0)
    assert cuts() == ()


@pytest.mark.parametrize(
    ("rules", "of_tag"),
    [
        ((rule("T.H", RuleKind.LIMIT_HIGH, "T", trigger=80.0, reset=75.0, on_delay=S),), {}),
        ((rule("T.H", RuleKind.LIMIT_HIGH, "T", trigger=80.0, reset=75.0, off_delay=S),), {}),
        ((rule("T.R", RuleKind.RATE_RISE, "T", trigger=1.0, reset=0.5, window=10 * S), HIGH), {}),
        ((HIGH, rule("V", RuleKind.VOTE, "U", "T", trigger=80.0, reset=75.0, needed=1)), {}),
        ((HIGH,), {"signal": Signal.MILLIAMP, "low": 0.0, "high": 100.0}),
        ((HIGH,), {"max_age": S // 2}),
        ((HIGH,), {"manual": True}),
    ],
)
def test_other_rules_delays_currents_and_fast_tags_are_never_calm(
    rules: tuple[Rule, ...], of_tag: dict[str, Any]
) -> None:
    found = cuts(*rules, **of_tag)
    assert found is None
    assert is_news(calm := Calm([found]), 20.0)
    assert is_news(calm, 20.0)


def test_what_a_computed_tag_is_made_of_is_never_calm() -> None:
    sum_ = tag("SUM", expression="T + 1", inputs=("T",))
    assert cuts_of(site(tags=(tag("T"), tag("U", low=0.0, high=20.0), sum_), rules=()))[:3] == (
        None,
        (0.0, 20.0),
        None,
    )


def test_a_rule_that_is_off_counts_for_nothing() -> None:
    off = rule("T.R", RuleKind.RATE_RISE, "T", trigger=1.0, reset=0.5, window=10 * S, enabled=False)
    assert cuts(HIGH, off) == (75.0, 80.0)
