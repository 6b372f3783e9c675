"""An ordinary MQTT subscriber, for the tools that judge what arrives: the conformance test and the demo's witness.

paho's own network thread receives; each message is handed over to the event loop, so ``hear`` runs in it and nothing is
shared. A lost connection is made anew, and subscribed again.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from gateway.model.errors import Retry

ANSWER_S: Final = 10.0
"""longest wait for the broker's answers at the start"""


@dataclass(frozen=True, slots=True)
class Caller:
    """Where to listen, and as whom."""

    host: str
    port: int
    username: str | None = None
    password: str | None = None
    client_id: str = ""
    v5: bool = False


@asynccontextmanager
async def listening(
    caller: Caller, filters: Sequence[str], hear: Callable[[str, bytes, bool], None]
) -> AsyncIterator[None]:
    """Call ``hear(topic, payload, retain)`` for each message at QoS 1, from when the subscription stands until the end.

    Raises:
        Retry: nobody answers, or the login or a filter is refused.
    """
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    client = _client(caller)

    def settle(refusal: str | None) -> None:
        if not ready.done():
            ready.set_exception(Retry(refusal)) if refusal else ready.set_result(None)

    def connected(_c: paho.Client, _u: Any, _f: Any, code: ReasonCode, _p: Any) -> None:
        if code.is_failure:
            loop.call_soon_threadsafe(settle, f"the broker refuses the login: {code}")
        else:
            client.subscribe([(each, _options(v5=caller.v5)) for each in filters])

    def subscribed(_c: paho.Client, _u: Any, _mid: int, codes: list[ReasonCode], _p: Any) -> None:
        refused = [f"{each}: {code}" for each, code in zip(filters, codes, strict=True) if code.is_failure]
        loop.call_soon_threadsafe(settle, f"the broker refuses {'; '.join(refused)}" if refused else None)

    def heard(_c: paho.Client, _u: Any, message: paho.MQTTMessage) -> None:
        loop.call_soon_threadsafe(hear, message.topic, bytes(message.payload), bool(message.retain))

    client.on_connect, client.on_subscribe, client.on_message = connected, subscribed, heard
    await _connect(client, caller)
    try:
        client.loop_start()
        await _answer(ready, caller)
        yield
    finally:
        client.disconnect()
        client.loop_stop()  # the thread never waits for the loop, so this is short
        # paho leaves the sockets that wake its thread to the collector; a refusal makes a cycle that holds the client.
        client.reinitialise()


def _client(caller: Caller) -> paho.Client:
    client = paho.Client(
        CallbackAPIVersion.VERSION2,
        client_id=caller.client_id,
        protocol=paho.MQTTv5 if caller.v5 else paho.MQTTv311,
    )
    client.username_pw_set(caller.username, caller.password)
    client.reconnect_delay_set(min_delay=1, max_delay=5)
    return client


def _options(*, v5: bool) -> Any:
    return SubscribeOptions(qos=1, retainAsPublished=True) if v5 else 1


async def _connect(client: paho.Client, caller: Caller) -> None:
    """Blocking in paho, so in a thread; when nobody waits for it any more, its socket is closed as soon as it ends."""

    def abandon(work: asyncio.Future[Any]) -> None:
        if not work.cancelled() and work.exception() is None:
            client.reinitialise()

    work = asyncio.get_running_loop().run_in_executor(None, client.connect, caller.host, caller.port, 30)
    try:
        await asyncio.shield(work)
    except asyncio.CancelledError:
        work.add_done_callback(abandon)
        raise
    except OSError as error:
        raise Retry(f"{caller.host}:{caller.port}: {error.strerror or error}") from error


async def _answer(ready: asyncio.Future[None], caller: Caller) -> None:
    try:
        async with asyncio.timeout(ANSWER_S):
            await ready
    except TimeoutError as error:
        raise Retry(f"{caller.host}:{caller.port}: no answer within {ANSWER_S:g} s") from error
