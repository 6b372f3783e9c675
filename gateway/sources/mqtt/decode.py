"""From payloads to readings: plain values and JSON by paths that are compiled once. Pure.

Numbers, booleans (0/1) and numeric text are values. A missing path, another type, a bad time or broken JSON is
MALFORMED, ``null`` is the source's own "no value".
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import orjson

from gateway.model.quality import Quality
from gateway.model.times import MS, NS, parse_iso

Step = str | int
Unit = Literal["s", "ms", "us", "ns", "iso"]
_SCALE: Final = {"s": NS, "ms": MS, "us": 1000, "ns": 1}
_LATEST: Final = (1 << 63) - 1
_STEP: Final = re.compile(r'\.?([^.\[\]"#]+)|\[(\d+)\]|\["((?:[^"\\])*)"\]')
NAN: Final = float("nan")


class Malformed(ValueError):
    """The payload does not hold what its address says."""


def compile_path(text: str) -> tuple[Step, ...]:
    """``a.b[0]["odd.key"]`` -> ("a", "b", 0, "odd.key").

    Raises:
        ValueError: not a path.
    """
    steps: list[Step] = []
    at = 0
    while at < len(text):
        found = _STEP.match(text, at)
        if found is None or (text[at] == ".") != (bool(steps) and found[1] is not None):
            raise ValueError(f'bad path {text!r}; allowed: name, a.b, a[0].b, a["odd.key"]')
        steps.append(found[1] if found[1] is not None else found[3] if found[2] is None else int(found[2]))
        at = found.end()
    if not steps:
        raise ValueError("empty path")
    return tuple(steps)


def walk(document: object, path: Sequence[Step]) -> object:
    """What stands at the path.

    Raises:
        Malformed: nothing does.
    """
    for step in path:
        if isinstance(step, str):
            if not isinstance(document, dict) or step not in document:
                raise Malformed(f"no {step!r}")
            document = document[step]
        elif isinstance(document, list) and step < len(document):
            document = document[step]
        else:
            raise Malformed(f"no [{step}]")
    return document


def number(value: object) -> float:
    """A value as float64.

    Raises:
        Malformed: it is none.
    """
    if isinstance(value, float | int):
        return float(value)
    if isinstance(value, str):
        return plain(value.encode())
    raise Malformed(f"{value!r:.40} is not a number")


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
        if unit == "iso":
            ns = parse_iso(value) if isinstance(value, str) else -1
        elif isinstance(value, bool) or not isinstance(value, int | float | str):
            ns = -1
        else:
            exact = value if isinstance(value, int) else _exact(value)
            ns = exact * _SCALE[unit] if isinstance(exact, int) else round(exact * _SCALE[unit])
    except (ValueError, OverflowError):
        ns = -1
    if not 0 < ns <= _LATEST:
        raise Malformed(f"{value!r:.40} is not a time in {unit}")
    return ns


def _exact(value: float | str) -> int | float:
    return int(value) if isinstance(value, str) and value.isdecimal() else float(value)


@dataclass(frozen=True, slots=True)
class TimePath:
    """Where the source time is."""

    path: tuple[Step, ...]
    unit: Unit


@dataclass(frozen=True, slots=True)
class QualityPath:
    """Where the source's own quality is and what its words mean; any other is BAD, a missing one UNCERTAIN."""

    path: tuple[Step, ...]
    good: frozenset[str]
    uncertain: frozenset[str]

    def of(self, document: object) -> int:
        """One quality for the whole message."""
        try:
            word = str(walk(document, self.path))
        except Malformed:
            return Quality.SOURCE_UNCERTAIN
        if word in self.good:
            return Quality.GOOD
        return Quality.SOURCE_UNCERTAIN if word in self.uncertain else Quality.SOURCE_BAD


Row = tuple[int, int, float, int]
"""tag row, source time ns, value, quality"""
_Short = tuple[int, str, str, int, int]
"""One tag, value and time at the top of the document: tag, their keys, ns of the time's unit, its latest time."""


@dataclass(frozen=True, slots=True)
class Topic:
    """All tags of one topic: those read as plain values and those with a JSON path."""

    plain: tuple[int, ...]
    paths: tuple[tuple[int, tuple[Step, ...]], ...]
    time: TimePath | None
    quality: QualityPath | None
    _short: "_Short | None" = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_short", self._shortened())

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
        if type(value) is float and type(at) is int and 0 < at <= latest and value - value == 0.0:
            return tag, at * scale, value, Quality.GOOD
        return None

    def _shortened(self) -> "_Short | None":
        time = self.time
        if self.plain or len(self.paths) != 1 or time is None or time.unit == "iso" or self.quality:
            return None
        tag, path = self.paths[0]
        if len(path) != 1 or len(time.path) != 1:
            return None
        key, time_key = path[0], time.path[0]
        if isinstance(key, str) and isinstance(time_key, str):
            return tag, key, time_key, _SCALE[time.unit], _LATEST // _SCALE[time.unit]
        return None

    def rows(self, payload: bytes, received: int, *, retained: bool) -> list[Row]:
        """Readings of one message; what cannot be read is BAD, and only that."""
        found = [self._plain(tag, payload, received, retained) for tag in self.plain]
        if not self.paths:
            return found
        try:
            document = orjson.loads(payload)
            source = received if self.time is None else moment(walk(document, self.time.path), self.time.unit)
        except ValueError:  # orjson's error and Malformed are of this kind
            return found + [(tag, received, NAN, Quality.MALFORMED) for tag, _ in self.paths]
        quality: int = Quality.GOOD if self.quality is None else self.quality.of(document)
        if retained and self.time is None and quality == Quality.GOOD:
            quality = Quality.CLOCK_DOUBTFUL
        for tag, path in self.paths:
            found.append(self._at(tag, path, document, source, quality))
        return found

    @staticmethod
    def _at(tag: int, path: tuple[Step, ...], document: object, source: int, quality: int) -> Row:
        try:
            value = walk(document, path)
            if value is None:
                return tag, source, NAN, Quality.SOURCE_BAD
            return _judged(tag, source, number(value), quality)
        except Malformed:
            return tag, source, NAN, Quality.MALFORMED

    @staticmethod
    def _plain(tag: int, payload: bytes, received: int, retained: bool) -> Row:  # noqa: FBT001 - inner helper
        try:
            return _judged(
                tag, received, plain(payload), Quality.CLOCK_DOUBTFUL if retained else Quality.GOOD
            )
        except Malformed:
            return tag, received, NAN, Quality.MALFORMED

    @property
    def tags(self) -> tuple[int, ...]:
        """All of them."""
        return self.plain + tuple(tag for tag, _ in self.paths)


def _judged(tag: int, source: int, value: float, quality: int) -> Row:
    if value - value == 0.0:  # false for NaN and infinities
        return tag, source, NAN if quality >= Quality.NO_DATA else value, quality
    return tag, source, NAN, Quality.NOT_A_NUMBER
