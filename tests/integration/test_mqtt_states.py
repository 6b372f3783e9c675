"""States that only speak when they change, over a broker that forgets."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from gateway.model.quality import Status
from gateway.sources.mqtt.config import bind
from gateway.sources.mqtt.plugin import build
from tests.conftest import MosquittoFactory
from tests.integration.test_mqtt_faults import Judging, a_site, settings
from tests.integration.test_source_mqtt import publish


async def test_a_state_that_speaks_when_it_changes_is_not_believed_over_a_session_that_was_lost(
    mosquitto: MosquittoFactory,
) -> None:
    """The broker is back before anybody says that it was gone; what the states said meanwhile is nobody's."""
    broker = mosquitto()
    made = settings(broker, timeout="60s", time=None)
    site, _ = a_site(made, "a", "kept", "polled")
    lasting = tuple(replace(t, max_age=0) for t in site.tags[:2])
    site = replace(site, tags=(*lasting, site.tags[2]))
    bound = [
        (k, t, bind(made, c, t))
        for k, (t, c) in enumerate(zip(site.tags, ("a", "kept", "polled"), strict=True))
    ]
    judging, source = Judging(site), build("pond", made, bound)
    task = asyncio.create_task(source.run(judging))
    try:
        await judging.until(lambda: source.counters.connects == 1, "connected")
        await asyncio.to_thread(publish, broker.port, ("a", b"1"), ("kept", b"1"), ("polled", b"1"))
        seen = lambda *k: all(judging.status(t) is Status.GOOD for t in k)  # noqa: E731
        await judging.until(lambda: seen(0, 1, 2), "read")
        broker.kill()
        broker.start()
        await judging.until(lambda: judging.status(0) is Status.BAD, "its session is gone")
        assert "pond.LINK" not in judging.faults()
        assert seen(2), "it has a max age"
        await asyncio.to_thread(publish, broker.port, ("a", b"1"), ("kept", b"1"))
        await judging.until(lambda: seen(0, 1, 2), "read again")
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
