"""The county over a real broker: what counts is what is stored there, and what it says of it is looked at twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from gateway.sinks.mqtt.receipts import Receipt, body
from gateway.sinks.mqtt.schema import json_schema
from tests.conftest import MosquittoFactory
from tests.helpers.county import county, stored, until, write_county
from tests.helpers.follower import following
from tests.helpers.lane import EPOCH, FakeClock
from tests.helpers.mqtt_output import ROOT, SITE, VERSIONS, Output, raised


def events(count: int, first: int = 0) -> list[Any]:
    return [raised(tag=f"LT-{first + n}") for n in range(count)]


@VERSIONS
async def test_the_cursor_is_what_the_county_has_stored(
    mosquitto: MosquittoFactory, tmp_path: Path, version: str
) -> None:
    broker = mosquitto()
    out = Output(broker, version, receipts=True)
    config = write_county(tmp_path / "county", main=broker)
    async with out.running():
        out.say(*events(30))
        await out.events.until(lambda: out.events.taken_to == 30)
        assert out.events.accepted == 0, "the broker's word settles nothing"
        async with county(config):
            await out.events.until(lambda: out.events.accepted == 30)
            await until(lambda: stored(config)["contiguous"] == 30)
    assert stored(config)["missing"] == []
    assert not out.events.troubles


@VERSIONS
async def test_one_site_that_floods_its_topic_stops_nobody(
    mosquitto: MosquittoFactory, tmp_path: Path, version: str
) -> None:
    """Retained, so it comes with every connection; and what nobody can store is refused."""
    broker = mosquitto()
    async with aiomqtt.Client(broker.host, broker.port) as other:
        flood = "fengsui/v1/341524/other/gw/status"
        await other.publish(flood, b"x" * (3 << 20), qos=1, retain=True)
        odd = {"gateway": "gw", "state": "online", "epoch": "e", "head": {"seq": 1e300, "hash": ""}}
        bad = json.dumps({**odd, "time": "9999-01-01T00:00:00Z"})
        await other.publish("fengsui/v1/341524/third/gw/status", bad, qos=1, retain=True)
    out = Output(broker, version, receipts=True)
    config = write_county(tmp_path / "county", version, main=broker)
    async with out.running(), county(config) as node:
        out.say(*events(3))
        await out.events.until(lambda: out.events.accepted == 3)
        assert node.listening == {"main"}
        assert not node.overflowed


async def test_the_receipt_is_as_published(mosquitto: MosquittoFactory, tmp_path: Path) -> None:
    import jsonschema

    broker = mosquitto()
    out = Output(broker, receipts=True)
    config = write_county(tmp_path / "county", main=broker)
    async with out.running(), county(config):
        out.say(*events(3))
        await out.events.until(lambda: out.events.accepted == 3)
    async with following(broker.host, broker.port) as f:
        await f.until(lambda: f.on("/receipts"))
        (receipt,) = f.on("/receipts")
    assert receipt.retain
    jsonschema.validate(receipt.json, json_schema("receipt"))
    assert (receipt.json["contiguous"], receipt.json["hash"]) == (3, out.journal.records[-1].hash)


async def test_a_broker_that_acknowledged_and_died_with_the_messages(
    mosquitto: MosquittoFactory, tmp_path: Path
) -> None:
    """They were accepted, and nobody has them: the county sees the hole in what comes after, and gets them."""
    broker = mosquitto()
    out = Output(broker, receipts=True)
    config = write_county(tmp_path / "county", main=broker)
    async with out.running(forgiving=True):
        async with county(config):
            out.say(*events(5))
            await out.events.until(lambda: out.events.accepted == 5)
        out.say(*events(5, 5))  # nobody listens, nothing is kept: acknowledged all the same
        await out.events.until(lambda: out.events.taken_to == 10)
        broker.kill()
        broker.start()
        async with county(config):
            out.say(*events(2, 10))
            await out.events.until(lambda: out.events.accepted == 12)
    assert (stored(config)["contiguous"], stored(config)["missing"]) == (12, [])


async def test_what_is_not_confirmed_for_long_is_sent_again(
    mosquitto: MosquittoFactory, tmp_path: Path
) -> None:
    broker = mosquitto()
    out = Output(broker, clock=FakeClock(speed=30), receipts=True, timeout="60s")
    async with following(broker.host, broker.port) as f, out.running():
        out.say(*events(3))
        await f.until(lambda: len(f.on("/events")) >= 6)
    assert [h.json["seq"] for h in f.on("/events")][:6] == [1, 2, 3, 1, 2, 3]


FORGED = {
    "another gateway": {"gateway": "gw-99"},
    "another epoch": {"epoch": "f" * 16},
    "above our head": {"contiguous": 99},
    "another hash": {"hash": "a" * 64},
}


@pytest.mark.parametrize("what", FORGED)
async def test_a_receipt_that_cannot_be_ours_is_a_fault_and_moves_nothing(
    mosquitto: MosquittoFactory, what: str
) -> None:
    broker = mosquitto()
    out = Output(broker, receipts=True)
    async with aiomqtt.Client(broker.host, broker.port) as client, out.running():
        out.say(*events(5))
        await out.events.until(lambda: out.events.taken_to == 5)
        true = {"gateway": SITE.gateway, "epoch": EPOCH, "contiguous": 4, "hash": out.journal.records[3].hash}
        await client.publish(f"{ROOT}/receipts", receipt(**{**true, **FORGED[what]}), qos=1, retain=True)
        await out.events.until(lambda: "receipt" in out.events.troubles)
        assert out.events.accepted == 0
        await client.publish(f"{ROOT}/receipts", b"not even JSON", qos=1, retain=True)
        await client.publish(f"{ROOT}/receipts", receipt(**true), qos=1, retain=True)
        await out.events.until(lambda: out.events.accepted == 4)
        assert "receipt" not in out.events.troubles, "a good one ends it"


def receipt(**fields: Any) -> bytes:
    return body(Receipt(**fields), county="341524", site="demo", time=1)


async def test_a_county_that_was_restored_from_a_backup_is_told_again(
    mosquitto: MosquittoFactory, tmp_path: Path
) -> None:
    broker = mosquitto()
    out = Output(broker, receipts=True)
    config = write_county(tmp_path / "county", main=broker)
    backup = tmp_path / "backup.db"
    state = tmp_path / "county" / "county-state" / "county.db"
    async with out.running(forgiving=True):
        async with county(config):
            out.say(*events(5))
            await out.events.until(lambda: out.events.accepted == 5)
        backup.write_bytes(state.read_bytes())
        async with county(config):
            out.say(*events(5, 5))
            await out.events.until(lambda: out.events.accepted == 10)
        state.write_bytes(backup.read_bytes())
        async with county(config):
            out.say(*events(1, 10))
            await until(lambda: stored(config)["contiguous"] == 11)
            await out.events.until(lambda: out.events.accepted == 11 and not out.events.troubles)
    assert "county-lost" in [what for what, active, _ in out.events.reports if active]


async def test_two_brokers_one_history(mosquitto: MosquittoFactory, tmp_path: Path) -> None:
    """The same events by two ways are stored once; each way is confirmed."""
    one, two = mosquitto(), mosquitto()
    outs = [Output(each, receipts=True) for each in (one, two)]
    config = write_county(tmp_path / "county", one=one, two=two)
    async with outs[0].running(), outs[1].running(), county(config):
        for out in outs:
            out.say(*events(8), recorded=1_790_000_000_000_000_000)
        for out in outs:
            await out.events.until(lambda out=out: out.events.accepted == 8)
    assert json.dumps(stored(config)["stored"]) == "8"


async def test_a_new_county_is_filled_without_sending_everything_many_times(
    mosquitto: MosquittoFactory, tmp_path: Path
) -> None:
    broker, count = mosquitto(), 2_000
    out = Output(broker, receipts=True)
    config = write_county(tmp_path / "county", main=broker)
    async with out.running():
        out.say(*(raised(tag=f"LT-{n % 4}") for n in range(count)))
        await out.events.until(lambda: out.events.taken_to == count, 60)
        async with following(broker.host, broker.port) as f, county(config):
            out.say(raised())  # the county learns how much there is
            await out.events.until(lambda: out.events.accepted == count + 1, 60)
            again = len(f.on("/events"))
    assert stored(config)["missing"] == []
    assert again <= 1.5 * count
