"""Readings and tag descriptions into the database."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from typing import Final

from gateway.model.batch import Batch
from gateway.model.ports import Chunk, ReadingLane
from gateway.model.site import Site
from gateway.sinks.influxdb.client import Lines, Rejected, Trouble, Writer
from gateway.sinks.influxdb.config import Settings
from gateway.sinks.influxdb.encode import Prefixes, dead_rows, prefixes, reading_text, tag_info_lines
from gateway.sinks.influxdb.troubles import Troubles

SLICE: Final = 2_000
"""Readings written down at once: half a millisecond's work, on cold caches one."""
AT_ONCE: Final = 8
"""POSTs of a backlog in a row, each written down while the one before is on its way."""
TABLES: Final = 8
"""Configurations whose prefixes are kept: the present one and those of chunks that still wait."""


class ReadingSink:
    """See the package's README. One instance lives through all its connections."""

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = f"{name}.readings"
        self.lane = "readings"
        self._settings = settings
        self._troubles = Troubles()
        self._prefixes: dict[str, Prefixes] = {}
        self._described = ""
        self._met = ("", 0)
        """configuration and the time it was met: a repeated description is the same point"""

    async def run(self, lane: ReadingLane) -> None:
        """Deliver until cancelled.

        Raises:
            Retry: the database is gone or busy, or a person must help. Misconfigured: a secret is missing here.
        """
        try:
            async with Writer(self._settings) as writer:
                while True:
                    await self._describe(lane, writer)
                    await self._again(lane, writer)
                    chunks = await self._load(lane)
                    await self._deliver(lane, writer, chunks)
                    lane.advance(chunks[-1].id)
        except Trouble as error:
            self._troubles.report(lane, error)
            raise

    async def _describe(self, lane: ReadingLane, writer: Writer) -> None:
        """``tag_info`` once per start and configuration."""
        site = lane.site
        if site.config_hash == self._described:
            return
        if self._met[0] != site.config_hash:
            self._met = (site.config_hash, lane.clock.now())
        lines = tag_info_lines(site, self._met[1])
        words = ""
        for at in range(0, len(lines), self._settings.lines):
            rejected = await writer.write(Lines.of(lines[at : at + self._settings.lines]))
            self._troubles.report(lane, None)
            for reason, guilty in _by_reason(lines[at:], rejected).items():
                lane.set_aside(guilty, reason)
                words = words or reason
        self._troubles.undescribed(lane, words)
        self._described = site.config_hash

    async def _again(self, lane: ReadingLane, writer: Writer) -> None:
        """Lines that were refused once and a person wants tried again."""
        for letter, lines in lane.letters().items():
            part = Lines.of(lines)
            rejected = await writer.write(part)
            self._troubles.report(lane, None)
            for reason, guilty in _by_reason(part, rejected).items():
                lane.set_aside(guilty, reason)
            lane.answered(letter)

    async def _load(self, lane: ReadingLane) -> list[Chunk]:
        """Wait for a chunk, then take what else is there already, up to a few full POSTs."""
        chunks: list[Chunk] = []
        rows = 0
        while rows < AT_ONCE * self._settings.lines:
            chunk = await lane.next(0 if chunks else None)
            if chunk is None and chunks:
                break
            if chunk is not None:
                chunks.append(chunk)
                rows += len(chunk.batch)
        return chunks

    async def _deliver(self, lane: ReadingLane, writer: Writer, chunks: Sequence[Chunk]) -> None:
        """What goes into one POST is written down while the one before it is on its way."""
        parts = self._parts(lane, chunks)
        part = await anext(parts, None)
        while part is not None:
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._write(lane, writer, part))
                    following = group.create_task(_next(parts))
            except ExceptionGroup as found:
                raise _first(found) from None
            part = following.result()

    async def _write(self, lane: ReadingLane, writer: Writer, part: Lines) -> None:
        rejected = await writer.write(part)
        self._troubles.report(lane, None)
        for reason, guilty in _by_reason(part, rejected).items():
            times = [int(line.rpartition(" ")[2]) for line in guilty]
            lane.reject(guilty, reason, min(times), max(times))

    async def _parts(self, lane: ReadingLane, chunks: Sequence[Chunk]) -> AsyncGenerator[Lines, None]:
        """What goes into one POST each, written down a little at a time: an alarm waits behind no more than that."""
        texts: list[str] = []
        rows = 0
        for batch in self._pieces(lane, chunks):
            if rows + len(batch) > self._settings.lines:
                yield Lines("\n".join(texts), rows)
                texts, rows = [], 0
            for at in range(0, len(batch), SLICE):
                texts.append(reading_text(self._prefixes[batch.table], batch.slice(at, at + SLICE)))
                await asyncio.sleep(0)
            rows += len(batch)
        if rows:
            yield Lines("\n".join(texts), rows)

    def _pieces(self, lane: ReadingLane, chunks: Sequence[Chunk]) -> Iterator[Batch]:
        """The chunks, cut where one alone is more than a POST; those nobody can name any more are dead-lettered."""
        most = self._settings.lines
        for chunk in chunks:
            batch = chunk.batch
            if not len(batch):
                continue
            if self._prefix(lane, batch.table) is None:
                source, reason = batch.source, f"tag table {batch.table} is not known any more"
                lane.reject(dead_rows(batch), reason, int(source.min()), int(source.max()))
                continue
            yield from (batch.slice(at, at + most) for at in range(0, len(batch), most))

    def _prefix(self, lane: ReadingLane, table: str) -> Prefixes | None:
        """A chunk may be older than the configuration: then the runtime is asked for the one it was made under."""
        found = self._prefixes.get(table)
        if found is None:
            now = lane.site
            site: Site | None = now if now.table == table else lane.site_of(table)
            if site is None:
                return None
            while len(self._prefixes) >= TABLES:
                del self._prefixes[next(iter(self._prefixes))]
            found = self._prefixes[table] = prefixes(site)
        return found


async def _next(parts: AsyncGenerator[Lines, None]) -> Lines | None:
    return await anext(parts, None)


def _first(found: BaseExceptionGroup[Exception]) -> BaseException:
    error: BaseException = found
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _by_reason(lines: Lines | Sequence[str], rejected: list[Rejected]) -> dict[str, list[str]]:
    """One dead letter for each thing the server said, with all lines it said it of."""
    said: dict[str, list[str]] = {}
    for each in rejected:
        said.setdefault(each.reason, []).append(lines[each.index])
    return said
