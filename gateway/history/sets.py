"""Which tags can be judged apart: those that no rule joins, in as many groups of like weight as there are workers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from gateway.model.site import Site, Tag


@dataclass(frozen=True, slots=True)
class Part:
    """A site of some tags and rules, with where they stand in the whole."""

    site: Site
    tags: tuple[int, ...]
    """row in the whole site of each tag"""
    rules: tuple[int, ...]
    """row in the whole site of each rule"""


@dataclass(frozen=True, slots=True)
class Known:
    """What of a site a recording has."""

    site: Site
    columns: dict[str, int]
    """name in the recording -> row in ``site.tags``"""
    missing: tuple[str, ...]
    """tags that are not in the recording"""
    unjudged: tuple[str, ...]
    """rules that need one of those"""


def known(site: Site, columns: Iterable[str], bound: dict[str, str]) -> Known:
    """The site without tags that the recording does not have, and without rules that need them.

    Args:
        site: the effective configuration.
        columns: names in the recording; a tag's id, its raw name, or what ``bound`` says of it.
        bound: name -> tag id, of tags that read a recording anyway.
    """
    measured = [t for t in site.tags if not t.expression]
    ids = {t.id: t.id for t in measured} | {t.raw: t.id for t in measured} | bound
    named: dict[str, str] = {}
    for column in columns:
        tag = ids.get(column.strip())
        if tag is not None and tag not in named:
            named[tag] = column
    there = {*named, *_computed(site.tags, set(named))}
    tags = tuple(t for t in site.tags if t.id in there)
    rules = tuple(r for r in site.rules if all(t in there for t in r.tags))
    rows = {t.id: i for i, t in enumerate(tags)}
    return Known(
        replace(site, tags=tags, rules=rules),
        {column: rows[tag] for tag, column in named.items()},
        tuple(t.id for t in site.tags if t.id not in there),
        tuple(r.id for r in site.rules if r.enabled and not all(t in there for t in r.tags)),
    )


def _computed(tags: Sequence[Tag], there: set[str]) -> set[str]:
    """Computed tags whose inputs are all there, or are computed of such."""
    made: set[str] = set()
    while True:
        more = {t.id for t in tags if t.inputs and t.id not in made | there and {*t.inputs} <= made | there}
        if not more:
            return made
        made |= more


def connected(site: Site) -> list[list[int]]:
    """Rows of tags that enabled rules or computed tags join, each set ascending, sets by their first tag."""
    parent = list(range(len(site.tags)))

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    index = site.tag_index
    joined = [r.tags for r in site.rules if r.enabled] + [(t.id, *t.inputs) for t in site.tags]
    for names in joined:
        for name in names[1:]:
            a, b = sorted((root(index[names[0]]), root(index[name])))
            parent[b] = a
    sets: dict[int, list[int]] = {}
    for row in range(len(parent)):
        sets.setdefault(root(row), []).append(row)
    return list(sets.values())


def parts(site: Site, count: int) -> list[Part]:
    """At most ``count`` parts that together are the site; heavy sets first, each to the lightest part so far."""
    judged: dict[str, int] = {}
    for rule in site.rules:
        if rule.enabled:
            judged[rule.tags[0]] = judged.get(rule.tags[0], 0) + len(rule.tags)
    weighed = [(sum(1 + judged.get(site.tags[r].id, 0) for r in rows), rows) for rows in connected(site)]
    loads: list[tuple[int, list[int]]] = [(0, []) for _ in range(max(1, count))]
    for weight, rows in sorted(weighed, key=lambda w: (-w[0], w[1])):
        at = min(range(len(loads)), key=lambda i: (loads[i][0], i))
        loads[at] = (loads[at][0] + weight, loads[at][1] + rows)
    return [_part(site, sorted(rows)) for _, rows in loads if rows or len(loads) == 1]


def _part(site: Site, rows: Sequence[int]) -> Part:
    mine = {site.tags[r].id for r in rows}
    rules = tuple(i for i, r in enumerate(site.rules) if r.enabled and r.tags[0] in mine)
    own = replace(
        site, tags=tuple(replace(site.tags[r], links=()) for r in rows), rules=tuple(site.rules[i] for i in rules),
        links=(),
    )  # fmt: skip
    return Part(own, tuple(rows), rules)
