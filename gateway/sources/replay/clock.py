"""The clock of a replay: the data's own time."""

import asyncio
from typing import Final


class ReplayClock:
    """Stands still until the source moves it to the time of the batch it hands on; never goes back.

    For the runtime when a replay is the only source. ``start`` is the time of the last committed input after a restart,
    so that no outage is seen where there was none; before a first start
    :func:`gateway.sources.replay.plugin.first_time`.
    """

    ticks: Final = False
    """Time passes with the data alone, so the runtime makes no ticks."""

    def __init__(self, start: int = 0) -> None:
        self._now = start

    def now(self) -> int:
        """Time of the latest data, ns."""
        return self._now

    def advance(self, now: int) -> None:
        """The source's call: the data have come to ``now``."""
        self._now = max(self._now, now)

    async def sleep(self, seconds: float) -> None:
        """Seconds of the wall: who waits here waits for another machine, and not for data that may never come."""
        await asyncio.sleep(max(0.0, seconds))
