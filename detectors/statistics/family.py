"""The family of the statistical kinds: parameters and state as arrays, one kernel call per input."""

import hashlib
from collections.abc import Sequence
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from detectors import layout as lo
from detectors.family import Kept, in_turns
from detectors.kinds.params import Params
from detectors.statistics import layout as own
from detectors.statistics.build import Tables, build
from detectors.statistics.kernels import detect

_SPARE_EDGES: Final = 1024
_UNSEEN: Final = 128


def _version() -> str:
    layouts = repr([lo.CODES, own.CODES, *(d.descr for d in (own.STATE, own.BUCKET, own.SLOT))])
    return f"{own.VERSION}/{hashlib.sha256(layouts.encode()).hexdigest()[:16]}"


VERSION: Final = _version()
"""layout version of :meth:`Statistics.dump`: the module's own and a hash of codes and record layouts"""


def _fresh(tables: Tables) -> dict[str, NDArray[Any]]:
    sizes = {pool: max(size, 1) for pool, size in tables.sizes.items()}
    memory: dict[str, NDArray[Any]] = {
        "state": np.zeros(len(tables.params), own.STATE),
        "buckets": np.zeros(sizes["buckets"], own.BUCKET),
        "samples": np.zeros(sizes["samples"], np.float64),
        "slots": np.zeros(sizes["slots"], own.SLOT),
        "meta": np.zeros(lo.META_SIZE, np.int64),
    }
    state = memory["state"]
    state["phase"], state["deadline"], state["bucket"] = lo.UNJUDGED, lo.NEVER, lo.EMPTY
    state["quality"], state["inside"] = _UNSEEN, own.NOWHERE
    for name in ("value", "rate", "eta", "confidence", "last"):
        state[name] = np.nan
    memory["buckets"]["index"] = lo.EMPTY
    memory["meta"][lo.META_BOUND] = lo.NEVER
    return memory


class Statistics(Kept):
    """The statistical kinds, see :class:`detectors.family.Family`."""

    parts = ("state", "buckets", "samples", "slots", "meta")
    dated = ("state",)

    def __init__(
        self, tags: int, rules: Sequence[Params], hold: Sequence[int], permits: Sequence[Sequence[int]]
    ) -> None:
        self.tables = build(tags, rules, hold)
        self._memory = _fresh(self.tables)
        self._permits = np.array(permits, np.uint8)
        per_tag = int(np.diff(self.tables.offsets).max(initial=0))
        self._edges = np.zeros(len(rules) + 2 * per_tag + _SPARE_EDGES, lo.EDGE)
        self._scratch = np.zeros(self.tables.scratch, np.float64)

    def feed(self, rows: NDArray[Any], count: int, now: int) -> NDArray[Any]:
        return in_turns(lambda start: self._detect(rows, start, count, now), count)

    def _detect(self, rows: NDArray[Any], start: int, stop: int, now: int) -> tuple[int, NDArray[Any]]:
        t, m = self.tables, self._memory
        done = detect(
            rows, start, stop, now, t.params, m["state"], t.lists, m["buckets"], m["samples"], m["slots"], t.offsets,
            t.index, self._permits, self._edges, self._scratch, m["meta"],
        )  # fmt: skip
        count = m["meta"][lo.META_EDGES]
        m["meta"][lo.META_EDGES] = 0
        return done, self._edges[:count]

    def present(self, rules: Sequence[int], now: int) -> NDArray[Any]:
        edges, state = super().present(rules, now), self._memory["state"][list(rules)]
        for name in ("value", "quality", "rate", "eta", "confidence"):
            edges[name] = state[name]
        return edges

    def carry_over(
        self, other: Self, tags: Sequence[tuple[int, int]], rules: Sequence[tuple[int, int]]
    ) -> None:
        del tags  # a rule remembers its tag's last reading itself
        mine, theirs = self._memory, other._memory  # of the same class
        for here, there in rules:
            mine["state"][here] = theirs["state"][there]
            pool = self.tables.pools[here]
            if pool:
                mine[pool][self._own(here)] = theirs[pool][other._own(there)]
        mine["meta"][lo.META_BOUND] = 0  # look at every delay with the next input

    def _own(self, rule: int) -> slice:
        first, count = (int(self.tables.params[name][rule]) for name in ("first", "count"))
        return slice(first, first + count)
