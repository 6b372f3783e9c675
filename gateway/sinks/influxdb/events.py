"""Journal events into the database."""

import asyncio
from typing import Final

from gateway.model.events import EventKind
from gateway.model.ports import EventLane
from gateway.sinks.influxdb.client import Lines, Trouble, Writer
from gateway.sinks.influxdb.config import Settings
from gateway.sinks.influxdb.encode import event_line
from gateway.sinks.influxdb.troubles import Troubles

BATCH: Final = 500
LINGER_S: Final = 5.0
"""Behind a POST that took all there was, events gather this long: a POST costs as much as twenty events."""


class EventSink:
    """See the package's README. One instance lives through all its connections."""

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = f"{name}.events"
        self.lane = "events"
        self._settings = settings
        self._troubles = Troubles()
        self._next_at = 0.0

    async def run(self, lane: EventLane) -> None:
        """Deliver until cancelled.

        Raises:
            Retry: the database is gone or busy, or a person must help. Misconfigured: a secret is missing here.
        """
        try:
            async with Writer(self._settings) as writer:
                while True:
                    await self._batch(lane, writer)
        except Trouble as error:
            self._troubles.report(lane, error)
            raise

    @staticmethod
    def _loop_time() -> float:
        return asyncio.get_running_loop().time()

    async def _batch(self, lane: EventLane, writer: Writer) -> None:
        """A gap record is never dead-lettered: that would make another gap record. The journal keeps it anyway."""
        await lane.rest(self._next_at - self._loop_time())
        most = min(BATCH, self._settings.lines)
        records = await lane.next(most)
        if not records:
            return
        begun, site = self._loop_time(), lane.site
        rejected = await writer.write(Lines.of([event_line(site, r) for r in records]))
        # A full batch leaves others waiting; one that failed comes again when the supervisor says so.
        self._next_at = begun + LINGER_S if len(records) < most else 0.0
        self._troubles.report(lane, None)
        unstored = ""
        for each in rejected:
            record = records[each.index]
            if record.event.event is EventKind.GAP:
                unstored = f"gap record {record.seq}: {each.reason}"
            else:
                lane.reject(record, each.reason)
        self._troubles.unstored(lane, unstored)
        lane.advance(records[-1].seq)
