"""The site file as a draft: what is right is kept although something else is wrong, so that all faults come at once."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from pydantic import ValidationError

from gateway.config.schema import AnyRule, SiteFile
from gateway.config.source import Document
from gateway.config.validate import faults_of
from gateway.model.errors import Fault

#: stands in for a required section that is wrong; only ever used to look for further faults
_STAND_IN: Final[Mapping[str, Any]] = {
    "version": 1,
    "gateway": "gateway",
    "county": "000000",
    "site": {"id": "site", "name": "site"},
    "installations": [{"id": "installation", "name": "installation"}],
    "sources": {},
    "tags": ["tags.csv"],
}
_MINIMUM: Final = 2
"""path length of one entry of a section, e.g. ("rules", 3)"""
_BY_ENTRY: Final = ("rules", "installations", "sources", "outputs", "people", "posts", "chains", "consoles")
"""sections of which the entries that are right are kept"""


@dataclass(frozen=True, slots=True)
class Draft:
    """The site file; ``file`` may hold stand-ins, the other fields never do."""

    file: SiteFile
    installations: tuple[str, ...]
    """ids in the order of the file, of faulty entries too; empty where there is none"""
    sources: Mapping[str, dict[str, Any]]
    outputs: Mapping[str, dict[str, Any]]
    tags: tuple[str, ...]
    rules: tuple[tuple[int, AnyRule], ...]
    """entry and its place in the file"""


def read_site(document: Document, faults: list[Fault]) -> Draft:
    """The draft; ``faults`` gets everything wrong in it."""
    data = document.data if isinstance(document.data, dict) else {}
    if data is not document.data:
        hint = "a site file starts with version: 1, gateway: ..., see configs/examples/minimal"
        faults.append(document.fault((), document.data, "keys and values", hint))
        return _draft(SiteFile.model_validate(_STAND_IN), {}, ())
    try:
        file = SiteFile.model_validate(data)
    except ValidationError as error:
        faults += faults_of(error, SiteFile, document, (), data)
        wrong = {tuple(e["loc"][:_MINIMUM]) for e in error.errors()}
        return _salvage(data, wrong)
    return _draft(file, data, tuple(range(len(file.rules))))


def _salvage(data: Mapping[str, Any], wrong: set[tuple[int | str, ...]]) -> Draft:
    """The draft without what is wrong: whole sections, or entries of rules, installations, sources, outputs."""
    kept = {key: value for key, value in data.items() if key in SiteFile.model_fields}
    rules: list[int] = []
    for key in list(kept):
        bad = {loc[1] for loc in wrong if loc[0] == key and len(loc) == _MINIMUM}
        if (key,) in wrong or (bad and key not in _BY_ENTRY):
            del kept[key]
        elif isinstance(kept[key], list):
            places = [i for i in range(len(kept[key])) if i not in bad]
            kept[key] = [kept[key][i] for i in places]
            rules = places if key == "rules" else rules
        elif isinstance(kept[key], dict):
            kept[key] = {name: value for name, value in kept[key].items() if name not in bad}
    if not kept.get("installations"):
        kept.pop("installations", None)
    file = SiteFile.model_validate({**_STAND_IN, **kept})
    draft = _draft(file, data, tuple(rules))
    return draft if "tags" in kept else replace(draft, tags=())


def _draft(file: SiteFile, data: Mapping[str, Any], rules: tuple[int, ...]) -> Draft:
    written = data.get("installations")
    entries = written if isinstance(written, list) else []
    names = tuple(str(e.get("id", "")) if isinstance(e, dict) else "" for e in entries)
    return Draft(
        file=file,
        installations=names,
        sources=_named(data.get("sources")),
        outputs=_named(data.get("outputs")),
        tags=file.tags if data else (),
        rules=tuple(zip(rules, file.rules, strict=True)),
    )


def _named(section: object) -> dict[str, dict[str, Any]]:
    entries = section if isinstance(section, dict) else {}
    return {name: value for name, value in entries.items() if isinstance(value, dict)}
