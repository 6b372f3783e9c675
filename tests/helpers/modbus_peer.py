"""A Modbus TCP peer whose every answer is scripted: right, wrong, late, cut, doubled or none."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field

from tests.ports import HOST


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    transaction: int
    unit: int
    function: int
    address: int
    count: int


@dataclass(frozen=True)
class Pause:
    """Seconds of silence between two pieces."""

    seconds: float


HANG_UP = object()
Reply = Iterable[object]
Script = Callable[[Asked], Reply]


def registers(asked: Asked) -> bytes:
    """What a right device holds: register n is n."""
    return struct.pack(
        f">{asked.count}H", *(n & 0xFFFF for n in range(asked.address, asked.address + asked.count))
    )


def frame(asked: Asked, pdu: bytes, **change: int) -> bytes:
    """The pdu in the right frame, but for ``change`` of transaction, protocol, length or unit."""
    head = {
        "transaction": asked.transaction,
        "protocol": 0,
        "length": 1 + len(pdu),
        "unit": asked.unit,
        **change,
    }
    return struct.pack(">HHHB", *(head[k] for k in ("transaction", "protocol", "length", "unit"))) + pdu


def right(asked: Asked) -> list[bytes]:
    data = registers(asked)
    return [frame(asked, bytes([asked.function, len(data)]) + data)]


def refusal(asked: Asked, code: int) -> list[bytes]:
    return [frame(asked, bytes([asked.function | 0x80, code]))]


@dataclass
class Peer:
    """``script`` may be exchanged at any time; ``asked`` keeps every request."""

    script: Script = right
    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    _server: asyncio.Server | None = None
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, HOST, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Refuses from now on, and hangs up."""
        if self._server is not None:
            self._server.close()
            for writer in list(self._writers):
                writer.transport.abort()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._server.wait_closed()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        self.connections += 1
        replies: list[asyncio.Task[None]] = []
        try:
            while True:
                transaction, _, _, unit, function, address, count = struct.unpack(
                    ">HHHBBHH", await reader.readexactly(12)
                )
                asked = Asked(transaction, unit, function, address, count)
                self.asked.append(asked)
                replies.append(asyncio.create_task(self._reply(writer, asked)))
        except (asyncio.IncompleteReadError, OSError):
            return
        finally:
            for each in replies:
                each.cancel()
            await asyncio.gather(*replies, return_exceptions=True)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
            self._writers.discard(writer)
            self._tasks.discard(task)

    async def _reply(self, writer: asyncio.StreamWriter, asked: Asked) -> None:
        for piece in self.script(asked):
            if isinstance(piece, Pause):
                await asyncio.sleep(piece.seconds)
            elif piece is HANG_UP:
                writer.transport.abort()
            else:
                assert isinstance(piece, bytes)
                writer.write(piece)
                await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def peer(script: Script = right) -> AsyncIterator[Peer]:
    made = Peer(script)
    await made.start()
    try:
        yield made
    finally:
        await made.stop()
