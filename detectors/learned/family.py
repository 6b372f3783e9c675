"""The family of the learned kinds: parameters and state as arrays, one kernel call per input."""

import hashlib
from collections.abc import Sequence
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from detectors import layout as shared
from detectors.family import Kept, in_turns
from detectors.kinds.learned import SIDES, Departure, Novelty
from detectors.kinds.params import Params, tags_of
from detectors.learned import layout as lo
from detectors.learned.kernels import learn

_SPARE_EDGES: Final = 1024
_UNSEEN: Final = 128


def _version() -> str:
    records = (shared.STATE, shared.SIGNAL, lo.LEARNED, lo.PART, lo.EXCURSIONS)
    layouts = repr([shared.CODES, lo.LARGEST, lo.TAILS, lo.PARTS, *(r.descr for r in records)])
    return f"learned/1/{hashlib.sha256(layouts.encode()).hexdigest()[:16]}"


VERSION: Final = _version()
"""layout version of :meth:`Learned.dump`"""


_OWN: Final = ("tails", "days", "pasts")
"""arrays with a row per novelty rule"""


def _fresh(rules: int, novelties: int, hold: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    slots = max(novelties, 1)
    memory: dict[str, NDArray[Any]] = {
        "state": np.zeros(rules, shared.STATE),
        "learned": np.zeros(rules, lo.LEARNED),
        "signals": np.zeros(len(hold), shared.SIGNAL),
        "meta": np.zeros(shared.META_SIZE, np.int64),
        "tails": np.full((slots, lo.TAILS, lo.LARGEST + 1), -np.inf),
        "days": np.zeros((slots, lo.PARTS), lo.PART),
        "pasts": np.zeros((slots, lo.REMEMBERED), lo.EXCURSIONS),
    }
    state, signals = memory["state"], memory["signals"]
    state["phase"], state["deadline"] = shared.UNJUDGED, shared.NEVER
    state["quality"], state["rate"], state["value"] = _UNSEEN, np.nan, np.nan
    signals["quality"], signals["value"], signals["hold"] = _UNSEEN, np.nan, hold
    memory["pasts"]["at"] = lo.LONG_AGO
    memory["meta"][shared.META_BOUND] = shared.NEVER
    return memory


def _params(rules: Sequence[Params]) -> NDArray[Any]:
    found, slot = np.zeros(len(rules), lo.PARAM), 0
    for row, rule in zip(found, rules, strict=True):
        row["kind"], row["tag"] = rule.code, tags_of(rule)[0]
        row["on_delay"], row["off_delay"] = rule.on_delay, rule.off_delay
        if isinstance(rule, Departure):
            row["fast"], row["slow"], row["side"] = rule.memory, rule.noise, SIDES[rule.side]
            _copy(row, rule, ("trigger", "reset", "floor", "learn"))
        elif isinstance(rule, Novelty):
            _copy(row, rule, ("trigger", "reset", "fast", "slow", "reference", "largest", "learn", "hold"))
            row["slot"], slot = slot, slot + 1
    return found


def _copy(row: Any, rule: Params, names: Sequence[str]) -> None:  # row: one PARAM record
    for name in names:
        row[name] = getattr(rule, name)


class Learned(Kept):
    """The learned kinds, see :class:`detectors.family.Family`. State a rule: departure 144 bytes, novelty 2 kB."""

    parts = ("state", "learned", "signals", "meta", *_OWN)
    dated = ("signals",)

    def __init__(
        self, tags: int, rules: Sequence[Params], hold: Sequence[int], permits: Sequence[Sequence[int]]
    ) -> None:
        self.params = _params(rules)
        holds = np.array(hold, np.int64)
        novelties = int((self.params["kind"] == lo.NOVELTY).sum())
        self._memory = _fresh(len(rules), novelties, np.where(holds == 0, shared.NEVER, holds))
        self._permits = np.array(permits, np.uint8)
        order = np.argsort(self.params["tag"], kind="stable")
        self._index = order.astype(np.int64)
        self._offsets = np.searchsorted(self.params["tag"][order], np.arange(tags + 1)).astype(np.int64)
        per_tag = int(np.diff(self._offsets).max(initial=0))
        self._edges = np.zeros(len(rules) + 2 * per_tag + _SPARE_EDGES, shared.EDGE)
        self._found = np.zeros(lo.TAILS)

    def feed(self, rows: NDArray[Any], count: int, now: int) -> NDArray[Any]:
        return in_turns(lambda start: self._learn(rows, start, count, now), count)

    def _learn(self, rows: NDArray[Any], start: int, stop: int, now: int) -> tuple[int, NDArray[Any]]:
        m = self._memory
        done = learn(
            rows, start, stop, now, self.params, m["state"], m["learned"], m["tails"], m["days"], m["pasts"],
            m["signals"], self._offsets, self._index, self._permits, self._edges, self._found, m["meta"],
        )  # fmt: skip
        count = m["meta"][shared.META_EDGES]
        m["meta"][shared.META_EDGES] = 0
        return done, self._edges[:count]

    def present(self, rules: Sequence[int], now: int) -> NDArray[Any]:
        edges, signals = super().present(rules, now), self._memory["signals"][self.params["tag"][list(rules)]]
        edges["value"], edges["quality"] = signals["value"], signals["quality"]
        return edges

    def carry_over(
        self, other: Self, tags: Sequence[tuple[int, int]], rules: Sequence[tuple[int, int]]
    ) -> None:
        mine, theirs = self._memory, other._memory  # of the same class
        for here, there in tags:
            hold = int(mine["signals"]["hold"][here])
            mine["signals"][here] = theirs["signals"][there]
            mine["signals"]["hold"][here] = hold
        for here, there in rules:
            mine["state"][here], mine["learned"][here] = theirs["state"][there], theirs["learned"][there]
            if self.params["kind"][here] == lo.NOVELTY:
                own, of_other = self.params["slot"][here], other.params["slot"][there]
                for name in _OWN:
                    mine[name][own] = theirs[name][of_other]
        mine["meta"][shared.META_BOUND] = 0  # look at every delay with the next input
