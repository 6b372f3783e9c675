"""Wake many waiters at once, each with its own time limit. No lock, one event loop."""

import asyncio
from dataclasses import dataclass, field


@dataclass(slots=True)
class Signal:
    """``await wait()`` returns at the next ``fire()`` or after the time limit."""

    _waiters: dict["asyncio.Future[None]", None] = field(default_factory=dict)
    """in the order in which they began to wait"""

    def fire(self) -> None:
        """Wake everyone who waits now."""
        waiters, self._waiters = self._waiters, {}
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def wait(self, timeout: float | None = None) -> bool:
        """True when fired, False after ``timeout`` seconds."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiters[waiter] = None
        try:
            async with asyncio.timeout(timeout):
                await waiter
        except TimeoutError:
            return False
        finally:
            self._waiters.pop(waiter, None)
        return True
