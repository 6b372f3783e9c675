"""The family of the common kinds: parameters and state as arrays, one kernel call per input."""

import functools
import hashlib
from collections.abc import Callable, Sequence
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from detectors import layout as lo
from detectors._numba import native
from detectors.common import layout as co
from detectors.common.build import build
from detectors.common.carry import copy_own, fresh
from detectors.common.kernels import detect
from detectors.family import Kept
from detectors.kinds.params import Params


def _version() -> str:
    layouts = repr(
        [lo.CODES, co.CODES, *(d.descr for d in (co.STATE, co.TAG, co.WINDOW, co.REACH, co.NUMBER, co.GROUP))]
    )
    return f"{lo.VERSION}/{hashlib.sha256(layouts.encode()).hexdigest()[:16]}"


VERSION: Final = _version()
"""layout version of :meth:`Common.dump`: the module's own and a hash of codes and record layouts"""
_NONE: Final = np.zeros(0, lo.EDGE)


@functools.cache
def _kernel() -> Callable[..., int]:
    return native(detect, co.CONTEXT)


class Common(Kept):
    """The common kinds, see :class:`detectors.family.Family`."""

    parts = (
        "state",
        "tags",
        "windows",
        "reaches",
        "means",
        "ages",
        "numbers",
        "groups",
        "votes",
        "bounds",
        "meta",
    )
    dated = ("tags", "groups")

    def __init__(
        self, tags: int, rules: Sequence[Params], hold: Sequence[int], permits: Sequence[Sequence[int]]
    ) -> None:
        self.tables = build(tags, rules)
        self._memory = fresh(self.tables, rules, hold, permits)
        self._detect = _kernel()
        self._rows: NDArray[Any] = np.zeros(0, lo.ROW)
        self._rows_at = 0
        self._context = np.zeros(1, co.CONTEXT)
        self._bind()

    def _bind(self) -> None:
        """Tell the kernel where the arrays are; to be called when one was replaced."""
        for name, _ in co.ARRAYS:
            array = self._memory[name]
            self._context[name], self._context[f"n_{name}"] = array.ctypes.data, array.size
        self._context_at = self._context["at"] = self._context.ctypes.data

    def feed(self, rows: NDArray[Any], count: int, now: int) -> NDArray[Any]:
        if rows is not self._rows:
            self._rows, self._rows_at = _as_rows(rows), rows.ctypes.data
        if count > len(rows):
            raise ValueError(f"{count} rows of {len(rows)}")
        result = self._detect(self._context_at, self._rows_at, 0, count, now)
        if result == count * co.EDGES:
            return _NONE  # nearly always
        return self._edges(result, count, now)

    def _edges(self, result: int, count: int, now: int) -> NDArray[Any]:
        """All edges of ``count`` rows, of which the first call of the kernel returned ``result``."""
        done, found = divmod(result, co.EDGES)
        edges: NDArray[Any] = self._memory["edges"][:found]
        while done < count:
            before = edges.copy()
            done, found = divmod(self._detect(self._context_at, self._rows_at, done, count, now), co.EDGES)
            edges = np.concatenate([before, self._memory["edges"][:found]])
        return edges

    def shift(self, outage: int) -> None:
        super().shift(outage)
        m = self._memory
        for dates in (m["bounds"], m["tags"]["frozen_at"]):
            dates[dates != lo.NEVER] += outage

    def present(self, rules: Sequence[int], now: int) -> NDArray[Any]:
        edges, m, params = super().present(rules, now), self._memory, self.tables.rules[list(rules)]
        group, sloped = np.isin(params["kind"], co.GROUPS), np.isin(params["kind"], co.SLOPES)
        for name in ("value", "quality"):
            edges[name] = np.where(
                group, m["groups"][name][params["own"] * group], m["tags"][name][params["tag"]]
            )
        known = sloped & (edges["after"] == lo.IS_ACTIVE)
        for name in ("rate", "eta", "confidence"):
            edges[name] = np.where(known, m["numbers"][name][params["own"] * sloped], np.nan)
        return edges

    def carry_over(
        self, other: Self, tags: Sequence[tuple[int, int]], rules: Sequence[tuple[int, int]]
    ) -> None:
        mine, theirs = self._memory, other._memory  # of the same class
        for here, there in tags:
            for name in ("source", "received", "value", "quality", "seen"):
                mine["tags"][name][here] = theirs["tags"][name][there]
        for here, there in rules:
            mine["state"][here] = theirs["state"][there]
            copy_own(mine, theirs, self.tables.rules[here], other.tables.rules[there])
        mine["tags"]["quiet"] = 0  # what may come without changing anything is found anew
        mine["bounds"][:] = mine["meta"][lo.META_BOUND] = 0  # and so is every delay, with the next input


def _as_rows(rows: NDArray[Any]) -> NDArray[Any]:
    if (rows.dtype is not lo.ROW and rows.dtype != lo.ROW) or rows.ndim != 1 or not rows.flags.c_contiguous:
        raise ValueError(
            f"rows are {rows.dtype} of shape {rows.shape}; allowed a line of ROW records, without gaps"
        )
    return rows
