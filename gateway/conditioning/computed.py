"""Computed tags of a site: their programs in the order in which they depend on each other, and one kernel call."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from detectors.program import MAX_STACK, OP, TABLE
from gateway.conditioning import layout as lo
from gateway.conditioning.expressions import Compiled, compile_text, in_order, known_to
from gateway.conditioning.kernels import UNCERTAIN_FROM
from gateway.conditioning.kernels_computed import compute
from gateway.model.quality import Quality
from gateway.model.site import Tag
from gateway.model.times import NEVER


class Computed:
    """All computed tags. Between two engine inputs it remembers nothing that the conditioner's state does not say.

    Raises:
        ValueError: an expression is wrong, names a tag that is not there, or depends on itself.
    """

    def __init__(self, tags: Sequence[Tag]) -> None:
        units = {t.id: t.unit for t in tags}
        self._rows = {t.id: i for i, t in enumerate(tags)}
        programs = {
            t.id: compile_text(t.expression, known_to(t, units), t.unit) for t in tags if t.expression
        }
        self.inputs = {name: c.inputs for name, c in programs.items()}
        order = in_order(self.inputs)
        self.tags: Final = frozenset(self._rows[name] for name in order)
        self._mask = np.isin(np.arange(len(tags)), sorted(self.tags))
        self._tables([programs[name] for name in order], order)
        needs, used = self._dependence(order, len(tags))
        self.roots: Final = _roots([self._rows[name] for name in order], used)
        """row of each computed tag -> the measured ones it comes from, directly or not"""
        self._before, self._before_at = _lists(needs)
        self._users, self._users_at = _lists(used)
        self.fanout: Final = np.diff(self._users_at)
        self._latest = np.zeros(len(tags), lo.LATEST)
        self._waits = np.zeros(len(order), lo.WAIT)
        self._waits["time"] = NEVER
        self._queue, self._stack = np.zeros(max(len(order), 1), np.int64), np.zeros(MAX_STACK)
        self._latest["quality"] = Quality.NO_DATA

    def _tables(self, programs: Sequence[Compiled], order: Sequence[str]) -> None:
        params = np.zeros(len(order), lo.COMPUTED)
        members, code, points = list[int](), list[tuple[float, int]](), list[float]()
        for p, name, program in zip(params, order, programs, strict=True):
            p["tag"], p["first"], p["count"] = self._rows[name], len(members), len(program.inputs)
            p["start"], p["stop"] = len(code), len(code) + len(program.steps)
            members += [self._rows[tag] for tag in program.inputs]
            code += [(arg + (len(points) if op == TABLE else 0), op) for op, arg in program.steps]
            points += program.points
        self._params, self._members, self._points = (
            params,
            np.array(members, np.int64),
            np.array([*points, 0.0]),
        )
        self._code = np.zeros(len(code), OP)
        self._code["arg"], self._code["op"] = [arg for arg, _ in code], [op for _, op in code]

    def _dependence(self, order: Sequence[str], tags: int) -> tuple[list[list[int]], list[list[int]]]:
        """Of each computed tag the computed ones it depends on, and itself, in order; of each tag those that depend on
        it, if it is measured.
        """
        place = {name: c for c, name in enumerate(order)}
        needs, roots, used = list[set[int]](), list[set[int]](), list[list[int]]([] for _ in range(tags))
        for c, name in enumerate(order):
            needed, measured = {c}, set[int]()
            for tag in self.inputs[name]:
                if tag in place:
                    needed |= needs[place[tag]]
                    measured |= roots[place[tag]]
                else:
                    measured.add(self._rows[tag])
            needs.append(needed)
            roots.append(measured)
            for row in measured:
                used[row].append(c)
        return [sorted(found) for found in needs], used

    def measured(self, rows: NDArray[Any], count: int) -> int:
        """Take raw rows of computed tags out: whoever sends one knows less than the inputs say.

        Returns:
            How many of the first ``count`` rows are left.
        """
        tags = rows["tag"][:count]
        inside = (tags >= 0) & (tags < len(self._mask))  # others are for the conditioner to refuse
        theirs = inside & self._mask[np.where(inside, tags, 0)]
        if not theirs.any():
            return count
        kept = rows[:count][~theirs]
        rows[: len(kept)] = kept
        return len(kept)

    def room(self, rows: NDArray[Any]) -> int:
        """Most rows that these conditioned rows can bring."""
        return int(self.fanout[rows["tag"]].sum())

    def run(self, rows: NDArray[Any], count: int, state: NDArray[Any]) -> int:
        """Append the computed rows; returns how many rows there are now."""
        return compute(
            rows, count, self._params, state, self._waits, self._users, self._users_at, self._before, self._before_at,
            self._members, self._code, self._points, self._latest, self._queue, self._stack,
        )  # fmt: skip

    def recall(self, state: NDArray[Any], awaited: NDArray[np.bool_]) -> None:
        """Take the last judged rows from the conditioner's memory, after a restart or a change of configuration.

        Values of ``awaited`` tags are too old: what is computed with one may raise and hold, and clears nothing.
        """
        for name in ("source", "value", "quality"):
            self._latest[name] = state[name]
        doubtful = awaited & (state["quality"] < UNCERTAIN_FROM)
        self._latest["quality"][doubtful] = Quality.CLOCK_DOUBTFUL

    def follow(self, tags: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The measured ones among these tags, and all that are computed from them, directly or not."""
        found = tags & ~self._mask
        asked = set(np.flatnonzero(found).tolist())
        found[[row for row, roots in self.roots.items() if not asked.isdisjoint(roots)]] = True
        return found


def _roots(rows: Sequence[int], used: Sequence[Sequence[int]]) -> dict[int, frozenset[int]]:
    found = dict[int, set[int]]((row, set()) for row in rows)
    for root, users in enumerate(used):
        for user in users:
            found[rows[user]].add(root)
    return {row: frozenset(roots) for row, roots in found.items()}


def _lists(lists: Sequence[Sequence[int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Lists of different length as one array and where each begins."""
    flat = [x for found in lists for x in found]
    return np.array(flat or [0], np.int64), np.cumsum([0, *map(len, lists)]).astype(np.int64)
