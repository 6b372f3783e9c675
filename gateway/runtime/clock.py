"""Clocks. The only place in the product that reads the time for the engine."""

import asyncio
import heapq
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from gateway.model.punctual import Appointment
from gateway.model.times import NS

SLOWEST: Final = 0.95
"""While the wall is behind us, our time passes at this pace until the wall has caught up."""


@dataclass(slots=True)
class _Call:
    """One entry of a diary."""

    call: Callable[[int], None] | None

    def cancel(self) -> None:
        """Leave the entry where it is; it does nothing."""
        self.call = None


class _Diary:
    """Calls at moments of a clock, with one timer for all of them: devices polled together wake us once."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._calls: dict[int, list[_Call]] = {}
        self._moments: list[int] = []
        """a heap: the keys of ``_calls``"""
        self._timer: asyncio.TimerHandle | None = None
        self.speed = 1.0
        """how much faster than the wall our time passes; 0: somebody leads it, and rings"""

    def at(self, when: int, call: Callable[[int], None]) -> Appointment:
        entry = _Call(call)
        if (known := self._calls.get(when)) is not None:
            known.append(entry)
            return entry
        self._calls[when] = [entry]
        heapq.heappush(self._moments, when)
        if self._moments[0] == when:
            self.wind()
        return entry

    def wind(self) -> None:
        """Set the timer for the first moment."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        if not self._moments:
            return
        left = max(0, self._moments[0] - self._now())
        if not left or self.speed:
            wait = left / NS / self.speed if left else 0.0
            self._timer = asyncio.get_running_loop().call_later(wait + _LATE_S, self.ring)

    def ring(self) -> None:
        """Make the calls that are due."""
        now, due = self._now(), deque[_Call]()
        while self._moments and self._moments[0] <= now:
            due.extend(self._calls.pop(heapq.heappop(self._moments)))
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        try:
            while due:
                if (call := due.popleft().call) is not None:
                    call(now)
        finally:
            for entry in due:  # one that fails keeps no other from its turn
                if entry.call is not None:
                    self.at(now, entry.call)
            if self._timer is None:
                self.wind()


_LATE_S: Final = 0.0005
"""An event loop counts in ms and may wake a little early; then the call would not be due."""


class SystemClock:
    """Wall clock, UTC, that never goes back and never stands still.

    When the machine's clock is set back, engine time would stand still until it had caught up: nothing would go stale,
    no delay would end, no new reading would be newer than its tag's last. So time goes on from where it was, a
    little slower (:data:`SLOWEST`), until the wall has caught up; :attr:`ahead` says by how much it still is.
    """

    ticks = True

    def __init__(self) -> None:
        self._last, self._since = time.time_ns(), time.monotonic_ns()
        self._diary = _Diary(self.now)

    def now(self) -> int:
        """UTC, ns; never less than a moment before."""
        wall, since = (
            time.time_ns(),
            time.monotonic_ns(),
        )  # in this order: the other would gain a little at each call
        self._last, self._since = max(wall, self._last + int((since - self._since) * SLOWEST)), since
        return self._last

    def advance(self, to: int) -> None:
        """Go on from ``to`` at least: the time of the last input before a restart."""
        self._last, self._since = max(self.now(), to), time.monotonic_ns()
        self._diary.wind()

    @property
    def ahead(self) -> int:
        """By how much our time is ahead of the wall, ns; as long as nobody has set the wall back at most what passes
        between two looks at the two clocks.
        """
        return max(0, self.now() - time.time_ns())

    async def sleep(self, seconds: float) -> None:
        """Sleep ``seconds``."""
        await asyncio.sleep(max(0.0, seconds))

    def at(self, when: int, call: Callable[[int], None]) -> Appointment:
        """See :class:`gateway.model.punctual.Punctual`."""
        return self._diary.at(when, call)


class ScaledClock:
    """Plant time that runs at the wall's pace until :meth:`change` makes it ``speed`` times as fast.

    :meth:`hold` stops it: from then on it is :meth:`move` that lets time pass, and no wall. For demo and soak only:
    ``run`` has no setting that makes one.
    """

    ticks = True

    def __init__(self, start: int) -> None:
        self._origin = start
        self._since = time.monotonic_ns()
        self._diary = _Diary(self.now)
        self._held = False
        self.speed = 1.0

    def now(self) -> int:
        """Plant time, ns. Never steps back, even when the wall clock does."""
        if self._held:
            return self._origin
        return self._origin + int((time.monotonic_ns() - self._since) * self.speed)

    def change(self, speed: float) -> int:
        """Run at ``speed`` from now on; the moment of the change in plant time, ns."""
        self._origin, self._since, self.speed = self.now(), time.monotonic_ns(), speed
        self._diary.speed = speed
        self._diary.wind()
        return self._origin

    def hold(self, speed: float) -> int:
        """Stand still; who leads it means to go at about ``speed``. The moment in plant time, ns."""
        self._origin, self._held, self.speed = self.now(), True, speed
        self._diary.speed = 0.0
        self._diary.wind()
        return self._origin

    def move(self, to: int) -> None:
        """Go on to ``to`` (ns, not before now) and call whoever has an appointment until then. Held clocks only."""
        self._origin = max(self._origin, to)
        self._diary.ring()

    async def sleep(self, seconds: float) -> None:
        """Sleep ``seconds`` of plant time, at whatever speed it passes."""
        awake = asyncio.Event()
        entry = self.at(self.now() + max(0, int(seconds * NS)), lambda _: awake.set())
        try:
            await awake.wait()
        finally:
            entry.cancel()

    def at(self, when: int, call: Callable[[int], None]) -> Appointment:
        """See :class:`gateway.model.punctual.Punctual`."""
        return self._diary.at(when, call)
