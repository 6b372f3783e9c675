"""The rules as they judge: as written, with what two persons signed, checked against all else."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from gateway.config.asides import set_aside_faults
from gateway.config.ceilings import breaches, uncomparable
from gateway.config.numbers import number_faults, put_in
from gateway.config.overrides import Overrides, Overriding, read_overrides
from gateway.config.packs.catalog import Catalog
from gateway.config.packs.installed import ceilings_of_packs, disordered
from gateway.config.rulecheck import Roll
from gateway.config.sitefile import Draft
from gateway.config.source import Document
from gateway.config.uniqueness import Placed, rule_collisions
from gateway.model.errors import Fault
from gateway.model.site import Rule, Tag


def overriding(path: Path, signed: Overrides | None, faults: list[Fault]) -> Overriding:
    """What the file says, or what would be in it."""
    return read_overrides(path, faults) if signed is None else Overriding(signed, Document(str(path), None))


def known_ids(rules: Sequence[Placed], draft: Draft) -> dict[str, set[str]]:
    """Ids that an override can be of, by part."""
    ids = {placed.rule.id for placed in rules}
    return {"rules": ids, "limits": ids, "installations": set(draft.installations)}


def unsigned_rules(rules: Sequence[Placed], signed: Overrides) -> dict[str, Rule]:
    return {p.rule.id: p.rule for p in rules if p.rule.id in signed.limits or p.rule.id in signed.rules}


def judged_rules(
    written: Sequence[Placed], over: Overriding, roll: Roll, catalog: Catalog, faults: list[Fault]
) -> list[Placed]:
    """The rules with the numbers that two persons signed, checked against each other and the legal ceilings."""
    rules = put_in(written, over, roll, faults)
    faults += number_faults(rules, over, roll.tags)
    faults += rule_collisions(rules)
    faults += _too_loose(rules, roll.tags, catalog)
    faults += disordered(rules, roll.tags)
    faults += set_aside_faults(rules, roll.tags)
    return rules


def _too_loose(rules: Sequence[Placed], tags: Mapping[str, Tag], catalog: Catalog) -> Iterator[Fault]:
    places = {placed.rule.id: placed for placed in rules}
    more, substances = ceilings_of_packs(catalog), catalog.substances
    for breach in breaches([placed.rule for placed in rules], tags, more, substances):
        placed = places[breach.rule.id]
        yield placed.fault(f"{breach.number:g}", breach.ceiling.words, breach.hint)
    for rule, ceiling in uncomparable([placed.rule for placed in rules], tags, more, substances):
        unit = tags[rule.tags[0]].unit
        hint = "name its substance in the column substance/物质, one of " + ", ".join(substances)
        allowed = f"a unit that can be compared with {ceiling.bound:g} {ceiling.unit} of {ceiling.standard}"
        yield places[rule.id].fault(unit, allowed, hint)
