"""Causes: triggers and resets, rates, votes, discrepancies, faults."""

import pytest

from simulators.causes import Cause, Watch
from simulators.errors import BadData


def episodes(cause: Cause, series: list[dict[str, float]]) -> list[tuple[float, float | None]]:
    watch = Watch(cause)
    for second, true in enumerate(series):
        watch.see(float(second), true)
    return watch.episodes(float(len(series)))


def of(*values: float) -> list[dict[str, float]]:
    return [{"x": value} for value in values]


def test_a_limit_has_a_trigger_and_a_reset() -> None:
    cause = Cause(var="x", above=10.0, reset=8.0)
    assert episodes(cause, of(9, 10, 11, 9, 11, 8, 9)) == [(2.0, 5.0)]


def test_a_low_limit_is_the_mirror() -> None:
    cause = Cause(var="x", below=-10.0, reset=-8.0)
    assert episodes(cause, of(-9, -11, -9, -8, -11)) == [(1.0, 3.0), (4.0, None)]


def test_a_rate_needs_its_whole_window() -> None:
    cause = Cause(rate="x", above=50.0, window_s=3.0, per_s=60.0)
    assert episodes(cause, of(0, 1, 2, 3, 4, 4, 4, 4)) == [(3.0, 5.0)]


def test_votes() -> None:
    cause = Cause(votes=("a", "b", "c"), over=5.0, needed=2)
    series = [{"a": a, "b": b, "c": 0.0} for a, b in ((9, 0), (9, 9), (0, 9))]
    assert episodes(cause, series) == [(1.0, 2.0)]


def test_short_differences_do_not_count() -> None:
    cause = Cause(differ=("a", "b"), at_least_s=3.0)
    series = [{"a": 1.0, "b": b} for b in (1, 0, 1, 0, 0, 0, 1)]
    assert episodes(cause, series) == [(3.0, 6.0)]


def test_a_fault_is_marked_not_seen() -> None:
    watch = Watch(Cause(fault="f"))
    assert not watch.see(1.0, {})
    assert watch.mark(2.0, active=True)
    assert not watch.mark(3.0, active=True)
    assert watch.mark(4.0, active=False)
    assert watch.episodes(9.0) == [(2.0, 4.0)]


@pytest.mark.parametrize("given", [{}, {"var": "x"}, {"var": "x", "above": 1, "below": 0}, {"var": "x", "fault": "f"},
                                   {"fault": "f", "above": 1}])  # fmt: skip
def test_a_cause_says_one_thing(given: dict[str, float]) -> None:
    with pytest.raises(BadData, match="cause"):
        Cause(**given)  # type: ignore[arg-type]
