"""Looks whether a way to people is open: logs in to the mail server or the modem; a robot cannot be asked silently."""

import asyncio

from gateway.model.errors import Misconfigured, Retry
from gateway.sinks.notify.config import Settings
from gateway.sinks.notify.plugin import open_way


async def probe(settings: Settings) -> str:
    """Empty when it is, else why not."""

    def look() -> None:
        with open_way(settings):
            pass

    try:
        await asyncio.to_thread(look)
    except (Retry, Misconfigured) as error:
        return str(error)
    return ""
