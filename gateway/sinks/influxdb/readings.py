"""Readings and tag descriptions into the database."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Final

from gateway.model.ports import ReadingLane
from gateway.sinks.influxdb.client import Lines, Rejected, Trouble, Writer
from gateway.sinks.influxdb.config import Settings
from gateway.sinks.influxdb.encode import dead_rows, tag_info_lines
from gateway.sinks.influxdb.posts import Post, Posts
from gateway.sinks.influxdb.troubles import Troubles

AHEAD: Final = 2
"""POSTs that stand ready behind the one on its way, beside the one that is being written down: a page of the spool is
read in the time of about one, and makes four.
"""


class ReadingSink:
    """See the package's README. One instance lives through all its connections."""

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = f"{name}.readings"
        self.lane = "readings"
        self._settings = settings
        self._troubles = Troubles()
        self._posts = Posts(settings.lines)
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
                await self._describe(lane, writer)
                async with aclosing(self._posts.of(lane)) as posts:
                    await self._deliver(lane, writer, posts)
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

    async def _deliver(self, lane: ReadingLane, writer: Writer, posts: AsyncGenerator[Post, None]) -> None:
        """While one POST is on its way the next ones are read and written down: the database never waits for us."""
        ready = asyncio.Queue[Post](AHEAD)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_prepare(posts, ready))
                group.create_task(self._send(lane, writer, ready))
        except ExceptionGroup as found:
            raise _first(found) from None

    async def _send(self, lane: ReadingLane, writer: Writer, ready: asyncio.Queue[Post]) -> None:
        while True:
            post = await ready.get()
            await self._describe(lane, writer)
            await self._again(lane, writer)
            await self._write(lane, writer, post)

    async def _write(self, lane: ReadingLane, writer: Writer, post: Post) -> None:
        """One POST, and what becomes of it; a refused reading is a loss once the chunk it is in is settled."""
        lines = post.lines
        rejected = await writer.write(lines) if lines else []
        if lines:
            self._troubles.report(lane, None)
        for reason, guilty in _by_reason(lines, rejected).items():
            times = [int(line.rpartition(" ")[2]) for line in guilty]
            lane.reject(guilty, reason, min(times), max(times))
        for batch in post.nameless:
            source, reason = batch.source, f"tag table {batch.table} is not known any more"
            lane.reject(dead_rows(batch), reason, int(source.min()), int(source.max()))
        lane.advance(post.to)


async def _prepare(posts: AsyncGenerator[Post, None], ready: asyncio.Queue[Post]) -> None:
    async for post in posts:
        await ready.put(post)


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
