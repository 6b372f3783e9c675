"""One connection and the units behind it: who is asked when, and what is said of links. The only task of the source.

Polls fall on whole multiples of their period on the wall clock, or a fixed phase behind them, so they do not drift and
the devices of a plant are heard together. Of what is due the quick are asked before the slow. What a unit takes of the
line while others wait it owes, and pays back at the settings' share of the time; while it owes it is asked only when
nobody much quicker is due before it would be done. Turns so long that the quicker would miss polls have half that
share, all together. So a slow unit, or a dead one, gets its share and no more; where all are slow, all are alike.

A unit that fails twice in a row is said to be down and from then on only probed, with short questions and growing
rests; its first answer brings it back at once.
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from gateway.model.batch import Scan
from gateway.model.errors import Retry
from gateway.model.ports import Feed
from gateway.model.punctual import Punctual
from gateway.model.times import NEVER, NS
from gateway.sources.modbus.client import Line, Lost, Silent
from gateway.sources.modbus.coast import Coast, Course
from gateway.sources.modbus.counters import Counters
from gateway.sources.modbus.dial import Connection, Dial
from gateway.sources.modbus.frames import DeviceException, Garbled, Question
from gateway.sources.modbus.group import SILENT_CODES, Group
from gateway.sources.modbus.settings import Polling

FIRST_S: Final = 0.2
MISSES: Final = 20
"""At most every so many-th poll of the others is missed for the sake of a slow unit."""
LONGEST_DEBT: Final = 30 * NS
"""A turn in which much was learnt was long, and the next will not be."""
LOOK_S: Final = 2.0
"""An idle connection is looked at this often, so that a loss is seen although nothing is due."""


def rest(attempt: int, most_s: float) -> float:
    """Full jitter: uniform in 0..min(most, 0.2 * 2^attempt) seconds, never under 50 ms."""
    return max(0.05, random.random() * min(most_s, FIRST_S * 2.0 ** min(attempt, 16)))  # noqa: S311 - not a secret


@dataclass(slots=True)
class Unit:
    """What is known of one device. Times are of the feed's clock, ns."""

    link: str
    counters: Counters
    groups: list[Group] = field(default_factory=list)
    alive: bool | None = None
    """None: not heard yet"""
    failures: int = 0
    """in a row"""
    probes: int = 0
    probe_at: int = 0
    took: int = 0
    """of the line's time, by its last turn"""
    owes_until: int = 0


@dataclass(frozen=True, slots=True)
class Job:
    """What one source reads, and how. ``phase`` is ns behind the whole multiples of a period."""

    name: str
    settings: Polling
    groups: Sequence[Group]
    counters: dict[int, Counters]
    """of each unit, and of the line under -1"""
    dial: Dial
    phase: int = 0


LINE: Final = -1


class Bus:
    """See the module. Made anew for each run of the source; counters and groups (what was learnt) live on."""

    def __init__(self, job: Job, feed: Feed) -> None:
        self._name, self._settings, self._groups = job.name, job.settings, job.groups
        self._counters, self._feed, self._clock = job.counters[LINE], feed, feed.clock
        self._dial, self._phase = job.dial, job.phase
        self._timeout_s = job.settings.timeout / NS
        self._ask_s = self._timeout_s
        self._units = {g.unit: Unit(f"{job.name}.{g.unit}", job.counters[g.unit]) for g in job.groups}
        for group in job.groups:
            self._units[group.unit].groups.append(group)
        self._alone = len(self._units) == 1
        self._cycle = min(g.period for g in job.groups)
        self._brief = self._cycle // 10
        self._strained_until = 0
        """no turn before then that makes others miss polls"""
        self._spent = False
        """the first failure of the next poll has been had already"""
        self._line: Connection | None = None
        self._up: bool | None = None
        self._loop = asyncio.get_running_loop()

    async def run(self) -> None:
        """Poll until cancelled."""
        now = self._clock.now()
        for group in self._groups:
            group.due = now
        try:
            await self._recover("starting")
            while True:
                await self._coast()
                await self._step()
        finally:
            if self._line is not None:
                await self._line.close()

    async def _coast(self) -> None:
        """Poll the cheap way, as long as all is ordinary."""
        clock, line = self._clock, self._line
        if not (isinstance(clock, Punctual) and isinstance(line, Line) and self._ordinary()):
            return
        coast = Coast(
            line, Course(self._groups, self._book, self._served, self._feed, clock, self._timeout_s)
        )
        why = await coast.run()
        unit = self._units[coast.group.unit]
        if isinstance(why, DeviceException):
            unit.counters.count("refused")
        elif isinstance(why, Retry):
            unit.counters.count(_kind(why))
            self._spent = self._alone
            if not self._alone:
                self._failed(coast.group, unit, why.reason)

    def _ordinary(self) -> bool:
        """Every unit answers, quickly where others wait; nothing is left out of a poll; no device needs a rest."""
        units = self._units.values()
        healthy = all(u.alive and self._quick(u) for u in units) and all(g.plain for g in self._groups)
        return healthy and self._up is True and not self._settings.pause

    def _quick(self, unit: Unit) -> bool:
        """All units could be as slow as this one and would still take no more than the share of a cycle."""
        return self._alone or unit.took * len(self._groups) <= self._settings.share * self._cycle

    def _served(self, group: Group, began: int, now: int) -> bool:
        """A poll of the cheap way is done; False: this unit is too slow for it."""
        unit = self._units[group.unit]
        unit.counters.polls += 1
        self._counters.polls += 1
        unit.took = now - began
        if self._quick(unit):
            return True
        self._settle(unit, began)
        return False

    async def _step(self) -> None:
        """Serve one group, or wait for the next."""
        if self._line is None or not self._line.up:
            await self._recover("connection lost")
        group, when = self._next(self._clock.now())
        if group is not None:
            await self._turn(group)
        else:
            await self._clock.sleep(min(max(0, when - self._clock.now()) / NS, LOOK_S))

    def _next(self, now: int) -> tuple[Group | None, int]:
        """Who is asked now: the quick before the slow, but for what waits long; or None, and when to look again."""
        best, first, when = None, NEVER, NEVER
        for group in self._groups:
            unit = self._units[group.unit]
            due = self._due(group, unit)
            if due > now:
                when = min(when, due)
                continue
            cost = self._cost(unit)
            wait = 0 if self._alone else self._wait(unit, now, cost)
            if wait > now:
                when = min(when, wait)
            elif (rank := due + int(cost / self._settings.share)) < first:
                best, first = group, rank
        return best, when

    def _wait(self, unit: Unit, now: int, cost: int) -> int:
        """Until when the unit has to wait for the others' sake; ``now`` or before: not at all."""
        if unit.owes_until <= now and cost < self._brief:
            return now
        others = self._quicker(unit, cost)
        end = now + cost
        if unit.owes_until > now and any(g.due < end for u in others for g in u.groups):
            return unit.owes_until
        busy = sum(u.took for u in others)
        missed = [g for u in others for g in u.groups if g.due + g.period < end + busy]
        if not missed:
            return now
        if cost + 2 * busy <= 2 * min(g.period for g in missed):  # behind their next turn it will do no harm
            return max(now + 1, min(g.due for g in missed))
        return self._strained_until

    def _quicker(self, unit: Unit, cost: int) -> list[Unit]:
        """Those who would wait for it and take less than half of its time."""
        return [u for u in self._units.values() if u is not unit and u.alive and 2 * u.took < cost]

    def _due(self, group: Group, unit: Unit) -> int:
        """A unit that is down is asked by its first group alone, when its rest is over."""
        if unit.alive is not False:
            return group.due
        return unit.probe_at if group is unit.groups[0] else NEVER

    def _cost(self, unit: Unit) -> int:
        """What its next turn will take, as far as is known."""
        if unit.alive is None:
            return self._settings.timeout if unit.failures else 0
        return unit.took if unit.alive else int(self._patience(unit.probes + 1) * NS)

    async def _turn(self, group: Group) -> None:
        unit, began = self._units[group.unit], self._clock.now()
        self._book(group, began)
        lost, was_down = None, unit.alive is False
        try:
            await self._serve(group, unit)
        except Lost as error:
            lost = error
        if not self._alone:
            self._settle(unit, began)
        if was_down and unit.alive:
            unit.took = 0  # the turn that found it again was long; the next is a healthy unit's
        if lost is not None:
            if not self._alone:  # it may be this unit that makes the other side hang up
                self._failed(group, unit, lost.reason)
            await self._recover(lost.reason)

    def _settle(self, unit: Unit, began: int) -> None:
        """What the turn cost, and what the unit and the line owe for it."""
        now = self._clock.now()
        unit.took = now - began
        unit.owes_until = began + min(int(unit.took / self._settings.share), LONGEST_DEBT)
        others = self._quicker(unit, unit.took)
        end = now + sum(u.took for u in others)
        missed = [end - g.due for u in others for g in u.groups if g.due + g.period < end]
        if missed:
            rest = max(2 * unit.took / self._settings.share, MISSES * max(missed))
            self._strained_until = max(self._strained_until, began + min(int(rest), LONGEST_DEBT))

    def _book(self, group: Group, now: int) -> Counters:
        """The next whole period (and the phase) after now; those passed over are counted. Who counts."""
        period, unit = group.period, self._units[group.unit]
        phase = self._phase % period
        passed = (now - group.due) // period
        if passed > 0 and group.due % period == phase and unit.alive is not False:
            unit.counters.count("overdue", passed)
        group.due = ((now - phase) // period + 1) * period + phase
        return unit.counters

    async def _serve(self, group: Group, unit: Unit) -> None:
        try:
            if unit.alive is False:
                await self._probe(group, unit)
            scan = await group.poll(
                self._ask, self._clock.now, self._settings.reprobe, patient=self._alone and not self._spent
            )
        except (Silent, Garbled) as error:
            self._failed(group, unit, error.reason)
            await self._doubt()
        else:
            self._heard(unit)
            self._send(unit, scan)
        finally:
            self._spent = False

    def _failed(self, group: Group, unit: Unit, why: str) -> None:
        """The first failure of a unit that shares its line is asked again behind the others; a second is said."""
        unit.failures += 1
        if unit.alive is False or unit.failures > 1 or self._alone:
            self._silent(unit, why)
        else:
            group.due = self._clock.now()

    def _patience(self, probes: int) -> float:
        """Three of four probes of a dead unit give up early while others live, so that they wait less; seconds."""
        others = any(u.alive for u in self._units.values())
        return self._timeout_s / 4 if others and probes % 4 else self._timeout_s

    async def _probe(self, group: Group, unit: Unit) -> None:
        """One short question to a unit that is down."""
        unit.probes += 1
        self._ask_s = self._patience(unit.probes)
        try:
            await self._ask(group.first())
        except DeviceException:
            return
        finally:
            self._ask_s = self._timeout_s

    async def _ask(self, asked: Question) -> bytes:
        if self._line is None or not self._line.up:
            self._line = await self._dial()
        if self._settings.pause:
            await self._clock.sleep(self._settings.pause / NS)
        counters, began = self._units[asked.unit].counters, self._loop.time()
        counters.asked()
        try:
            data = await self._line.ask(asked, self._ask_s)
        except Retry as error:
            counters.count(_kind(error))
            raise
        except DeviceException as refusal:
            counters.count("refused")
            if refusal.code in SILENT_CODES:
                raise Silent(refusal.reason) from refusal
            raise
        counters.reply(int((self._loop.time() - began) * NS))
        return data

    def _send(self, unit: Unit, scan: Scan) -> None:
        unit.counters.count("polls")
        if len(scan.tag):
            self._feed.scan(scan)

    def _heard(self, unit: Unit) -> None:
        unit.failures = 0
        if self._up is not True:
            self._up = True
            self._counters.up = True
            self._feed.link(self._name, up=True)
        if unit.alive is not True:
            for group in unit.groups if unit.alive is False else ():
                group.back()
                group.due = min(group.due, self._clock.now())
            unit.alive, unit.probes = True, 0
            unit.counters.up = True
            self._feed.link(unit.link, up=True)

    def _silent(self, unit: Unit, why: str) -> None:
        if unit.alive is not False:
            unit.alive, unit.probes = False, 0
            unit.counters.up = False
            self._feed.link(unit.link, up=False, reason=why)
        unit.probe_at = self._clock.now() + int(rest(unit.probes, self._settings.retry_max / NS) * NS)

    async def _doubt(self) -> None:
        """Nobody on this connection answers: it may be half open, and only a new one can tell."""
        if self._line is not None and not any(u.alive for u in self._units.values()):
            await self._line.close()

    async def _recover(self, why: str) -> None:
        """A connection again, however long it takes; the link is down when it is not back within the timeout."""
        self._line, attempt, began = None, 0, self._loop.time()
        while self._line is None:
            try:
                self._line = await self._dial()
            except Lost as error:
                self._counters.count("lost")
                why = error.reason
                if self._up is not False and self._loop.time() - began >= self._timeout_s:
                    self._up = False
                    self._counters.up = False
                    self._feed.link(self._name, up=False, reason=why)
                await self._clock.sleep(rest(attempt, self._settings.retry_max / NS))
                attempt += 1
        if self._up is False:
            self._forgive()
        now = self._clock.now()
        for group in self._groups:
            group.due = min(group.due, now)

    def _forgive(self) -> None:
        """The line was down for all: how long turns took before then says nothing of those that come."""
        self._strained_until = 0
        for unit in self._units.values():
            unit.took = 0


def _kind(error: Retry) -> str:
    """What it is counted as."""
    if isinstance(error, Silent):
        return "silent"
    return "garbled" if isinstance(error, Garbled) else "lost"
