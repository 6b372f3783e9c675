"""Which readings can change nothing that anybody is told, so that they may wait for company.

A tag that only limits look at is calm while its value stays between the same two of their numbers: no rule can begin or
end there. How inputs are cut into steps changes no decision, so a reading that is taken for calm in error is late by
the wait, and no more. Every other tag is never calm: a rule with a delay counts in its tag's own readings, and what a
rate, a vote, a model or an expression makes of a value nobody knows before it is judged.
"""

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Final

from gateway.model.site import RuleKind, Signal, Site, Tag
from gateway.model.times import NS

YOUNGEST: Final = NS
"""Values that hold for less than this (ns) wait for nothing."""
_LIMITS: Final = frozenset({RuleKind.LIMIT_HIGH, RuleKind.LIMIT_LOW})
Cuts = Sequence[tuple[float, ...] | None]
"""by row of the tag table: raw values, ascending, at which something begins or ends; None: never calm"""


class Calm:
    """The newest readings of one source, by row of the tag table: a GOOD value ``low < value < high`` is calm.

    Both are NaN as long as nothing is known, so that every value is news.
    """

    def __init__(self, cuts: Cuts) -> None:
        self._cuts = cuts
        self.low = [math.nan] * len(cuts)
        self.high = [math.nan] * len(cuts)

    def moved(self, tag: int, value: float) -> None:
        """A GOOD value that was not calm."""
        cuts = self._cuts[tag]
        if cuts is not None:
            at = bisect_right(cuts, value)
            self.low[tag] = cuts[at - 1] if at else -math.inf
            self.high[tag] = cuts[at] if at < len(cuts) else math.inf

    def lost(self, tag: int) -> None:
        """A reading that was not GOOD: the next one is news, whatever it says."""
        self.low[tag] = self.high[tag] = math.nan


def cuts_of(site: Site) -> Cuts:
    """Where the limits of each tag lie in what its source reads."""
    found: list[set[float] | None] = [_range(tag) for tag in site.tags]
    for name in {name for tag in site.tags for name in (*tag.inputs, tag.twin)} & site.tag_index.keys():
        found[site.tag_index[name]] = None
    for rule in (r for r in site.rules if r.enabled):
        plain = rule.kind in _LIMITS and not (rule.on_delay or rule.off_delay)
        for row in (site.tag_index[name] for name in rule.tags if name in site.tag_index):
            numbers = found[row]
            if numbers is not None and plain:
                numbers |= {rule.trigger, rule.reset}
            else:
                found[row] = None
    return tuple(
        None if numbers is None else tuple(sorted(_raw(tag, numbers)))
        for tag, numbers in zip(site.tags, found, strict=True)
    )


def _range(tag: Tag) -> set[float] | None:
    """The ends of its range; None where its value is no multiple of what is read, or must be fresh."""
    computed = tag.expression or tag.manual
    if computed or tag.signal is not Signal.VALUE or not tag.gain or 0 < tag.max_age < YOUNGEST:
        return None
    return {edge for edge in (tag.low, tag.high) if edge is not None}


def _raw(tag: Tag, numbers: set[float]) -> Iterator[float]:
    return ((number - tag.offset) / tag.gain for number in numbers)
