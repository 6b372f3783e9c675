"""Load a configuration whole: site file, tag lists, plugins' settings, rules. All faults at once, no network."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from gateway.config.computed import COMPUTED, computed_tags, name_faults, names_of
from gateway.config.csvfile import Row, read_rows
from gateway.config.files import named_by
from gateway.config.judged import judged_rules, known_ids, overriding, unsigned_rules
from gateway.config.kindsettings import keepable
from gateway.config.located import located
from gateway.config.overrides import Overrides, Overriding, overridden, override_faults
from gateway.config.packs.catalog import Catalog, own_faults, own_types, read_catalog
from gateway.config.packs.installed import (
    inherit,
    post_faults,
    retention_faults,
    typed_rules,
)
from gateway.config.registry import SINKS, SOURCES, kinds
from gateway.config.responsible import owner_faults, owners_of, people_faults, people_of
from gateway.config.retention import least_kept
from gateway.config.rulebook import due_of, entry_rule, limit_rules, members_of
from gateway.config.rulecheck import Roll, entry_faults
from gateway.config.schema import Defaults, InstallationEntry, SiteFile
from gateway.config.secrets import secret_faults
from gateway.config.settings import settings_of
from gateway.config.sitefile import Draft, read_site
from gateway.config.source import MISSING, Document, read_yaml
from gateway.config.taglist import Listed, id_of, read_tag
from gateway.config.uniqueness import (
    Placed,
    installation_collisions,
    link_collisions,
    place_collisions,
    tag_collisions,
)
from gateway.config.validate import validate
from gateway.config.ways import way_faults
from gateway.model.errors import Fault, Misconfigured
from gateway.model.levels import Level, Stage
from gateway.model.site import Installation, Link, RollUp, Rule, Site, Tag


@dataclass(frozen=True, slots=True)
class SourcePart:
    """One source: its kind, its settings, and the tags bound to it."""

    name: str
    kind: str
    settings: Any
    bound: tuple[tuple[int, Tag, Any], ...]


@dataclass(frozen=True, slots=True)
class OutputPart:
    """One output: its kind and settings."""

    name: str
    kind: str
    settings: Any


@dataclass(frozen=True, slots=True)
class Origin:
    """Where things are written: the site file with its lines, the row of each tag, the place of each rule."""

    document: Document
    listed: Mapping[str, Listed]
    rules: Mapping[str, Placed]
    catalog: Catalog
    unsigned: Mapping[str, Rule]
    """rules as the files say them, where two persons changed their numbers or stage"""
    overriding: Overriding
    stale: bool = False
    """the file of overrides has entries for what is no longer there, and that is accepted"""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration that can be run."""

    path: Path
    file: SiteFile
    site: Site
    sources: tuple[SourcePart, ...]
    outputs: tuple[OutputPart, ...]
    origin: Origin

    @property
    def overrides(self) -> Path:
        """File of what is changed through the gateway."""
        return self.path.parent / self.file.changes.overrides

    @property
    def state(self) -> Path:
        """Folder of journal and spool."""
        return (self.path.parent / self.file.state).resolve()


def load(path: Path, *, signed: Overrides | None = None, accept: bool = False) -> Loaded:
    """Everything, checked.

    Args:
        signed: what two persons would change, in place of what the file of overrides says.
        accept: leave out overrides of what is no longer there.

    Raises:
        Misconfigured: with every fault found in every file, in the order of the files and their lines.
    """
    document = read_yaml(path)
    faults: list[Fault] = []
    catalog = read_catalog(document, faults)
    if faults and catalog.broken:
        raise Misconfigured(in_order(faults))  # without its packs nothing can be said of a site's tags
    inherit(catalog, document, faults)
    draft = read_site(document, faults)
    sources = _settings(SOURCES, draft.sources, document, "sources", faults)
    if COMPUTED in draft.sources:
        faults.append(
            document.fault(("sources", COMPUTED), COMPUTED, "another name: computed tags have this one")
        )
    outputs = _settings(SINKS, draft.outputs, document, "outputs", faults)
    faults += way_faults(draft.file.delivery, draft.outputs, document)
    faults += installation_collisions(draft.installations, document)
    faults += owner_faults(draft, document)
    faults += people_faults(draft, document)
    listed, roll = _tag_lists(draft, sources, document, catalog, faults)
    tags, parts, links = _bind(listed, sources, faults)
    faults += name_faults(draft.file.computed, roll.known, document)
    tags = computed_tags(listed, tags, names_of(draft.file.computed), roll.known, faults)
    faults += link_collisions(links, document)
    faults += place_collisions(sources, document)
    over = overriding(path.parent / draft.file.changes.overrides, signed, faults)
    roll = replace(roll, tags={t.id: t for t in tags})
    written = _rules(listed, roll, draft, document, catalog, faults)
    known = known_ids(written, draft)
    missing = over.content != over.content.only(known)
    over = replace(over, content=over.content.only(known)) if accept else over
    faults += override_faults(over, known)
    rules = judged_rules(written, over, roll, catalog, faults)
    faults += retention_faults(catalog, draft.file.storage, document)
    faults += post_faults(catalog, draft.file, document)
    faults += least_kept(draft.file.installations, draft.file.storage, document)
    if faults:
        raise Misconfigured(in_order(faults))
    site = replace(_site(draft.file, tags, tuple(p.rule for p in rules), links), cards=catalog.cards())
    site = overridden(site, over.content)
    site = replace(site, config_hash=hashlib.sha256(_effective(site, draft.file)).hexdigest())
    origin = Origin(
        document, {e.tag.id: e for e in listed}, {p.rule.id: p for p in written}, catalog,
        unsigned_rules(written, over.content), over, missing,
    )  # fmt: skip
    ready = tuple(OutputPart(n, k, s) for n, (k, s) in outputs.items())
    return Loaded(path, draft.file, site, parts, ready, origin)


def in_order(faults: Sequence[Fault]) -> list[Fault]:
    """Each fault once, file after file as they were read, by line."""
    files = list(dict.fromkeys(f.file for f in faults))
    return sorted(dict.fromkeys(faults), key=lambda f: (files.index(f.file), f.line or 0))


def _settings(
    registry: Mapping[str, Any],
    entries: Mapping[str, dict[str, Any]],
    document: Document,
    section: str,
    faults: list[Fault],
) -> dict[str, tuple[str, Any]]:
    found: dict[str, tuple[str, Any]] = {}
    for name, raw in entries.items():
        kind = raw.get("kind")
        secrets = secret_faults(document, (section, name), raw)
        faults += secrets
        if not isinstance(kind, str) or kind not in registry:
            said = kind if "kind" in raw else MISSING
            faults.append(
                document.fault((section, name, "kind"), said, "one of " + ", ".join(kinds(registry)))
            )
            continue
        wrong: list[Fault] = []
        settings = validate(registry[kind].Settings, document, (section, name), raw, wrong)
        known = {f.path for f in secrets}
        faults += [f for f in wrong if f.path not in known]
        if settings is not None:
            found[name] = (kind, located(settings, Path(document.file).parent))
    return found


def _defaults(defaults: Defaults, sources: Mapping[str, tuple[str, Any]]) -> Mapping[str, Defaults]:
    """What an empty cell means, by source: a source's own ``period``, where it is written, comes first."""
    return {
        name: defaults.model_copy(update={"period": settings.period})
        for name, (_, settings) in sources.items()
        if "period" in settings.model_fields_set
    }


def _tag_lists(
    draft: Draft,
    sources: Mapping[str, tuple[str, Any]],
    document: Document,
    catalog: Catalog,
    faults: list[Fault],
) -> tuple[list[Listed], Roll]:
    """Tags of all lists, each id once, and what is known of the others."""
    defaults = _defaults(draft.file.defaults, sources)
    installations = [i for i in draft.installations if i]
    listed: list[Listed] = []
    read: list[Row] = []
    whole = True
    for index, name in enumerate(draft.tags):
        if name in draft.tags[:index]:
            faults.append(document.fault(("tags", index), name, "each list once"))
            continue
        try:
            rows = read_rows(Path(document.file).parent / name, faults)
        except Misconfigured as error:
            faults += named_by(error.faults, document.fault(("tags", index), name, ""))
            whole = False
            continue
        read += rows
        for written in rows:
            row = catalog.filled(written, faults)
            entry, wrong = read_tag(
                row,
                defaults.get(row.get("source"), draft.file.defaults),
                installations,
                [*draft.sources, COMPUTED],
            )
            faults += wrong
            listed += [] if entry is None else [catalog.tagged(entry, written)]
            faults += _address_too(row, sources) if entry is None else []
    faults += tag_collisions(read)
    once = {entry.tag.id: entry for entry in reversed(listed)}
    return [e for e in listed if once[e.tag.id] is e], Roll(
        {}, {id_of(r) for r in read}, whole and bool(draft.tags)
    )


def _address_too(row: Row, sources: Mapping[str, tuple[str, Any]]) -> list[Fault]:
    """The address of a row that is no tag for other faults: whoever mends those should not meet this one next."""
    known = sources.get(row.get("source"))
    if known is None:
        return []
    tag = Tag(id="", raw="", description="", cls="other", unit="", installation="")
    try:
        SOURCES[known[0]].bind(known[1], row.get("address"), tag)
    except ValueError as error:
        return [_address_fault(row, error)]
    return []


def _address_fault(row: Row, error: ValueError) -> Fault:
    why, _, allowed = str(error).rpartition("allowed: ")
    return row.fault("address", allowed, why.strip("; "))


def _bind(
    listed: Sequence[Listed], sources: Mapping[str, tuple[str, Any]], faults: list[Fault]
) -> tuple[tuple[Tag, ...], tuple[SourcePart, ...], tuple[Link, ...]]:
    """Address cells to bindings, and what each tag depends on."""
    bindings: dict[str, dict[str, Any]] = {name: {} for name in sources}
    readers: dict[tuple[str, Any], Listed] = {}
    for entry in listed:
        if entry.source not in sources:
            continue  # its settings are already a fault
        kind, settings = sources[entry.source]
        try:
            binding = SOURCES[kind].bind(settings, entry.address, entry.tag)
        except ValueError as error:
            faults.append(_address_fault(entry.row, error))
            continue
        bindings[entry.source][entry.tag.id] = binding
        first = readers.setdefault((entry.source, binding), entry)
        if first is not entry and getattr(SOURCES[kind], "ONE_READER", False):
            hint = f"{first.tag.id} at {first.row.place} reads it already"
            faults.append(entry.row.fault("address", "a name that one tag reads", hint))
    links: list[Link] = []
    tag_links: dict[str, tuple[str, ...]] = {}
    for name, (kind, settings) in sources.items():
        new, of_tags = SOURCES[kind].links(name, settings, bindings[name])
        links += new
        tag_links.update(of_tags)
    found = {tag: binding for of_source in bindings.values() for tag, binding in of_source.items()}
    tags = tuple(
        replace(
            _marked(e, sources, found, faults),
            links=tag_links.get(e.tag.id, ()),
            source=e.source,
            address=e.address,
        )
        for e in listed
    )
    rows = {t.id: (i, t) for i, t in enumerate(tags)}
    parts = tuple(
        SourcePart(name, kind, settings, tuple((*rows[t], b) for t, b in bindings[name].items()))
        for name, (kind, settings) in sources.items()
    )
    return tags, parts, tuple(links)


def _marked(
    entry: Listed, sources: Mapping[str, tuple[str, Any]], found: Mapping[str, Any], faults: list[Fault]
) -> Tag:
    """The tag with what its plugin says of it; the other tags its address names must be there."""
    binding = found.get(entry.tag.id)
    plugin: Any = SOURCES[sources[entry.source][0]] if entry.source in sources else None
    if binding is None or not hasattr(plugin, "mark"):
        return entry.tag
    unknown = [other for other in plugin.refers(binding) if other not in found or other == entry.tag.id]
    faults += [entry.row.fault("address", "the id of another tag", f"{other} is none") for other in unknown]
    marked: Tag = plugin.mark(entry.tag, binding)
    return marked


def _rules(
    listed: Sequence[Listed],
    roll: Roll,
    draft: Draft,
    document: Document,
    catalog: Catalog,
    faults: list[Fault],
) -> list[Placed]:
    """The rules of the limit columns, then those of the site file, as written; checked one by one."""
    due = due_of(draft.file.alarms.disposal)
    rules = [
        Placed(rule, entry.row.file, entry.row.line, rule.name)
        for entry in listed
        for rule in limit_rules(entry, draft.file.limits, due, catalog.consumed(entry))
    ]
    owns = own_types(document)
    faults += own_faults(catalog, [own for own in (owns[0], *owns[1].values()) if own is not None])
    rules += typed_rules(catalog, listed, owns, roll, due, faults)
    for index, entry in draft.rules:
        wrong = entry_faults(entry, ("rules", index), roll, document)
        faults += wrong
        if wrong or any(member not in roll.tags for member in members_of(entry)):
            continue
        place = document.fault(("rules", index), entry.id, "")
        raw = document.data["rules"][index] if keepable(entry) else None
        rules.append(Placed(entry_rule(entry, roll.tags, due), place.file, place.line, place.path, raw))
    return rules


def _site(file: SiteFile, tags: tuple[Tag, ...], rules: tuple[Rule, ...], links: tuple[Link, ...]) -> Site:
    site = Site(
        gateway=file.gateway,
        county=file.county,
        id=file.site.id,
        name=file.site.name,
        name_en=file.site.name_en,
        installations=tuple(_installation(i, file) for i in file.installations),
        links=links,
        tags=tags,
        rules=rules,
        shelve_longest=file.alarms.shelve_longest,
        remove_longest=file.alarms.remove_longest,
        settings=settings_of(file),
        approval=file.changes.approval,
        report_due=tuple(sorted(due_of(file.alarms.dual_report).items())),
        **people_of(file),
    )
    return replace(site, config_hash=hashlib.sha256(_effective(site, file)).hexdigest())


def _effective(site: Site, file: SiteFile) -> bytes:
    """The whole effective configuration as text; never contains a secret (those are in environment or files)."""
    settings = file.model_dump(
        mode="json", exclude={"tags", "rules", "state", "console", "changes", "exercises"}
    )
    return orjson.dumps({"site": site, "file": settings}, option=orjson.OPT_SORT_KEYS)


def _installation(entry: InstallationEntry, file: SiteFile) -> Installation:
    return Installation(
        id=entry.id,
        name=entry.name,
        name_en=entry.name_en,
        kind=entry.kind,
        grade=entry.grade,
        base_level=Level.parse(entry.base_level),
        stage=Stage(entry.stage),
        position=entry.position,
        materials=entry.materials,
        pack=entry.pack,
        chain=entry.chain,
        owners=owners_of(entry, file),
        head_pond=entry.head_pond,
        roll_up=tuple(RollUp(r.count, Level.parse(r.of), Level.parse(r.to)) for r in entry.roll_up),
    )
