"""The bounded intake: everything that reaches the engine passes here, in order of arrival.

A full intake loses readings only, and every loss becomes a ``Gap`` input of its own source as soon as there is room
(promise 4). Commands, link changes and faults are few and are never refused.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np

from gateway.model.batch import Batch, Scan, concat, of_scans
from gateway.model.calm import Calm, Cuts
from gateway.model.inputs import Gap, Input, LinkChange, Readings, Started, SystemFault, time_of
from gateway.model.ports import Clock
from gateway.model.times import NS

MAX_ROWS: Final = 200_000
"""About 6 MB of columns; 20 s of a plant of 10,000 tags at 1 Hz."""
JOINED_ROWS: Final = 2_048
JOINED_NS: Final = NS // 20
"""Readings that arrive together, of many devices asked in the same second, are one input: engine and journal cost by
the input. Received further apart than this they stay apart, so that engine time moves as finely as it did."""

LONGEST_WORDS: Final = 2_000
_WORDS: Final[dict[type[Any], str]] = {LinkChange: "reason", Gap: "why", SystemFault: "detail"}


@dataclass(slots=True)
class Item:
    """One input waiting to be numbered, and whom to tell after the commit."""

    input: Input
    done: tuple[Callable[[], None], ...] = ()
    soon: bool = False
    """the source waits for the commit"""
    along: tuple[Callable[[], None], ...] = ()
    """store calls that belong into the same commit; repeated, they change nothing"""
    number: int = 0
    """given by the pipeline"""


@dataclass(slots=True)
class _Loss:
    start: int
    end: int
    count: int


@dataclass(slots=True)
class Intake:
    """Queue between sources and the pipeline, in one event loop."""

    clock: Clock
    table: str
    max_rows: int = MAX_ROWS
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    cuts: Cuts = ()
    """see :mod:`gateway.model.calm`"""
    tap: Callable[[Sequence["Item"]], None] | None = None
    """hears everything that goes on to be judged (a drill, on top of live values); must not block or fail"""
    first_heard: int = 0
    """when the first reading came, ns; 0: none yet"""
    _items: deque[Item] = field(default_factory=deque)
    _scans: list[Scan] = field(default_factory=list)
    """the newest readings, not yet one input"""
    _rows: int = 0
    _scanned: int = 0
    _began: int = 0
    _lost: dict[str, _Loss] = field(default_factory=dict)
    _links: dict[str, bool] = field(default_factory=dict)
    _roomy: asyncio.Event = field(default_factory=asyncio.Event)
    _held: dict[str, Callable[[], None]] = field(default_factory=dict)
    """by source: hands on what it lets wait"""

    def __post_init__(self) -> None:
        self._roomy.set()

    def put(
        self,
        item: Input,
        done: Callable[[], None] | None = None,
        *,
        soon: bool = False,
        along: Callable[[], None] | None = None,
    ) -> None:
        """Queue an input that must not be lost. ``along``: a store call that is committed together with it or not at
        all.
        """
        self._close()
        dones, alongs = (done,) if done is not None else (), (along,) if along is not None else ()
        self._items.append(Item(_speakable(item), dones, soon, along=alongs))
        self.wake.set()

    def put_first(self, item: Input) -> None:
        """Queue before everything that waits (``started`` comes before the readings polled during the start)."""
        self._items.appendleft(Item(item))
        self.wake.set()

    def put_behind(self, item: Started) -> None:
        """Queue where the outage began, before all that came later: nothing may grow old by it."""
        self.fetch()
        self._close()
        later: deque[Item] = deque()
        while self._items and time_of(self._items[-1].input) > item.down_since:
            later.appendleft(self._items.pop())
        self._items += [Item(item), *later]
        self.wake.set()

    def readings(
        self, who: str, batch: Batch, done: Callable[[], None] | None, *, soon: bool = False
    ) -> bool:
        """Queue readings; False when there is no room (the loss is remembered)."""
        if not len(batch):
            self.put(Readings(batch), done, soon=soon)
            return True
        if not self._take(len(batch)):
            self._lose(who, int(batch.source.min()), int(batch.source.max()), len(batch))
            return False
        self.put(Readings(batch), done, soon=soon)
        return True

    def scan(self, who: str, scan: Scan) -> bool:
        """Queue readings of one poll, at least one; False when there is no room (the loss is remembered)."""
        rows = len(scan.tag)
        if not self._take(rows):
            self._lose(who, int(np.min(scan.at)), int(np.max(scan.at)), rows)
            return False
        at = scan.time
        if self._scans and (not 0 <= at - self._began <= JOINED_NS or self._scanned + rows > JOINED_ROWS):
            self._close()
        if not self._scans:
            self._began = at
        self._scans.append(scan)
        self._scanned += rows
        self.wake.set()
        return True

    def _take(self, rows: int) -> bool:
        self.first_heard = self.first_heard or self.clock.now()
        if self._rows + rows > self.max_rows:
            return False
        self._rows += rows
        if self._rows > self.max_rows // 2:
            self._roomy.clear()
        return True

    def _close(self) -> None:
        """Scans that came together become an input, in their place."""
        if self._scans:
            self._items.append(Item(Readings(of_scans(self.table, self._scans))))
            self._scans, self._scanned = [], 0

    def link(self, link: str, *, up: bool, reason: str = "") -> None:
        """Queue a change of a link's state; repeats are dropped, but never what is said first.

        The engine may remember from before a restart that the link was down: it must hear that it is back.
        """
        if self._links.get(link) != up:
            self._links[link] = up
            self.put(LinkChange(self.clock.now(), link, up, reason))

    def drain(self) -> list[Item]:
        """Everything queued, oldest first, behind it the gap records of what was lost meanwhile."""
        woken = self.wake.is_set()
        if self.fetch() and not woken:
            self.wake.clear()
        self._close()
        items = joined(self._items)
        self._items.clear()
        self._rows = 0
        self._roomy.set()
        now = self.clock.now()
        items += [
            Item(Gap(now, who, loss.start, loss.end, loss.count, "intake full"))
            for who, loss in sorted(self._lost.items())
        ]
        self._lost.clear()
        if self.tap is not None:
            self.tap(items)
        return items

    async def room(self) -> None:
        """Wait until the queue is at most half full."""
        await self._roomy.wait()

    def hold(self, who: str, call: Callable[[], None] | None) -> None:
        """See :meth:`gateway.model.ports.Feed.fetch`."""
        self._held.pop(who, None)
        if call is not None:
            self._held[who] = call

    def fetch(self) -> bool:
        """Take what sources let wait; whether something did."""
        before = len(self._items)
        for call in tuple(self._held.values()):
            call()
        return len(self._items) > before

    @property
    def rows(self) -> int:
        """Readings waiting."""
        return self._rows

    def oldest(self) -> int:
        """When the first of what waits came, ns; now if nothing waits."""
        self._close()
        return min(time_of(self._items[0].input), self.clock.now()) if self._items else self.clock.now()

    def _lose(self, who: str, start: int, end: int, count: int) -> None:
        known = self._lost.get(who)
        if known is None:
            self._lost[who] = _Loss(start, end, count)
        else:
            known.start, known.end = min(known.start, start), max(known.end, end)
            known.count += count
        self.wake.set()


def _speakable(item: Input) -> Input:
    """Words of others (a driver's, an exception's) may be no Unicode, or have no end; the journal must take them."""
    name = _WORDS.get(type(item))
    if name is None:
        return item
    words = getattr(item, name)
    plain = words[:LONGEST_WORDS].encode(errors="backslashreplace").decode()
    return item if plain == words else replace(item, **{name: plain})


def joined(items: Iterable[Item]) -> list[Item]:
    """Neighbouring readings as one; whatever stands between them keeps them apart, and order is kept."""
    found: list[Item] = []
    run: list[Item] = []
    began = rows = 0
    for item in items:
        batch = item.input.batch if isinstance(item.input, Readings) else None
        at = int(batch.received[0]) if batch else 0
        if run and (batch is None or not 0 <= at - began <= JOINED_NS or rows + len(batch) > JOINED_ROWS):
            found.append(_one(run))
            run = []
        if batch:
            if not run:
                began, rows = at, 0
            run.append(item)
            rows += len(batch)
        else:
            found.append(item)
    return [*found, _one(run)] if run else found


def _one(run: list[Item]) -> Item:
    if len(run) == 1:
        return run[0]
    batches = [i.input.batch for i in run if isinstance(i.input, Readings)]
    done, along = tuple(d for i in run for d in i.done), tuple(a for i in run for a in i.along)
    return Item(Readings(concat(batches[0].table, batches)), done, any(i.soon for i in run), along=along)


@dataclass(frozen=True, slots=True)
class SourceFeed:
    """The :class:`gateway.model.ports.Feed` of one source."""

    who: str
    intake: Intake

    @property
    def clock(self) -> Clock:
        """Stamps ``received``."""
        return self.intake.clock

    @property
    def table(self) -> str:
        """Tag-table id for batches."""
        return self.intake.table

    def readings(self, batch: Batch, done: Callable[[], None] | None = None, *, soon: bool = False) -> bool:
        """See :class:`gateway.model.ports.Feed`."""
        return self.intake.readings(self.who, batch, done, soon=soon)

    def scan(self, scan: Scan) -> bool:
        """See :class:`gateway.model.ports.Feed`."""
        return self.intake.scan(self.who, scan)

    def link(self, link: str, *, up: bool, reason: str = "") -> None:
        """See :class:`gateway.model.ports.Feed`."""
        self.intake.link(link, up=up, reason=reason)

    def gap(self, who: str, start: int, end: int, count: int, why: str) -> None:
        """See :class:`gateway.model.ports.Feed`."""
        self.intake.put(Gap(self.clock.now(), who, start, end, count, why))

    async def room(self) -> None:
        """See :class:`gateway.model.ports.Feed`."""
        await self.intake.room()

    def calm(self) -> Calm:
        """See :class:`gateway.model.ports.Feed`."""
        return Calm(self.intake.cuts)

    def fetch(self, call: Callable[[], None] | None) -> None:
        """See :class:`gateway.model.ports.Feed`."""
        self.intake.hold(self.who, call)
