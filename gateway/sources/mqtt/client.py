"""One connection to a broker, receiving only. What is acknowledged, and when, the owner decides.

Why not a ready client: docs/decisions (MQTT input).
"""

import asyncio
import ssl
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol, cast

from gateway.model.errors import Misconfigured, Retry
from gateway.sources.mqtt.budget import on_the_line
from gateway.wires import mqtt as packets
from gateway.wires.mqtt import Broken, Connected, Login, Packets

PER_PACKET: Final = 200
"""Topic filters in one SUBSCRIBE."""
CLOSE_S: Final = 0.5
ORDINARY: Final = 0x32
"""First byte of a PUBLISH of QoS 1, neither retained nor sent again."""
LEAST_ORDINARY: Final = 5
"""Bytes of the shortest one: an empty topic, its packet id, no properties, no payload."""
AGED: Final = 0x09
"""Flags of a PUBLISH whose age is not known: DUP and RETAIN (3.3.1)."""


class Lost(Retry):
    """The connection is gone, or could not be made."""


class Inbox(Protocol):
    """Where messages go, in the event loop."""

    def message(self, topic: bytes, payload: bytes | None, packet_id: int, *, retained: bool) -> None:
        """One message; no payload: it was larger than allowed. ``packet_id`` 0: nothing to acknowledge.

        ``retained``, or sent again: not known to be of now.
        """
        ...

    def pause(self) -> bool:
        """Asked after each piece of input: stop reading?"""
        ...

    def traffic(self, received: int, sent: int) -> None:
        """Bytes on the line, headers estimated."""
        ...


class Session(asyncio.Protocol):
    """See the module. ``lost`` is done, with the reason, when the connection is gone."""

    def __init__(self, login: Login, inbox: Inbox) -> None:
        self._loop = asyncio.get_running_loop()
        self._login, self._inbox = login, inbox
        self._packets = Packets(login.max_packet)
        self._transport: asyncio.Transport | None = None
        self._connected: asyncio.Future[Connected] = self._loop.create_future()
        self._subscribed: dict[int, asyncio.Future[bytes]] = {}
        self._keep_alive_s = float(login.keep_alive_s)
        self._heard, self._paused = self._loop.time(), False
        self._timer: asyncio.TimerHandle | None = None
        self._why = ""
        self.lost: asyncio.Future[str] = self._loop.create_future()

    async def log_in(self) -> Connected:
        """Wait for the broker's word.

        Raises:
            Misconfigured: refused for a reason that a person must mend.
            Lost: refused for now, or the connection broke.
        """
        answer = await self._connected
        if answer.code in packets.FOR_A_PERSON:
            raise Misconfigured(f"the broker refuses the connection: {answer.words}")
        if answer.code:
            raise Lost(f"the broker refuses the connection: {answer.words}")
        # 0 turns the broker's own watch off (3.2.2.3.14), not ours over the broker.
        own = int.from_bytes(answer.properties.get(packets.SERVER_KEEP_ALIVE, b""))
        self._keep_alive_s = float(own) or self._keep_alive_s
        self._watch()
        return answer

    async def subscribe(self, filters: Sequence[str], qos: int) -> dict[str, str]:
        """Subscribe in bulk; the refused filters with the broker's reason.

        Raises:
            Lost: the connection broke meanwhile.
        """
        refused: dict[str, str] = {}
        for k in range(0, len(filters), PER_PACKET):
            some = filters[k : k + PER_PACKET]
            packet_id = 1 + k // PER_PACKET
            waiter = self._subscribed[packet_id] = self._loop.create_future()
            self._write(packets.subscribe(packet_id, some, qos, self._login.version))
            codes = await waiter
            refused |= {f: packets.reason(c) for f, c in zip(some, codes, strict=False) if c >= 0x80}
        return refused

    def acknowledge(self, packet_ids: Sequence[int]) -> None:
        """These will never be needed again. On a dead connection: nothing, the broker will send them again."""
        if packet_ids:
            self._write(packets.pubacks(packet_ids))

    def resume(self) -> None:
        """Read on after the inbox asked for a pause."""
        if self._transport is not None and not self._transport.is_closing():
            self._paused, self._heard = False, self._loop.time()
            self._transport.resume_reading()

    async def close(self) -> None:
        """Leave in order; the broker keeps the session."""
        self._write(packets.GOODBYE)
        if self._transport is None:
            return
        self._transport.close()
        # A broker that takes nothing any more (half open) would keep us for ever.
        timer = self._loop.call_later(CLOSE_S, self._transport.abort)
        try:
            await asyncio.shield(self.lost)
        finally:
            timer.cancel()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio's call."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's does not inherit from it
        self._write(packets.connect(self._login))

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio's call."""
        self._transport = None
        if self._timer is not None:
            self._timer.cancel()
        why = self._why or (f"connection lost: {exc}" if exc else "the broker closed the connection")
        _fail(self._connected, why)
        for waiter in self._subscribed.values():
            _fail(waiter, why)
        if not self.lost.done():
            self.lost.set_result(why)

    def data_received(self, data: bytes) -> None:
        """asyncio's call."""
        self._inbox.traffic(on_the_line(len(data)), 0)
        # What nearly all are is read here: QoS 1, new, version 5 without properties.
        message, plain = self._inbox.message, self._login.version == packets.V5
        try:
            found = self._packets.feed(data)
            # Whole packets count: bytes of one that never ends (a false length swallows all behind it) do not.
            self._heard = self._loop.time() if found else self._heard
            for first, body, cut in found:
                if first == ORDINARY and plain and not cut and len(body) >= LEAST_ORDINARY:
                    at = 2 + (body[0] << 8 | body[1])
                    if at + 2 < len(body) and not body[at + 2] and (number := body[at] << 8 | body[at + 1]):
                        message(body[2:at], body[at + 3 :], number, retained=False)
                        continue
                if first & 0xF0 == packets.PUBLISH:
                    self._publish(first, body, cut=cut)
                else:
                    self._other(first, body)
        except Broken as error:
            self._abort(error.reason)
        if self._transport is not None and self._inbox.pause():
            self._paused = True
            self._transport.pause_reading()

    def _publish(self, first: int, body: bytes, *, cut: bool) -> None:
        topic, packet_id, at = packets.publish(first, body, self._login.version)
        # Sent again (DUP) is of unknown age as a retained one is: we may have had it, and newer ones, before the loss.
        self._inbox.message(topic, None if cut else body[at:], packet_id, retained=bool(first & AGED))

    def _other(self, first: int, body: bytes) -> None:
        if first == packets.CONNACK:
            if not self._connected.done():
                self._connected.set_result(packets.connack(body, self._login.version))
        elif first == packets.SUBACK:
            packet_id, codes = packets.suback(body, self._login.version)
            waiter = self._subscribed.pop(packet_id, None)
            if waiter is not None and not waiter.done():
                waiter.set_result(codes)
        elif first == packets.DISCONNECT:
            self._abort(packets.disconnect(body))
        elif first != packets.PINGRESP:
            raise Broken(f"unexpected packet {first:#04x}")

    def _watch(self) -> None:
        """Half a keep-alive passes: ping; three of them without a whole packet: the broker is gone."""
        if not self._paused and self._loop.time() - self._heard > 1.5 * self._keep_alive_s:
            self._abort(self._packets.silence())
            return
        self._write(packets.PINGREQ)
        self._timer = self._loop.call_later(self._keep_alive_s / 2, self._watch)

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._inbox.traffic(0, on_the_line(len(data)))
            self._transport.write(data)

    def _abort(self, why: str) -> None:
        self._why = self._why or why
        if self._transport is not None:
            self._transport.abort()


def _fail(waiter: "asyncio.Future[Any]", why: str) -> None:
    if not waiter.done():
        waiter.set_exception(Lost(why))
        waiter.exception()  # asked for here, because perhaps nobody waits


async def connect(
    host: str, port: int, tls: ssl.SSLContext | None, make: Callable[[], Session], timeout_s: float
) -> tuple[Session, Connected]:
    """A session the broker has accepted.

    Raises:
        Lost: unreachable, refused for now, or not there within the timeout.
        Misconfigured: refused for a reason that a person must mend.
    """
    session: Session | None = None
    try:
        async with asyncio.timeout(timeout_s):
            _, session = await asyncio.get_running_loop().create_connection(make, host, port, ssl=tls)
            return session, await session.log_in()
    except BaseException as error:
        if session is not None:
            await session.close()
        if isinstance(error, ssl.SSLCertVerificationError):
            raise Misconfigured(f"certificate of {host}:{port}: {error.verify_message}") from error
        if isinstance(error, TimeoutError):
            raise Lost(f"no broker at {host}:{port} within {timeout_s:g} s") from error
        if isinstance(error, OSError):
            raise Lost(f"no broker at {host}:{port}: {error.strerror or error}") from error
        raise
