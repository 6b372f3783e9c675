"""A site as text and back, so that every effective configuration can be kept whole under its hash."""

import json
from collections.abc import Callable
from dataclasses import asdict, fields
from typing import Any, Final

from gateway.model.levels import Level, Stage
from gateway.model.people import Chain, OperatorConsole, Owner, Person, Post, Routing
from gateway.model.plain import build
from gateway.model.site import (
    Card,
    Danger,
    Degrade,
    Installation,
    Link,
    PlannedWatch,
    RollUp,
    Rule,
    RuleKind,
    Signal,
    Site,
    Tag,
)

_ENUMS: Final[dict[str, Callable[[Any], Any]]] = {
    "danger": Danger,
    "signal": Signal,
    "kind": RuleKind,
    "degrade": Degrade,
    "stage": Stage,
    "level": Level,
    "base_level": Level,
}
_NESTED: Final[dict[str, Callable[[Any], Any]]] = {
    "names": lambda value: tuple((name, x, unit, tuple(numbers)) for name, x, unit, numbers in value),
    "raise_level": lambda value: tuple((int(after), Level(level)) for after, level in value),
    "roll_up": lambda value: tuple(RollUp(r["count"], Level(r["of"]), Level(r["to"])) for r in value),
    "owners": lambda value: tuple(_owner(each) for each in value),
    "settings": lambda value: tuple((k, tuple(v) if isinstance(v, list) else v) for k, v in value),
}
_PARTS: Final[dict[str, type[Any]]] = {
    "installations": Installation,
    "links": Link,
    "tags": Tag,
    "rules": Rule,
    "cards": Card,
}
_PLAIN: Final[dict[str, Any]] = {
    "people": tuple[Person, ...],
    "posts": tuple[Post, ...],
    "chains": tuple[Chain, ...],
    "routing": Routing,
    "consoles": tuple[OperatorConsole, ...],
    "report_due": tuple[tuple[Level, int], ...],
    "watches": tuple[PlannedWatch, ...],
    "modifiers": tuple[tuple[str, str], ...],
}
"""parts that are built by the types of their fields; a site kept before there was one has its default"""


def dump_site(site: Site) -> bytes:
    """Canonical enough to diff: sorted keys, UTF-8."""
    return json.dumps(asdict(site), sort_keys=True, ensure_ascii=False).encode()


def load_site(data: bytes) -> Site:
    """Inverse of :func:`dump_site`.

    Raises:
        ValueError: not a site of this version.
    """
    try:
        raw = json.loads(data)
        for name, cls in _PARTS.items():
            raw[name] = tuple(_part(cls, entry) for entry in raw.get(name, ()))
        raw["settings"] = tuple((str(k), str(v)) for k, v in raw.get("settings", ()))
        raw |= {name: build(kind, raw[name]) for name, kind in _PLAIN.items() if name in raw}
        return Site(**raw)
    except (KeyError, TypeError) as error:
        raise ValueError(f"not an effective configuration of this version: {error}") from error


def _part(cls: type[Any], raw: dict[str, Any]) -> Any:
    known = {f.name for f in fields(cls)}
    return cls(**{k: _value(cls, k, v) for k, v in raw.items() if k in known})


def _value(cls: type[Any], name: str, value: Any) -> Any:
    if name in _NESTED:
        return _NESTED[name](value)
    if name in _ENUMS and not (name == "kind" and cls is not Rule):
        return _ENUMS[name](value)
    return tuple(value) if isinstance(value, list) else value


def _owner(raw: Any) -> Owner:
    """An owner; of a site kept before there were roles, a name alone."""
    return Owner(role="", person="", name=raw) if isinstance(raw, str) else Owner(**raw)
