"""Numbers of a rule that two persons changed: put in before rules are checked, checked like any other."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from gateway.config.overrides import NUMBERS, Numbers, Overriding
from gateway.config.rulebook import RATES, versioned
from gateway.config.uniqueness import Placed
from gateway.model.errors import Fault
from gateway.model.site import Rule, RuleKind, Tag

LIMITS: Final = (RuleKind.LIMIT_HIGH, RuleKind.LIMIT_LOW)
WITH_LIMIT: Final = (*LIMITS, *RATES, RuleKind.VOTE)
"""kinds whose trigger and reset can be changed; those of others belong together with settings of their own"""
_COLUMNS: Final = ("LL", "L", "H", "HH")
"""limits of a tag from the lowest to the highest"""


def changeable(rule: Rule) -> tuple[str, ...]:
    """Names of the numbers that can be changed of a rule of its kind."""
    return NUMBERS if rule.kind in WITH_LIMIT else NUMBERS[2:]


def changed(rule: Rule, numbers: Numbers) -> Rule:
    """The rule with these numbers."""
    given = numbers.given
    return versioned(replace(rule, **given)) if given else rule


def low_side(rule: Rule) -> bool:
    """It is beyond below its trigger; its reset lies above."""
    return rule.kind is RuleKind.LIMIT_LOW or (rule.kind is RuleKind.VOTE and rule.danger_low)


def later(rule: Rule, name: str, old: float, new: float) -> bool:
    """With this number the alarm comes later than before, or not at all: what a second person must not overlook."""
    if name == "trigger":
        return new < old if low_side(rule) else new > old
    return name == "on_delay" and new > old


def put_in(rules: Sequence[Placed], read: Overriding) -> list[Placed]:
    """The rules with the signed numbers; a changed one stands where its numbers do, for what is said of it."""
    return [_placed(placed, read) for placed in rules]


def _placed(placed: Placed, read: Overriding) -> Placed:
    entry = read.content.limits.get(placed.rule.id)
    if entry is None:
        return placed
    first = next(iter(entry.given), "was")
    at = read.fault(("limits", placed.rule.id, first), "", "")
    return Placed(changed(placed.rule, entry), at.file, at.line, at.path)


def number_faults(rules: Iterable[Placed], read: Overriding, tags: Mapping[str, Tag]) -> Iterator[Fault]:
    """What is wrong with changed numbers, beside their rule, its tag and the other limits of that tag."""
    known = {placed.rule.id: placed.rule for placed in rules}
    for name, entry in read.content.limits.items():
        rule = known.get(name)
        if rule is None:
            continue
        for key in entry.given:
            if key not in changeable(rule):
                hint = "its numbers belong together with settings of its own: change them in the site's files"
                yield _fault(
                    read, rule, key, f"on_delay or off_delay, of a rule of kind {rule.kind.value}", hint
                )
        if rule.kind in WITH_LIMIT:
            yield from _wrong(rule, read, known, tags[rule.tags[0]])


def _fault(read: Overriding, rule: Rule, key: str, allowed: str, hint: str = "") -> Fault:
    return read.fault(("limits", rule.id, key), getattr(rule, key), allowed, hint)


def _wrong(rule: Rule, read: Overriding, known: Mapping[str, Rule], tag: Tag) -> Iterator[Fault]:
    low = low_side(rule)
    if (rule.reset < rule.trigger) if low else (rule.reset > rule.trigger):
        yield _fault(read, rule, "reset", f"at or {'above' if low else 'below'} the trigger {rule.trigger:g}")
    if rule.kind in RATES:
        if rule.trigger <= 0:
            yield _fault(read, rule, "trigger", "more than 0", "rate-fall has positive numbers too")
        return
    if tag.low is not None and tag.high is not None and not tag.low <= rule.trigger <= tag.high:
        allowed = f"inside the range of {tag.id}, {tag.low:g} to {tag.high:g}"
        yield _fault(read, rule, "trigger", allowed, "it could never be reached")
    if rule.kind in LIMITS:
        yield from _beside(rule, read, _siblings(rule, known))
        yield from _never_clears(rule, read, known, tag)


def _siblings(rule: Rule, known: Mapping[str, Rule]) -> list[Rule]:
    """The limits of the tag's columns, from the lowest to the highest."""
    found = [known.get(f"{rule.subject}.{name}") for name in _COLUMNS]
    return [each for each in found if each is not None and each.kind in LIMITS]


def _beside(rule: Rule, read: Overriding, siblings: Sequence[Rule]) -> Iterator[Fault]:
    if rule not in siblings:
        return
    at = siblings.index(rule)
    under, over = siblings[at - 1 : at] if at else [], siblings[at + 1 : at + 2]
    if under and rule.trigger <= under[0].trigger:
        yield _fault(read, rule, "trigger", f"above {under[0].id} at {under[0].trigger:g}", "LL < L < H < HH")
    if over and rule.trigger >= over[0].trigger:
        yield _fault(read, rule, "trigger", f"below {over[0].id} at {over[0].trigger:g}", "LL < L < H < HH")


def _never_clears(rule: Rule, read: Overriding, known: Mapping[str, Rule], tag: Tag) -> Iterator[Fault]:
    """A reset at the end of the range, or beyond the limits of the other side."""
    low = low_side(rule)
    other = [r.trigger for r in _siblings(rule, known) if r.kind is not rule.kind]
    ends = [end for end in (tag.high if low else tag.low, *other) if end is not None]
    ends = [end for end in ends if (end > rule.trigger) == low]
    bound = min(ends, default=None) if low else max(ends, default=None)
    if bound is not None and (rule.reset >= bound if low else rule.reset <= bound):
        side = "below" if low else "above"
        allowed = f"{side} {bound:g}, the end of the range or the limit of the other side"
        yield _fault(read, rule, "reset", allowed, "the alarm could never clear")
