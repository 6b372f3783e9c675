"""From payloads to readings: plain values, and documents (JSON, CBOR) by paths that are compiled once. Pure.

Numbers, booleans (0/1) and numeric text are values. A missing path, another type, a bad time or a broken document is
MALFORMED, ``null`` is the source's own "no value".
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, Literal

import orjson

from gateway.model.quality import Quality
from gateway.model.times import MS, NS, parse_iso
from gateway.sources.mqtt.paths import Malformed, Path, entries, head_of, walk

Unit = Literal["s", "ms", "us", "ns", "iso"]
_SCALE: Final = {"s": NS, "ms": MS, "us": 1000, "ns": 1}
_LATEST: Final = (1 << 63) - 1
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
NAN: Final = float("nan")
MOST_ENTRIES: Final = 10_000
"""Readings one message may carry for one tag; a longer list is not a message but a mistake or an attack."""


def number(value: object) -> float:
    """A value as float64.

    Raises:
        Malformed: it is none.
    """
    if isinstance(value, float | int | Decimal):
        try:
            return float(value)
        except (OverflowError, ValueError) as error:
            raise Malformed("a number out of range") from error
    if isinstance(value, str):
        return plain(value.encode(errors="replace"))
    raise Malformed(f"a {type(value).__name__} is not a number")


def plain(payload: bytes) -> float:
    """The number a whole payload is, ``true`` and ``false`` included.

    Raises:
        Malformed: it is none.
    """
    try:
        if payload.isascii() and b"_" not in payload:
            return float(payload)
    except ValueError:
        word = payload.strip().lower()
        if word in (b"true", b"false"):
            return float(word == b"true")
    raise Malformed(f"{payload[:40]!r} is not a number")


def moment(value: object, unit: Unit) -> int:
    """Source time in ns.

    Raises:
        Malformed: not a time between 1970 and 2262.
    """
    try:
        ns = _moment(value, unit)
    except (ValueError, OverflowError, ArithmeticError):
        ns = -1
    if not 0 < ns <= _LATEST:
        raise Malformed(f"not a time in {unit}")
    return ns


def _moment(value: object, unit: Unit) -> int:
    if isinstance(value, dt.datetime):
        return _since(value)
    if unit == "iso":
        return parse_iso(value) if isinstance(value, str) else -1
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return -1
    exact = value if isinstance(value, int) else _exact(value)
    return exact * _SCALE[unit] if isinstance(exact, int) else round(exact * _SCALE[unit])


def _since(value: dt.datetime) -> int:
    """A time of CBOR (tag 0 or 1), ns."""
    if value.tzinfo is None:
        return -1
    since: int = (value - _EPOCH) // dt.timedelta(microseconds=1)
    return since * 1000


def _exact(value: float | str) -> int | float:
    return int(value) if isinstance(value, str) and value.isdecimal() else float(value)


@dataclass(frozen=True, slots=True)
class TimePath:
    """Where the source time is."""

    path: Path
    unit: Unit


@dataclass(frozen=True, slots=True)
class QualityPath:
    """Where the source's own quality is and what its words mean; any other is BAD, a missing one UNCERTAIN."""

    path: Path
    good: frozenset[str]
    uncertain: frozenset[str]

    def of(self, place: object, behind: Path | None = None) -> int:
        """The quality at the path, or at what of it is ``behind`` an entry."""
        try:
            found = walk(place, self.path if behind is None else behind)
            word = (
                found
                if isinstance(found, str)
                else str(number(found) if isinstance(found, Decimal) else found)
            )
        except ValueError:  # Malformed, or an integer that has more digits than Python prints
            return Quality.SOURCE_UNCERTAIN
        if word in self.good:
            return Quality.GOOD
        return Quality.SOURCE_UNCERTAIN if word in self.uncertain else Quality.SOURCE_BAD


Row = tuple[int, int, float, int]
"""tag row, source time ns, value, quality"""
_Short = tuple[int, str, str, int, int]
"""One tag, value and time at the top of the document: tag, their keys, ns of the time's unit, its latest time."""
_Common = tuple[int | None, int]
"""Source time and quality of a message; None: its time cannot be read"""
Loads = Callable[[bytes], object]
"""Bytes to a document; ValueError (Malformed is one) when they are none."""


@dataclass(frozen=True, slots=True)
class _Place:
    """One tag in a document, and what of the paths of time and quality lies inside its entries."""

    tag: int
    head: Path
    tail: Path
    time: Path | None
    quality: Path | None


@dataclass(frozen=True, slots=True)
class Topic:
    """All tags of one topic: those read as plain values and those with a path."""

    plain: tuple[int, ...]
    paths: tuple[tuple[int, Path], ...]
    time: TimePath | None
    quality: QualityPath | None
    loads: Loads = orjson.loads
    _short: "_Short | None" = field(init=False, repr=False, compare=False)
    _places: tuple[_Place, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_short", self._shortened())
        object.__setattr__(self, "_places", tuple(self._place(tag, path) for tag, path in self.paths))

    def row(self, payload: bytes) -> Row | None:
        """The reading of an ordinary message of one tag; None: look closer, with :meth:`rows`."""
        if self._short is None:
            return None
        tag, key, time_key, scale, latest = self._short
        try:
            document = orjson.loads(payload)
            value, at = document[key], document[time_key]
        except (ValueError, LookupError, TypeError):
            return None
        if type(at) is not int or not 0 < at <= latest:
            return None
        if type(value) is float and value - value == 0.0:
            return tag, at * scale, value, Quality.GOOD
        return (tag, at * scale, float(value), Quality.GOOD) if type(value) is int else None

    def rows(self, payload: bytes, received: int, *, retained: bool) -> list[Row]:
        """Readings of one message; what cannot be read is BAD, and only that."""
        found = [self._plain(tag, payload, received, retained) for tag in self.plain]
        if not self.paths:
            return found
        try:
            document = self.loads(payload)
        except ValueError:  # orjson's error and Malformed are of this kind
            return found + [_malformed(tag, received) for tag, _ in self.paths]
        common = self._common(document, received, old=retained)
        for place in self._places:
            found += self._at(place, document, common, received)
        return found

    @property
    def tags(self) -> tuple[int, ...]:
        """All of them."""
        return self.plain + tuple(tag for tag, _ in self.paths)

    def _shortened(self) -> "_Short | None":
        time = self.time
        plainly = not self.plain and len(self.paths) == 1 and self.loads is orjson.loads
        if not plainly or time is None or time.unit == "iso" or self.quality:
            return None
        tag, path = self.paths[0]
        if len(path) != 1 or len(time.path) != 1:
            return None
        key, time_key = path[0], time.path[0]
        if isinstance(key, str) and isinstance(time_key, str):
            return tag, key, time_key, _SCALE[time.unit], _LATEST // _SCALE[time.unit]
        return None

    def _place(self, tag: int, path: Path) -> _Place:
        cut = head_of(path)
        inside = (self.time and self.time.path, self.quality and self.quality.path)
        time, quality = (p[cut:] if p and cut and p[:cut] == path[:cut] else None for p in inside)
        return _Place(tag, path[:cut], path[cut:], time, quality)

    def _common(self, document: object, received: int, *, old: bool) -> _Common:
        """Time and quality of the message as a whole."""
        source, quality = received, int(Quality.GOOD)
        if self.quality is not None:
            quality = self.quality.of(document)
        if self.time is not None:
            try:
                source = moment(walk(document, self.time.path), self.time.unit)
            except Malformed:
                return None, quality
        elif old and quality == Quality.GOOD:
            quality = Quality.CLOCK_DOUBTFUL
        return source, quality

    def _at(self, place: _Place, document: object, common: _Common, received: int) -> list[Row]:
        """Readings of one tag: one, or one for each entry."""
        rows: list[Row] = []
        try:
            for entry in entries(document, place.head):
                if len(rows) >= MOST_ENTRIES:
                    return [*rows, _malformed(place.tag, received)]
                rows.append(self._entry(place, entry, common, received))
        except Malformed:
            rows.append(_malformed(place.tag, received))
        return rows

    def _entry(self, place: _Place, entry: object, common: _Common, received: int) -> Row:
        source, quality = common
        try:
            if place.time is not None and self.time is not None:
                source = moment(walk(entry, place.time), self.time.unit)
        except Malformed:
            source = None
        if source is None:
            return _malformed(place.tag, received)
        if place.quality is not None and self.quality is not None:
            quality = self.quality.of(entry, place.quality)
        try:
            value = walk(entry, place.tail)
            if value is None:
                return place.tag, source, NAN, Quality.SOURCE_BAD
            return judged(place.tag, source, number(value), quality)
        except Malformed:
            return place.tag, source, NAN, Quality.MALFORMED

    @staticmethod
    def _plain(tag: int, payload: bytes, received: int, retained: bool) -> Row:  # noqa: FBT001 - inner helper
        try:
            doubt = Quality.CLOCK_DOUBTFUL if retained else Quality.GOOD
            return judged(tag, received, plain(payload), doubt)
        except Malformed:
            return _malformed(tag, received)


def _malformed(tag: int, at: int) -> Row:
    return tag, at, NAN, Quality.MALFORMED


def judged(tag: int, source: int, value: float, quality: int) -> Row:
    """A reading as it may be handed on: BAD ones carry no value, and no value is BAD."""
    if value - value == 0.0:  # false for NaN and infinities
        return tag, source, NAN if quality >= Quality.NO_DATA else value, quality
    return tag, source, NAN, Quality.NOT_A_NUMBER
