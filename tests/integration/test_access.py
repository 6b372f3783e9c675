"""Access files at real brokers: everybody can do their work, and nobody anything else."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import aiomqtt
import pytest

from gateway.app.broker import GATEWAY, REGULATOR, Broker, BrokerOptions
from gateway.wires import access
from tests.conftest import MosquittoFactory
from tests.helpers.county import county, stored, until, write_county
from tests.helpers.lane import occurrence
from tests.helpers.mqtt_output import ROOT, Output, raised

OTHER = "fengsui/v1/341524/other/gw-09"
READABLE = ("status", "birth", "birth/a/1", "level", "alarms/red/a/b", "faults/blue/a/b", "state/a/b/c")
HIDDEN = ("events", "receipts", "readings")
WORD = "sesame-1"


@dataclass
class Place:
    """A broker with its users: one gateway, a county, a regulator, and somebody who may do anything."""

    host: str
    port: int
    version: str
    passwords: dict[str, str]


@contextlib.asynccontextmanager
async def at_mosquitto(mosquitto: MosquittoFactory, _folder: Path) -> AsyncIterator[Place]:
    users = [
        (GATEWAY, access.site(ROOT)),
        ("county", access.county("341524")),
        (REGULATOR, access.regulator()),
    ]
    acl = access.mosquitto(users) + "\nuser all\ntopic readwrite #\n"
    words = {name: WORD for name, _ in users} | {"all": WORD}
    broker = mosquitto(users=words, acl=acl)
    yield Place(broker.host, broker.port, "5", words)


@contextlib.asynccontextmanager
async def at_embedded(_mosquitto: MosquittoFactory, folder: Path) -> AsyncIterator[Place]:
    async with Broker(
        BrokerOptions(folder=folder / "broker", root=ROOT, regulator=True, users=("all",))
    ) as broker:
        yield Place(broker.host, broker.port, "3.1.1", broker.passwords)


PLACES = pytest.mark.parametrize("place", [at_mosquitto, at_embedded])
Make = Callable[[MosquittoFactory, Path], contextlib.AbstractAsyncContextManager[Place]]


def client(place: Place, user: str) -> aiomqtt.Client:
    version = aiomqtt.ProtocolVersion.V5 if place.version == "5" else aiomqtt.ProtocolVersion.V311
    login = {"username": user, "password": place.passwords[user]}
    return aiomqtt.Client(place.host, place.port, protocol=version, **login)


async def arrived(ear: aiomqtt.Client, due: set[str]) -> set[str]:
    """Topics until all that are ``due`` have come, and half a second more for those that should not."""
    got: set[str] = set()

    async def listen() -> None:
        async for message in ear.messages:
            got.add(str(message.topic))

    task = asyncio.create_task(listen())
    try:
        with contextlib.suppress(TimeoutError):  # what is missing is shown by who compares
            await until(lambda: got >= due or task.done())
        await asyncio.sleep(0.5)
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, aiomqtt.MqttError):
            await task
    return got


async def heard(place: Place, user: str, said: list[str], filters: list[str], due: set[str]) -> set[str]:
    """Which of the topics ``said`` by somebody who may do anything reach ``user``; ``due`` are those that should."""
    async with client(place, user) as ear, client(place, "all") as mouth:
        for each in filters:
            with contextlib.suppress(aiomqtt.MqttError):
                await ear.subscribe(each, qos=1)
        for topic in said:
            await mouth.publish(topic, b"x", qos=1)
        return await arrived(ear, due)


async def taken(place: Place, user: str, topics: list[str], due: set[str]) -> set[str]:
    """Which of the topics ``user`` can publish to: what arrives at somebody who may read everything."""
    async with client(place, "all") as ear:
        await ear.subscribe("#", qos=1)
        with contextlib.suppress(aiomqtt.MqttError):
            async with client(place, user) as mouth:
                for topic in topics:
                    with contextlib.suppress(aiomqtt.MqttError):
                        await mouth.publish(topic, b"x", qos=1)
        return await arrived(ear, due)


@PLACES
async def test_a_regulator_reads_what_he_may_and_writes_nothing(
    mosquitto: MosquittoFactory, tmp_path: Path, place: Make
) -> None:
    async with place(mosquitto, tmp_path) as at:
        said = [f"{root}/{b}" for root in (ROOT, OTHER) for b in (*READABLE, *HIDDEN)]
        filters = ["#", "fengsui/v1/#", *said]
        readable = {f"{root}/{b}" for root in (ROOT, OTHER) for b in READABLE}
        assert await heard(at, REGULATOR, said, filters, readable) == readable
        assert await taken(at, REGULATOR, said, set()) == set()


@PLACES
async def test_a_site_writes_its_own_and_reads_its_receipts(
    mosquitto: MosquittoFactory, tmp_path: Path, place: Make
) -> None:
    async with place(mosquitto, tmp_path) as at:
        own = [f"{ROOT}/{b}" for b in (*READABLE, "events", "readings")]
        others = [f"{OTHER}/{b}" for b in (*READABLE, *HIDDEN)]
        assert await taken(at, GATEWAY, [*own, *others, f"{ROOT}/receipts"], set(own)) == set(own)
        due = {f"{ROOT}/receipts"}
        assert await heard(at, GATEWAY, [*due, *others], ["#", *due, *others], due) == due


@PLACES
async def test_the_gateway_works_under_its_rights(
    mosquitto: MosquittoFactory, tmp_path: Path, place: Make
) -> None:
    async with place(mosquitto, tmp_path) as at:
        secret = tmp_path / "word"
        secret.write_text(at.passwords[GATEWAY])
        secret.chmod(0o600)
        out = Output(at, at.version, username=GATEWAY, password_file=secret, receipts=at.version == "5")
        if at.version != "5":  # the embedded broker is on this machine alone: no county reads there
            async with out.running():
                out.say(raised(), open_now=[occurrence()])
                await out.settled()
        else:
            config = write_county(tmp_path / "county", main=at)
            text = config.read_text().replace(
                '"timeout"', '"username":"county","password_env":"WORD","timeout"'
            )
            config.write_text(text)
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("WORD", WORD)
                async with out.running(), county(config):
                    out.say(raised(), open_now=[occurrence()])
                    await out.settled()
                    await until(lambda: stored(config)["contiguous"] == 1)
        assert not out.alarms.troubles
        assert not out.events.troubles
