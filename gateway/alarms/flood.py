"""Alarm floods (ISA-18.2 / EEMUA 191): more announcements than one operator can take in.

A flood begins with more than ten announcements in ten minutes and ends when fewer than five have come in ten (mark S,
two secondary sources). Saying so drops and hides nothing: lists can group by cause, figures can tell flood from calm.
What is suppressed, in shadow or late does not reach the operator now, so it does not count.

One console a gateway: the whole site is one operator's.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.alarms.evolve import announces
from gateway.model.events import Event, EventKind
from gateway.model.times import NEVER, iso, parse_iso, seconds

WINDOW: Final = seconds(600)
BEGINS: Final = 11
"""announcements within the window with which a flood begins"""
ENDS: Final = 5
"""with fewer than this it ends"""


@dataclass(slots=True)
class Flood:
    """The newest announcements, ns, and since when there is a flood (0: there is none). Folded from events alone."""

    latest: deque[int] = field(default_factory=lambda: deque(maxlen=BEGINS))
    since: int = 0
    count: int = 0
    """announcements in this flood"""

    def fold(self, event: Event) -> None:
        """One event of the journal."""
        if event.event is EventKind.FLOOD_STARTED:
            self.since, self.count = parse_iso(event.detail["since"]), int(event.detail["count"])
        elif event.event is EventKind.FLOOD_ENDED:
            self.since, self.count = 0, 0
        elif announces(event):
            self.latest.append(max(event.time, self.latest[-1] if self.latest else 0))
            self.count += self.since > 0

    def next_deadline(self) -> int:
        """When it is over unless more comes, ns or NEVER."""
        if not self.since:
            return NEVER
        return (self.latest[-ENDS] if len(self.latest) >= ENDS else self.since) + WINDOW

    def news(self, now: int) -> list[Event]:
        """What is to be said at ``now``."""
        if self.since:
            at = self.next_deadline()
            detail: dict[str, Any] = {"since": iso(self.since), "count": self.count}
            return [Event(event=EventKind.FLOOD_ENDED, time=at, detail=detail)] if at <= now else []
        full = len(self.latest) == BEGINS and self.latest[-1] - self.latest[0] <= WINDOW
        if not full or now - self.latest[-1] > WINDOW:
            return []
        detail = {"since": iso(self.latest[0]), "count": BEGINS}
        return [Event(event=EventKind.FLOOD_STARTED, time=self.latest[-1], detail=detail)]

    def dump(self) -> dict[str, Any]:
        """JSON values."""
        return {"latest": list(self.latest), "since": self.since, "count": self.count}


def load(data: dict[str, Any]) -> Flood:
    """Inverse of :meth:`Flood.dump`."""
    return Flood(deque(map(int, data["latest"]), BEGINS), int(data["since"]), int(data["count"]))
