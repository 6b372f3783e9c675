"""What a changed configuration leaves as it was."""

from collections.abc import Set as AbstractSet
from dataclasses import replace

from gateway.conditioning.stage import Conditioner
from gateway.model.levels import Level, Stage
from gateway.model.site import Rule, Site, Tag


def same_tags(new: Site, stage: Conditioner, old: Site, old_stage: Conditioner) -> list[tuple[int, int]]:
    """Tags of the same id that are conditioned alike and hang on the same links: (row in new, row in old)."""
    there = old.tag_index
    pairs = [(row, there[tag.id]) for row, tag in enumerate(new.tags) if tag.id in there]
    alike = [
        (n, o) for n, o in pairs if _wired(new.tags[n]) == _wired(old.tags[o]) and stage.same(n, old_stage, o)
    ]  # fmt: skip
    return _with_inputs(new, stage, alike)


def _wired(tag: Tag) -> tuple[object, ...]:
    """Where it comes from: another address is another measurement."""
    return tag.links, tag.source, tag.address


def _with_inputs(new: Site, stage: Conditioner, pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Without computed tags of which an input begins anew; and so on up the chain."""
    kept = {n for n, _ in pairs}
    while True:
        lost = {n for n in kept if any(new.tag_index[t] not in kept for t in stage.inputs(n))}
        if not lost:
            return [(n, o) for n, o in pairs if n in kept]
        kept -= lost


def same_rules(new: Site, old: Site, tags: AbstractSet[int]) -> list[tuple[int, int]]:
    """Rules of the same id that judge the same tags in the same way: (row in new, row in old)."""
    there, index = old.rule_index, new.tag_index
    pairs = [(row, there[rule.id]) for row, rule in enumerate(new.rules) if rule.id in there]
    return [
        (n, o)
        for n, o in pairs
        if _judged(new.rules[n]) == _judged(old.rules[o]) and all(index[t] in tags for t in new.rules[n].tags)
    ]


def _judged(rule: Rule) -> Rule:
    """The rule without what only the alarm stage reads."""
    return replace(
        rule, name="", subject="", installation="", level=Level.BLUE, priority=0, latched=False, raise_level=(),
        stage=Stage.LIVE, description="", guidance="", standard="", clause="", mark="", verified_by="", version="",
        highly_managed=False, instrument=False, suppressed_while=(), disposal_due=0, first_out="", re_alarm=0,
        modifies="",
    )  # fmt: skip
