"""Alarm floods (ISA-18.2 / EEMUA 191): more announcements than one operator can take in.

A flood begins with more than ten announcements in ten minutes and ends when fewer than five have come in ten (mark S,
two secondary sources). Saying so drops and hides nothing: it names the groups the announcements belong to
(:mod:`gateway.alarms.grouping`), each with how many and the first, which is the place to look for the cause.
What is suppressed, in shadow or late does not reach the operator now, so it does not count.

Each operator console has its own; without consoles the whole site is one operator's.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
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


@dataclass(frozen=True, slots=True)
class Announced:
    """One announcement: when (ns), of which group, of which occurrence."""

    time: int
    group: str
    alarm: str


@dataclass(slots=True)
class Group:
    """Announcements of one group in a flood."""

    first: str
    """id of the occurrence that was announced first"""
    since: int
    count: int = 1


@dataclass(slots=True)
class Flood:
    """The newest announcements of one console, and since when there is a flood (0: there is none)."""

    latest: deque[Announced] = field(default_factory=lambda: deque(maxlen=BEGINS))
    since: int = 0
    count: int = 0
    """announcements in this flood"""
    groups: dict[str, Group] = field(default_factory=dict)

    def announce(self, event: Event, group: str) -> None:
        """One more."""
        new = Announced(max(event.time, self.latest[-1].time if self.latest else 0), group, event.id)
        self.latest.append(new)
        if self.since:
            self.count += 1
            _count(self.groups, new)

    def begin(self, detail: Mapping[str, Any]) -> None:
        """The journal says that it has begun."""
        self.since, self.count = parse_iso(detail["since"]), int(detail["count"])
        self.groups = _grouped(self.latest)

    def end(self) -> None:
        """The journal says that it is over."""
        self.since, self.count, self.groups = 0, 0, {}

    def next_deadline(self) -> int:
        """When it is over unless more comes, ns or NEVER."""
        if not self.since:
            return NEVER
        return (self.latest[-ENDS].time if len(self.latest) >= ENDS else self.since) + WINDOW

    def news(self, console: str, now: int) -> list[Event]:
        """What is to be said at ``now``."""
        if self.since:
            at = self.next_deadline()
            said = _detail(console, self.since, self.count, self.groups)
            return [Event(event=EventKind.FLOOD_ENDED, time=at, detail=said)] if at <= now else []
        full = len(self.latest) == BEGINS and self.latest[-1].time - self.latest[0].time <= WINDOW
        if not full or now - self.latest[-1].time > WINDOW:
            return []
        said = _detail(console, self.latest[0].time, BEGINS, _grouped(self.latest))
        return [Event(event=EventKind.FLOOD_STARTED, time=self.latest[-1].time, detail=said)]

    def dump(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "latest": [[a.time, a.group, a.alarm] for a in self.latest],
            "since": self.since,
            "count": self.count,
            "groups": {k: [g.first, g.since, g.count] for k, g in self.groups.items()},
        }


class Floods:
    """Floods by console id, folded from events alone. ``group`` and ``console``: of an occurrence's event."""

    def __init__(self, group: Callable[[Event], str], console: Callable[[Event], str]) -> None:
        self._group, self._console = group, console
        self.by_console: dict[str, Flood] = {}

    def fold(self, event: Event) -> None:
        """One event of the journal."""
        if event.event is EventKind.FLOOD_STARTED:
            self._of(event.detail.get("console", "")).begin(event.detail)
        elif event.event is EventKind.FLOOD_ENDED:
            self._of(event.detail.get("console", "")).end()
        elif announces(event):
            self._of(self._console(event)).announce(event, self._group(event))

    def next_deadline(self) -> int:
        """When one is over unless more comes, ns or NEVER."""
        return min((f.next_deadline() for f in self.by_console.values()), default=NEVER)

    def news(self, now: int) -> list[Event]:
        """What is to be said at ``now``, console by console."""
        return [e for console, flood in self.by_console.items() for e in flood.news(console, now)]

    def dump(self) -> dict[str, Any]:
        """JSON values."""
        return {console: flood.dump() for console, flood in self.by_console.items()}

    def load(self, data: Mapping[str, Any]) -> None:
        """Inverse of :meth:`dump`."""
        self.by_console = {console: _load(flood) for console, flood in data.items()}

    def _of(self, console: str) -> Flood:
        return self.by_console.setdefault(console, Flood())


def _load(data: Mapping[str, Any]) -> Flood:
    latest = deque((Announced(int(t), g, a) for t, g, a in data["latest"]), BEGINS)
    groups = {k: Group(first, int(since), int(n)) for k, (first, since, n) in data["groups"].items()}
    return Flood(latest, int(data["since"]), int(data["count"]), groups)


def _count(groups: dict[str, Group], new: Announced) -> None:
    known = groups.get(new.group)
    if known is None:
        groups[new.group] = Group(new.alarm, new.time)
    else:
        known.count += 1


def _grouped(latest: Iterable[Announced]) -> dict[str, Group]:
    groups: dict[str, Group] = {}
    for each in latest:
        _count(groups, each)
    return groups


def _detail(console: str, since: int, count: int, groups: Mapping[str, Group]) -> dict[str, Any]:
    """The largest group first; of equals the one that began first."""
    ordered = sorted(groups.items(), key=lambda item: (-item[1].count, item[1].since))
    told = [{"group": k, "count": g.count, "first": g.first, "since": iso(g.since)} for k, g in ordered]
    named = {"console": console} if console else {}
    return {**named, "since": iso(since), "count": count, "groups": told}
