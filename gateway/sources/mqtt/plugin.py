"""Builds the source from settings and bound tags, and runs it: connect, subscribe, gather, hand on, acknowledge.

Messages that arrive together become one batch: at most 20 ms or half the broker's window are gathered. They are
acknowledged, in order, when the batch is on disk, and over the connection they came on; whatever was not acknowledged
comes again with the session.
"""

import asyncio
import random
import ssl
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from gateway.model.batch import Batch
from gateway.model.errors import Misconfigured
from gateway.model.ports import Clock, Feed
from gateway.model.quality import Quality
from gateway.model.site import Tag
from gateway.model.times import NS
from gateway.sources.mqtt.client import Lost, Session, connect
from gateway.sources.mqtt.config import Binding, Settings, own_client_id
from gateway.sources.mqtt.decode import NAN, Row, Topic
from gateway.sources.mqtt.packets import V5, V311, Login

GATHER_S: Final = 0.02
GATHER_ROWS: Final = 2000
WINDOW_311: Final = 20
"""What common 3.1.1 brokers allow in flight; waiting for more would wait in vain."""
FIRST_S: Final = 0.2
STEPS: Final = 8
"""Full batches that may wait unsent before the connection is read no further."""


def rest(attempt: int, most_s: float) -> float:
    """Full jitter: uniform in 0..min(most, 0.2 * 2^attempt) seconds, never under 50 ms."""
    return max(0.05, random.random() * min(most_s, FIRST_S * 2.0 ** min(attempt, 16)))  # noqa: S311 - not a secret


@dataclass(slots=True)
class Counters:
    """Since the start of the source, as plain integers."""

    messages: int = 0
    unknown: int = 0
    """messages of topics no tag asks for"""
    bad: int = 0
    """readings that were BAD"""
    oversized: int = 0
    batches: int = 0
    acknowledged: int = 0
    connects: int = 0
    resumed: int = 0
    """connects where the broker had kept the session"""


class Gather:
    """The inbox: rows and packet ids since the last batch. ``ready`` is set when they should go."""

    def __init__(self, topics: dict[bytes, Topic], clock: Clock, counters: Counters, window: int) -> None:
        self._topics, self._clock, self._counters = topics, clock, counters
        self._enough = max(1, min(GATHER_ROWS, window // 2))
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._rows: list[Row] = []
        self._received: list[int] = []
        self._ids: list[int] = []
        self._count = 0
        self.ready = asyncio.Event()
        self.paused = False

    def message(self, topic: bytes, payload: bytes | None, packet_id: int, *, retained: bool) -> None:
        """See :class:`gateway.sources.mqtt.client.Inbox`."""
        self._counters.messages += 1
        if packet_id:
            self._ids.append(packet_id)
        handler = self._topics.get(topic)
        now = self._clock.now()
        if handler is None:
            self._counters.unknown += 1
        elif payload is None:
            self._counters.oversized += 1
            self.bad(handler.tags, Quality.MALFORMED)
        else:
            rows = handler.rows(payload, now, retained=retained)
            self._rows += rows
            self._received += [now] * len(rows)
        self._count += 1
        if self._count >= self._enough:
            self.ready.set()
        elif self._timer is None:
            self._timer = self._loop.call_later(GATHER_S, self.ready.set)

    def bad(self, tags: Sequence[int], why: Quality) -> None:
        """BAD readings, now."""
        now = self._clock.now()
        self._rows += [(tag, now, NAN, int(why)) for tag in tags]
        self._received += [now] * len(tags)

    def pause(self) -> bool:
        """See :class:`gateway.sources.mqtt.client.Inbox`."""
        if self._count >= STEPS * GATHER_ROWS and not self.paused:
            self.paused = True
            return True
        return False

    def take(self, table: str) -> tuple[Batch, list[int]]:
        """What was gathered, and begin anew."""
        if self._timer is not None:
            self._timer.cancel()
        rows, received, ids = self._rows, self._received, self._ids
        self._rows, self._received, self._ids, self._count, self._timer = [], [], [], 0, None
        self.ready.clear()
        if not rows:
            return Batch.empty(table), ids
        tag, source, value, quality = zip(*rows, strict=True)
        columns = (np.array(tag, np.int32), np.array(source, np.int64), np.array(received, np.int64))
        batch = Batch(table, *columns, np.array(value, np.float64), np.array(quality, np.uint8))
        self._counters.bad += int(np.count_nonzero(batch.quality >= Quality.NO_DATA))
        return batch, ids


class Receipts:
    """Acknowledgements in the order the messages came (MQTT-4.6.0-2), each only after its batch is on disk."""

    def __init__(self, session: Session, counters: Counters) -> None:
        self._session, self._counters = session, counters
        self._waiting: deque[tuple[list[int], list[bool]]] = deque()

    def expect(self, ids: list[int]) -> Callable[[], None]:
        """What to call when the batch of these messages is on disk."""
        committed: list[bool] = []
        self._waiting.append((ids, committed))

        def done() -> None:
            committed.append(True)
            self._flush()

        return done

    def _flush(self) -> None:
        while self._waiting and self._waiting[0][1]:
            ids, _ = self._waiting.popleft()
            self._counters.acknowledged += len(ids)
            self._session.acknowledge(ids)


class MqttSource:
    """Reads all tags of one broker."""

    def __init__(self, name: str, settings: Settings, bound: Sequence[tuple[int, Tag, Binding]]) -> None:
        self.name = name
        self.counters = Counters()
        self._settings = settings
        self._topics = _topics(settings, bound)
        self._filters = list(settings.subscribe) or sorted(t.decode() for t in self._topics)
        self._window = settings.receive_maximum if settings.version == V5 else WINDOW_311
        self._up: bool | None = None

    async def run(self, feed: Feed) -> None:
        """Read until cancelled.

        Raises:
            Misconfigured: the broker refuses us, or all we ask for, in a way only a person can mend.
        """
        if not self._topics:
            return
        login, tls = self._login(), self._tls()
        self._up = None
        while True:
            gather = Gather(self._topics, feed.clock, self.counters, self._window)
            session = await self._connect(feed, lambda g=gather: Session(login, g), tls)  # type: ignore[misc]
            try:
                await self._subscribe(session, gather)
                await self._hand_on(session, gather, feed)
            except Lost:
                pass  # said by the link, if it is not back in time
            finally:
                self._last(gather, feed)
                await session.close()

    async def _connect(self, feed: Feed, make: Callable[[], Session], tls: ssl.SSLContext | None) -> Session:
        """Connected, however long it takes; the link is down when it is not within the timeout."""
        loop, timeout_s = asyncio.get_running_loop(), self._settings.timeout / NS
        began, attempt = loop.time(), 0
        while True:
            try:
                session, answer = await connect(
                    self._settings.host, self._settings.port, tls, make, timeout_s
                )
            except Misconfigured as error:
                self._link(feed, up=False, why=str(error))
                raise
            except Lost as error:
                if loop.time() - began >= timeout_s:
                    self._link(feed, up=False, why=error.reason)
                await feed.clock.sleep(rest(attempt, self._settings.retry_max / NS))
                attempt += 1
            else:
                self.counters.connects += 1
                self.counters.resumed += answer.session_present
                self._link(feed, up=True)
                return session

    def _link(self, feed: Feed, *, up: bool, why: str = "") -> None:
        if self._up is not up:
            self._up = up
            feed.link(self.name, up=up, reason=why)

    async def _subscribe(self, session: Session, gather: Gather) -> None:
        refused = await session.subscribe(self._filters, self._settings.qos)
        if refused and (self._settings.subscribe or len(refused) == len(self._filters)):
            words = ", ".join(f"{topic}: {why}" for topic, why in list(refused.items())[:5])
            raise Misconfigured(f"the broker refuses subscriptions: {words}")
        for topic in refused:
            gather.bad(self._topics[topic.encode()].tags, Quality.CONFIGURATION)
        gather.ready.set()

    async def _hand_on(self, session: Session, gather: Gather, feed: Feed) -> None:
        """Batches, until the connection is lost."""
        receipts = Receipts(session, self.counters)
        session.lost.add_done_callback(lambda _: gather.ready.set())
        while not session.lost.done():
            await gather.ready.wait()
            await feed.room()
            batch, ids = gather.take(feed.table)
            if not self._send(feed, batch, receipts.expect(ids)):
                raise Lost("no room: what was not taken comes again with the session")
            if gather.paused:
                gather.paused = False
                session.resume()
        raise Lost(session.lost.result())

    def _send(self, feed: Feed, batch: Batch, done: Callable[[], None]) -> bool:
        if not len(batch):
            done()
            return True
        self.counters.batches += 1
        return feed.readings(batch, done)

    def _last(self, gather: Gather, feed: Feed) -> None:
        """What came before the loss is no less true for it; unacknowledged, it will come again."""
        batch, _ = gather.take(feed.table)
        if len(batch):
            self.counters.batches += 1
            feed.readings(batch)

    def _login(self) -> Login:
        s = self._settings
        return Login(
            client_id=s.client_id or own_client_id(self.name),
            version=V5 if s.version == V5 else V311,
            keep_alive_s=s.keep_alive // NS,
            expiry_s=min(s.session_expiry // NS, 0xFFFFFFFF),
            receive_maximum=s.receive_maximum,
            max_packet=s.max_packet,
            username=s.username,
            password=s.password(),
        )

    def _tls(self) -> ssl.SSLContext | None:
        tls = self._settings.tls
        if tls is None:
            return None
        try:
            context = ssl.create_default_context(cafile=tls.ca)
            if tls.cert:
                context.load_cert_chain(tls.cert, tls.key)
        except (OSError, ssl.SSLError) as error:
            raise Misconfigured(f"tls: {error}") from error
        return context


def _topics(settings: Settings, bound: Sequence[tuple[int, Tag, Binding]]) -> dict[bytes, Topic]:
    """One handler for each topic."""
    plain: dict[str, list[int]] = defaultdict(list)
    paths: dict[str, list[tuple[int, tuple[str | int, ...]]]] = defaultdict(list)
    for row, _, binding in bound:
        if binding.path is None:
            plain[binding.topic].append(row)
        else:
            paths[binding.topic].append((row, binding.path))
    time, quality = settings.time_path(), settings.quality_path()
    return {
        topic.encode(): Topic(tuple(plain[topic]), tuple(paths[topic]), time, quality)
        for topic in {*plain, *paths}
    }


def build(name: str, settings: Settings, bound: Sequence[tuple[int, Tag, Binding]]) -> MqttSource:
    """``bound``: (row in the tag table, tag, where to read it)."""
    return MqttSource(name, settings, bound)
