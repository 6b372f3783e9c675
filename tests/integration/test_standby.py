"""A second broker that stands by: nothing goes by it while the first confirms, and what it keeps retained is true."""

from __future__ import annotations

from dataclasses import replace

from tests.conftest import MosquittoFactory
from tests.helpers.follower import following
from tests.helpers.lane import FakeClock, occurrence, present
from tests.helpers.mqtt_output import SITE, Output, raised


async def test_what_a_resting_broker_keeps_retained_follows_the_present(mosquitto: MosquittoFactory) -> None:
    broker = mosquitto()
    out = Output(broker, clock=FakeClock(speed=20), timeout="60s")
    async with following(broker.host, broker.port) as f, out.running():
        await f.until(lambda: f.on("/level"))
        (record,) = out.journal.add(raised())
        out.alarms.now = replace(present(SITE, [occurrence()]), head_seq=record.seq)
        await f.until(lambda: f.on("state/"))
        assert f.on("/level")[-1].json["live"]["level"] == "red"
        assert not f.on("/alarms/"), "it was delivered by another way"
