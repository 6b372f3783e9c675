"""Number, step, commit, tell: the one path from an input to the world.

``engine.step`` decides at arrival; what it decided leaves only after inputs and events are committed together
(promise 3). A commit is made at once when an event was decided, a command came or a source waits for it, else within
200 ms or 64 kB.

A bug in judging must neither stop it nor be passed over: when a step or a commit fails, the engine may have decided
what nobody has heard of, so it is thrown away and built anew from what is on disk; what was not committed is stepped
again one by one, and the one input that fails again is set aside with a gap record.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog

from gateway.engine import Engine, Step
from gateway.model.batch import ROW_BYTES
from gateway.model.commands import Command
from gateway.model.errors import Refused, Retry
from gateway.model.events import Record
from gateway.model.inputs import Acted, ConfigChange, Gap, Input, Numbered, Readings, Started, Tick, time_of
from gateway.model.ports import Clock
from gateway.model.times import NEVER, NS
from gateway.runtime.desk import Desk
from gateway.runtime.intake import Intake, Item
from gateway.runtime.leaving import Group, Leaving
from gateway.runtime.supervisor import STABLE_S, backoff
from gateway.runtime.troubles import Troubles

COMMIT_S: Final = 0.2
"""... unless a source says that it waits: a 3.1.1 broker sends no more than about 20 unacknowledged messages, so each
wait for a commit would be a wait for the next twenty. What comes while one is being made shares the next."""
COMMIT_BYTES: Final = 64 * 1024
TICK_NS: Final = NS
"""Ticks come about this often, in plant time, and whenever the engine's next deadline is due."""
COMPANY_NS: Final = NS // 20
"""... so much sooner with an input that is stepped anyway, or later alone: a tick that wakes us costs as much as it."""
MIN_TICK_NS: Final = NS // 100
"""... but never closer than this."""
ALL: Final = 1_000_000_000
MOST_REST_S: Final = 2.0
"""Longest rest before the engine is built anew again; readings queue meanwhile."""

log = structlog.get_logger()


class Pipeline:
    """Owns the engine between start and stop; everything else only reads what it publishes."""

    def __init__(
        self,
        engine: Engine,
        desk: Desk,
        intake: Intake,
        clock: Clock,
        troubles: Troubles,
        *,
        ticks: bool,
    ) -> None:
        self.engine = engine
        self._desk = desk
        self._intake = intake
        self._clock = clock
        self._troubles = troubles
        self._ticks = ticks
        self._number = desk.store.last_input[0]
        self._last_tick = 0
        self._next_tick = 0
        self._deadline = NEVER
        """when the engine needs a tick"""
        self._group = Group()
        self._leaving = Leaving(desk, intake, clock, troubles)
        self._waiting: dict[int, asyncio.Future[Sequence[Record]]] = {}
        self._broken = False
        """the engine is not what the journal says: nothing of it may be kept"""
        self._failures = 0
        self._well_at = 0.0
        self.judged_until = 0
        """what came until then (ns) has been judged"""
        self.now: Callable[[], int] = clock.now
        """the time, asked before the intake is emptied: what came until then is stepped before a tick of then"""
        self.rebuild: Callable[[], Awaitable[Engine]] = _cannot
        """the engine as of the last committed input"""

    @property
    def number(self) -> int:
        """The last input's number."""
        return self._number

    @property
    def on_commit(self) -> Callable[[], None]:
        """Called after each commit."""
        return self._leaving.on_commit

    @on_commit.setter
    def on_commit(self, call: Callable[[], None]) -> None:
        self._leaving.on_commit = call

    @property
    def settled(self) -> bool:
        """Nothing has been stepped that is not committed."""
        return not self._group.inputs and not self._broken and self._leaving.settled

    @property
    def trouble(self) -> str:
        """What keeps decisions from being committed now, so that nothing of it can stand in the journal; or nothing."""
        if self._broken:
            return "judging"
        return "commit" if self._leaving.stalled else ""

    @property
    def durable(self) -> bool:
        """False while the disk does not take commits."""
        return self._leaving.durable

    async def run(self) -> None:
        """Step and commit until cancelled; what came until then is committed before returning."""
        try:
            while True:
                await self._sleep()
                now = self.now()
                await self._turn(self._intake.drain(), now)
                self.judged_until = now
        finally:
            await asyncio.shield(self.finish())

    async def finish(self) -> None:
        """Step and commit what still waits; call when nothing steps any more. What fails is left to the next start."""
        await self._leaving.finish()
        if self._broken:
            return
        try:
            now = self.now()
            self.step(self._intake.drain(), now)
            await self._commit()
            await self._leaving.finish()
        except Exception:
            self._broken = True
            log.exception("the last inputs could not be judged")

    async def _turn(self, items: Sequence[Item], now: int) -> None:
        stepped = False
        try:
            self.step(items, now)
            stepped = True
            if self._leaving.hung:
                if await self._leaving.past(self._group):
                    self._group = Group()
            elif self._due():
                await self._commit()
        except Exception as error:  # noqa: BLE001 - whatever it was, the plant must be watched on
            waiting = [*self._leaving.items, *self._group.items, *(() if stepped else items)]
            await self._start_over(waiting, error)
        else:
            self._feel_well()

    async def submit(self, command: Command) -> Sequence[Record]:
        """The command port: number, step, commit; the events it caused."""
        answer: asyncio.Future[Sequence[Record]] = asyncio.get_running_loop().create_future()
        item = Acted(self._clock.now(), command)
        self._waiting[id(item)] = answer
        self._intake.put(item)
        try:
            async with asyncio.timeout(10):
                return await answer
        except TimeoutError:
            raise Retry("the gateway did not take the command within 10 s") from None
        finally:
            self._waiting.pop(id(item), None)

    def step(self, items: Sequence[Item], now: int | None = None) -> None:
        """Number and step ``items``, and a tick of ``now`` (ns; None: no tick) where one is due."""
        numbered = [self._numbered(i) for i in items]
        due = self._next_tick - (COMPANY_NS if items and self._next_tick < self._deadline else 0)
        if now is not None and self._ticks and now >= due:
            numbered.append(self._numbered(Item(Tick(now))))
        if not numbered:
            return
        decided = self.engine.step(numbered)
        self._collect(numbered, items, decided)
        self._answer(numbered, decided)
        self._group.events += [event for _, event in decided.events]
        self._group.urgent = self._group.urgent or bool(decided.events)
        if isinstance(numbered[-1].input, Tick):
            self._last_tick = numbered[-1].input.time
        self._deadline = self.engine.next_deadline()
        self._next_tick = max(min(self._last_tick + TICK_NS, self._deadline), self._last_tick + MIN_TICK_NS)

    def _numbered(self, item: Item) -> Numbered:
        self._number += 1
        item.number = self._number
        return Numbered(self._number, item.input)

    def _collect(self, numbered: Sequence[Numbered], items: Sequence[Item], decided: Step) -> None:
        group = self._group
        if not group.inputs:
            group.since = asyncio.get_running_loop().time()
        group.inputs += numbered
        group.readings += decided.readings
        group.items += items
        group.urgent = group.urgent or any(i.soon for i in items)
        group.size += sum(len(i.input.batch) * ROW_BYTES for i in numbered if isinstance(i.input, Readings))

    def _answer(self, numbered: Sequence[Numbered], decided: Step) -> None:
        """Refuse at once; or remember which events to hand over after the commit. Call before the events are added."""
        if not self._waiting:
            return
        base = len(self._group.events)
        for entry in numbered:
            waiter = self._waiting.get(id(entry.input))
            if waiter is None or waiter.done():
                continue
            if entry.number in decided.refused:
                waiter.set_exception(Refused(decided.refused[entry.number]))
                continue
            mine = [base + i for i, (number, _) in enumerate(decided.events) if number == entry.number]
            self._group.answers.append((waiter, mine[0], mine[-1] + 1) if mine else (waiter, 0, 0))
            self._group.urgent = True

    async def _sleep(self) -> None:
        """Until something arrives, a commit is due, or a tick is."""
        wake, loop = self._intake.wake, asyncio.get_running_loop()
        wait = self._until_tick()
        # While the disk hangs a group waits for company, and for the disk to wake us.
        if self._group.inputs and not self._leaving.hung:
            wait = min(wait, self._group.since + COMMIT_S - loop.time())
        timer = loop.call_later(max(0.0, wait), wake.set)
        try:
            await wake.wait()
        finally:
            timer.cancel()
        wake.clear()

    def _until_tick(self) -> float:
        if not self._ticks:
            return 3600.0
        speed = float(getattr(self._clock, "speed", 1.0))
        when = min(self._next_tick + COMPANY_NS, max(self._next_tick, self._deadline))
        return max(0.0, min((when - self._clock.now()) / NS / speed, 1.0 + COMPANY_NS / NS))

    def _due(self) -> bool:
        group = self._group
        if not group.inputs:
            return False
        late = asyncio.get_running_loop().time() - group.since >= COMMIT_S - 0.002
        return group.urgent or group.size >= COMMIT_BYTES or late

    async def _commit(self) -> None:
        """Commit the group; returns also when the disk hangs, see :mod:`gateway.runtime.leaving`."""
        group = self._group
        if group.inputs:
            self._group = Group()
            await self._leaving.commit(group)

    # --- when judging fails ---------------------------------------------------------------------------------------

    async def _start_over(self, items: Sequence[Item], error: Exception) -> None:
        """Build the engine anew, and step again, one by one, what had not been committed."""
        self._broken = True
        self._failures += 1
        self._well_at = asyncio.get_running_loop().time() + STABLE_S
        log.error("judging failed; the engine is built anew", inputs=len(items), exc_info=error)
        self._troubles("judging", active=True, detail=_words(error))
        if self._failures > 1:
            await asyncio.sleep(min(MOST_REST_S, backoff(self._failures)))
        await self._anew()
        committed = self._number  # it may have been the telling that failed
        for item in items:
            if item.number <= committed:
                await self._leaving.tell([(item.done, item.input)])
            else:
                await self._alone(item)

    async def _anew(self) -> None:
        self._broken, self._group = True, Group()
        # What has left and is not on disk yet is rebuilt from, too.
        await self._desk.call(self._desk.store.catch_up, self._clock.now())
        self.engine = await self.rebuild()
        self._number = self._desk.store.last_input[0]
        self._last_tick = self._next_tick = 0
        self._deadline = NEVER
        self._desk.published(await self._desk.call(self._desk.store.records, self._desk.head_seq, ALL))
        self._broken = False

    async def _alone(self, item: Item) -> None:
        """One input, committed by itself; if it fails it is set aside, and that is a gap record."""
        try:
            self.step([item])
            await self._commit()
        except Exception as error:
            self._broken = True
            if isinstance(item.input, Started | ConfigChange):
                raise
            log.exception("an input cannot be judged and is set aside", kind=type(item.input).__name__)
            await self._anew()
            self._refuse(item, error)
            self.step([Item(self._instead(item.input, error), item.done, along=item.along)])
            await self._commit()

    def _refuse(self, item: Item, error: Exception) -> None:
        waiter = self._waiting.get(id(item.input))
        if waiter is not None and not waiter.done():
            waiter.set_exception(Refused(f"this cannot be judged: {_words(error)}"))

    def _instead(self, item: Input, error: Exception) -> Gap:
        # Of its own time: what waits behind it must not grow old by what building anew has taken.
        now, why = time_of(item) or self._clock.now(), f"cannot be judged: {_words(error)}"
        if not isinstance(item, Readings):
            return Gap(now, "engine", now, now, 1, f"{type(item).__name__} {why}")
        self._desk.later(self._desk.store.dead_letter, "engine", why, item.batch.to_bytes(), now)
        times = item.batch.source
        start, end = int(times.min(initial=now)), int(times.max(initial=0))
        return Gap(now, "engine", start, end, len(item.batch), why)

    def _feel_well(self) -> None:
        if self._failures and asyncio.get_running_loop().time() > self._well_at:
            self._failures = 0
            self._troubles("judging", active=False)


async def _cannot() -> Engine:
    raise RuntimeError("judging failed, and nobody can build the engine anew")


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300].encode(errors="backslashreplace").decode()
