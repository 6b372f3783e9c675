"""The family of the common kinds: parameters and state as arrays, one kernel call per input."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from detectors import layout as lo
from detectors.common.build import Tables, build
from detectors.common.kernels import detect
from detectors.family import Family
from detectors.kinds.params import Params

_SPARE_EDGES: Final = 1024
_UNSEEN: Final = 128
_OWN: Final = {lo.RATE: "buckets", lo.VOTE: "votes"}
"""arrays in which rules of a kind own a slice"""
_STATE_PARTS: Final = ("state", "votes", "buckets", "signals", "meta")


def _version() -> str:
    layouts = repr([lo.CODES, *(d.descr for d in (lo.STATE, lo.SIGNAL, lo.BUCKET))])
    return f"{lo.VERSION}/{hashlib.sha256(layouts.encode()).hexdigest()[:16]}"


VERSION: Final = _version()
"""layout version of :meth:`Common.dump`: the module's own and a hash of codes and record layouts"""


@dataclass(slots=True)
class _Memory:
    """What changes: the bytes of these arrays are the snapshot."""

    state: NDArray[Any]
    votes: NDArray[np.uint8]
    buckets: NDArray[Any]
    signals: NDArray[Any]
    meta: NDArray[np.int64]


def _fresh(tables: Tables, hold: NDArray[np.int64]) -> _Memory:
    memory = _Memory(
        state=np.zeros(len(tables.params), lo.STATE),
        votes=np.full(len(tables.lists), lo.NEVER_JUDGED, np.uint8),
        buckets=np.zeros(tables.buckets, lo.BUCKET),
        signals=np.zeros(len(hold), lo.SIGNAL),
        meta=np.zeros(lo.META_SIZE, np.int64),
    )
    memory.state["phase"], memory.state["deadline"], memory.state["bucket"] = lo.UNJUDGED, lo.NEVER, lo.EMPTY
    memory.state["quality"], memory.state["rate"], memory.state["value"] = _UNSEEN, np.nan, np.nan
    memory.buckets["index"] = lo.EMPTY
    memory.signals["quality"], memory.signals["value"], memory.signals["hold"] = _UNSEEN, np.nan, hold
    memory.meta[lo.META_BOUND] = lo.NEVER
    return memory


class Common(Family):
    """The common kinds, see :class:`detectors.family.Family`."""

    def __init__(
        self, tags: int, rules: Sequence[Params], hold: Sequence[int], permits: Sequence[Sequence[int]]
    ) -> None:
        self.tables = build(tags, rules)
        holds = np.array(hold, np.int64)
        self._memory = _fresh(self.tables, np.where(holds == 0, lo.NEVER, holds))
        self._permits = np.array(permits, np.uint8)
        per_tag = int(np.diff(self.tables.offsets).max(initial=0))
        self._edges = np.zeros(3 * len(rules) + 4 * per_tag + _SPARE_EDGES, lo.EDGE)
        self._queue = np.zeros(max(len(rules), 1), np.int32)
        self._scratch = np.zeros(self.tables.scratch, np.float64)

    def feed(self, rows: NDArray[Any], count: int, now: int) -> NDArray[Any]:
        start, edges = self._detect(rows, 0, count, now)
        while start < count:
            before = edges.copy()
            start, edges = self._detect(rows, start, count, now)
            edges = np.concatenate([before, edges])
        return edges

    def _detect(self, rows: NDArray[Any], start: int, stop: int, now: int) -> tuple[int, NDArray[Any]]:
        t, m = self.tables, self._memory
        done = detect(
            rows, start, stop, now, t.params, m.state, t.lists, m.votes, m.buckets, m.signals, t.offsets, t.index,
            self._permits, self._edges, self._queue, self._scratch, m.meta,
        )  # fmt: skip
        count = m.meta[lo.META_EDGES]
        m.meta[lo.META_EDGES] = 0
        return done, self._edges[:count]

    def next_deadline(self) -> int:
        return int(self._memory.meta[lo.META_BOUND])

    def shift(self, outage: int) -> None:
        m = self._memory
        m.state["deadline"][m.state["deadline"] != lo.NEVER] += outage
        for name in ("source", "received"):
            m.signals[name][m.signals["seen"] == 1] += outage
            m.state[name][m.state["seen"] == 1] += outage
        if m.meta[lo.META_BOUND] != lo.NEVER:
            m.meta[lo.META_BOUND] += outage

    def conditions(self) -> NDArray[np.int8]:
        state = self._memory.state
        active = np.isin(state["phase"], (lo.ACTIVE, lo.PENDING_OFF))
        unknown = (state["unknown"] == 1) | (state["phase"] == lo.UNJUDGED)
        return np.where(unknown, lo.IS_UNKNOWN, np.where(active, lo.IS_ACTIVE, lo.IS_NORMAL)).astype(np.int8)

    def present(self, rules: Sequence[int], now: int) -> NDArray[Any]:
        edges, state, params = (
            np.zeros(len(rules), lo.EDGE),
            self._memory.state[rules],
            self.tables.params[rules],
        )
        group, signals = params["kind"] >= lo.DISCREPANCY, self._memory.signals[params["tag"]]
        for name in ("value", "quality"):
            edges[name] = np.where(group, state[name], signals[name])
        edges["eta"] = edges["confidence"] = np.nan
        edges["rate"] = np.where(params["kind"] == lo.RATE, state["rate"], np.nan)
        edges["rule"], edges["onset"], edges["time"], edges["received"] = rules, state["onset"], now, now
        edges["before"], edges["after"] = lo.IS_UNKNOWN, self.conditions()[rules]
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
            mine.state[here] = theirs.state[there]
            name = _OWN.get(int(self.tables.params["kind"][here]))
            if name:
                getattr(mine, name)[self._own(here)] = getattr(theirs, name)[other._own(there)]
        mine.meta[lo.META_BOUND] = 0  # look at every delay with the next input

    def _own(self, rule: int) -> slice:
        first, count = (int(self.tables.params[name][rule]) for name in ("first", "count"))
        return slice(first, first + count)

    def dump(self) -> dict[str, bytes]:
        return {name: getattr(self._memory, name).tobytes() for name in _STATE_PARTS}

    def load(self, parts: Mapping[str, bytes]) -> None:
        arrays = {name: getattr(self._memory, name) for name in _STATE_PARTS}
        for name, array in arrays.items():
            if len(parts.get(name, b"")) != array.nbytes:
                raise ValueError(
                    f"state of {name!r} has {len(parts.get(name, b''))} bytes, expected {array.nbytes}"
                )
        for name, array in arrays.items():
            array[...] = np.frombuffer(parts[name], array.dtype)
