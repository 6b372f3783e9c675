"""What random rules are made of, and random streams: a tag's judged rows come in order of source time."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from detectors import layout as lo

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
