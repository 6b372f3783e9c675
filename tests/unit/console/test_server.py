"""serve(): loopback only, inside the running loop, nothing left behind."""

from __future__ import annotations

import asyncio
import signal
import socket
import time

import httpx
import pytest

from gateway.console.server import bind, loopback, serve
from gateway.model.errors import Misconfigured
from tests.helpers.console import app_of
from tests.helpers.plant import FakePlant


@pytest.mark.parametrize(("host", "ours"), [
    ("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("localhost", True),
    ("0.0.0.0", False), ("192.168.1.4", False), ("::", False), ("plant.example", False), ("", False),
])  # fmt: skip
def test_only_loopback_is_bound(host: str, ours: bool) -> None:
    assert loopback(host) is ours
    if not ours:
        with pytest.raises(Misconfigured, match="loopback"):
            bind(host, 0)


def test_small_answers_leave_at_once() -> None:
    """asyncio switches Nagle's delay off only on sockets that name their protocol: 40 ms an answer otherwise."""
    with bind("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP


async def test_a_taken_port_is_a_fault_for_a_person(plant: FakePlant) -> None:
    with bind("127.0.0.1", 0) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Misconfigured, match=f"127.0.0.1:{port}"):
            await serve(app_of(plant), "127.0.0.1", port)


async def test_serves_streams_and_stops_cleanly(plant: FakePlant) -> None:
    handler = signal.getsignal(signal.SIGINT)
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(app_of(plant), "localhost", 0, ready.set_result))
    url = await asyncio.wait_for(ready, 10)
    async with httpx.AsyncClient(base_url=url) as client:
        assert (await client.get("/healthz")).status_code == 200
        async with client.stream("GET", "/api/v1/stream") as answer:
            lines = answer.aiter_lines()
            assert [await anext(lines) for _ in range(3)] == ["retry: 1000", "", "event: full"]
            begun = time.monotonic()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert time.monotonic() - begun < 1.5
    assert signal.getsignal(signal.SIGINT) is handler


async def test_an_idle_console_costs_nothing(plant: FakePlant) -> None:
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(app_of(plant), "127.0.0.1", 0, ready.set_result))
    await asyncio.wait_for(ready, 10)
    before = time.process_time()
    await asyncio.sleep(0.5)
    assert time.process_time() - before < 0.02
    assert plant.looks == 0
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
