"""What is allowed and still worth a look: said by ``fengsui check``, never a fault."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from gateway.config.ceilings import ceilings_of, has_ceiling
from gateway.config.load import Loaded
from gateway.config.numbers import numbers_now
from gateway.config.packs.notes import pack_notes
from gateway.config.peoplenotes import people_notes
from gateway.config.remark import Note
from gateway.config.words import number_word
from gateway.model.site import Danger, Rule, RuleKind

__all__ = ["Note", "not_judged", "notes"]
_GAS: Final = ("gas-combustible", "gas-toxic", "oxygen", "methane")
_WRONG_SIDE: Final = {RuleKind.LIMIT_HIGH: Danger.LOW}


def notes(loaded: Loaded, *, today: str, environment: Mapping[str, str]) -> list[Note]:
    """All remarks. ``today`` as ``YYYY-MM-DD``."""
    return [
        *_not_judged(loaded),
        *_rules(loaded),
        *_tags(loaded, today),
        *_same_address(loaded),
        *_empty_installations(loaded),
        *_moved_on(loaded),
        *_unsealed(loaded),
        *_parts(loaded, environment),
        *people_notes(loaded),
        *pack_notes(loaded),
    ]


def not_judged(loaded: Loaded) -> list[str]:
    """Tags of a class that must be judged by a limit and have no enabled rule."""
    judged = {tag for rule in loaded.site.rules if rule.enabled for tag in rule.tags}
    enabled = {rule.id for rule in loaded.site.rules if rule.enabled}
    return [
        t.id
        for t in loaded.site.tags
        if (t.limit_required and t.id not in judged) or not enabled.issuperset(t.required)
    ]


def _not_judged(loaded: Loaded) -> Iterator[Note]:
    for tag in not_judged(loaded):
        known = loaded.origin.listed[tag].tag
        lost = [r for r in known.required if not any(e.id == r and e.enabled for e in loaded.site.rules)]
        if lost:
            why = f"without {', '.join(lost)} it is not judged as its type {known.type} asks"
            text = f"{why}: its installation shows not-judged"
            yield _of_tag(loaded, "not-judged", tag, text)
            continue
        cls = known.cls
        text = f"class {cls} must be judged by a limit and it has none: its installation shows not-judged"
        yield _of_tag(loaded, "not-judged", tag, text)


def _rules(loaded: Loaded) -> Iterator[Note]:
    for rule in loaded.site.rules:
        for code, text in _of_rule(loaded, rule):
            placed = loaded.origin.rules[rule.id]
            yield Note(code, rule.id, f"{placed.file}:{placed.line}", text)


def _of_rule(loaded: Loaded, rule: Rule) -> Iterator[tuple[str, str]]:
    tag = loaded.origin.listed[rule.tags[0]].tag
    if not rule.enabled and not (tag.type and rule.mark == "U"):
        yield "disabled", "not enabled: nothing is judged by it"
    if rule.mark == "S" and not rule.verified_by:
        yield "to-be-signed", "its numbers are from a secondary source: to be signed in verified_by"
    if rule.mark == "E" and not rule.verified_by:
        yield "to-be-signed", f"engineering judgement ({rule.reason}): to be signed in verified_by"
    if _WRONG_SIDE.get(rule.kind) is tag.danger:
        yield "side", f"a high limit, and of class {tag.cls} the low side is the dangerous one"
    if rule.on_delay and tag.cls in _GAS and rule.kind in (RuleKind.LIMIT_HIGH, RuleKind.LIMIT_LOW):
        yield "gas-delay", "a delay makes every real gas alarm late by that time"
    limit = rule.kind in (RuleKind.LIMIT_HIGH, RuleKind.LIMIT_LOW, RuleKind.VOTE)
    if limit and not tag.type and has_ceiling(tag) and not any(c.enforced for c in ceilings_of(tag)):
        yield (
            "ceiling",
            f"no legal ceiling can be compared in {tag.unit}: check the limit against the standard",
        )


def _tags(loaded: Loaded, today: str) -> Iterator[Note]:
    for tag in loaded.site.tags:
        if tag.calibration_due and tag.calibration_due < today:
            yield _of_tag(loaded, "calibration", tag.id, f"calibration was due on {tag.calibration_due}")


def _same_address(loaded: Loaded) -> Iterator[Note]:
    rows = loaded.origin.listed.values()
    count = Counter((e.source, e.address) for e in rows)
    for entry in rows:
        if count[entry.source, entry.address] > 1:
            text = f"{count[entry.source, entry.address]} tags read {entry.source} {entry.address}"
            yield _of_tag(loaded, "same-address", entry.tag.id, text)


def _empty_installations(loaded: Loaded) -> Iterator[Note]:
    used = {tag.installation for tag in loaded.site.tags}
    for index, installation in enumerate(loaded.site.installations):
        if installation.id not in used:
            place = loaded.origin.document.place(("installations", index))
            yield Note("no-tags", installation.id, place, "has no tag: it shows not-judged")


def _moved_on(loaded: Loaded) -> Iterator[Note]:
    """Signed numbers whose rule the files now say otherwise than when they were signed."""
    for name, entry in loaded.origin.overriding.content.limits.items():
        files = numbers_now(loaded.origin.unsigned[name], loaded.origin.rules[name].raw)
        for field, was in entry.was.every.items():
            now = files[field]
            if now != was:
                kept, told = number_word(field, entry.every[field]), number_word(field, now)
                text = (
                    f"{field} {kept} was signed against {number_word(field, was)}; the files now say {told}"
                )
                yield Note("override", name, str(loaded.overrides), text)


def _unsealed(loaded: Loaded) -> Iterator[Note]:
    """Stages signed before there were seals: by hand or by an earlier version."""
    content = loaded.origin.overriding.content
    for name, entry in {**content.rules, **content.installations}.items():
        if not entry.hash:
            text = "its signed stage has no seal (from an earlier version, or written by hand): sign it once more"
            yield Note("override", name, str(loaded.overrides), text)


def _parts(loaded: Loaded, environment: Mapping[str, str]) -> Iterator[Note]:
    for section, parts in (("sources", loaded.sources), ("outputs", loaded.outputs)):
        for part in parts:
            place = loaded.origin.document.place((section, part.name))
            for code, text in _of_settings(part.settings, environment):
                yield Note(code, f"{section}.{part.name}", place, text)


def _of_settings(settings: Any, environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    values = settings.model_dump()
    for key, value in values.items():
        if key.endswith("_env") and value and value not in environment:
            yield "environment", f"the environment variable {value} ({key}) is not set here"
    if values.get("kind") == "mqtt" and str(values.get("version")) == "3.1.1" and "window" in values:
        yield (
            "mqtt-3",
            "MQTT 3.1.1 hides refused publishes: every one is read back, which is slower; prefer 5",
        )


def _of_tag(loaded: Loaded, code: str, tag: str, text: str) -> Note:
    return Note(code, tag, loaded.origin.listed[tag].row.place, text)
