"""What a drill says on top of live values: a golden scenario's traces and links as timed inputs. Pure.

Traces are in the tag's unit (or as on the wire, ``raw: true``); the engine that hears them conditions like the live
one, so what is written in units is turned into what the wire would have said.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from gateway.history.scenario.file import Scenario
from gateway.model.errors import Fault, Misconfigured
from gateway.model.site import Signal, Site, Tag

ZERO_MA: Final = 4.0
SPAN_MA: Final = 16.0
"""NAMUR NE 43: the measuring range is 4 to 20 mA"""
_NEAREST: Final = 4
"""how many neighbouring numbers are tried for one that comes out exactly"""


@dataclass(frozen=True, slots=True)
class Said:
    """One reading: row of the tag, value as on the wire, quality."""

    tag: int
    value: float
    quality: int


@dataclass(frozen=True, slots=True)
class Turned:
    """A link is lost or found."""

    link: str
    up: bool


Line = tuple[int, tuple[Said, ...], tuple[Turned, ...]]
"""ns after the beginning, readings, links"""


@dataclass(frozen=True, slots=True)
class Script:
    """Times are ns after the beginning. ``spans``: row -> first and last moment at which the script speaks for it."""

    name: str
    length: int
    """0: until somebody stops it"""
    lines: tuple[Line, ...]
    spans: Mapping[int, tuple[int, int]]


def script(scenario: Scenario, site: Site) -> Script:
    """The scenario as a script for this site.

    Raises:
        Misconfigured: a trace names no tag that is measured, a link nobody has, or a deed that people are to do.
    """
    faults = [*_wrong_tags(scenario, site), *_wrong_deeds(scenario, site)]
    if faults:
        raise Misconfigured(faults)
    said: dict[int, list[Said]] = {}
    spans: dict[int, tuple[int, int]] = {}
    for name, points in scenario.traces.items():
        row = _rows(site)[name]
        for at, value, quality in points:
            wire = value if scenario.raw else on_the_wire(site.tags[row], value)
            said.setdefault(at, []).append(Said(row, wire, quality))
        if points:
            spans[row] = (points[0].at, points[-1].at)
    turned: dict[int, list[Turned]] = {}
    for do in scenario.do:
        turned.setdefault(do.at, []).append(Turned(do.subject, do.said["state"] == "up"))
    lines = tuple((at, tuple(said.get(at, ())), tuple(turned.get(at, ()))) for at in sorted({*said, *turned}))
    return Script(scenario.name, scenario.length, lines, spans)


def on_the_wire(tag: Tag, value: float) -> float:
    """The raw number that is conditioned to ``value`` (in the tag's unit); the nearest, where none is exactly it."""
    if not math.isfinite(value) or tag.gain == 0:
        return value
    low, high = tag.low, tag.high
    inside = value
    if tag.signal is Signal.MILLIAMP and low is not None and high is not None:
        inside = ZERO_MA + SPAN_MA * (value - low) / (high - low)
    raw = (inside - tag.offset) / tag.gain
    return min(_around(raw), key=lambda x: abs(_conditioned(tag, x) - value))


def _conditioned(tag: Tag, raw: float) -> float:
    """As :func:`gateway.conditioning.kernels` does it."""
    x = raw * tag.gain + tag.offset
    if tag.signal is Signal.MILLIAMP and tag.low is not None and tag.high is not None:
        return tag.low + (x - ZERO_MA) / SPAN_MA * (tag.high - tag.low)
    return x


def _around(raw: float) -> Iterator[float]:
    yield raw
    above = below = raw
    for _ in range(_NEAREST):
        above, below = math.nextafter(above, math.inf), math.nextafter(below, -math.inf)
        yield above
        yield below


def _rows(site: Site) -> dict[str, int]:
    """Id or raw name -> row, of tags that are measured."""
    measured = [(row, t) for row, t in enumerate(site.tags) if not t.expression and not t.manual]
    return {t.raw: row for row, t in measured} | {t.id: row for row, t in measured}


def _wrong_tags(scenario: Scenario, site: Site) -> Iterator[Fault]:
    for name, line in scenario.trace_lines.items():
        if name not in _rows(site):
            allowed = "a tag that is measured, of the configuration that runs"
            yield Fault(str(scenario.path), line, f"traces.{name}", name, allowed)


def _wrong_deeds(scenario: Scenario, site: Site) -> Iterator[Fault]:
    links = [link.id for link in site.links]
    for do in scenario.do:
        if do.what != "link":
            hint = "what people do is what a drill is held for"
            yield Fault(str(scenario.path), do.line, "do", do.what, "TIME link LINK down|up", hint)
        elif do.subject not in links:
            yield Fault(
                str(scenario.path), do.line, "do", do.subject, ", ".join(links) or "this site has no links"
            )
