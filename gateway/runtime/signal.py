"""Wake many waiters at once, each with its own time limit. No lock, one event loop."""

import asyncio
from dataclasses import dataclass, field


@dataclass(slots=True)
class Signal:
    """``await wait()`` returns at the next ``fire()`` or after the time limit."""

    _waiters: set["asyncio.Future[None]"] = field(default_factory=set)

    def fire(self) -> None:
        """Wake everyone who waits now."""
        waiters, self._waiters = self._waiters, set()
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def wait(self, timeout: float | None = None) -> bool:
        """True when fired, False after ``timeout`` seconds."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            async with asyncio.timeout(timeout):
                await waiter
        except TimeoutError:
            return False
        finally:
            self._waiters.discard(waiter)
        return True
