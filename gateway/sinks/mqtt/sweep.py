"""Empty every retained topic under a drill's root, so that nothing of it stays on the broker."""

import asyncio
from contextlib import suppress
from typing import Final

from gateway.model.site import Site
from gateway.sinks.mqtt.client import Connection
from gateway.sinks.mqtt.config import Settings
from gateway.sinks.mqtt.encode import Message
from gateway.sinks.mqtt.topics import Topics, client_id

QUIET_S: Final = 0.5
"""no retained message for so long: there are no more"""
SLICE: Final = 50


async def sweep(settings: Settings, site: Site, name: str) -> None:
    """Find what is retained under ``site.root``, and empty it.

    Only what a gateway's login may read is asked for (:mod:`gateway.wires.access`); status and level are known by name.

    Raises:
        Retry: the broker is gone or refuses.
        ValueError: the site is the plant's own, whose topics are nobody's to empty.
    """
    if not site.exercise:
        raise ValueError("only a drill's topics are swept")
    topics = Topics(site.root)
    found = dict.fromkeys((topics.status, topics.level))
    more = asyncio.Event()

    def heard(topic: str, payload: bytes, retained: bool) -> None:  # noqa: FBT001 - the connection's callback
        if retained and payload:
            found[topic] = None
            more.set()

    async with Connection(settings, client_id(site, f"{name}.sweep"), heard=heard) as connection:
        await connection.subscribe(_readable(topics, settings))
        with suppress(TimeoutError):
            while True:
                async with asyncio.timeout(QUIET_S):
                    await more.wait()
                more.clear()
        empty = [Message(topic, b"", retain=True) for topic in found]
        for at in range(0, len(empty), SLICE):
            await connection.send(empty[at : at + SLICE])


def _readable(topics: Topics, settings: Settings) -> list[str]:
    """State and birth; on 3.1.1 also what is emptied by name, to read it back."""
    tidied = [f"{topics.root}/state/#", topics.birth, f"{topics.birth}/#"]
    return tidied if settings.version == "5" else [*tidied, topics.status, topics.level]
