"""A listening port and its conversations: what the simulated devices and the simulated broker share."""

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Send:
    """Put bytes on the wire."""

    data: bytes


@dataclass(frozen=True)
class Wait:
    """Wait this many wall seconds."""

    seconds: float


@dataclass(frozen=True)
class Close:
    """Close the connection."""


Act = Send | Wait | Close


class Port:
    """Conversations are our own tasks, so that closing can wait for them."""

    def __init__(self) -> None:
        self.port = 0
        self.secure: ssl.SSLContext | None = None
        """set before ``open``"""
        self._host = "127.0.0.1"
        self._server: asyncio.Server | None = None
        self._conversations: set[asyncio.Task[None]] = set()

    async def open(self, host: str, port: int) -> None:
        """Listen; port 0 takes a free one, kept from then on."""
        self._server = await asyncio.start_server(self._welcome, host, port, ssl=self.secure)
        self._host, self.port = host, self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening and end every conversation, without a word."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        for task in list(self._conversations):
            task.cancel()
        await asyncio.gather(*self._conversations, return_exceptions=True)
        if server is not None:
            await server.wait_closed()

    async def _stand(self, *, open_: bool) -> bool:
        """Close the port, or open it again where it was; True: it was closed just now."""
        if not open_ and self._server is not None:
            await self.close()
            return True
        if open_ and self._server is None and self.port:
            await self.open(self._host, self.port)
        return False

    def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._converse(reader, writer))
        self._conversations.add(task)
        task.add_done_callback(self._conversations.discard)
        task.add_done_callback(lambda _: writer.close())  # a task cancelled before it began closes nothing

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise NotImplementedError


async def perform(acts: Sequence[Act], writer: asyncio.StreamWriter) -> bool:
    """Carry out; False: the connection is to be closed."""
    for act in acts:
        match act:
            case Send(data):
                writer.write(data)
                await writer.drain()
            case Wait(seconds):
                await asyncio.sleep(seconds)
            case _:
                return False
    return True
