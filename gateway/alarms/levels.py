"""The live level of the site and of each installation, kept up to date by counting.

What is highest holds (first row that applies):

1. red / orange / yellow / blue: the highest open process alarm that is announced and not known to be normal; where the
   installation has a roll-up, several points of one item at a level count as one of a higher; where modifiers are on
   (:mod:`gateway.alarms.modifiers`), raised by them. Instrument and system faults set no colour.
2. ``no-view``: a tag that an announced rule needs cannot be seen (BAD, nothing read since the first start, or since we
   were away for longer than its value holds), or none of the place's tags can.
3. ``not-judged``: a tag whose class needs a limit has none announced, all rules of a tag are disabled or in shadow, the
   place has no tags or no rule that is announced, the condition of a rule is not known and no other stands in for it
   (:mod:`gateway.alarms.guards`), a rule is shelved or out of service, or late data said something that is not known
   to be over.
4. ``normal``.

The site is a place of its own over all alarms, tags and installations. Every change costs a few counters; lists are
made only for places that changed, when somebody asks.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from gateway.alarms.away import BY_PERSON
from gateway.alarms.guards import Guards
from gateway.alarms.modifiers import enabled, standing
from gateway.alarms.places import Place
from gateway.alarms.topology import Topology
from gateway.alarms.watches import Watches
from gateway.model.events import Condition, Event, EventKind, Occurrence, Suppression
from gateway.model.levels import Level, LiveLevel
from gateway.model.ports import LiveState
from gateway.model.site import HEIGHTENED_WATCH, OVERDUE_DISPOSAL

SITE: Final = ""
LISTED: Final = 100
"""At most this many names of each kind in one event; the counts are complete."""

Announced = dict[str, tuple[LiveLevel, int, tuple[str, ...]]]
"""Place -> the level last journalled, since when (ns), and the modifiers that applied then."""


def counts(o: Occurrence) -> bool:
    """Does the condition of this occurrence colour its place?"""
    return _told(o) and not o.fault and o.axes.condition is not Condition.NORMAL


def _told(o: Occurrence) -> bool:
    return o.axes.suppression is Suppression.NONE and not o.shadow and not o.axes.recorded_only


def _weigh_alike(a: Occurrence, b: Occurrence) -> bool:
    """All that a place's level depends on is the same. Written out: it is asked of every event."""
    x, y = a.axes, b.axes
    axes = (
        x.condition is y.condition and x.suppression is y.suppression and x.recorded_only is y.recorded_only
    )
    return axes and a.level is b.level and a.shadow is b.shadow and a.overdue is b.overdue


def sets_aside(o: Occurrence) -> bool:
    """Is a rule that people rely on kept from them by a person, or an alarm that stands by design or is only recorded?
    Then nobody may call its place normal: what stands may have its cause elsewhere, and late data may be of now.
    """
    kept = o.axes.suppression is Suppression.BY_DESIGN or o.axes.recorded_only
    stands = kept and o.axes.condition is not Condition.NORMAL
    return (o.axes.suppression in BY_PERSON or stands) and not o.fault and not o.shadow


class Levels:
    """Live levels, incrementally. ``sight`` and ``alarm`` say what changed; ``news`` says which levels did."""

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        self._on = enabled(topology.site)
        self._modifies = {r.id: r.modifies for r in topology.site.rules if r.modifies in self._on}
        self._watched: tuple[str, ...] = ()
        self._places = _places(topology, self._on)
        self._watch = _watchers(topology, self._places)
        self._home = _homes(topology, self._places)
        self._guards = Guards(topology)
        self._judging = _judging(self._guards, self._places)
        self._sighted = [False] * len(topology.site.tags)
        self._dirty = set(self._places)
        self._time = 0
        self._states: dict[str, LiveState] = {}
        for row, places in self._watch.items():
            for place in places:
                place.blinded.add(row)
        self._judge(self._guards.rules)

    @property
    def dirty(self) -> bool:
        """Some level may have changed since :meth:`news` was asked."""
        return bool(self._dirty)

    def sight(self, row: int, sighted: bool) -> None:  # noqa: FBT001 - a fact about the tag, not a mode
        """A tag can be seen, or not."""
        if sighted == self._sighted[row]:
            return
        self._sighted[row] = sighted
        for place in self._home[row]:
            place.sighted += 1 if sighted else -1
            self._touch(place)
        for place in self._watch.get(row, ()):
            (place.blinded.discard if sighted else place.blinded.add)(row)
            self._touch(place)

    def judged(self, rule: int, *, known: bool, quality: int) -> None:
        """The condition of a rule is known, or not (any longer)."""
        self._judge(self._guards.turn(rule, known=known, quality=quality))

    def know(self, rows: Iterable[int]) -> None:
        """Exactly these rules have a condition."""
        self._guards.know(rows)
        self._judge(self._guards.rules)

    def unjudged(self) -> dict[str, int]:
        """Rules whose condition is not known, by id, with what made it so; to :meth:`recall` it."""
        return self._guards.dump()

    def recall(self, unjudged: Mapping[str, int] | None) -> None:
        """Inverse of :meth:`unjudged`. None: it was not kept; no rule has a condition until that is said."""
        if unjudged is not None:
            self._guards.load(unjudged)
            self._judge(self._guards.rules)

    def alarm(self, before: Occurrence | None, after: Occurrence | None) -> None:
        """An occurrence changed, began (``before`` None) or ended (``after`` None)."""
        known = after or before
        if known is None or (before and after and _weigh_alike(before, after)):
            return
        counted = after if after is not None and self._counted(after) else None
        aside = after if after is not None and sets_aside(after) else None
        for place in self._of(known.installation):
            if (
                place.put(counted, known.id)
                | place.put_aside(aside, known.id)
                | self._modify(place, known, after)
            ):
                self._touch(place)

    def watch(self, watches: Watches) -> None:
        """Periods of heightened watch began or ended."""
        if HEIGHTENED_WATCH not in self._on:
            return
        idents = tuple(watches.open)
        for place in self._places.values():
            here = set(watches.at(place.id)) if place.id != SITE else set()
            changed = [
                place.modify(HEIGHTENED_WATCH, k, k if k in here else "") for k in {*idents, *self._watched}
            ]
            if any(changed) or place.id == SITE:
                self._touch(place)
        self._watched = idents

    def hold(self, time: int) -> None:
        """A fact of ``time`` was told; what it changed is told with the :meth:`news`."""
        self._time = max(self._time, time)

    def news(self, announced: Announced) -> list[Event]:
        """Levels that are not the announced ones: site first, then in the order of the configuration. Fold them."""
        time, self._time = self._time, 0
        if not self._dirty:
            return []
        dirty, self._dirty = self._dirty, set()
        found = ((p, (p.level(), p.applying())) for p in self._places.values() if p.id in dirty)
        return [
            Event(
                event=EventKind.LIVE_LEVEL, time=time, installation=place.id, shadow=place.shadow,
                detail=self._detail(place, announced),
            )
            for place, now in found
            if place.id not in announced or announced[place.id][::2] != now
        ]  # fmt: skip

    def states(self, announced: Announced) -> tuple[LiveState, ...]:
        """All places, site first. Made anew only where something changed."""
        return tuple(self._state(p, announced) for p in self._places.values())

    def _detail(self, place: Place, announced: Announced) -> dict[str, Any]:
        """The ``live-level`` event's own fields."""
        state = self._state(place, announced)
        return {
            "level": state.level.value,
            "base": state.base.word,
            "cause": list(state.cause[:LISTED]),
            "blinded": list(state.blinded[:LISTED]),
            "blinded_count": len(state.blinded),
            "not_judged": list(state.not_judged[:LISTED]),
            "not_judged_count": len(state.not_judged),
            "unjudged": list(state.unjudged[:LISTED]),
            "unjudged_count": len(state.unjudged),
            "suppressed": list(state.suppressed[:LISTED]),
            "suppressed_count": len(state.suppressed),
            **_rolled_up(place),
            **_modified(place),
        }

    def forget(self, place: str) -> None:
        """The announcement of this place's level changed."""
        self._states.pop(place, None)

    def _judge(self, rules: Iterable[int]) -> None:
        for rule in rules:
            missing = self._guards.missing(rule)
            for place in self._judging[rule]:
                was = len(place.unjudged)
                (place.unjudged.add if missing else place.unjudged.discard)(rule)
                if len(place.unjudged) != was:
                    self._states.pop(place.id, None)
                    if not was or not place.unjudged:  # else it is not-judged before and after
                        self._dirty.add(place.id)

    def _touch(self, place: Place) -> None:
        self._dirty.add(place.id)
        self._states.pop(place.id, None)

    def _of(self, installation: str) -> tuple[Place, ...]:
        place = self._places.get(installation)
        site = self._places[SITE]
        return (site,) if place is None or place is site else (site, place)

    def _state(self, place: Place, announced: Announced) -> LiveState:
        state = self._states.get(place.id)
        if state is None:
            state = self._states[place.id] = self._make(place, announced)
        return state

    def _make(self, place: Place, announced: Announced) -> LiveState:
        level = place.level()
        blinded, not_judged = self._names(sorted(place.blinded)), self._names(place.not_judged)
        suppressed = tuple(dict.fromkeys(o.rule for o in place.aside.values()))
        silent = sorted(place.unjudged)
        rules = self._guards.rules
        why = (*not_judged, *(rules[row].id for row in silent), *suppressed)
        causes = {LiveLevel.NO_VIEW: blinded, LiveLevel.NOT_JUDGED: why, LiveLevel.NORMAL: ()}
        known = announced.get(place.id)
        return LiveState(
            installation=place.id,
            level=level,
            base=place.base,
            since=known[1] if known and known[0] is level else 0,
            cause=causes[level] if level in causes else _by_weight(place),
            blinded=blinded,
            not_judged=not_judged,
            unjudged=tuple(f"{rules[row].id}: {self._guards.why(row)}" for row in silent),
            suppressed=suppressed,
            modifiers=place.applying(),
        )

    def _counted(self, o: Occurrence) -> bool:
        """Its condition, or with that modifier on its overdue disposal, colours its place."""
        return counts(o) or (o.overdue and OVERDUE_DISPOSAL in self._on and _told(o) and not o.fault)

    def _modify(self, place: Place, known: Occurrence, after: Occurrence | None) -> bool:
        """What this occurrence makes of its installation, beside its own colour."""
        if place.id == SITE and known.installation != SITE:
            return False
        overdue = after is not None and after.overdue and OVERDUE_DISPOSAL in self._on
        changed = bool(self._on) and place.modify(OVERDUE_DISPOSAL, known.id, known.rule if overdue else "")
        modifier = self._modifies.get(known.rule)
        if modifier is None:
            return changed
        holds = after is not None and counts(after)
        place.modifying.pop(known.id, None)
        if holds and after is not None:
            place.modifying[known.id] = after.level
        return place.modify(modifier, known.id, known.rule if holds else "") or changed

    def _names(self, rows: tuple[int, ...] | list[int]) -> tuple[str, ...]:
        tags = self._topology.site.tags
        return tuple(tags[row].id for row in rows)


def _rolled_up(place: Place) -> dict[str, Any]:
    found = [
        {"installation": p.id, "item": item, "points": count, "of": rule.of.word, "to": rule.to.word}
        for p in (place, *place.within)
        for rule, item, count in p.rolled()
    ]
    return {"rolled_up": found} if found else {}


def _modified(place: Place) -> dict[str, Any]:
    applying, plain = place.applying(), place.unmodified()
    if not applying:
        return {}
    said = {"unmodified": plain.word} if plain is not None else {}
    return {"modifiers": list(applying[:LISTED]), **said}


def _by_weight(place: Place) -> tuple[str, ...]:
    ordered = sorted(place.alarms.values(), key=lambda o: (-o.level, o.priority, o.onset, o.rule))
    return tuple(o.id for o in ordered)


def _places(topology: Topology, on: frozenset[str]) -> dict[str, Place]:
    site, tags = topology.site, topology.site.tags
    highest = max((i.base_level for i in site.installations), default=Level.BLUE)
    places = {SITE: Place(SITE, highest, rows=len(tags), not_judged=topology.not_judged)}
    for i in site.installations:
        rows = [row for row, t in enumerate(tags) if t.installation == i.id]
        missing = tuple(row for row in topology.not_judged if tags[row].installation == i.id)
        shadow = i.id in topology.shadow
        place = Place(
            i.id, i.base_level, rows=len(rows), not_judged=missing, shadow=shadow, roll_up=i.roll_up
        )
        place.modifiers = {m: {m: what} for m, what in standing(i, on).items()}
        places[i.id] = place
        if (i.roll_up or on) and not shadow:
            places[SITE].within.append(place)
        place.empty = int(i.id not in topology.judged_places)
        places[SITE].empty += not rows or place.empty
    places[SITE].empty += not topology.judged_places
    return places


def _judging(guards: Guards, places: dict[str, Place]) -> dict[int, tuple[Place, ...]]:
    """Rule -> the places of which it says something."""
    ids = {row: dict.fromkeys((SITE, rule.installation)) for row, rule in guards.rules.items()}
    return {row: tuple(places[i] for i in each if i in places) for row, each in ids.items()}


def _watchers(topology: Topology, places: dict[str, Place]) -> dict[int, tuple[Place, ...]]:
    found: dict[int, tuple[Place, ...]] = {}
    for row, rules in topology.judged_by.items():
        ids = dict.fromkeys((SITE, *(r.installation for r in rules)))
        found[row] = tuple(places[i] for i in ids if i in places)
    return found


def _homes(topology: Topology, places: dict[str, Place]) -> list[tuple[Place, ...]]:
    ids = (dict.fromkeys((SITE, t.installation)) for t in topology.site.tags)
    return [tuple(places[i] for i in each if i in places) for each in ids]
