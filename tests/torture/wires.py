"""Wires that can be cut, slowed, left half-open, or answer for a database; each in a loop of its own thread."""

from __future__ import annotations

import asyncio
import contextlib
import re
import threading
from typing import Self

HOST = "127.0.0.1"
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


class Wire:
    """Forwards TCP to a port. Modes: ``pass``, ``cut``, ``slow``, ``hold`` (connected, and nothing moves)."""

    def __init__(self, upstream: int) -> None:
        self.host, self.port, self.mode = HOST, 0, "pass"
        self._upstream = upstream
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="wire")
        self._writers: set[asyncio.StreamWriter] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def set(self, mode: str) -> None:
        self.mode = mode
        if mode == "cut":
            self._loop.call_soon_threadsafe(self._hang_up)

    def _hang_up(self) -> None:
        for each in list(self._writers):
            each.transport.abort()

    async def _start(self) -> int:
        self._server = await asyncio.start_server(self._serve, HOST, 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def _stop(self) -> None:
        self._server.close()
        self._hang_up()
        tasks = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        there: asyncio.StreamWriter | None = None
        try:
            if self.mode != "cut":
                back, there = await asyncio.open_connection(HOST, self._upstream)
                self._writers.add(there)
                await self._both(reader, writer, back, there)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            for each in (writer, there):
                if each is not None:
                    self._writers.discard(each)
                    each.close()

    async def _both(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter,
        back: asyncio.StreamReader, there: asyncio.StreamWriter,
    ) -> None:  # fmt: skip
        ways = {
            asyncio.ensure_future(self._pump(reader, there)),
            asyncio.ensure_future(self._pump(back, writer)),
        }
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in ways:
                each.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                await self._delay()
                writer.write(data)
                await writer.drain()

    async def _delay(self) -> None:
        if self.mode == "slow":
            await asyncio.sleep(0.15)
        while self.mode == "hold":
            await asyncio.sleep(0.05)


class HttpWire(Wire):
    """The same for a database; in mode ``http 503`` (any status) it answers that itself and forwards nothing."""

    async def _both(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter,
        back: asyncio.StreamReader, there: asyncio.StreamWriter,
    ) -> None:  # fmt: skip
        while True:
            request = await _message(reader)
            await self._delay()
            if self.mode.startswith("http"):
                answer = f"HTTP/1.1 {self.mode[5:]} X\r\nContent-Length: 6\r\n\r\nscript".encode()
            else:
                there.write(request)
                await there.drain()
                answer = await _message(back)
                await self._delay()
            writer.write(answer)
            await writer.drain()


async def _message(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = _LENGTH.search(head)
    return head + (await reader.readexactly(int(length[1])) if length else b"")
