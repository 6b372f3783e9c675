"""The loop that plays a recording: devices that listen, a client for each broker, and the clock between."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from simulators.modbus import server_of
from simulators.mqtt import Broker, MqttRim
from simulators.replay.deck import Deck
from simulators.replay.recording import Reading
from simulators.replay.wiring import Publisher, Wiring

TICK_S: Final = 0.02
SAY_S: Final = 5.0
LAST_S: Final = 5.0
"""longest wait at the end for the brokers to take what was published"""


@dataclass(frozen=True)
class Pace:
    """``speed`` recorded seconds a wall second; ``for_s`` of the wall at most.

    ``keep_times`` leaves source times as recorded; otherwise a reading is stamped with the moment at which it is
    played, as if measured now.
    """

    speed: float = 1.0
    for_s: float | None = None
    keep_times: bool = False
    stay: bool = False
    """go on after the end until stopped: registers keep their last reading for as long as it may be held"""


class Replay:
    """One recording on its wires."""

    def __init__(self, readings: Sequence[Reading], wiring: Wiring, pace: Pace) -> None:
        self._deck, self._wiring, self._pace = Deck(readings, wiring), wiring, pace
        self._first, self._last = readings[0].at, readings[-1].at
        self._stopping = asyncio.Event()
        self._rims: list[tuple[Publisher, MqttRim]] = []
        self._began, self._wall0 = 0.0, 0.0

    async def run(self) -> dict[str, Any]:
        """Open everything, say so, play, close; what was played."""
        async with AsyncExitStack() as stack:
            ports = await self._open(stack)
            ready = {"ready": True, "pid": os.getpid(), "devices": ports, "speed": self._pace.speed,
                     "duration_s": self._last - self._first}  # fmt: skip
            sys.stdout.write(json.dumps(ready) + "\n")
            sys.stdout.flush()
            await self._play()
            await self._flush()
        return {
            "played": self._deck.played,
            "bad": self._deck.bad,
            "published": sum(rim.published for _, rim in self._rims),
            "refused": sum(rim.refused for _, rim in self._rims),
            "over": self._deck.over,
        }

    async def _open(self, stack: AsyncExitStack) -> dict[str, Any]:
        ports = {}
        for device in self._wiring.devices.values():
            server = server_of(device, self._deck, np.random.default_rng(0))
            await server.open("127.0.0.1", device.port_offset)
            stack.push_async_callback(server.close)
            ports[device.name] = server.place()
        for number, publisher in enumerate(self._wiring.publishers):
            password = os.environ.get(publisher.password_env, "")
            rim = MqttRim(
                Broker(publisher.host, publisher.port, publisher.user, password),
                f"replay-{os.getpid()}-{number}",
            )
            rim.open()
            stack.callback(rim.close)
            self._rims.append((publisher, rim))
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, self._stopping.set)
        return ports

    async def _play(self) -> None:
        while not self._stopping.is_set() and not await self._until(self._heard, SAY_S):
            names = ", ".join(f"{p.host}:{p.port}" for p, rim in self._rims if not rim.connected)
            sys.stderr.write(f"waiting for the broker at {names}\n")
            sys.stderr.flush()
        self._began, self._wall0 = time.monotonic(), time.time()
        while not self._stopping.is_set():
            passed = time.monotonic() - self._began
            self._step(passed)
            limit = self._pace.for_s
            if (self._deck.over and not self._pace.stay) or (limit is not None and passed >= limit):
                return
            await asyncio.sleep(TICK_S)

    def _heard(self) -> bool:
        return all(rim.connected for _, rim in self._rims)

    def _step(self, passed_s: float) -> None:
        due = self._deck.advance(self._first + passed_s * self._pace.speed)
        for publisher, rim in self._rims:
            for message in self._deck.messages(due, publisher, self._stamp):
                rim.publish(message)

    def _stamp(self, at: float) -> float:
        if self._pace.keep_times:
            return at
        return self._wall0 + (at - self._first) / self._pace.speed

    async def _flush(self) -> None:
        """A client that is closed keeps what the broker has not taken to itself."""
        await self._until(lambda: all(rim.idle for _, rim in self._rims), LAST_S)

    async def _until(self, so: Callable[[], bool], most_s: float) -> bool:
        """Whether it came to be so within the time."""
        began = time.monotonic()
        while not so() and not self._stopping.is_set():
            if time.monotonic() - began > most_s:
                return False
            await asyncio.sleep(TICK_S)
        return True
