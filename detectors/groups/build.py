"""From parameters of group rules to the kernel's tables."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from detectors.groups import layout as lo
from detectors.kinds import groups as kinds
from detectors.kinds.groups import (
    Balance,
    Deviation,
    Expression,
    MovingLimit,
    Multivariate,
    Spread,
    StateLimit,
)
from detectors.kinds.params import Params, tags_of
from detectors.program import OP, TABLE


@dataclass(frozen=True, slots=True)
class Tables:
    """What does not change while the kernel runs.

    Attributes:
        params: PARAM, one row per rule.
        lists: int64; members of the rules, by ``first`` and ``count``.
        cases: CASE; of state limits.
        code: OP; programs of expressions.
        points: float64; tables of expressions.
        offsets, index: rules of tag i are ``index[offsets[i]:offsets[i + 1]]``, ascending.
        cells, pool: how many balance cells and learned floats all rules need.
        widest: members of the widest rule.
        edges: most edges one input can make.
    """

    params: NDArray[Any]
    lists: NDArray[np.int64]
    cases: NDArray[Any]
    code: NDArray[Any]
    points: NDArray[np.float64]
    offsets: NDArray[np.int64]
    index: NDArray[np.int64]
    cells: int
    pool: int
    widest: int
    edges: int


@dataclass(slots=True)
class _Store:
    """Where rules put what they need beside their record."""

    lists: list[int] = field(default_factory=list)
    cases: list[tuple[float, float, float, int]] = field(default_factory=list)
    code: list[tuple[float, int]] = field(default_factory=list)
    points: list[float] = field(default_factory=list)
    cells: int = 0
    pool: int = 0


def build(tags: int, rules: Sequence[Params]) -> Tables:
    """Tables for ``rules`` over ``tags`` tags."""
    params, store = np.zeros(len(rules), lo.PARAM), _Store()
    for p, rule in zip(params, rules, strict=True):
        members = tags_of(rule)
        p["kind"], p["on_delay"], p["off_delay"] = rule.code, rule.on_delay, rule.off_delay
        p["first"], p["count"], p["gain"], p["factor"] = len(store.lists), len(members), 1.0, 1.0
        store.lists.extend(members)
        _FILL[type(rule)](p, rule, store)
    offsets, index = _by_tag(tags, rules)
    cases = np.zeros(max(len(store.cases), 1), lo.CASE)
    for i, (state, trigger, reset, free) in enumerate(store.cases):
        cases[i]["state"], cases[i]["trigger"], cases[i]["reset"], cases[i]["free"] = (
            state,
            trigger,
            reset,
            free,
        )
    code = np.zeros(max(len(store.code), 1), OP)
    for i, (arg, op) in enumerate(store.code):
        code[i]["arg"], code[i]["op"] = arg, op
    return Tables(
        params, np.array(store.lists or [0], np.int64), cases, code, np.array(store.points or [0.0]), offsets, index,
        max(store.cells, 1), max(store.pool, 1), max([1, *(len(tags_of(r)) for r in rules)]),
        sum(_most_edges(rule) for rule in rules) + 1,
    )  # fmt: skip


def _most_edges(rule: Params) -> int:
    """Two for each moment it is judged at (a delay that ended before, and the verdict), and one for the scan."""
    return 2 * (int(rule.cells) + 3) + 1 if isinstance(rule, Balance) else 3


def _deviation(p: Any, rule: Deviation, _store: _Store) -> None:
    p["trigger"], p["reset"], p["side"] = rule.trigger, rule.reset, kinds.SIDES[rule.side]
    p["factor"] = 100.0 / rule.span if rule.span > 0 else 1.0


def _moving(p: Any, rule: MovingLimit, _store: _Store) -> None:
    p["gain"], p["offset"], p["reset"] = rule.gain, rule.offset, -rule.dead_band
    p["side"] = lo.LOW if rule.low else lo.HIGH


def _spread(p: Any, rule: Spread, _store: _Store) -> None:
    p["trigger"], p["reset"], p["mode"] = rule.trigger, rule.reset, kinds.MEASURES[rule.measure]
    p["least"] = rule.least or len(rule.tags)


def _state_limit(p: Any, rule: StateLimit, store: _Store) -> None:
    sign = -1.0 if rule.low else 1.0
    p["side"], p["mode"] = lo.LOW if rule.low else lo.HIGH, kinds.OTHERWISE[rule.otherwise]
    # Beyond is always upwards, so the strictest of the limits is the lowest.
    p["trigger"], p["reset"] = min(sign * t for t in rule.triggers), min(sign * r for r in rule.resets)
    p["own"], p["size"] = len(store.cases), len(rule.states) + len(rule.free)
    for state, trigger, reset in zip(rule.states, rule.triggers, rule.resets, strict=True):
        store.cases.append((state, sign * trigger, sign * reset, 0))
    store.cases.extend((state, 0.0, 0.0, 1) for state in rule.free)


def _balance(p: Any, rule: Balance, store: _Store) -> None:
    p["trigger"], p["reset"], p["side"] = rule.trigger, rule.reset, kinds.SIDES[rule.side]
    p["gain"], p["offset"], p["factor"] = rule.gain, rule.per, rule.k
    p["fixed"], p["share"], p["split"] = rule.volume_u, rule.flow_u, len(rule.inflows)
    p["width"] = rule.window // int(rule.cells)
    p["bridge"] = rule.bridge or p["width"]
    p["own"], p["size"] = store.cells, int(rule.cells) + 1
    store.cells += int(rule.cells) + 1


def _multivariate(p: Any, rule: Multivariate, store: _Store) -> None:
    count = len(rule.tags)
    p["trigger"], p["reset"], p["mode"] = rule.trigger, rule.reset, kinds.STATISTICS[rule.statistic]
    p["fixed"], p["share"] = rule.keep, NormalDist().inv_cdf(rule.confidence)
    p["width"], p["bridge"], p["least"], p["smooth"] = rule.every, rule.learn, rule.samples, rule.smooth
    p["gain"], p["offset"], p["split"] = rule.weight, rule.shrink, rule.relearn
    p["own"], p["size"] = store.pool, lo.POOL_HEAD + lo.MEDIAN_OF + lo.VECTORS * count + count * count
    store.pool += int(p["size"])


def _expression(p: Any, rule: Expression, store: _Store) -> None:
    p["side"], p["own"], p["size"] = lo.LOW if rule.low else lo.HIGH, len(store.code), len(rule.program)
    sign = -1.0 if rule.low else 1.0
    p["trigger"], p["reset"] = sign * rule.trigger, sign * rule.reset
    store.code.extend((arg + (len(store.points) if op == TABLE else 0), op) for op, arg in rule.program)
    store.points.extend(rule.points)


_FILL: Final[dict[type[Any], Callable[[Any, Any, _Store], None]]] = {
    Deviation: _deviation,
    MovingLimit: _moving,
    Spread: _spread,
    StateLimit: _state_limit,
    Balance: _balance,
    Multivariate: _multivariate,
    Expression: _expression,
}


def _by_tag(tags: int, rules: Sequence[Params]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    pairs = sorted((t, i) for i, rule in enumerate(rules) for t in set(tags_of(rule)))
    offsets = np.searchsorted([t for t, _ in pairs], np.arange(tags + 1)).astype(np.int64)
    return offsets, np.array([i for _, i in pairs] or [0], np.int64)
