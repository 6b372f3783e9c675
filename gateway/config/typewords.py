"""Types of pydantic fields as an engineer reads them: ``whole number 1 to 4``, ``duration``, ``list of text``."""

import types
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, BeforeValidator
from pydantic.fields import FieldInfo

from gateway.config.durations import spelled
from gateway.config.validate import PATTERNS
from gateway.model.times import NS

_Arguments = tuple[Any, ...]
_WORDS: Final[dict[Any, str]] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    Path: "file name",
    Any: "anything",
}


def type_words(field: FieldInfo) -> str:
    """What may be written."""
    return _words(field.annotation, list(field.metadata))


def default_words(field: FieldInfo) -> str:
    """What holds when nothing is written; empty for nothing."""
    default = field.get_default(call_default_factory=True)
    scale = _duration_scale([*field.metadata, *_metadata(field.annotation)])
    if isinstance(default, BaseModel):
        given = ", ".join(f"{k}: {getattr(default, k)}" for k in sorted(default.model_fields_set))
        return f"`{{{given}}}`" if given else "see below"
    if default is None or default in ("", (), {}):
        return ""
    if scale and isinstance(default, int | float):
        return f"`{spelled(round(default * NS / scale))}`"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, tuple):
        return "`" + ", ".join(map(str, default)) + "`"
    return f"`{_plain(default)}`"


def _words(annotation: Any, metadata: list[Any]) -> str:
    if typing.get_origin(annotation) is Annotated:
        inner, *more = typing.get_args(annotation)
        return _words(inner, [*metadata, *more])
    scale = _duration_scale(metadata)
    if scale:
        return "duration" + _bounds(metadata, duration=scale)
    made = _ORIGINS.get(typing.get_origin(annotation))
    if made is not None:
        return made(typing.get_args(annotation), metadata)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "keys, see below"
    return _pattern(metadata) or _WORDS.get(annotation, str(annotation)) + _bounds(metadata, duration=0)


def _literal(arguments: _Arguments, _: list[Any]) -> str:
    return " or ".join(f"`{a}`" if a != "" else "nothing" for a in arguments)


def _union(arguments: _Arguments, metadata: list[Any]) -> str:
    return " or ".join(_words(a, metadata) for a in arguments if a is not type(None))


def _tuple(arguments: _Arguments, _: list[Any]) -> str:
    if arguments[-1] is Ellipsis:
        return f"list of {_words(arguments[0], [])}"
    return "pair of " + " and ".join(_words(a, []) for a in arguments)


def _mapping(arguments: _Arguments, _: list[Any]) -> str:
    nested = bool(typing.get_args(arguments[1]))
    return "name: settings" if nested else f"name: {_words(arguments[1], [])}"


_ORIGINS: Final[dict[Any, Callable[[_Arguments, list[Any]], str]]] = {
    Literal: _literal,
    typing.Union: _union,
    types.UnionType: _union,
    tuple: _tuple,
    dict: _mapping,
}


def _metadata(annotation: Any) -> list[Any]:
    """Metadata inside ``Annotated`` and ``X | None``."""
    found = list(typing.get_args(annotation)[1:]) if typing.get_origin(annotation) is Annotated else []
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        found += [m for a in typing.get_args(annotation) for m in _metadata(a)]
    return found


def _duration_scale(metadata: list[Any]) -> float:
    """What a validator makes of ``1s``: 1e9 (ns) or 1.0 (seconds); 0 when it is not a duration."""
    for entry in metadata:
        if isinstance(entry, BeforeValidator):
            try:
                made = entry.func("1s")  # type: ignore[call-arg]  # validators without context only
            except (TypeError, ValueError):
                continue
            if isinstance(made, int | float):
                return float(made)
    return 0.0


def _pattern(metadata: list[Any]) -> str:
    patterns = [p for m in _flat(metadata) if (p := getattr(m, "pattern", None))]
    return PATTERNS.get(patterns[0], f"text like `{patterns[0]}`") if patterns else ""


def _bounds(metadata: list[Any], *, duration: float) -> str:
    """``1 to 4``, ``more than 0``."""
    low = high = ""
    for entry in _flat(metadata):
        if isinstance(entry, Ge):
            low = f"from {_number(entry.ge, duration)}"
        elif isinstance(entry, Gt):
            low = f"more than {_number(entry.gt, duration)}"
        elif isinstance(entry, Le):
            high = f"to {_number(entry.le, duration)}"
        elif isinstance(entry, Lt):
            high = f"below {_number(entry.lt, duration)}"
    return "".join(f" {word}" for word in (low, high) if word)


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _flat(metadata: list[Any]) -> list[Any]:
    """Constraints, also those inside a ``Field`` of an alias."""
    return [m for entry in metadata for m in (entry.metadata if isinstance(entry, FieldInfo) else [entry])]


def _number(bound: Any, duration: float) -> str:
    return spelled(round(bound * NS / duration)) if duration else _plain(bound)
