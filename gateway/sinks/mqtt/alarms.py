"""The alarm lane: alarms, faults, retained states and levels. Nothing else uses its connection."""

import asyncio
from collections.abc import Sequence
from typing import Final

from gateway.model.errors import Retry
from gateway.model.events import EventKind, Record
from gateway.model.ports import EventLane, LiveState
from gateway.sinks.mqtt.client import Connection, LoginRefused
from gateway.sinks.mqtt.config import Settings
from gateway.sinks.mqtt.encode import (
    Message,
    announced,
    announcements,
    by_level,
    level_body,
    state_messages,
)
from gateway.sinks.mqtt.flight import NOT_READ_BACK, Pace, Refusal
from gateway.sinks.mqtt.jobs import together
from gateway.sinks.mqtt.keeper import Keeper
from gateway.sinks.mqtt.topics import Topics, client_id
from gateway.sinks.mqtt.troubles import Troubles

BATCH: Final = 500
AGAIN_S: Final = 600.0
"""States and levels are published again this often, changed or not."""
FOLLOW_S: Final = 5.0
"""How soon retained states follow a present that was not handed to this lane."""
STRIKES: Final = 3
"""A 3.1.1 broker's silence about a publish counts as a refusal after this many connections."""


class AlarmSink:
    """See the package's README. One instance lives through all its connections."""

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = f"{name}.alarms"
        self.lane = "events"
        self._settings = settings
        self._pace = Pace(settings.window)
        self._troubles = Troubles()
        self._strikes: dict[int, int] = {}

    async def run(self, lane: EventLane) -> None:
        """Deliver until cancelled.

        Raises:
            Retry: the broker is gone or busy. Misconfigured: certificates or password are missing here.
        """
        site = lane.present().site
        topics = Topics(site.root)
        work = _Work(lane, topics, self._troubles, self._strikes)
        try:
            async with Connection(
                self._settings, client_id(site, self.name), heard=work.states.heard, pace=self._pace
            ) as connection:
                self._troubles.login(lane, None)
                filters, needed = _own_topics(topics, self._settings), self._settings.version != "5"
                await self._troubles.subscribe(lane, connection, filters, needed=needed)
                await work.publish_present(connection)
                await together(
                    watch=connection.watch(),
                    deliver=work.deliver(connection),
                    keep=work.keep(connection),
                    remind=work.remind(),
                    follow=work.follow(),
                )
        except LoginRefused as error:
            self._troubles.login(lane, error)
            raise


def _own_topics(topics: Topics, settings: Settings) -> list[str]:
    """States, to empty what is left from an earlier life; on 3.1.1 everything, to read it back."""
    if settings.version == "5":
        return [f"{topics.root}/state/#"]
    return [topics.level, *(f"{topics.root}/{branch}/#" for branch in ("state", "alarms", "faults"))]


class _Work:
    """The jobs of one connection. :meth:`keep` alone publishes retained topics once the lane is running."""

    def __init__(self, lane: EventLane, topics: Topics, troubles: Troubles, strikes: dict[int, int]) -> None:
        self._lane, self._topics, self._troubles, self._strikes = lane, topics, troubles, strikes
        self._changed: set[str] | None = None  # state topics; None: all
        self._levels: tuple[LiveState, ...] = ()
        self._marked = lane.present().head_seq
        """the present that retained topics tell of"""
        self._wake = asyncio.Event()
        self.states = Keeper(f"{topics.root}/state/", self._mark_topic)

    # --- alarms -------------------------------------------------------------------------------------------------------

    async def deliver(self, connection: Connection) -> None:
        """Records in batches: highest level first, all acknowledged, then the cursor moves."""
        while True:
            records = await self._lane.next(BATCH)
            if not records:
                continue
            chosen = by_level(records)
            self._mark(records)
            if chosen:
                await self._announce(connection, chosen)
            self._lane.advance(records[-1].seq)
            self._strikes.clear()

    async def _announce(self, connection: Connection, chosen: Sequence[Record]) -> None:
        now = self._lane.clock.now()
        sent = [(r, m) for r in chosen for m in announcements(self._topics, r, now)]
        verdicts = await connection.send([m for _, m in sent])
        refused: dict[int, list[Refusal]] = {}
        for (record, _), verdict in zip(sent, verdicts, strict=True):
            if verdict is not None:
                refused.setdefault(record.seq, []).append(verdict)
        self._report([m for _, m in sent], verdicts)
        doubtful = [each for seq, found in refused.items() if (each := self._strike(seq, found))]
        if doubtful:
            raise Retry(f"{doubtful[0].topic}: {doubtful[0].reason}")
        for record in chosen:
            if found := refused.get(record.seq):
                self._lane.reject(record, "; ".join(f"{r.topic}: {r.reason}" for r in found))

    def _strike(self, seq: int, refused: Sequence[Refusal]) -> Refusal | None:
        """What a 3.1.1 broker has kept silent about, until it has done so often enough."""
        if any(r.code != NOT_READ_BACK for r in refused):
            return None
        strikes = self._strikes[seq] = self._strikes.get(seq, 0) + 1
        return refused[0] if strikes < STRIKES else None

    def _report(self, messages: Sequence[Message], verdicts: Sequence[Refusal | None]) -> None:
        accepted = [m.topic for m, v in zip(messages, verdicts, strict=True) if v is None]
        self._troubles.answered(self._lane, accepted, [v for v in verdicts if v is not None])

    # --- retained -----------------------------------------------------------------------------------------------------

    def _mark(self, records: Sequence[Record]) -> None:
        self._marked = max(self._marked, records[-1].seq)
        for record in records:
            event = record.event
            if event.event in {EventKind.CONFIG_CHANGED, EventKind.STARTED}:
                self._changed = None
            elif self._changed is not None and announced(event):
                self._changed.add(self._topics.state(event.installation, event.tag, event.rule))
        self._wake.set()

    def _mark_topic(self, topic: str) -> None:
        if self._changed is not None:
            self._changed.add(topic)
        self._wake.set()

    async def publish_present(self, connection: Connection) -> None:
        """All states and the levels as they are now."""
        self._changed, self._levels = None, ()
        await self._publish_changed(connection)

    async def keep(self, connection: Connection) -> None:
        """Publish what changed, as soon as it changed."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self._publish_changed(connection)

    async def follow(self) -> None:
        """A way that stands by is handed nothing, and what it keeps retained must be true all the same."""
        head, marked = self._lane.present().head_seq, self._marked
        while True:
            await self._lane.clock.sleep(FOLLOW_S)
            if self._marked == marked < head:
                self._marked, self._changed = head, None
                self._wake.set()
            head, marked = self._lane.present().head_seq, self._marked

    async def remind(self) -> None:
        """Everything again from time to time."""
        while True:
            await self._lane.clock.sleep(AGAIN_S)
            self._changed, self._levels = None, ()
            self._wake.set()

    async def _publish_changed(self, connection: Connection) -> None:
        only, self._changed = self._changed, set()
        present = self._lane.present()
        wanted: dict[str, bytes] = {}
        if present.levels and present.levels != self._levels:
            self._levels = present.levels
            wanted[self._topics.level] = level_body(present)
        wanted.update(state_messages(self._topics, present, only, self.states.known))
        refused = await self.states.put(connection, wanted)
        not_taken = {r.topic for r in refused}
        self._troubles.answered(self._lane, [t for t in wanted if t not in not_taken], refused)
