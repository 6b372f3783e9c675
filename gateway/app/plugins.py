"""Builders of plugins by kind. Explicit, and imported only when used: a site without InfluxDB does not load aiohttp."""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, Final

from gateway.config.load import OutputPart, SourcePart
from gateway.model.ports import Source
from gateway.runtime.outputs import LaneSink

SOURCES: Final = {
    "modbus-tcp": "gateway.sources.modbus.plugin",
    "mqtt": "gateway.sources.mqtt.plugin",
    "replay": "gateway.sources.replay.plugin",
}
SINKS: Final = {"mqtt": "gateway.sinks.mqtt.plugin", "influxdb": "gateway.sinks.influxdb.plugin"}


def build_source(part: SourcePart, resume_after: int) -> Source:
    """The source of one configured part; a replay goes on behind ``resume_after`` (received ns; -1: from the start)."""
    build: Callable[..., Source] = import_module(SOURCES[part.kind]).build
    if part.kind == "replay":
        return build(part.name, part.settings, part.bound, resume_after)
    return build(part.name, part.settings, part.bound)


def build_sinks(part: OutputPart) -> Sequence[LaneSink]:
    """The sinks (lanes) of one configured output."""
    build: Callable[[str, Any], Sequence[LaneSink]] = import_module(SINKS[part.kind]).build
    return build(part.name, part.settings)
