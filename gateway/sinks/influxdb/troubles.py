"""What a lane reports about its database, on edges."""

from gateway.model.ports import EventLane, ReadingLane
from gateway.sinks.influxdb.client import Trouble


class Troubles:
    """At most one of login, database, refused is active; an accepted POST ends it."""

    def __init__(self) -> None:
        self._now = ""

    def report(self, lane: EventLane | ReadingLane, error: Trouble | None) -> None:
        """A POST needs a person's help (or was accepted)."""
        what = error.what if error else ""
        if self._now and self._now != what:
            lane.trouble(self._now, active=False)
        if error is not None and self._now != what:
            lane.trouble(what, active=True, detail=error.reason)
        self._now = what

    def unstored(self, lane: EventLane | ReadingLane, words: str) -> None:
        """A record could neither be stored nor dead-lettered, or (no words) all of the last POST were."""
        lane.trouble("unstored", active=bool(words), detail=words)

    def undescribed(self, lane: ReadingLane, words: str) -> None:
        """Descriptions of tags were refused, or (no words) are stored."""
        lane.trouble("descriptions", active=bool(words), detail=words)
