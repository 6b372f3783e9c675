"""Builds the source from settings and bound tags, and plays the recording."""

import asyncio
from collections.abc import Iterator, Sequence

from gateway.model.batch import Batch
from gateway.model.errors import Misconfigured, Retry
from gateway.model.ports import Feed
from gateway.model.site import Tag
from gateway.model.times import NS
from gateway.sources.replay.clock import ReplayClock
from gateway.sources.replay.config import Binding, Settings
from gateway.sources.replay.decode import Columns, Cutter, after
from gateway.sources.replay.reader import pieces


class ReplaySource:
    """Plays all tags of one recording, then ends. The same file gives the same batches, each time.

    Attributes:
        resume_after: received time (ns) of the last committed reading of this source; play goes on exactly behind it.
        finished: set when the recording has been played.
    """

    def __init__(
        self, name: str, settings: Settings, bound: Sequence[tuple[int, Tag, Binding]], resume_after: int = -1
    ) -> None:
        self.name = name
        self.resume_after = resume_after
        self.finished = asyncio.Event()
        self._settings = settings
        self._rows_of: dict[str, int] = {}
        for row, tag, binding in bound:
            if binding.column in self._rows_of:
                raise Misconfigured(f"{name}: tag {tag.id} reads {binding.column!r}, which another tag reads")
            self._rows_of[binding.column] = row

    def batches(self) -> Iterator[Columns]:
        """What is left to play."""
        return after(_cut(self._settings, self._rows_of), self.resume_after)

    async def run(self, feed: Feed) -> None:
        """Play to the end.

        Raises:
            Misconfigured: the recording is not as said.
        """
        loop = asyncio.get_running_loop()
        began, first = loop.time(), None
        for rows in self.batches() if self._rows_of else ():
            last = int(rows.received[-1])
            first = last if first is None else first
            await asyncio.sleep(self._wait(loop.time() - began, (last - first) / NS))
            await feed.room()
            self._send(feed, rows)
            self.resume_after = last
        self.finished.set()

    def _wait(self, passed_s: float, recorded_s: float) -> float:
        """Seconds to wait for the next batch; 0 lets the others run."""
        return max(0.0, recorded_s / self._settings.speed - passed_s) if self._settings.speed else 0.0

    @staticmethod
    def _send(feed: Feed, rows: Columns) -> None:
        if isinstance(feed.clock, ReplayClock):
            feed.clock.advance(int(rows.received[-1]))
        batch = Batch(feed.table, rows.tag, rows.source, rows.received, rows.value, rows.quality)
        if not feed.readings(batch):
            raise Retry("no room for a batch of the recording; it is played again", after=1.0)


def _cut(settings: Settings, rows_of: dict[str, int]) -> Iterator[Columns]:
    cutter = Cutter(settings.batch)
    for piece in pieces(settings, rows_of):
        yield from cutter.feed(piece)
    yield from cutter.rest()


def first_time(settings: Settings, bound: Sequence[tuple[int, Tag, Binding]]) -> int:
    """Received time of the first reading, where the replay's clock starts; 0 for an empty recording.

    Raises:
        Misconfigured: the recording is not as said.
    """
    rows_of = {binding.column: row for row, _, binding in bound}
    first = next(pieces(settings, rows_of), None) if rows_of else None
    return 0 if first is None else int(first.received[0])


def build(
    name: str, settings: Settings, bound: Sequence[tuple[int, Tag, Binding]], resume_after: int = -1
) -> ReplaySource:
    """``bound``: (row in the tag table, tag, where to read it)."""
    return ReplaySource(name, settings, bound, resume_after)
