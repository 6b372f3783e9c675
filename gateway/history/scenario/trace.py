"""What an instrument says over time, in a line: ``5 for 10s, to 14 over 30s, gap 5s, bad x3, (0, 1) x5``.

=====================  ===============================================================================
``5``                  one reading of 5
``5 x3``, ``5 for 3s`` three readings of 5, ``every`` apart
``5 uncertain x3``     with a quality: ``uncertain``, ``saturated_high``, ``manual`` or any name of a quality
``to 14 over 30s``     a ramp from the last value, the last reading is 14 and comes 30 s after the one before the ramp
``gap 5s``             no readings for 5 s
``bad x3``             three readings that are BAD; ``bad(communication)`` says why
``nan``                a reading that is no number
``(0, 1) x5``          the steps in parentheses five times
``every 5s``           from here on readings come 5 s apart
=====================  ===============================================================================
"""

import math
import re
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from gateway.history.scenario.words import Wrong, span
from gateway.model.quality import Quality
from gateway.sources.replay.decode import quality as quality_of

MOST: Final = 200_000
"""readings in one trace"""
_TOKEN: Final = re.compile(r"\s*([(),]|[^\s(),]+)")
_NUMBER: Final = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?", re.ASCII)
_TIMES: Final = re.compile(r"x(\d{1,6})", re.ASCII)
_STEP: Final = "a step: 5, 5 x3, 5 for 10s, to 14 over 30s, gap 5s, bad x3, nan, (0, 1) x5, every 5s"


class Point(NamedTuple):
    """One reading, ns after the start of the scenario."""

    at: int
    value: float
    quality: int


class _Token(NamedTuple):
    text: str
    at: int


@dataclass(slots=True)
class _Maker:
    """Where the trace has got to."""

    every: int
    at: int = 0
    last: float | None = None
    points: list[Point] = field(default_factory=list)

    def reading(self, value: float, quality: int) -> None:
        if len(self.points) >= MOST:
            raise Wrong(f"more than {MOST} readings", "a shorter trace")
        self.points.append(Point(self.at, value, quality))
        self.at += self.every
        self.last = value if math.isfinite(value) else self.last


def trace(text: str, every: int) -> list[Point]:
    """Readings of one instrument, in order of time.

    Args:
        text: see the module.
        every: ns between readings to begin with.

    Raises:
        Wrong: with the column.
    """
    parser = _Parser(text)
    maker = _Maker(every)
    parser.steps(maker)
    parser.end()
    return maker.points


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = [_Token(m[1], m.start(1)) for m in _TOKEN.finditer(text)]
        self._i = 0
        self._end = len(text)

    def end(self) -> None:
        if token := self._peek():
            raise Wrong(token.text, "a comma and " + _STEP, token.at)

    def steps(self, maker: _Maker) -> None:
        self._step(maker)
        while self._take(","):
            self._step(maker)

    def _step(self, maker: _Maker) -> None:
        token = self._next(_STEP)
        word = token.text.lower()
        if word == "(":
            self._group(maker)
        elif word == "to":
            self._ramp(maker, token)
        elif word == "gap":
            maker.at += self._length(maker, "gap 5s or gap x5")
        elif word == "every":
            size = self._span("every 5s")
            if size <= 0:
                raise Wrong("every 0s", "more than 0s", token.at)
            maker.every = size
        else:
            self._value(maker, token)

    def _group(self, maker: _Maker) -> None:
        first = self._i
        self.steps(maker)
        if not self._take(")"):
            raise Wrong(self._shown(), "a comma or )", self._where())
        after = self._i
        times = self._times()
        for _ in range(times - 1):
            self._i = first
            self.steps(maker)
            self._i = after
        if times > 1:
            self._times()

    def _ramp(self, maker: _Maker, start: _Token) -> None:
        target = self._number(self._next("to NUMBER over TIME"))
        if not self._take("over"):
            raise Wrong(self._shown(), "over TIME, as in to 14 over 30s", self._where())
        if maker.last is None:
            raise Wrong("to", "a value before the ramp", start.at)
        count = self._count(self._span("over TIME"), maker, start)
        base = maker.last
        for k in range(1, count + 1):
            value = target if k == count else base + (target - base) * k / count
            maker.reading(value, Quality.GOOD)

    def _value(self, maker: _Maker, token: _Token) -> None:
        word, quality = token.text.lower(), int(Quality.GOOD)
        if word == "bad":
            value, quality = math.nan, self._reason()
        elif word == "nan":
            value = math.nan
        else:
            value = self._number(token)
        more = self._peek()
        if more and more.text[0].isalpha() and more.text.lower() != "for" and not _TIMES.fullmatch(more.text):
            quality = self._quality(self._next(""))
        for _ in range(self._repeats(maker, token)):
            maker.reading(value, quality)

    def _reason(self) -> int:
        if not self._take("("):
            return int(Quality.SOURCE_BAD)
        quality = self._quality(self._next("a quality"))
        if not self._take(")"):
            raise Wrong(self._shown(), ")", self._where())
        return quality

    @staticmethod
    def _quality(token: _Token) -> int:
        name = {"manual": "good_manual"}.get(token.text.lower(), token.text.lower())
        try:
            return quality_of(name)
        except ValueError as error:
            raise Wrong(token.text, str(error).partition("allowed: ")[2], token.at) from None

    def _repeats(self, maker: _Maker, token: _Token) -> int:
        if self._take("for"):
            return self._count(self._span("for 10s"), maker, token)
        return self._times()

    def _times(self) -> int:
        token = self._peek()
        match = _TIMES.fullmatch(token.text) if token else None
        if match is None or token is None:
            return 1
        self._i += 1
        if int(match[1]) == 0:
            raise Wrong(token.text, "x1 or more", token.at)
        return int(match[1])

    def _length(self, maker: _Maker, allowed: str) -> int:
        token = self._peek()
        if token and _TIMES.fullmatch(token.text):
            return self._times() * maker.every
        return self._span(allowed)

    def _count(self, length: int, maker: _Maker, token: _Token) -> int:
        count, rest = divmod(length, maker.every)
        if rest or not count:
            raise Wrong(token.text, "a time that is a whole number of readings; see every", token.at)
        return count

    def _span(self, allowed: str) -> int:
        token = self._next(allowed)
        return span(token.text, token.at)

    @staticmethod
    def _number(token: _Token) -> float:
        if not _NUMBER.fullmatch(token.text):
            raise Wrong(token.text, _STEP, token.at)
        return float(token.text)

    def _peek(self) -> _Token | None:
        return self._tokens[self._i] if self._i < len(self._tokens) else None

    def _next(self, allowed: str) -> _Token:
        token = self._peek()
        if token is None:
            raise Wrong("nothing", allowed, self._end)
        self._i += 1
        return token

    def _take(self, word: str) -> bool:
        token = self._peek()
        if token is None or token.text.lower() != word:
            return False
        self._i += 1
        return True

    def _shown(self) -> str:
        token = self._peek()
        return token.text if token else "nothing"

    def _where(self) -> int:
        token = self._peek()
        return token.at if token else self._end
