"""Whether a page is flat is judged by the slope of its looks, not by its noise."""

from __future__ import annotations

import pytest

from benchmarks._console_watch import LEAST_LOOKS, PAGES, flatness

HOUR = 60


def looks(heap: float, leak: float = 0.0, count: int = HOUR) -> list[dict[str, float]]:
    """A look a minute; ``leak`` MB an hour; every seventh look falls upon something that was not yet collected."""
    return [
        {"heap_MB": heap + leak * k / (count - 1) + (1.5 if k % 7 == 3 else 0.0), "nodes": 900.0, "cpu": 0.02}
        for k in range(count)
    ]


def test_noise_is_flat() -> None:
    assert all(x["flat"] for x in flatness(looks(3.0)).values())


@pytest.mark.parametrize("leak", [0.6, 2.0])
def test_a_leak_is_not(leak: float) -> None:
    found = flatness(looks(3.0, leak))
    assert not found["heap_MB"]["flat"]
    assert found["heap_MB"]["rise"] == pytest.approx(0.75 * leak, rel=0.1), "over the settled part"
    assert found["nodes"]["flat"]


def test_what_comes_at_first_is_not_counted() -> None:
    begun = looks(3.0)
    for k in range(HOUR // 4):
        begun[k]["heap_MB"] -= 2.0
    assert flatness(begun)["heap_MB"]["flat"]


def test_what_falls_is_flat_and_few_looks_say_nothing() -> None:
    assert flatness(looks(3.0, -2.0))["heap_MB"]["flat"]
    assert flatness(looks(3.0)[:1]) == {}
    assert LEAST_LOOKS // len(PAGES) >= 10, "of each page"
