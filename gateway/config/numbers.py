"""Numbers of a rule that two persons changed: put in before rules are checked, checked like any other."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from gateway.config.kindsettings import numerics, with_settings
from gateway.config.overrides import NUMBERS, SETTINGS, Numbers, Overriding, SignedNumbers
from gateway.config.packs.find import model_of
from gateway.config.rulebook import RATES, judging, versioned
from gateway.config.rulecheck import Roll, entry_faults
from gateway.config.source import Document
from gateway.config.uniqueness import Placed
from gateway.config.validate import validate
from gateway.model.errors import Fault
from gateway.model.site import Rule, RuleKind, Tag

LIMITS: Final = (RuleKind.LIMIT_HIGH, RuleKind.LIMIT_LOW)
WITH_LIMIT: Final = (*LIMITS, *RATES, RuleKind.VOTE)
"""kinds whose trigger and reset are numbers of the rule; others have theirs among the settings of their kind"""
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


def put_in(rules: Sequence[Placed], read: Overriding, roll: Roll, faults: list[Fault]) -> list[Placed]:
    """The rules with the signed numbers; a changed one stands where its numbers do, for what is said of it."""
    return [_placed(placed, read, roll, faults) for placed in rules]


def _placed(placed: Placed, read: Overriding, roll: Roll, faults: list[Fault]) -> Placed:
    entry = read.content.limits.get(placed.rule.id)
    if entry is None:
        return placed
    rule, raw = (
        _with_settings(placed, entry, read, roll, faults) if entry.settings else (placed.rule, placed.raw)
    )
    first = next(iter(entry.given), "settings" if entry.settings else "was")
    at = read.fault(("limits", placed.rule.id, first), "", "")
    return Placed(changed(rule, entry), at.file, at.line, at.path, raw)


def _with_settings(
    placed: Placed, signed: SignedNumbers, read: Overriding, roll: Roll, faults: list[Fault]
) -> tuple[Rule, Mapping[str, Any] | None]:
    """The rule with other settings of its kind, checked by the kind's own model beside its tags; faulty, as it was."""
    rule, path, known = placed.rule, ("limits", placed.rule.id, "settings"), numerics(placed.raw)
    unknown = [name for name in signed.settings or {} if name not in known]
    if placed.raw is None or unknown:
        allowed = (
            "one of " + ", ".join(known)
            if known
            else f"none: kind {rule.kind.value} has no numbers of its own"
        )
        faults += [read.fault((*path, name), name, allowed) for name in unknown]
        return rule, placed.raw
    raw, before = with_settings(placed.raw, signed.settings or {}), len(faults)
    document = read.document or Document("", None)
    entry = validate(model_of(raw["kind"]) or type(None), document, path, raw, faults)
    if entry is not None:
        faults += entry_faults(entry, path, roll, document)
    if len(faults) > before:
        return rule, placed.raw
    return versioned(replace(rule, **judging(entry, roll.tags))), raw


def numbers_now(rule: Rule, raw: Mapping[str, Any] | None) -> dict[str, Any]:
    """Everything that can be changed of a rule, as it is: delays in ns, numbers of its kind as ``settings.NAME``."""
    own = {f"{SETTINGS}{name}": found.written for name, found in numerics(raw).items()}
    return {**{name: getattr(rule, name) for name in changeable(rule)}, **own}


def number_faults(rules: Iterable[Placed], read: Overriding, tags: Mapping[str, Tag]) -> Iterator[Fault]:
    """What is wrong with changed numbers, beside their rule, its tag and the other limits of that tag."""
    known = {placed.rule.id: placed.rule for placed in rules}
    for name, entry in read.content.limits.items():
        rule = known.get(name)
        if rule is None:
            continue
        for key in entry.given:
            if key not in changeable(rule):
                hint = "the numbers of its kind are among its settings"
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
