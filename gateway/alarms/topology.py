"""Who depends on whom: tags on links, links on buses, rules and places on tags. Computed once per configuration."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from gateway.alarms.subjects import shadow_places
from gateway.model.levels import Level, Stage
from gateway.model.site import Link, Rule, RuleKind, Site

JUDGES: Final = frozenset(
    {
        RuleKind.LIMIT_HIGH,
        RuleKind.LIMIT_LOW,
        RuleKind.VOTE,
        RuleKind.STATE_LIMIT,
        RuleKind.MOVING_LIMIT,
        RuleKind.VELOCITY,
    }
)
"""Kinds that hold a tag's value against a limit."""
LIMITS: Final = frozenset({RuleKind.LIMIT_HIGH, RuleKind.LIMIT_LOW})
"""... of that tag alone, so that it is known as soon as one value of it was judged"""
LOWEST: Final = 4
"""Priority of what blinds nothing."""


@dataclass(frozen=True)
class Topology:
    """Look-ups over one site. ``rows`` are rows of ``site.tags``."""

    site: Site

    @cached_property
    def shadow(self) -> frozenset[str]:
        """Installations in shadow stage."""
        return shadow_places(self.site)

    @cached_property
    def live_rules(self) -> tuple[Rule, ...]:
        """Rules that people are told about."""
        return tuple(
            r
            for r in self.site.rules
            if r.enabled and r.stage is Stage.LIVE and r.installation not in self.shadow
        )

    @cached_property
    def links(self) -> dict[str, Link]:
        """Link id -> link, in the order of the configuration."""
        return {k.id: k for k in self.site.links}

    @cached_property
    def above(self) -> dict[str, tuple[str, ...]]:
        """Link id -> its parents, nearest first (a loop in the configuration ends the walk)."""
        return {k: self._parents(k) for k in self.links}

    @cached_property
    def below(self) -> dict[str, tuple[str, ...]]:
        """Link id -> all links that hang on it."""
        found: dict[str, list[str]] = {k: [] for k in self.links}
        for child, parents in self.above.items():
            for parent in parents:
                found.setdefault(parent, []).append(child)
        return {k: tuple(v) for k, v in found.items()}

    @cached_property
    def links_of(self) -> tuple[tuple[str, ...], ...]:
        """Per tag: every link it depends on, parents included."""
        return tuple(self._all_links(t.links) for t in self.site.tags)

    @cached_property
    def rows_of(self) -> dict[str, tuple[int, ...]]:
        """Link id -> rows of the tags that are blind without it."""
        found: dict[str, list[int]] = {k: [] for k in self.links}
        for row, links in enumerate(self.links_of):
            for link in links:
                found.setdefault(link, []).append(row)
        return {k: tuple(v) for k, v in found.items()}

    @cached_property
    def judged_by(self) -> dict[int, tuple[Rule, ...]]:
        """Row -> live rules that need it."""
        found: dict[int, list[Rule]] = {}
        for rule in self.live_rules:
            for tag in dict.fromkeys(rule.tags):
                if tag in self.site.tag_index:
                    found.setdefault(self.site.tag_index[tag], []).append(rule)
        return {k: tuple(v) for k, v in found.items()}

    @cached_property
    def limits(self) -> dict[int, int]:
        """Row of a live rule that is a limit of one tag -> row of the tag."""
        told = {rule.id for rule in self.live_rules}
        index = self.site.tag_index
        return {
            i: index[rule.tags[0]]
            for i, rule in enumerate(self.site.rules)
            if rule.kind in LIMITS and rule.id in told and rule.tags[0] in index
        }

    @cached_property
    def limited(self) -> frozenset[int]:
        """Rows of tags that have such a rule."""
        return frozenset(self.limits.values())

    @cached_property
    def computed_from(self) -> dict[int, tuple[int, ...]]:
        """Row -> computed tags that are blind without it, directly or through others."""
        index = self.site.tag_index
        users: dict[int, list[int]] = {}
        for row, tag in enumerate(self.site.tags):
            for name in tag.inputs:
                users.setdefault(index[name], []).append(row)
        return {row: _all_users(row, users) for row in users}

    @cached_property
    def not_judged(self) -> tuple[int, ...]:
        """Rows whose class needs a limit and has none that people are told about, or whose type needs a rule."""
        judged = {row for row, rules in self.judged_by.items() if any(r.kind in JUDGES for r in rules)}
        told = {rule.id for rule in self.live_rules}
        return tuple(
            i
            for i, t in enumerate(self.site.tags)
            if (t.limit_required and i not in judged) or not told.issuperset(t.required)
        )

    def blinds(self, rows: Iterable[int]) -> tuple[Level, int]:
        """Highest level and first priority among the rules that cannot be judged without these tags."""
        needed = dict.fromkeys(x for row in rows for x in (row, *self.computed_from.get(row, ())))
        rules = [r for row in needed for r in self.judged_by.get(row, ())]
        level = max((r.level for r in rules), default=Level.BLUE)
        return level, min((r.priority for r in rules), default=LOWEST)

    def _parents(self, link: str) -> tuple[str, ...]:
        found: list[str] = []
        at = self.links[link].parent
        while at and at not in found and at != link:
            found.append(at)
            at = self.links[at].parent if at in self.links else ""
        return tuple(found)

    def _all_links(self, links: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(x for k in links for x in (k, *self.above.get(k, ()))))


def _all_users(row: int, users: dict[int, list[int]]) -> tuple[int, ...]:
    found: dict[int, None] = {}
    open_ = [row]
    while open_:
        new = [u for u in users.get(open_.pop(), ()) if u not in found]
        found.update(dict.fromkeys(new))
        open_ += new
    return tuple(found)
