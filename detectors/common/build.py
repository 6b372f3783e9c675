"""From rule parameters to the kernel's tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from detectors import layout as lo
from detectors.kinds.common import DEGRADE, Discrepancy, Limit, Rate, State, Vote
from detectors.kinds.params import Params, tags_of


@dataclass(frozen=True, slots=True)
class Tables:
    """What does not change while the kernel runs.

    Attributes:
        params: PARAM, one row per rule.
        lists: int64; values of state rules and members of groups, by ``first`` and ``count`` of the rule.
        offsets, index: rules of tag i are ``index[offsets[i]:offsets[i + 1]]``, ascending.
        buckets: rows needed for all rate windows.
        scratch: float64 words the slope needs.
    """

    params: NDArray[Any]
    lists: NDArray[np.int64]
    offsets: NDArray[np.int64]
    index: NDArray[np.int64]
    buckets: int
    scratch: int


_SENTINEL: Final = 1.0
"""trigger and reset of a number that is 0 or 1"""


def build(tags: int, rules: Sequence[Params]) -> Tables:
    """Tables for ``rules`` over ``tags`` tags."""
    params, lists, buckets, widest = np.zeros(len(rules), lo.PARAM), list[int](), 0, 0
    params["sign"] = 1.0
    for i, rule in enumerate(rules):
        _settings(params[i], rule)
        if isinstance(rule, Rate):
            params[i]["first"], buckets, widest = buckets, buckets + rule.buckets, max(widest, rule.buckets)
        else:
            entries = rule.values if isinstance(rule, State) else tags_of(rule)
            params[i]["first"], params[i]["count"] = len(lists), len(entries)
            lists.extend(entries)
    offsets, index = _by_tag(tags, rules)
    scratch = 2 * widest + widest * (widest - 1) // 2
    return Tables(params, np.array(lists or [0], np.int64), offsets, index, max(buckets, 1), max(scratch, 1))


def _settings(p: Any, rule: Params) -> None:  # p: one PARAM record
    p["kind"], p["on_delay"], p["off_delay"], p["tag"] = (
        rule.code,
        rule.on_delay,
        rule.off_delay,
        tags_of(rule)[0],
    )
    if isinstance(rule, State):
        p["trigger"] = p["reset"] = _SENTINEL
    elif isinstance(rule, Discrepancy):
        states = rule.tolerance == 0
        p["trigger"], p["reset"] = (_SENTINEL, _SENTINEL) if states else (rule.tolerance, rule.reset)
        p["needed"] = states
    elif isinstance(rule, Rate):
        p["trigger"], p["reset"], p["sign"] = rule.trigger, rule.reset, -1.0 if rule.fall else 1.0
        p["width"], p["count"] = rule.window // rule.buckets, rule.buckets
    elif isinstance(rule, Limit | Vote):
        _limits(p, rule)


def _limits(p: Any, rule: Limit | Vote) -> None:
    sign = -1.0 if rule.low else 1.0
    p["sign"], p["trigger"], p["reset"] = sign, sign * rule.trigger, sign * rule.reset
    if isinstance(rule, Vote):
        p["needed"], p["degrade"] = rule.needed, DEGRADE[rule.degrade]


def _by_tag(tags: int, rules: Sequence[Params]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    pairs = sorted((t, i) for i, rule in enumerate(rules) for t in set(tags_of(rule)))
    offsets = np.searchsorted([t for t, _ in pairs], np.arange(tags + 1)).astype(np.int64)
    return offsets, np.array([i for _, i in pairs] or [0], np.int64)
