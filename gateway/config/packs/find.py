"""Where packs are, and a pack read whole: its models, its lines, every number with its source."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, get_args

from gateway.config.kinds import ENTRIES
from gateway.config.packs.schema import PackFile
from gateway.config.rulebase import RuleBase
from gateway.config.schema import RuleEntry
from gateway.config.source import Document, Key, read_yaml
from gateway.config.validate import validate
from gateway.model.errors import Fault, Misconfigured

PACK_FILE: Final = "pack.yaml"
LOCAL: Final = "packs"
"""folder beside a site file in which packs of the site's own are"""
BESIDE: Final = frozenset({"trigger", "values", "level", "priority", "enabled", "stage", "limit"})
"""numbers that the standard itself gives; any other number needs an engineering reason"""
EXTRA: Final = frozenset({"deadband"})
"""keys of a pack's rule that are not of the rule: the reset of a limit, as a distance"""


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack as read."""

    folder: Path
    document: Document
    file: PackFile

    @property
    def id(self) -> str:
        """Its name."""
        return self.file.pack


def packs_folder() -> Path:
    """Where the packs are: beside the package in a checkout, inside it in a wheel.

    Raises:
        Misconfigured: in neither place.
    """
    package = Path(str(files("gateway")))
    for place in (package / "_configs" / "packs", package.parent / "configs" / "packs"):
        if place.is_dir():
            return place
    raise Misconfigured("the packs were not installed with this copy of fengsui")


def built_in() -> dict[str, Path]:
    """Name -> folder of the packs that come with Fengsui."""
    return {p.parent.name: p.parent for p in sorted(packs_folder().glob(f"*/{PACK_FILE}"))}


def folder_of(name: str, beside: Path) -> Path | None:
    """A pack's folder: the site's own (``packs/NAME`` beside its file, or a path) before one that comes along."""
    own = [beside / LOCAL / name, beside / name, beside.parent / name]
    found = next((p for p in own if (p / PACK_FILE).is_file()), None)
    return found or built_in().get(name)


def read_pack(folder: Path, faults: list[Fault]) -> Pack | None:
    """One pack; None when it is wrong, and then ``faults`` says why, each with file and line."""
    try:
        document = read_yaml(folder / PACK_FILE, quick=True)
    except Misconfigured as error:
        faults += error.faults
        return None
    before = len(faults)
    file: PackFile | None = validate(PackFile, document, (), document.data, faults)
    if file is None:
        return None
    if file.pack != folder.resolve().name:
        allowed = f"{folder.resolve().name}, the name of its folder: sites find it by that"
        faults.append(document.fault(("pack",), file.pack, allowed))
    for path, raw in rules_of(document.data):
        faults += list(_rule_faults(document, path, raw, file))
    return Pack(folder, document, file) if len(faults) == before else None


def with_included(pack: Pack, faults: list[Fault], seen: tuple[str, ...] = ()) -> list[Pack]:
    """The pack after those it includes."""
    out: list[Pack] = []
    for index, name in enumerate(pack.file.includes):
        folder = folder_of(name, pack.folder)
        if name in seen or folder is None:
            hint = "beside it, or one of " + ", ".join(built_in())
            faults.append(
                pack.document.fault(("includes", index), name, "a pack that does not include it", hint)
            )
            continue
        inner = read_pack(folder, faults)
        out += with_included(inner, faults, (*seen, pack.id)) if inner else []
    return [*out, pack]


def rules_of(data: Mapping[str, Any]) -> Iterator[tuple[Key, dict[str, Any]]]:
    """Every rule of a pack's data and where it is written."""
    for kind, entry in data.get("types", {}).items():
        for name, raw in (entry.get("rules") or {}).items():
            yield ("types", kind, "rules", name), {"reason": entry.get("reason", ""), **raw}
    for name, raw in (data.get("rules") or {}).items():
        yield ("rules", name), raw


def model_of(kind: object) -> type[RuleBase] | None:
    """The entry model of a kind."""
    return _MODELS.get(str(kind))


_ALL: Final[tuple[type[RuleBase], ...]] = (RuleEntry, *ENTRIES)
_MODELS: Final[dict[str, type[RuleBase]]] = {
    kind: model for model in _ALL for kind in get_args(model.model_fields["kind"].annotation)
}


def _rule_faults(document: Document, path: Key, raw: Mapping[str, Any], file: PackFile) -> Iterator[Fault]:
    model = model_of(raw.get("kind"))
    if model is None:
        yield document.fault((*path, "kind"), raw.get("kind"), "one of " + ", ".join(_MODELS))
        return
    known = {k: v for k, v in raw.items() if k not in EXTRA}
    wrong: list[Fault] = []
    validate(model, document, path, {"id": "T.R", "tag": "T", **known} if "tag" in model.model_fields else
             {"id": "T.R", **known}, wrong)  # fmt: skip
    # What is missing is what the site gives: members of a group, a limit that only its design knows.
    yield from (f for f in wrong if f.value != "missing")
    yield from _unsaid(document, path, raw)
    card = raw.get("card")
    if card and card not in file.cards and not file.includes:
        yield document.fault((*path, "card"), card, "one of " + ", ".join(file.cards))


def _unsaid(document: Document, path: Key, raw: Mapping[str, Any]) -> Iterator[Fault]:
    """Numbers without standard or reason, and without mark."""
    numbers = {k for k, v in raw.items() if is_number(k, v)}
    if not numbers:
        return
    if not raw.get("mark"):
        yield document.fault((*path, "mark"), "missing", "V, S, U or E: how sure its numbers are")
    own = sorted(numbers - BESIDE)
    if not raw.get("reason") and (own or not raw.get("standard")):
        said = ", ".join(own) or ", ".join(sorted(numbers))
        yield document.fault(
            (*path, "reason"), "missing", f"the engineering reason of {said}", "or of its type"
        )


def is_number(key: str, value: object) -> bool:
    """A number that judges: limits, times, counts; level words and priorities are how people are told."""
    if key in ("priority", "kind", "level", "enabled", "latched", "highly_managed", "stage"):
        return False
    if isinstance(value, list | tuple):
        return any(is_number(key, each) for each in value)
    if isinstance(value, str):
        return value[:1].isdigit() and key not in ("clause", "edition", "reason", "standard", "guidance")
    return isinstance(value, int | float) and not isinstance(value, bool)


def read_packs(names: Sequence[tuple[Key, str]], document: Document, faults: list[Fault]) -> dict[str, Pack]:
    """The packs a site names, and those they include, by id; ``names`` with where each is written."""
    found: dict[str, Pack] = {}
    for path, name in names:
        folder = folder_of(name, Path(document.file).parent)
        if folder is None:
            allowed = "a folder with a pack.yaml, or one of " + ", ".join(built_in())
            faults.append(document.fault(path, name, allowed))
            continue
        pack = read_pack(folder, faults)
        for each in with_included(pack, faults) if pack is not None else ():
            found.setdefault(each.id, each)
    return found
