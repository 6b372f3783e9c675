"""A running simulator: one player, its servers, its publisher and its control port on one event loop."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from simulators.broker import BrokerServer
from simulators.clock import ScaledClock
from simulators.control import LONGEST_LINE, Reply, Request, conversation
from simulators.messages import Publisher
from simulators.modbus import DeviceServer, server_of
from simulators.mqtt import Broker, MqttRim
from simulators.player import Player
from simulators.scenario import Scenario

TICK_S = 0.02  # how often plant time is brought up to wall time


@dataclass(frozen=True)
class Options:
    """How to run a scenario; ``port_base`` None takes free ports, ``control`` None opens none."""

    port_base: int | None = None
    host: str = "127.0.0.1"
    broker: Broker | None = None
    speed: float | None = None
    t0_ns: int | None = None
    wall0_ns: int | None = None
    control: int | None = None
    truth: Path | None = None
    for_s: float | None = None
    hold: bool = False
    exit_at_end: bool = False
    broker_port: int | None = None
    """of the simulator's own broker, which scenarios may break; None: there is none"""


@dataclass
class Lag:
    """How far plant time was behind at worst, in wall seconds: a busy machine shows here."""

    worst_s: float = 0.0
    ticks: int = 0

    def note(self, behind_s: float) -> None:
        """Count one tick."""
        self.worst_s, self.ticks = max(self.worst_s, behind_s), self.ticks + 1


@dataclass
class Simulator:
    """Implements :class:`simulators.control.Run`."""

    scenario: Scenario
    options: Options
    lag: Lag = field(default_factory=Lag)

    def __post_init__(self) -> None:
        """Everything but sockets and threads."""
        self.player = Player(self.scenario)
        now = time.time_ns()
        wall0 = now if self.options.wall0_ns is None else self.options.wall0_ns
        t0 = wall0 if self.options.t0_ns is None else self.options.t0_ns
        self.clock = ScaledClock(t0, wall0, self.options.speed or self.scenario.speed)
        self.control_port = 0
        self.mqtt: MqttRim | None = None
        self.servers = self._servers()
        self.broker: BrokerServer | None = None
        if self.options.broker_port is not None:
            seed = np.random.SeedSequence([self.scenario.seed, 2])
            self.broker = BrokerServer(self.player.broker_faults, np.random.default_rng(seed))
        self._publisher = Publisher(self.player, self._at_ns)
        self._held = self.options.hold
        self._led = False
        self._stopping = asyncio.Event()
        self._written = -1

    def _servers(self) -> list[DeviceServer]:
        seeds = np.random.SeedSequence([self.scenario.seed, 1]).spawn(len(self.player.site.devices))
        pairs = zip(self.player.site.devices.values(), seeds, strict=True)
        return [server_of(device, self.player, np.random.default_rng(seed)) for device, seed in pairs]

    async def run(self) -> None:
        """Open everything, announce it, follow the clock until told to stop, close everything."""
        async with AsyncExitStack() as stack:
            await self._open(stack)
            sys.stdout.write(json.dumps(self.ready()) + "\n")
            sys.stdout.flush()
            await self._follow_clock()
        self._write_truth()

    async def _open(self, stack: AsyncExitStack) -> None:
        for server in self.servers:
            base = self.options.port_base
            await server.open(self.options.host, 0 if base is None else base + server.device.port_offset)
            stack.push_async_callback(server.close)
        publish_to = self.options.broker
        if self.broker is not None:
            await self.broker.open(self.options.host, self.options.broker_port or 0)
            stack.push_async_callback(self.broker.close)
            publish_to = publish_to or Broker(self.options.host, self.broker.port)
        if publish_to is not None:
            self.mqtt = MqttRim(publish_to, f"plant-{os.getpid()}")
            self.mqtt.open()
            stack.callback(self.mqtt.close)
        await stack.enter_async_context(self._control())
        stack.enter_context(_signals(self.stop))

    @asynccontextmanager
    async def _control(self) -> AsyncIterator[None]:
        if self.options.control is None:
            yield
            return
        server = await asyncio.start_server(
            conversation(self), "127.0.0.1", self.options.control, limit=LONGEST_LINE
        )
        self.control_port = server.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            server.close()  # and no waiting: whoever is still connected must not keep the process

    async def _follow_clock(self) -> None:
        began = time.monotonic()
        while not self._stopping.is_set():
            if not self._held and not self._led:
                self._catch_up()
            for server in self.servers:
                await server.follow()
            if self.broker is not None:
                await self.broker.follow()
            if self._over(time.monotonic() - began):
                return
            await asyncio.sleep(TICK_S)

    def _at_ns(self, seconds: float) -> int:
        """By the clock of that moment: ``start`` may have replaced it."""
        return self.clock.at_ns(seconds)

    def _catch_up(self) -> None:
        """Step to plant time now."""
        target = self.clock.elapsed_s()
        self.lag.note(max(0.0, target - self.player.seconds) / self.clock.speed)
        self._step_to(target)

    def _step_to(self, seconds: float) -> None:
        """Step to a plant second, publishing what falls due on the way."""
        self.player.advance(seconds, self._publish)
        if self.mqtt is not None:
            self.mqtt.follow(away="mqtt-drop" in self.player.mqtt_faults())
        if self.player.truth.changes != self._written:
            self._write_truth()

    def _publish(self) -> None:
        for message in self._publisher.due():
            if self.mqtt is not None:
                self.mqtt.publish(message)

    def _over(self, wall_s: float) -> bool:
        limit = self.options.for_s
        ended = self.options.exit_at_end and self.player.seconds >= self.scenario.duration_s
        return ended or (limit is not None and wall_s >= limit)

    def _write_truth(self) -> None:
        """Whole file or none: a reader never sees half a report."""
        if self.options.truth is None:
            return
        draft = self.options.truth.with_suffix(".part")
        draft.write_text(
            json.dumps(self.player.report(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
        )
        draft.replace(self.options.truth)
        self._written = self.player.truth.changes

    def ready(self) -> dict[str, Any]:
        """The line printed when everything is open."""
        devices = {
            server.device.name: {
                **server.place(),
                "units": self.player.site.units(server.device.name),
            }
            for server in self.servers
        }
        return {"ready": True, "scenario": self.scenario.scenario, "pid": os.getpid(), "devices": devices,
                "control": self.control_port, "broker": self.broker and self.broker.port,
                "t0_ns": self.clock.t0_ns, "wall0_ns": self.clock.wall0_ns,
                "speed": self.clock.speed, "duration_s": self.scenario.duration_s,
                "tags": len(self.player.site.tags)}  # fmt: skip

    def start(self, request: Request) -> Reply:
        """Begin plant time: now, or by the given ``t0_ns``, ``wall0_ns`` and ``speed``.

        ``led``: no wall lets it pass from then on, only ``advance``.
        """
        if not self._held:
            raise ValueError("already started")
        wall0 = int(request.get("wall0_ns", time.time_ns()))
        t0, speed = int(request.get("t0_ns", wall0)), float(request.get("speed", self.clock.speed))
        self.clock = replace(self.clock, t0_ns=t0, wall0_ns=wall0, speed=speed)
        self._held, self._led = False, bool(request.get("led", False))
        return {"t0_ns": t0, "wall0_ns": wall0, "speed": speed}

    def advance(self, request: Request) -> Reply:
        """A led plant goes on to ``to_s``: where it is, what people read by hand, messages not confirmed yet."""
        if not self._led:
            raise ValueError("plant time passes by the wall: start with led")
        self._step_to(float(request["to_s"]))
        return {"seconds": self.player.seconds, "rounds": self.player.rounds(),
                "waiting": self.mqtt.waiting if self.mqtt else 0}  # fmt: skip

    def stats(self) -> Reply:
        """Counts of devices and publisher, plant seconds, and how late the plant was at worst."""
        mqtt = self.mqtt and {"connected": self.mqtt.connected, "published": self.mqtt.published,
                              "refused": self.mqtt.refused}  # fmt: skip
        return {
            "seconds": self.player.seconds,
            "lag_worst_s": self.lag.worst_s,
            "devices": {server.device.name: server.described() for server in self.servers},
            "mqtt": mqtt,
            "broker": self.broker and self.broker.described(),
            "faults": [fault.described() for fault in self.player.faults.values()],
        }

    def stop(self) -> None:
        """End in good order."""
        self._stopping.set()


@contextmanager
def _signals(stop: Callable[[], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
