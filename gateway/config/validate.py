"""Settings against their model: what pydantic finds, said so that a person can mend it, at the line where it stands."""

import difflib
import inspect
import typing
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from gateway.config.source import MISSING, Document, Key
from gateway.model.errors import Fault

#: pydantic's kind of error -> what is allowed, with its context filled in; other kinds keep pydantic's words
_ALLOWED: Final = {
    "greater_than": "more than {gt}",
    "greater_than_equal": "{ge} or more",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "string_type": "text",
    "string_too_short": "text, not empty",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "literal_error": "one of {expected}",
    "enum": "one of {expected}",
    "tuple_type": "a list in square brackets, or one line with - for each",
    "list_type": "a list in square brackets, or one line with - for each",
    "dict_type": "keys and values",
    "model_type": "keys and values",
    "model_attributes_type": "keys and values",
    "too_short": "at least {min_length} of them",
    "too_long": "at most {max_length} of them",
}
ID_WORDS: Final = "1-64 of A-Z a-z 0-9 _ - (topic-safe)"
PATTERNS: Final = {
    r"^[A-Za-z0-9_-]{1,64}$": ID_WORDS,
    r"^[A-Za-z0-9_.-]{1,64}$": "1-64 of A-Z a-z 0-9 _ - and dots",
    r"^[0-9]{6}$": "six digits, in quotes",
}


def validate(model: type[Any], document: Document, base: Key, data: object, faults: list[Fault]) -> Any:
    """``data`` as ``model``; None when it is not, and then ``faults`` says why."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        faults += faults_of(error, model, document, base, data)
    except TypeError as error:
        # a plugin's validator met a type it did not think of; people need the place, not a traceback
        faults.append(document.fault(base, data, "values of the types in docs/configuration.md", str(error)))
    return None


def faults_of(
    error: ValidationError, model: type[Any], document: Document, base: Key, data: object
) -> list[Fault]:
    """One fault per place, in the order found."""
    found: dict[Key, Fault] = {}
    for wrong in error.errors():
        if wrong["type"] == "too_short" and len(wrong["input"]) >= wrong["ctx"]["min_length"]:
            continue  # entries that are wrong themselves were not counted
        place = placed(wrong["loc"], data, missing=wrong["type"] == "missing")
        value: object = MISSING if wrong["type"] == "missing" else wrong["input"]
        hint = _hint(wrong["type"], place, value, model)
        fault = document.fault((*base, *place), value, _allowed(wrong), hint)
        fault = fault if wrong["type"] != "missing" else _missing(fault)
        known = found.get(place)
        found[place] = fault if known is None else _either(known, fault)
    return list(found.values())


def placed(loc: Sequence[str | int], data: object, *, missing: bool = False) -> Key:
    """pydantic's ``loc`` without what is not in the file (names of union members, validators, ``[key]``)."""
    path: list[str | int] = []
    for part in loc:
        if isinstance(data, Mapping):
            written = part in data
        else:
            written = isinstance(data, list) and isinstance(part, int) and 0 <= part < len(data)
        if written:
            data = data[part]  # type: ignore[index]  # one of the two just looked at
        elif not (missing and part is loc[-1]):
            continue
        path.append(part)
    return tuple(path)


def _missing(fault: Fault) -> Fault:
    return Fault(fault.file, fault.line, fault.path, fault.value, "this key must be given")


def _either(first: Fault, second: Fault) -> Fault:
    if second.allowed in first.allowed:
        return first
    allowed = f"{first.allowed}; or {second.allowed}"
    return Fault(first.file, first.line, first.path, first.value, allowed, first.hint or second.hint)


def _allowed(wrong: Any) -> str:
    context = wrong.get("ctx", {})
    if wrong["type"] == "string_pattern_mismatch":
        return PATTERNS.get(context["pattern"], f"text like {context['pattern']}")
    if wrong["type"] == "extra_forbidden":
        return "only keys that have a meaning here"
    known = _ALLOWED.get(wrong["type"])
    said: str = known.format(**context) if known else wrong["msg"].removeprefix("Value error, ")
    return said.replace("' or '", "', '").replace("'", "")


def _hint(kind: str, place: Key, value: object, model: type[Any]) -> str:
    if kind == "extra_forbidden":
        return _key_hint(str(place[-1]) if place else "", _keys(model, place[:-1]))
    if kind == "string_type" and isinstance(value, int | float):
        return "put quotes around it"
    if isinstance(value, str):
        return number_hint(value)
    return ""


def number_hint(text: str) -> str:
    """How to write a number that is almost one."""
    plain = unicodedata.normalize("NFKC", text).strip().replace(",", "").replace("_", "")
    try:
        float(plain)
    except ValueError:
        return ""
    return f"write {plain}, without quotes, separators or full-width digits" if plain.isascii() else ""


def _key_hint(key: str, keys: Sequence[str]) -> str:
    close = difflib.get_close_matches(key.lower().replace("-", "_"), keys, n=1, cutoff=0.7)
    if close:
        return f"did you mean {close[0]}?"
    return f"known here: {', '.join(keys)}" if keys else ""


def _keys(model: object, path: Key) -> list[str]:
    """Keys of the model that stands at ``path`` below ``model``."""
    for part in path:
        if isinstance(part, int) and model_in(model) is not None:
            continue
        inner = model_in(model)
        field = inner.model_fields.get(str(part)) if inner else None
        model = field.annotation if field else None
    inner = model_in(model)
    return list(inner.model_fields) if inner else []


def model_in(annotation: object) -> type[BaseModel] | None:
    """The model inside ``X``, ``X | None``, ``tuple[X, ...]``, ``list[X]``, ``dict[str, X]``."""
    if inspect.isclass(annotation):
        return annotation if issubclass(annotation, BaseModel) else None
    for inner in typing.get_args(annotation):
        found = model_in(inner)
        if found is not None:
            return found
    return None
