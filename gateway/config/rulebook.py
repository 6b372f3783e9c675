"""Limit columns and the ``rules`` section to rules. Each limit is its own rule; each carries its own version."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import orjson

from gateway.config.kinds.base import KindEntry
from gateway.config.rulebase import LevelWord, RuleBase
from gateway.config.schema import LimitColumn, Limits, RuleEntry
from gateway.config.taglist import Listed, tidy
from gateway.model.levels import Level, Stage
from gateway.model.site import Degrade, Rule, RuleKind, Tag

PER: Final = {"s": 1, "min": 60, "h": 3600, "d": 86400}
NAMES: Final = {
    RuleKind.LIMIT_HIGH: "HIGH",
    RuleKind.LIMIT_LOW: "LOW",
    RuleKind.RATE_RISE: "RISE",
    RuleKind.RATE_FALL: "FALL",
    RuleKind.STATE: "STATE",
    RuleKind.DISCREPANCY: "DISC",
    RuleKind.VOTE: "VOTE",
}
UNVERIFIED: Final = "U"
"""Mark of a number that is not judged by until a named engineer has signed it."""
RATES: Final = (RuleKind.RATE_RISE, RuleKind.RATE_FALL)


def versioned(rule: Rule) -> Rule:
    """The rule with its version: first 12 hex digits of the SHA-256 of its settings."""
    settings = orjson.dumps(replace(rule, version=""), option=orjson.OPT_SORT_KEYS)
    return replace(rule, version=hashlib.sha256(settings).hexdigest()[:12])


Due = Mapping[Level, int]
"""level -> time in which an alarm of it must be disposed of, ns"""


def due_of(times: Mapping[LevelWord, int]) -> Due:
    """Deadlines by level."""
    return {Level.parse(word): time for word, time in times.items()}


def limit_rules(listed: Listed, limits: Limits, due: Due, typed: Collection[str] = frozenset()) -> list[Rule]:
    """The rules of one row's limit columns; ``typed`` are columns that only change a rule of its point type."""
    tag, band, cell = listed.tag, listed.deadband, listed.row.get
    rules = []
    for name, trigger in listed.limits.items():
        if name in typed:
            continue
        column: LimitColumn = getattr(limits, name)
        high = name.startswith("H")
        rules.append(
            Rule(
                id=f"{tag.id}.{name}",
                name=name,
                kind=RuleKind.LIMIT_HIGH if high else RuleKind.LIMIT_LOW,
                subject=tag.id,
                tags=(tag.id,),
                installation=tag.installation,
                level=Level.parse(column.level),
                priority=column.priority,
                trigger=trigger,
                reset=min(trigger, tidy(trigger - band)) if high else max(trigger, tidy(trigger + band)),
                on_delay=listed.on_delay,
                off_delay=listed.off_delay,
                latched=column.latched,
                highly_managed=column.highly_managed,
                first_out=column.first_out,
                re_alarm=column.re_alarm,
                disposal_due=due.get(Level.parse(column.level), 0),
                raise_level=_raise(column.raise_level),
                description=tag.description,
                guidance=listed.guidance,
                enabled=cell("mark") != UNVERIFIED or bool(cell("verified_by")),
                standard=cell("standard"),
                clause=cell("clause"),
                mark=cell("mark"),
                verified_by=cell("verified_by"),
            )
        )
    return [versioned(r) for r in rules]


def _raise(pairs: Sequence[tuple[int, str]]) -> tuple[tuple[int, Level], ...]:
    return tuple((after, Level.parse(word)) for after, word in sorted(pairs))


def entry_rule(entry: RuleEntry | KindEntry, tags: Mapping[str, Tag], due: Due) -> Rule:
    """One entry of the ``rules`` section, already checked, as a rule."""
    members = members_of(entry)
    rule = _rule(entry, members, tags[members[0]], judging(entry, tags))
    return versioned(replace(rule, disposal_due=due.get(rule.level, 0)))


def members_of(entry: RuleEntry | KindEntry) -> tuple[str, ...]:
    """The tags it judges, in order: command before feedback."""
    if isinstance(entry, KindEntry):
        return tuple(member.tag for member in entry.members())
    if entry.kind == "discrepancy":
        return (entry.command or "", entry.feedback or "")
    return entry.tags if entry.kind == "vote" else (entry.tag or "",)


def name_of(entry: RuleEntry | KindEntry) -> str:
    """What follows the last dot of its id, or a name by its kind."""
    if "." in entry.id:
        return entry.id.rsplit(".", 1)[1]
    return entry.short if isinstance(entry, KindEntry) else NAMES[RuleKind(entry.kind)]


def subject_of(entry: RuleEntry | KindEntry) -> str:
    """The tag or group it is published under; of a discrepancy the feedback."""
    if isinstance(entry, KindEntry):
        return entry.subject()
    return (entry.group or "") if entry.kind == "vote" else members_of(entry)[-1]


def judging(entry: RuleEntry | KindEntry, tags: Mapping[str, Tag]) -> dict[str, Any]:
    """What the rule has of the entry's own kind, by the rule's names."""
    return _own(entry, tags) if isinstance(entry, KindEntry) else _classic(entry)


def _own(entry: KindEntry, tags: Mapping[str, Tag]) -> dict[str, Any]:
    """What a kind with settings of its own has."""
    trigger, reset = entry.limits()
    return {
        "trigger": trigger,
        "reset": reset,
        "settings": tuple(sorted(entry.settings_for(tags).items())),
        "roles": tuple(member.role for member in entry.members()),
    }


def _classic(entry: RuleEntry) -> dict[str, Any]:
    """What the first seven kinds have."""
    rate = RuleKind(entry.kind) in RATES
    scale = 1 / PER[entry.per] if rate else 1.0
    return {
        "trigger": (entry.trigger or 0.0) * scale,
        "reset": (entry.reset or 0.0) * scale,
        "window": entry.window if rate else 0,
        "values": entry.values,
        "needed": entry.needed or 0,
        "degrade": Degrade(entry.degrade),
        "danger_low": entry.side == "low",
    }


def _rule(entry: RuleEntry | KindEntry, members: tuple[str, ...], first: Tag, own: Mapping[str, Any]) -> Rule:
    return Rule(
        id=entry.id,
        name=name_of(entry),
        kind=RuleKind(entry.kind),
        subject=subject_of(entry),
        tags=members,
        installation=first.installation,
        description=entry.description or first.description,
        **_announced(entry),
        **own,
    )


def _announced(entry: RuleBase) -> dict[str, Any]:
    """What all kinds have: delays, and how people are told."""
    return {
        "on_delay": entry.on_delay,
        "off_delay": entry.off_delay,
        "level": Level.parse(entry.level),
        "priority": entry.priority,
        "latched": entry.latched,
        "highly_managed": entry.highly_managed,
        "instrument": entry.instrument,
        "suppressed_while": entry.suppressed_while,
        "first_out": entry.first_out,
        "re_alarm": entry.re_alarm,
        "modifies": entry.modifies,
        "raise_level": _raise(entry.raise_level),
        "stage": Stage(entry.stage),
        "enabled": entry.enabled,
        "guidance": entry.guidance,
        "card": entry.card,
        "standard": entry.standard,
        "clause": entry.clause,
        "edition": entry.edition,
        "reason": entry.reason,
        "mark": entry.mark,
        "verified_by": entry.verified_by,
    }
