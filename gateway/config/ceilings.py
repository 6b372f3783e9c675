"""Legal ceilings of alarm limits, as data with their source and a mark; a limit beyond one is refused.

Mark V: read in the standard; S: secondary source; both are enforced. U: unverified, listed and never enforced.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from gateway.config.packs.schema import SubstanceEntry
from gateway.config.substances import convert
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
    type: str = ""
    """point type it speaks of, ``pack.type``; empty: every tag of the class"""

    @property
    def enforced(self) -> bool:
        """Unverified numbers are never enforced."""
        return self.mark in ("V", "S", "E")

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
IDLH: Final = "%IDLH"
_NEARLY: Final = 1e-9
"""of a bound: what converting costs in digits is not a breach"""
_LIMITS: Final = (RuleKind.LIMIT_HIGH, RuleKind.LIMIT_LOW)


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule whose trigger lies beyond a ceiling."""

    rule: Rule
    ceiling: Ceiling
    number: float
    """what lies beyond it"""

    @property
    def hint(self) -> str:
        """Where the number comes from."""
        c = self.ceiling
        kind = "read in the standard" if c.mark == "V" else "from a secondary source"
        return f"{c.standard} ({kind}): a site may set it stricter, never looser"


def breaches(
    rules: Sequence[Rule],
    tags: Mapping[str, Tag],
    more: Sequence[Ceiling] = (),
    substances: Mapping[str, SubstanceEntry] = MappingProxyType({}),
) -> Iterator[Breach]:
    """Every enabled limit or vote beyond an enforced ceiling, compared in the class's unit; one breach a rule.

    ``more`` are ceilings of packs; ``substances`` those by which a gas's limits are converted.
    """
    judged = _judged(rules)
    beside: dict[tuple[tuple[str, ...], RuleKind], list[Rule]] = defaultdict(list)
    for rule in judged:
        beside[rule.tags, rule.kind].append(rule)
    for rule in judged:
        tag = tags[rule.tags[0]]
        first = _is_first(rule, beside[rule.tags, rule.kind])
        for ceiling in _of(tag, more):
            applies = ceiling.high == _high(rule) and (ceiling.order is Order.FURTHER or first)
            bound = _bound(ceiling, tag, substances)
            if bound is None or not applies or not ceiling.enforced:
                continue
            plain = [r for kind in _LIMITS for r in beside[rule.tags[:1], kind] if _high(r) == ceiling.high]
            number = _compared(rule, ceiling, bound, plain)
            if _beyond(number, ceiling, bound):
                yield Breach(rule, ceiling, number)
                break


def _beyond(number: float, ceiling: Ceiling, bound: float) -> bool:
    return number - bound > _NEARLY * bound if ceiling.high else bound - number > _NEARLY * bound


def _compared(rule: Rule, ceiling: Ceiling, bound: float, plain: Sequence[Rule]) -> float:
    """What must keep to the ceiling: the trigger; of a limit by state the loosest of all states, but for a first alarm
    that a plain limit of the tag gives in every state.
    """
    triggers = dict(rule.settings).get("triggers")
    held = any(r.stage is Stage.LIVE and not _beyond(r.trigger, ceiling, bound) for r in plain)
    if not isinstance(triggers, tuple) or (ceiling.order is Order.FIRST and held):
        return rule.trigger
    return max(triggers) if ceiling.high else min(triggers)


def uncomparable(
    rules: Sequence[Rule],
    tags: Mapping[str, Tag],
    more: Sequence[Ceiling],
    substances: Mapping[str, SubstanceEntry],
) -> Iterator[tuple[Rule, Ceiling]]:
    """Limits of tags with a point type that no ceiling of their class can be compared with: these are faults."""
    for rule in _judged(rules):
        tag = tags[rule.tags[0]]
        mine = [c for c in _of(tag, more) if c.enforced and c.high == _high(rule)]
        if tag.type and mine and all(_bound(c, tag, substances) is None for c in mine):
            yield rule, mine[0]


def _judged(rules: Sequence[Rule]) -> list[Rule]:
    kinds = (*_LIMITS, RuleKind.VOTE, RuleKind.STATE_LIMIT)
    return [r for r in rules if r.enabled and r.kind in kinds]


def _of(tag: Tag, more: Sequence[Ceiling]) -> list[Ceiling]:
    """Ceilings of its class or its type, in whatever unit. A type's own come before those of the class."""
    typed = [c for c in more if c.type and c.type == tag.type]
    return typed or [c for c in (*CEILINGS, *more) if c.cls == tag.cls and not c.type]


def _bound(ceiling: Ceiling, tag: Tag, substances: Mapping[str, SubstanceEntry]) -> float | None:
    """The ceiling in the tag's unit."""
    unit = SAME_UNIT.get((tag.cls, tag.unit), tag.unit)
    if (ceiling.unit == IDLH) != (unit == IDLH):
        return None  # shares of the IDLH hold only where the detector's range cannot reach the exposure limit
    return convert(ceiling.bound, ceiling.unit, unit, substances.get(tag.substance))


def ceilings_of(tag: Tag) -> list[Ceiling]:
    """Ceilings that can be compared with this tag's limits: of its class, in its unit."""
    unit = SAME_UNIT.get((tag.cls, tag.unit), tag.unit)
    return [c for c in CEILINGS if c.cls == tag.cls and c.unit == unit]


def has_ceiling(tag: Tag) -> bool:
    """Its class has an enforced ceiling, in whatever unit."""
    return any(c.cls == tag.cls and c.enforced for c in CEILINGS)


def _high(rule: Rule) -> bool:
    if rule.kind is RuleKind.STATE_LIMIT:
        return not dict(rule.settings).get("low")
    return rule.kind is RuleKind.LIMIT_HIGH or (rule.kind is RuleKind.VOTE and not rule.danger_low)


def _is_first(rule: Rule, beside: Sequence[Rule]) -> bool:
    """No live limit ``beside`` it (same tag and side) lies nearer to normal; a vote is never the first."""
    if rule.kind is RuleKind.VOTE:
        return False
    same = [r.trigger for r in beside if r.stage is Stage.LIVE]
    nearest = min(same, default=rule.trigger) if _high(rule) else max(same, default=rule.trigger)
    return rule.trigger <= nearest if _high(rule) else rule.trigger >= nearest
