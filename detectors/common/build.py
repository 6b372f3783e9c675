"""From rule parameters to the kernel's tables."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from detectors.common import layout as co
from detectors.kinds.common import DEGRADE, Discrepancy, Frozen, Limit, Rate, Spike, State, Trend, Vote
from detectors.kinds.params import Params, tags_of
from detectors.layout import DISCREPANCY, NS, VOTE

_SENTINEL: Final = 1.0
"""trigger and reset of a number that is 0 or 1"""


@dataclass(slots=True)
class Tables:
    """What does not change while the kernel runs.

    Attributes:
        rules: :data:`detectors.common.layout.RULE`, one row per rule.
        lists: int64; values of state rules and members of groups, by ``first`` and ``count`` of the rule.
        offsets, index: rules on tag i alone are ``index[offsets[i]:offsets[i + 1]]``, ascending.
        gofs, gindex: the same of groups that look at tag i.
        windows: by tag and width: row and slots it needs. Rules of equal width share one.
        numbers, groups: rows needed.
        scratch: float64 words that slopes need.
    """

    rules: NDArray[Any]
    lists: NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, np.int64))
    offsets: NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, np.int64))
    index: NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, np.int64))
    gofs: NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, np.int64))
    gindex: NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, np.int64))
    windows: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    numbers: int = 0
    groups: int = 0
    scratch: int = 8


def build(tags: int, rules: Sequence[Params]) -> Tables:
    """Tables for ``rules`` over ``tags`` tags."""
    tables, lists = Tables(np.zeros(len(rules), co.RULE)), list[int]()
    tables.rules["sign"], tables.rules["own"], tables.rules["window"] = 1.0, co.NONE, co.NONE
    for p, rule in zip(tables.rules, rules, strict=True):
        p["kind"], p["tag"] = rule.code, tags_of(rule)[0]
        p["on_delay"], p["off_delay"] = rule.on_delay, rule.off_delay
        _SETTINGS[type(rule)](p, rule)
        if isinstance(rule, Rate | Trend):
            _window(p, rule, tables)
        else:
            entries = rule.values if isinstance(rule, State) else tags_of(rule)
            p["first"], p["count"] = len(lists), len(entries)
            lists.extend(entries)
        if is_group(rule):
            p["own"], tables.groups = tables.groups, tables.groups + 1
    tables.lists = np.array(lists or [0], np.int64)
    tables.offsets, tables.index = _by_tag(tags, ((i, r) for i, r in enumerate(rules) if not is_group(r)))
    tables.gofs, tables.gindex = _by_tag(tags, ((i, r) for i, r in enumerate(rules) if is_group(r)))
    return tables


def is_group(rule: Params) -> bool:
    """It is judged once per input, on several tags."""
    return rule.code in (DISCREPANCY, VOTE)


def _window(p: Any, rule: Rate | Trend, tables: Tables) -> None:
    key = (rule.tag, rule.window // rule.buckets)
    row, slots = tables.windows.get(key, (len(tables.windows), 0))
    tables.windows[key] = row, max(slots, rule.buckets)
    p["window"], p["count"] = row, rule.buckets
    p["own"], tables.numbers = tables.numbers, tables.numbers + 1
    tables.scratch = max(tables.scratch, 2 * rule.buckets + max(rule.buckets * (rule.buckets - 1) // 2, 8))


def _zero_or_one(p: Any, _rule: State | Frozen) -> None:
    p["trigger"] = p["reset"] = _SENTINEL


def _difference(p: Any, rule: Discrepancy) -> None:
    states = rule.tolerance == 0
    p["trigger"], p["reset"] = (_SENTINEL, _SENTINEL) if states else (rule.tolerance, rule.reset)
    p["needed"] = co.STATES if states else co.APART


def _rate(p: Any, rule: Rate) -> None:
    p["trigger"], p["reset"], p["sign"] = rule.trigger, rule.reset, -1.0 if rule.fall else 1.0


def _spike(p: Any, rule: Spike) -> None:
    p["trigger"], p["reset"] = rule.trigger, rule.reset


def _trend(p: Any, rule: Trend) -> None:
    p["sign"] = -1.0 if rule.low else 1.0
    p["trigger"], p["reset"], p["limit"] = rule.confidence, rule.reset, p["sign"] * rule.limit
    p["horizon"] = rule.horizon / NS


def _limits(p: Any, rule: Limit | Vote) -> None:
    sign = -1.0 if rule.low else 1.0
    p["sign"], p["trigger"], p["reset"] = sign, sign * rule.trigger, sign * rule.reset


def _vote(p: Any, rule: Vote) -> None:
    _limits(p, rule)
    p["needed"], p["degrade"] = rule.needed, DEGRADE[rule.degrade]


_SETTINGS: Final[dict[type[Any], Callable[[Any, Any], None]]] = {
    Limit: _limits,
    Rate: _rate,
    State: _zero_or_one,
    Discrepancy: _difference,
    Vote: _vote,
    Trend: _trend,
    Spike: _spike,
    Frozen: _zero_or_one,
}
"""fills a RULE record from its parameters"""


def _by_tag(tags: int, rules: Iterable[tuple[int, Params]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    pairs = sorted((t, i) for i, rule in rules for t in set(tags_of(rule)))
    offsets = np.searchsorted(np.array([t for t, _ in pairs], np.int64), np.arange(tags + 1)).astype(np.int64)
    return offsets, np.array([i for _, i in pairs] or [0], np.int64)
