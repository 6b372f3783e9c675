"""``check --probe``: every tag read once, every output logged in to; one connection each, slowly, within a budget.

Beside a gateway that runs, its lines and outputs are left alone (:mod:`gateway.app.beside`).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Final

from gateway.app.beside import Beside
from gateway.config.load import Loaded, OutputPart, SourcePart
from gateway.model.probing import Looked, Pace, Probed
from gateway.model.site import Signal, Tag
from gateway.model.times import iso

SOURCES: Final = {
    "modbus-tcp": "gateway.sources.modbus.probe",
    "modbus-tls": "gateway.sources.modbus.probe",
    "modbus-serial": "gateway.sources.modbus.probe",
    "modbus-serial-tcp": "gateway.sources.modbus.probe",
    "mqtt": "gateway.sources.mqtt.probe",
}
"""The others have nothing to ask: files, pushes and people come when they come."""
SINKS: Final = {
    kind: f"gateway.sinks.{kind}.probe" for kind in ("mqtt", "influxdb", "webhook", "notify", "file")
}
MA_LOW, MA_SPAN = 4.0, 16.0


@dataclass(frozen=True, slots=True)
class Line:
    """One tag as it was read: raw, in its unit, and what is odd about it."""

    tag: str
    source: str
    raw: str
    value: float | None
    unit: str
    ms: float | None
    note: str
    time: str | None = None
    """when it was read, of what a running poll read last; None: just now"""
    address: str = ""
    """where, as the list writes it"""


@dataclass(slots=True)
class Report:
    """What the probe found. ``sources``: name -> its figures; ``outputs``: name -> empty, or why not."""

    sources: dict[str, dict[str, Any]] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    tags: list[Line] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Every tag had a value and every output took us; values outside their range are for people to judge."""
        return not any(self.outputs.values()) and all(line.value is not None for line in self.tags)


async def probe(
    loaded: Loaded, rate: float, most: int, *, beside: Beside | None = None, only: str = ""
) -> Report:
    """One source after the other: ``rate`` requests a second, ``most`` in all for each.

    Args:
        beside: the gateway that runs on these files, whose lines and outputs are left alone.
        only: name of the one source to ask; empty: all, and the outputs.
    """
    report = Report()
    for part in loaded.sources:
        if only in ("", part.name):
            await _source(part, report, Pace(rate, most), beside)
    for output in loaded.outputs if beside is None and not only else ():
        report.outputs[output.name] = await _output(output)
    return report


async def _source(part: SourcePart, report: Report, pace: Pace, beside: Beside | None) -> None:
    if beside is not None and beside.busy(part):
        shown = beside.shown(part)
        report.sources[part.name] = {"kind": part.kind, "busy": True, "why": shown.why}
        report.tags += _lines(part, shown.rows)
        return
    if part.kind not in SOURCES:
        report.sources[part.name] = {
            "kind": part.kind,
            "why": "nothing to ask: its readings come by themselves",
        }
        return
    found: Probed = await import_module(SOURCES[part.kind]).probe(part.settings, part.bound, pace)
    report.sources[part.name] = {
        "kind": part.kind,
        "reached": found.reached,
        "why": found.why,
        "requests_per_cycle": found.requests_per_cycle,
        "cycle_ms": found.cycle_ms,
        "load": found.load,
        "asked": found.asked,
    }
    report.tags += _lines(part, found.rows)


def _lines(part: SourcePart, rows: Sequence[Looked]) -> list[Line]:
    tags: dict[int, Tag] = {row: tag for row, tag, _ in part.bound}
    order = {row: k for k, (row, _, _) in enumerate(part.bound)}
    return [_line(part.name, tags[look.tag], look) for look in sorted(rows, key=lambda r: order[r.tag])]


def _line(source: str, tag: Tag, look: Looked) -> Line:
    value = None if look.value is None else scaled(tag, look.value)
    notes = [look.note] if look.note else []
    if (
        value is not None
        and tag.low is not None
        and tag.high is not None
        and not tag.low <= value <= tag.high
    ):
        notes.append(f"outside {tag.low:g} to {tag.high:g}: byte order, address base or scaling?")
    time = iso(look.at) if look.at else None
    return Line(tag.id, source, look.raw, value, tag.unit, look.ms, "; ".join(notes), time, tag.address)


def scaled(tag: Tag, raw: float) -> float:
    """As the conditioning scales it; a loop current as the value it stands for."""
    number = raw * tag.gain + tag.offset
    if tag.signal is Signal.MILLIAMP and tag.low is not None and tag.high is not None:
        number = tag.low + (number - MA_LOW) / MA_SPAN * (tag.high - tag.low)
    return number if math.isfinite(number) else math.nan


async def _output(part: OutputPart) -> str:
    words: str = await import_module(SINKS[part.kind]).probe(part.settings)
    return words
