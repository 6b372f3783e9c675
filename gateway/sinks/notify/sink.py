"""Messages to people, out of the journal: by the routing table, or of every alarm to a fixed list."""

import asyncio
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from math import inf
from typing import Final

from gateway.model.errors import Reject, Retry
from gateway.model.events import Record
from gateway.model.people import Person
from gateway.model.ports import EventLane
from gateway.model.site import Site
from gateway.sinks.notify.config import Settings
from gateway.sinks.notify.encode import ANNOUNCED, ASKED, Notice, subject, text
from gateway.sinks.notify.pool import Pool
from gateway.sinks.notify.rooms import PAUSE_S, Room
from gateway.sinks.notify.ways import LoginRefused, Sending

BATCH: Final = 200
FLOOR_S: Final = {"wecom": PAUSE_S, "dingtalk": PAUSE_S}
"""Whatever ``every`` says: a robot that is asked too often is shut, DingTalk's for ten minutes."""
LONGEST: Final = {"sms": 1_000, "wecom": 3_000, "dingtalk": 3_000}
"""Characters in one message: a quarter of an hour of SMS would be told, and repeated where its last part fails."""
LONGEST_WAIT_S: Final = 60.0
ROOM: Final = "(group)"
"""The one receiver of a robot: its chat group."""


class NotifySink:
    """See the package's README. One instance lives through all its lives; what it told is remembered between them."""

    def __init__(
        self, name: str, settings: Settings, open_way: Callable[[], AbstractContextManager[Sending]]
    ) -> None:
        self.name = f"{name}.people"
        self.lane = "events"
        self._settings, self._open = settings, open_way
        per = 2 if settings.language == "both" else 1
        self._pool = Pool(settings.every, FLOOR_S.get(settings.by, 0.0), LONGEST.get(settings.by, inf) / per)
        self._records: dict[int, Record] = {}
        self._refused: dict[int, list[str]] = {}
        """seq -> who can never be told of it, and why; a dead letter once the lane passes it"""
        self._untold: dict[str, str] = {}
        """receivers that could not be told the last time"""

    async def run(self, lane: EventLane) -> None:
        """Tell people until cancelled.

        Raises:
            Retry: the way is shut; everything is kept. Misconfigured: a secret is missing here, a file unfit.
        """
        last = lane.cursor
        while True:
            if not self._pool.full:
                records = await lane.next(BATCH, self._patience())
                for record in records:
                    self._take(lane, record)
                last = records[-1].seq if records else last
            else:
                await asyncio.sleep(self._patience())
            due = self._pool.due(time.monotonic())
            if due:
                try:
                    await self._tell(lane, due)
                except LoginRefused as error:
                    lane.trouble("login", active=True, detail=error.reason)
                    raise
            self._settle(lane, last)

    # --- who is to be told --------------------------------------------------------------------------------------------

    def _take(self, lane: EventLane, record: Record) -> None:
        event = record.event
        unsaid = event.shadow or event.recorded_only
        if event.level is None or unsaid or event.level.word not in self._settings.levels:
            return
        routed = self._settings.tells == "routed"
        if event.event not in (ASKED if routed else ANNOUNCED) or not (routed or event.announced):
            return
        people = [str(p) for p in event.detail.get("people", ())] if routed else []
        receivers = self._receivers(lane, people)
        if receivers:
            self._records[record.seq] = record
            self._pool.put(Notice(record.seq, event), receivers)

    def _receivers(self, lane: EventLane, people: Sequence[str]) -> list[str]:
        if self._settings.by in {"wecom", "dingtalk"}:
            return [ROOM]
        if self._settings.tells == "alarms":
            return list(self._settings.to)
        found = {each: self._contact(known(lane.site).get(each)) for each in people}
        without = [each for each, contact in found.items() if not contact]
        if people:
            lane.trouble("no-contact", active=bool(without), detail=", ".join(without))
        return [contact for contact in found.values() if contact]

    def _contact(self, person: Person | None) -> str:
        if person is None:
            return ""
        return person.email if self._settings.by == "smtp" else person.phone

    # --- telling ------------------------------------------------------------------------------------------------------

    async def _tell(self, lane: EventLane, due: Mapping[str, Sequence[Notice]]) -> None:
        """Everybody who is due; one who cannot be told keeps nobody else from it."""
        site, failures = lane.site, list[Retry]()
        for receiver, notices, error in await self._send_all(site, due):
            if isinstance(error, Retry):
                failures.append(error)
                continue
            self._note(receiver, notices, error)
            self._pool.sent(receiver, notices, time.monotonic())
        lane.trouble("not-told", active=bool(self._untold), detail="; ".join(self._untold.values()))
        if failures:
            raise failures[0]
        lane.trouble("login", active=False)

    def _note(self, receiver: str, notices: Sequence[Notice], error: Reject | None) -> None:
        """Told, or never to be told of these."""
        self._untold.pop(receiver, None)
        if error is not None:
            words = self._untold[receiver] = f"{receiver}: {error.reason}"
            for each in notices:
                self._refused.setdefault(each.seq, []).append(words)

    async def _send_all(
        self, site: Site, due: Mapping[str, Sequence[Notice]]
    ) -> list[tuple[str, Sequence[Notice], Reject | Retry | None]]:
        """One conversation for all who are due, in a thread; cancelled, it ends behind the part that is on its way."""
        language = self._settings.language
        work = [(r, n, subject(site, n, language), text(site, n, language)) for r, n in due.items()]
        phones = {r: mentioned(site, n) for r, n in due.items()}
        halt = threading.Event()

        def converse() -> list[tuple[str, Sequence[Notice], Reject | Retry | None]]:
            done: list[tuple[str, Sequence[Notice], Reject | Retry | None]] = []
            with self._open() as way:
                way.halt = halt
                for receiver, notices, head, words in work:
                    if isinstance(way, Room):
                        way.phones = phones[receiver]
                    done.append((receiver, notices, _try(way, receiver, head, words)))
            return done

        try:
            return await asyncio.shield(asyncio.to_thread(converse))
        except asyncio.CancelledError:
            halt.set()
            raise

    def _settle(self, lane: EventLane, last: int) -> None:
        """Everything below what still waits is settled."""
        lowest = self._pool.lowest()
        done = last if lowest is None else min(last, lowest - 1)
        past = max(done, lane.cursor)
        for seq in [s for s in self._refused if s <= past and (lowest is None or s < lowest)]:
            lane.reject(self._records[seq], "; ".join(self._refused.pop(seq)))
        if done > lane.cursor:
            lane.advance(done)
            self._pool.settled(done)
            self._records = {seq: r for seq, r in self._records.items() if seq > done}

    def _patience(self) -> float:
        at = self._pool.next_at()
        return LONGEST_WAIT_S if at is None else min(LONGEST_WAIT_S, max(0.05, at - time.monotonic()))


def _try(way: Sending, receiver: str, head: str, words: str) -> Reject | Retry | None:
    try:
        way.send(receiver, head, words)
    except (Reject, Retry) as error:
        return error
    return None


def known(site: Site) -> dict[str, Person]:
    """Persons by id."""
    return {person.id: person for person in site.people}


def mentioned(site: Site, notices: Sequence[Notice]) -> tuple[str, ...]:
    """Telephone numbers of the persons that these notices are for."""
    people = dict.fromkeys(str(p) for n in notices for p in n.event.detail.get("people", ()))
    return tuple(known(site)[p].phone for p in people if p in known(site) and known(site)[p].phone)
