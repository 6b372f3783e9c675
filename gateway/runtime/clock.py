"""Clocks. The only place in the product that reads the time for the engine."""

import asyncio
import time
from typing import Final

from gateway.model.times import NS
from gateway.runtime.signal import Signal

SLOWEST: Final = 0.95
"""While the wall is behind us, our time passes at this pace until the wall has caught up."""


class SystemClock:
    """Wall clock, UTC, that never goes back and never stands still.

    When the machine's clock is set back, engine time would stand still until it had caught up: nothing would go stale,
    no delay would end, no new reading would be newer than its tag's last. So time goes on from where it was, a
    little slower (:data:`SLOWEST`), until the wall has caught up; :attr:`ahead` says by how much it still is.
    """

    ticks = True

    def __init__(self) -> None:
        self._last, self._since = time.time_ns(), time.monotonic_ns()

    def now(self) -> int:
        """UTC, ns; never less than a moment before."""
        since = time.monotonic_ns()
        least = self._last + int((since - self._since) * SLOWEST)
        self._last, self._since = max(time.time_ns(), least), since
        return self._last

    def advance(self, to: int) -> None:
        """Go on from ``to`` at least: the time of the last input before a restart."""
        self._last, self._since = max(self.now(), to), time.monotonic_ns()

    @property
    def ahead(self) -> int:
        """By how much our time is ahead of the wall, ns; 0 as long as nobody has set the wall back."""
        return max(0, self.now() - time.time_ns())

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
