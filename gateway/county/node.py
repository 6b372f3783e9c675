"""The county node at work: hear, store, confirm. One task for each broker, one thread that stores.

A message counts when it is stored; what is lost between the broker and the disk is seen as a hole and asked for again,
so that nothing here needs to hold up the broker.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Final, ParamSpec, TypeVar

import structlog

from gateway.county.arrival import Arrival, Heard, Place, arrival, heard, where
from gateway.county.bounds import Bounded, Bounds
from gateway.county.config import County
from gateway.county.shelf import Known
from gateway.county.vault import NotTaken, Vault
from gateway.county.words import liveness
from gateway.model.times import NS
from gateway.runtime.supervisor import supervise
from gateway.sinks.mqtt.client import Connection
from gateway.sinks.mqtt.config import Settings
from gateway.sinks.mqtt.encode import Message
from gateway.sinks.mqtt.jobs import together
from gateway.sinks.mqtt.receipts import body
from gateway.store.database import DISK_ERRORS

P = ParamSpec("P")
T = TypeVar("T")
MOST, MOST_BYTES = 20_000, 64 << 20
"""Messages and bytes that wait to be stored, at most; more are let go and asked for again."""
BATCH: Final = 2_000
GATHER_S: Final = 0.05
AGAIN_S: Final = 10.0
"""A receipt that still asks for something is published again after this."""
DISK_S: Final = 1.0
LOOK_S: Final = 5.0
MOST_BOUND: Final = 5_000
"""Bodies that go between two looks."""

log = structlog.get_logger()


@dataclass(slots=True)
class _Basket:
    """What came since the last look."""

    arrivals: list[Arrival] = field(default_factory=list)
    statuses: list[Heard] = field(default_factory=list)
    refused: list[NotTaken] = field(default_factory=list)


class Node:
    """A county of one configuration; :meth:`run` until cancelled."""

    def __init__(self, county: County) -> None:
        self._county, self._code = county, county.file.county
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._bytes = 0
        self._came, self._due = asyncio.Event(), {name: asyncio.Event() for name in county.file.brokers}
        self._receipts: dict[Place, bytes] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="vault")
        self._vault: Vault | None = None
        self._live: dict[Place, str] = {}
        self.overflowed = 0
        self.over = False
        """larger than it may be, and all that is left is kept for good"""
        self.listening: set[str] = set()
        """brokers that we hear now"""

    async def run(self) -> None:
        """Serve until cancelled.

        Raises:
            Misconfigured: what is stored cannot be used.
        """
        self._vault = await self._in_thread(Vault, self._county.state)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._store(self._vault), name="store")
                group.create_task(self._watch(self._vault), name="watch")
                for name, settings in self._county.file.brokers.items():
                    serve = partial(self._serve, name, settings)
                    group.create_task(supervise(f"broker.{name}", serve, _log), name=f"broker.{name}")
        finally:
            await asyncio.shield(self._in_thread(self._vault.close))
            self._thread.shutdown()

    # --- one broker ---------------------------------------------------------------------------------------------------

    async def _serve(self, name: str, settings: Settings) -> None:
        root = f"fengsui/v1/{self._code}/+/+"
        filters = [f"{root}/status", f"{root}/events"]
        if settings.version != "5":  # a publish counts when it was read back
            filters.append(f"{root}/receipts")
        async with Connection(
            settings, f"fengsui-county-{self._code}-{name}", heard=self._hear
        ) as connection:
            await connection.subscribe(filters)
            log.info("listening", broker=name, host=settings.host, port=settings.port)
            self._due[name].set()
            self.listening.add(name)
            try:
                await together(watch=connection.watch(), confirm=self._confirm(name, connection))
            finally:
                self.listening.discard(name)

    def _hear(self, topic: str, payload: bytes, _retained: bool) -> None:  # noqa: FBT001 - the connection's callback
        if not payload:
            return
        if len(self._waiting) >= MOST or self._bytes + len(payload) > MOST_BYTES:
            self.overflowed += 1
            return
        self._waiting.append((topic, payload))
        self._bytes += len(payload)
        self._came.set()

    async def _confirm(self, name: str, connection: Connection) -> None:
        """Publish every receipt that has changed; those that ask for something also again after a while."""
        told: dict[Place, bytes] = {}
        while True:
            try:
                async with asyncio.timeout(AGAIN_S):
                    await self._due[name].wait()
                again = False
            except TimeoutError:
                again = True
            self._due[name].clear()
            wanted = dict(self._receipts)
            new = [p for p, b in wanted.items() if told.get(p) != b or (again and b'"missing":[]' not in b)]
            verdicts = await connection.send([self._message(p, wanted[p]) for p in new])
            for place, verdict in zip(new, verdicts, strict=True):
                if verdict is not None:
                    log.error("a receipt is refused", gateway=str(place), reason=verdict.reason)
                told[place] = wanted[place]
            await asyncio.sleep(self._county.file.receipt_every / NS)

    def _message(self, place: Place, payload: bytes) -> Message:
        return Message(f"fengsui/v1/{self._code}/{place.site}/{place.gateway}/receipts", payload, retain=True)

    # --- storing ------------------------------------------------------------------------------------------------------

    async def _store(self, vault: Vault) -> None:
        while True:
            await self._came.wait()
            await asyncio.sleep(GATHER_S)  # a burst is one transaction
            self._came.clear()
            while self._waiting:
                some = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
                self._bytes -= sum(len(payload) for _, payload in some)
                await self._keep(vault, some)

    async def _keep(self, vault: Vault, messages: list[tuple[str, bytes]]) -> None:
        """One transaction. While the disk refuses nothing is confirmed, so gateways keep what they have."""
        while True:
            try:
                made = await self._in_thread(self._work, vault, messages)
            except DISK_ERRORS as error:
                log.warning("nothing can be stored", reason=str(error))
                await asyncio.sleep(DISK_S)
                continue
            self._receipts.update(made)
            for due in self._due.values():
                due.set()
            return

    def _work(self, vault: Vault, messages: list[tuple[str, bytes]]) -> dict[Place, bytes]:
        """In the thread: read, store, and make the receipts."""
        basket, now = self._sort(messages), time.time_ns()
        touched = vault.take(basket.arrivals, basket.statuses, basket.refused, now)
        made = {}
        for place in touched:
            made[place] = body(vault.receipt(place), county=self._code, site=place.site, time=now)
        return made

    def _sort(self, messages: list[tuple[str, bytes]]) -> _Basket:
        basket = _Basket()
        for topic, payload in messages:
            found = where(topic, self._code)
            if found is None:
                continue
            place, branch = found
            try:
                if branch == "status":
                    basket.statuses.append(heard(place, payload))
                else:
                    basket.arrivals.append(arrival(place, self._code, payload))
            except ValueError as error:
                log.warning("refused", topic=topic, reason=str(error))
                basket.refused.append((place, _seq(str(error)), str(error), payload[:65536]))
        return basket

    # --- liveness -----------------------------------------------------------------------------------------------------

    async def _watch(self, vault: Vault) -> None:
        """Say when a gateway falls silent or comes back."""
        while True:
            await asyncio.sleep(LOOK_S)
            await self._bound(vault)
            known: dict[Place, Known] = dict(vault.known)
            for place, each in known.items():
                now = liveness(each, time.time_ns())
                if self._live.get(place, now) != now:
                    log.warning("gateway", gateway=str(place), was=self._live[place], now=now)
                self._live[place] = now

    async def _bound(self, vault: Vault) -> None:
        """A few steps at each look, so that storing never waits long; said where nothing is left that may go."""
        file, gone = self._county.file, 0
        limits, done = Bounds(file.keep, file.max_mb << 20), Bounded(more=True)
        try:
            while done.more and gone < MOST_BOUND:
                done = await self._in_thread(vault.bound, limits, time.time_ns())
                gone += done.gone
        except DISK_ERRORS as error:
            log.warning("bounds cannot be kept", reason=str(error))
            return
        if gone:
            log.info("bodies of old live levels and the like are gone; alarms stay", events=gone)
        if done.over != self.over:
            log.warning("county.db and its limit: only what is never deleted is left", over=done.over)
        self.over = done.over

    async def _in_thread(self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, partial(work, *arguments, **named))


def _seq(words: str) -> int:
    """The number that a refusal names, 0 when it names none."""
    head, _, rest = words.partition("seq ")
    digits = rest.partition(":")[0]
    return int(digits) if not head and digits.isdigit() else 0


def _log(what: str, *, active: bool, detail: str = "") -> None:
    """The supervisor's troubles: a county has no journal of its own yet."""
    log.warning("trouble", what=what, active=active, detail=detail)
