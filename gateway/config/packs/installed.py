"""Packs at work in a site: rules of typed tags, first before second, chains and roll-ups of installations."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.config.ceilings import Ceiling, Order
from gateway.config.kindsettings import keepable
from gateway.config.packs.catalog import Catalog, Own
from gateway.config.packs.find import model_of
from gateway.config.packs.layers import Merged, Place, Written
from gateway.config.rulebook import Due, entry_rule, members_of
from gateway.config.rulecheck import Roll, entry_faults
from gateway.config.schema import SiteFile, Storage
from gateway.config.source import Document
from gateway.config.taglist import Listed
from gateway.config.uniqueness import Placed
from gateway.config.validate import validate
from gateway.model.errors import Fault
from gateway.model.site import RuleKind, Tag

Owns = tuple[Own | None, Mapping[str, Own]]
_SIDES: Final = (RuleKind.LIMIT_HIGH, RuleKind.LIMIT_LOW)


def inherit(catalog: Catalog, document: Document, faults: list[Fault]) -> None:
    """Write into ``document`` what an installation has from its pack: chain of responsible persons, roll-up."""
    data = document.data if isinstance(document.data, dict) else {}
    places = data.get("installations")
    for index, raw in enumerate(places) if isinstance(places, list) else ():
        if not isinstance(raw, dict) or not raw.get("pack"):
            continue
        pack = catalog.packs.get(str(raw["pack"]))
        if pack is None:
            known = ", ".join(catalog.packs) or "nothing yet: name it in `packs` first"
            faults.append(document.fault(("installations", index, "pack"), raw["pack"], f"one of {known}"))
            continue
        said = pack.document.data
        if said.get("chain") and not raw.get("chain"):
            raw["chain"] = pack.id
            chains = data.setdefault("chains", {})
            if isinstance(chains, dict):
                chains.setdefault(pack.id, said["chain"])
        roll_up = pack.file.roll_up
        if roll_up is not None and "roll_up" not in raw and (roll_up.mark != "U" or roll_up.verified_by):
            raw["roll_up"] = said["roll_up"]["points"]


def typed_rules(
    catalog: Catalog, listed: Sequence[Listed], owns: Owns, roll: Roll, due: Due, faults: list[Fault]
) -> list[Placed]:
    """The rules that tags have from their point types."""
    out: list[Placed] = []
    site = _Site(catalog, roll, due)
    for entry in listed:
        if entry.tag.id not in roll.tags:
            continue
        own = [found for found in (owns[0], owns[1].get(entry.tag.installation)) if found is not None]
        for name, merged in catalog.rules(entry, own):
            placed = _placed(site, entry, name, merged, faults)
            out += [] if placed is None else [placed]
    return out


@dataclass(frozen=True, slots=True)
class _Site:
    """What a rule is checked against."""

    catalog: Catalog
    roll: Roll
    due: Due
    known: dict[tuple[str, ...], Any] = field(default_factory=dict)
    """entries already made, by type, rule and installation: of rows that say nothing of their own"""


def _placed(site: _Site, listed: Listed, name: str, merged: Merged, faults: list[Fault]) -> Placed | None:
    ident, kind = f"{listed.tag.id}.{name}", merged.values.get("kind")
    own = _own_place(merged, f"types.{listed.tag.type}.rules.{name}")
    written = Written(own.file, {}, {}, merged.places, own)
    model: Any = model_of(kind)
    if model is None:
        faults.append(written.fault(("rules", 0, "kind"), kind, "the kind that the pack gives it"))
        return None
    data: dict[str, Any] = {"id": ident, **site.catalog.told(merged.values)}
    if "tag" in model.model_fields and kind not in ("discrepancy", "vote"):
        data["tag"] = listed.tag.id
    before = len(faults)
    entry = site.known.get(merged.key) if merged.key else None
    if entry is not None:
        entry = entry.model_copy(update={k: data[k] for k in ("id", "tag", *merged.texts) if k in data})
    else:
        entry = validate(model, written, ("rules", 0), data, faults)
        if entry is not None and merged.key:
            site.known[merged.key] = entry
    if entry is None:
        return None
    faults += entry_faults(entry, ("rules", 0), site.roll, written)
    if len(faults) > before or any(m not in site.roll.tags for m in members_of(entry)):
        return None
    site.catalog.inherited[ident] = merged
    rule = entry_rule(entry, site.roll.tags, site.due)
    place = merged.places.get("trigger", own)
    raw = data if keepable(entry) else None
    return Placed(rule, place.file, place.line, place.path, raw)


def _own_place(merged: Merged, path: str) -> Place:
    kind = merged.places.get("kind")
    return Place(kind.file, kind.line, path) if kind is not None else Place("", None, path)


def disordered(rules: Sequence[Placed], tags: Mapping[str, Tag]) -> Iterator[Fault]:
    """Limits of typed tags whose lower alarm is reached after the higher one."""
    sides: dict[tuple[str, RuleKind], list[Placed]] = defaultdict(list)
    for placed in rules:
        rule = placed.rule
        if rule.kind in _SIDES and rule.enabled and tags[rule.tags[0]].type:
            sides[rule.tags[0], rule.kind].append(placed)
    for (_, kind), those in sides.items():
        sign = 1 if kind is RuleKind.LIMIT_HIGH else -1
        for one in those:
            for other in those:
                if one.rule.level < other.rule.level and sign * one.rule.trigger > sign * other.rule.trigger:
                    next_ = f"{other.rule.id} ({other.rule.level.word}) at {other.rule.trigger:g}"
                    allowed = f"reached no later than {next_}"
                    yield one.fault(
                        f"{one.rule.trigger:g}", allowed, "the first alarm comes before the second"
                    )


def ceilings_of_packs(catalog: Catalog) -> list[Ceiling]:
    """The packs' ceilings as those that come with Fengsui."""
    return [
        Ceiling(
            cls=entry.class_,
            type=f"{pack}.{entry.type}" if entry.type else "",
            high=entry.side == "high",
            order=Order(entry.alarm),
            bound=entry.bound,
            unit=entry.unit,
            standard=entry.standard or entry.reason,
            mark="S" if entry.mark == "U" and entry.verified_by else entry.mark,
        )
        for pack, entry in catalog.ceilings()
    ]


def retention_faults(catalog: Catalog, storage: Storage, document: Document) -> Iterator[Fault]:
    """Readings kept for less than a pack's standard asks."""
    for pack in catalog.packs.values():
        least = pack.file.retention
        if least is not None and (least.mark != "U" or least.verified_by) and storage.keep < least.keep:
            asked = f"at least {least.keep / 86_400e9:g}d: {least.standard or least.reason}"
            yield document.fault(("storage", "keep"), f"{storage.keep / 86_400e9:g}d", asked)


def post_faults(catalog: Catalog, file: SiteFile, document: Document) -> Iterator[Fault]:
    """Duty posts that the pack of an installation asks for and that nobody is told through."""
    told = {post for row in file.routing.table for post in row.posts}
    for index, entry in enumerate(file.installations):
        pack = catalog.packs.get(entry.pack)
        for post in pack.file.posts if pack is not None else ():
            if post not in file.posts or post not in told:
                allowed = f"a site with `posts: {post}`, told in `routing`: the pack asks for it"
                yield document.fault(("installations", index, "pack"), entry.pack, allowed)
