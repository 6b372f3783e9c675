"""Every effective value of one tag and its rules, and where it came from: a cell, the site file, or a default."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from gateway.config.durations import spelled
from gateway.config.load import Loaded
from gateway.config.packs.catalog import Typed
from gateway.config.packs.layers import Merged
from gateway.config.signed import signed_changes
from gateway.config.source import Key
from gateway.config.taglist import Listed
from gateway.model.errors import Fault, Misconfigured
from gateway.model.signed import SignedChange
from gateway.model.site import Rule, RuleKind

BUILT_IN: Final = "built-in default"
_CELLS: Final = (
    "raw",
    "type",
    "description",
    "class",
    "unit",
    "installation",
    "source",
    "address",
    "signal",
    "low",
    "high",
)
_COMPARES: Final = {RuleKind.LIMIT_HIGH: ">=", RuleKind.LIMIT_LOW: "<="}
_RATES: Final = (RuleKind.RATE_RISE, RuleKind.RATE_FALL)


@dataclass(frozen=True, slots=True)
class Effective:
    """One value in force."""

    what: str
    value: str
    where: str


def explain(loaded: Loaded, tag: str) -> list[Effective]:
    """The tag's own settings, then its rules.

    Raises:
        Misconfigured: no such tag.
    """
    listed = loaded.origin.listed.get(tag)
    if listed is None:
        allowed = "the id of a tag in the tag lists"
        raise Misconfigured([Fault(str(loaded.path), None, "--explain", repr(tag), allowed)])
    rules = [rule for rule in loaded.site.rules if tag in rule.tags]
    signed = [c for c in signed_changes(loaded) if c.part == "rules"]
    return [
        *_tag(loaded, listed),
        *(e for rule in rules for e in _rule(loaded, listed, rule)),
        *(_signed(loaded, c) for rule in rules for c in signed if c.id == rule.id),
    ]


def _signed(loaded: Loaded, change: SignedChange) -> Effective:
    where = f"{loaded.overrides}, instead of {change.old} ({change.by}, {change.second} {change.time})"
    return Effective(f"{change.id} {change.field}", change.new, where)


def _tag(loaded: Loaded, listed: Listed) -> Iterator[Effective]:
    row, tag = listed.row, listed.tag
    typed = loaded.origin.catalog.types.get(row.get("type"))
    for column in _CELLS:
        if row.get(column):
            where = row.place if column in listed.written or typed is None else _of_type(typed)
            yield Effective(column, row.get(column), where)
    scale = f"raw * {tag.gain:g} + {tag.offset:g}"
    yield Effective("scale", scale, row.place if row.get("raw_low") else BUILT_IN)
    default = _written(loaded, ("sources", listed.source), "period")
    if default == BUILT_IN:
        default = _written(loaded, ("defaults",), "period")
    yield Effective("period", spelled(tag.period), row.place if row.get("period") else default)
    aged = _written(loaded, ("defaults",), "max_age_periods")
    yield Effective("max_age", spelled(tag.max_age), row.place if row.get("max_age") else aged)
    share = "1 % of the range, " + BUILT_IN
    yield Effective("deadband", f"{listed.deadband:g}", row.place if row.get("deadband") else share)
    if tag.frozen_window:
        yield Effective("frozen", f"{spelled(tag.frozen_window)} within {tag.frozen_band:g}", row.place)


def _of_type(typed: Typed) -> str:
    return typed.pack.document.place(("types", typed.name)) + f" (types.{typed.name})"


def _rule(loaded: Loaded, listed: Listed, rule: Rule) -> Iterator[Effective]:
    inherited = loaded.origin.catalog.inherited.get(rule.id)
    if inherited is not None:
        yield from _inherited(rule, listed, inherited)
        return
    placed = loaded.origin.rules[rule.id]
    where = f"{placed.file}:{placed.line}"
    yield Effective(rule.id, _judges(rule, listed.tag.unit), where)
    column = rule.name if rule.id == f"{listed.tag.id}.{rule.name}" and rule.name in listed.limits else ""
    level = _written(loaded, ("limits",), column) if column else where
    yield Effective(f"{rule.id} level", f"{rule.level.word}, priority {rule.priority}", level)
    delays = f"on {spelled(rule.on_delay)}, off {spelled(rule.off_delay)}"
    given = not column or listed.row.get("on_delay") or listed.row.get("off_delay")
    yield Effective(f"{rule.id} delay", delays, where if given else BUILT_IN)


def _inherited(rule: Rule, listed: Listed, merged: Merged) -> Iterator[Effective]:
    """A rule of a pack: what it judges by, then each of its values with where it is written."""
    kind = merged.places.get("kind")
    yield Effective(rule.id, _judges(rule, listed.tag.unit), str(kind) if kind else BUILT_IN)
    for key, value in sorted(merged.values.items()):
        if key not in ("kind", "tag", "id"):
            place = merged.places.get(key)
            yield Effective(f"{rule.id} {key}", str(value), str(place) if place else BUILT_IN)


def _judges(rule: Rule, unit: str) -> str:
    numbers: dict[str, Any] = {"state": f"is one of {', '.join(map(str, rule.values))}"}
    if rule.kind in _COMPARES:
        numbers[rule.kind.value] = (
            f"{_COMPARES[rule.kind]} {rule.trigger:g} {unit}, again inside {rule.reset:g}"
        )
    elif rule.kind in _RATES:
        numbers[rule.kind.value] = (
            f">= {rule.trigger:g} {unit}/s over {spelled(rule.window)}, again {rule.reset:g}"
        )
    elif rule.kind is RuleKind.VOTE:
        numbers["vote"] = (
            f"{rule.needed} of {len(rule.tags)} beyond {rule.trigger:g} {unit}, again {rule.reset:g}"
        )
    elif rule.kind is RuleKind.DISCREPANCY:
        numbers["discrepancy"] = f"{rule.tags[0]} differs from {rule.tags[1]}"
    state = "" if rule.enabled else " (not enabled)"
    return f"{rule.kind.value} {numbers.get(rule.kind.value) or _settings(rule)}{state}; {rule.stage.value}"


def _settings(rule: Rule) -> str:
    """Of a kind with settings of its own: its numbers by name."""
    return ", ".join(
        f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in rule.settings
    )


def _written(loaded: Loaded, base: Key, key: str) -> str:
    """Where a setting of the site file stands, or that it is built in."""
    path = (*base, key)
    document = loaded.origin.document
    return f"{document.place(path)} ({'.'.join(map(str, path))})" if path in document.lines else BUILT_IN
