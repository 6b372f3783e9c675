"""What a lane reports about its broker, on edges."""

from collections.abc import Iterable

from gateway.model.ports import EventLane
from gateway.sinks.mqtt.client import Connection, LoginRefused, ReadingRefused
from gateway.sinks.mqtt.flight import Refusal

LISTED = 5


class Troubles:
    """Lives as long as the sink: a refusal stays reported over reconnects until the topic is accepted again."""

    def __init__(self) -> None:
        self._refused: dict[str, str] = {}

    def login(self, lane: EventLane, error: LoginRefused | None) -> None:
        """The broker refused the connection (or takes it again)."""
        lane.trouble("login", active=error is not None, detail=error.reason if error else "")

    async def subscribe(
        self, lane: EventLane, connection: Connection, filters: list[str], *, needed: bool
    ) -> None:
        """Read our own topics; where that only serves to tidy up (not ``needed``), a refusal does not stop alarms."""
        error: ReadingRefused | None = None
        try:
            await connection.subscribe(filters)
        except ReadingRefused as found:
            if needed:
                raise
            error = found
        lane.trouble("own-topics", active=error is not None, detail=error.reason if error else "")

    def answered(self, lane: EventLane, accepted: Iterable[str], refused: Iterable[Refusal]) -> None:
        """Topics of publishes that were accepted or refused."""
        for topic in accepted:
            self._refused.pop(topic, None)
        for each in refused:
            self._refused[each.topic] = each.reason
        words = "; ".join(f"{t}: {r}" for t, r in list(self._refused.items())[:LISTED])
        lane.trouble("refused", active=bool(self._refused), detail=words)
