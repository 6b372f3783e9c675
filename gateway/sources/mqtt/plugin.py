"""Builds the source from settings and bound tags, and runs it: connect, subscribe, gather, hand on, acknowledge.

Messages that arrive together become one batch: at most 10 ms or half the broker's window are gathered, 150 ms where
nothing in them is news (:mod:`gateway.model.calm`). They are acknowledged, in order, when the batch is on disk, and
over the connection they came on; whatever was not acknowledged comes again with the session.
"""

import asyncio
import random
import ssl
from collections.abc import Callable, Sequence
from typing import Final

import orjson

from gateway.model.batch import Batch
from gateway.model.errors import Misconfigured
from gateway.model.ports import Feed, LinkTraffic
from gateway.model.quality import Quality
from gateway.model.site import Tag
from gateway.model.times import NS
from gateway.sources.mqtt.address import Binding, Point
from gateway.sources.mqtt.budget import Budget
from gateway.sources.mqtt.client import Lost, Session, connect
from gateway.sources.mqtt.config import Settings, budget_link, link_id, own_client_id
from gateway.sources.mqtt.decode import Loads, Topic
from gateway.sources.mqtt.flood import Flood
from gateway.sources.mqtt.gather import Counters, Gather, Receipts, Taken
from gateway.sources.mqtt.readers import BySparkplug, ByTopic, Reader
from gateway.sources.mqtt.routes import routes
from gateway.sources.mqtt.said import Change
from gateway.wires.mqtt import V5, V311, Login

WINDOW_311: Final = 20
"""What common 3.1.1 brokers allow in flight; waiting for more would wait in vain."""
FIRST_S: Final = 0.2
SHORT_S: Final = 5.0
SHORT_ROWS: Final = 3
"""As many connections in a row that lasted less than ``SHORT_S`` are no connection."""


def rest(attempt: int, most_s: float) -> float:
    """Full jitter: uniform in 0..min(most, 0.2 * 2^attempt) seconds, never under 50 ms."""
    return max(0.05, random.random() * min(most_s, FIRST_S * 2.0 ** min(attempt, 16)))  # noqa: S311 - not a secret


class _Spent(Exception):
    """The byte budget of this period is used up, and the line is to wait."""


class MqttSource:
    """Reads all tags of one broker."""

    def __init__(
        self, name: str, settings: Settings, bound: Sequence[tuple[int, Tag, Binding | Point]]
    ) -> None:
        self.name = name
        self.counters = Counters()
        self._settings = settings
        self._bound = bound
        self._reader = make_reader(settings, bound)
        self._wanted = bool(bound)
        self._filters = list(settings.subscribe) or self._reader.filters
        self._window = settings.receive_maximum if settings.version == V5 else WINDOW_311
        budget = settings.budget
        self._budget = Budget(round(budget.mb * 1e6), budget.per) if budget else None
        self._up: bool | None = None
        self._short = 0
        """connections in a row that did not last"""

    def traffic(self) -> list[LinkTraffic]:
        """See :class:`gateway.model.ports.Counting`."""
        c = self.counters
        errors = {
            "bad": c.bad,
            "unknown-topic": c.unknown,
            "too-large": c.oversized,
            "flooded": c.flooded,
            "malformed": self._reader.malformed,
        }
        told = {kind: count for kind, count in errors.items() if count}
        return [LinkTraffic(link=self.name, up=self._up, replies=c.messages, errors=told)]

    async def run(self, feed: Feed) -> None:
        """Read until cancelled.

        Raises:
            Misconfigured: the broker refuses us, or all we ask for, in a way only a person can mend.
        """
        if not self._wanted:
            return
        login, tls = self._login(), tls_of(self._settings)
        self._up, self._short, self._reader = None, 0, make_reader(self._settings, self._bound)
        while True:
            await self._within_budget(feed)
            flood = Flood(self._settings.max_rate)
            gather = Gather(self._reader, feed.clock, self.counters, self._window, flood, feed.calm())
            session = await self._connect(feed, gather, lambda g=gather: Session(login, g), tls)  # type: ignore[misc]
            gather.resume = session.resume
            began = asyncio.get_running_loop().time()
            try:
                await self._subscribe(session, gather)
                await self._hand_on(session, gather, feed)
            except Lost as error:
                self._last(gather, feed)
                await self._after(feed, error.reason, asyncio.get_running_loop().time() - began)
            except _Spent:
                pass  # said, and waited for, before the next connection
            finally:
                self._last(gather, feed)
                await session.close()

    async def _within_budget(self, feed: Feed) -> None:
        """Down until the next period, where that is asked for."""
        budget, rules = self._budget, self._settings.budget
        if budget is None or rules is None:
            return
        spent = self._spent(feed)
        while spent and rules.then == "wait":
            self._link(feed, up=False, why=f"byte budget of this {rules.per} used up: {rules.mb:g} MB")
            await feed.clock.sleep(min(60.0, max(0.05, budget.left_s(feed.clock.now()))))
            spent = self._spent(feed)

    def _spent(self, feed: Feed) -> bool:
        budget, rules = self._budget, self._settings.budget
        if budget is None or rules is None:
            return False
        total = self.counters.received_bytes + self.counters.sent_bytes
        spent = budget.count(total, feed.clock.now())
        why = f"{budget.used / 1e6:.3f} of {rules.mb:g} MB of this {rules.per} used" if spent else ""
        feed.link(budget_link(self.name), up=not spent, reason=why)
        return spent

    async def _after(self, feed: Feed, why: str, lasted_s: float) -> None:
        """A lost connection is said by the link if it is not back in time; one that never lasts is said at once.

        Two gateways under one client_id throw each other out for ever: each would look connected most of the time.
        """
        self._short = self._short + 1 if lasted_s < SHORT_S else 0
        if self._short >= SHORT_ROWS or "taken over" in why:
            self._link(
                feed, up=False, why=f"the connection does not last: {why}; is the client_id ours alone?"
            )
            await feed.clock.sleep(rest(self._short, self._settings.retry_max / NS))

    async def _connect(
        self, feed: Feed, gather: Gather, make: Callable[[], Session], tls: ssl.SSLContext | None
    ) -> Session:
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
                self._take_stock(gather, kept=answer.session_present)
                return session

    def _take_stock(self, gather: Gather, *, kept: bool) -> None:
        """Connected. What was said meanwhile comes with the session; without one it is lost, also what a state has said
        that only speaks when it changes. Retained, it comes at once.
        """
        first = self.counters.connects == 1
        if first or not kept:
            gather.changed(self._reader.forget())
        if not first and not kept:
            gather.bad(self._reader.lasting, Quality.COMMUNICATION)

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
            gather.bad(self._reader.tags_of(topic), Quality.CONFIGURATION)
        gather.ready.set()

    async def _hand_on(self, session: Session, gather: Gather, feed: Feed) -> None:
        """Batches, until the connection is lost."""
        receipts = Receipts(session, gather, self.counters)
        session.lost.add_done_callback(lambda _: gather.ready.set())
        feed.fetch(lambda: self._pass_on(gather, receipts, feed) if gather.waited else None)
        while not session.lost.done():
            await gather.ready.wait()
            await feed.room()
            self._pass_on(gather, receipts, feed)
            if gather.refused:
                raise Lost("no room: what was not taken comes again with the session")
            if self._spent(feed) and self._settings.budget and self._settings.budget.then == "wait":
                raise _Spent
        raise Lost(session.lost.result())

    def _pass_on(self, gather: Gather, receipts: Receipts, feed: Feed) -> None:
        """What was gathered so far; read on."""
        soon = gather.waited or gather.owed > self._window // 2
        taken = gather.take(feed.table)
        if not self._send(feed, taken, receipts.expect(taken.ids), soon=soon):
            gather.refused = True
            gather.ready.set()
        if gather.paused:
            gather.paused = False
            gather.resume()

    def _send(self, feed: Feed, taken: Taken, done: Callable[[], None], *, soon: bool) -> bool:
        """In order; the messages are acknowledged when the last of it is on disk."""
        parts, lost = taken.parts, taken.lost
        if lost is not None:
            feed.gap(self.name, lost.start, lost.end, lost.count, self._flooded())
        if not parts:
            done()
            return True
        if isinstance(parts[-1], Change):
            parts = [*parts, Batch.empty(feed.table)]
        # What there is no room for the intake notes, part by part; links are said in any case.
        room = True
        for part in parts[:-1]:
            room = self._part(feed, part, None, soon=False) and room
        return self._part(feed, parts[-1], done if room else None, soon=soon) and room

    def _part(self, feed: Feed, part: Batch | Change, done: Callable[[], None] | None, *, soon: bool) -> bool:
        if isinstance(part, Change):
            node, device = part.who
            feed.link(link_id(self.name, node, device), up=part.up, reason=part.why)
            return True
        self.counters.batches += 1
        return feed.readings(part, done, soon=soon)

    def _flooded(self) -> str:
        return f"flood: more than {self._settings.max_rate} messages of QoS 0 in a second"

    def _last(self, gather: Gather, feed: Feed) -> None:
        """What came before the loss is no less true for it; unacknowledged, it will come again."""
        feed.fetch(None)
        taken = gather.take(feed.table, last=True)
        if taken.parts:
            self._send(feed, taken, lambda: None, soon=False)

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


def tls_of(settings: Settings) -> ssl.SSLContext | None:
    """The context of the connection; None: not encrypted.

    Raises:
        Misconfigured: a file cannot be loaded.
    """
    tls = settings.tls
    if tls is None:
        return None
    try:
        context = ssl.create_default_context(cafile=tls.ca)
        if tls.cert:
            context.load_cert_chain(tls.cert, tls.key)
    except (OSError, ssl.SSLError) as error:
        raise Misconfigured(f"tls: {error}") from error
    return context


def make_reader(settings: Settings, bound: Sequence[tuple[int, Tag, Binding | Point]]) -> Reader:
    """What reads the messages of a source."""
    if settings.format == "sparkplug-b":
        from gateway.sources.mqtt.sparkplug import Nodes  # noqa: PLC0415 - protobuf only where it is asked for

        return BySparkplug(Nodes((row, place) for row, _, place in bound if isinstance(place, Point)))
    time, quality, loads = settings.time_path(), settings.quality_path(), _loads(settings)
    places = [(row, place, tag.max_age) for row, tag, place in bound if isinstance(place, Binding)]
    lasting = tuple(row for row, _, age in places if not age)
    return ByTopic(routes(lambda plain, paths: Topic(plain, paths, time, quality, loads), places), lasting)


def _loads(settings: Settings) -> Loads:
    if settings.format == "cbor":
        from gateway.sources.mqtt.cbor import loads  # noqa: PLC0415 - only where it is asked for

        return loads
    return orjson.loads


def build(name: str, settings: Settings, bound: Sequence[tuple[int, Tag, Binding | Point]]) -> MqttSource:
    """``bound``: (row in the tag table, tag, where to read it)."""
    return MqttSource(name, settings, bound)
