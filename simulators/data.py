"""Plain YAML into frozen dataclasses; unknown and missing keys are refused with their place."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, TypeVar

import yaml

from simulators.errors import BadData

T = TypeVar("T")


def make(cls: type[T], data: object, where: str) -> T:
    """Build ``cls`` from a mapping; ``where`` names the place in the file for messages."""
    items = mapping(data, where)
    known = {f.name: f for f in fields(cls)}  # type: ignore[arg-type]
    unknown = sorted(set(items) - set(known))
    if unknown:
        raise BadData(f"{where}: unknown {', '.join(unknown)}; allowed: {', '.join(known)}")
    needed = {n for n, f in known.items() if f.default is MISSING and f.default_factory is MISSING}
    missing = sorted(needed - set(items))
    if missing:
        raise BadData(f"{where}: missing {', '.join(missing)}")
    return cls(**items)


def mapping(data: object, where: str) -> dict[str, Any]:
    """``data`` as a dict with text keys, or an error."""
    if not isinstance(data, Mapping):
        raise BadData(f"{where}: expected a mapping, got {type(data).__name__}")
    return {str(key): value for key, value in data.items()}


def sequence(data: object, where: str) -> list[Any]:
    """``data`` as a list, or an error; nothing means an empty list."""
    if data is None:
        return []
    if not isinstance(data, list):
        raise BadData(f"{where}: expected a list, got {type(data).__name__}")
    return data


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping at the top of a YAML file."""
    try:
        return mapping(yaml.safe_load(path.read_text(encoding="utf-8")), str(path))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadData(f"{path}: {error}") from error
