"""Builds the source from settings and bound tags, and runs it: connect, subscribe, gather, hand on, acknowledge.

Messages that arrive together become one batch: at most 20 ms or half the broker's window are gathered. They are
acknowledged, in order, when the batch is on disk, and over the connection they came on; whatever was not acknowledged
comes again with the session.
"""

import asyncio
import random
import ssl
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Final

from gateway.model.batch import Batch
from gateway.model.errors import Misconfigured
from gateway.model.ports import Feed
from gateway.model.quality import Quality
from gateway.model.site import Tag
from gateway.model.times import NS
from gateway.sources.mqtt.client import Lost, Session, connect
from gateway.sources.mqtt.config import Binding, Settings, own_client_id
from gateway.sources.mqtt.decode import Topic
from gateway.sources.mqtt.gather import Counters, Gather, Receipts
from gateway.sources.mqtt.packets import V5, V311, Login

WINDOW_311: Final = 20
"""What common 3.1.1 brokers allow in flight; waiting for more would wait in vain."""
FIRST_S: Final = 0.2


def rest(attempt: int, most_s: float) -> float:
    """Full jitter: uniform in 0..min(most, 0.2 * 2^attempt) seconds, never under 50 ms."""
    return max(0.05, random.random() * min(most_s, FIRST_S * 2.0 ** min(attempt, 16)))  # noqa: S311 - not a secret


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
            if not self._send(feed, batch, receipts.expect(ids), soon=receipts.open > self._window // 4):
                raise Lost("no room: what was not taken comes again with the session")
            if gather.paused:
                gather.paused = False
                session.resume()
        raise Lost(session.lost.result())

    def _send(self, feed: Feed, batch: Batch, done: Callable[[], None], *, soon: bool) -> bool:
        if not len(batch):
            done()
            return True
        self.counters.batches += 1
        return feed.readings(batch, done, soon=soon)

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
