"""A gateway as it was put together: what runs beside it is given this, and can do no more with it than this offers."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from gateway.app.plugins import build_sinks
from gateway.config.load import Loaded, OutputPart
from gateway.model.commands import Actor, Command
from gateway.model.events import Occurrence, Record
from gateway.runtime.machine import Machine
from gateway.runtime.outputs import LaneSink

DRILLED: Final = ("mqtt", "influxdb")
"""Outputs that have a root or tables of their own for drills; to any other a drill would look like the plant."""


@dataclass(frozen=True, slots=True)
class Assembled:
    """``outputs``: with the one to the embedded broker, where there is one."""

    loaded: Loaded
    machine: Machine
    outputs: Sequence[OutputPart]

    def exercise_sinks(self) -> tuple[LaneSink, ...]:
        """Outputs of a drill, of the kinds that keep it apart; nobody confirms what a drill sends."""
        return tuple(sink for part in self._drilled() for sink in build_sinks(part))

    def sweeps(self, exercise: str) -> list[Coroutine[Any, Any, None]]:
        """Empty what a drill has left retained on each broker."""
        from gateway.sinks.mqtt.sweep import sweep  # noqa: PLC0415 - a site without MQTT does not load paho

        site = replace(self.machine.site, exercise=exercise)
        return [sweep(part.settings, site, part.name) for part in self._drilled() if part.kind == "mqtt"]

    def _drilled(self) -> list[OutputPart]:
        return [replace(p, settings=_unconfirmed(p.settings)) for p in self.outputs if p.kind in DRILLED]


def _unconfirmed(settings: Any) -> Any:
    return settings.model_copy(update={"receipts": False}) if hasattr(settings, "receipts") else settings


class Exercising(Protocol):
    """Drills: a supervised unit, and the console's port to it (:class:`gateway.console.ports.ExercisePort`)."""

    async def run(self) -> None: ...

    async def start(self, text: str, name: str, by: Actor, comment: str) -> Mapping[str, Any]: ...

    def stop(self, by: Actor, why: str) -> Mapping[str, Any]: ...

    def status(self) -> Mapping[str, Any]: ...

    def report(self, ident: str) -> Mapping[str, Any]: ...

    def occurrences(self) -> Sequence[Occurrence]: ...

    async def records(self, after: int, limit: int) -> Sequence[Record]: ...

    async def submit(self, command: Command) -> Sequence[Record]: ...


Exercises = Callable[[Assembled], Exercising]
