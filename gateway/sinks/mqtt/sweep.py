"""Empty every retained topic under a drill's root, so that nothing of it stays on the broker."""

import asyncio
from contextlib import suppress
from typing import Final

from gateway.model.site import Site
from gateway.sinks.mqtt.client import Connection
from gateway.sinks.mqtt.config import Settings
from gateway.sinks.mqtt.encode import Message
from gateway.sinks.mqtt.topics import client_id

QUIET_S: Final = 0.5
"""no retained message for so long: there are no more"""
SLICE: Final = 50


async def sweep(settings: Settings, site: Site, name: str) -> None:
    """Find what is retained under ``site.root``, and empty it.

    Raises:
        Retry: the broker is gone or refuses.
        ValueError: the site is the plant's own, whose topics are nobody's to empty.
    """
    if not site.exercise:
        raise ValueError("only a drill's topics are swept")
    found: dict[str, None] = {}
    more = asyncio.Event()

    def heard(topic: str, payload: bytes, retained: bool) -> None:  # noqa: FBT001 - the connection's callback
        if retained and payload:
            found[topic] = None
            more.set()

    async with Connection(settings, client_id(site, f"{name}.sweep"), heard=heard) as connection:
        await connection.subscribe([f"{site.root}/#"])
        with suppress(TimeoutError):
            while True:
                await asyncio.wait_for(more.wait(), QUIET_S)
                more.clear()
        empty = [Message(topic, b"", retain=True) for topic in found]
        for at in range(0, len(empty), SLICE):
            await connection.send(empty[at : at + SLICE])
