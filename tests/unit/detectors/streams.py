"""Random rules, and random streams that keep the bank's premise: a tag's judged rows come in order of source time."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from detectors import layout as lo
from detectors.kinds import Discrepancy, Limit, Params, Rate, State, Vote

S = 1_000_000_000
TAGS = 3
START = 1_700_000_000 * S

tag = st.integers(0, TAGS - 1)
delay = st.sampled_from([0, 0, S, 2 * S, 3 * S, 5 * S])
level = st.integers(-4, 4).map(float)


@st.composite
def limits(draw: st.DrawFn) -> tuple[float, float, bool]:
    trigger, band, low = draw(level), draw(st.integers(0, 2)), draw(st.booleans())
    return trigger, trigger + band if low else trigger - band, low


@st.composite
def limit_rules(draw: st.DrawFn) -> Limit:
    trigger, reset, low = draw(limits())
    return Limit(
        tag=draw(tag), trigger=trigger, reset=reset, low=low, on_delay=draw(delay), off_delay=draw(delay)
    )


@st.composite
def rate_rules(draw: st.DrawFn) -> Rate:
    trigger = draw(st.sampled_from([0.25, 0.5, 1.0]))
    return Rate(
        tag=draw(tag), trigger=trigger, reset=trigger / 2, window=draw(st.integers(3, 12)) * S,
        fall=draw(st.booleans()), buckets=draw(st.integers(3, 6)), on_delay=draw(delay), off_delay=draw(delay),
    )  # fmt: skip


@st.composite
def state_rules(draw: st.DrawFn) -> State:
    values = tuple(draw(st.sets(st.integers(-4, 4), min_size=1, max_size=4)))
    return State(tag=draw(tag), values=values, on_delay=draw(delay), off_delay=draw(delay))


@st.composite
def discrepancy_rules(draw: st.DrawFn) -> Discrepancy:
    command, feedback = draw(st.permutations(range(TAGS)))[:2]
    tolerance = draw(st.sampled_from([0.0, 1.0, 2.0]))
    return Discrepancy(
        command=command, feedback=feedback, tolerance=tolerance, reset=tolerance / 2,
        on_delay=draw(delay), off_delay=draw(delay),
    )  # fmt: skip


@st.composite
def vote_rules(draw: st.DrawFn) -> Vote:
    tags = tuple(draw(st.permutations(range(TAGS)))[: draw(st.integers(1, TAGS))])
    trigger, reset, low = draw(limits())
    return Vote(
        tags=tags, needed=draw(st.integers(1, len(tags))), trigger=trigger, reset=reset, low=low,
        degrade=draw(st.sampled_from(["trip", "exclude", "unknown"])), on_delay=draw(delay), off_delay=draw(delay),
    )  # fmt: skip


RULES: dict[str, st.SearchStrategy[Any]] = {
    "limit": limit_rules(),
    "rate": rate_rules(),
    "state": state_rules(),
    "discrepancy": discrepancy_rules(),
    "vote": vote_rules(),
}
any_rule: st.SearchStrategy[Params] = st.one_of(*RULES.values())
quality = st.sampled_from([0, 0, 0, 0, 1, 64, 67, 128, 131])
holds = st.lists(st.sampled_from([0, 2 * S, 4 * S]), min_size=TAGS, max_size=TAGS)


@st.composite
def streams(draw: st.DrawFn, *, longest: int = 25) -> list[tuple[np.ndarray, int]]:
    """Inputs of (rows, now): steady tags, gaps, bursts of late rows, lags, unjudged rows, held values."""
    clock, newest, out = START, [0] * TAGS, []
    for _ in range(draw(st.integers(1, longest))):
        clock += draw(st.sampled_from([0, S // 2, S, S, S, 2 * S, 7 * S]))
        rows = [_row(draw, clock, newest) for _ in range(draw(st.integers(0, 5)))]
        out.append((np.array(rows, lo.ROW), clock))
    return out


def _row(draw: st.DrawFn, clock: int, newest: list[int]) -> tuple[Any, ...]:
    which, q = draw(tag), draw(quality)
    source = max(clock - draw(st.sampled_from([0, 0, 0, S, 3 * S])), newest[which] + S // 4)
    judged = draw(st.sampled_from([lo.JUDGED] * 8 + [0]))
    held = lo.HELD if 64 <= q < 128 and draw(st.booleans()) else 0
    if judged:
        newest[which] = source
    value = np.nan if q >= 128 else float(draw(st.integers(-5, 5)))
    return (source, max(clock, source), value, which, q, judged | held, 0)
