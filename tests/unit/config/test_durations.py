"""Durations: what people write, and nothing that overflows later."""

from __future__ import annotations

import pytest

from gateway.config.durations import spelled
from gateway.model.times import LONGEST, NEVER, parse_duration

S = 1_000_000_000


@pytest.mark.parametrize(
    ("written", "ns"),
    [("500ms", S // 2), ("1s", S), ("5 min", 300 * S), ("1.5h", 5400 * S), ("1d", 86400 * S), ("7", 7 * S), (7, 7 * S),
     (0.5, S // 2), (0, 0)],
)  # fmt: skip
def test_what_people_write(written: object, ns: int) -> None:
    assert parse_duration(written) == ns


@pytest.mark.parametrize(
    "written",
    ["", "s", "1 m", "1S", "-1s", "1e3s", "１s", "9" * 400 + "s", "999999d", -1, True, None, [1], float("nan"),
     float("inf"), 10**30],
)  # fmt: skip
def test_what_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match=r"duration|seconds|longer"):
        parse_duration(written)


def test_the_longest_leaves_room_in_int64() -> None:
    assert parse_duration("36500d") == LONGEST
    assert LONGEST < NEVER // 2


@pytest.mark.parametrize("text", ["0s", "500ms", "90s", "5min", "3h", "2d"])
def test_spelled_is_the_inverse(text: str) -> None:
    assert spelled(parse_duration(text)) == text
