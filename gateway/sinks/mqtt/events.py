"""The event lane: status with last will, birth, and every journal event in sequence."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Final

from gateway.model.errors import Retry
from gateway.model.events import EventKind, Record
from gateway.model.ports import EventLane, Present
from gateway.model.times import seconds
from gateway.sinks.mqtt.birth import birth_messages
from gateway.sinks.mqtt.client import Connection, LoginRefused
from gateway.sinks.mqtt.config import Settings
from gateway.sinks.mqtt.confirm import Confirmation
from gateway.sinks.mqtt.encode import (
    STATUS_EVERY_S,
    Message,
    Will,
    lateness,
    offline_body,
    status_body,
    status_news,
)
from gateway.sinks.mqtt.flight import Pace, Refusal
from gateway.sinks.mqtt.jobs import together
from gateway.sinks.mqtt.keeper import Keeper
from gateway.sinks.mqtt.topics import Topics, client_id
from gateway.sinks.mqtt.troubles import Troubles

BATCH: Final = 500
AGAIN_S: Final = 600.0
LOOK_S: Final = 5.0
"""How soon a change of the gateway's own state is published between two beats."""
GOODBYE_S: Final = 1.0
UNFIT_CODES: Final = frozenset({0x95, 0x99})
"""PUBACK codes that mean this one record: too large, payload not valid. All else concerns every record."""


class EventSink:
    """See the package's README. One instance lives through all its connections."""

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = f"{name}.events"
        self.lane = "events"
        self.receipts = settings.receipts
        """the county behind the broker confirms: its receipts are the cursor"""
        self._settings = settings
        self._pace = Pace(settings.window)
        self._troubles = Troubles()

    async def run(self, lane: EventLane) -> None:
        """Deliver until cancelled, then say that the gateway is offline.

        Raises:
            Retry: the broker is gone, busy or refuses. Misconfigured: certificates or password are missing here.
        """
        present = lane.present()
        site = present.site
        who = Will(site.gateway, present.epoch, lane.clock.now())
        work = _Work(lane, Topics(site.root), self._troubles, who, receipts=self.receipts)
        try:
            connection = Connection(
                self._settings,
                client_id(site, self.name),
                will=work.offline,
                heard=work.heard,
                pace=self._pace,
            )
            async with connection:
                self._troubles.login(lane, None)
                filters = _own_topics(work.topics, self._settings)
                needed = self._settings.version != "5" or self.receipts
                await self._troubles.subscribe(lane, connection, filters, needed=needed)
                await work.serve(connection)
        except LoginRefused as error:
            self._troubles.login(lane, error)
            raise


def _own_topics(topics: Topics, settings: Settings) -> list[str]:
    """Birth pages, to empty what is left from an earlier life; receipts; on 3.1.1 everything, to read it back."""
    read = [topics.birth, f"{topics.birth}/#", *([topics.receipts] if settings.receipts else [])]
    return read if settings.version == "5" else [*read, topics.status, topics.events]


class _Work:
    """The jobs of one connection."""

    def __init__(
        self, lane: EventLane, topics: Topics, troubles: Troubles, who: Will, *, receipts: bool
    ) -> None:
        self._lane, self.topics, self._troubles, self._who = lane, topics, troubles, who
        self._births_due = asyncio.Event()
        self._said: tuple[object, ...] = ()
        """what the last status told; kept where it is sent, so that no change in between goes unsaid"""
        self.births = Keeper(f"{topics.birth}/", lambda _topic: self._births_due.set())
        self.offline = Message(topics.status, offline_body(who), retain=True)
        self._connection: Connection | None = None
        self._confirmation = Confirmation(lane, topics.receipts, self._send) if receipts else None

    def heard(self, topic: str, payload: bytes, retained: bool) -> None:  # noqa: FBT001 - the connection's callback
        """What the broker has of our own, and what the county says."""
        self.births.heard(topic, payload, retained)
        if self._confirmation is not None:
            self._confirmation.heard(topic, payload, retained)

    async def serve(self, connection: Connection) -> None:
        """Present state first, then the journal; at the end say goodbye."""
        try:
            self._connection = connection
            await self._status(connection, self._lane.present())
            await self._birth(connection)
            await together(
                watch=connection.watch(),
                deliver=self._deliver(),
                beat=self._beat(connection),
                births=self._keep_births(connection),
                remind=self._remind(),
                **({"confirm": self._confirmation.run()} if self._confirmation else {}),
            )
        finally:
            with contextlib.suppress(Retry, TimeoutError):
                async with asyncio.timeout(GOODBYE_S):
                    await connection.send([self.offline])

    # --- journal ------------------------------------------------------------------------------------------------------

    async def _deliver(self) -> None:
        while True:
            records = await self._lane.next(BATCH)
            if not records:
                continue
            await self._send(records)
            if self._confirmation is not None:
                self._lane.taken(records[-1].seq)
            if any(r.event.event is EventKind.CONFIG_CHANGED for r in records):
                self._births_due.set()

    async def _send(self, records: Sequence[Record]) -> None:
        """Publish on ``events``, at first or once more, and see to each answer."""
        if self._connection is None:
            raise Retry("not connected")
        now = self._lane.clock.now()
        messages = [Message(self.topics.events, r.data, late_s=lateness(r, now)) for r in records]
        verdicts = await self._connection.send(messages)
        for record, verdict in zip(records, verdicts, strict=True):
            self._judge(record, verdict)
            if self._confirmation is None:
                self._lane.advance(record.seq)

    def _judge(self, record: Record, refusal: Refusal | None) -> None:
        """One record may be unfit; a refusal of the topic keeps everything until a person has changed the broker.

        A gap record is never dead-lettered: that would make another gap record. Nor is what a county is to confirm: it
        would ask for it for ever, and the refusal stays a trouble until the broker takes it.
        """
        if refusal is None:
            self._troubles.answered(self._lane, [self.topics.events], [])
            return
        self._troubles.answered(self._lane, [], [refusal])
        if refusal.code not in UNFIT_CODES:
            raise Retry(f"{refusal.topic}: {refusal.reason}")
        if record.event.event is not EventKind.GAP and self._confirmation is None:
            self._lane.reject(record, f"{refusal.topic}: {refusal.reason}")

    # --- retained -----------------------------------------------------------------------------------------------------

    async def _beat(self, connection: Connection) -> None:
        """Status every minute, and soon after something in it changed that people look at."""
        clock = self._lane.clock
        due = clock.now() + seconds(STATUS_EVERY_S)
        while True:
            await clock.sleep(LOOK_S)
            present = self._lane.present()
            if status_news(present) != self._said or clock.now() >= due:
                due = clock.now() + seconds(STATUS_EVERY_S)
                await self._status(connection, present)

    async def _status(self, connection: Connection, present: Present) -> None:
        self._said = status_news(present)
        body = status_body(present, self._who.connected_at)
        verdicts = await connection.send([Message(self.topics.status, body, retain=True)])
        self._report([self.topics.status], [v for v in verdicts if v])

    async def _keep_births(self, connection: Connection) -> None:
        while True:
            await self._births_due.wait()
            self._births_due.clear()
            await self._birth(connection)

    async def _birth(self, connection: Connection) -> None:
        wanted = birth_messages(self.topics, self._lane.present())
        gone = {topic: b"" for topic in sorted(self.births.known) if topic not in wanted}
        refused = await self.births.put(connection, {**wanted, **gone})
        self._report(list(wanted), refused)

    async def _remind(self) -> None:
        while True:
            await self._lane.clock.sleep(AGAIN_S)
            self._births_due.set()

    def _report(self, topics: list[str], refused: list[Refusal]) -> None:
        not_taken = {r.topic for r in refused}
        self._troubles.answered(self._lane, [t for t in topics if t not in not_taken], refused)
