"""What differs between two effective configurations: by rule, tag, installation and link, field by field."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import Enum
from typing import Any, Final

from gateway.config.durations import spelled
from gateway.model.levels import Level
from gateway.model.people import Owner
from gateway.model.site import Site
from gateway.model.times import NS

PARTS: Final = ("rules", "tags", "installations", "links", "people", "posts", "chains", "consoles", "watches")
_SITE: Final = (
    "gateway",
    "county",
    "id",
    "name",
    "name_en",
    "shelve_longest",
    "remove_longest",
    "report_due",
    "modifiers",
    "routing",
    "approval",
)
_TIMES: Final = frozenset({
    "on_delay", "off_delay", "window", "period", "max_age", "frozen_window", "disposal_due", "shelve_longest",
    "remove_longest",
})  # fmt: skip
_DERIVED: Final = frozenset({"version"})


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. ``field`` empty: the whole thing is new (``old`` empty) or gone (``new`` empty)."""

    part: str
    id: str
    field: str
    old: str
    new: str

    def __str__(self) -> str:
        what = f"{self.part.removesuffix('s')} {self.id}".strip()
        if not self.field:
            return f"+ {what}: {self.new}" if self.new else f"- {what}: {self.old}"
        return f"~ {what} {self.field}: {self.old or '(nothing)'} -> {self.new or '(nothing)'}"


def differences(old: Site, new: Site) -> list[Change]:
    """Everything that differs, rules first, each part in the order of the new configuration, then what is gone."""
    found = [c for part in PARTS for c in _part(part, getattr(old, part), getattr(new, part))]
    return [*found, *_settings(old, new), *_fields("site", "", old, new, _SITE)]


def _settings(old: Site, new: Site) -> Iterator[Change]:
    """Of sources, outputs and the like."""
    before, after = dict(old.settings), dict(new.settings)
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            yield Change("settings", name, "value", before.get(name, ""), after.get(name, ""))


def _part(part: str, old: Sequence[Any], new: Sequence[Any]) -> Iterator[Change]:
    before: Mapping[str, Any] = {each.id: each for each in old}
    for each in new:
        if each.id not in before:
            yield Change(part, each.id, "", "", _summary(each))
            continue
        names = [f.name for f in fields(each) if f.name not in _DERIVED and f.name != "id"]
        yield from _fields(part, each.id, before[each.id], each, names)
    here = {each.id for each in new}
    yield from (Change(part, each.id, "", _summary(each), "") for each in old if each.id not in here)


def _fields(part: str, ident: str, old: Any, new: Any, names: Sequence[str]) -> Iterator[Change]:
    for name in names:
        before, after = getattr(old, name), getattr(new, name)
        if before == after:
            continue
        if name == "settings":
            yield Change(part, ident, name, _differing(before, after), _differing(after, before))
        else:
            yield Change(part, ident, name, _words(name, before), _words(name, after))


def _differing(mine: Any, other: Any) -> str:
    """Of a kind's settings those that differ; whole numbers from a second on are times, no count is as large."""
    found = [(name, value) for name, value in mine if (name, value) not in other]
    return ", ".join(
        f"{name} {spelled(value) if isinstance(value, int) and value >= NS else _words('', value)}"
        for name, value in found
    )


def _summary(each: Any) -> str:
    kind = getattr(each, "kind", None) or getattr(each, "cls", "")
    numbers = f" {each.trigger:g}, {each.level.word}" if hasattr(each, "trigger") else ""
    return f"{_words('kind', kind)}{numbers}" or each.id


def _words(name: str, value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, tuple):
        return ", ".join(_words("", each) for each in value)
    if name in _TIMES and isinstance(value, int):
        return spelled(value)
    return _named(value)


def _named(value: Any) -> str:
    if isinstance(value, Level):
        return value.word
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, Owner):
        return f"{value.role} {value.name}"
    return "" if value is None else str(value)
