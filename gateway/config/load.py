"""Load a configuration whole: site file, tag lists, plugins' settings, rules. All faults at once, no network."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from gateway.config.csvfile import read_rows
from gateway.config.registry import SINKS, SOURCES, kinds
from gateway.config.rulebook import entry_rules, limit_rules
from gateway.config.schema import InstallationEntry, SiteFile
from gateway.config.source import Document, Key, read_yaml
from gateway.config.taglist import Listed, read_tag
from gateway.model.errors import Fault, Misconfigured
from gateway.model.levels import Level, Stage
from gateway.model.site import Installation, Link, Rule, Site, Tag


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
class Loaded:
    """A configuration that can be run."""

    path: Path
    file: SiteFile
    site: Site
    sources: tuple[SourcePart, ...]
    outputs: tuple[OutputPart, ...]

    @property
    def state(self) -> Path:
        """Folder of journal and spool."""
        return (self.path.parent / self.file.state).resolve()


def load(path: Path) -> Loaded:
    """Everything, checked.

    Raises:
        Misconfigured: with every fault found in every file.
    """
    document = read_yaml(path)
    faults: list[Fault] = []
    file = _validate(SiteFile, document, (), document.data, faults)
    if file is None:
        raise Misconfigured(faults)
    sources = _settings(SOURCES, file.sources, document, "sources", faults)
    outputs = _settings(SINKS, file.outputs, document, "outputs", faults)
    listed = _tag_lists(file, path, faults)
    tags, parts, links = _bind(listed, sources, faults)
    rules = _rules(listed, tags, file, document, faults)
    faults += _collisions(document, file, rules)
    if faults:
        raise Misconfigured(faults)
    site = _site(file, tags, rules, links)
    return Loaded(path, file, site, parts, tuple(OutputPart(n, k, s) for n, (k, s) in outputs.items()))


def _validate(model: type[Any], document: Document, base: Key, data: Any, faults: list[Fault]) -> Any:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        for wrong in error.errors():
            place = (*base, *wrong["loc"])
            hint = "put quotes around it" if wrong["type"] == "string_type" else ""
            value = wrong["input"] if wrong["type"] != "missing" else "missing"
            faults.append(document.fault(place, value, wrong["msg"].removeprefix("Value error, "), hint))
        return None


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
        if kind not in registry:
            faults.append(
                document.fault((section, name, "kind"), kind, "one of " + ", ".join(kinds(registry)))
            )
            continue
        settings: BaseModel | None = _validate(
            registry[kind].Settings, document, (section, name), raw, faults
        )
        if settings is not None:
            found[name] = (kind, settings)
    return found


def _tag_lists(file: SiteFile, path: Path, faults: list[Fault]) -> list[Listed]:
    installations = [i.id for i in file.installations]
    listed: list[Listed] = []
    places: dict[str, str] = {}
    for name in file.tags:
        try:
            rows = read_rows(path.parent / name)
        except Misconfigured as error:
            faults += error.faults
            continue
        for row in rows:
            entry, wrong = read_tag(row, file.defaults, installations, list(file.sources))
            faults += wrong
            if entry is None:
                continue
            if entry.tag.id in places:
                faults.append(row.fault("id", "an id used once", f"also at {places[entry.tag.id]}"))
            places[entry.tag.id] = f"{row.file}:{row.line}"
            listed.append(entry)
    return listed


def _bind(
    listed: Sequence[Listed], sources: Mapping[str, tuple[str, Any]], faults: list[Fault]
) -> tuple[tuple[Tag, ...], tuple[SourcePart, ...], tuple[Link, ...]]:
    """Address cells to bindings, and what each tag depends on."""
    bindings: dict[str, dict[str, Any]] = {name: {} for name in sources}
    for entry in listed:
        if entry.source not in sources:
            continue  # its settings are already a fault
        kind, settings = sources[entry.source]
        try:
            bindings[entry.source][entry.tag.id] = SOURCES[kind].bind(settings, entry.address, entry.tag)
        except ValueError as error:
            faults.append(entry.row.fault("address", str(error)))
    links: list[Link] = []
    tag_links: dict[str, tuple[str, ...]] = {}
    for name, (kind, settings) in sources.items():
        new, of_tags = SOURCES[kind].links(name, settings, bindings[name])
        links += new
        tag_links.update(of_tags)
    tags = tuple(replace(e.tag, links=tag_links.get(e.tag.id, ())) for e in listed)
    rows = {t.id: (i, t) for i, t in enumerate(tags)}
    parts = tuple(
        SourcePart(name, kind, settings, tuple((*rows[t], b) for t, b in bindings[name].items()))
        for name, (kind, settings) in sources.items()
    )
    return tags, parts, tuple(links)


def _rules(
    listed: Sequence[Listed], tags: Sequence[Tag], file: SiteFile, document: Document, faults: list[Fault]
) -> tuple[Rule, ...]:
    rules = [rule for entry in listed for rule in limit_rules(entry, file.limits)]
    more, wrong = entry_rules(file.rules, {t.id: t for t in tags}, document)
    faults += wrong
    return tuple(rules + more)


def _collisions(document: Document, file: SiteFile, rules: Sequence[Rule]) -> list[Fault]:
    """Rule ids once; (subject, name) once, because together they are a topic; groups and installations no tag's name."""
    faults: list[Fault] = []
    seen: set[str] = set()
    for rule in rules:
        for key, what in ((rule.id, "rule id"), (f"{rule.subject}/{rule.name}", "topic of subject and name")):
            if f"{what} {key}" in seen:
                index = next((i for i, e in enumerate(file.rules) if e.id == rule.id), None)
                place: Key = ("rules", index, "id") if index is not None else ("tags",)
                faults.append(document.fault(place, key, f"each {what} once", "rename the rule"))
            seen.add(f"{what} {key}")
    names = [i.id for i in file.installations]
    faults += [
        document.fault(("installations", i, "id"), name, "each installation once")
        for i, name in enumerate(names)
        if name in names[:i]
    ]
    return faults


def _site(file: SiteFile, tags: tuple[Tag, ...], rules: tuple[Rule, ...], links: tuple[Link, ...]) -> Site:
    site = Site(
        gateway=file.gateway,
        county=file.county,
        id=file.site.id,
        name=file.site.name,
        name_en=file.site.name_en,
        installations=tuple(_installation(i) for i in file.installations),
        links=links,
        tags=tags,
        rules=rules,
    )
    return replace(site, config_hash=hashlib.sha256(_effective(site, file)).hexdigest())


def _effective(site: Site, file: SiteFile) -> bytes:
    """The whole effective configuration as text; never contains a secret (those are in environment or files)."""
    whole = {
        "site": asdict(site),
        "file": file.model_dump(mode="json", exclude={"tags", "rules", "state", "console"}),
    }
    return json.dumps(whole, sort_keys=True, ensure_ascii=False, default=str).encode()


def _installation(entry: InstallationEntry) -> Installation:
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
        owners=entry.owners,
    )
