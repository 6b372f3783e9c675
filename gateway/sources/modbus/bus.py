"""One connection and the units behind it: who is asked when, and what is said of links. The only task of the source.

Polls fall on whole multiples of their period on the wall clock, or a fixed phase behind them, so they do not drift and
the devices of a plant are heard together. A unit that fails twice in a row is said to be down and from then on only
probed, after the healthy ones, with short questions and growing rests; its first answer brings it back at once.
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from gateway.model.batch import Batch
from gateway.model.errors import Retry
from gateway.model.ports import Feed
from gateway.model.times import NS
from gateway.sources.modbus.client import Lost, Silent
from gateway.sources.modbus.counters import Counters
from gateway.sources.modbus.dial import Connection, Dial
from gateway.sources.modbus.frames import DeviceException, Garbled, Question
from gateway.sources.modbus.group import SILENT_CODES, Group, Outcome
from gateway.sources.modbus.settings import Polling

FIRST_S: Final = 0.2
LOOK_S: Final = 2.0
"""An idle connection is looked at this often, so that a loss is seen although nothing is due."""


def rest(attempt: int, most_s: float) -> float:
    """Full jitter: uniform in 0..min(most, 0.2 * 2^attempt) seconds, never under 50 ms."""
    return max(0.05, random.random() * min(most_s, FIRST_S * 2.0 ** min(attempt, 16)))  # noqa: S311 - not a secret


@dataclass(slots=True)
class Unit:
    """What is known of one device."""

    link: str
    alive: bool | None = None
    """None: not heard yet"""
    probes: int = 0
    probe_at: int = 0


@dataclass(frozen=True, slots=True)
class Job:
    """What one source reads, and how. ``phase`` is ns behind the whole multiples of a period."""

    name: str
    settings: Polling
    groups: Sequence[Group]
    counters: Counters
    dial: Dial
    phase: int = 0


class Bus:
    """See the module. Made anew for each run of the source; ``counters`` and ``groups`` (what was learnt) live on."""

    def __init__(self, job: "Job", feed: Feed) -> None:
        self._name, self._settings, self._groups = job.name, job.settings, job.groups
        self._counters, self._feed, self._clock = job.counters, feed, feed.clock
        self._dial, self._phase = job.dial, job.phase
        self._timeout_s = job.settings.timeout / NS
        self._ask_s = self._timeout_s
        self._units = {g.unit: Unit(f"{job.name}.{g.unit}") for g in job.groups}
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
                await self._next_due()
                await self._round()
        finally:
            if self._line is not None:
                await self._line.close()

    async def _next_due(self) -> None:
        due = min(g.due for g in self._groups)
        while (wait := due - self._clock.now()) > 0:
            if self._line is None or not self._line.up:
                return
            await self._clock.sleep(min(wait / NS, LOOK_S))

    async def _round(self) -> None:
        """One turn over all groups that are due, healthy units first."""
        if self._line is None or not self._line.up:
            await self._recover("connection lost")
        now = self._clock.now()
        due = [g for g in self._groups if g.due <= now]
        due.sort(key=lambda g: self._units[g.unit].alive is False)
        for group in due:
            self._book(group)
            try:
                await self._serve(group)
            except Lost as error:
                await self._recover(error.reason)
                return

    def _book(self, group: Group) -> None:
        """The next whole period (and the phase) after now; those passed over are counted."""
        now, period = self._clock.now(), group.period
        phase = self._phase % period
        if group.due % period == phase:
            self._counters.overdue += (now - group.due) // period
        group.due = ((now - phase) // period + 1) * period + phase

    async def _serve(self, group: Group) -> None:
        unit = self._units[group.unit]
        try:
            if unit.alive is False and not await self._probe(group, unit):
                return
            now = self._clock.now()
            outcome = await group.poll(self._ask, now, self._settings.reprobe)
        except (Silent, Garbled) as error:
            self._silent(unit, error.reason)
            await self._doubt()
        else:
            self._heard(unit)
            self._send(outcome)

    async def _probe(self, group: Group, unit: Unit) -> bool:
        """One short question to a unit that is down. Three of four give up early, so that the others wait less."""
        if self._clock.now() < unit.probe_at:
            return False
        others = any(u.alive for u in self._units.values())
        unit.probes += 1
        self._ask_s = self._timeout_s / 4 if others and unit.probes % 4 else self._timeout_s
        try:
            await self._ask(group.first())
        except DeviceException:
            return True
        finally:
            self._ask_s = self._timeout_s
        return True

    async def _ask(self, asked: Question) -> bytes:
        if self._line is None or not self._line.up:
            self._line = await self._dial()
        if self._settings.pause:
            await self._clock.sleep(self._settings.pause / NS)
        counters, began = self._counters, self._loop.time()
        counters.requests += 1
        try:
            data = await self._line.ask(asked, self._ask_s)
        except Retry as error:
            self._count(error)
            raise
        except DeviceException as refusal:
            counters.refused += 1
            if refusal.code in SILENT_CODES:
                raise Silent(refusal.reason) from refusal
            raise
        counters.reply(int((self._loop.time() - began) * NS))
        return data

    def _count(self, error: Retry) -> None:
        if isinstance(error, Silent):
            self._counters.silent += 1
        elif isinstance(error, Garbled):
            self._counters.garbled += 1
        else:
            self._counters.lost += 1

    def _send(self, outcome: Outcome) -> None:
        self._counters.polls += 1
        stamps = np.full(len(outcome.tags), self._clock.now(), np.int64)
        self._feed.readings(
            Batch(self._feed.table, outcome.tags, stamps, stamps, outcome.value, outcome.quality)
        )

    def _heard(self, unit: Unit) -> None:
        if self._up is not True:
            self._up = True
            self._feed.link(self._name, up=True)
        if unit.alive is not True:
            unit.alive, unit.probes = True, 0
            self._feed.link(unit.link, up=True)

    def _silent(self, unit: Unit, why: str) -> None:
        if unit.alive is not False:
            unit.alive, unit.probes = False, 0
            self._feed.link(unit.link, up=False, reason=why)
        unit.probe_at = self._clock.now() + int(rest(unit.probes, self._settings.retry_max / NS) * NS)
        for group in self._groups:
            if self._units[group.unit] is unit:
                group.due = min(group.due, unit.probe_at)

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
                self._counters.lost += 1
                why = error.reason
                if self._up is not False and self._loop.time() - began >= self._timeout_s:
                    self._up = False
                    self._feed.link(self._name, up=False, reason=why)
                await self._clock.sleep(rest(attempt, self._settings.retry_max / NS))
                attempt += 1
        now = self._clock.now()
        for group in self._groups:
            group.due = min(group.due, now)
