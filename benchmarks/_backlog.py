"""A state folder as a gateway leaves it that ran for a day and never reached its database, quicker than real time.

Its own engine, store and spool in the order of :mod:`gateway.runtime.leaving`: a commit each 200 ms, a tick each
second, a snapshot each minute, and from time to time the inputs leave that the archive has. What differs: nothing is
synced to the disk meanwhile, and the archive's own files are not written (a process at low priority makes them through
the day, 12 us a reading); the spool counts what it holds as archived, so that what is delivered leaves it.
"""

from pathlib import Path
from typing import Final

from benchmarks._plant import Day
from gateway.engine import Engine
from gateway.model.batch import concat
from gateway.model.effective import dump_site
from gateway.model.inputs import Input, Numbered, Readings, Started, Tick
from gateway.model.site import Site
from gateway.model.times import NS
from gateway.runtime.keeping import Retention
from gateway.runtime.machine import longest_memory
from gateway.runtime.recover import with_seq
from gateway.store import Identity, Store

GROUP: Final = NS // 5
"""ns of a commit"""
SNAPSHOT: Final = 60
"""s"""
ARCHIVED: Final = 600
"""... between two looks at the archive"""


class Filler:
    """Commits as the runtime does."""

    def __init__(self, folder: Path, site: Site, base: int) -> None:
        self._site = site
        self.store = Store.open(folder, Identity(site.gateway, site.county, site.id), now=base)
        self.store.archive, self.store.delivered = True, lambda: 0
        self.store.keep_config(site.config_hash, dump_site(site))
        for db in (self.store._writer.db, self.store.spool._db):  # noqa: SLF001 - quicker than the disk
            db.pragma("synchronous", "off")
        self._engine = Engine(site, self.store.epoch)
        self.commit([Started(base, 0, "benchmark")], base)

    def commit(self, inputs: list[Input], now: int) -> None:
        """One group."""
        first, spool = self.store.last_input[0] + 1, self.store.spool
        numbered = [Numbered(number, item) for number, item in enumerate(inputs, first)]
        step = self._engine.step(numbered)
        self.store.commit(numbered, [event for _, event in step.events], now)
        batch = concat(self._site.table, [b for _, b in step.readings])
        spool.append(first, numbered[-1].number, batch, [(number, len(b)) for number, b in step.readings])

    def second(self, day: Day, second: int) -> None:
        """Five groups; with the last, what comes each second, minute and so on."""
        begin, polls = day.base + second * NS, day.polls(second)
        for now in range(begin + GROUP, begin + NS + 1, GROUP):
            some: list[Input] = [Readings(b) for b in polls if now - GROUP <= int(b.received[0]) < now]
            some += [Tick(now)] if now == begin + NS else []
            if some:
                self.commit(some, now)
        if second % SNAPSHOT == SNAPSHOT - 1:
            self.snapshot(begin + NS)
        if second % ARCHIVED == ARCHIVED - 1:
            self.archive(begin + NS)

    def snapshot(self, now: int) -> None:
        """What stands behind it leaves the journal's file."""
        made = with_seq(self._engine.snapshot(), self.store.head.seq)
        self.store.save_snapshot(made, since=now - longest_memory(self._site))

    def archive(self, now: int) -> None:
        """All that is on disk counts as archived."""
        spool, keep = self.store.spool, Retention()
        spool.mark_archived(spool.offset + spool.kept_input)
        steps = spool.trim_steps(0, max_bytes=keep.max_bytes, max_age_ns=keep.max_age, now=now, archive=True)
        for _ in steps:
            pass


def fill(folder: Path, site: Site, day: Day, seconds: int) -> None:
    """All of it, up to the end of the last second."""
    filler = Filler(folder, site, day.base)
    for second in range(seconds):
        filler.second(day, second)
    end = day.base + (seconds + 2) * NS
    filler.commit([Tick(end)], end)
    filler.snapshot(end)
    filler.archive(end)
    filler.store.close()
