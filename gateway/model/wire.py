"""Reading journal records back: the inverse of :func:`gateway.model.published.body` and the two hash fields.

Only standard ``json`` here: what is read back was hashed once and is never encoded again.
"""

import json
from typing import Any, Final

from gateway.model.commands import Actor
from gateway.model.events import (
    SCHEMA,
    Acknowledgement,
    Axes,
    Condition,
    Disposal,
    Event,
    EventKind,
    Latch,
    Record,
    Report,
    Stamp,
    Suppression,
)
from gateway.model.levels import Level
from gateway.model.quality import Quality, quality_name
from gateway.model.times import parse_iso

#: text fields: JSON name -> name in :class:`Event`
_TEXTS: Final = (
    ("id", "id"),
    ("installation", "installation"),
    ("tag", "tag"),
    ("description", "description"),
    ("class", "cls"),
    ("unit", "unit"),
    ("rule", "rule"),
    ("rule_version", "rule_version"),
    ("kind", "kind"),
    ("isa", "isa"),
    ("comment", "comment"),
    ("guidance", "guidance"),
)
_LARGEST: Final = (1 << 53) - 1
"""The largest integer that canonical JSON (RFC 8785) can say."""
_NUMBERS: Final = ("value", "limit", "reset", "rate", "eta_s", "confidence")


def parse(data: bytes) -> Record:
    """A record from its journalled bytes.

    Raises:
        ValueError: not a record of this schema; says what is wrong with which field.
    """
    raw = _object(data)
    try:
        return Record(
            int(raw["seq"]), parse_iso(raw["recorded"]), str(raw["hash"]), bytes(data), event_of(raw)
        )
    except (KeyError, TypeError, AttributeError, OverflowError) as e:
        raise ValueError(f"not a journal record: {type(e).__name__} {e}") from e


def parse_stamp(data: bytes) -> Stamp:
    """What the journal added to the decision.

    Raises:
        ValueError: not a record of this schema.
    """
    raw = _object(data)
    try:
        return Stamp(
            gateway=raw["gateway"],
            county=raw["county"],
            site=raw["site"],
            epoch=raw["epoch"],
            seq=int(raw["seq"]),
            recorded=parse_iso(raw["recorded"]),
            durable=bool(raw.get("durable", True)),
            exercise=str(raw.get("exercise", "")),
        )
    except (KeyError, TypeError, AttributeError) as e:
        raise ValueError(f"not a journal record: {type(e).__name__} {e}") from e


def parse_prev_hash(data: bytes) -> str:
    """The hash of the record before, 64 hex digits.

    Raises:
        ValueError: not a record of this schema.
    """
    try:
        return str(_object(data)["prev_hash"])
    except KeyError as e:
        raise ValueError(f"not a journal record: KeyError {e}") from e


def event_of(raw: dict[str, Any]) -> Event:
    """The decision in a published JSON object.

    Raises:
        ValueError, KeyError, TypeError: a field is missing or not what it must be.
    """
    fields: dict[str, Any] = {name: raw[key] for key, name in _TEXTS if key in raw}
    fields.update({name: float(raw[name]) for name in _NUMBERS if name in raw})
    return Event(
        event=EventKind(raw["event"]),
        time=parse_iso(raw["time"]),
        n=int(raw.get("n", 0)),
        fault=raw["fault"],
        shadow=raw.get("stage") == "shadow",
        level=Level.parse(raw["level"]) if "level" in raw else None,
        levels=tuple(map(Level.parse, raw.get("levels", ()))),
        priority=raw.get("priority"),
        onset=parse_iso(raw["onset"]) if "onset" in raw else None,
        quality=quality_of(raw["quality"]) if "quality" in raw else None,
        before=axes_of(raw["before"]) if "before" in raw else None,
        after=axes_of(raw["after"]) if "after" in raw else None,
        actor=Actor(**raw["actor"]) if "actor" in raw else None,
        backfill=raw.get("backfill", False),
        late_s=float(raw.get("late_s") or 0.0),
        members=tuple(raw.get("members", ())),
        detail=raw.get("detail", {}),
        **fields,
    )


def axes_of(raw: dict[str, str]) -> Axes:
    """Inverse of :meth:`gateway.model.events.Axes.as_json`.

    Raises:
        ValueError, KeyError: an axis is missing or in no state of its own.
    """
    return Axes(
        Condition(raw["condition"]),
        Acknowledgement(raw["acknowledgement"]),
        Latch(raw["latch"]),
        Suppression(raw["suppression"]),
        Disposal(raw["disposal"]),
        Report(raw.get("report", Report.NOT_REQUIRED)),  # not in journals of before there was one
    )


def quality_of(name: str) -> int:
    """Inverse of :func:`gateway.model.quality.quality_name`, also for codes without a name (``bad_190``).

    Raises:
        ValueError: no quality has this name.
    """
    known = Quality.__members__.get(name.upper())
    if known is not None:
        return int(known)
    number = name.rpartition("_")[2]
    code = int(number) if number.isascii() and number.isdecimal() else -1
    if not 0 <= code <= 255 or quality_name(code) != name:
        raise ValueError(f"{name!r} is not a quality")
    return code


def _number(text: str) -> int | float:
    # Canonical JSON writes 1e16 as 10000000000000000 and refuses integers this large: it was a float.
    number = int(text)
    return number if abs(number) <= _LARGEST else float(text)


def _object(data: bytes) -> dict[str, Any]:
    raw = json.loads(data, parse_int=_number)
    if not isinstance(raw, dict) or raw.get("schema") != SCHEMA:
        raise ValueError(f"not a record of schema {SCHEMA}")
    return raw
