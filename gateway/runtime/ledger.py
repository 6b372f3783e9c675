"""The ledger's live side: lanes tell what they did, every five seconds it is written in one transaction.

An alarm never waits for the ledger, and a disk that takes none is a trouble, not a stop. While it refuses or hangs, the
newest ``MOST`` entries are kept in memory (twice as many until there is a reason to tidy).
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from gateway.model.events import Event, Record
from gateway.model.ports import Clock
from gateway.runtime.troubles import Troubles
from gateway.store.database import DISK_ERRORS
from gateway.store.ledger import Key, LedgerFile, Stage, Steps

EVERY_S: Final = 5.0
"""A transaction and three wakings cost as much as the delivery of an event."""
MOST: Final = 20_000
K = TypeVar("K")
V = TypeVar("V")
Place = tuple[str, int, str]
"""occurrence id, n, output"""


def in_ledger(event: Event) -> bool:
    """Events of alarms that are announced; those in shadow stage, or only recorded, go to nobody."""
    return event.announced


class Ledger:
    """Collects steps of all lanes; :meth:`run` writes them."""

    def __init__(self, clock: Clock, troubles: Troubles) -> None:
        self._clock, self._troubles = clock, troubles
        self._keys: dict[tuple[str, int], Key] = {}
        self._steps: dict[Place, Steps] = {}
        self._file: LedgerFile | None = None
        self._work: asyncio.Future[object] | None = None

    def sent(self, output: str, records: Sequence[Record]) -> None:
        """Handed to an output that is connected."""
        now = self._clock.now()
        for record in records:
            if in_ledger(record.event):
                self._keys.setdefault((record.event.id, record.event.n), _key(record))
                steps = self._at(output, record.event)
                steps.sent = steps.sent or now
        if max(len(self._keys), len(self._steps)) > 2 * MOST:  # nobody writes: the disk takes none, or hangs
            self._keys, self._steps = _newest(self._keys), _newest(self._steps)

    def settled(self, output: str, events: Iterable[Event], stage: Stage, words: str = "") -> None:
        """The other side has accepted, stored or refused (``words``) these."""
        now = self._clock.now()
        for event in events:
            steps = self._at(output, event)
            if stage is Stage.STORED:
                steps.stored = steps.stored or now
            elif stage is Stage.REFUSED:
                steps.refused = words
            else:
                steps.accepted = steps.accepted or now

    async def run(self, folder: Path, ends: Mapping[str, Stage]) -> None:
        """Write until cancelled, and what is left on the way out.

        Raises:
            Misconfigured: the disk takes no ledger.
        """
        try:
            await self._one(partial(self._open, folder, ends))
            while True:
                await asyncio.sleep(EVERY_S)
                await self.flush()
        finally:
            await asyncio.shield(self._close())

    async def flush(self) -> None:
        """Write what was collected; kept for the next time where the disk refuses."""
        if self._file is None or not (self._keys or self._steps):
            return
        keys, steps, self._keys, self._steps = self._keys, self._steps, {}, {}
        try:
            await self._one(partial(self._file.write, list(keys.values()), steps))
        except DISK_ERRORS as error:
            self._keys, self._steps = _newest({**keys, **self._keys}), _newest({**steps, **self._steps})
            self._troubles("ledger", active=True, detail=str(error))
        else:
            self._troubles("ledger", active=False)

    async def _close(self) -> None:
        if self._work is not None:
            await asyncio.wait({self._work})  # its thread goes on though we were cancelled
        await self.flush()
        if self._file is not None:
            file, self._file = self._file, None
            await asyncio.to_thread(file.close)

    async def _one(self, call: Callable[[], object]) -> None:
        """In a thread, one after the other: the file is not for two at a time."""
        self._work = asyncio.ensure_future(asyncio.to_thread(call))
        await asyncio.shield(self._work)

    def _open(self, folder: Path, ends: Mapping[str, Stage]) -> None:
        self._file = LedgerFile(folder, ends, self._clock.now())

    def _at(self, output: str, event: Event) -> Steps:
        return self._steps.setdefault((event.id, event.n, output), Steps())


def _newest(found: dict[K, V]) -> dict[K, V]:
    return dict(list(found.items())[-MOST:])


def _key(record: Record) -> Key:
    e = record.event
    level = e.level.word if e.level else ""
    return Key(e.id, e.n, record.seq, e.event.value, e.rule, e.tag, level, e.time, record.recorded)
