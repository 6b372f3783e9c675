"""One Modbus TCP connection with one question in flight. Thin: what a right answer is, :mod:`frames` knows."""

import asyncio
import ssl
from dataclasses import dataclass
from typing import Final, cast

from gateway.model.errors import Retry
from gateway.sources.modbus.counters import Counters
from gateway.sources.modbus.frames import DeviceException, Frame, Frames, Garbled, Question, answer

HEAD: Final = 9
"""Bytes before the data of an answer: MBAP header, function, byte count."""


class Silent(Retry):
    """No answer within the timeout."""


class Lost(Retry):
    """The connection is gone, or could not be made."""


class Line(asyncio.Protocol):
    """The connection. A late answer is recognised by its transaction id and thrown away."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._frames = Frames()
        self._transaction = 0
        self._asked: Question | None = None
        self._waiter: asyncio.Future[bytes] | None = None
        self._expected = b""
        self._why = "not connected"
        self._closed = self._loop.create_future()

    @property
    def up(self) -> bool:
        """Questions can be asked."""
        return self._transport is not None and not self._transport.is_closing()

    async def ask(self, asked: Question, timeout_s: float) -> bytes:
        """The data bytes of the answer, exactly as many as asked for.

        Raises:
            Silent: no answer in time; the connection stays, a late answer will not be taken for another's.
            Lost: the connection broke, seen at once.
            Garbled: the answer is not one to this question; the connection is closed.
            DeviceException: the device refuses.
        """
        if self._transport is None or self._transport.is_closing():
            raise Lost(self._why)
        if self._waiter is not None:
            raise RuntimeError("one question at a time")
        self._transaction = (self._transaction + 1) & 0xFFFF
        head = self._transaction.to_bytes(2)
        self._asked, self._expected = asked, head + asked.head
        waiter: asyncio.Future[bytes] = self._loop.create_future()
        self._waiter = waiter
        timer = self._loop.call_later(timeout_s, self._expire, waiter, timeout_s)
        self._transport.write(head + asked.wire)
        try:
            return await waiter
        finally:
            timer.cancel()
            self._waiter = None

    async def close(self) -> None:
        """Close at once and wait until it is."""
        if self._transport is not None:
            self._why = "closed by us"
            self._transport.abort()
            await self._closed

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio's call."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's does not inherit from it

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio's call: the question in flight fails now, not at its timeout."""
        self._transport = None
        if self._why == "not connected":
            self._why = f"connection lost: {exc}" if exc else "closed by the device"
        self._fail(Lost(self._why))
        if not self._closed.done():
            self._closed.set_result(None)

    def data_received(self, data: bytes) -> None:
        """asyncio's call. The first branch is what a healthy device answers: one comparison checks all of the head."""
        waiter, asked = self._waiter, self._asked
        if (
            waiter is not None
            and asked is not None
            and len(data) == HEAD + asked.size
            and data.startswith(self._expected)
            and self._frames.empty
            and not waiter.done()
        ):
            waiter.set_result(data[HEAD:])
        else:
            self._sort(data)

    def _sort(self, data: bytes) -> None:
        try:
            for frame in self._frames.feed(data):
                self._take(frame)
        except Garbled as error:
            self._why = error.reason
            self._fail(error)
            if self._transport is not None:
                self._transport.abort()

    def _take(self, frame: Frame) -> None:
        waiter, asked = self._waiter, self._asked
        if waiter is None or waiter.done() or asked is None or frame.transaction != self._transaction:
            self._counters.stray += 1
            return
        try:
            waiter.set_result(answer(asked, frame))
        except DeviceException as refusal:
            waiter.set_exception(refusal)

    def _expire(self, waiter: "asyncio.Future[bytes]", timeout_s: float) -> None:
        if not waiter.done():
            waiter.set_exception(Silent(f"no answer within {timeout_s:g} s"))

    def _fail(self, error: Exception) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(error)


@dataclass(frozen=True, slots=True)
class Secure:
    """TLS: what we show and accept, and the name in the device's certificate."""

    context: ssl.SSLContext
    name: str


async def connect(
    host: str, port: int, timeout_s: float, counters: Counters, secure: Secure | None = None
) -> Line:
    """A new connection.

    Raises:
        Lost: refused, unreachable or not there within the timeout.
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(timeout_s):
            if secure is None:
                _, line = await loop.create_connection(lambda: Line(counters), host, port)
            else:
                _, line = await loop.create_connection(
                    lambda: Line(counters), host, port, ssl=secure.context, server_hostname=secure.name
                )
    except TimeoutError:
        raise Lost(f"no connection to {host}:{port} within {timeout_s:g} s") from None
    except OSError as error:
        raise Lost(f"no connection to {host}:{port}: {error.strerror or error}") from error
    counters.connects += 1
    return line
