"""The event lane behind a county: its receipts move the cursor, and what it lacks is sent again."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from gateway.model.events import Record
from gateway.model.ports import EventLane
from gateway.model.times import NS
from gateway.sinks.mqtt.receipts import Receipt, objection, parse

LAG_S: Final = 30.0
"""What is not confirmed for this long is sent again from the last receipt..."""
LONGEST_LAG_S: Final = 600.0
"""... and, while no receipt comes at all, each time after twice as long as before, up to this."""
LOOK_S: Final = 1.0
PAGE: Final = 500
MOST: Final = 5_000
"""Records sent again for one receipt; the next receipt asks for the rest."""
KEPT: Final = 16
"""Receipts that wait to be looked at, at most: the newest. A false one is told of though a true one follows at once."""
AGAIN_NS: Final = 5 * NS
"""A range that was just sent again is not sent once more until it had time to be stored."""

Send = Callable[[Sequence[Record]], Awaitable[None]]


class Confirmation:
    """One connection's receipts. ``send`` publishes records once more."""

    def __init__(self, lane: EventLane, topic: str, send: Send) -> None:
        self._lane, self._topic, self._send = lane, topic, send
        self._waiting: deque[bytes] = deque(maxlen=KEPT)
        self._news = asyncio.Event()
        self._resent: list[tuple[int, int, int]] = []
        """first, last, when (ns)"""
        self._moved = lane.clock.now()
        self._lag_s = LAG_S

    def heard(self, topic: str, payload: bytes, retained: bool) -> None:  # noqa: FBT001, ARG002 - the connection's callback
        """A message came in; of the receipts, each is checked and the newest that can be believed counts."""
        if topic == self._topic and payload:
            self._waiting.append(payload)
            self._news.set()

    async def run(self) -> None:
        """Take receipts, and send again what they do not confirm, until cancelled."""
        while True:
            try:
                async with asyncio.timeout(LOOK_S):
                    await self._news.wait()
            except TimeoutError:
                await self._overdue()
                continue
            self._news.clear()
            newest = None
            while self._waiting:
                newest = await self._believed(self._waiting.popleft()) or newest
            if newest is not None:
                await self._take(newest)

    async def _believed(self, payload: bytes) -> Receipt | None:
        """The receipt; none, and a trouble, when it is not of our journal."""
        try:
            receipt = parse(payload)
            words = objection(receipt, self._lane.present(), await self._hash(receipt.contiguous))
        except ValueError as error:
            receipt, words = None, str(error)
        self._lane.trouble("receipt", active=bool(words), detail=words)
        return None if words else receipt

    async def _take(self, receipt: Receipt) -> None:
        self._settle(receipt)
        said = "; ".join(f"seq {r.seq}: {r.reason}" for r in receipt.refused[:5])
        self._lane.trouble("receipt-refused", active=bool(receipt.refused), detail=said)
        await self._fill(receipt)

    def _settle(self, receipt: Receipt) -> None:
        lane = self._lane
        if receipt.contiguous > lane.cursor:
            lane.stored(receipt.contiguous)
            self._moved, self._lag_s = lane.clock.now(), LAG_S
        lost = lane.cursor - receipt.contiguous if receipt.contiguous else 0
        words = f"the county had confirmed seq {lane.cursor} and now has no more than {receipt.contiguous}"
        if lost > 0:
            lane.trouble("county-lost", active=True, detail=words)
            lane.back(receipt.contiguous)
        elif not receipt.missing:
            lane.trouble("county-lost", active=False)

    async def _fill(self, receipt: Receipt) -> None:
        """Send the ranges the county lacks; what is on its way, for the first time or again, is left to come."""
        now, left = self._lane.clock.now(), MOST
        self._resent = [each for each in self._resent if now - each[2] < AGAIN_NS]
        for first, last in receipt.missing:
            start = self._behind_resent(first)
            stop = min(last, start + left - 1, self._lane.position)
            if start <= stop:
                left -= stop - start + 1
                self._resent.append((start, stop, now))
                await self._again(start, stop)

    def _behind_resent(self, first: int) -> int:
        """The first number from ``first`` on that was not sent again a moment ago."""
        for start, stop, _ in self._resent:
            if start <= first <= stop:
                first = stop + 1
        return first

    async def _overdue(self) -> None:
        """Nothing was confirmed for too long though something was sent: from the last receipt once more."""
        lane = self._lane
        if lane.position <= lane.cursor:
            self._moved = lane.clock.now()
            return
        if lane.clock.now() - self._moved < self._lag_s * NS:
            return
        self._lag_s = min(2 * self._lag_s, LONGEST_LAG_S)
        await self._again(lane.cursor + 1, min(lane.position, lane.cursor + MOST))
        self._moved = lane.clock.now()

    async def _again(self, first: int, last: int) -> None:
        after = first - 1
        while after < last:
            records = [r for r in await self._lane.again(after, min(PAGE, last - after)) if r.seq <= last]
            if not records:
                return
            await self._send(records)
            after = records[-1].seq

    async def _hash(self, seq: int) -> str:
        """What our journal has there; empty where it has nothing."""
        found = await self._lane.again(seq - 1, 1) if seq > 0 else ()
        return found[0].hash if found and found[0].seq == seq else ""
