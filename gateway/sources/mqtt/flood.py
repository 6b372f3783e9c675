"""A flood of messages without acknowledgement (QoS 0) is bounded: the newest of each tag is kept, the rest is a gap.

QoS 1 needs none of this: what we do not acknowledge, the broker does not send.
"""

from dataclasses import dataclass, field
from typing import Final

from gateway.model.times import NS
from gateway.sources.mqtt.decode import Row

WINDOW: Final = NS


@dataclass(slots=True)
class Lost:
    """Readings that were dropped: source times of the first and last, and how many."""

    start: int
    end: int
    count: int


@dataclass(slots=True)
class Flood:
    """At most ``most`` messages a second; of those beyond, the newest reading of each tag once a second."""

    most: int
    _since: int = 0
    _count: int = 0
    _held: dict[int, tuple[Row, int]] = field(default_factory=dict)
    _lost: Lost | None = None

    def room(self, now: int) -> bool:
        """Whether one more message fits into this second."""
        # A clock that was set back begins a new second too.
        if not 0 <= now - self._since < WINDOW:
            self._since, self._count = now, 0
        self._count += 1
        return self._count <= self.most

    def hold(self, row: Row, received: int) -> None:
        """Keep it in place of the last one of its tag."""
        last = self._held.pop(row[0], None)
        self._held[row[0]] = row, received
        if last is not None:
            self._drop(last[0][1])

    def release(self, now: int, *, last: bool = False) -> tuple[list[tuple[Row, int]], Lost | None]:
        """What was held, when its second is over or it is the ``last`` chance, and what was lost of it."""
        if not self._held or (not last and 0 <= now - self._since < WINDOW):
            return [], None
        held, self._held = list(self._held.values()), {}
        lost, self._lost = self._lost, None
        return held, lost

    @property
    def holding(self) -> bool:
        """Something waits for the end of its second."""
        return bool(self._held)

    def wait_s(self, now: int) -> float:
        """Until that end, s."""
        return max(0.01, min(1.0, (self._since + WINDOW - now) / NS))

    def _drop(self, source: int) -> None:
        if self._lost is None:
            self._lost = Lost(source, source, 0)
        lost = self._lost
        lost.start, lost.end, lost.count = min(lost.start, source), max(lost.end, source), lost.count + 1
