"""The small words of a scenario: times and spans."""

import re
from typing import Final

from gateway.model.times import NS, parse_duration

_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|min|h|d)", re.ASCII)


class Wrong(ValueError):
    """Text that cannot be read. ``allowed`` says what can; ``at`` is the column in it, from 0."""

    def __init__(self, value: str, allowed: str, at: int = 0) -> None:
        super().__init__(f"{value!r}; allowed: {allowed}")
        self.value, self.allowed, self.at = value, allowed, at


def span(text: str, at: int = 0) -> int:
    """``90s``, ``1min30s``, ``0s``: ns.

    Raises:
        Wrong: anything else.
    """
    parts = _PART.findall(text)
    if not parts or "".join(n + u for n, u in parts) != text:
        raise Wrong(text, "a time such as 12s, 0.5s, 1min30s, 2h", at)
    return sum(parse_duration(number + unit) for number, unit in parts)


def spelled(ns: int) -> str:
    """``1min30s``; the inverse of :func:`span`."""
    out, rest = "", ns
    for unit, size in (("d", 86_400 * NS), ("h", 3_600 * NS), ("min", 60 * NS)):
        count, rest = divmod(rest, size)
        out += f"{count}{unit}" if count else ""
    return out + (f"{rest / NS:g}s" if rest or not out else "")
