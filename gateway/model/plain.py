"""Frozen data back from plain JSON values, by the types of its fields."""

import types
import typing
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any


def build(annotation: Any, value: Any) -> Any:
    """``value`` (JSON: lists, objects, numbers, text) as what ``annotation`` says; unknown keys are left out.

    Raises:
        TypeError: a field that is needed is missing.
        ValueError: no member of an enumeration.
    """
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if value is None:
        return None
    if origin in (typing.Union, types.UnionType):
        return build(next(a for a in arguments if a is not type(None)), value)
    if origin is tuple:
        return _tuple(arguments, value)
    if is_dataclass(annotation):
        cls: Any = annotation
        known = _types(cls)
        return cls(**{k: build(known[k], v) for k, v in value.items() if k in known})
    enumerated = isinstance(annotation, type) and issubclass(annotation, Enum)
    return annotation(value) if enumerated else value


def _tuple(arguments: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
    if arguments[-1] is Ellipsis:
        return tuple(build(arguments[0], each) for each in value)
    return tuple(build(a, each) for a, each in zip(arguments, value, strict=True))


@cache
def _types(cls: type[Any]) -> dict[str, Any]:
    hints = typing.get_type_hints(cls)
    return {f.name: hints[f.name] for f in fields(cls)}
