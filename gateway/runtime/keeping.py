"""Keeps readings inside their bounds: out of the spool into the archive, and from either what policy no longer keeps.

Nothing leaves the spool before it is delivered *and* in the archive, unless a limit forces it, and then a gap record
says so. The archive's own files are written by a process of its own (:mod:`gateway.runtime.aside`); what it closed,
thinned or gave up is read from the manifests and told to the journal, again after a crash if need be, never not at all.
"""

import asyncio
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import structlog
from numpy.typing import NDArray

from gateway.model.errors import Retry
from gateway.model.inputs import ArchiveClosed, Gap, Input
from gateway.model.ports import Clock
from gateway.model.times import NS
from gateway.runtime.aside import Aside
from gateway.runtime.desk import Desk
from gateway.runtime.stock import SPARE_BYTES, Spooled, Stock, stock
from gateway.runtime.troubles import Troubles
from gateway.store.archive.gather import PART_ROWS
from gateway.store.archive.layout import Manifest, day_of, manifests
from gateway.store.tally import FIRST

TRIM_S: Final = 60.0
TOLD: Final = "spool/told"
"""what the store remembers: up to which loss of the spool the journal has gap records"""
CLOSE_EVERY: Final = 10
"""turns of trimming between two looks at the archive"""
CLOSE_S: Final = 1800.0
"""A process that takes longer is ended: bounds are kept meanwhile, and it begins anew the next time."""
GRACE_NS: Final = 15 * 60 * NS
"""A day is closed this long after its end: by then snapshots have brought its last inputs over."""
DAY_NS: Final = 86_400 * NS

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Retention:
    """How long readings are kept, and how many bytes they may take. Times ns."""

    max_bytes: int = 20 << 30
    """of the spool"""
    keep: int = 365 * DAY_NS
    """delivered readings stay this long as history (order 40: records are kept at least 30 days)"""
    max_age: int = 365 * DAY_NS
    """undelivered ones wait no longer than this"""
    archive: bool = True
    archive_bytes: int = 50 << 30
    hold: int = 3600 * NS
    """around a red alarm every reading stays"""


class Keeper:
    """One unit of the machine; ``put`` takes an input and whom to tell when it is on disk."""

    def __init__(
        self, desk: Desk, clock: Clock, put: Callable[..., None], troubles: Troubles, retention: Retention
    ) -> None:
        self.retention = retention
        self.delivered: Callable[[], int] = lambda: desk.store.spool.last_chunk
        """id up to which every output has had the readings"""
        self.stock = Stock()
        self._desk = desk
        self._clock = clock
        self._put = put
        self._troubles = troubles
        self._aside = Aside()
        self._history = Aside()
        """of its own: a trend does not wait until a day is closed"""
        desk.store.archive = retention.archive

    async def run(self) -> None:
        """Until cancelled."""
        turn = 0
        while True:
            if self.retention.archive and turn % CLOSE_EVERY == 0:
                await self.archive()
            turn += 1
            await asyncio.sleep(TRIM_S)
            await self.trim()

    async def trim(self) -> None:
        """Keep the spool to its bounds. What goes that somebody has not had is told once: the gap records, and that
        they are there, are one commit.
        """
        await self._desk.slowly(await self._desk.call(self._trimming))
        gaps, last, first = await self._desk.call(self._losses)
        for gap in gaps[:-1]:
            self._put(gap)
        if gaps:
            self._put(gaps[-1], along=partial(self._told, last, first))

    async def close(self) -> None:
        """End the archive's processes."""
        for process in (self._aside, self._history):
            await process.close()

    async def trends(
        self, tags: Sequence[str], start: int, end: int, points: int
    ) -> Mapping[str, Mapping[str, NDArray[Any]]]:
        """History of several tags (ids) between two source times (ns), at most ``points`` rows each: archive, spool and
        what is in neither yet.

        Raises:
            Retry: it cannot be read now; the reason says why.
        """
        newest = await self._desk.call(self._desk.store.spool.newest)
        ask = {"do": "trends", "tags": list(tags), "start": start, "end": end, "points": points}
        _, arrays = await self._history.ask(
            {**ask, "state": str(self._state)}, [b.to_bytes() for b in newest]
        )
        found: dict[str, dict[str, NDArray[Any]]] = {tag: {} for tag in tags}
        for name, column in arrays.items():
            place, _, what = name.partition("/")
            found[tags[int(place)]][what] = column
        return found

    @property
    def archived(self) -> bool:
        """There is history outside the spool."""
        return self._desk.store.spool.archived >= 0

    async def archive(self) -> None:
        """Close what is over, keep to the bounds, tell the journal. What fails is a trouble and tried again later."""
        today = day_of(self._clock.now() - GRACE_NS)
        try:
            if await self._desk.call(self._due, today):
                async with asyncio.timeout(CLOSE_S):
                    await self._aside.ask(await self._desk.call(self._question, today))
            known = await asyncio.to_thread(manifests, self._state)
        except (Retry, OSError, ValueError) as error:  # TimeoutError is an OSError
            words = str(error) or f"closing took more than {CLOSE_S / 60:.0f} min"
            log.warning("history cannot be archived", reason=words)
            self._troubles("archive", active=True, detail=words)
            return
        await self._tell(known)
        spooled = await self._desk.call(self._desk.store.spool.extent)
        limit = self.retention.archive_bytes
        self.stock = await asyncio.to_thread(stock, self._state, known, Spooled(*spooled), limit)
        over = self.stock.bytes > self.retention.archive_bytes
        words = "the archive is full, and all that is left is held around red alarms" if over else ""
        self._troubles("archive", active=over, detail=words)

    @property
    def _state(self) -> Path:
        return self._desk.store.folder

    def _due(self, today: str) -> bool:
        """In the store's thread: a day is over, a part is full, or the archive is beyond a bound."""
        received, rows = self._desk.store.spool.unarchived()
        if rows and (rows >= PART_ROWS or day_of(received) < today):
            return True
        oldest = day_of(self._clock.now() - self.retention.keep)
        kept = manifests(self._state)
        beyond = sum(m.bytes for m in kept) > self._limit()
        return (
            beyond
            or any(not m.closed and m.day < today for m in kept)
            or any(m.day < oldest and m.rows and not m.thinned for m in kept)
        )

    def _limit(self) -> int:
        """Bytes for the archive now: with the reserve given up, or others filling the disk, less than it may have."""
        free = shutil.disk_usage(self._state).free
        used = self.stock.bytes
        if not self._desk.store.reserve_held:
            return min(self.retention.archive_bytes, used * 9 // 10)
        return min(self.retention.archive_bytes, max(0, used + free - SPARE_BYTES))

    def _question(self, today: str) -> dict[str, Any]:
        """In the store's thread."""
        now = self._clock.now()
        bounds = {
            "max_bytes": self._limit(),
            "keep": self.retention.keep,
            "hold": self.retention.hold,
            "now": now,
        }
        return {"do": "close", "state": str(self._state), "today": today, "bounds": bounds}

    async def _tell(self, known: Sequence[Manifest]) -> None:
        """Each closed day that the journal has not heard of in this form; then it may leave the spool."""
        told = await self._desk.call(self._desk.store.remembered, "archive/")
        for manifest in known:
            sign = _sign(manifest)
            before, _, lost = told.get(manifest.day, "").partition(":")
            if manifest.closed and before != sign:
                await self._committed(*_inputs(manifest, self._clock.now(), int(lost or 0)))
                what = f"{sign}:{manifest.lost}"
                await self._desk.call(self._desk.store.remember, f"archive/{manifest.day}", what)
        last = max((m.last for m in known), default=-1)
        await self._desk.call(self._desk.store.spool.mark_archived, last)

    async def _committed(self, *inputs: Input) -> None:
        """Number them, and wait until they are on disk."""
        done = asyncio.Event()
        for item in inputs[:-1]:
            self._put(item)
        self._put(inputs[-1], done.set)
        await done.wait()

    def _told(self, last: int, first: int) -> None:
        """With the gap records: up to which loss, and which chunk is then the first."""
        self._desk.store.remember(TOLD, str(last))
        self._desk.store.remember(FIRST, str(first))

    def _trimming(self) -> Iterator[bool]:
        """In the store's thread: what policy takes, a step at a time."""
        spool, keep = self._desk.store.spool, self.retention
        spool.forget_losses(int(self._desk.store.remembered(TOLD).get("", "0")))
        scarce = not self._desk.store.reserve_held  # nearly full: room for alarms comes before old readings
        return spool.trim_steps(
            self.delivered(),
            max_bytes=min(keep.max_bytes, spool.used_bytes // 2) if scarce else keep.max_bytes,
            max_age_ns=keep.max_age,
            now=self._clock.now(),
            keep_ns=0 if scarce or keep.archive else keep.keep,
            archive=keep.archive,
        )

    def _losses(self) -> tuple[Sequence[Gap], int, int]:
        """In the store's thread: what went before an output or the archive had it, its number, and the chunk that is
        the first now.
        """
        spool = self._desk.store.spool
        return spool.losses(), spool.lost, spool.first_chunk()


def _sign(manifest: Manifest) -> str:
    """What tells one form of a day from another."""
    body = {k: v for k, v in asdict(manifest).items() if k in ("hashes", "thinned", "rows", "lost")}
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:16]


def _inputs(manifest: Manifest, now: int, told: int) -> list[Input]:
    """What the journal is told of a day: a gap where readings went (``told``: that it has heard of), and the hashes of
    what is there.
    """
    m, gaps = manifest, list[Input]()
    if m.lost > told:
        why = f"limits of the archive; left: {m.thinned}" if m.thinned else "chunks of the spool were damaged"
        gaps.append(Gap(now, "archive", m.start, m.end, m.lost - told, why))
    closed = ArchiveClosed(
        now, m.day, m.first_input, m.last_input, m.rows, m.bytes, dict(m.hashes), m.thinned
    )
    return [*gaps, closed]
