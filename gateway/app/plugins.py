"""Builders of plugins by kind. Explicit, and imported only when used: a site without MQTT does not load paho."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, Final, Protocol, runtime_checkable

from gateway.config.load import OutputPart, SourcePart
from gateway.model.ports import Source
from gateway.model.times import NS
from gateway.runtime.outputs import LaneSink

AT_ONCE: Final = 20
TURN: Final = NS // 100
MOST_TURNS: Final = 12
"""Each turn is one more waking a period: of 200 devices, turns of ten cost a quarter more than turns of twenty."""
SOURCES: Final = {
    "modbus-tcp": "gateway.sources.modbus.plugin",
    "modbus-tls": "gateway.sources.modbus.plugin",
    "modbus-serial": "gateway.sources.modbus.plugin",
    "modbus-serial-tcp": "gateway.sources.modbus.plugin",
    "mqtt": "gateway.sources.mqtt.plugin",
    "file-drop": "gateway.sources.filedrop.plugin",
    "http-push": "gateway.sources.httppush.plugin",
    "manual": "gateway.sources.manual.plugin",
    "replay": "gateway.sources.replay.plugin",
}
SINKS: Final = {
    kind: f"gateway.sinks.{kind}.plugin" for kind in ("mqtt", "influxdb", "webhook", "notify", "file")
}


@runtime_checkable
class Polling(Protocol):
    """A source that asks on whole multiples of a period, ``phase`` ns behind them."""

    phase: int


@runtime_checkable
class Pushed(Protocol):
    """A source that is given its readings by HTTP: what :class:`gateway.console.ports.Inlet` asks for."""

    name: str

    def allows(self, token: str) -> bool: ...

    async def take(self, body: bytes) -> Mapping[str, Any]: ...


def build_source(part: SourcePart, resume_after: int) -> Source:
    """The source of one configured part; a replay goes on behind ``resume_after`` (received ns; -1: from the start)."""
    build: Callable[..., Source] = import_module(SOURCES[part.kind]).build
    if part.kind == "replay":
        return build(part.name, part.settings, part.bound, resume_after)
    return build(part.name, part.settings, part.bound)


def build_sources(parts: Sequence[SourcePart], resume_after: int) -> list[Source]:
    """All sources. Of those that poll, ``AT_ONCE`` begin a period together and the next as many ``TURN`` later; of very
    many so many more that there are ``MOST_TURNS``.

    Hearing many devices together is cheap, but the alarm of the first would wait until the last is decoded.
    """
    sources = [build_source(part, resume_after) for part in parts]
    polling = [s for s in sources if isinstance(s, Polling)]
    together = max(AT_ONCE, -(-len(polling) // MOST_TURNS))
    for k, source in enumerate(polling):
        source.phase = k // together * TURN
    return sources


def build_sinks(part: OutputPart) -> Sequence[LaneSink]:
    """The sinks (lanes) of one configured output."""
    build: Callable[[str, Any], Sequence[LaneSink]] = import_module(SINKS[part.kind]).build
    return build(part.name, part.settings)
