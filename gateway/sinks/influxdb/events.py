"""Journal events into the database."""

from typing import Final

from gateway.model.events import EventKind
from gateway.model.ports import EventLane
from gateway.sinks.influxdb.client import Trouble, Writer
from gateway.sinks.influxdb.config import Settings
from gateway.sinks.influxdb.encode import event_line
from gateway.sinks.influxdb.troubles import Troubles

BATCH: Final = 500


class EventSink:
    """See the package's README. One instance lives through all its connections."""

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = f"{name}.events"
        self.lane = "events"
        self._settings = settings
        self._troubles = Troubles()

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

    async def _batch(self, lane: EventLane, writer: Writer) -> None:
        """A gap record is never dead-lettered: that would make another gap record. The journal keeps it anyway."""
        records = await lane.next(min(BATCH, self._settings.lines))
        if not records:
            return
        site = lane.present().site
        rejected = await writer.write([event_line(site, r) for r in records])
        self._troubles.report(lane, None)
        for each in rejected:
            record = records[each.index]
            if record.event.event is EventKind.GAP:
                self._troubles.unstored(lane, f"gap record {record.seq}: {each.reason}")
            else:
                lane.reject(record, each.reason)
        lane.advance(records[-1].seq)
