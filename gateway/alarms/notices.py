"""Who is told of an alarm, and who next when nobody acknowledges it (应急通知与升级).

The routing table of the configuration says it; :class:`Router` decides, :class:`Notices` is what its events add up to.
Both are pure: who is on duty is a function of the configuration and the time, and the ladder that is still to be
climbed travels in the events, so a restart goes on where it was and a replay tells the same persons. Sending is an
output's work: it reads these events from its lane of the journal.

An acknowledgement, a suppression and the end of the alarm end the climbing. Whoever is told of a level and not of the
one it rose to would not know: a rise is told anew, from the first step of its own row.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from gateway.alarms.evolve import ASKS, Held
from gateway.alarms.subjects import about
from gateway.alarms.tables import ENDS
from gateway.alarms.timers import Timers
from gateway.alarms.watches import Watches
from gateway.model.events import Acknowledgement, Event, EventKind, Occurrence, Suppression
from gateway.model.levels import Level
from gateway.model.people import OWNER, specialty_of
from gateway.model.site import Site
from gateway.model.times import NEVER, iso, parse_iso, seconds

TELLS: Final = frozenset({EventKind.NOTIFIED, EventKind.ESCALATED})
UNROUTED: Final = "no row of the routing table applies"
LEFT: Final = "nobody is left to tell"


@dataclass(frozen=True, slots=True)
class Notice:
    """Of one open alarm: who was told of which level, when the next is told, and who those are."""

    level: Level
    step: int
    due: int
    """ns, or NEVER"""
    then: tuple[str, ...]
    """posts and ``owner:<role>`` still to be told, the next first"""


class Notices:
    """Notices by occurrence id, folded from events alone."""

    def __init__(self) -> None:
        self.open: dict[str, Notice] = {}
        self._timers: Timers[str] = Timers()

    def fold(self, event: Event) -> None:
        """A notice, or the time in which the gateway was down: nobody could acknowledge it then."""
        if event.event in TELLS:
            detail = event.detail
            due = parse_iso(detail["due"]) if "due" in detail else NEVER
            level = event.level or Level.BLUE
            self.set(detail["alarm"], Notice(level, int(detail["step"]), due, tuple(detail.get("then", ()))))
        elif event.event is EventKind.STARTED and "down_since" in event.detail:
            outage = max(event.time - parse_iso(event.detail["down_since"]), 0)
            for alarm, notice in list(self.open.items()):
                due = notice.due if notice.due == NEVER else notice.due + outage
                self.set(alarm, replace(notice, due=due))

    def changed(self, event: Event, after: Held | None) -> None:
        """An occurrence changed (``after`` None: it ended)."""
        if event.id in self.open and (event.event in ENDS or after is None or not waits(after.occurrence)):
            del self.open[event.id]
            self._timers.drop(event.id)

    def next_deadline(self) -> int:
        """When somebody is next told by time alone, ns or NEVER."""
        return self._timers.earliest()

    def due(self, now: int) -> list[tuple[int, str]]:
        """Time and alarm of what is due at ``now``, in that order."""
        if self._timers.earliest() > now:
            return []
        return sorted((n.due, alarm) for alarm, n in self.open.items() if n.due <= now)

    def dump(self) -> dict[str, Any]:
        """JSON values."""
        return {k: [n.level.word, n.step, n.due, list(n.then)] for k, n in self.open.items()}

    def set(self, alarm: str, notice: Notice) -> None:
        """The notice of an alarm, and when its next is due."""
        self.open[alarm] = notice
        self._timers.set(alarm, notice.due)


def load(data: Mapping[str, Any]) -> Notices:
    """Inverse of :meth:`Notices.dump`."""
    found = Notices()
    for alarm, (level, step, due, then) in data.items():
        found.set(alarm, Notice(Level.parse(level), int(step), int(due), tuple(then)))
    return found


def waits(o: Occurrence) -> bool:
    """It asks for a person now."""
    unseen = o.axes.acknowledgement is Acknowledgement.UNACKNOWLEDGED
    return unseen and o.axes.suppression is Suppression.NONE


@dataclass(frozen=True, slots=True)
class _Rung:
    """Who is told now, who after them, and how long they have (ns; 0: nobody follows)."""

    posts: tuple[str, ...]
    then: tuple[str, ...]
    limit: int


class Router:
    """Decides by the routing table of one site; without a table it tells nobody anything."""

    def __init__(self, site: Site) -> None:
        self._routing = site.routing
        self._posts = {post.id: post for post in site.posts}
        self._owners = {i.id: i.owners for i in site.installations}

    @property
    def tells(self) -> bool:
        """There is a routing table."""
        return bool(self._routing.routes)

    def told(self, event: Event, held: Held | None, notices: Notices, watches: Watches) -> list[Event]:
        """Who is told because of this event of an occurrence, which is now ``held``."""
        asks = event.event in ASKS and not event.shadow
        if held is None or not asks or not waits(held.occurrence):
            return []
        o, known = held.occurrence, notices.open.get(event.id)
        if known is not None and o.level <= known.level:
            return []
        now = event.time + seconds(event.late_s)
        route = self._routing.route(o.level, specialty_of(o.cls, fault=o.fault), o.installation, now)
        posts, then = (route.posts, route.escalate) if route else ((), ())
        why = event.event.value if route else UNROUTED
        return [self._event(EventKind.NOTIFIED, o, now, 0, _Rung(posts, then, self._limit(o, watches)), why)]

    def climb(self, notices: Notices, held: Mapping[str, Held], watches: Watches, now: int) -> list[Event]:
        """Who is told at ``now`` because nobody has acknowledged in time: one step of each alarm that is due."""
        found = []
        for at, alarm in notices.due(now):
            notice, o = notices.open[alarm], held[alarm].occurrence
            late = f"not acknowledged by {iso(at)}"
            why = late if notice.then else f"{late}; {LEFT}"
            rung = _Rung(notice.then[:1], notice.then[1:], self._limit(o, watches))
            found.append(self._event(EventKind.ESCALATED, o, at, notice.step + 1, rung, why))
        return found

    def _limit(self, o: Occurrence, watches: Watches) -> int:
        """Ns to acknowledge it; less in a period of heightened watch."""
        return round(self._routing.limit(o.level) * watches.factor(o.installation))

    def _event(self, kind: EventKind, o: Occurrence, time: int, step: int, rung: _Rung, why: str) -> Event:
        detail = {"alarm": o.id, "n": o.n, "step": step, "why": why, **self._named(o, time, rung)}
        return Event(
            event=kind,
            time=time,
            **about(o),
            levels=(o.level,),
            onset=o.onset,
            value=o.value,
            limit=o.limit,
            detail=detail,
        )

    def _named(self, o: Occurrence, time: int, rung: _Rung) -> dict[str, Any]:
        """Posts and persons who are told, who is next, and by when."""
        persons = {post: self._persons(post, o.installation, time) for post in rung.posts}
        people = list(dict.fromkeys(p for found in persons.values() for p in found))
        named: dict[str, Any] = {"posts": list(rung.posts), "people": people, "then": list(rung.then)}
        if empty := [post for post, found in persons.items() if not found]:
            named["nobody"] = empty
        if rung.posts and rung.limit:
            # Nobody on duty cannot acknowledge: whoever is next is told at once.
            named["due"] = iso(time + rung.limit if people else time)
        return named

    def _persons(self, recipient: str, installation: str, time: int) -> Iterable[str]:
        if recipient.startswith(OWNER):
            role = recipient.removeprefix(OWNER)
            return [o.person for o in self._owners.get(installation, ()) if o.role == role]
        post = self._posts.get(recipient)
        return post.on_duty(time) if post else ()
