"""What may be suppressed by design: nothing that people must always see."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from gateway.config.uniqueness import Placed
from gateway.model.errors import Fault
from gateway.model.levels import Level
from gateway.model.site import Rule, Tag

GASES: Final = frozenset({"gas-combustible", "gas-toxic", "oxygen", "methane"})
"""classes of tags whose alarms are never suppressed by design, only grouped"""


def set_aside_faults(rules: Sequence[Placed], tags: Mapping[str, Tag]) -> Iterator[Fault]:
    """Every wrong entry of ``suppressed_while``, at its rule."""
    known = {placed.rule.id: placed.rule for placed in rules}
    for placed in rules:
        for parent in placed.rule.suppressed_while:
            yield from _parent(placed, parent, known)
        if placed.rule.suppressed_while:
            yield from _never(placed, tags)


def _parent(placed: Placed, parent: str, known: Mapping[str, Rule]) -> Iterator[Fault]:
    key = f"{placed.path}.suppressed_while"
    if parent not in known:
        yield Fault(
            placed.file, placed.line, key, parent, "ids of rules", "fengsui check --explain lists them"
        )
    elif parent == placed.rule.id:
        yield Fault(placed.file, placed.line, key, parent, "another rule", "an alarm cannot set itself aside")
    elif placed.rule.id in _causes(parent, known):
        yield Fault(
            placed.file, placed.line, key, parent, "a rule that it does not set aside itself", "choose one"
        )


def _causes(rule: str, known: Mapping[str, Rule]) -> set[str]:
    """Everything that sets a rule aside, directly or through others: in a ring all would hide each other."""
    found: set[str] = set()
    waiting = [rule]
    while waiting:
        parents = known[waiting.pop()].suppressed_while
        waiting += [p for p in parents if p in known and p not in found]
        found.update(parents)
    return found


def _never(placed: Placed, tags: Mapping[str, Tag]) -> Iterator[Fault]:
    rule, key = placed.rule, f"{placed.path}.suppressed_while"
    said = ", ".join(rule.suppressed_while)
    gas = [t for t in rule.tags if t in tags and tags[t].cls in GASES]
    highest = max((rule.level, *(level for _, level in rule.raise_level)))
    if highest is Level.RED:
        yield Fault(
            placed.file, placed.line, key, said, "nothing: red alarms are never suppressed by design", ""
        )
    elif gas:
        why = f"nothing: {tags[gas[0]].cls} alarms are never suppressed by design"
        yield Fault(placed.file, placed.line, key, said, why, "")
    elif rule.highly_managed:
        yield Fault(placed.file, placed.line, key, said, "nothing: it is highly managed", "")
