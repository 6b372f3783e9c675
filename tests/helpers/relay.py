"""A wire between a browser and a console that a test cuts, freezes and mends."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Self
from urllib.parse import urlsplit

from tests.helpers.console import ConsoleThread

CHUNK = 1 << 16


class Relay:
    """TCP from a port of its own to the console's. All methods may be called from the test's thread."""

    def __init__(self, console: ConsoleThread) -> None:
        self.console = console
        self.plant = console.plant
        self.url = ""
        self.delay = 0.0
        """s by which the answers are held back; the order stays"""
        self._port = urlsplit(console.url).port
        self._loop = asyncio.new_event_loop()
        self._flows: asyncio.Event | None = None
        self._ends: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, name="relay")

    def __enter__(self) -> Self:
        self._thread.start()
        self._call(self._open())
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def freeze(self) -> None:
        """Nothing passes and nothing ends: a cable that was pulled somewhere on the way."""
        self._do(lambda: self._flows and self._flows.clear())

    def mend(self) -> None:
        """What comes from now on passes; connections of before are dead, as after a router's restart."""
        self._do(self._drop)
        self._do(lambda: self._flows and self._flows.set())

    def cut(self) -> None:
        """Every connection ends, and a new one ends at once."""
        self._do(self._drop)
        self._call(self._shut())

    def back(self) -> None:
        """After :meth:`cut`."""
        self._call(self._listen(int(urlsplit(self.url).port or 0)))

    def do(self, act: Callable[[], Any]) -> Any:
        """On the console's loop."""
        return self.console.do(act)

    # --- on its loop -------------------------------------------------------------------------------------------

    def _call(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def _do(self, act: Callable[[], Any]) -> None:
        async def call() -> None:
            act()

        self._call(call())

    async def _open(self) -> None:
        self._flows = asyncio.Event()
        self._flows.set()
        await self._listen(0)

    async def _listen(self, port: int) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", port)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/"

    async def _shut(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
        self._server = None

    async def _close(self) -> None:
        self._drop()
        await self._shut()
        # A connection that is being accepted may begin a task while we wait for the others.
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            await asyncio.sleep(0)
        self._drop()
        await asyncio.sleep(0)  # transports that were aborted close their sockets in the loop's next round
        await asyncio.sleep(0)

    def _drop(self) -> None:
        for end in tuple(self._ends):
            end.transport.abort()
        self._ends.clear()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Known before its task begins: one that is cancelled before that would never close it.
        self._ends.add(writer)
        task = self._loop.create_task(self._carry(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends = {writer}
        try:
            far_reader, far = await asyncio.open_connection("127.0.0.1", self._port)
            ends.add(far)
            self._ends.add(far)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pass(reader, far, held=False))
                group.create_task(self._pass(far_reader, writer, held=True))
        except* OSError:
            pass  # an end that was cut: the other is ended below
        finally:
            for end in ends:
                end.transport.abort()
            self._ends -= ends

    async def _pass(self, source: asyncio.StreamReader, to: asyncio.StreamWriter, *, held: bool) -> None:
        assert self._flows is not None
        async with asyncio.TaskGroup() as group:
            queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(10_000)
            group.create_task(self._deliver(queue, to))
            while data := await source.read(CHUNK):
                await self._flows.wait()
                await queue.put((self._loop.time() + (self.delay if held else 0.0), data))
            await queue.put((self._loop.time(), b""))

    async def _deliver(self, queue: asyncio.Queue[tuple[float, bytes]], to: asyncio.StreamWriter) -> None:
        while True:
            at, data = await queue.get()
            await asyncio.sleep(max(0.0, at - self._loop.time()))
            if not data:
                to.transport.abort()
                self._ends.discard(to)
                return
            to.write(data)
            await to.drain()
