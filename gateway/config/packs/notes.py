"""What a site's packs leave to its engineer: numbers to give, numbers to verify, numbers to sign."""

from collections.abc import Iterator
from dataclasses import replace

from gateway.config.ceilings import breaches
from gateway.config.durations import spelled
from gateway.config.load import Loaded
from gateway.config.packs.installed import ceilings_of_packs
from gateway.config.remark import Note
from gateway.config.taglist import LIMITS
from gateway.model.site import Rule, RuleKind
from gateway.model.times import NS


def pack_notes(loaded: Loaded) -> Iterator[Note]:
    """One remark for each rule without its number and each that is not verified."""
    for unset in loaded.origin.catalog.unset:
        name = unset.rule.rpartition(".")[2]
        kind = loaded.origin.listed[unset.tag].tag.type
        column = f", or the column {name} of the tag list" if name in LIMITS else ""
        text = (
            f"its number is the site's to give: types.{kind.rpartition('.')[2]}.{name} of the site file "
            f"or of its installation{column}; until then it is not judged"
        )
        yield Note("to-be-set", unset.rule, str(unset.place), text)
    for rule in loaded.site.rules:
        if rule.id in loaded.origin.catalog.inherited and rule.mark == "U" and not rule.verified_by:
            placed = loaded.origin.rules[rule.id]
            yield Note("to-verify", rule.id, f"{placed.file}:{placed.line}", verifying(rule))
    yield from _looser(loaded)


def _looser(loaded: Loaded) -> Iterator[Note]:
    """Limits beyond a ceiling that is not enforced because nobody has compared it: silence would look like consent."""
    catalog = loaded.origin.catalog
    # of all of them: what is beyond an enforced one was refused, and is not here
    as_if = [replace(c, mark="S") for c in ceilings_of_packs(catalog)]
    tags = {tag.id: tag for tag in loaded.site.tags}
    for breach in breaches(loaded.site.rules, tags, as_if, catalog.substances):
        placed = loaded.origin.rules[breach.rule.id]
        text = (
            f"{breach.number:g} is looser than {breach.ceiling.words}, which is not enforced while it is "
            f"unverified: compare {breach.ceiling.standard}"
        )
        yield Note("unverified-ceiling", breach.rule.id, f"{placed.file}:{placed.line}", text)


def verifying(rule: Rule) -> str:
    """What an engineer must look up before a rule marked U is judged by."""
    where = " ".join(x for x in (rule.standard, rule.clause, rule.edition) if x) or rule.reason
    return (
        f"unverified and not enabled: compare {_number(rule)} with {where}, then name yourself in verified_by"
    )


def _number(rule: Rule) -> str:
    """What it judges by, as it is written: a time of a dwell is no 7200."""
    if rule.kind is RuleKind.DWELL:
        return spelled(round(rule.trigger * NS))
    return "its settings" if rule.kind is RuleKind.MOVING_LIMIT else f"{rule.trigger:g}"
