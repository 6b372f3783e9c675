"""A rule of a pack as it applies to one tag: pack -> site -> installation -> tag, every value with its origin."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.config.packs.find import EXTRA
from gateway.config.source import Document, Key, dotted, shown
from gateway.config.taglist import tidy
from gateway.model.errors import Fault

SOURCE_KEYS: Final = ("standard", "clause", "edition", "reason", "mark", "verified_by")
NUMBERS: Final = ("trigger", "limit", "values", "triggers")
"""a layer that gives one of these without saying where it is from does not keep the source of the one below"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value is written."""

    file: str
    line: int | None
    path: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} ({self.path})" if self.line else f"{self.file} ({self.path})"


@dataclass(frozen=True, slots=True)
class Layer:
    """Values of one rule as one place gives them."""

    values: Mapping[str, Any]
    places: Mapping[str, Place]


def layer(document: Document, path: Key, values: Mapping[str, Any]) -> Layer:
    """What a YAML file says of a rule at ``path``."""
    places = {key: Place(document.file, document.line((*path, key)), dotted((*path, key))) for key in values}
    return Layer(values, places)


@dataclass(frozen=True, slots=True)
class Merged:
    """The values in force, and where each is written."""

    values: dict[str, Any]
    places: dict[str, Place]
    key: tuple[str, ...] = ()
    """type, rule and installation where its row says nothing of its own"""
    texts: frozenset[str] = frozenset()
    """keys whose words name the tag"""


def merge(layers: Sequence[Layer]) -> Merged:
    """Later layers win. A number of one's own needs a source of one's own: it does not keep the pack's."""
    values: dict[str, Any] = {}
    places: dict[str, Place] = {}
    for each in layers:
        if values and any(k in each.values and each.values[k] != values.get(k) for k in NUMBERS):
            for key in ("enabled", "reset", *SOURCE_KEYS) if "trigger" in each.values else SOURCE_KEYS:
                values.pop(key, None)
                places.pop(key, None)
        values.update(each.values)
        places.update(each.places)
    return Merged(values, places)


def resolved(merged: Merged) -> dict[str, Any] | None:
    """Keys as the rule's model has them; None while the number it judges by is not given."""
    values = {k: v for k, v in merged.values.items() if k not in EXTRA}
    kind, trigger = values.get("kind"), values.get("trigger")
    if kind in ("limit-high", "limit-low"):
        if trigger is None:
            return None
        band = merged.values.get("deadband", 0.0)
        if "reset" not in values and is_number(trigger) and is_number(band):
            values["reset"] = tidy(trigger - band if kind == "limit-high" else trigger + band)
            merged.places.setdefault("reset", merged.places.get("deadband", merged.places["trigger"]))
    elif (
        trigger is None
        and kind in ("rate-rise", "rate-fall", "velocity", "deviation", "spread", "total", "mean")
    ) or (kind == "trend" and values.get("limit") is None):
        return None
    if values.get("mark") == "U" and not str(values.get("verified_by", "")).strip():
        values["enabled"] = False
        merged.places["enabled"] = merged.places["mark"]
    return values


def is_number(value: object) -> bool:
    """What is none is told by the rule's own model."""
    return isinstance(value, int | float) and not isinstance(value, bool)


@dataclass(slots=True)
class Written(Document):
    """Stands for the file when a merged rule is checked: each fault goes to where its value is written."""

    places: Mapping[str, Place] = field(default_factory=dict)
    own: Place = field(default_factory=lambda: Place("", None, ""))

    def fault(self, path: Key, value: object, allowed: str, hint: str = "") -> Fault:
        """A fault at the value of that name, or at the rule."""
        key = next((str(part) for part in path[2:] if isinstance(part, str)), "")
        place = self.places.get(key)
        if place is not None:
            return Fault(place.file, place.line, place.path, shown(value), allowed, hint)
        name = f"{self.own.path}.{key}" if key else self.own.path
        return Fault(self.own.file, self.own.line, name, shown(value), allowed, hint)
