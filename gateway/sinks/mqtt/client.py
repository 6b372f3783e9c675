"""One MQTT connection that publishes: pipelined at QoS 1, every answer read. What packets look like, the codec knows.

Why not a ready client: it tells refusals from successes badly, or costs a multiple (decisions 0011 and 0093).
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Any, Final, Self

from gateway.model.errors import Retry
from gateway.sinks.mqtt.config import Settings
from gateway.sinks.mqtt.encode import Message
from gateway.sinks.mqtt.flight import Burst, Flight, Pace, Refusal, Slot
from gateway.sinks.mqtt.line import LAST_ID, Line, login
from gateway.wires import mqtt as packets
from gateway.wires.mqtt import Broken, Connected
from gateway.wires.tls import context

_LOGIN_CODES: Final = packets.FOR_A_PERSON - {0x84}
_BUSY_CODES: Final = frozenset({0x89, 0x93, 0x96, 0x97})
"""PUBACK codes that pass: server busy, receive maximum, message rate, quota."""
_HINT: Final = " (if it speaks MQTT 3.1.1 only, set version: 3.1.1)"

Heard = Callable[[str, bytes, bool], None]
"""(topic, payload, retained) of an incoming message."""


class LoginRefused(Retry):
    """The broker answered and does not want us: a person must look, but we keep trying."""


class ReadingRefused(LoginRefused):
    """The broker takes our login but not our subscription."""


class Connection:
    """Async context manager; not reusable. Every failure of the connection is a :class:`Retry`.

    ``version`` 3.1.1: the broker acknowledges what its access rules refuse, so a publish is accepted only when our own
    copy has come back through a subscription (:meth:`subscribe` must cover the topics). ``pace``: what earlier
    connections have learned of how many publishes at once this broker bears.
    """

    def __init__(
        self,
        settings: Settings,
        client_id: str,
        *,
        will: Message | None = None,
        heard: Heard | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._settings, self._heard = settings, heard
        self._pace, self._told = pace or Pace(settings.window), False
        self._v5 = settings.version == "5"
        self._loop = asyncio.get_running_loop()
        self._flight = Flight()
        self._most, self._every_s = LAST_ID, settings.keepalive
        self._line = Line(login(settings, client_id, will), self._take, self._lose)
        self._connected: asyncio.Future[Connected] = self._loop.create_future()
        self._subscribed: dict[int, asyncio.Future[bytes]] = {}
        self._waiting: set[asyncio.Future[Any]] = {self._connected}
        """whoever waits for the broker: told when the connection is lost"""
        self._lost: asyncio.Future[Retry] = self._loop.create_future()
        self._last_id = 0
        self._timer: asyncio.TimerHandle | None = None
        self._patience: dict[asyncio.Future[Any], tuple[float, int]] = {}
        """who waits for answers -> since when nothing came, and how many had come then"""
        self._look: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        try:
            await self._open()
            answer = await self._within(self._connected, "broker did not answer CONNECT")
            self._accept(answer)
        except LoginRefused:
            await self._close()
            raise
        except Retry as error:
            await self._close()
            hint = _HINT if self._v5 and self._line.made else ""
            raise Retry(f"{error.reason}{hint}") from error
        except BaseException:
            await self._close()
            raise
        self._keep_alive()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._lost.done():
            self._line.write(packets.GOODBYE)
        await self._close()

    async def watch(self) -> None:
        """Wait until the connection is lost.

        Raises:
            Retry: it is.
        """
        raise await asyncio.shield(self._lost)

    async def subscribe(self, filters: Sequence[str]) -> None:
        """Subscribe at QoS 1 and wait for the answer. With version 5 our own publishes are not sent back to us.

        Raises:
            ReadingRefused: the broker does not let us. Retry: the connection was lost.
        """
        if self._lost.done():
            raise self._lost.result()
        number = self._next_id()
        answer = self._subscribed[number] = self._expect()
        version = self._line.login.version
        self._line.write(packets.subscribe(number, filters, 1, version, packets.NO_LOCAL))
        codes = await self._within(answer, f"broker did not answer SUBSCRIBE {', '.join(filters)}")
        if refused := [packets.reason(code) for code in codes if code >= 0x80]:
            raise ReadingRefused(f"broker does not let us read our own topics: {refused[0]}")

    async def send(self, messages: Sequence[Message]) -> list[Refusal | None]:
        """Publish all at QoS 1, many on the way at once, in order; per message None or why it was not accepted.

        Several callers may send at the same time; their messages interleave.

        Raises:
            Retry: the connection was lost, the broker is busy or does not answer in time. Nothing is known of the
                messages of this call.
        """
        burst = Burst(len(messages), [None] * len(messages), self._expect())
        try:
            await self._publish(burst, messages)
            if burst.missing and not await self._patiently(burst.done):
                self._must_be_acknowledged(burst)
        finally:
            self._waiting.discard(burst.done)
            self._flight.forget(burst)
        self._pace.bore(len(messages))
        if busy := next((r for r in burst.verdicts if r and r.code in _BUSY_CODES), None):
            raise Retry(f"broker is busy: {busy.reason}")
        return burst.verdicts

    # --- connecting ---------------------------------------------------------------------------------------------------

    async def _open(self) -> None:
        settings = self._settings
        where = f"{settings.host}:{settings.port}"
        tls = context(f"mqtt {settings.host}", settings.tls) if settings.tls is not None else None
        try:
            async with asyncio.timeout(settings.timeout):
                await self._loop.create_connection(
                    lambda: self._line,
                    settings.host,
                    settings.port,
                    ssl=tls,
                    local_addr=(settings.bind, 0) if settings.bind else None,
                )
        except TimeoutError:
            words = f"cannot connect to {where}: no answer within {settings.timeout:g} s"
            raise Retry(words) from None
        except (OSError, ValueError) as error:
            raise Retry(f"cannot connect to {where}: {error}") from error

    def _accept(self, answer: Connected) -> None:
        """The broker's word on CONNECT. One that says nothing of it takes 65,535 publishes at once."""
        if answer.code:
            kind = LoginRefused if answer.code in _LOGIN_CODES else Retry
            raise kind(f"broker refused the connection: {answer.words}")
        said = (packets.RECEIVE_MAXIMUM, packets.SERVER_KEEP_ALIVE)
        most, every = (int.from_bytes(answer.properties.get(p, b"")) for p in said)
        self._most = most or LAST_ID
        # 0 turns the broker's own watch off (3.2.2.3.14), not ours over the broker.
        self._every_s = float(every) or self._every_s

    async def _close(self) -> None:
        for timer in (self._timer, self._look):
            if timer is not None:
                timer.cancel()
        await self._line.close()
        self._lose("connection closed")

    def _keep_alive(self) -> None:
        """Speak every half of the keep-alive; from whom no whole packet came for one and a half of it is gone."""
        if self._loop.time() - self._line.heard_at > 1.5 * self._every_s:
            self._line.fail(self._line.silence())
            return
        self._line.write(packets.PINGREQ)
        self._timer = self._loop.call_later(self._every_s / 2, self._keep_alive)

    # --- what the broker says -----------------------------------------------------------------------------------------

    def _take(self, first: int, body: bytes, *, cut: bool) -> None:
        """One packet; ``cut``: no more than its beginning.

        Raises:
            Broken: not one a broker sends.
        """
        version, kind = self._line.login.version, first & 0xF0
        if kind == packets.PUBACK:
            number, code, words = packets.puback(body, version)
            self._flight.acknowledged(number, code if code >= 0x80 else 0, words)
        elif kind == packets.PUBLISH:
            self._hear(first, body, cut=cut)
        elif cut:
            raise Broken("a packet that is too large")
        elif kind == packets.CONNACK:
            _answer(self._connected, packets.connack(body, version))
        elif kind == packets.SUBACK:
            number, codes = packets.suback(body, version)
            _answer(self._subscribed.pop(number, None), codes)
        elif kind == packets.DISCONNECT:
            raise Broken(f"broker closed the connection: {packets.disconnect(body)}")
        elif kind != packets.PINGRESP:
            raise Broken(f"unexpected packet {first:#04x}")

    def _hear(self, first: int, body: bytes, *, cut: bool) -> None:
        raw, number, at = packets.publish(first, body, self._line.login.version)
        topic, payload, retained = raw.decode(errors="replace"), body[at:], bool(first & 1)
        own = cut or (not retained and self._flight.read_back(topic, payload))
        if not own and self._heard is not None:
            self._heard(topic, payload, retained)
        if number:
            self._line.write(packets.pubacks([number]))

    def _lose(self, why: str) -> None:
        if self._lost.done():
            return
        self._lost.set_result(Retry(why))
        self._broke()
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_exception(Retry(why))
                waiter.exception()  # asked for here, because perhaps nobody waits
        self._waiting.clear()

    # --- answers ------------------------------------------------------------------------------------------------------

    async def _publish(self, burst: Burst, messages: Iterable[Message]) -> None:
        """All of it, as few pieces as the window allows."""
        if self._lost.done():
            raise self._lost.result()
        wire: list[bytes] = []
        for index, message in enumerate(messages):
            if len(self._flight.by_mid) >= self._window:
                self._line.write(b"".join(wire))
                wire.clear()
                await self._room()
            number = self._next_id()
            wire.append(self._packet(number, message))
            self._flight.took_off(number, Slot(burst, index, message, 1 if self._v5 else 2))
        self._line.write(b"".join(wire))

    @property
    def _window(self) -> int:
        """Publishes on the way at once, by the settings, the broker's word and what it was seen to bear."""
        return min(self._most, self._pace.most)

    def _packet(self, number: int, message: Message) -> bytes:
        properties = b"" if self._v5 else None
        if properties is not None and message.late_s is not None:
            properties = packets.user_properties({"backfill": "1", "late_s": f"{message.late_s:.3f}"})
        return packets.announce(
            number, message.topic, message.payload, retain=message.retain, properties=properties
        )

    def _next_id(self) -> int:
        """A packet id that nothing on its way has."""
        while True:
            self._last_id = self._last_id % LAST_ID + 1
            if self._last_id not in self._flight.by_mid:
                return self._last_id

    async def _room(self) -> None:
        """Wait until one more may be on the way."""
        while len(self._flight.by_mid) >= self._window:
            if self._flight.room is None or self._flight.room.done():
                self._flight.room = self._expect()  # one for all who wait
            if not await self._patiently(asyncio.shield(self._flight.room)):
                raise self._silent()

    def _must_be_acknowledged(self, burst: Burst) -> None:
        """Only the copies of 3.1.1 may never come."""
        if any(s.burst is burst for s in self._flight.by_mid.values()):
            raise self._silent()

    def _silent(self) -> Retry:
        self._broke()
        return Retry(f"broker does not acknowledge within {self._settings.timeout:g} s")

    def _broke(self) -> None:
        """Told once of each connection."""
        if not self._told:
            self._told = True
            self._pace.broke(len(self._flight.by_mid))

    def _expect(self) -> "asyncio.Future[Any]":
        """Something the broker is to say; fails with the connection."""
        future: asyncio.Future[Any] = self._loop.create_future()
        self._waiting.add(future)
        return future

    async def _patiently(self, wanted: "asyncio.Future[Any]") -> bool:
        """Wait for ``wanted`` as long as answers keep coming; False when none came for ``timeout``.

        Raises:
            Retry: the connection was lost.
        """
        self._patience[wanted] = self._loop.time(), self._flight.answers
        if self._look is None:
            self._look = self._loop.call_later(self._settings.timeout, self._look_around)
        try:
            return await wanted is not False
        finally:
            del self._patience[wanted]

    def _look_around(self) -> None:
        """One timer for all who wait: each gives up when nothing was answered for as long as it is patient."""
        now, most, answers = self._loop.time(), self._settings.timeout, self._flight.answers
        left: list[float] = []
        for wanted, (since, before) in self._patience.items():
            begun = since if answers == before else now
            self._patience[wanted] = begun, answers
            # One comparison decides: rounded differently, two would leave somebody waiting for ever.
            if now < begun + most:
                left.append(begun + most - now)
            elif not wanted.done():
                wanted.set_result(False)
        self._look = self._loop.call_later(min(left), self._look_around) if left else None

    async def _within(self, wanted: "asyncio.Future[Any]", words: str) -> Any:
        """What ``wanted`` brings, unless the connection is lost or the time-out is first."""
        try:
            async with asyncio.timeout(self._settings.timeout):
                return await wanted
        except TimeoutError:
            raise Retry(f"{words} within {self._settings.timeout:g} s") from None
        finally:
            self._waiting.discard(wanted)


def _answer(waiter: "asyncio.Future[Any] | None", word: object) -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(word)
