"""From rule parameters to the kernel's tables."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

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
        offsets, index: rules on tag i alone are ``index[offsets[i]:offsets[i + 1]]``, rates and trends first.
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
    tables, lists = Tables(np.zeros(0, co.RULE)), list[int]()
    tables.rules = np.array([_record(rule, tables, lists) for rule in rules], co.RULE)
    tables.lists = np.array(lists or [0], np.int64)
    tables.offsets, tables.index = _by_tag(tags, ((i, r) for i, r in enumerate(rules) if not is_group(r)))
    tables.gofs, tables.gindex = _by_tag(tags, ((i, r) for i, r in enumerate(rules) if is_group(r)))
    return tables


def _record(rule: Params, tables: Tables, lists: list[int]) -> tuple[Any, ...]:
    """One RULE record, in the order of its fields."""
    own, tag = _SETTINGS[type(rule)](rule), tags_of(rule)[0]
    first, count, window, place = len(lists), 0, co.NONE, co.NONE
    if isinstance(rule, Rate | Trend):
        window, count, place = _window(rule, tables), rule.buckets, tables.numbers
        tables.numbers += 1
    elif isinstance(rule, State) or is_group(rule):
        lists.extend(rule.values if isinstance(rule, State) else tags_of(rule))
        count = len(lists) - first
    if is_group(rule):
        place, tables.groups = tables.groups, tables.groups + 1
    return (
        own.trigger, own.reset, own.sign, own.limit, own.horizon, rule.on_delay, rule.off_delay, first, count,
        own.needed, tag, window, place, rule.code, own.degrade, 0, 0,
    )  # fmt: skip


def is_group(rule: Params) -> bool:
    """It is judged once per input, on several tags."""
    return rule.code in (DISCREPANCY, VOTE)


def _window(rule: Rate | Trend, tables: Tables) -> int:
    """Row of the window it shares with rules of the same tag and width of bucket."""
    key = (rule.tag, rule.window // rule.buckets)
    row, slots = tables.windows.get(key, (len(tables.windows), 0))
    tables.windows[key] = row, max(slots, rule.buckets)
    tables.scratch = max(tables.scratch, 2 * rule.buckets + max(rule.buckets * (rule.buckets - 1) // 2, 8))
    return row


class _Own(NamedTuple):
    """What a kind says of its RULE record."""

    trigger: float
    reset: float
    sign: float = 1.0
    limit: float = 0.0
    horizon: float = 0.0
    needed: int = 0
    degrade: int = 0


def _zero_or_one(_rule: State | Frozen) -> _Own:
    return _Own(_SENTINEL, _SENTINEL)


def _difference(rule: Discrepancy) -> _Own:
    if rule.tolerance == 0:
        return _Own(_SENTINEL, _SENTINEL, needed=co.STATES)
    return _Own(rule.tolerance, rule.reset, needed=co.APART)


def _rate(rule: Rate) -> _Own:
    return _Own(rule.trigger, rule.reset, -1.0 if rule.fall else 1.0)


def _spike(rule: Spike) -> _Own:
    return _Own(rule.trigger, rule.reset)


def _trend(rule: Trend) -> _Own:
    sign = -1.0 if rule.low else 1.0
    return _Own(rule.confidence, rule.reset, sign, sign * rule.limit, rule.horizon / NS)


def _limit(rule: Limit) -> _Own:
    sign = -1.0 if rule.low else 1.0
    return _Own(sign * rule.trigger, sign * rule.reset, sign)


def _vote(rule: Vote) -> _Own:
    sign = -1.0 if rule.low else 1.0
    return _Own(
        sign * rule.trigger, sign * rule.reset, sign, needed=rule.needed, degrade=DEGRADE[rule.degrade]
    )


_SETTINGS: Final[dict[type[Any], Callable[[Any], _Own]]] = {
    Limit: _limit,
    Rate: _rate,
    State: _zero_or_one,
    Discrepancy: _difference,
    Vote: _vote,
    Trend: _trend,
    Spike: _spike,
    Frozen: _zero_or_one,
}
"""what a kind says of its RULE record"""


def _by_tag(tags: int, rules: Iterable[tuple[int, Params]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    found = sorted((t, not isinstance(r, Rate | Trend), i) for i, r in rules for t in set(tags_of(r)))
    offsets = np.searchsorted(np.array([t for t, _, _ in found], np.int64), np.arange(tags + 1))
    return offsets.astype(np.int64), np.array([i for _, _, i in found] or [0], np.int64)
