"""The packs of a site: point types by name, rows and rules filled in from them, and what they leave to the site."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

from gateway.config.csvfile import Row
from gateway.config.packs.find import Pack, read_packs
from gateway.config.packs.layers import Layer, Merged, Place, layer, merge, resolved
from gateway.config.packs.schema import CeilingEntry, SubstanceEntry
from gateway.config.source import Document, Key
from gateway.config.taglist import LIMITS, Listed
from gateway.model.errors import Fault
from gateway.model.site import Card

FROM: Final = "from"
COMPUTED: Final = "computed"
_LIMIT_KINDS: Final = ("limit-high", "limit-low")
_SIGNING: Final = ("standard", "clause", "mark")


@dataclass(frozen=True, slots=True)
class Unset:
    """A rule that the pack has and whose number the site has still to give."""

    tag: str
    rule: str
    place: Place


@dataclass(frozen=True, slots=True)
class Typed:
    """A point type and the pack it is of."""

    pack: Pack
    name: str

    @property
    def full(self) -> str:
        """``pack.type``."""
        return f"{self.pack.id}.{self.name}"

    @property
    def raw(self) -> dict[str, Any]:
        """As written."""
        found: dict[str, Any] = self.pack.document.data["types"][self.name]
        return found


@dataclass
class Catalog:
    """Everything the packs of one site say."""

    packs: dict[str, Pack] = field(default_factory=dict)
    types: dict[str, Typed] = field(default_factory=dict)
    inherited: dict[str, Merged] = field(default_factory=dict)
    """rule id -> its values with their places"""
    unset: list[Unset] = field(default_factory=list)
    broken: bool = False
    """a pack that the site names could not be read"""
    _merged: dict[tuple[str, ...], Merged] = field(default_factory=dict)

    @property
    def substances(self) -> dict[str, SubstanceEntry]:
        """Of all packs."""
        return {name: s for pack in self.packs.values() for name, s in pack.file.substances.items()}

    def ceilings(self) -> Iterator[tuple[str, CeilingEntry]]:
        """Pack and ceiling."""
        for pack in self.packs.values():
            for entry in pack.file.ceilings:
                yield pack.id, entry

    def cards(self) -> tuple[Card, ...]:
        """Of all packs; of two with one id the later pack's."""
        return tuple(self.by_name.values())

    @cached_property
    def by_name(self) -> dict[str, Card]:
        """Response cards by id."""
        return {
            name: Card(id=name, title=c.title, title_en=c.title_en, steps=c.steps, steps_en=c.steps_en, reason=c.reason)
            for pack in self.packs.values()
            for name, c in pack.file.cards.items()
        }  # fmt: skip

    def filled(self, row: Row, faults: list[Fault]) -> Row:
        """The row with what its point type says where its cells are empty."""
        written = row.get("type")
        if not written:
            return row
        typed = self.types.get(written)
        if typed is None:
            known = ", ".join(sorted(t.full for n, t in self.types.items() if n == t.full))
            hint = "" if known else "name a pack in `packs` of the site file"
            faults.append(row.fault("type", f"empty, or one of {known}" if known else "empty", hint))
            return row
        cells = {**_cells(typed.raw, row), **{k: v for k, v in row.cells.items() if v}, "type": typed.full}
        return Row(row.file, row.line, cells)

    def tagged(self, entry: Listed, written: Row) -> Listed:
        """The tag with the rules that it cannot be without; ``written`` is its row before it was filled."""
        typed = self.types.get(entry.row.get("type"))
        if typed is None:
            return replace(entry, tag=replace(entry.tag, substance=entry.row.get("substance")))
        needed = tuple(f"{entry.tag.id}.{name}" for name in typed.raw.get("required", ()))
        tag = replace(entry.tag, type=typed.full, substance=entry.row.get("substance"), required=needed)
        return replace(entry, tag=tag, written=frozenset(k for k, v in written.cells.items() if v))

    def rules(self, entry: Listed, own: Sequence["Own"]) -> Iterator[tuple[str, Merged]]:
        """Name and values of each rule its type gives it; those without their number are noted in ``unset``."""
        typed = self.types.get(entry.row.get("type"))
        if typed is None:
            return
        for name, raw in (typed.raw.get("rules") or {}).items():
            row = _of_row(entry, name, raw.get("kind"))
            key = () if row else (typed.full, name, entry.tag.installation)
            merged = self._merged.get(key) if key else None
            if merged is None:
                merged = _merged_rule(typed, name, own, row, key)
                self._merged |= {key: merged} if key else {}
            if not merged.values:
                at = _at(typed.pack.document, ("types", typed.name, "rules", name))
                self.unset.append(Unset(entry.tag.id, f"{entry.tag.id}.{name}", at))
                continue
            texts = {k: _named(merged.values[k], entry.tag.id) for k in merged.texts}
            yield name, Merged({**merged.values, **texts}, merged.places, key, merged.texts)

    def told(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """A rule's values with its card's steps as guidance, where it has none of its own."""
        card = self.by_name.get(str(values.get("card", "")))
        if card is None or values.get("guidance"):
            return dict(values)
        return {**values, "guidance": "；".join(card.steps)[:500]}

    def consumed(self, entry: Listed) -> set[str]:
        """Limit columns that only change a rule of its type."""
        typed = self.types.get(entry.row.get("type"))
        rules = (typed.raw.get("rules") or {}) if typed is not None else {}
        return {name for name in LIMITS if rules.get(name, {}).get("kind") in _LIMIT_KINDS}


@dataclass(frozen=True, slots=True)
class Own:
    """What the site, or one of its installations, says of the rules of types."""

    document: Document
    path: Key
    types: Mapping[str, Any]

    def layer(self, typed: Typed, rule: str) -> Layer | None:
        """Of one rule of a type."""
        for name in (typed.full, typed.name):
            rules = self.types.get(name)
            found = rules.get(rule) if isinstance(rules, dict) else None
            if isinstance(found, dict):
                return layer(self.document, (*self.path, name, rule), found)
        return None


def read_catalog(document: Document, faults: list[Fault]) -> Catalog:
    """The packs a site names, and its rules that are taken over from them written out in ``document``."""
    data = document.data if isinstance(document.data, dict) else {}
    listed = data.get("packs")
    names = (
        [(("packs", i), n) for i, n in enumerate(listed) if isinstance(n, str)]
        if isinstance(listed, list)
        else []
    )
    before = len(faults)
    packs = read_packs(names, document, faults)
    catalog = Catalog(packs, _types(packs), broken=len(faults) > before)
    rules = data.get("rules")
    for index, raw in enumerate(rules) if isinstance(rules, list) else ():
        if isinstance(raw, dict) and FROM in raw:
            rules[index] = _taken_over(catalog, document, index, raw, faults)  # type: ignore[index]
    return catalog


def own_types(document: Document) -> tuple[Own | None, dict[str, Own]]:
    """The ``types`` of the site file, and those of its installations by id."""
    data = document.data if isinstance(document.data, dict) else {}
    site = data.get("types")
    places = data.get("installations")
    found = {}
    for index, raw in enumerate(places) if isinstance(places, list) else ():
        if isinstance(raw, dict) and isinstance(raw.get("types"), dict):
            found[str(raw.get("id"))] = Own(document, ("installations", index, "types"), raw["types"])
    return (Own(document, ("types",), site) if isinstance(site, dict) else None), found


def own_faults(catalog: Catalog, owns: Sequence[Own]) -> Iterator[Fault]:
    """Names of types and rules that no pack of the site has."""
    for own in owns:
        for name, rules in own.types.items():
            typed = catalog.types.get(name)
            if typed is None:
                known = ", ".join(sorted(catalog.types))
                yield own.document.fault((*own.path, name), name, f"a point type: one of {known}")
                continue
            known_rules = typed.raw.get("rules") or {}
            for rule in rules if isinstance(rules, dict) else ():
                if rule not in known_rules:
                    allowed = "a rule of the type: " + ", ".join(known_rules)
                    yield own.document.fault((*own.path, name, rule), rule, allowed)


def _types(packs: Mapping[str, Pack]) -> dict[str, Typed]:
    found: dict[str, Typed] = {}
    twice: set[str] = set()
    for pack in packs.values():
        for name in pack.file.types:
            typed = Typed(pack, name)
            found[typed.full] = typed
            twice |= {name} & found.keys()
            found[name] = typed
    return {name: typed for name, typed in found.items() if name not in twice}


def _taken_over(
    catalog: Catalog, document: Document, index: int, raw: Mapping[str, Any], faults: list[Fault]
) -> dict[str, Any]:
    """A site's rule with what the pack's rule says and it does not."""
    pack_id, _, name = str(raw[FROM]).partition(".")
    pack = catalog.packs.get(pack_id)
    rules = (pack.document.data.get("rules") or {}) if pack is not None else {}
    given = {k: v for k, v in raw.items() if k != FROM}
    if pack is None or name not in rules:
        known = ", ".join(f"{p.id}.{n}" for p in catalog.packs.values() for n in p.file.rules)
        allowed = f"one of {known}" if known else "a rule of a pack named in `packs`"
        if not catalog.broken:
            faults.append(document.fault(("rules", index, FROM), raw[FROM], allowed))
        return given
    base = layer(pack.document, ("rules", name), rules[name])
    merged = merge([base, layer(document, ("rules", index), given)])
    catalog.inherited[str(raw.get("id"))] = merged
    values = resolved(merged)
    if values is not None:
        return catalog.told(values)
    return {k: v for k, v in merged.values.items() if k != "deadband"}


def _merged_rule(
    typed: Typed, name: str, own: Sequence["Own"], row: Sequence[Layer], key: tuple[str, ...]
) -> Merged:
    """One rule of a type, merged; without values while the number it judges by is not given."""
    path: Key = ("types", typed.name, "rules", name)
    given = [found for each in own if (found := each.layer(typed, name)) is not None]
    merged = merge([_base(typed, path, typed.raw["rules"][name]), *given, *row])
    values = resolved(merged) or {}
    texts = frozenset(k for k, v in values.items() if _named(v, "\0") != v)
    return Merged(values, merged.places, key, texts)


def _base(typed: Typed, path: Key, raw: Mapping[str, Any]) -> Layer:
    found = layer(typed.pack.document, path, raw)
    reason = typed.raw.get("reason")
    if not reason or "reason" in raw:
        return found
    place = layer(typed.pack.document, path[:2], {"reason": reason}).places
    return Layer({"reason": reason, **found.values}, {**place, **found.places})


def _cells(raw: Mapping[str, Any], row: Row) -> dict[str, str]:
    """A type as cells of a row; an empty range is filled as a whole."""
    cells = {"class": raw.get("class"), "unit": raw.get("unit"), "substance": raw.get("substance")}
    if not row.get("low") and not row.get("high"):
        low, high = raw.get("range") or (None, None)
        cells |= {"low": low, "high": high}
    if row.get("source") != COMPUTED:
        cells |= {"signal": raw.get("signal"), "period": raw.get("period"), "max_age": raw.get("max_age")}
        cells |= {"frozen": raw.get("rest"), "frozen_band": raw.get("rest_band")}
    return {column: str(value) for column, value in cells.items() if value is not None}


def _of_row(entry: Listed, name: str, kind: object) -> list[Layer]:
    """What the row itself says: its limit, delays, dead band and signature."""
    row, values = entry.row, dict[str, Any]()
    if name in LIMITS and name in entry.limits and kind in _LIMIT_KINDS:
        values["trigger"] = entry.limits[name]
        values |= {c: row.get(c) for c in (*_SIGNING, "guidance") if row.get(c)}
    if kind in _LIMIT_KINDS:
        values |= {c: row.get(c) for c in ("on_delay", "off_delay") if row.get(c)}
        values |= {"deadband": entry.deadband} if row.get("deadband") else {}
    if row.get("verified_by"):
        values["verified_by"] = row.get("verified_by")
    place = {key: Place(row.file, row.line, name if key == "trigger" else key) for key in values}
    return [Layer(values, place)] if values else []


def _named(value: Any, tag: str) -> Any:
    """``{tag}`` and ``{stem}`` in words; a stem is the tag up to its last dash."""
    if isinstance(value, str):
        return value.replace("{tag}", tag).replace("{stem}", tag.rpartition("-")[0] or tag)
    if isinstance(value, list):
        return [_named(each, tag) for each in value]
    return value


def _at(document: Document, path: Key) -> Place:
    return Place(document.file, document.line(path), ".".join(map(str, path)))
