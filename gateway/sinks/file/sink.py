"""Events to a file, in order, each once."""

import asyncio
from typing import Final

import orjson

from gateway.model.errors import Retry
from gateway.model.events import Record
from gateway.model.ports import EventLane
from gateway.sinks.file.config import Settings
from gateway.sinks.file.lines import Lines

BATCH: Final = 500
AGAIN_S: Final = 5.0
"""A disk that refuses is asked again after this."""


class FileSink:
    """See the package's README."""

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = f"{name}.events"
        self.lane = "events"
        self._settings = settings

    async def run(self, lane: EventLane) -> None:
        """Write until cancelled.

        Raises:
            Retry: the disk refuses; everything is kept.
        """
        settings, lines = self._settings, None
        try:
            lines = await asyncio.to_thread(Lines, settings.path, settings.max_mb << 20, settings.keep)
            while True:
                records = await lane.next(BATCH)
                chosen = [r.data for r in records if self._wants(r) and not _written(r, lines.last)]
                if chosen:
                    await asyncio.to_thread(lines.write, chosen)
                if records:
                    lane.trouble("disk", active=False)
                    lane.advance(records[-1].seq)
        except OSError as error:
            words = f"{settings.path}: {error.strerror or error}"
            lane.trouble("disk", active=True, detail=words)
            raise Retry(words, after=AGAIN_S) from error
        finally:
            if lines is not None:
                lines.close()

    def _wants(self, record: Record) -> bool:
        return record.event.announced or self._settings.events == "all"


def _written(record: Record, last: tuple[str, int] | None) -> bool:
    """The file had it before the gateway could remember so."""
    if last is None or record.seq > last[1]:
        return False
    return bool(orjson.loads(record.data)["epoch"] == last[0])
