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
    except* FengsuiError as found:
        raise _first(found) from None


def _first(group: BaseExceptionGroup[FengsuiError]) -> FengsuiError:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if not isinstance(error, FengsuiError):
        raise TypeError(f"not an error of ours: {error!r}")
    return error
