"""A database whose answers are written in advance: each POST gets the next one, then 204 for ever."""

from __future__ import annotations

import asyncio
import gzip
import json
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

Answer = tuple[int, str, dict[str, str]]
Judge = Callable[[list[str]], Answer]


@dataclass
class Request:
    path: str
    headers: dict[str, str]
    lines: list[str]


@dataclass
class FakeInflux:
    """``script`` holds answers, or "hang" to never answer; ``judge`` is asked when it is empty."""

    script: list[Answer | str] = field(default_factory=list)
    judge: Judge = lambda _lines: (204, "", {})
    requests: list[Request] = field(default_factory=list)
    stored: list[str] = field(default_factory=list)
    url: str = ""
    tls: ssl.SSLContext | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls)
        self.url = f"http{'s' if self.tls else ''}://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        self._writers: set[asyncio.StreamWriter] = set()
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._server.close()
        for each in self._writers:
            each.close()
        await self._server.wait_closed()
        await asyncio.sleep(0.01)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while True:
                request = await _read(reader)
                self.requests.append(request)
                answer = self.script.pop(0) if self.script else self.judge(request.lines)
                if answer == "hang":
                    await reader.read(1)
                    return
                assert not isinstance(answer, str)
                if answer[0] == 204:
                    self.stored += request.lines
                writer.write(_answer(*answer))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:] if line)}
    if headers.get("transfer-encoding") == "chunked":
        body = b""
        while size := int(await reader.readline(), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
    else:
        body = await reader.readexactly(int(headers.get("content-length", 0)))
    if headers.get("content-encoding") == "gzip":
        body = gzip.decompress(body)
    return Request(head[0].split(" ")[1], headers, body.decode().split("\n"))


def _answer(status: int, words: str, headers: dict[str, str]) -> bytes:
    said = words if words.startswith("{") else json.dumps({"code": "x", "message": words})
    body = said.encode() if words else b""
    lines = [
        f"HTTP/1.1 {status} X",
        f"Content-Length: {len(body)}",
        *(f"{k}: {v}" for k, v in headers.items()),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body
