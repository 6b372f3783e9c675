"""From pushed JSON to readings. Pure.

``{"readings": [{"tag": ..., "time": ..., "value": ..., "quality": ...}, ...]}``, or
``{"time": ..., "values": {tag: value}}``. Without a time: that of arrival.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from gateway.model.errors import Reject
from gateway.model.quality import Quality
from gateway.model.times import MS, NS, parse_iso

NAN: Final = float("nan")
MOST_NAMED: Final = 20
_SCALE: Final = {"s": NS, "ms": MS, "us": 1000, "ns": 1}
_LATEST: Final = (1 << 63) - 1
Row = tuple[int, int, float, int]
"""tag row, source time ns, value, quality"""


@dataclass(frozen=True, slots=True)
class Form:
    """How pushes are written."""

    unit: str
    good: frozenset[str]
    uncertain: frozenset[str]
    most: int


@dataclass(slots=True)
class Pushed:
    """Readings in order, and the names of tags that are not configured (the first of them)."""

    rows: list[Row] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    bad: int = 0
    """readings that are BAD"""


def parse(body: bytes, form: Form, rows_of: Mapping[str, int], received: int) -> Pushed:
    """All readings of one push.

    Raises:
        Reject: not such JSON, or too many readings: nothing of it is taken.
    """
    try:
        document = orjson.loads(body)
    except ValueError as error:
        raise Reject(f"not JSON: {error}") from error
    if not isinstance(document, dict):
        raise Reject("an object with `readings`, or with `values`, is needed")
    out = Pushed()
    for count, (name, when, value, mark) in enumerate(_entries(document), 1):
        if count > form.most:
            raise Reject(f"more than {form.most} readings in one push")
        tag = rows_of.get(name)
        if tag is None:
            if len(out.unknown) < MOST_NAMED and name not in out.unknown:
                out.unknown.append(name[:200])
            continue
        row = _row(tag, when, value, mark, form, received)
        out.bad += row[3] >= Quality.NO_DATA
        out.rows.append(row)
    return out


def _entries(document: dict[str, Any]) -> Iterator[tuple[str, Any, Any, Any]]:
    """(name, time, value, quality)."""
    listed, values = document.get("readings"), document.get("values")
    if isinstance(values, dict) and listed is None:
        for name, value in values.items():
            yield name, document.get("time"), value, document.get("quality")
    elif isinstance(listed, list) and values is None:
        for entry in listed:
            if not isinstance(entry, dict) or not isinstance(entry.get("tag"), str) or "value" not in entry:
                raise Reject("each of `readings` has `tag` (text) and `value`")
            yield entry["tag"], entry.get("time", document.get("time")), entry["value"], entry.get("quality")
    else:
        raise Reject("`readings` (a list) or `values` (an object) is needed, one of them")


def _row(tag: int, when: Any, value: Any, mark: Any, form: Form, received: int) -> Row:
    source = _moment(when, form.unit, received)
    if source is None:
        return tag, received, NAN, int(Quality.MALFORMED)
    quality = _quality(mark, form)
    if value is None:
        return tag, source, NAN, max(quality, int(Quality.SOURCE_BAD))
    number = _number(value)
    if number is None:
        return tag, source, NAN, max(quality, int(Quality.MALFORMED))
    return tag, source, NAN if quality >= Quality.NO_DATA else number, quality


def _number(value: Any) -> float | None:
    """The number a value is; text is none: who pushes JSON can write numbers."""
    return float(value) if isinstance(value, float | int) else None


def _quality(mark: Any, form: Form) -> int:
    if mark is None or str(mark) in form.good:
        return int(Quality.GOOD)
    return int(Quality.SOURCE_UNCERTAIN if str(mark) in form.uncertain else Quality.SOURCE_BAD)


def _moment(when: Any, unit: str, received: int) -> int | None:
    """Source time ns; None when it is no time."""
    if when is None:
        return received
    try:
        if isinstance(when, str):
            ns = parse_iso(when)
        elif isinstance(when, bool) or not isinstance(when, int | float):
            return None
        else:
            ns = when * _SCALE[unit] if isinstance(when, int) else round(when * _SCALE[unit])
    except (ValueError, OverflowError):
        return None
    return ns if 0 < ns <= _LATEST else None
