"""The family of kinds over several tags: parameters and state as arrays, one kernel call per input."""

import hashlib
from collections.abc import Sequence
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from detectors import layout as shared
from detectors.family import Kept
from detectors.groups import layout as lo
from detectors.groups.build import Tables, build
from detectors.groups.kernels import detect
from detectors.kinds.params import Params
from detectors.program import MAX_STACK

_UNSEEN: Final = 128
_OWN: Final = {lo.BALANCE: "cells", lo.MULTIVARIATE: "pool"}
"""arrays in which rules of a kind own a slice"""


def _version() -> str:
    layouts = repr([shared.CODES, lo.CODES, *(d.descr for d in (lo.STATE, lo.SIGNAL, lo.CELL))])
    return f"groups/1/{hashlib.sha256(layouts.encode()).hexdigest()[:16]}"


VERSION: Final = _version()
"""layout version of :meth:`Groups.dump`: the module's own and a hash of codes and record layouts"""


def _fresh(tables: Tables, tags: int) -> dict[str, NDArray[Any]]:
    memory: dict[str, NDArray[Any]] = {
        "state": np.zeros(len(tables.params), lo.STATE),
        "signals": np.zeros(tags, lo.SIGNAL),
        "cells": np.zeros(tables.cells, lo.CELL),
        "pool": np.zeros(tables.pool, np.float64),
        "meta": np.zeros(shared.META_SIZE, np.int64),
    }
    state, signals = memory["state"], memory["signals"]
    state["phase"], state["deadline"], state["quality"] = shared.UNJUDGED, shared.NEVER, _UNSEEN
    state["mark"] = state["since"] = lo.EMPTY
    state["value"] = np.nan
    signals["quality"], signals["value"] = _UNSEEN, np.nan
    memory["cells"]["index"] = lo.EMPTY
    memory["meta"][shared.META_BOUND] = shared.NEVER
    return memory


class Groups(Kept):
    """The kinds over several tags, see :class:`detectors.family.Family`.

    ``hold`` is not looked at: a member that is too old is told as a BAD row of its own.
    """

    parts = ("state", "signals", "cells", "pool", "meta")
    dated = ("signals", "state")

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
            rows, count, now, t.params, m["state"], t.lists, m["signals"], t.cases, t.code, t.points, m["pool"],
            m["cells"], t.offsets, t.index, self._permits, self._edges, self._queue, self._scratch, self._square,
            m["meta"],
        )  # fmt: skip
        found = m["meta"][shared.META_EDGES]
        m["meta"][shared.META_EDGES] = 0
        return self._edges[:found]

    def present(self, rules: Sequence[int], now: int) -> NDArray[Any]:
        edges, state = super().present(rules, now), self._memory["state"][list(rules)]
        edges["value"], edges["quality"] = state["value"], state["quality"]
        return edges

    def carry_over(
        self, other: Self, tags: Sequence[tuple[int, int]], rules: Sequence[tuple[int, int]]
    ) -> None:
        mine, theirs = self._memory, other._memory  # of the same class
        for here, there in tags:
            mine["signals"][here] = theirs["signals"][there]
        for here, there in rules:
            mine["state"][here] = theirs["state"][there]
            name = _OWN.get(int(self.tables.params["kind"][here]))
            if name:
                mine[name][self._own(here)] = theirs[name][other._own(there)]
        mine["meta"][shared.META_BOUND] = 0  # look at every delay with the next input

    def _own(self, rule: int) -> slice:
        first, count = (int(self.tables.params[name][rule]) for name in ("own", "size"))
        return slice(first, first + count)
