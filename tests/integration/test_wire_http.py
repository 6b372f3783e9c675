"""The connection to a database, against servers that answer in every way HTTP allows, and some that it does not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from gateway.model.errors import Misconfigured, Retry
from gateway.wires.http import Answer, Http

USUAL = b"HTTP/1.1 204 No Content\r\nRequest-Id: 1\r\n\r\n"
LOGIN = {"Authorization": "Token x"}


@dataclass
class Server:
    """Answers each POST with the next of ``script``: pieces sent one after another; ``None`` closes."""

    script: list[list[bytes | None]]
    heads: list[bytes] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    connections: int = 0
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                size = int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0])
                self.heads.append(head)
                self.bodies.append(await reader.readexactly(size))
                for piece in self.script.pop(0):
                    if piece is None:
                        return
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0.005)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()


@asynccontextmanager
async def serving(*script: list[bytes | None]) -> AsyncIterator[Server]:
    server = Server(list(script))
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listener.close()
        await listener.wait_closed()
        await asyncio.sleep(0.02)


@asynccontextmanager
async def http(server: Server, timeout: float = 5.0) -> AsyncIterator[Http]:
    client = Http(f"{server.url}/base", timeout, LOGIN)
    try:
        yield client
    finally:
        await client.close()


async def test_posts_share_one_connection() -> None:
    async with serving([USUAL], [USUAL], [USUAL[:9], USUAL[9:]]) as server, http(server) as client:
        for body in (b"one", b"", b"three"):
            assert (await client.post("/write?db=x", body)).status == 204
    assert server.connections == 1
    assert server.bodies == [b"one", b"", b"three"]
    assert server.heads[0].startswith(b"POST /base/write?db=x HTTP/1.1\r\n")
    for line in (b"Host: 127.0.0.1:", b"Authorization: Token x\r\n", b"Content-Length: 3\r\n"):
        assert line in server.heads[0]


@pytest.mark.parametrize(
    ("pieces", "answer"),
    [
        (
            [b"HTTP/1.1 400 No\r\nContent-Length: 4\r\n\r\nwr", b"ong"[:2]],
            Answer(400, {}, b"wron", kept=True),
        ),
        (
            [b"HTTP/1.1 400 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", b"1\r\nc\r\n0\r\n\r\n"],
            Answer(400, {}, b"abc", kept=True),
        ),
        ([b"HTTP/1.1 100 Continue\r\n\r\n", USUAL], Answer(204, {}, b"", kept=True)),
        ([b"HTTP/1.1 204 No\r\nConnection: close\r\n\r\n"], Answer(204, {}, b"", kept=False)),
        ([b"HTTP/1.0 503 Busy\r\nRetry-After: 7\r\n\r\nlater", None], Answer(503, {}, b"later", kept=False)),
        (
            [bytes([b]) for b in b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"],
            Answer(200, {}, b"x", kept=True),
        ),
    ],
)
async def test_every_form_of_answer(pieces: list[bytes | None], answer: Answer) -> None:
    async with serving(pieces, [USUAL]) as server, http(server) as client:
        found = await client.post("/write", b"x")
        assert found._replace(headers={}) == answer
        assert (await client.post("/write", b"y")).status == 204
    assert server.connections == (1 if answer.kept else 2)
    if answer.status == 503:
        assert found.headers["retry-after"] == "7"


async def test_a_connection_closed_while_it_was_idle_is_made_anew() -> None:
    async with serving([USUAL], [None], [USUAL]) as server, http(server) as client:
        assert (await client.post("/write", b"1")).status == 204
        assert (await client.post("/write", b"2")).status == 204, "sent again: nothing of an answer had come"
    assert server.bodies == [b"1", b"2", b"2"]


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        ([None], "closed the connection"),
        ([b"HTTP/1.1 204 N", None], "closed the connection"),
        ([b"SMTP ready\r\n\r\n"], "not an answer of HTTP"),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", None], "not an answer of HTTP"),
        ([b"HTTP/1.1 20"], "TimeoutError"),
        ([b"HTTP/1.1 204 No\r\n", *[b"X: y\r\n" * 4000] * 4], "not an answer of HTTP"),
    ],
)
async def test_what_is_no_answer_keeps_everything(pieces: list[bytes | None], words: str) -> None:
    async with serving(pieces, [USUAL]) as server, http(server, 0.3) as client:
        with pytest.raises(Retry, match=words):
            await client.post("/write", b"x")
        assert (await client.post("/write", b"y")).status == 204


async def test_nobody_there(free_port: Callable[[], int]) -> None:
    client = Http(f"http://127.0.0.1:{free_port()}", 1.0, {})
    with pytest.raises(Retry, match="Cannot connect"):
        await client.post("/write", b"x")
    await client.close()


async def test_a_server_without_a_certificate_is_no_tls_server() -> None:
    async with serving([USUAL]) as server:
        client = Http(server.url.replace("http", "https"), 1.0, {})
        with pytest.raises(Retry):
            await client.post("/write", b"x")
        await client.close()


@pytest.mark.parametrize(
    ("url", "login"),
    [
        ("http://h:70000", "t"),
        ("http://h", "a\nb: c"),
        ("http://me:sesame@h", "t"),
        ("http://me:ses@ame@h", "t"),
    ],
)
def test_what_cannot_be_sent_is_said_at_once(url: str, login: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        Http(url, 1.0, {"Authorization": login})
    assert "ses" not in str(refused.value), "nor is it in the words of any failure"
