"""One Modbus TCP connection with one question in flight. Thin: what a right answer is, :mod:`frames` knows."""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, cast

from gateway.model.errors import Retry
from gateway.sources.modbus.counters import Counters
from gateway.sources.modbus.frames import DeviceException, Frame, Frames, Garbled, Question, answer

HEAD: Final = 9
"""Bytes before the data of an answer: MBAP header, function, byte count."""


PROTOCOL: Final = b"\0\0"
UNHEARD: Final = 32


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
        self._then: Callable[[bytes | Exception], None] | None = None
        self._expected = b""
        self._unheard: deque[bytes] = deque(maxlen=UNHEARD)
        """how late answers to the last questions without one would begin: inside another answer they are no data"""
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
        waiter: asyncio.Future[bytes] = self._loop.create_future()
        self.pose(asked, partial(_settle, waiter))
        timer = self._loop.call_later(timeout_s, _settle, waiter, Silent(f"no answer within {timeout_s:g} s"))
        try:
            return await waiter
        finally:
            timer.cancel()
            self.drop()

    def pose(self, asked: Question, then: Callable[[bytes | Exception], None]) -> None:
        """Ask; ``then`` is called once with the data bytes, or with what :meth:`ask` raises. It may ask again.

        Raises:
            Lost: the connection is closed.
        """
        if self._transport is None or self._transport.is_closing():
            raise Lost(self._why)
        if self._then is not None:
            raise RuntimeError("one question at a time")
        self._transaction = (self._transaction + 1) & 0xFFFF
        head = self._transaction.to_bytes(2)
        self._asked, self._expected, self._then = asked, head + asked.head, then
        self._transport.write(head + asked.wire)

    def drop(self) -> None:
        """Nobody waits for the question in flight any more."""
        if self._then is not None:
            self._unheard.append(self._transaction.to_bytes(2) + PROTOCOL)
        self._then = None

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
        self._answer(Lost(self._why))
        if not self._closed.done():
            self._closed.set_result(None)

    def data_received(self, data: bytes) -> None:
        """asyncio's call. The first branch is what a healthy device answers: one comparison checks all of the head."""
        asked = self._asked
        if (
            self._then is not None
            and asked is not None
            and len(data) == HEAD + asked.size
            and data.startswith(self._expected)
            and self._frames.empty
        ):
            self._answer(data[HEAD:])
        else:
            self._sort(data)

    def _sort(self, data: bytes) -> None:
        try:
            for frame in self._frames.feed(data):
                self._take(frame)
        except Garbled as error:
            self._why = error.reason
            if self._transport is not None:
                self._transport.abort()
            self._answer(error)

    def _take(self, frame: Frame) -> None:
        asked = self._asked
        if self._then is None or asked is None or frame.transaction != self._transaction:
            self._counters.stray += 1
            return
        if any(head in frame.pdu for head in self._unheard):
            raise Garbled("an answer cut short, and a late one behind it")
        try:
            data = answer(asked, frame)
        except DeviceException as refusal:
            self._answer(refusal)
        else:
            self._answer(data)

    def _answer(self, answer: bytes | Exception) -> None:
        then, self._then = self._then, None
        if then is not None:
            then(answer)


def _settle(waiter: "asyncio.Future[bytes]", answer: bytes | Exception) -> None:
    if waiter.done():
        return
    if isinstance(answer, bytes):
        waiter.set_result(answer)
    else:
        waiter.set_exception(answer)


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
