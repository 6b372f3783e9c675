"""An event loop whose time passes at once: hours of a schedule in seconds, the same on every machine."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from gateway.model.times import NS

START = 1_700_000_000 * NS
TURN_S = 1e-7
"""A turn of the loop takes some time, or rounding could hold it up for ever."""
T = TypeVar("T")


class _Selector(selectors.DefaultSelector):
    """Does not wait: what would have been waited for has passed."""

    passed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)
        if not found and timeout is not None and timeout > 0:
            self.passed += timeout
        self.passed += TURN_S
        return found


class VirtualLoop(asyncio.SelectorEventLoop):
    """``time`` is what was slept."""

    def __init__(self) -> None:
        self._waits = _Selector()
        super().__init__(self._waits)

    def time(self) -> float:
        return self._waits.passed


class VirtualClock:
    """The wall clock of a virtual loop."""

    def now(self) -> int:
        return START + int(asyncio.get_running_loop().time() * NS)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))

    def at(self, when: int, call: Callable[[int], None]) -> asyncio.TimerHandle:
        """See ``Punctual``."""
        loop = asyncio.get_running_loop()
        return loop.call_at((when - START) / NS + TURN_S, lambda: call(self.now()))


def run(main: Coroutine[Any, Any, T]) -> T:
    """To its end, in no time."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(main)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
