"""Time as data: int64 nanoseconds since the Unix epoch, UTC. People see UTC+8, wires see ``Z`` with nine digits."""

import datetime as dt
import re
from functools import lru_cache
from typing import Final

NS: Final = 1_000_000_000
MS: Final = 1_000_000
NEVER: Final = (1 << 63) - 1
"""A deadline that does not come (the largest int64)."""
CHINA: Final = dt.timezone(dt.timedelta(hours=8), "UTC+8")
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_UNITS: Final = {"ms": MS, "s": NS, "min": 60 * NS, "h": 3600 * NS, "d": 86400 * NS}
_DURATION: Final = re.compile(r"(\d{1,18}(?:\.\d{1,18})?)\s*(ms|s|min|h|d)?", re.ASCII)
LONGEST: Final = 36_500 * 86_400 * NS
"""A hundred years: no setting is longer, and sums of a time and a setting stay inside int64."""


def seconds(value: float) -> int:
    """Seconds to nanoseconds, rounded to the nearest."""
    return round(value * NS)


def parse_duration(text: object) -> int:
    """``500ms``, ``1s``, ``5min``, ``1h``, ``1d`` or a number of seconds (also as text), as ns.

    Raises:
        ValueError: anything else, negative, or more than a hundred years.
    """
    ns = _spelled(text) if isinstance(text, str) else _counted(text)
    if ns > LONGEST:
        raise ValueError(f"{text!r} is longer than a hundred years")
    return ns


def _spelled(text: str) -> int:
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a duration like 500ms, 1s, 5min, 1h, 1d")
    return round(float(match[1]) * _UNITS[match[2] or "s"])


def _counted(number: object) -> int:
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number <= LONGEST // NS:
        raise ValueError(f"{number!r} is not a number of seconds >= 0, at most a hundred years")
    return seconds(number)


def iso(ns: int) -> str:
    """``2026-11-22T03:09:57.123456789Z``."""
    whole, rest = divmod(int(ns), NS)
    return f"{_second(whole)}.{rest:09d}Z"


@lru_cache(64)
def _second(whole: int) -> str:
    """Kept for a while: the times of an event lie close together, and a calendar is slow."""
    return (_EPOCH + dt.timedelta(seconds=whole)).strftime("%Y-%m-%dT%H:%M:%S")


def parse_iso(text: str) -> int:
    """Inverse of :func:`iso`; takes any RFC 3339 offset and up to nine fraction digits.

    Raises:
        ValueError: no time zone, or not a time.
    """
    text = text.strip().replace("Z", "+00:00").replace("z", "+00:00")
    head, dot, tail = text.partition(".")
    fraction = ""
    if dot:
        fraction = tail[: len(tail) - len(tail.lstrip("0123456789"))]
        head += tail[len(fraction) :]
        if not fraction or len(fraction) > 9:
            raise ValueError(f"bad fraction of a second in {text!r}")
    moment = dt.datetime.fromisoformat(head)
    if moment.tzinfo is None:
        raise ValueError(f"time without zone: {text!r}")
    gap = moment - _EPOCH
    return (gap.days * 86400 + gap.seconds) * NS + int(fraction.ljust(9, "0") or 0)


def china(ns: int) -> str:
    """For people: ``2026-11-22 11:09:57`` in UTC+8."""
    return (
        (_EPOCH + dt.timedelta(microseconds=int(ns) // 1000)).astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")
    )
