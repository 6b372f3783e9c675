"""The kinds of ``detectors.groups`` as the contract tests see them: random rules, and a naive twin for each."""

from typing import Any

from hypothesis import strategies as st

from detectors.kinds.groups import (
    Balance,
    Deviation,
    Expression,
    MovingLimit,
    Multivariate,
    Spread,
    StateLimit,
)
from tests.unit.detectors.streams import TAGS, S, delay, limits
from tests.unit.detectors.twins_groups import POINTS, PROGRAMS, TWINS

__all__ = ["LOOK_BACK", "MAY_HAVE_NO_NUMBER", "RULES", "TWINS"]

side = st.sampled_from(["high", "low", "both"])
distance = st.sampled_from([(1.0, 1.0), (2.0, 1.0), (3.0, 0.5), (5.0, 4.0)])
some_tags = st.permutations(range(TAGS)).flatmap(lambda t: st.integers(2, TAGS).map(lambda n: tuple(t[:n])))


@st.composite
def deviation_rules(draw: st.DrawFn) -> Deviation:
    (trigger, reset), (tag, reference) = draw(distance), draw(st.permutations(range(TAGS)))[:2]
    span = draw(st.sampled_from([0.0, 50.0, 200.0]))
    return Deviation(
        tag=tag, reference=reference, trigger=trigger, reset=reset, side=draw(side), span=span,
        on_delay=draw(delay), off_delay=draw(delay),
    )  # fmt: skip


@st.composite
def moving_rules(draw: st.DrawFn) -> MovingLimit:
    tag, other = draw(st.permutations(range(TAGS)))[:2]
    return MovingLimit(
        tag=tag, other=other, gain=draw(st.sampled_from([1.0, -0.5, 2.0])), offset=draw(st.sampled_from([0.0, 1.0])),
        dead_band=draw(st.sampled_from([0.0, 1.0])), low=draw(st.booleans()),
        on_delay=draw(delay), off_delay=draw(delay),
    )  # fmt: skip


@st.composite
def spread_rules(draw: st.DrawFn) -> Spread:
    (trigger, reset), tags = draw(distance), draw(some_tags)
    return Spread(
        tags=tags, trigger=trigger, reset=reset, measure=draw(st.sampled_from(["range", "median"])),
        least=draw(st.sampled_from([0, 2])), on_delay=draw(delay), off_delay=draw(delay),
    )  # fmt: skip


@st.composite
def state_limit_rules(draw: st.DrawFn) -> StateLimit:
    low, tags = draw(st.booleans()), draw(st.permutations(range(TAGS)))[:2]
    states = draw(st.permutations([float(x) for x in range(-4, 5)]))
    named, free = draw(st.integers(1, 4)), draw(st.integers(0, 2))
    triggers = tuple(float(draw(st.integers(-3, 3))) for _ in range(named))
    band = draw(st.integers(0, 2))
    return StateLimit(
        tag=tags[0], selector=tags[1], states=tuple(states[:named]), free=tuple(states[named : named + free]),
        triggers=triggers, resets=tuple(t + band if low else t - band for t in triggers),
        otherwise=draw(st.sampled_from(["strictest", "unknown"])), low=low,
        on_delay=draw(delay), off_delay=draw(delay),
    )  # fmt: skip


@st.composite
def balance_rules(draw: st.DrawFn) -> Balance:
    (trigger, reset), tags = draw(distance), draw(some_tags)
    inflows = draw(st.integers(0, len(tags) - 1))
    cells = draw(st.integers(2, 4))
    window = cells * draw(st.sampled_from([S, 2 * S]))
    return Balance(
        volume=tags[0], inflows=tags[1 : 1 + inflows], outflows=tags[1 + inflows :], trigger=trigger, reset=reset,
        window=window, cells=cells, per=draw(st.sampled_from([S, 10 * S])), gain=draw(st.sampled_from([1.0, 3.0])),
        side=draw(side), volume_u=draw(st.sampled_from([0.0, 0.1])), flow_u=draw(st.sampled_from([0.0, 0.02])),
        bridge=draw(st.sampled_from([0, window])), on_delay=draw(delay), off_delay=draw(delay),
    )  # fmt: skip


@st.composite
def multivariate_rules(draw: st.DrawFn) -> Multivariate:
    # Two shares of variance that cannot be met exactly by small whole numbers: which components stay is never a tie.
    tags, learn = draw(some_tags), draw(st.integers(2, 6)) * S
    trigger = draw(st.sampled_from([0.31, 1.0, 1.7]))
    return Multivariate(
        tags=tags, learn=learn, trigger=trigger, reset=trigger * draw(st.sampled_from([0.6, 1.0])),
        statistic=draw(st.sampled_from(["both", "t2", "q"])), keep=0.61234 if len(tags) == 2 else 1.0,
        confidence=draw(st.sampled_from([0.8, 0.9])), smooth=draw(st.booleans()),
        every=draw(st.sampled_from([0, 2 * S])), least=len(tags) + 2, weight=draw(st.sampled_from([1.0, 0.3])),
        shrink=draw(st.sampled_from([0.0, 0.2])), relearn=draw(st.sampled_from([0, 0, 2])),
        on_delay=draw(delay), off_delay=draw(delay),
    )  # fmt: skip


@st.composite
def expression_rules(draw: st.DrawFn) -> Expression:
    trigger, reset, low = draw(limits())
    return Expression(
        tags=tuple(draw(st.permutations(range(TAGS)))[:2]), steps=draw(st.sampled_from(list(PROGRAMS))),
        points=POINTS, trigger=trigger, reset=reset, low=low, on_delay=draw(delay), off_delay=draw(delay),
    )  # fmt: skip


RULES: dict[str, st.SearchStrategy[Any]] = {
    "deviation": deviation_rules(),
    "moving-limit": moving_rules(),
    "spread": spread_rules(),
    "state-limit": state_limit_rules(),
    "balance": balance_rules(),
    "multivariate": multivariate_rules(),
    "expression": expression_rules(),
}
LOOK_BACK = frozenset({"balance", "multivariate"})
"""kinds that see a real gap in an outage"""
MAY_HAVE_NO_NUMBER = frozenset({"expression", "state-limit"})
"""kinds that readings which are not BAD can make unknown"""
