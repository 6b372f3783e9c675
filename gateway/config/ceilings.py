"""Legal ceilings of alarm limits, as data with their source and a mark; a limit beyond one is refused.

Mark V: read in the standard; S: secondary source; both are enforced. U: unverified, listed and never enforced.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from gateway.model.levels import Stage
from gateway.model.site import Rule, RuleKind, Tag


class Order(StrEnum):
    """Which of a tag's limits on one side a ceiling speaks of."""

    FIRST = "first"
    """the limit nearest to normal"""
    FURTHER = "second"
    """every limit of that side, so also the last one"""


@dataclass(frozen=True, slots=True)
class Ceiling:
    """``bound`` in ``unit``: a high limit must not lie above, a low limit not below it."""

    cls: str
    high: bool
    order: Order
    bound: float
    unit: str
    standard: str
    mark: str

    @property
    def enforced(self) -> bool:
        """Unverified numbers are never enforced."""
        return self.mark in ("V", "S")

    @property
    def words(self) -> str:
        """``at most 25 %LEL for the first alarm``."""
        side = "at most" if self.high else "at least"
        return f"{side} {self.bound:g} {self.unit} for the {self.order.value} alarm"


_GAS: Final = "GB/T 50493-2019"
CEILINGS: Final = (
    Ceiling("gas-combustible", True, Order.FIRST, 25.0, "%LEL", _GAS, "S"),
    Ceiling("gas-combustible", True, Order.FURTHER, 50.0, "%LEL", _GAS, "S"),
    Ceiling("gas-combustible", True, Order.FIRST, 1.0, "LEL·m", _GAS, "U"),
    Ceiling("gas-combustible", True, Order.FURTHER, 2.0, "LEL·m", _GAS, "U"),
    Ceiling("gas-toxic", True, Order.FIRST, 100.0, "%OEL", _GAS, "S"),
    Ceiling("gas-toxic", True, Order.FURTHER, 200.0, "%OEL", _GAS, "S"),
    Ceiling("gas-toxic", True, Order.FIRST, 5.0, "%IDLH", _GAS, "S"),
    Ceiling("gas-toxic", True, Order.FURTHER, 10.0, "%IDLH", _GAS, "S"),
    Ceiling("oxygen", False, Order.FIRST, 19.5, "%vol", _GAS, "S"),
    Ceiling("oxygen", True, Order.FIRST, 23.5, "%vol", _GAS, "S"),
)
SAME_UNIT: Final = MappingProxyType({("oxygen", "%"): "%vol"})
"""(class, unit) that is another name of a ceiling's unit."""
_LIMITS: Final = (RuleKind.LIMIT_HIGH, RuleKind.LIMIT_LOW)


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule whose trigger lies beyond a ceiling."""

    rule: Rule
    ceiling: Ceiling

    @property
    def hint(self) -> str:
        """Where the number comes from."""
        c = self.ceiling
        kind = "read in the standard" if c.mark == "V" else "from a secondary source"
        return f"{c.standard} ({kind}): a site may set it stricter, never looser"


def breaches(rules: Sequence[Rule], tags: Mapping[str, Tag]) -> Iterator[Breach]:
    """Every enabled limit or vote beyond an enforced ceiling, compared in the class's unit; one breach a rule."""
    judged = [r for r in rules if r.enabled and (r.kind in _LIMITS or r.kind is RuleKind.VOTE)]
    beside: dict[tuple[tuple[str, ...], RuleKind], list[Rule]] = defaultdict(list)
    for rule in judged:
        beside[rule.tags, rule.kind].append(rule)
    for rule in judged:
        tag = tags[rule.tags[0]]
        first = _is_first(rule, beside[rule.tags, rule.kind])
        for ceiling in ceilings_of(tag):
            applies = ceiling.high == _high(rule) and (ceiling.order is Order.FURTHER or first)
            beyond = rule.trigger > ceiling.bound if ceiling.high else rule.trigger < ceiling.bound
            if applies and beyond and ceiling.enforced:
                yield Breach(rule, ceiling)
                break


def ceilings_of(tag: Tag) -> list[Ceiling]:
    """Ceilings that can be compared with this tag's limits: of its class, in its unit."""
    unit = SAME_UNIT.get((tag.cls, tag.unit), tag.unit)
    return [c for c in CEILINGS if c.cls == tag.cls and c.unit == unit]


def has_ceiling(tag: Tag) -> bool:
    """Its class has an enforced ceiling, in whatever unit."""
    return any(c.cls == tag.cls and c.enforced for c in CEILINGS)


def _high(rule: Rule) -> bool:
    return rule.kind is RuleKind.LIMIT_HIGH or (rule.kind is RuleKind.VOTE and not rule.danger_low)


def _is_first(rule: Rule, beside: Sequence[Rule]) -> bool:
    """No live limit ``beside`` it (same tag and side) lies nearer to normal; a vote is never the first."""
    if rule.kind is RuleKind.VOTE:
        return False
    same = [r.trigger for r in beside if r.stage is Stage.LIVE]
    nearest = min(same, default=rule.trigger) if _high(rule) else max(same, default=rule.trigger)
    return rule.trigger <= nearest if _high(rule) else rule.trigger >= nearest
