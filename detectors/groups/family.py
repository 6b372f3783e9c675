"""The family of kinds over several tags: parameters and state as arrays, one kernel call per input."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from detectors import layout as shared
from detectors.family import Family
from detectors.groups import layout as lo
from detectors.groups.build import Tables, build
from detectors.groups.kernels import detect
from detectors.kinds.params import Params
from detectors.program import MAX_STACK

_UNSEEN: Final = 128
_OWN: Final = {lo.BALANCE: "cells", lo.MULTIVARIATE: "pool"}
"""arrays in which rules of a kind own a slice"""
_STATE_PARTS: Final = ("state", "signals", "cells", "pool", "meta")


def _version() -> str:
    layouts = repr([shared.CODES, lo.CODES, *(d.descr for d in (lo.STATE, lo.SIGNAL, lo.CELL))])
    return f"groups/1/{hashlib.sha256(layouts.encode()).hexdigest()[:16]}"


VERSION: Final = _version()
"""layout version of :meth:`Groups.dump`: the module's own and a hash of codes and record layouts"""


@dataclass(slots=True)
class _Memory:
    """What changes: the bytes of these arrays are the snapshot."""

    state: NDArray[Any]
    signals: NDArray[Any]
    cells: NDArray[Any]
    pool: NDArray[np.float64]
    meta: NDArray[np.int64]


def _fresh(tables: Tables, tags: int) -> _Memory:
    memory = _Memory(
        state=np.zeros(len(tables.params), lo.STATE),
        signals=np.zeros(tags, lo.SIGNAL),
        cells=np.zeros(tables.cells, lo.CELL),
        pool=np.zeros(tables.pool, np.float64),
        meta=np.zeros(shared.META_SIZE, np.int64),
    )
    state = memory.state
    state["phase"], state["deadline"], state["quality"] = shared.UNJUDGED, shared.NEVER, _UNSEEN
    state["mark"] = state["since"] = lo.EMPTY
    state["value"] = np.nan
    memory.signals["quality"], memory.signals["value"] = _UNSEEN, np.nan
    memory.cells["index"] = lo.EMPTY
    memory.meta[shared.META_BOUND] = shared.NEVER
    return memory


class Groups(Family):
    """The kinds over several tags, see :class:`detectors.family.Family`.

    ``hold`` is not looked at: a member that is too old is told as a BAD row of its own.
    """

    def __init__(
        self, tags: int, rules: Sequence[Params], hold: Sequence[int], permits: Sequence[Sequence[int]]
    ) -> None:
        del hold
        self.tables = build(tags, rules)
        self._memory = _fresh(self.tables, tags)
        self._permits = np.array(permits, np.uint8)
        self._edges = np.zeros(self.tables.edges, shared.EDGE)
        self._queue = np.zeros(max(len(rules), 1), np.int32)
        self._scratch = np.zeros(max(self.tables.widest, MAX_STACK), np.float64)
        self._square = np.zeros((self.tables.widest, self.tables.widest), np.float64)

    def feed(self, rows: NDArray[Any], count: int, now: int) -> NDArray[Any]:
        t, m = self.tables, self._memory
        detect(
            rows, count, now, t.params, m.state, t.lists, m.signals, t.cases, t.code, t.points, m.pool, m.cells,
            t.offsets, t.index, self._permits, self._edges, self._queue, self._scratch, self._square, m.meta,
        )  # fmt: skip
        found = m.meta[shared.META_EDGES]
        m.meta[shared.META_EDGES] = 0
        return self._edges[:found]

    def next_deadline(self) -> int:
        return int(self._memory.meta[shared.META_BOUND])

    def shift(self, outage: int) -> None:
        m = self._memory
        m.state["deadline"][m.state["deadline"] != shared.NEVER] += outage
        for name in ("source", "received"):
            m.signals[name][m.signals["seen"] == 1] += outage
            m.state[name][m.state["seen"] == 1] += outage
        if m.meta[shared.META_BOUND] != shared.NEVER:
            m.meta[shared.META_BOUND] += outage

    def conditions(self) -> NDArray[np.int8]:
        state = self._memory.state
        active = np.isin(state["phase"], (shared.ACTIVE, shared.PENDING_OFF))
        unknown = (state["unknown"] == 1) | (state["phase"] == shared.UNJUDGED)
        known = np.where(active, shared.IS_ACTIVE, shared.IS_NORMAL)
        return np.where(unknown, shared.IS_UNKNOWN, known).astype(np.int8)

    def present(self, rules: Sequence[int], now: int) -> NDArray[Any]:
        edges, state = np.zeros(len(rules), shared.EDGE), self._memory.state[rules]
        for name in ("value", "quality", "onset"):
            edges[name] = state[name]
        for name in ("rate", "eta", "confidence"):
            edges[name] = np.nan
        edges["rule"], edges["time"], edges["received"] = rules, now, now
        edges["before"], edges["after"] = shared.IS_UNKNOWN, self.conditions()[rules]
        return edges

    def carry_over(
        self, other: Self, tags: Sequence[tuple[int, int]], rules: Sequence[tuple[int, int]]
    ) -> None:
        mine, theirs = self._memory, other._memory  # of the same class
        for here, there in tags:
            mine.signals[here] = theirs.signals[there]
        for here, there in rules:
            mine.state[here] = theirs.state[there]
            name = _OWN.get(int(self.tables.params["kind"][here]))
            if name:
                getattr(mine, name)[self._own(here)] = getattr(theirs, name)[other._own(there)]
        mine.meta[shared.META_BOUND] = 0  # look at every delay with the next input

    def _own(self, rule: int) -> slice:
        first, count = (int(self.tables.params[name][rule]) for name in ("own", "size"))
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
