"""Who depends on whom: tags on links, links on buses, rules and places on tags. Computed once per configuration."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from gateway.alarms.subjects import shadow_places
from gateway.model.levels import Level, Stage
from gateway.model.site import Danger, Link, Rule, RuleKind, Site
from gateway.model.times import seconds

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
DIRECT: Final = frozenset(
    {
        RuleKind.LIMIT_HIGH,
        RuleKind.LIMIT_LOW,
        RuleKind.STATE,
        RuleKind.DISCREPANCY,
        RuleKind.VOTE,
        RuleKind.DEVIATION,
        RuleKind.MOVING_LIMIT,
        RuleKind.SPREAD,
        RuleKind.STATE_LIMIT,
        RuleKind.EXPRESSION,
        RuleKind.SETPOINT,
    }
)
"""Kinds that judge by the newest readings alone: known at once. The others look back, so they warm up."""
_DANGER: Final = {
    Danger.HIGH: ("high",),
    Danger.LOW: ("low",),
    Danger.BOTH: ("high", "low"),
    Danger.NONE: (),
}
_HOLDS: Final = {
    RuleKind.LIMIT_HIGH: ("high",),
    RuleKind.LIMIT_LOW: ("low",),
    RuleKind.VELOCITY: ("high", "low"),
}
_BY_SETTING: Final = frozenset({RuleKind.VOTE, RuleKind.STATE_LIMIT, RuleKind.MOVING_LIMIT})
_HELPERS: Final = frozenset({"selector", "reference", "other"})
"""what a tag may be to a rule without being judged by it"""
LIMITS: Final = frozenset({RuleKind.LIMIT_HIGH, RuleKind.LIMIT_LOW})
"""... of that tag alone, so that it is known as soon as one value of it was judged"""
PATIENCE: Final = seconds(5)
"""For tags and links without a max age."""
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
        """Rows whose class needs a limit and has none that people are told about, whose type needs a rule, or all of
        whose rules are disabled or in shadow.
        """
        told = {rule.id for rule in self.live_rules}
        return tuple(
            i
            for i, t in enumerate(self.site.tags)
            if (t.limit_required and not self._limited(i))
            or not told.issuperset(t.required)
            or i in self._left
        )

    @cached_property
    def judged_places(self) -> frozenset[str]:
        """Installations of which something is judged: by a live rule of the process."""
        return frozenset(r.installation for r in self.live_rules if not r.instrument)

    def _limited(self, row: int) -> bool:
        """A live rule holds the tag's value against a limit, on its dangerous side or on one of two."""
        sides = danger_sides(self.site.tags[row].danger)
        rules = (r for r in self.judged_by.get(row, ()) if r.kind in JUDGES and not r.instrument)
        return any(not sides or set(sides).intersection(sides_held(r)) for r in rules)

    @cached_property
    def _left(self) -> frozenset[int]:
        """Rows that a rule was written for, and that none judges. One that only looks back, of a tag without a
        dangerous side, is an extra that nobody misses.
        """
        index, tags, live = self.site.tag_index, self.site.tags, {r.id for r in self.live_rules}
        found, judged = set[int](), set[int]()
        for rule in (r for r in self.site.rules if not r.instrument):
            rows = (index[t] for t in judged_tags(rule) if t in index)
            if rule.id in live:
                judged.update(rows)
            else:
                found.update(r for r in rows if rule.kind in DIRECT or tags[r].danger is not Danger.NONE)
        return frozenset(found - judged)

    def blinds(self, rows: Iterable[int]) -> tuple[Level, int]:
        """Highest level and first priority among the rules that cannot be judged without these tags."""
        needed = dict.fromkeys(x for row in rows for x in (row, *self.computed_from.get(row, ())))
        rules = [r for row in needed for r in self.judged_by.get(row, ())]
        level = max((r.level for r in rules), default=Level.BLUE)
        return level, min((r.priority for r in rules), default=LOWEST)

    def longest_age(self, tags: Iterable[str]) -> int:
        """Longest time a value of these tags holds, ns; :data:`PATIENCE` for one that holds for ever."""
        rows = (self.site.tag_index.get(t) for t in tags)
        return max((self.site.tags[r].max_age or PATIENCE for r in rows if r is not None), default=PATIENCE)

    def _parents(self, link: str) -> tuple[str, ...]:
        found: list[str] = []
        at = self.links[link].parent
        while at and at not in found and at != link:
            found.append(at)
            at = self.links[at].parent if at in self.links else ""
        return tuple(found)

    def _all_links(self, links: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(x for k in links for x in (k, *self.above.get(k, ()))))


def danger_sides(danger: Danger) -> tuple[str, ...]:
    """``high``, ``low``, both or none."""
    return _DANGER[danger]


def sides_held(rule: Rule) -> tuple[str, ...]:
    """The sides of its tags that a rule holds against a limit; none: it holds no value against one."""
    if rule.kind in _BY_SETTING:
        low = rule.danger_low or dict(rule.settings).get("low", 0)
        return ("low",) if low else ("high",)
    return _HOLDS.get(rule.kind, ())


def judged_tags(rule: Rule) -> tuple[str, ...]:
    """The tags it says something of: all but those that only tell it how to judge."""
    if not rule.roles:
        return rule.tags
    return tuple(t for t, role in zip(rule.tags, rule.roles, strict=True) if role not in _HELPERS)


def _all_users(row: int, users: dict[int, list[int]]) -> tuple[int, ...]:
    found: dict[int, None] = {}
    open_ = [row]
    while open_:
        new = [u for u in users.get(open_.pop(), ()) if u not in found]
        found.update(dict.fromkeys(new))
        open_ += new
    return tuple(found)
