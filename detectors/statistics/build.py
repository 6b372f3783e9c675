"""From rule parameters to the kernel's tables."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from detectors.kinds import statistics as kinds
from detectors.kinds.params import Params
from detectors.layout import NEVER, NS
from detectors.statistics import layout as lo

POOLS: Final = ("buckets", "samples", "slots")
"""arrays in which a rule owns a slice, at most one of them"""


@dataclass(slots=True)
class Tables:
    """What does not change while the kernel runs.

    Attributes:
        params: PARAM, one row per rule.
        pools: for each rule the array in which it owns a slice, or nothing.
        lists: int64; values of sets, by ``values`` and ``listed`` of the rule.
        offsets, index: rules of tag i are ``index[offsets[i]:offsets[i + 1]]``, ascending.
        sizes: rows needed of each pool.
        scratch: float64 words the kinds need.
    """

    params: NDArray[Any]
    offsets: NDArray[np.int64]
    index: NDArray[np.int64]
    lists: NDArray[np.int64]
    pools: list[str] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=lambda: dict.fromkeys(POOLS, 0))
    scratch: int = 1


def build(tags: int, rules: Sequence[Params], hold: Sequence[int]) -> Tables:
    """Tables for ``rules`` over ``tags`` tags."""
    params, lists = np.zeros(len(rules), lo.PARAM), list[int]()
    tables = Tables(params, *_by_tag(tags, rules), np.zeros(1, np.int64))
    for p, rule in zip(params, rules, strict=True):
        values: tuple[int, ...] = getattr(rule, "values", ())
        p["values"], p["listed"] = len(lists), len(values)
        lists.extend(values)
        _common(p, rule, hold)
        pool, words = SETTINGS[type(rule)](p, rule)
        tables.pools.append(pool)
        tables.scratch = max(tables.scratch, words)
        if pool:
            p["first"] = tables.sizes[pool]
            tables.sizes[pool] += int(p["count"])
    tables.lists = np.array(lists or [0], np.int64)
    return tables


def _by_tag(tags: int, rules: Sequence[Params]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    of = np.array([_tag(rule) for rule in rules], np.int64)
    return np.searchsorted(np.sort(of), np.arange(tags + 1)).astype(np.int64), np.argsort(of, kind="stable")


def _tag(rule: Params) -> int:
    return int(getattr(rule, rule.members[0]))


def _common(p: Any, rule: Any, hold: Sequence[int]) -> None:
    p["kind"], p["tag"], p["on_delay"], p["off_delay"] = (
        rule.code,
        _tag(rule),
        rule.on_delay,
        rule.off_delay,
    )
    p["hold"] = hold[_tag(rule)] or NEVER
    p["side"] = kinds.SIDES[getattr(rule, "side", "high")]
    if not isinstance(rule, kinds.Dwell):
        sign = -1.0 if isinstance(rule, kinds.Mean | kinds.Peak) and p["side"] < 0 else 1.0
        p["trigger"], p["reset"] = sign * rule.trigger, sign * rule.reset


def _ring(p: Any, rule: Any, extra: int) -> None:
    p["width"], p["count"] = rule.window // rule.buckets, rule.buckets + extra


def _window(p: Any, rule: Any) -> tuple[str, int]:
    _ring(p, rule, 1)
    p["share"] = rule.coverage
    if isinstance(rule, kinds.Total):
        p["mode"], p["per"] = kinds.TOTALS[rule.of], rule.per
    elif isinstance(rule, kinds.Mean):
        p["mode"] = kinds.GAPS[rule.gaps]
    elif isinstance(rule, kinds.Oscillation):
        p["slack"] = rule.band
    return "buckets", 1


def _dwell(p: Any, rule: kinds.Dwell) -> tuple[str, int]:
    p["trigger"], p["reset"] = rule.longest, rule.reset
    if rule.window:
        _ring(p, rule, 1)
        return "buckets", 1
    return "", 1


def _setpoint(p: Any, rule: kinds.Setpoint) -> tuple[str, int]:
    p["mean"] = rule.target
    return "", 1


def _chart(p: Any, rule: kinds.Cusum | kinds.Ewma) -> tuple[str, int]:
    p["mean"], p["sigma"], p["needed"], p["every"] = rule.mean, rule.sigma, rule.warm_up, rule.every
    p["slack"] = rule.k if isinstance(rule, kinds.Cusum) else rule.weight
    return "", 1


def _page_hinkley(p: Any, rule: kinds.PageHinkley) -> tuple[str, int]:
    p["slack"], p["memory"], p["needed"], p["every"] = rule.delta, rule.memory, rule.warm_up, rule.every
    return "", 1


def _hampel(p: Any, rule: kinds.Hampel) -> tuple[str, int]:
    p["sigma"], p["count"], p["every"] = rule.sigma, rule.samples, rule.every
    return "samples", rule.samples


def _baseline(p: Any, rule: kinds.Baseline) -> tuple[str, int]:
    p["sigma"], p["needed"], p["share"] = rule.sigma, rule.warm_up, rule.share
    p["width"], p["count"] = rule.period // rule.slots, rule.slots
    return "slots", 1


def _excess(p: Any, rule: kinds.Excess) -> tuple[str, int]:
    _ring(p, rule, 1)
    p["slack"] = rule.quantile
    return "buckets", rule.buckets


def _shift(p: Any, rule: kinds.Shift) -> tuple[str, int]:
    _ring(p, rule, 0)
    p["slack"] = rule.sigmas
    return "buckets", rule.buckets


def _noise(p: Any, rule: kinds.Noise) -> tuple[str, int]:
    _ring(p, rule, 0)
    p["sigma"], p["needed"] = rule.sigma, rule.recent
    return "buckets", 1


def _velocity(p: Any, rule: kinds.Velocity) -> tuple[str, int]:
    _ring(p, rule, 0)
    p["per"] = rule.per
    return "buckets", 2 * rule.buckets + rule.buckets * (rule.buckets - 1) // 2


def _inverse(p: Any, rule: kinds.InverseVelocity) -> tuple[str, int]:
    _ring(p, rule, 0)
    p["sigma"], p["slack"] = rule.slowest * NS / rule.per, rule.horizon / NS
    return "buckets", 4 * rule.buckets


SETTINGS: Final[dict[type[Any], Callable[[Any, Any], tuple[str, int]]]] = {
    kinds.Total: _window,
    kinds.Mean: _window,
    kinds.Peak: _window,
    kinds.Starts: _window,
    kinds.Oscillation: _window,
    kinds.Dwell: _dwell,
    kinds.Setpoint: _setpoint,
    kinds.Cusum: _chart,
    kinds.Ewma: _chart,
    kinds.PageHinkley: _page_hinkley,
    kinds.Hampel: _hampel,
    kinds.Baseline: _baseline,
    kinds.Excess: _excess,
    kinds.Shift: _shift,
    kinds.Noise: _noise,
    kinds.Velocity: _velocity,
    kinds.InverseVelocity: _inverse,
}
"""fills a record from its parameters; returns the pool of its slice (``count`` rows) and its scratch words"""
