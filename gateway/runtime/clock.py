"""Clocks. The only place in the product that reads the time for the engine."""

import asyncio
import time

from gateway.model.times import NS
from gateway.runtime.signal import Signal


class SystemClock:
    """Wall clock, UTC."""

    ticks = True

    def now(self) -> int:
        """UTC, ns."""
        return time.time_ns()

    async def sleep(self, seconds: float) -> None:
        """Sleep ``seconds``."""
        await asyncio.sleep(max(0.0, seconds))


class ScaledClock:
    """Plant time that runs at the wall's pace until :meth:`change` makes it ``speed`` times as fast.

    For the demo only: ``run`` has no setting that makes one.
    """

    ticks = True

    def __init__(self, start: int) -> None:
        self._origin = start
        self._since = time.monotonic_ns()
        self._changed = Signal()
        self.speed = 1.0

    def now(self) -> int:
        """Plant time, ns. Never steps, even when the wall clock does."""
        return self._origin + int((time.monotonic_ns() - self._since) * self.speed)

    def change(self, speed: float) -> int:
        """Run at ``speed`` from now on; the moment of the change in plant time, ns."""
        self._origin, self._since, self.speed = self.now(), time.monotonic_ns(), speed
        self._changed.fire()
        return self._origin

    async def sleep(self, seconds: float) -> None:
        """Sleep ``seconds`` of plant time, at whatever speed it passes."""
        until = self.now() + int(seconds * NS)
        while (left := until - self.now()) > 0:
            await self._changed.wait(left / NS / self.speed)
