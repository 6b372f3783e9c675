"""Periods of heightened watch (重点时段): holidays, storms, meetings. From the configuration, or declared by a person.

While one holds, people have less time to acknowledge (a factor on the times of the routing table) and, where that
row of :mod:`gateway.alarms.modifiers` is on, the live level is raised. Every beginning and end is an event.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.model.commands import Act, Command
from gateway.model.errors import Refused
from gateway.model.events import Event, EventKind
from gateway.model.site import ID_PATTERN, PlannedWatch, Site
from gateway.model.times import NEVER, NS, iso, parse_iso

LONGEST: Final = 60 * 86_400 * NS
"""the longest a person may declare at once, by our own judgement"""
MOST: Final = 100
"""periods at one time"""


@dataclass(frozen=True, slots=True)
class Watch:
    """One period that holds. ``places`` empty: the whole site."""

    until: int
    places: tuple[str, ...]
    factor: float


class Watches:
    """Periods that hold, by id; folded from events alone. ``planned`` comes from the configuration."""

    def __init__(self, site: Site) -> None:
        self._planned = {w.id: w for w in site.watches}
        self._places = frozenset(i.id for i in site.installations)
        self.open: dict[str, Watch] = {}
        self.said: dict[str, int] = {}
        """planned ones that have begun, with when they end (ns): they begin once"""
        self._past: set[str] = set()
        """planned ones that were over before anybody looked: they are not said"""

    def fold(self, event: Event) -> None:
        """One event of the journal."""
        ident = event.detail.get("watch", "")
        if event.event is EventKind.WATCH_STARTED:
            until = parse_iso(event.detail["until"])
            places = tuple(event.detail.get("installations", ()))
            self.open[ident] = Watch(until, places, float(event.detail["acknowledge"]))
            if event.actor is None:
                self.said[ident] = until
        elif event.event is EventKind.WATCH_ENDED:
            self.open.pop(ident, None)

    def next_deadline(self) -> int:
        """When one next begins or ends, ns or NEVER."""
        begin = (w.start for w in self._planned.values() if self._new(w))
        return min((*(w.until for w in self.open.values()), *begin), default=NEVER)

    def due(self, now: int) -> list[Event]:
        """What begins and ends by ``now``, each at its own moment; fold it."""
        self._past |= {w.id for w in self._planned.values() if self._new(w) and w.end <= now}
        over = sorted((w.until, k) for k, w in self.open.items() if w.until <= now)
        begun = [w for w in self._planned.values() if self._new(w) and w.start <= now]
        return [_ended(at, k, "its time is over") for at, k in over] + [
            _started(w.start, w.id, w.end, w.installations, w.acknowledge, w.reason) for w in begun
        ]

    def unplanned(self, now: int) -> list[Event]:
        """Planned ones that hold and that the present configuration does not have, or has otherwise."""
        ends = {w.id: w.end for w in self._planned.values()}
        gone = [k for k, w in self.open.items() if self.said.get(k) == w.until != ends.get(k)]
        return [_ended(now, k, "no longer configured") for k in gone]

    def declared(self, command: Command, time: int) -> list[Event]:
        """A person begins or ends a period.

        Raises:
            Refused: no reason, no end or one too far away, an unknown place, or no such period.
        """
        words = dict(command.words)
        ident = words.get("watch", "")
        if command.act is Act.WATCH_END:
            if ident not in self.open:
                raise Refused(f"no period of heightened watch {ident!r} holds")
            event = _ended(time, ident, "ended")
        else:
            event = self._declared(command, ident, words, time)
        return [_by(event, command)]

    def factor(self, place: str) -> float:
        """By what the times to acknowledge are multiplied at this place now."""
        return min((w.factor for w in self._of(place)), default=1.0)

    def at(self, place: str) -> tuple[str, ...]:
        """Ids of the periods that hold at this place."""
        return tuple(k for k, w in self.open.items() if not w.places or place in w.places)

    def dump(self) -> dict[str, Any]:
        """JSON values."""
        held = {k: [w.until, list(w.places), w.factor] for k, w in self.open.items()}
        return {"open": held, "said": dict(self.said)}

    def load(self, data: Mapping[str, Any]) -> None:
        """Inverse of :meth:`dump`."""
        self.open = {k: Watch(int(t), tuple(p), float(f)) for k, (t, p, f) in data["open"].items()}
        self.said = {k: int(t) for k, t in data["said"].items()}

    def _of(self, place: str) -> list[Watch]:
        return [w for w in self.open.values() if not w.places or place in w.places]

    def _new(self, planned: PlannedWatch) -> bool:
        return self.said.get(planned.id) != planned.end and planned.id not in self._past

    def _declared(self, command: Command, ident: str, words: Mapping[str, str], time: int) -> Event:
        if not ID_PATTERN.fullmatch(ident) or ident in self.open or len(self.open) >= MOST:
            raise Refused(f"a period {ident!r}; allowed: 1-64 of A-Z a-z 0-9 _ -, not one that holds already")
        if not command.comment.strip():
            raise Refused("heightened watch needs a reason")
        if not time < command.until <= time + LONGEST:
            raise Refused(f"heightened watch needs an end, at most {LONGEST // (86_400 * NS)} days from now")
        places = tuple(p for p in words.get("installations", "").split(",") if p)
        unknown = [p for p in places if p not in self._places]
        if unknown:
            raise Refused(f"no installation {unknown[0]!r}")
        return _started(
            time, ident, command.until, places, _factor(words.get("acknowledge", "1")), command.comment
        )


def _factor(text: str) -> float:
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not 0 < factor <= 1:
        raise Refused(f"acknowledge {text!r}; allowed: a factor above 0, at most 1")
    return factor


def _started(time: int, ident: str, until: int, places: tuple[str, ...], factor: float, reason: str) -> Event:
    detail: dict[str, Any] = {"watch": ident, "until": iso(until), "acknowledge": factor, "reason": reason}
    detail |= {"installations": list(places)} if places else {}
    return Event(event=EventKind.WATCH_STARTED, time=time, detail=detail)


def _ended(time: int, ident: str, why: str) -> Event:
    return Event(event=EventKind.WATCH_ENDED, time=time, detail={"watch": ident, "why": why})


def _by(event: Event, command: Command) -> Event:
    return Event(
        event=event.event, time=event.time, actor=command.actor, comment=command.comment, detail=event.detail
    )
