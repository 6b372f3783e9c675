"""What a family of kinds is: rules that share arrays of parameters and state, and one compiled kernel.

A family knows its rules by their place in its own list; :class:`detectors.bank.Bank` gives every rule of a plant to its
family and puts the edges together again. What families share beside their kernels is here too: :class:`Kept`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from detectors import layout as lo
from detectors.kinds.params import Params


class Family(Protocol):
    """Judges rows in order of arrival. No clock, no sorting, constant memory."""

    def __init__(
        self, tags: int, rules: Sequence[Params], hold: Sequence[int], permits: Sequence[Sequence[int]]
    ) -> None:
        """A family over all tags of a plant.

        Args:
            tags: number of tags; a row's ``tag`` is 0 .. tags - 1.
            rules: this family's rules.
            hold: ns a tag's value holds, one per tag; 0 = for ever.
            permits: 3 x 3 table, status by act, see :data:`detectors.bank.PERMITS`.

        Raises:
            ValueError: a rule names a tag that is not there.
        """

    def feed(self, rows: NDArray[Any], count: int, now: int) -> NDArray[Any]:
        """Judge the first ``count`` rows (:data:`detectors.layout.ROW`) of one input, and the delays that end by
        ``now`` (engine time, ns).

        Returns:
            Edges (:data:`detectors.layout.EDGE`), in order of decision within a rule; the next call may overwrite them.
        """

    def next_deadline(self) -> int:
        """No delay ends before this engine time (ns); NEVER when none runs. A lower bound."""

    def shift(self, outage: int) -> None:
        """Move every running timer and the age of every value by ``outage`` ns: nobody looked meanwhile."""

    def conditions(self) -> NDArray[Any]:
        """Present condition of every rule (int8): IS_NORMAL, IS_ACTIVE or IS_UNKNOWN."""

    def present(self, rules: Sequence[int], now: int) -> NDArray[Any]:
        """What is so of these rules, as edges from unknown to what they are, dated ``now``."""

    def carry_over(
        self, other: Self, tags: Sequence[tuple[int, int]], rules: Sequence[tuple[int, int]]
    ) -> None:
        """Take the memory of tags and rules that did not change: pairs of (row here, row there)."""

    def dump(self) -> dict[str, bytes]:
        """All state as bytes, by array."""

    def load(self, parts: Mapping[str, bytes]) -> None:
        """Inverse of :meth:`dump` for the same rules and tags.

        Raises:
            ValueError: an array is missing or of another size; nothing was changed.
        """


class Kept(Family):
    """A family whose state is named arrays of records. A snapshot is their bytes; dates in them move with an outage.

    A subclass fills ``_memory`` with at least ``state`` (a record per rule, with a delay machine) and ``meta``.
    """

    parts: ClassVar[tuple[str, ...]]
    """arrays of ``_memory`` that a snapshot has"""
    dated: ClassVar[tuple[str, ...]]
    """arrays with the fields ``source``, ``received`` and ``seen``: a last reading"""
    _memory: dict[str, NDArray[Any]]

    def next_deadline(self) -> int:
        return int(self._memory["meta"][lo.META_BOUND])

    def shift(self, outage: int) -> None:
        state, meta = self._memory["state"], self._memory["meta"]
        state["deadline"][state["deadline"] != lo.NEVER] += outage
        for array in (self._memory[name] for name in self.dated):
            for name in ("source", "received"):
                array[name][array["seen"] == 1] += outage
        if meta[lo.META_BOUND] != lo.NEVER:
            meta[lo.META_BOUND] += outage

    def conditions(self) -> NDArray[np.int8]:
        state = self._memory["state"]
        active = np.isin(state["phase"], (lo.ACTIVE, lo.PENDING_OFF))
        unknown = (state["unknown"] == 1) | (state["phase"] == lo.UNJUDGED)
        return np.where(unknown, lo.IS_UNKNOWN, np.where(active, lo.IS_ACTIVE, lo.IS_NORMAL)).astype(np.int8)

    def present(self, rules: Sequence[int], now: int) -> NDArray[Any]:
        """Without value and quality, which a family keeps where its kinds need them, and without a forecast."""
        edges, own = np.zeros(len(rules), lo.EDGE), list(rules)
        edges["rule"], edges["time"], edges["received"] = own, now, now
        edges["onset"] = self._memory["state"]["onset"][own]
        edges["before"], edges["after"] = lo.IS_UNKNOWN, self.conditions()[own]
        edges["rate"] = edges["eta"] = edges["confidence"] = np.nan
        return edges

    def dump(self) -> dict[str, bytes]:
        return {name: self._memory[name].tobytes() for name in self.parts}

    def load(self, parts: Mapping[str, bytes]) -> None:
        for name in self.parts:
            size, expected = len(parts.get(name, b"")), self._memory[name].nbytes
            if size != expected:
                raise ValueError(f"state of {name!r} has {size} bytes, expected {expected}")
        for name in self.parts:
            array = self._memory[name]
            array[...] = np.frombuffer(parts[name], array.dtype).reshape(array.shape)


def in_turns(call: Callable[[int], tuple[int, NDArray[Any]]], count: int) -> NDArray[Any]:
    """All edges of ``count`` rows from a kernel that stops where its room for edges is nearly full.

    Args:
        call: judges from this row on; returns the next row to do and the edges, which the next call may overwrite.
    """
    start, edges = call(0)
    while start < count:
        before = edges.copy()
        start, edges = call(start)
        edges = np.concatenate([before, edges])
    return edges
