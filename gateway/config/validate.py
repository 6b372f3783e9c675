"""Settings against their model: what pydantic finds, said so that a person can mend it, at the line where it stands."""

import difflib
import inspect
import typing
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
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
    "union_tag_invalid": "one of {expected_tags}",
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
        missing = wrong["type"] in ("missing", "union_tag_not_found")
        place = placed(_where(wrong), data, missing=missing)
        value: object = MISSING if missing else _input(wrong)
        hint = _hint(wrong["type"], place, value, model, data)
        fault = document.fault((*base, *place), value, _allowed(wrong), hint)
        fault = fault if not missing else _missing(fault)
        known = found.get(place)
        found[place] = fault if known is None else _either(known, fault)
    return list(found.values())


def _where(wrong: Any) -> tuple[str | int, ...]:
    """An entry of no known kind is wrong in its ``kind``."""
    loc: tuple[str | int, ...] = wrong["loc"]
    return (*loc, "kind") if wrong["type"].startswith("union_tag") else loc


def _input(wrong: Any) -> object:
    return wrong["ctx"]["tag"] if wrong["type"] == "union_tag_invalid" else wrong["input"]


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


def _hint(kind: str, place: Key, value: object, model: type[Any], data: object) -> str:
    if kind == "extra_forbidden":
        return _key_hint(str(place[-1]) if place else "", _keys(model, place[:-1], data))
    if kind == "string_type" and isinstance(value, int | float):
        return "put quotes around it"
    if isinstance(value, str) and kind != "string_pattern_mismatch":  # digits that are a name, as of a county
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


def _keys(model: object, path: Key, data: object) -> list[str]:
    """Keys of the model that stands at ``path`` below ``model``, for what is written there."""
    for part in path:
        data = data[part] if isinstance(data, Mapping | list) else None  # type: ignore[index]  # it was found there
        if isinstance(part, int) and model_in(model) is not None:
            continue
        inner = model_in(model)
        field = inner.model_fields.get(str(part)) if inner else None
        model = field.annotation if field else None
    inner = model_in(model, data.get("kind") if isinstance(data, Mapping) else None)
    return list(inner.model_fields) if inner else []


def model_in(annotation: object, kind: object = None) -> type[BaseModel] | None:
    """The model inside ``X``, ``X | None``, ``tuple[X, ...]``, ``list[X]``, ``dict[str, X]``; of several the one whose
    ``kind`` may be this, or the first.
    """
    found = list(_models_in(annotation))
    of_kind = (
        m for m in found if "kind" in m.model_fields and kind in _literals(m.model_fields["kind"].annotation)
    )
    return next(of_kind, found[0] if found else None)


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if inspect.isclass(annotation):
        if issubclass(annotation, BaseModel):
            yield annotation
        return
    for inner in typing.get_args(annotation):
        yield from _models_in(inner)


def _literals(annotation: object) -> tuple[Any, ...]:
    return typing.get_args(annotation) if typing.get_origin(annotation) is typing.Literal else ()
