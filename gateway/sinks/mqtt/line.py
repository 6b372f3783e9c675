"""The bytes of one connection, cut into packets; and what it begins with."""

import asyncio
from collections.abc import Callable
from typing import Final, cast

from gateway.sinks.mqtt.config import Settings
from gateway.sinks.mqtt.encode import Message
from gateway.wires import mqtt as packets
from gateway.wires.mqtt import V5, V311, Broken, Login, Packets, Will
from gateway.wires.secrets import secret

CLOSE_S: Final = 0.5
"""A broker that takes nothing any more would keep us for ever."""
LAST_ID: Final = 0xFFFF
LARGEST: Final = 2 << 20
"""Bytes of a packet that is read; events, pages, states and receipts are far smaller. Whatever else somebody writes
under topics that we read is acknowledged and passed over: it must neither fill memory nor end the connection."""


class Line(asyncio.Protocol):
    """The bytes of one connection, cut into packets."""

    def __init__(self, login: Login, take: Callable[..., None], lose: Callable[[str], None]) -> None:
        self.login = login
        self.made = False
        self._loop = asyncio.get_running_loop()
        self.heard_at = self._loop.time()
        self._take, self._lose = take, lose
        self._packets = Packets(login.max_packet)
        self._transport: asyncio.Transport | None = None
        self._closed: asyncio.Future[None] = self._loop.create_future()
        self._why = ""

    def write(self, data: bytes) -> None:
        """Nothing on a connection that is gone: whoever waits for an answer is told."""
        if data and self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def fail(self, why: str) -> None:
        """Of no more use; the reason is told with the loss."""
        self._why = self._why or why
        if self._transport is not None:
            self._transport.abort()

    def silence(self) -> str:
        """Why nothing is heard."""
        return self._packets.silence()

    async def close(self) -> None:
        """Send what is written, and wait until it is closed."""
        if self._transport is None:
            return
        self._transport.close()
        timer = self._loop.call_later(CLOSE_S, self._transport.abort)
        try:
            await asyncio.shield(self._closed)
        finally:
            timer.cancel()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio's call."""
        self.made = True
        self._transport = cast("asyncio.Transport", transport)  # uvloop's does not inherit from it
        self._transport.write(packets.connect(self.login))

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio's call."""
        self._transport = None
        self._closed.set_result(None)
        self._lose(self._why or (f"connection lost: {exc}" if exc else "broker closed the connection"))

    def data_received(self, data: bytes) -> None:
        """asyncio's call."""
        try:
            found = self._packets.feed(data)
            self.heard_at = self._loop.time() if found else self.heard_at
            for first, body, cut in found:
                self._take(first, body, cut=cut)
        except Broken as error:
            self.fail(error.reason)


def login(settings: Settings, client_id: str, will: Message | None) -> Login:
    """The password comes from the environment or a file, never from the configuration."""
    word = secret(f"mqtt {settings.host}", settings.password_env, settings.password_file)
    return Login(
        client_id=client_id,
        version=V5 if settings.version == "5" else V311,
        keep_alive_s=round(settings.keepalive),
        expiry_s=0,
        receive_maximum=LAST_ID,
        max_packet=LARGEST,
        username=settings.username,
        password=word.encode() if word is not None and settings.username is not None else None,
        will=Will(will.topic, will.payload, will.retain) if will is not None else None,
    )
