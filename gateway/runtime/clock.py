"""Clocks. The only place in the product that reads the time for the engine."""

import asyncio
import time
from dataclasses import dataclass

from gateway.model.times import NS


class SystemClock:
    """Wall clock, UTC."""

    ticks = True

    def now(self) -> int:
        """UTC, ns."""
        return time.time_ns()

    async def sleep(self, seconds: float) -> None:
        """Sleep ``seconds``."""
        await asyncio.sleep(max(0.0, seconds))


@dataclass(frozen=True, slots=True)
class ScaledClock:
    """Plant time runs ``speed`` times as fast as the wall: ``start + (wall - wall_start) * speed``.

    For the demo only: ``run`` has no setting that makes one.
    """

    start: int
    wall_start: int
    speed: float

    @property
    def ticks(self) -> bool:
        """Time passes by itself, so the runtime makes ticks."""
        return True

    def now(self) -> int:
        """Plant time, ns."""
        return self.start + int((time.time_ns() - self.wall_start) * self.speed)

    async def sleep(self, seconds: float) -> None:
        """Sleep ``seconds`` of plant time."""
        await asyncio.sleep(max(0.0, seconds) / self.speed)

    def wall_seconds(self, ns: int) -> float:
        """How long ``ns`` of plant time take on the wall."""
        return ns / NS / self.speed
