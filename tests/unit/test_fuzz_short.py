"""The short part of the fuzzing: the stored corpus and some thousand mutations of each target, always the same."""

from __future__ import annotations

import pytest

from tests.fuzz.engine import fuzz
from tests.fuzz.target import Target
from tests.fuzz.targets import targets


@pytest.mark.parametrize("name", sorted(targets()))
def test_only_our_own_errors_come_out(name: str) -> None:
    target = targets()[name]
    report = fuzz(target, target.short + len(target.corpus()), seed=1)
    assert report.findings == []
    assert report.edges > 0, "the guides name no module that ran"


def test_a_planted_fault_is_found_and_the_search_is_guided() -> None:
    def planted(data: bytes) -> None:
        if data[:1] == b"F" and data[1:2] == b"U":
            raise RuntimeError("planted")

    report = fuzz(Target("planted", planted, [b"abcd"], [__file__]), 200_000, seed=3, most_findings=1)
    assert [words for _, words in report.findings] == ["RuntimeError: planted"]
    assert report.findings[0][0][:2] == b"FU"
