"""The family of the learned kinds: parameters and state as arrays, one kernel call per input."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from detectors import layout as shared
from detectors.family import Family
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


@dataclass(slots=True)
class _Memory:
    """What changes: the bytes of these arrays are the snapshot. The last three have a row per novelty rule."""

    state: NDArray[Any]
    learned: NDArray[Any]
    signals: NDArray[Any]
    meta: NDArray[np.int64]
    tails: NDArray[np.float64]
    days: NDArray[Any]
    pasts: NDArray[Any]


_OWN: Final = ("tails", "days", "pasts")


def _fresh(rules: int, novelties: int, hold: NDArray[np.int64]) -> _Memory:
    slots = max(novelties, 1)
    memory = _Memory(
        state=np.zeros(rules, shared.STATE),
        learned=np.zeros(rules, lo.LEARNED),
        signals=np.zeros(len(hold), shared.SIGNAL),
        meta=np.zeros(shared.META_SIZE, np.int64),
        tails=np.full((slots, lo.TAILS, lo.LARGEST + 1), -np.inf),
        days=np.zeros((slots, lo.PARTS), lo.PART),
        pasts=np.zeros((slots, lo.REMEMBERED), lo.EXCURSIONS),
    )
    memory.state["phase"], memory.state["deadline"] = shared.UNJUDGED, shared.NEVER
    memory.state["quality"], memory.state["rate"], memory.state["value"] = _UNSEEN, np.nan, np.nan
    memory.signals["quality"], memory.signals["value"], memory.signals["hold"] = _UNSEEN, np.nan, hold
    memory.pasts["at"] = lo.LONG_AGO
    memory.meta[shared.META_BOUND] = shared.NEVER
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


class Learned(Family):
    """The learned kinds, see :class:`detectors.family.Family`. State a rule: departure 144 bytes, novelty 2 kB."""

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
        start, edges = self._learn(rows, 0, count, now)
        while start < count:
            before = edges.copy()
            start, edges = self._learn(rows, start, count, now)
            edges = np.concatenate([before, edges])
        return edges

    def _learn(self, rows: NDArray[Any], start: int, stop: int, now: int) -> tuple[int, NDArray[Any]]:
        m = self._memory
        done = learn(
            rows, start, stop, now, self.params, m.state, m.learned, m.tails, m.days, m.pasts, m.signals,
            self._offsets, self._index, self._permits, self._edges, self._found, m.meta,
        )  # fmt: skip
        count = m.meta[shared.META_EDGES]
        m.meta[shared.META_EDGES] = 0
        return done, self._edges[:count]

    def next_deadline(self) -> int:
        return int(self._memory.meta[shared.META_BOUND])

    def shift(self, outage: int) -> None:
        m = self._memory
        m.state["deadline"][m.state["deadline"] != shared.NEVER] += outage
        for name in ("source", "received"):
            m.signals[name][m.signals["seen"] == 1] += outage
        if m.meta[shared.META_BOUND] != shared.NEVER:
            m.meta[shared.META_BOUND] += outage

    def conditions(self) -> NDArray[np.int8]:
        state = self._memory.state
        active = np.isin(state["phase"], (shared.ACTIVE, shared.PENDING_OFF))
        unknown = (state["unknown"] == 1) | (state["phase"] == shared.UNJUDGED)
        found = np.where(unknown, shared.IS_UNKNOWN, np.where(active, shared.IS_ACTIVE, shared.IS_NORMAL))
        return found.astype(np.int8)

    def present(self, rules: Sequence[int], now: int) -> NDArray[Any]:
        edges, state = np.zeros(len(rules), shared.EDGE), self._memory.state[rules]
        signals = self._memory.signals[self.params["tag"][rules]]
        for name in ("value", "quality"):
            edges[name] = signals[name]
        edges["eta"] = edges["confidence"] = edges["rate"] = np.nan
        edges["rule"], edges["onset"], edges["time"], edges["received"] = rules, state["onset"], now, now
        edges["before"], edges["after"] = shared.IS_UNKNOWN, self.conditions()[rules]
        return edges

    def carry_over(
        self, other: Self, tags: Sequence[tuple[int, int]], rules: Sequence[tuple[int, int]]
    ) -> None:
        mine, theirs = self._memory, other._memory  # of the same class
        for here, there in tags:
            hold = int(mine.signals["hold"][here])
            mine.signals[here] = theirs.signals[there]
            mine.signals["hold"][here] = hold
        for here, there in rules:
            mine.state[here], mine.learned[here] = theirs.state[there], theirs.learned[there]
            if self.params["kind"][here] == lo.NOVELTY:
                for name in _OWN:
                    slot = other.params["slot"][there]
                    getattr(mine, name)[self.params["slot"][here]] = getattr(theirs, name)[slot]
        mine.meta[shared.META_BOUND] = 0  # look at every delay with the next input

    def dump(self) -> dict[str, bytes]:
        return {f.name: getattr(self._memory, f.name).tobytes() for f in fields(_Memory)}

    def load(self, parts: Mapping[str, bytes]) -> None:
        arrays = {f.name: getattr(self._memory, f.name) for f in fields(_Memory)}
        for name, array in arrays.items():
            if len(parts.get(name, b"")) != array.nbytes:
                size = len(parts.get(name, b""))
                raise ValueError(f"state of {name!r} has {size} bytes, expected {array.nbytes}")
        for name, array in arrays.items():
            array[...] = np.frombuffer(parts[name], array.dtype).reshape(array.shape)
