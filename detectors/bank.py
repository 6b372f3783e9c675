"""A bank of rules over the tags of one plant: parameters and state as arrays, one kernel call per input."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from detectors import layout as lo
from detectors.build import Tables, build
from detectors.kernels import detect
from detectors.kinds import RuleParams

#: GOOD raises, holds, clears; UNCERTAIN raises and holds; BAD permits nothing. Rows: status, columns: act.
PERMITS: Final = ((1, 1, 1), (1, 1, 0), (0, 0, 0))
_SPARE_EDGES: Final = 1024
_UNSEEN: Final = 128
_OWN: Final = {lo.RATE: "buckets", lo.VOTE: "votes"}
"""arrays in which rules of a kind own a slice"""
_STATE_PARTS: Final = ("state", "votes", "buckets", "signals", "meta")


def _version() -> str:
    layouts = repr([d.descr for d in (lo.PARAM, lo.STATE, lo.SIGNAL, lo.BUCKET)])
    return f"{lo.VERSION}/{hashlib.sha256(layouts.encode()).hexdigest()[:16]}"


VERSION: Final = _version()
"""layout version of :meth:`Bank.dump`: the module's own and a hash of all record layouts"""


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


class Bank:
    """Judges rows in order of arrival. No clock, no sorting, constant memory.

    Args:
        tags: number of tags; a row's ``tag`` is 0 .. tags - 1.
        rules: one entry per rule row; None keeps the row and judges nothing.
        hold: ns a tag's value holds, one per tag; 0 = for ever. Default: for ever.
        permits: 3 x 3 table, status by act, see :data:`PERMITS`.
    """

    def __init__(
        self,
        tags: int,
        rules: Sequence[RuleParams | None],
        hold: Sequence[int] | None = None,
        permits: Sequence[Sequence[int]] = PERMITS,
    ) -> None:
        self.tables = build(tags, rules)
        holds = np.array(hold if hold is not None else [0] * tags, np.int64)
        if len(holds) != tags or (holds < 0).any():
            raise ValueError(f"hold: {len(holds)} times for {tags} tags, none may be negative")
        self._memory = _fresh(self.tables, np.where(holds == 0, lo.NEVER, holds))
        self._permits = np.array(permits, np.uint8)
        per_tag = int(np.diff(self.tables.offsets).max(initial=0))
        self._edges = np.zeros(3 * len(rules) + 4 * per_tag + _SPARE_EDGES, lo.EDGE)
        self._queue = np.zeros(max(len(rules), 1), np.int32)
        self._scratch = np.zeros(self.tables.scratch, np.float64)

    def feed(self, rows: NDArray[Any], count: int, now: int) -> NDArray[Any]:
        """Judge the first ``count`` rows of one input and the delays that end by ``now`` (engine time, ns).

        Returns:
            Edges (:data:`detectors.layout.EDGE`), by rule, and in order of decision within a rule. A view that the next
            call overwrites, unless there were so many that they had to be copied.
        """
        start, edges = self._detect(rows, 0, count, now)
        while start < count:
            before = edges.copy()
            start, edges = self._detect(rows, start, count, now)
            edges = np.concatenate([before, edges])
        return edges if len(edges) < 2 else edges[np.argsort(edges["rule"], kind="stable")]

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
        """No delay ends before this engine time (ns); NEVER when none runs. A lower bound."""
        return int(self._memory.meta[lo.META_BOUND])

    def shift(self, outage: int) -> None:
        """Move every running timer and the age of every value by ``outage`` ns: nobody looked meanwhile."""
        m = self._memory
        m.state["deadline"][m.state["deadline"] != lo.NEVER] += outage
        for name in ("source", "received"):
            m.signals[name][m.signals["seen"] == 1] += outage
            m.state[name][m.state["seen"] == 1] += outage
        if m.meta[lo.META_BOUND] != lo.NEVER:
            m.meta[lo.META_BOUND] += outage

    def conditions(self) -> NDArray[np.int8]:
        """Present condition of every rule row: IS_NORMAL, IS_ACTIVE or IS_UNKNOWN."""
        state = self._memory.state
        active = np.isin(state["phase"], (lo.ACTIVE, lo.PENDING_OFF))
        unknown = (state["unknown"] == 1) | (state["phase"] == lo.UNJUDGED)
        return np.where(unknown, lo.IS_UNKNOWN, np.where(active, lo.IS_ACTIVE, lo.IS_NORMAL)).astype(np.int8)

    def present(self, rules: Sequence[int], now: int) -> NDArray[Any]:
        """What is so of these rules, as edges from unknown to what they are, dated ``now``."""
        edges, state, params = (
            np.zeros(len(rules), lo.EDGE),
            self._memory.state[rules],
            self.tables.params[rules],
        )
        group, signals = params["kind"] >= lo.DISCREPANCY, self._memory.signals[params["tag"]]
        for name in ("value", "quality"):
            edges[name] = np.where(group, state[name], signals[name])
        edges["rate"] = np.where(params["kind"] == lo.RATE, state["rate"], np.nan)
        edges["rule"], edges["onset"], edges["time"], edges["received"] = rules, state["onset"], now, now
        edges["before"], edges["after"] = lo.IS_UNKNOWN, self.conditions()[rules]
        return edges

    def carry_over(
        self, other: "Bank", tags: Sequence[tuple[int, int]], rules: Sequence[tuple[int, int]]
    ) -> None:
        """Take the memory of tags and rules that did not change: pairs of (row here, row there)."""
        mine, theirs = self._memory, other._memory  # noqa: SLF001  # of the same class
        for here, there in tags:
            hold = int(mine.signals["hold"][here])
            mine.signals[here] = theirs.signals[there]
            mine.signals["hold"][here] = hold
        for here, there in rules:
            mine.state[here] = theirs.state[there]
            name = _OWN.get(int(self.tables.params["kind"][here]))
            if name:
                getattr(mine, name)[self._own(here)] = getattr(theirs, name)[other._own(there)]  # noqa: SLF001
        mine.meta[lo.META_BOUND] = 0  # look at every delay with the next input

    def _own(self, rule: int) -> slice:
        first, count = (int(self.tables.params[name][rule]) for name in ("first", "count"))
        return slice(first, first + count)

    def dump(self) -> dict[str, bytes]:
        """All state as bytes, by array."""
        return {name: getattr(self._memory, name).tobytes() for name in _STATE_PARTS}

    def load(self, parts: dict[str, bytes]) -> None:
        """Inverse of :meth:`dump` for a bank of the same rules and tags.

        Raises:
            ValueError: an array is missing or of another size; nothing was changed.
        """
        arrays = {name: getattr(self._memory, name) for name in _STATE_PARTS}
        for name, array in arrays.items():
            if len(parts.get(name, b"")) != array.nbytes:
                raise ValueError(
                    f"state of {name!r} has {len(parts.get(name, b''))} bytes, expected {array.nbytes}"
                )
        for name, array in arrays.items():
            array[...] = np.frombuffer(parts[name], array.dtype)
