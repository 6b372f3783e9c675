"""Limit columns and the ``rules`` section to rules. Each limit is its own rule; each carries its own version."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Final

from gateway.config.schema import LimitColumn, Limits, RuleEntry
from gateway.config.source import Document, Key
from gateway.config.taglist import Listed
from gateway.model.errors import Fault
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
DEADBAND_SHARE: Final = 0.01
"""Deadband where the list gives none: this share of the range (0 without a range)."""


def versioned(rule: Rule) -> Rule:
    """The rule with its version: first 12 hex digits of the SHA-256 of its settings."""
    settings = {**asdict(rule), "version": ""}
    text = json.dumps(settings, sort_keys=True, ensure_ascii=False, default=str)
    return replace(rule, version=hashlib.sha256(text.encode()).hexdigest()[:12])


def limit_rules(listed: Listed, limits: Limits) -> list[Rule]:
    """The rules of one row's limit columns."""
    tag, band = listed.tag, listed.deadband
    if band is None:
        band = (tag.high - tag.low) * DEADBAND_SHARE if tag.high is not None and tag.low is not None else 0.0
    rules = []
    for name, trigger in listed.limits.items():
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
                reset=trigger - band if high else trigger + band,
                on_delay=listed.on_delay,
                off_delay=listed.off_delay,
                latched=column.latched,
                raise_level=_raise(column.raise_level),
                description=tag.description,
                guidance=listed.guidance,
            )
        )
    return [versioned(r) for r in rules]


def _raise(pairs: Sequence[tuple[int, str]]) -> tuple[tuple[int, Level], ...]:
    return tuple((after, Level.parse(word)) for after, word in sorted(pairs))


def entry_rules(
    entries: Sequence[RuleEntry], tags: Mapping[str, Tag], document: Document
) -> tuple[list[Rule], list[Fault]]:
    """The rules of the ``rules`` section, and what is wrong with them."""
    rules, faults = [], []
    for index, entry in enumerate(entries):
        path: Key = ("rules", index)
        members = _members(entry)
        wrong = _entry_faults(entry, members, tags, document, path)
        faults += wrong
        if not wrong:
            rules.append(versioned(_entry_rule(entry, members, tags[members[0]])))
    return rules, faults


def _members(entry: RuleEntry) -> tuple[str, ...]:
    if entry.kind == "discrepancy":
        return (entry.command or "", entry.feedback or "")
    return entry.tags if entry.kind == "vote" else (entry.tag or "",)


def _entry_faults(
    entry: RuleEntry, members: Sequence[str], tags: Collection[str], document: Document, path: Key
) -> list[Fault]:
    hint = "check the id/编号 column of the tag lists"
    faults = [
        document.fault(path, m, "the id of a tag in the tag lists", hint) for m in members if m not in tags
    ]
    if entry.kind == "vote" and entry.needed is not None and entry.needed > len(members):
        faults.append(document.fault((*path, "needed"), entry.needed, f"1 to {len(members)} (the members)"))
    if any(not 0 <= v <= 63 for v in entry.values):
        faults.append(document.fault((*path, "values"), entry.values, "whole numbers 0 to 63"))
    if entry.trigger is not None and entry.reset is not None and _crossed(entry):
        faults.append(
            document.fault((*path, "reset"), entry.reset, f"on the normal side of trigger {entry.trigger:g}")
        )
    if entry.kind.startswith("rate") and entry.window <= 0:
        faults.append(document.fault((*path, "window"), entry.window, "more than 0"))
    return faults


def _crossed(entry: RuleEntry) -> bool:
    low = entry.kind == "limit-low" or (entry.kind == "vote" and entry.side == "low")
    trigger, reset = entry.trigger or 0.0, entry.reset or 0.0
    return reset < trigger if low else reset > trigger


def _entry_rule(entry: RuleEntry, members: tuple[str, ...], first: Tag) -> Rule:
    kind = RuleKind(entry.kind)
    scale = 1 / PER[entry.per] if kind in (RuleKind.RATE_RISE, RuleKind.RATE_FALL) else 1.0
    settings: dict[str, Any] = {
        "trigger": (entry.trigger or 0.0) * scale,
        "reset": (entry.reset or 0.0) * scale,
        "on_delay": entry.on_delay,
        "off_delay": entry.off_delay,
        "window": entry.window if kind in (RuleKind.RATE_RISE, RuleKind.RATE_FALL) else 0,
        "values": entry.values,
        "needed": entry.needed or 0,
        "degrade": Degrade(entry.degrade),
        "danger_low": entry.side == "low",
        "latched": entry.latched,
        "raise_level": _raise(entry.raise_level),
        "stage": Stage(entry.stage),
        "enabled": entry.enabled,
        "guidance": entry.guidance,
        "standard": entry.standard,
        "clause": entry.clause,
        "mark": entry.mark,
        "verified_by": entry.verified_by,
    }
    return Rule(
        id=entry.id,
        name=entry.id.rsplit(".", 1)[1] if "." in entry.id else NAMES[kind],
        kind=kind,
        subject=entry.group or members[0] if kind is RuleKind.VOTE else members[-1],
        tags=members,
        installation=first.installation,
        level=Level.parse(entry.level),
        priority=entry.priority,
        description=entry.description or first.description,
        **settings,
    )
