"""The embedded broker: a real nats-server as our child."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import aiomqtt
import psutil
import pytest

from gateway.app.broker import GATEWAY, REGULATOR, Broker, BrokerOptions, find_binary
from gateway.model.errors import Misconfigured

ROOT = "fengsui/v1/341524/demo/gw-01"


def client(broker: Broker, user: str = GATEWAY, **more: object) -> aiomqtt.Client:
    return aiomqtt.Client(broker.host, broker.port, username=user, password=broker.passwords[user], **more)  # type: ignore[arg-type]


async def retained(broker: Broker, topic: str, user: str = GATEWAY, wait: float = 20.0) -> bytes | None:
    async with client(broker, user) as c:
        await c.subscribe(topic, qos=1)
        try:
            async with asyncio.timeout(wait):
                async for message in c.messages:
                    return bytes(message.payload)  # type: ignore[arg-type]
        except TimeoutError:
            return None
    return None


async def test_it_serves_and_leaves_nothing(tmp_path: Path) -> None:
    async with Broker(BrokerOptions(folder=tmp_path / "b")) as broker:
        pid = broker.pid
        assert pid
        async with client(broker) as c:
            await c.publish("a/b", b"1", qos=1, retain=True)
        assert await retained(broker, "a/#") == b"1"
        listening = {k.laddr.ip for k in psutil.Process(pid).net_connections("tcp") if k.status == "LISTEN"}
        assert listening == {"127.0.0.1"}
    assert not psutil.pid_exists(pid)


async def test_retained_messages_survive_sigkill_and_it_comes_back(tmp_path: Path) -> None:
    async with Broker(BrokerOptions(folder=tmp_path / "b")) as broker:
        async with client(broker) as c:
            await c.publish(f"{ROOT}/state/tank-farm/LT-1/HH", b"open", qos=1, retain=True)
        first = broker.pid
        assert first
        os.kill(first, signal.SIGKILL)
        async with asyncio.timeout(30):
            while broker.pid in {first, None} or not broker.restarts:
                await asyncio.sleep(0.02)
            while await _refused(broker):
                await asyncio.sleep(0.05)
        assert await retained(broker, f"{ROOT}/state/#") == b"open"


async def _refused(broker: Broker) -> bool:
    try:
        async with client(broker):
            return False
    except aiomqtt.MqttError:
        return True


async def test_the_second_start_has_the_same_users_and_messages(tmp_path: Path) -> None:
    options = BrokerOptions(folder=tmp_path / "b", regulator=True, users=("plant",))
    async with Broker(options) as broker:
        words = dict(broker.passwords)
        async with client(broker, "plant") as c:
            await c.publish("x", b"1", qos=1, retain=True)
    assert set(words) == {GATEWAY, REGULATOR, "plant"}
    assert len(set(words.values())) == 3
    for name in ("users.json", "nats.conf"):
        assert (tmp_path / "b" / name).stat().st_mode & 0o077 == 0, "passwords are ours alone"
    async with Broker(options) as broker:
        assert broker.passwords == words
        assert await retained(broker, "x") == b"1"


async def test_strangers_stay_out(tmp_path: Path) -> None:
    async with Broker(BrokerOptions(folder=tmp_path / "b")) as broker:
        with pytest.raises(aiomqtt.MqttError):
            async with aiomqtt.Client(broker.host, broker.port):
                pass
        with pytest.raises(aiomqtt.MqttError):
            async with aiomqtt.Client(broker.host, broker.port, username=GATEWAY, password="no"):
                pass


@pytest.mark.parametrize(
    "branch", ["status", "birth", "birth/a/1", "level", "alarms/red/a/t", "faults/blue/a/t", "state/a/t/H"]
)
async def test_a_regulator_may_read_this(tmp_path: Path, branch: str) -> None:
    async with Broker(BrokerOptions(folder=tmp_path / "b", regulator=True)) as broker:
        async with client(broker) as c:
            await c.publish(f"{ROOT}/{branch}", b"1", qos=1, retain=True)
        found = f"{ROOT}/{branch.split('/', maxsplit=1)[0]}" + ("/#" if "/" in branch else "")
        assert await retained(broker, found, REGULATOR) == b"1"
        plus = f"fengsui/v1/+/+/+/{branch.split('/', maxsplit=1)[0]}" + ("/#" if "/" in branch else "")
        assert await retained(broker, plus, REGULATOR) == b"1"


async def test_a_regulator_may_do_nothing_else(tmp_path: Path) -> None:
    async with Broker(BrokerOptions(folder=tmp_path / "b", regulator=True)) as broker:
        async with client(broker) as c:
            await c.publish(f"{ROOT}/events", b"secret", qos=1, retain=True)
            await c.publish("plant/x", b"secret", qos=1, retain=True)
        for topic in (f"{ROOT}/events", f"{ROOT}/#", "#", "plant/x"):
            assert await _refused_to_read(broker, topic), topic
        try:
            async with client(broker, REGULATOR) as c:
                await c.publish(f"{ROOT}/alarms/red/a/t", b"forged", qos=1, retain=True, timeout=1)
        except aiomqtt.MqttError:
            pass  # some versions close the connection
        assert await retained(broker, f"{ROOT}/alarms/#", wait=0.5) is None


async def _refused_to_read(broker: Broker, topic: str) -> bool:
    try:
        async with client(broker, REGULATOR) as c:
            codes = await c.subscribe(topic, qos=1)
            if all(int(getattr(x, "value", x)) >= 0x80 for x in codes):  # type: ignore[call-overload]
                return True
        return await retained(broker, topic, REGULATOR, wait=0.5) is None
    except aiomqtt.MqttError:
        return True


def test_it_dies_with_its_parent(tmp_path: Path) -> None:
    """SIGKILL leaves the parent no chance to clean up."""
    program = f"""
        import asyncio, sys
        from pathlib import Path
        from gateway.app.broker import Broker, BrokerOptions
        async def main():
            async with Broker(BrokerOptions(folder=Path({str(tmp_path / "b")!r}))) as broker:
                print(broker.pid, flush=True)
                await asyncio.sleep(60)
        asyncio.run(main())
    """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        assert child.is_running()
        parent.kill()
    deadline = time.monotonic() + 20
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "the broker outlives the gateway"
        time.sleep(0.02)


async def test_as_a_supervised_unit(tmp_path: Path) -> None:
    broker = Broker(BrokerOptions(folder=tmp_path / "b"))
    task = asyncio.create_task(broker.run())
    async with asyncio.timeout(30):
        while not broker.port or await _refused(broker):
            await asyncio.sleep(0.02)
    pid = broker.pid
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert pid
    assert not psutil.pid_exists(pid)


async def test_what_cannot_work_is_said(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="letters, digits"):
        await Broker(BrokerOptions(folder=tmp_path / "b", users=('x"y',))).start()


def test_the_binary_is_found() -> None:
    assert os.access(find_binary(), os.X_OK)


async def test_in_the_background_it_keeps_nobody_waiting_and_comes_when_it_can(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        options = BrokerOptions(folder=tmp_path / "b", mqtt_port=other.getsockname()[1])
        began = asyncio.get_running_loop().time()
        async with Broker(options).in_background() as broker:
            assert asyncio.get_running_loop().time() - began < 5, (
                "it cannot start at all before `other` is closed"
            )
            assert broker.passwords[GATEWAY]
            await asyncio.sleep(0.5)
            other.close()
            async with asyncio.timeout(30):
                while True:
                    with contextlib.suppress(aiomqtt.MqttError):
                        async with client(broker) as c:
                            await c.publish("a/b", b"1", qos=1)
                            break
                    await asyncio.sleep(0.1)
            pid = broker.pid
    assert pid
    assert not psutil.pid_exists(pid)
