"""One supervisor for every long-running unit: restart with capped full-jitter backoff, never give up silently.

What a unit raises decides (errors are named by what the caller does):

=================  ==================================================================
Retry              wait (its own ``after`` or the backoff), run again
Misconfigured      a person must act: stays down, stays visible, retried every 5 min
any other          a bug: logged with its trace, the unit alone is restarted
cancelled          the gateway stops
=================  ==================================================================
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Final, Protocol

import structlog

from gateway.model.errors import Misconfigured, Retry

FIRST_S: Final = 0.2
CAP_S: Final = 15.0
PERSON_S: Final = 300.0
STABLE_S: Final = 30.0
"""A unit that ran this long starts again with the first backoff."""

log = structlog.get_logger()


class Trouble(Protocol):
    """Where a unit's trouble is reported (edges only)."""

    def __call__(self, what: str, *, active: bool, detail: str = "") -> None: ...


def backoff(attempt: int, *, rng: Callable[[], float] = random.random) -> float:
    """Full jitter: uniform in 0..min(cap, first * 2^attempt) seconds, but never under 50 ms."""
    return max(0.05, rng() * min(CAP_S, FIRST_S * 2.0 ** min(attempt, 10)))


def _wait_for(error: Exception, attempt: int) -> float:
    if isinstance(error, Retry):
        return error.after if error.after is not None else backoff(attempt)
    return PERSON_S if isinstance(error, Misconfigured) else max(1.0, backoff(attempt))


async def supervise(
    name: str, run: Callable[[], Awaitable[None]], trouble: Trouble, *, grace: int = 1
) -> None:
    """Run ``run`` for ever.

    ``trouble`` is told after more than ``grace`` failures in a row, at once of what waits for a person, and when
    ``run`` has been stable for a while; it drops repeats.
    """
    loop = asyncio.get_running_loop()
    failures = 0
    while True:
        began = loop.time()
        stable = loop.call_later(STABLE_S, partial(trouble, name, active=False))
        try:
            error = await _failure(name, run)
        finally:
            stable.cancel()
        if error is None:
            return
        failures = 1 if loop.time() - began > STABLE_S else failures + 1
        _log(name, error, failures)
        if failures > grace or isinstance(error, Misconfigured):
            trouble(name, active=True, detail=f"{type(error).__name__}: {error}")
        await asyncio.sleep(_wait_for(error, failures - 1))


async def _failure(name: str, run: Callable[[], Awaitable[None]]) -> Exception | None:
    """Why ``run`` ended; None when it was done.

    Each attempt is a task of its own, so that a stop is ours alone to see. A task group that is cancelled while a
    member of it fails tells of the failure only, and one that has failed leaves the mark of a cancellation on its
    task (CPython before 3.13): in one task neither can be told from a stop.
    """
    attempt: asyncio.Future[None] = asyncio.ensure_future(run())
    if isinstance(attempt, asyncio.Task):
        attempt.set_name(name)
    try:
        await asyncio.wait((attempt,))
    except asyncio.CancelledError:
        await _stopped(attempt)
        raise
    if attempt.cancelled():  # swallowed, this would be a unit that is gone and says nothing
        return RuntimeError("cancelled from within")
    error = attempt.exception()
    if error is not None and not isinstance(error, Exception):
        raise error
    return error


async def _stopped(attempt: "asyncio.Future[None]") -> None:
    """The gateway stops: so does the attempt, and what it says to that is no trouble any more."""
    attempt.cancel()
    while not attempt.done():
        with suppress(asyncio.CancelledError):  # said once more, it is still the same stop
            await asyncio.wait((attempt,))
    if not attempt.cancelled():
        attempt.exception()  # looked at, or asyncio complains


def _log(name: str, error: Exception, failures: int) -> None:
    if isinstance(error, (Retry, Misconfigured)):
        if failures in (1, 2) or failures % 20 == 0:  # edges and a reminder, not every attempt
            log.warning("unit is down", unit=name, error=str(error), failures=failures)
    else:
        log.error("unit failed with a bug and is restarted", unit=name, failures=failures, exc_info=error)
