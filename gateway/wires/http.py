"""POSTs over one kept connection (HTTP/1.1, RFC 9112), and no more than an output needs.

A general client costs 0.4 ms a POST, 30 MB and half a second at the start, which is most of what the delivery of a
second's readings costs. The usual answer, 204 and nothing behind its head, is taken as it is; every other is read by
h11. A connection that the server closed while it was idle is made anew, and the POST sent again: what arrives twice
carries its own key and changes nothing.
"""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, cast
from urllib.parse import urlsplit

import h11

from gateway.model.errors import Misconfigured, Retry
from gateway.wires.tls import Tls, context

MOST_WORDS: Final = 64 * 1024
"""Of an answer's head or body no more is kept (bytes)."""
_USUAL: Final = b"HTTP/1.1 204 "
_END: Final = b"\r\n\r\n"


class Answer(NamedTuple):
    """Status, headers in lower case, body; ``kept``: the connection can be used again."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    kept: bool


class Stale(Retry):
    """The connection was closed before anything of an answer came."""


class _Line(asyncio.Protocol):
    """One connection, one POST at a time."""

    def __init__(self) -> None:
        self.closed = asyncio.get_running_loop().create_future()
        self.used = False
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[Answer] | None = None
        self._data = b""
        self._reader: _Reader | None = None

    @property
    def up(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    async def ask(self, head: bytes, body: bytes) -> Answer:
        """Send and wait; given up on the way, or told so by the server, the connection is of no more use."""
        if self._transport is None:
            raise Stale("connection closed")
        self._waiter = asyncio.get_running_loop().create_future()
        self._data, self._reader = b"", None
        kept = False
        self._transport.writelines((head, body))
        try:
            answer = await self._waiter
            kept = self.used = answer.kept
        finally:
            self._waiter = None
            if not kept:
                self.abort()
        return answer

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's does not inherit from it

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._reader is not None:
            self._read(b"")  # some answers end with the connection
        kind = Retry if self._data or self._reader else Stale
        self._settle(kind(f"connection lost: {exc}" if exc else "the server closed the connection"))
        self.closed.set_result(None)

    def data_received(self, data: bytes) -> None:
        if self._waiter is None:
            self.abort()  # an answer to nothing
            return
        if self._reader is not None:
            self._read(data)
            return
        self._data += data
        if _USUAL.startswith(self._data[: len(_USUAL)]):
            end = self._data.find(_END)
            if end < 0 and len(self._data) < MOST_WORDS:
                return
            if end == len(self._data) - len(_END) and b"close" not in self._data:
                self._settle(Answer(204, {}, b"", kept=True))
                return
        self._reader = _Reader()
        self._read(self._data)

    def _read(self, data: bytes) -> None:
        if self._reader is None:
            return
        try:
            answer = self._reader.feed(data)
        except h11.RemoteProtocolError as error:
            self._settle(Retry(f"not an answer of HTTP: {error}"))
        else:
            if answer is not None:
                self._settle(answer)

    def _settle(self, answer: Answer | Exception) -> None:
        if self._waiter is None or self._waiter.done():
            return
        if isinstance(answer, Exception):
            self._waiter.set_exception(answer)
        else:
            self._waiter.set_result(answer)


class _Reader:
    """An answer in full generality."""

    def __init__(self) -> None:
        self._connection = h11.Connection(h11.CLIENT)
        self._connection.send(h11.Request(method="POST", target="/", headers=[("Host", "-")]))
        self._connection.send(h11.EndOfMessage())
        self._response: h11.Response | None = None
        self._body = b""

    def feed(self, data: bytes) -> Answer | None:
        """The answer when it is whole; empty ``data``: the connection has ended.

        Raises:
            h11.RemoteProtocolError: this is not HTTP.
        """
        self._connection.receive_data(data)
        while True:
            event = self._connection.next_event()
            if isinstance(event, h11.Response):
                self._response = event
            elif isinstance(event, h11.Data):
                self._body = (self._body + event.data)[:MOST_WORDS]
            elif isinstance(event, h11.EndOfMessage) and self._response is not None:
                return self._answer(self._response)
            elif not isinstance(event, h11.InformationalResponse):
                return None

    def _answer(self, response: h11.Response) -> Answer:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in response.headers}
        return Answer(
            response.status_code, headers, self._body, kept=self._connection.their_state is h11.DONE
        )


@dataclass(frozen=True, slots=True)
class _Place:
    host: str
    port: int
    tls: ssl.SSLContext | None
    base: str


def _place(url: str, tls: Tls | None) -> _Place:
    parts = urlsplit(url)
    if "@" in parts.netloc:  # it would stand in every message about this address
        raise Misconfigured(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}: a login in the address")
    try:
        secure, port = parts.scheme == "https", parts.port
    except ValueError as error:
        raise Misconfigured(f"{url}: {error}") from error
    made = context(url, tls) if secure else None
    return _Place(parts.hostname or "", port or (443 if secure else 80), made, parts.path.rstrip("/"))


class Http:
    """POSTs to one server, one after another.

    Args:
        headers: sent with every POST; ``Host`` and ``Content-Length`` are added.
        tls: for https; none: the system's authorities, and no certificate of our own.

    Raises:
        Misconfigured: the address or a header cannot be sent.
    """

    def __init__(
        self, url: str, timeout_s: float, headers: Mapping[str, str], tls: Tls | None = None
    ) -> None:
        self._url, self._timeout_s, self._place = url, timeout_s, _place(url, tls)
        host = urlsplit(url).netloc
        lines = [f"{name}: {value}" for name, value in {"Host": host, **headers}.items()]
        if any(set(line) & set("\r\n\0") for line in lines):
            raise Misconfigured(f"{url}: a line break in the login")
        self._head = "".join(f"{line}\r\n" for line in lines).encode()
        self._line: _Line | None = None

    async def post(self, target: str, body: bytes, *, more: bytes = b"") -> Answer:
        """Send ``body`` to ``target`` (path and query, encoded); ``more``: further header lines.

        Raises:
            Retry: no connection, no answer in time, or none of HTTP.
        """
        request = f"POST {self._place.base}{target} HTTP/1.1\r\nContent-Length: {len(body)}\r\n".encode()
        head = b"".join((request, self._head, more, b"\r\n"))
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._ask(head, body)
        except TimeoutError:
            raise Retry(f"{self._url}: TimeoutError, no answer within {self._timeout_s:g} s") from None
        except Retry as error:
            raise Retry(f"{self._url}: {error.reason}") from error

    async def close(self) -> None:
        """Close the connection and wait until it is."""
        if self._line is not None:
            self._line.abort()
            await self._line.closed

    async def _ask(self, head: bytes, body: bytes) -> Answer:
        line = await self._ready()
        try:
            return await line.ask(head, body)
        except Stale:
            if not line.used:
                raise
        return await (await self._ready()).ask(head, body)

    async def _ready(self) -> _Line:
        """The connection, made anew where it is gone."""
        if self._line is None or not self._line.up:
            await self.close()
            self._line = await self._connect()
        return self._line

    async def _connect(self) -> _Line:
        place = self._place
        try:
            _, line = await asyncio.get_running_loop().create_connection(
                _Line, place.host, place.port, ssl=place.tls
            )
        except OSError as error:  # refused, unknown, or a certificate that does not fit
            raise Retry(f"Cannot connect: {error.strerror or error}") from error
        return line
