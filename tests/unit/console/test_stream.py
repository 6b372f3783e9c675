"""The hub: one encode for all, only changes, nothing when nobody listens."""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest

from gateway.console import changes
from gateway.console import hub as hubs
from gateway.console.hub import QUEUE, Client, Hub
from gateway.console.ports import Context
from gateway.console.stream import EventStream
from gateway.model.quality import Quality
from tests.helpers.plant import FakePlant


def parse(data: bytes) -> tuple[str, Any]:
    head, _, rest = data.decode().removeprefix("retry: 1000\n\n").partition("\ndata: ")
    return head.removeprefix("event: "), orjson.loads(rest)


@pytest.fixture
def hub(plant: FakePlant, monkeypatch: pytest.MonkeyPatch) -> Hub:
    monkeypatch.setattr(hubs, "PACE_S", 0.01)
    monkeypatch.setattr(hubs, "BEAT_S", 0.04)
    return Hub(Context(plant, plant, plant.history, plant.journal), build="b1")


@asynccontextmanager
async def pumping(hub: Hub) -> AsyncIterator[None]:
    task = asyncio.create_task(hub.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def heard(client: Client, kind: str, part: str = "t") -> Any:
    """The next message of a kind that has a part."""
    async with asyncio.timeout(5):
        async for data in client.messages():
            event, message = parse(data)
            if event == kind and part in message:
                return message
    raise AssertionError("closed")


async def test_nothing_is_asked_while_nobody_listens(hub: Hub, plant: FakePlant) -> None:
    async with pumping(hub):
        await asyncio.sleep(0.05)
        assert plant.looks == 0
        client = hub.join()
        hub.leave(client)
        looked = plant.looks
        plant.tick()
        await asyncio.sleep(0.05)
        assert plant.looks == looked
        assert hub.messages == 0


async def test_the_first_message_is_everything(hub: Hub, plant: FakePlant) -> None:
    message = await heard(hub.join(), "full")
    assert message["build"] == "b1"
    assert message["status"]["state"] == "online"
    assert len(message["levels"]) == 6
    assert len(message["alarms"]) == len(plant.alarms)
    assert message["tags"]["i"] == list(range(len(plant.site.tags)))
    row = plant.site.tag_index["RT-301"]
    assert message["tags"]["a"][row] == changes.NEVER_MS
    assert message["tags"]["v"][row] is None


async def test_only_what_changed_is_told(hub: Hub, plant: FakePlant) -> None:
    async with pumping(hub):
        client = hub.join()
        await heard(client, "full")
        plant.move("LT-102", 7.123456789, Quality.SATURATED_HIGH)
        message = await heard(client, "change", "tags")
        assert not {"levels", "alarms"} & set(message)
        assert message["tags"]["i"] == [plant.site.tag_index["LT-102"]]
        assert message["tags"]["v"] == [7.123457]
        assert message["tags"]["q"] == [64]
        assert 0 <= message["tags"]["a"][0] < 1000
        key = plant.raise_alarm("TT-101", "HH")
        message = await heard(client, "change", "alarms")
        assert [a["id"] for a in message["alarms"]["set"]] == [key]
        plant.drop(key)
        assert (await heard(client, "change", "alarms"))["alarms"] == {"set": [], "gone": [key]}


async def test_silence_is_broken_by_a_beat(hub: Hub) -> None:
    async with pumping(hub):
        client = hub.join()
        assert (await heard(client, "beat"))["t"] > 0


async def test_clients_share_the_same_bytes(
    hub: Hub, plant: FakePlant, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[str] = []
    real = hubs.encode
    monkeypatch.setattr(hubs, "encode", lambda event, data: encoded.append(event) or real(event, data))
    clients = [hub.join() for _ in range(5)]
    for client in clients:
        await heard(client, "full")
    encoded.clear()
    plant.move("LT-102", 3.0)
    async with pumping(hub):
        told = [await heard(c, "change") for c in clients]
    assert encoded.count("change") == 1
    assert told == [told[0]] * 5


async def test_a_newcomer_and_the_others_know_the_same(hub: Hub, plant: FakePlant) -> None:
    old = hub.join()
    await heard(old, "full")
    plant.move("LT-102", 3.25)
    new = hub.join()  # the old one is told what the new one starts from
    assert (await heard(old, "change"))["tags"]["v"] == [3.25]
    assert 3.25 in (await heard(new, "full"))["tags"]["v"]


async def test_an_alarm_and_its_value_are_told_together(hub: Hub, plant: FakePlant) -> None:
    client = hub.join()
    await heard(client, "full")
    plant.move("LT-102", 10.9)
    plant.raise_alarm("LT-102", "HH")
    hub._tell_change(with_tags=False)
    assert (await heard(client, "change", "alarms"))["tags"]["v"] == [10.9]


async def test_another_configuration_is_told_whole(hub: Hub, plant: FakePlant) -> None:
    async with pumping(hub):
        client = hub.join()
        await heard(client, "full")
        plant.site = FakePlant(3).site
        plant.values.update({t.id: 1.0 for t in plant.site.tags})
        plant.sources.update({t.id: plant.now() for t in plant.site.tags})
        plant.qualities.update({t.id: Quality.GOOD for t in plant.site.tags})
        assert len((await heard(client, "full"))["tags"]["i"]) == len(plant.site.tags)


async def test_who_does_not_keep_up_is_let_go(hub: Hub, plant: FakePlant) -> None:
    client = hub.join()
    for i in range(QUEUE + 1):
        plant.move("LT-102", float(i))
        hub._tell_change(with_tags=True)
    assert hub.clients == 0
    assert [m async for m in client.messages()] == []


async def test_close_ends_all(hub: Hub) -> None:
    clients = [hub.join(), hub.join()]
    hub.close()
    assert [[m async for m in c.messages()] for c in clients] == [[], []]
    assert hub.full


async def test_the_response_ends_when_the_browser_goes(hub: Hub) -> None:
    sent: list[bytes] = []
    gone = asyncio.Event()

    async def receive() -> dict[str, str]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message.get("body", b""))

    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        group.create_task(EventStream(hub)({}, receive, send))  # type: ignore[arg-type]
        while len(sent) < 2:
            await asyncio.sleep(0.005)
        assert hub.clients == 1
        gone.set()
    assert hub.clients == 0
    assert sent[1].startswith(b"retry: 1000\n\nevent: full")


async def test_an_update_of_a_thousand_tags_is_cheap() -> None:
    plant = FakePlant(1000)
    hub = Hub(Context(plant, plant, plant.history, plant.journal))
    for _ in range(5):
        hub.join()
    spent = 0.0
    for _ in range(5):
        plant.tick()
        before = time.process_time()
        hub._tell_change(with_tags=True)
        spent += time.process_time() - before
    assert spent / 5 < 0.05  # about 5 ms on an old machine; most of it is the fake plant's own


async def test_what_is_packed_is_the_same_and_packed_once(hub: Hub, plant: FakePlant) -> None:
    packed, again, plain = hub.join(packed=True), hub.join(packed=True), hub.join()
    reader = zlib.decompressobj(16 + zlib.MAX_WBITS)
    first, told = await anext(packed.messages()), await anext(plain.messages())
    unpacked = reader.decompress(first)
    assert parse(unpacked)[1]["alarms"] == parse(told)[1]["alarms"]
    assert len(first) < len(told) / 3
    await anext(again.messages())
    async with pumping(hub):
        plant.move("LT-101", 7.5)
        async with asyncio.timeout(5):
            one, two, three = [await anext(c.messages()) for c in (packed, again, plain)]
    assert one is two, "packed once for all who take it"
    assert reader.decompress(one) == three, "it is there at once, not when the next comes"
