"""One pump for all clients of the stream: looks at the plant, encodes each change once, hands out the same bytes.

With no client it waits and costs nothing: the plant is not asked and nothing is encoded. A client that does not keep up
is let go; its browser comes back and is told everything anew, which is less than what it missed.
"""

import asyncio
import zlib
from collections.abc import AsyncIterator, Sequence
from typing import Final

import orjson

from gateway.console import changes
from gateway.console.ports import Context
from gateway.model.ports import TagState
from gateway.model.times import MS

PACE_S: Final = 0.5
"""at most two messages a second"""
TAGS_EVERY: Final = 2
"""values with every second message: once a second, as fast as people read numbers"""
BEAT_S: Final = 2.0
"""a client hears something at least this often, so that silence means a lost connection"""
PACK_LEVEL: Final = 4
RETRY: Final = b"retry: 1000\n\n"
QUEUE: Final = 16
MOST_CLIENTS: Final = 64


GZIP_HEAD: Final = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
"""with which a packed stream begins (RFC 1952); it never ends"""


def encode(event: str, data: object) -> bytes:
    """One server-sent event."""
    return b"event: " + event.encode() + b"\ndata: " + orjson.dumps(data) + b"\n\n"


def pack(data: bytes) -> bytes:
    """The same as deflate blocks that stand alone (full flush), so that one packing serves every client."""
    packer = zlib.compressobj(PACK_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush(zlib.Z_FULL_FLUSH)


class Client:
    """One open stream; ``packed``: it takes gzip."""

    def __init__(self, *, packed: bool = False) -> None:
        self.packed = packed
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue(QUEUE)

    def give(self, data: bytes) -> bool:
        """Queue a message. False: it did not keep up and is closed."""
        if self._queue.full():
            self.close()
            return False
        self._queue.put_nowait(data)
        return True

    def close(self) -> None:
        """End the stream; what was queued is dropped."""
        while not self._queue.empty():
            self._queue.get_nowait()
        self._queue.put_nowait(None)

    async def messages(self) -> AsyncIterator[bytes]:
        """Until closed."""
        while (data := await self._queue.get()) is not None:
            yield data


class Hub:
    """The clients and what they were told last."""

    def __init__(self, context: Context, *, build: str = "", tags: bool = True) -> None:
        self._context = context
        self._tags = tags  # False: for who may not see them
        self._build = build
        self._clients: set[Client] = set()
        self._wanted = asyncio.Event()
        self._told: changes.Moment | None = None
        self._closed = False
        self.messages = 0
        self.bytes = 0

    @property
    def clients(self) -> int:
        """Open streams."""
        return len(self._clients)

    @property
    def full(self) -> bool:
        """No room for one more."""
        return self._closed or len(self._clients) >= MOST_CLIENTS

    def join(self, *, packed: bool = False) -> Client:
        """A new client; its first message is everything."""
        self._tell_change(with_tags=True)  # the others and the newcomer then know the same
        if self._told is None:
            self._told = self._look()
        client = Client(packed=packed)
        now = self._context.now()
        data = RETRY + encode("full", {"build": self._build, **changes.full(self._told, now)})
        client.give(GZIP_HEAD + pack(data) if packed else data)
        self._clients.add(client)
        self._wanted.set()
        return client

    def leave(self, client: Client) -> None:
        """Forget a client; when it was the last, stop looking."""
        self._clients.discard(client)
        client.close()
        if not self._clients:
            self._wanted.clear()
            self._told = None

    def close(self) -> None:
        """End all streams: the server is stopping."""
        self._closed = True
        for client in tuple(self._clients):
            client.close()

    async def run(self) -> None:
        """Pump until cancelled."""
        turn, quiet = 0, 0.0
        while True:
            await self._wanted.wait()
            await asyncio.sleep(PACE_S)
            turn, quiet = turn + 1, quiet + PACE_S
            if self._tell_change(with_tags=turn % TAGS_EVERY == 0):
                quiet = 0.0
            elif quiet >= BEAT_S:
                self._send(encode("beat", {"t": self._context.now() // MS}))
                quiet = 0.0

    def _tell_change(self, *, with_tags: bool) -> bool:
        if not self._clients or self._told is None:
            return False
        new = self._look(None if with_tags else self._told.tags)
        if not with_tags and (new.levels != self._told.levels or new.alarms != self._told.alarms):
            new = self._look()  # an alarm and the value that caused it are told together
        if new.site is not self._told.site:
            message: changes.Json | None = {"build": self._build, **changes.full(new, self._context.now())}
            event = "full"
        else:
            message, event = changes.change(self._told, new, self._context.now()), "change"
        if message is None:
            return False
        self._told = new
        self._send(encode(event, message))
        return True

    def _look(self, tags: Sequence[TagState] | None = None) -> changes.Moment:
        plant = self._context.plant
        present = plant.present()
        if tags is None or (self._told is not None and present.site is not self._told.site):
            tags = changes.states(plant) if self._tags else ()
        return changes.moment(present, tags)

    def _send(self, data: bytes) -> None:
        self.messages += 1
        packed = pack(data) if any(client.packed for client in self._clients) else b""
        for client in tuple(self._clients):
            given = packed if client.packed else data
            self.bytes += len(given)
            if not client.give(given):
                self._clients.discard(client)
