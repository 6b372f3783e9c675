"""Numbers of a rule's own kind, found in the kind's model: what they are, and others in their place."""

import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Any, Final

from pydantic import BaseModel, BeforeValidator

from gateway.config.durations import spelled
from gateway.config.kinds.base import KindEntry
from gateway.config.packs.find import model_of
from gateway.config.rulebase import RuleBase
from gateway.config.schema import MAY, NEEDS, RuleEntry
from gateway.config.validate import model_in
from gateway.model.times import parse_duration

Raw = Mapping[str, Any]
"""an entry as it is written, with its ``kind``"""
NONE: Final = "None"
"""the word of a value for which others stand"""
_WITH_LIMIT: Final = frozenset({"trigger", "reset"})
"""of the first seven kinds: numbers of the rule itself (:mod:`gateway.config.numbers`)"""


@dataclass(frozen=True, slots=True)
class Numeric:
    """One number of an entry.

    Attributes:
        name: its key; of one inside a list ``cases.0.trigger``.
        value: None where others stand for it; ns of a time.
        time: it is a duration.
        whole: it is a whole number.
        about: what the model says of it.
    """

    name: str
    value: float | None
    time: bool
    whole: bool
    about: str

    @property
    def written(self) -> float | str | None:
        """As a file has it."""
        return spelled(int(self.value)) if self.time and self.value is not None else self.value

    def wanted(self, number: float) -> float | str:
        """A number that somebody wants it to be (s of a time), as a file has it."""
        if self.time:
            return spelled(parse_duration(number))
        return int(number) if self.whole and number == int(number) else number

    def read(self, text: str) -> float | str:
        """A value out of its words (:func:`gateway.config.words.number_word`)."""
        if self.time:
            return text
        return int(text) if self.whole and text.lstrip("-").isdigit() else float(text)


def numerics(raw: Raw | None) -> dict[str, Numeric]:
    """Name -> number, of an entry that is without fault; nothing of a limit column, which has no entry."""
    model = model_of(raw["kind"]) if raw is not None else None
    if model is None:
        return {}
    entry = model.model_validate(raw)
    return {found.name: found for found in _walk(entry, _own(entry), "")}


def _own(entry: RuleBase) -> Sequence[str]:
    if isinstance(entry, RuleEntry):
        return [n for n in (*NEEDS[entry.kind], *MAY.get(entry.kind, ())) if n not in _WITH_LIMIT]
    return [n for n in type(entry).model_fields if n not in RuleBase.model_fields]


def _walk(entry: BaseModel, names: Sequence[str], above: str) -> Iterator[Numeric]:
    for name in names:
        field, value = type(entry).model_fields[name], getattr(entry, name)
        if field.frozen:
            continue  # it says which one it is
        kind = _kind(field.annotation, field.metadata)
        if kind is not None:
            yield Numeric(f"{above}{name}", value, *kind, field.description or "")
        elif isinstance(value, tuple) and model_in(field.annotation) is not None:
            for index, each in enumerate(value):
                yield from _walk(each, list(type(each).model_fields), f"{above}{name}.{index}.")


def _kind(annotation: Any, metadata: Sequence[Any]) -> tuple[bool, bool] | None:
    """Whether a field is a time and a whole number; None: it is no number."""
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _kind(inner[0], [*metadata, *inner[1:]])
    if origin in (typing.Union, UnionType):
        given = [each for each in inner if each is not NoneType]
        return _kind(given[0], metadata) if len(given) == 1 else None
    time = any(isinstance(m, BeforeValidator) and m.func is parse_duration for m in metadata)
    return (time, annotation is int and not time) if annotation in (int, float) else None


def with_settings(raw: Raw, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The entry with other settings, by their names."""
    out: Any = dict(raw)
    for name, value in settings.items():
        _put(out, name.split("."), value)
    return typing.cast("dict[str, Any]", out)


def _put(at: Any, path: Sequence[str], value: Any) -> None:
    """Into a copy of what lies on the way there: the file's own data stays as it is."""
    key: Any = int(path[0]) if isinstance(at, list) else path[0]
    if len(path) > 1:
        at[key] = dict(at[key]) if isinstance(at[key], dict) else list(at[key])
        _put(at[key], path[1:], value)
    else:
        at[key] = value


def later(raw: Raw | None, name: str, old: str, new: str) -> bool:
    """A limit that is moved away from normal: what a second person must not overlook. Of other settings only a trial on
    the archive can say what they do.
    """
    last = name.rsplit(".", 1)[-1]
    if raw is None or last not in ("trigger", "limit") or old == NONE:
        return False
    model = model_of(raw["kind"])
    low = model is not None and getattr(model.model_validate(raw), "side", "") == "low"
    return float(new) < float(old) if low else float(new) > float(old)


def keepable(entry: RuleBase) -> bool:
    """The entry has numbers of its own, so what is written of it is kept."""
    return isinstance(entry, KindEntry) or bool(_own(entry))
