"""The next way: an alarm whose delivery is not confirmed in time goes by another output, and comes back by itself.

A way that stands by has lanes that hand out nothing while the ways before it confirm. Once an alarm is overdue there,
the way is open: everything unconfirmed goes by it, and what comes goes by it at once, until nothing is overdue any
more. Each change is a fault of the way that failed, and that fault is never itself waited for: it would keep the way
open for ever.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from gateway.model.events import Record
from gateway.model.ports import Clock
from gateway.model.times import NS
from gateway.model.ways import Ways
from gateway.runtime.desk import Desk
from gateway.runtime.lanes import JournalLane, Wiring
from gateway.runtime.ledger import in_ledger
from gateway.runtime.signal import Signal
from gateway.runtime.troubles import Troubles

LOOK_S: Final = 1.0
PAGE: Final = 500
UNCONFIRMED: Final = "unconfirmed"


@dataclass(slots=True)
class Way:
    """One output of the row: the lane that confirms, and how long it has. Times ns."""

    output: str
    lane: JournalLane
    within: int
    open: bool = True
    """the first always is; a way that stands by, while one before it is late"""
    late: bool = False
    """an alarm is overdue here and on all ways before"""
    changed: Signal = field(default_factory=Signal)


class StandbyLane(JournalLane):
    """A lane that waits for the ways before it. ``confirmed``: the highest seq that any of them has delivered."""

    def __init__(self, name: str, wiring: Wiring) -> None:
        super().__init__(name, wiring)
        self.way: Way | None = None
        self.confirmed: Callable[[], int] = lambda: 0

    async def next(self, limit: int, timeout: float | None = None) -> Sequence[Record]:
        """Records that no way before has delivered in time."""
        while True:
            if letters := self._letters(limit):
                return letters
            self._skip()
            way = self.way
            if way is None or (way.open and self._position < self._desk.head_seq):
                return await super().next(limit, timeout)
            signal = self._desk.committed if way.open else way.changed
            if timeout == 0 or not await signal.wait(timeout):
                return ()

    def _skip(self) -> None:
        """What another way has delivered needs not go by this one, nor is it this one's doing in the ledger."""
        done = self.confirmed()
        if done > self.cursor:
            for waiting in (self._flying, self._unconfirmed):
                while waiting and waiting[0][0] <= done:
                    waiting.popleft()
            self.advance(done)
            self._position = max(self._position, self.cursor)


@dataclass(slots=True)
class Row:
    """The ways of one configured row, first to last."""

    ways: list[Way]
    desk: Desk
    clock: Clock
    troubles: Troubles
    _idle: tuple[int, int] = (0, 0)
    """behind the first seq, up to the second, stands no alarm that anybody waits for: looked at once"""

    def confirmed(self, index: int) -> int:
        """The highest seq that a way up to ``index`` has delivered."""
        return max((way.lane.cursor for way in self.ways[: index + 1]), default=0)

    async def look(self) -> None:
        """Open and close ways by what is overdue now."""
        late = True
        for index, way in enumerate(self.ways):
            way.open = late
            way.changed.fire()
            overdue = await self._overdue(index, way.within) if late else None
            late = overdue is not None
            self._tell(index, way, overdue)

    def _tell(self, index: int, way: Way, overdue: Record | None) -> None:
        if way.late == (overdue is not None):
            return
        way.late = overdue is not None
        after = self.ways[index + 1 :]
        by = f"goes by {after[0].output}" if after else "there is no further way"
        words = f"seq {overdue.seq} is not confirmed within {way.within / NS:g} s; {by}" if overdue else ""
        self.troubles(f"{way.lane.name}.{UNCONFIRMED}", active=way.late, detail=words)

    async def _overdue(self, index: int, within: int) -> Record | None:
        """The first alarm that has waited too long; the fault that says so does not count."""
        after, now = self.confirmed(index), self.clock.now()
        first, last = self._idle if self._idle[0] <= after <= self._idle[1] else (after, after)
        while last < self.desk.head_seq:
            records = await self.desk.records(last, PAGE)
            for record in records:
                if in_ledger(record.event) and not record.event.rule.endswith(f".{UNCONFIRMED}"):
                    return record if now - record.recorded >= within else None
                last = record.seq
                self._idle = (first, last)
            if not records:
                return None
        return None


async def watch(rows: Sequence[Row]) -> None:
    """Look at all rows once a second until cancelled."""
    while True:
        for row in rows:
            await row.look()
        await asyncio.sleep(LOOK_S)


def make_row(
    ways: Ways, lanes: Sequence[JournalLane], confirming: Callable[[str], bool], wiring: Wiring
) -> Row:
    """Join the lanes of the outputs that ``ways`` names. ``confirming``: a lane whose other side gives receipts."""
    row = Row([], wiring.desk, wiring.clock, wiring.troubles)
    for index, output in enumerate((ways.first, *ways.then)):
        mine = [lane for lane in lanes if lane.name.partition(".")[0] == output]
        best = sorted(mine, key=lambda lane: (not confirming(lane.name), not lane.name.endswith(".alarms")))
        way = Way(output, best[0], ways.within * (index + 1), open=index == 0)
        row.ways.append(way)
        for lane in mine:
            if isinstance(lane, StandbyLane):
                lane.way, lane.confirmed = way, lambda at=index - 1: row.confirmed(at)  # type: ignore[misc]
    return row
