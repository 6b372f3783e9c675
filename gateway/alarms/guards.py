"""Which rules say something of the plant now: a rule whose condition is not known lets nobody call its place normal.

A live rule of the process is *missing* while its condition is unknown, with one exception: a kind that looks back (it
needs a window, or learns) may warm up behind the limits of its tags. It is no loss while the dangerous side of every
one of its tags is held by a limit whose condition is known.

How it came to be unknown does not matter: nothing heard yet, a state that no limit is given for, a result that is no
number, a window that is not full. An unknown condition that never was an alarm makes no event, so it is counted here.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from gateway.alarms.topology import DIRECT, Topology, danger_sides, judged_tags, sides_held
from gateway.model.quality import Quality, quality_name
from gateway.model.site import Rule, RuleKind

NO_VERDICT: Final = "no-verdict-yet"
WARMING_UP: Final = "warming-up"
_NAMED: Final = {
    (RuleKind.STATE_LIMIT, int(Quality.CONFIGURATION)): "state-not-listed",
    (RuleKind.EXPRESSION, int(Quality.NOT_A_NUMBER)): "not-a-number",
}
"""what the edge of a group's rule says by its quality"""


class Guards:
    """Live rules of the process by whether their condition is known. Rows are rows of ``site.rules``."""

    def __init__(self, topology: Topology) -> None:
        site = topology.site
        told = {rule.id for rule in topology.live_rules if not rule.instrument}
        self.rules: Final[Mapping[int, Rule]] = {i: r for i, r in enumerate(site.rules) if r.id in told}
        self._unknown = dict.fromkeys(self.rules, 0)
        """row -> quality by which it became so; 0: it never was known"""
        self._holds = {i: _holds(topology, r) for i, r in self.rules.items() if r.kind in DIRECT}
        self._needs = {i: _needs(topology, r) for i, r in self.rules.items() if r.kind not in DIRECT}
        self._behind = _behind(self._needs)
        self._held: Counter[tuple[int, str]] = Counter()

    def turn(self, rule: int, *, known: bool, quality: int = 0) -> tuple[int, ...]:
        """The condition of a rule became known, or unknown. Rows of the rules for which :meth:`missing` may differ."""
        if rule not in self.rules or known == (rule not in self._unknown):
            return ()
        if known:
            del self._unknown[rule]
        else:
            self._unknown[rule] = quality
        held = self._holds.get(rule, ())
        for side in held:
            self._held[side] += 1 if known else -1
        return (rule, *dict.fromkeys(r for tag, _ in held for r in self._behind.get(tag, ())))

    def missing(self, rule: int) -> bool:
        """Its condition is unknown, and nothing else holds the dangerous side of its tags."""
        if rule not in self._unknown:
            return False
        needs = self._needs.get(rule)
        return needs is None or not all(any(self._held[side] for side in some) for some in needs)

    def why(self, rule: int) -> str:
        """In one word, why nothing is said."""
        if rule in self._needs:
            return WARMING_UP
        quality = self._unknown.get(rule, 0)
        known = _NAMED.get((self.rules[rule].kind, quality))
        return known or (quality_name(quality) if quality else NO_VERDICT)

    def dump(self) -> dict[str, int]:
        """Rules that are unknown, by id."""
        return {self.rules[row].id: self._unknown[row] for row in sorted(self._unknown)}

    def load(self, data: Mapping[str, Any]) -> None:
        """Inverse of :meth:`dump`."""
        for row, rule in self.rules.items():
            self.turn(row, known=rule.id not in data)
        self._unknown = {row: int(data[self.rules[row].id]) for row in self._unknown}

    def know(self, rows: Iterable[int]) -> None:
        """Exactly these rules have a condition."""
        known = set(rows)
        for row in self.rules:
            self.turn(row, known=row in known)


def _holds(topology: Topology, rule: Rule) -> tuple[tuple[int, str], ...]:
    """(row of a tag, side) that a rule of a direct kind holds; the side "" is held by every one."""
    index = topology.site.tag_index
    sides = ("", *sides_held(rule))
    return tuple((index[t], side) for t in judged_tags(rule) if t in index for side in sides)


def _needs(topology: Topology, rule: Rule) -> Sequence[Sequence[tuple[int, str]]]:
    """What must be held while a rule warms up: of each, one. Every dangerous side of its tags; of tags that have none,
    one at least must be judged at all.
    """
    index, tags = topology.site.tag_index, topology.site.tags
    rows = [index[t] for t in dict.fromkeys(rule.tags) if t in index]
    dangerous = [((row, side),) for row in rows for side in danger_sides(tags[row].danger)]
    return dangerous or [tuple((row, "") for row in rows)]


def _behind(needs: Mapping[int, Sequence[Sequence[tuple[int, str]]]]) -> dict[int, tuple[int, ...]]:
    """Row of a tag -> rules that may warm up behind its limits."""
    found: dict[int, dict[int, None]] = {}
    for rule, all_ in needs.items():
        for some in all_:
            for tag, _ in some:
                found.setdefault(tag, {})[rule] = None
    return {tag: tuple(rules) for tag, rules in found.items()}
