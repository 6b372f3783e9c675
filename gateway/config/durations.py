"""The duration field of the site file; plugins' settings use the same words."""

from typing import Annotated, Final

from pydantic import BeforeValidator

from gateway.model.times import MS, NS, parse_duration

ALLOWED: Final = "a number of seconds, or a number with ms, s, min, h or d (e.g. 500ms, 1s, 5min)"

Duration = Annotated[int, BeforeValidator(parse_duration)]
"""pydantic field: text or number in, nanoseconds out."""

_UNITS: Final = (("d", 86_400 * NS), ("h", 3_600 * NS), ("min", 60 * NS), ("s", NS), ("ms", MS))


def spelled(ns: int) -> str:
    """A duration as people write it: ``90s``, ``5min``; 0 is ``0s``."""
    for unit, size in _UNITS:
        if ns and ns % size == 0:
            return f"{ns // size}{unit}"
    return f"{ns / NS:g}s"
