"""What a family of kinds is: rules that share arrays of parameters and state, and one compiled kernel.

A family knows its rules by their place in its own list; :class:`detectors.bank.Bank` gives every rule of a plant to its
family and puts the edges together again.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, Self

from numpy.typing import NDArray

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
