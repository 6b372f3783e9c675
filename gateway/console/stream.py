"""The server-sent event stream as a response: ends when the browser goes, the hub closes, or writing stalls."""

import asyncio
from collections.abc import Callable
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.console.hub import Client, Hub

STALL_S: Final = 15.0
"""a client whose socket takes nothing for so long is gone"""
HEADERS: Final = (
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
)


class EventStream(Response):
    """Not buffered, not compressed; one message of the hub is one chunk."""

    media_type = "text/event-stream"

    def __init__(self, hub: Hub, still: Callable[[], bool] = lambda: True) -> None:
        super().__init__()
        self._hub, self._still = hub, still

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        packed = any(k == b"accept-encoding" and b"gzip" in v for k, v in scope.get("headers", ()))
        headers = [*HEADERS, *((b"content-encoding", b"gzip"),) * packed]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        client = self._hub.join(packed=packed)
        try:
            async with asyncio.TaskGroup() as group:
                watch = group.create_task(_until_gone(receive, client), name="console-stream-watch")
                await _write(client, send, self._still)
                watch.cancel()
        finally:
            self._hub.leave(client)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _write(client: Client, send: Send, still: Callable[[], bool]) -> None:
    async for data in client.messages():
        if not still():  # signed out, or no longer allowed
            return
        try:
            async with asyncio.timeout(STALL_S):
                await send({"type": "http.response.body", "body": data, "more_body": True})
        except (TimeoutError, OSError):
            return


async def _until_gone(receive: Receive, client: Client) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    client.close()
