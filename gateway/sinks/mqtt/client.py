"""One MQTT connection: paho as the protocol engine inside our event loop, publishes pipelined, every answer read.

Why not through aiomqtt here: it drops the reason code of a PUBACK (a refusal would look like success), makes one task
and one timer per publish, and wakes once a second when idle. The callbacks of paho's public API are enough.
"""

import asyncio
import ssl
import struct
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Final, Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.exception import MQTTException
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from gateway.model.errors import Retry
from gateway.sinks.mqtt.config import Settings
from gateway.sinks.mqtt.encode import Message
from gateway.sinks.mqtt.flight import Burst, Flight, Refusal, Slot
from gateway.sinks.mqtt.login import password, tls_context

_BROKEN: Final = (
    OSError,
    ValueError,
    LookupError,
    struct.error,
    AttributeError,
    TypeError,
    MQTTException,
)
"""What paho raises on a broken connection or a packet that is not MQTT."""
_LOGIN_CODES: Final = frozenset({0x85, 0x86, 0x87, 0x8A, 0x8C})
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
    copy has come back through a subscription (:meth:`subscribe` must cover the topics).
    """

    def __init__(
        self, settings: Settings, client_id: str, *, will: Message | None = None, heard: Heard | None = None
    ) -> None:
        self._settings, self._heard = settings, heard
        self._v5 = settings.version == "5"
        self._loop = asyncio.get_running_loop()
        self._flight = Flight()
        self._window = settings.window
        self._connected: asyncio.Future[None] = self._loop.create_future()
        self._lost: asyncio.Future[Retry] = self._loop.create_future()
        self._subscribed: dict[int, asyncio.Future[None]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._fd = -1
        self._client = self._make(client_id, will)

    async def __aenter__(self) -> Self:
        await self._open_socket()
        try:
            self._attach()
            await self._within(self._connected, "broker did not answer CONNECT")
        except LoginRefused:
            self._close()
            raise
        except Retry as error:
            self._close()
            raise Retry(f"{error.reason}{_HINT if self._v5 else ''}") from error
        except BaseException:
            self._close()
            raise
        self._keep_alive()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._lost.done():
            self._client.disconnect()
        self._close()

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
        wanted: list[Any] = [
            (f, SubscribeOptions(qos=1, noLocal=True)) if self._v5 else (f, 1) for f in filters
        ]
        result, mid = self._client.subscribe(wanted)
        if result != paho.MQTT_ERR_SUCCESS or mid is None:
            raise self._why("broker cannot be reached")
        answer = self._subscribed[mid] = self._loop.create_future()
        self._pump()
        await self._within(answer, f"broker did not answer SUBSCRIBE {', '.join(filters)}")

    async def send(self, messages: Sequence[Message]) -> list[Refusal | None]:
        """Publish all at QoS 1, many on the way at once, in order; per message None or why it was not accepted.

        Several callers may send at the same time; their messages interleave.

        Raises:
            Retry: the connection was lost, the broker is busy or does not answer in time. Nothing is known of the
                messages of this call.
        """
        burst = Burst(len(messages), [None] * len(messages), self._loop.create_future())
        try:
            for index, message in enumerate(messages):
                if len(self._flight.by_mid) >= self._window:
                    await self._room()
                self._publish(Slot(burst, index, message, 1 if self._v5 else 2))
            self._pump()
            await self._finish(burst)
        finally:
            self._flight.forget(burst)
        if busy := next((r for r in burst.verdicts if r and r.code in _BUSY_CODES), None):
            raise Retry(f"broker is busy: {busy.reason}")
        return burst.verdicts

    # --- connecting ---------------------------------------------------------------------------------------------------

    def _make(self, client_id: str, will: Message | None) -> paho.Client:
        settings = self._settings
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=paho.MQTTv5 if self._v5 else paho.MQTTv311,
            clean_session=None if self._v5 else True,
            reconnect_on_failure=False,
        )
        client.max_inflight_messages_set(0)  # the window is ours
        client.connect_timeout = settings.timeout
        client.suppress_exceptions = False
        if settings.username is not None:
            client.username_pw_set(settings.username, password(settings))
        if settings.tls is not None:
            client.tls_set_context(tls_context(settings.host, settings.tls))
        if will is not None:
            client.will_set(will.topic, will.payload, qos=1, retain=will.retain)
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_publish, client.on_subscribe = self._on_publish, self._on_subscribe
        client.on_message, client.on_socket_close = self._on_message, self._on_socket_close
        return client

    async def _open_socket(self) -> None:
        """paho resolves, connects and shakes hands for TLS in one blocking call: it runs in a thread."""
        settings = self._settings
        keepalive, clean = round(settings.keepalive), True if self._v5 else paho.MQTT_CLEAN_START_FIRST_ONLY
        work = self._loop.run_in_executor(
            None, lambda: self._client.connect(settings.host, settings.port, keepalive, clean_start=clean)
        )
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            work.add_done_callback(self._abandon)
            raise
        except (OSError, ValueError) as error:
            raise Retry(f"cannot connect to {settings.host}:{settings.port}: {error}") from error

    def _abandon(self, work: "asyncio.Future[Any]") -> None:
        if not work.cancelled() and work.exception() is None:
            self._client.disconnect()

    def _attach(self) -> None:
        sock = self._client.socket()
        if sock is None:
            raise self._why("broker closed the connection")
        self._fd = sock.fileno()
        self._loop.add_reader(self._fd, self._readable)
        self._pump()

    def _close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        sock = self._client.socket()
        self._detach()
        if sock is not None:
            sock.close()
        self._fail(Retry("connection closed"))

    def _detach(self) -> None:
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            self._loop.remove_writer(self._fd)
            self._fd = -1

    # --- paho's loop --------------------------------------------------------------------------------------------------

    def _readable(self) -> None:
        try:
            sock = self._client.socket()
            self._client.loop_read()
            # What TLS has already decrypted does not make the socket readable again.
            while isinstance(sock, ssl.SSLSocket) and sock.fileno() >= 0 and sock.pending():
                self._client.loop_read()
        except _BROKEN as error:
            self._fail(Retry(f"broken connection: {error!r}"))
        self._pump()

    def _writable(self) -> None:
        try:
            self._client.loop_write()
        except _BROKEN as error:
            self._fail(Retry(f"broken connection: {error!r}"))
        self._pump()

    def _pump(self) -> None:
        """paho writes at once; only what the socket did not take waits for it to become writable."""
        if self._fd < 0:
            return
        if self._client.want_write():
            self._loop.add_writer(self._fd, self._writable)
        else:
            self._loop.remove_writer(self._fd)

    def _keep_alive(self) -> None:
        self._client.loop_misc()
        if not self._lost.done():
            self._timer = self._loop.call_later(self._settings.keepalive / 4, self._keep_alive)

    # --- paho's callbacks ---------------------------------------------------------------------------------------------

    def _on_connect(
        self,
        _client: object,
        _data: object,
        _flags: object,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if self._connected.done():
            return
        if reason.is_failure:
            words = f"broker refused the connection: {reason}"
            kind = LoginRefused if reason.value in _LOGIN_CODES else Retry
            self._connected.set_exception(kind(words))
            return
        # A broker that says nothing takes 65,535 at once.
        self._window = min(self._window, getattr(properties, "ReceiveMaximum", 65535))
        self._connected.set_result(None)

    def _on_disconnect(
        self, _client: object, _data: object, flags: paho.DisconnectFlags, reason: ReasonCode, _more: object
    ) -> None:
        who = "broker closed the connection" if flags.is_disconnect_packet_from_server else "connection lost"
        self._fail(Retry(f"{who}: {reason}"))

    def _on_socket_close(self, _client: object, _data: object, _sock: object) -> None:
        self._detach()

    def _on_subscribe(
        self, _client: object, _data: object, mid: int, reasons: Sequence[ReasonCode], _more: object
    ) -> None:
        answer = self._subscribed.pop(mid, None)
        if answer is None or answer.done():
            return
        refused = [str(r) for r in reasons if r.is_failure]
        if refused:
            answer.set_exception(ReadingRefused(f"broker does not let us read our own topics: {refused[0]}"))
        else:
            answer.set_result(None)

    def _on_publish(
        self, _client: object, _data: object, mid: int, reason: ReasonCode, properties: Properties | None
    ) -> None:
        if reason.is_failure:
            words = getattr(properties, "ReasonString", "") or str(reason)
            self._flight.acknowledged(mid, reason.value, words)
        else:
            self._flight.acknowledged(mid)

    def _on_message(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        payload = bytes(message.payload)
        own = not message.retain and self._flight.read_back(message.topic, payload)
        if not own and self._heard is not None:
            self._heard(message.topic, payload, message.retain)

    # --- answers ------------------------------------------------------------------------------------------------------

    def _publish(self, slot: Slot) -> None:
        message = slot.message
        late = _late(message.late_s) if self._v5 and message.late_s is not None else None
        info = self._client.publish(message.topic, message.payload, 1, message.retain, late)
        if info.rc != paho.MQTT_ERR_SUCCESS:
            raise self._why("broker cannot be reached")
        self._flight.took_off(info.mid, slot)

    async def _room(self) -> None:
        """Wait until one more may be on the way."""
        self._pump()
        while len(self._flight.by_mid) >= self._window:
            if self._flight.room is None or self._flight.room.done():
                self._flight.room = self._loop.create_future()  # one for all who wait
            if not await self._patiently(self._flight.room):
                raise self._why(f"broker does not acknowledge within {self._settings.timeout:g} s")

    async def _finish(self, burst: Burst) -> None:
        """Wait for all answers of the burst; with 3.1.1 some may never come."""
        if not burst.missing or await self._patiently(burst.done):
            return
        if any(s.burst is burst for s in self._flight.by_mid.values()):
            raise self._why(f"broker does not acknowledge within {self._settings.timeout:g} s")

    async def _patiently(self, wanted: "asyncio.Future[None]") -> bool:
        """Wait for ``wanted`` as long as answers keep coming; False when none came for ``timeout``.

        Raises:
            Retry: the connection was lost.
        """
        while True:
            before = self._flight.answers
            either: tuple[asyncio.Future[Any], ...] = (wanted, self._lost)
            await asyncio.wait(either, timeout=self._settings.timeout, return_when=asyncio.FIRST_COMPLETED)
            if wanted.done():
                return True
            if self._lost.done():
                raise self._why("connection lost")
            if self._flight.answers == before:
                return False

    async def _within(self, wanted: "asyncio.Future[Any]", words: str) -> None:
        """Wait for ``wanted``, the loss of the connection, or the time-out, whichever is first."""
        try:
            await asyncio.wait(
                [wanted, self._lost], timeout=self._settings.timeout, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            finished = wanted.done()
            if not finished:
                wanted.cancel()
        if finished:
            wanted.result()
        else:
            raise self._why(f"{words} within {self._settings.timeout:g} s")

    def _why(self, words: str) -> Retry:
        return self._lost.result() if self._lost.done() else Retry(words)

    def _fail(self, why: Retry) -> None:
        if not self._lost.done():
            self._lost.set_result(why)


def _late(seconds: float) -> Properties:
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.UserProperty = [("backfill", "1"), ("late_s", f"{seconds:.3f}")]
    return properties
