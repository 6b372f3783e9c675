"""Logs in to the database of an output with a write of nothing."""

from typing import Final

from gateway.model.errors import Misconfigured, Retry
from gateway.sinks.influxdb.client import Writer
from gateway.sinks.influxdb.config import Settings

TAKEN: Final = (200, 204, 400)
"""400 is what some versions say of a write without lines; the login came before it."""


async def probe(settings: Settings) -> str:
    """Empty when the database takes us, else why not."""
    try:
        async with Writer(settings) as writer:
            status, words = await writer.hello()
    except (Retry, Misconfigured) as error:
        return str(error)
    return "" if status in TAKEN else f"{status}: {words}"
