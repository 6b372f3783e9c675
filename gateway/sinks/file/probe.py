"""Looks whether the file of an output can be written."""

import asyncio

from gateway.sinks.file.config import Settings
from gateway.sinks.file.lines import Lines


async def probe(settings: Settings) -> str:
    """Empty when it can, else why not. A file that was not there is there afterwards, empty."""
    try:
        lines = await asyncio.to_thread(Lines, settings.path, settings.max_mb << 20, settings.keep)
    except OSError as error:
        return f"{settings.path}: {error.strerror or error}"
    lines.close()
    return ""
