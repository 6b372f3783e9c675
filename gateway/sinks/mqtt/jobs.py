"""Running the jobs of one connection together."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from gateway.model.errors import FengsuiError


async def together(**jobs: Coroutine[Any, Any, None]) -> None:
    """Run named jobs until one fails; a failure of ours comes out bare, so that the supervisor knows what to do.

    Raises:
        FengsuiError: the first one, when all failures are such.
    """
    try:
        async with asyncio.TaskGroup() as group:
            for name, job in jobs.items():
                group.create_task(job, name=name)
    except BaseExceptionGroup as found:
        # No ``except*``: before Python 3.11.4 what is raised in one comes out in a group of its own (gh-103590).
        ours, others = found.split(FengsuiError)
        if ours is None or others is not None:
            raise
        raise _first(ours) from None


def _first(group: BaseExceptionGroup[FengsuiError]) -> FengsuiError:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if not isinstance(error, FengsuiError):
        raise TypeError(f"not an error of ours: {error!r}")
    return error
