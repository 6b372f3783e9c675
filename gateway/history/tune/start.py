"""Where tuning may begin, and what it never touches."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from gateway.config.ceilings import has_ceiling
from gateway.model.site import Rule, RuleKind, Tag
from gateway.model.times import seconds

NEVER_CLASSES: Final = frozenset({"gas-combustible", "gas-toxic", "oxygen", "methane"})
"""Gas alarms: a delay or a wider dead band to lower a count is refused, whoever asks (standards: never lengthen a
gas-detector or statutory alarm)."""
KINDS: Final = (RuleKind.LIMIT_HIGH, RuleKind.LIMIT_LOW)
"""Kinds whose number is the value itself, so that a dead band is a distance in it."""
LONGEST_ON: Final = seconds(60)
"""No on-delay above this is proposed: advice is "a few seconds to about a minute" (EEMUA 191, mark S)."""


@dataclass(frozen=True, slots=True)
class Start:
    """Starting values for one class: dead band in percent of span (mark S), delay in ns (mark U)."""

    band: float
    delay: int

    @property
    def words(self) -> str:
        """With their marks."""
        return f"{self.band:g} % (S), {self.delay // 10**9:g} s (U)"


STARTS: Final = MappingProxyType(
    {
        "flow": Start(5.0, seconds(15)),
        "level": Start(5.0, seconds(60)),
        "pressure": Start(2.0, seconds(15)),
        "temperature": Start(1.0, seconds(60)),
    }
)
"""ISA-18.2 / EEMUA 191 starting values by signal, to be tuned from site data: dead bands S (secondary source), delays U
(unverified: shown, and used only as an upper bound)."""


def untouched(rule: Rule, tag: Tag) -> str:
    """Why a rule is not tuned; empty if it may be."""
    if tag.cls in NEVER_CLASSES or has_ceiling(tag):
        return f"class {tag.cls}: gas alarms are never tuned"
    if rule.standard:
        return f"its limit comes from {rule.standard}: statutory alarms are never tuned"
    if rule.kind not in KINDS or len(rule.tags) != 1:
        return f"kind {rule.kind}: only limits have a dead band in the value"
    return ""


def longest_on(rule: Rule, tag: Tag) -> int:
    """The longest on-delay that may be proposed, ns: none for the highest priority, where every second counts."""
    if rule.priority == 1:
        return rule.on_delay
    start = STARTS.get(tag.cls)
    return max(rule.on_delay, min(LONGEST_ON, start.delay if start else LONGEST_ON))
