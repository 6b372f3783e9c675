"""Does the event loop run? While it does not, nobody is heard: that time is our outage, and not the plant's silence.

A machine that is overloaded, a virtual machine that is held, a process that is stopped: afterwards every value would be
too old at once, although all devices have answered. So the time is told as an outage, and ages and delays stand still
over it, as over a restart.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from gateway.model.ports import Clock

BEAT_S: Final = 0.5
LATE_S: Final = 1.0
"""Less is no outage: a freshness deadline is three polls and more, and half a second is soon made good."""


class Pulse:
    """``stood(since, until)`` is called where the loop did not run between two moments of ``clock``, ns."""

    def __init__(self, clock: Clock, stood: Callable[[int, int], None]) -> None:
        self._clock, self._stood = clock, stood
        self._last = (time.monotonic(), clock.now())

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            self.beat()
            await asyncio.sleep(BEAT_S)

    def beat(self) -> int:
        """The time, ns; first says so when the loop stood still. Whoever acts on the time calls this before."""
        before, since = self._last
        self._last = at, now = (
            time.monotonic(),
            self._clock.now(),
        )  # not the loop's time: it stands still with the loop
        if at - before > LATE_S:
            self._stood(since, now)
        return now
