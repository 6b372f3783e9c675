"""The ordinary case, without a coroutine: every unit answers, nothing is refused, no device needs a rest.

Polls then run from one callback to the next: the clock's call, the answer, the next question. That costs a third of a
task that sleeps, waits for a future and is woken for each of them. Whatever is not ordinary ends it, and the bus, which
knows what to do then, makes the poll anew that was not finished.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.model.ports import Feed
from gateway.model.punctual import Appointment, Punctual
from gateway.model.times import NS
from gateway.sources.modbus.client import Line, Lost, Silent
from gateway.sources.modbus.counters import Counters
from gateway.sources.modbus.group import Group

LOOK_NS: Final = 2 * NS
"""An idle connection is looked at this often, so that a loss is seen although nothing is due."""


@dataclass(frozen=True, slots=True)
class Course:
    """What is polled, and what the bus says to it. Times are ns of the feed's clock."""

    groups: Sequence[Group]
    book: Callable[[Group, int], Counters]
    """(group, now): set the time of its next poll; who counts its questions"""
    served: Callable[[Group, int, int], bool]
    """(group, began, now): a poll is done; False: go on no further"""
    feed: Feed
    clock: Punctual
    timeout_s: float


class Coast:
    """See the module. One run of it; ``group`` is the one asked last."""

    def __init__(self, line: Line, course: Course) -> None:
        self.group = course.groups[0]
        self._line, self._course = line, course
        self._now, self._loop = course.feed.clock.now, asyncio.get_running_loop()
        self._over: asyncio.Future[Exception | None] = self._loop.create_future()
        self._appointment: Appointment | None = None
        self._expiry: asyncio.TimerHandle | None = None
        self._due: deque[Group] = deque()
        self._turn = self.group.turn(0)
        self._at = 0
        """which of the group's questions is asked"""
        self._counters: Counters | None = None
        self._asked_at = 0.0

    async def run(self) -> Exception | None:
        """Poll until something is not ordinary: why, when it is an error. What was under way is due at once."""
        self._wait(self._now())
        try:
            return await self._over
        finally:
            self._line.drop()
            for timer in (self._appointment, self._expiry):
                if timer is not None:
                    timer.cancel()

    def _end(self, why: Exception | None) -> None:
        if not self._over.done():
            self._over.set_result(why)

    def _wait(self, now: int) -> None:
        groups = self._course.groups
        due = groups[0].due if len(groups) == 1 else min(g.due for g in groups)
        self._appointment = self._course.clock.at(min(due, now + LOOK_NS), self._beat)

    def _beat(self, now: int) -> None:
        """The clock's call. A bug in it is this source's, not the event loop's; so in :meth:`_answered`."""
        if self._over.done():
            return
        try:
            self._due.extend([g for g in self._course.groups if g.due <= now])
            if self._line.up:
                self._poll(now)
            else:
                self._end(None)
        except Exception as error:  # noqa: BLE001 - raised again in run
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        if not self._over.done():
            self._over.set_exception(error)

    def _poll(self, now: int) -> None:
        if not self._due:
            self._wait(now)
            return
        self.group = self._due.popleft()
        self._counters = self._course.book(self.group, now)
        self._turn, self._at = self.group.turn(now), 0
        self._ask()

    def _ask(self) -> None:
        if self._counters is None or not self._line.up:
            self._answered(Lost("connection lost"))
            return
        self._counters.asked()
        self._asked_at = self._loop.time()
        self._expiry = self._loop.call_later(self._course.timeout_s, self._expired)
        self._line.pose(self.group.questions[self._at], self._answered)

    def _expired(self) -> None:
        self._answered(Silent(f"no answer within {self._course.timeout_s:g} s"))

    def _answered(self, answer: bytes | Exception) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
        if isinstance(answer, bytes) and self._counters is not None:
            try:
                self._counters.reply(int((self._loop.time() - self._asked_at) * NS))
                self._heard(answer)
            except Exception as error:  # noqa: BLE001 - raised again in run
                self._fail(error)
        elif isinstance(answer, Exception):
            self.group.due = self._now()
            self._end(answer)

    def _heard(self, data: bytes) -> None:
        if self._over.done():
            return
        group, turn, now = self.group, self._turn, self._now()
        turn.data[self._at], turn.at[self._at] = data, now
        self._at += 1
        if self._at < len(group.questions):
            self._ask()
            return
        self._course.feed.scan(group.done(turn, now))
        if self._course.served(group, turn.began, now):
            self._poll(now)
        else:
            self._end(None)
