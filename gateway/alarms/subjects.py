"""What an occurrence is about: a rule, an instrument, a link or the gateway itself, and what its events say of it."""

from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final

from gateway.model.events import Occurrence
from gateway.model.levels import Level, Stage
from gateway.model.site import ID_PATTERN, Rule, RuleKind, Site

BRANCHES: Final = 8
"""Open occurrences one rule may have. One more raise announces the latest again (re-alarm): a chattering signal that
nobody acknowledges must not fill the memory, and the alarm is announced all the same."""
SYSTEM: Final = "system"
_WITHOUT_LIMIT: Final = frozenset({RuleKind.STATE, RuleKind.DISCREPANCY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The fixed part of an occurrence's events. ``steps``: (ns in alarm, level it then rises to)."""

    rule: str
    version: str
    name: str
    tag: str
    installation: str
    kind: str
    level: Level
    priority: int
    fault: bool = False
    shadow: bool = False
    description: str = ""
    cls: str = ""
    unit: str = ""
    limit: float | None = None
    reset: float | None = None
    guidance: str = ""
    members: tuple[str, ...] = ()
    latched: bool = False
    steps: tuple[tuple[int, Level], ...] = ()
    branches: int = 1
    disposal_due: int = 0
    """ns to close the loop in; 0: none is asked for"""
    report_due: tuple[tuple[Level, int], ...] = ()
    """levels at which the event is a major one, and ns to make both reports in"""
    highly_managed: bool = False
    """suppressed by two persons only"""
    first_out: str = ""
    re_alarm: int = 0
    suppressed_while: tuple[str, ...] = ()
    """rules whose active condition suppresses this one by design"""


_SAID: Final = (
    "installation", "tag", "description", "cls", "unit", "rule", "kind", "fault", "shadow", "level", "priority",
    "guidance",
)  # fmt: skip
_said = attrgetter(*_SAID)


def about(what: Subject | Occurrence) -> dict[str, Any]:
    """Fields of an event that say what it is about, by name."""
    return dict(zip(_SAID, _said(what), strict=True))


def shadow_places(site: Site) -> frozenset[str]:
    """Installations that are judged but not announced."""
    return frozenset(i.id for i in site.installations if i.stage is Stage.SHADOW)


def of_rule(site: Site, rule: Rule) -> Subject:
    """Subject of a process alarm, or of a fault where the rule is about an instrument."""
    row = site.tag_index.get(rule.tags[0]) if rule.tags else None
    tag = site.tags[row] if row is not None else None
    limited = rule.kind not in _WITHOUT_LIMIT
    return Subject(
        rule=rule.id,
        version=rule.version,
        name=rule.name,
        tag=rule.subject,
        installation=rule.installation,
        kind=rule.kind.value,
        level=rule.level,
        priority=rule.priority,
        fault=rule.instrument,
        shadow=rule.stage is Stage.SHADOW or rule.installation in shadow_places(site),
        description=rule.description or (tag.description if tag else ""),
        cls=tag.cls if tag else "",
        unit=tag.unit if tag else "",
        limit=rule.trigger if limited else None,
        reset=rule.reset if limited else None,
        guidance=rule.guidance,
        members=rule.tags if len(rule.tags) > 1 else (),
        latched=rule.latched,
        steps=rule.raise_level,
        branches=BRANCHES,
        disposal_due=rule.disposal_due,
        report_due=site.report_due,
        highly_managed=rule.highly_managed,
        suppressed_while=rule.suppressed_while,
        first_out=rule.first_out,
        re_alarm=rule.re_alarm,
    )


def topic_safe(word: str) -> str:
    """``output.county`` -> ``output-county``: allowed as a topic level."""
    safe = "".join(c if ID_PATTERN.fullmatch(c) else "-" for c in word)[:64]
    return safe or "-"
