"""A thread that does one thing after another for the event loop.

An executor makes two futures with locks for each call; a commit a second on cold caches pays 0.1 ms for them.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")
_Job = tuple[Callable[[], Any], "asyncio.Future[Any]", asyncio.AbstractEventLoop]


class Hand:
    """Starts with the first call. What was asked for is done, also when nobody waits for it any more."""

    def __init__(self, name: str) -> None:
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._name = name
        self._thread: threading.Thread | None = None

    async def do(self, work: Callable[[], T]) -> T:
        """The result of ``work``, or what it raised."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        self._jobs.put((work, done, loop))
        return await done

    def end(self) -> None:
        """Wait until everything asked for is done. Afterwards nothing may be asked for."""
        if self._thread is not None:
            self._jobs.put(None)
            self._thread.join()

    def leave(self) -> None:
        """Let it end by itself when it has done what it is at; nobody waits. Afterwards nothing may be asked for."""
        self._jobs.put(None)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            work, done, loop = job
            del job
            result: Any = None
            failure: BaseException | None = None
            try:
                result = work()
            except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
                failure = error
            with suppress(RuntimeError):  # the loop was closed meanwhile: nobody waits any more
                loop.call_soon_threadsafe(_settle, done, result, failure)
            del work, done, loop, result, failure


def _settle(done: "asyncio.Future[Any]", result: object, error: BaseException | None) -> None:
    if done.done():
        return
    if error is not None:
        done.set_exception(error)
    else:
        done.set_result(result)
