"""The one source of a drill: live inputs as they come, less what the script speaks for, and the script in its time."""

from collections import deque
from collections.abc import Sequence
from typing import Final

from gateway.exercise.overlay import Overlay
from gateway.exercise.script import Script, Turned
from gateway.model.inputs import Gap, Input, LinkChange, Readings
from gateway.model.ports import Feed
from gateway.model.times import NS
from gateway.runtime.intake import Item
from gateway.runtime.signal import Signal

NAME: Final = "exercise"
MOST: Final = 20_000
"""live inputs that wait for a drill that is starting; about a minute of a large plant"""
LONGEST_WAIT_S: Final = 1.0


class DrillSource:
    """Listens to the real gateway's intake from when it is made (:meth:`hear`); speaks when it is run."""

    def __init__(self, script: Script, overlay: Overlay) -> None:
        self.name = NAME
        self._script, self._overlay = script, overlay
        self._waiting: deque[Input] = deque()
        self._lost = 0
        self._more = Signal()
        self._next = 0
        self.started = 0
        """when the script began, ns; 0: not yet"""

    def hear(self, items: Sequence[Item]) -> None:
        """What the real gateway is about to judge. Never blocks; what finds no room is told as a gap of the drill."""
        for item in items:
            if isinstance(item.input, Readings | LinkChange | Gap):
                if len(self._waiting) < MOST:
                    self._waiting.append(item.input)
                else:
                    self._lost += 1
        self._more.fire()

    def begin(self, now: int) -> None:
        """The script begins at ``now``, ns."""
        self.started = now
        self._overlay.begin(now)
        self._more.fire()

    @property
    def over(self) -> bool:
        """All lines of the script were said."""
        return bool(self.started) and self._next >= len(self._script.lines)

    async def run(self, feed: Feed) -> None:
        """Speak until cancelled."""
        while True:
            self._forward(feed)
            self._speak(feed)
            await self._more.wait(self._until_next(feed))

    def _forward(self, feed: Feed) -> None:
        while self._waiting:
            for item in self._overlay.live(self._waiting.popleft()):
                _give(feed, item)
        if self._lost:
            lost, self._lost, now = self._lost, 0, feed.clock.now()
            feed.gap(NAME, now, now, lost, "live inputs found no room in the drill")

    def _speak(self, feed: Feed) -> None:
        lines = self._script.lines
        while self.started and self._next < len(lines):
            line = lines[self._next]
            if self.started + line[0] > feed.clock.now():
                return
            self._next += 1
            for said in self._overlay.scripted(line):
                if isinstance(said, Turned):
                    feed.link(said.link, up=said.up, reason="exercise")
                else:
                    feed.readings(said)

    def _until_next(self, feed: Feed) -> float:
        if not self.started or self.over:
            return LONGEST_WAIT_S
        due = self.started + self._script.lines[self._next][0]
        speed = float(getattr(feed.clock, "speed", 1.0))
        return min(max(0.0, (due - feed.clock.now()) / NS / speed), LONGEST_WAIT_S)


def _give(feed: Feed, item: Input) -> None:
    if isinstance(item, Readings):
        feed.readings(item.batch)
    elif isinstance(item, LinkChange):
        feed.link(item.link, up=item.up, reason=item.reason)
    elif isinstance(item, Gap):
        feed.gap(item.who, item.start, item.end, item.count, item.why)
