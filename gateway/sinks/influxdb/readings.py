"""Readings and tag descriptions into the database."""

from dataclasses import dataclass, field
from typing import Final

from gateway.model.ports import Chunk, ReadingLane
from gateway.model.site import Site
from gateway.sinks.influxdb.client import Rejected, Trouble, Writer
from gateway.sinks.influxdb.config import Settings
from gateway.sinks.influxdb.encode import Prefixes, dead_rows, prefixes, reading_lines, tag_info_lines
from gateway.sinks.influxdb.troubles import Troubles

TABLES: Final = 8
"""Configurations whose prefixes are kept: the present one and those of chunks that still wait."""


@dataclass(slots=True)
class _Load:
    """Chunks merged into one POST."""

    chunks: list[Chunk] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


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
                    load = await self._load(lane)
                    await self._write(lane, writer, load)
                    lane.advance(load.chunks[-1].id)
        except Trouble as error:
            self._troubles.report(lane, error)
            raise

    async def _describe(self, lane: ReadingLane, writer: Writer) -> None:
        """``tag_info`` once per start and configuration."""
        site = lane.present().site
        if site.config_hash == self._described:
            return
        if self._met[0] != site.config_hash:
            self._met = (site.config_hash, lane.clock.now())
        lines = tag_info_lines(site, self._met[1])
        for at in range(0, len(lines), self._settings.lines):
            rejected = await writer.write(lines[at : at + self._settings.lines])
            self._troubles.report(lane, None)
            if rejected:
                words = [lines[at + r.index] for r in rejected]
                lane.reject(words, rejected[0].reason, self._met[1], self._met[1])
        self._described = site.config_hash

    async def _load(self, lane: ReadingLane) -> _Load:
        """Wait for a chunk, then take what else is there already, up to a full POST."""
        load = _Load()
        chunk = await lane.next()
        while chunk is not None:
            load.chunks.append(chunk)
            load.lines += self._lines(lane, chunk)
            if len(load.lines) >= self._settings.lines:
                break
            chunk = await lane.next(0)
        return load if load.chunks else await self._load(lane)

    async def _write(self, lane: ReadingLane, writer: Writer, load: _Load) -> None:
        for at in range(0, len(load.lines), self._settings.lines):
            part = load.lines[at : at + self._settings.lines]
            rejected = await writer.write(part)
            self._troubles.report(lane, None)
            if rejected:
                _reject(lane, part, rejected)

    def _lines(self, lane: ReadingLane, chunk: Chunk) -> list[str]:
        prefix = self._prefix(lane, chunk.batch.table)
        if prefix is not None:
            return reading_lines(prefix, chunk.batch)
        source = chunk.batch.source
        if len(source):
            reason = f"tag table {chunk.batch.table} is not known any more"
            lane.reject(dead_rows(chunk.batch), reason, int(source.min()), int(source.max()))
        return []

    def _prefix(self, lane: ReadingLane, table: str) -> Prefixes | None:
        """A chunk may be older than the configuration: then the runtime is asked for the one it was made under."""
        found = self._prefixes.get(table)
        if found is None:
            now = lane.present().site
            site: Site | None = now if now.table == table else lane.site_of(table)
            if site is None:
                return None
            while len(self._prefixes) >= TABLES:
                del self._prefixes[next(iter(self._prefixes))]
            found = self._prefixes[table] = prefixes(site)
        return found


def _reject(lane: ReadingLane, lines: list[str], rejected: list[Rejected]) -> None:
    """One dead letter for each thing the server said, with all lines it said it of."""
    said: dict[str, list[str]] = {}
    for each in rejected:
        said.setdefault(each.reason, []).append(lines[each.index])
    for reason, guilty in said.items():
        times = [int(line.rpartition(" ")[2]) for line in guilty]
        lane.reject(guilty, reason, min(times), max(times))
