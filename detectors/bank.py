"""A bank of rules over the tags of one plant: every rule judged by the family of its kind."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from detectors import layout as lo
from detectors.common import family as common
from detectors.family import Family
from detectors.groups import family as groups
from detectors.kinds.params import Params, tags_of
from detectors.learned import family as learned
from detectors.statistics import family as statistics

#: GOOD raises, holds, clears; UNCERTAIN raises and holds; BAD permits nothing. Rows: status, columns: act.
PERMITS: Final = ((1, 1, 1), (1, 1, 0), (0, 0, 0))
FAMILIES: Final[dict[str, type[Family]]] = {
    "common": common.Common,
    "groups": groups.Groups,
    "learned": learned.Learned,
    "statistics": statistics.Statistics,
}
"""every family, in the order in which they judge one input"""
_VERSIONS: Final = (common.VERSION, groups.VERSION, learned.VERSION, statistics.VERSION)
VERSION: Final = ";".join(_VERSIONS)
"""layout versions of :meth:`Bank.dump`"""
_NONE: Final = np.zeros(0, lo.EDGE)


class Bank:
    """Judges rows in order of arrival. No clock, no sorting, constant memory.

    Args:
        tags: number of tags; a row's ``tag`` is 0 .. tags - 1.
        rules: one entry per rule row; None keeps the row and judges nothing.
        hold: ns a tag's value holds, one per tag; 0 = for ever. Default: for ever.
        permits: 3 x 3 table, status by act, see :data:`PERMITS`.

    Raises:
        ValueError: a rule names a tag that is not there, or a time to hold is wrong.
    """

    def __init__(
        self,
        tags: int,
        rules: Sequence[Params | None],
        hold: Sequence[int] | None = None,
        permits: Sequence[Sequence[int]] = PERMITS,
    ) -> None:
        holds = list(hold) if hold is not None else [0] * tags
        if len(holds) != tags or any(age < 0 for age in holds):
            raise ValueError(f"hold: {len(holds)} times for {tags} tags, none may be negative")
        _check_tags(tags, rules)
        self._size = len(rules)
        self._rows: dict[str, NDArray[np.int64]] = {}
        self.families: dict[str, Family] = {}
        for name, family in FAMILIES.items():
            own = [(row, rule) for row, rule in enumerate(rules) if rule is not None and rule.family == name]
            if own:
                self._rows[name] = np.array([row for row, _ in own], np.int64)
                self.families[name] = family(tags, [rule for _, rule in own], holds, permits)
        self._pairs = [(self._rows[name], family) for name, family in self.families.items()]

    def feed(self, rows: NDArray[Any], count: int, now: int) -> NDArray[Any]:
        """Judge the first ``count`` rows of one input and the delays that end by ``now`` (engine time, ns).

        Returns:
            Edges (:data:`detectors.layout.EDGE`), by rule, and in order of decision within a rule. The next call may
            overwrite them.
        """
        found = []
        for own, family in self._pairs:
            edges = family.feed(rows, count, now)
            if len(edges):
                edges["rule"] = own[edges["rule"]]
                found.append(edges)
        if not found:
            return _NONE
        edges = found[0] if len(found) == 1 else np.concatenate(found)
        return edges if len(edges) < 2 else edges[np.argsort(edges["rule"], kind="stable")]

    def next_deadline(self) -> int:
        """No delay ends before this engine time (ns); NEVER when none runs. A lower bound."""
        return min((family.next_deadline() for _, family in self._pairs), default=lo.NEVER)

    def shift(self, outage: int) -> None:
        """Move every running timer and the age of every value by ``outage`` ns: nobody looked meanwhile."""
        for _, family in self._pairs:
            family.shift(outage)

    def conditions(self) -> NDArray[np.int8]:
        """Present condition of every rule row: IS_NORMAL, IS_ACTIVE or IS_UNKNOWN (so of one that is not judged)."""
        found = np.full(self._size, lo.IS_UNKNOWN, np.int8)
        for own, family in self._pairs:
            found[own] = family.conditions()
        return found

    def present(self, rules: Sequence[int], now: int) -> NDArray[Any]:
        """What is so of these rules, as edges from unknown to what they are, dated ``now``."""
        edges = np.zeros(len(rules), lo.EDGE)
        edges["rule"], edges["after"] = rules, lo.IS_UNKNOWN
        for own, family in self._pairs:
            here = np.flatnonzero(np.isin(rules, own))
            found = family.present(np.searchsorted(own, np.asarray(rules)[here]).tolist(), now)
            found["rule"] = own[found["rule"]]
            edges[here] = found
        return edges

    def carry_over(
        self, other: "Bank", tags: Sequence[tuple[int, int]], rules: Sequence[tuple[int, int]]
    ) -> None:
        """Take the memory of tags and rules that did not change: pairs of (row here, row there)."""
        for name in self.families.keys() & other.families.keys():
            here, there = self._rows[name].tolist(), other._rows[name].tolist()  # noqa: SLF001  # of the same class
            mine, theirs = {row: i for i, row in enumerate(here)}, {row: i for i, row in enumerate(there)}
            pairs = [(mine[h], theirs[t]) for h, t in rules if h in mine and t in theirs]
            self.families[name].carry_over(other.families[name], tags, pairs)

    def dump(self) -> dict[str, bytes]:
        """All state as bytes, by family and array."""
        parts = ((name, family.dump()) for name, family in self.families.items())
        return {f"{name}.{array}": data for name, dumped in parts for array, data in dumped.items()}

    def load(self, parts: Mapping[str, bytes]) -> None:
        """Inverse of :meth:`dump` for a bank of the same rules and tags.

        Raises:
            ValueError: an array is missing or of another size; the bank is then not to be used.
        """
        for name, family in self.families.items():
            prefix = f"{name}."
            family.load({k.removeprefix(prefix): v for k, v in parts.items() if k.startswith(prefix)})


def _check_tags(tags: int, rules: Sequence[Params | None]) -> None:
    for i, rule in enumerate(rules):
        if rule is not None and any(not 0 <= t < tags for t in tags_of(rule)):
            raise ValueError(f"rule {i} looks at tags {tags_of(rule)} of {tags}")
