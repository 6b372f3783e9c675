"""The book of alarms: facts in, events out, and the state they add up to.

``apply`` decides on the present state (pure functions, :mod:`gateway.alarms.decide`), then folds what it decided with
``evolve``, the only thing that changes an occurrence. A restarted gateway folds its journal with the same ``evolve``
and stands where it stood. What the facts say of instruments without being an event (a first good reading) is the view,
in ``dump`` beside the fold.

No clock, no random number, no order of a hash: the same facts give the same events, byte for byte.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Final

from gateway.alarms import away, notes
from gateway.alarms.acts import Acts
from gateway.alarms.approvals import Approvals
from gateway.alarms.decide import Basis, begin, go_live, next_due, press, risen, run_out, within_late
from gateway.alarms.design import Design
from gateway.alarms.evolve import ASKS, Held, follow
from gateway.alarms.facts import (
    ArchiveFact,
    AwaitedFact,
    CommandFact,
    ConfigFact,
    Fact,
    GapFact,
    LinkFact,
    RuleFact,
    StartedFact,
    SystemFact,
    TagFact,
    TimeFact,
)
from gateway.alarms.grouping import Grouping
from gateway.alarms.instruments import Health, Turn
from gateway.alarms.ledger import Ledger
from gateway.alarms.levels import Levels
from gateway.alarms.notices import Router
from gateway.alarms.starts import archived, gap, started
from gateway.alarms.subjects import SYSTEM, Subject, of_rule
from gateway.alarms.tables import ENDS, NORM, Cause, letter, move
from gateway.alarms.timers import Timers
from gateway.alarms.topology import Topology
from gateway.alarms.watches import Watches
from gateway.model.events import Condition, Event, EventKind, Occurrence, Suppression
from gateway.model.ports import LiveState
from gateway.model.site import Site
from gateway.model.times import NEVER

VERSION: Final = 3
_CAUSES: Final = {
    Condition.ACTIVE: Cause.BEYOND,
    Condition.NORMAL: Cause.WITHIN,
    Condition.UNKNOWN: Cause.UNSURE,
}
STANDS: Final = frozenset("BCDE")
"""letters of what stands or waits to be seen: while there is one in a first-out group, what comes is not the first"""
_FAULTS: Final = {"instrument": "FAULT", "link": "LINK", SYSTEM: "SYSTEM"}


class Book:
    """All alarms of one site. One writer; not for several threads."""

    def __init__(self, site: Site, epoch: str) -> None:
        self._site = site
        self._topology = Topology(site)
        self._subjects = tuple(of_rule(site, rule) for rule in site.rules)
        self._by_id = {s.rule: s for s in self._subjects}
        self._late = tuple(self._topology.longest_age(rule.tags) for rule in site.rules)
        self._design = Design(self._subjects)
        self._groups: dict[str, list[str]] = {}
        for subject in self._subjects:
            self._groups.setdefault(subject.first_out, []).append(subject.rule)
        self._acts = Acts(site, self._by_id)
        self._grouping = Grouping(site, self._by_id)
        self._router = Router(site)
        self._epoch = epoch
        self._ledger = self._empty()
        self._health = Health(self._topology)
        self._levels = Levels(self._topology)
        self._timers: Timers[str] = Timers()
        self._open: tuple[Occurrence, ...] | None = None
        self._more = False
        self._next: int | None = None
        """the next deadline, until something changes: it is asked for with every input"""
        self._handlers: dict[type, Callable[[Any], list[Event]]] = {
            RuleFact: self._rule,
            TagFact: self._tag,
            LinkFact: self._link,
            CommandFact: self._command,
            SystemFact: self._system,
            StartedFact: self._started,
            AwaitedFact: self._awaited,
            GapFact: gap,
            ArchiveFact: archived,
            ConfigFact: self._config,
        }

    def apply(self, fact: Fact, *, more: bool = False) -> list[Event]:
        """Decide on one fact and fold the decision. Repeats and facts that change nothing give no events.

        ``more``: the next is of the same input. Live levels come with the last: a tag back and judged is one change.

        Raises:
            Refused: a command that cannot be done; nothing was changed.
        """
        self._more = more
        if type(fact) is TimeFact and fact.time < self.next_deadline() and not self._levels.dirty:
            return []
        try:
            if type(fact) is TimeFact:
                return self._settle(self._time(fact), fact.time)
            return self._keep(self._handlers[type(fact)](fact), fact.time)
        finally:
            self._next = None

    def retire(self, rules: Iterable[str], time: int) -> list[Event]:
        """End what is open of rules that are gone, by rule id (faults: ``<tag>.FAULT``, ``<link>.LINK``)."""
        return self._keep(self._retired(rules, time), time)

    def evolve(self, event: Event) -> None:
        """Fold one event: the only way an occurrence changes.

        Raises:
            ValueError: the event does not follow what was folded so far; nothing was changed.
        """
        before, after = self._ledger.evolve(event)
        self._next = None
        if event.event is EventKind.LIVE_LEVEL:
            self._levels.forget(event.installation)
        elif event.event is EventKind.STARTED:
            self._retime()
        elif event.event in (EventKind.WATCH_STARTED, EventKind.WATCH_ENDED):
            self._levels.watch(self._ledger.watches)
        if event.id:
            self._open = None
            self._levels.alarm(_shown(before), _shown(after))
            self._time_of(event.id, after)

    def refold(self, events: Iterable[Event]) -> None:
        """Begin again from the journal's events, oldest first; what is known of tags and links stays.

        Raises:
            ValueError: the events do not follow each other.
        """
        self.load({"version": VERSION, **self._empty().dump(), "view": self._view()})
        for event in events:
            self.evolve(event)

    def next_deadline(self) -> int:
        """When a :class:`~gateway.alarms.facts.TimeFact` is next needed, ns or NEVER."""
        if self._next is None:
            ledger = self._ledger
            folded = ledger.floods, ledger.notices, ledger.watches
            by_events = min(part.next_deadline() for part in folded)
            self._next = min(self._timers.earliest(), self._health.next_deadline(), by_events)
        return self._next

    def open(self) -> tuple[Occurrence, ...]:
        """Open occurrences, oldest first; several of one rule are branches, the last of them its trunk."""
        if self._open is None:
            self._open = tuple(h.occurrence for h in self._ledger.open.values())
        return self._open

    @property
    def approvals(self) -> Approvals:
        """What two persons approved, and what waits for it."""
        return self._ledger.approvals

    def levels(self) -> tuple[LiveState, ...]:
        """Live levels, site first, then installations in the order of the configuration."""
        return self._levels.states(self._ledger.announced)

    def know(self, rules: Iterable[int]) -> None:
        """Exactly these rules (rows) have a condition, say the detectors."""
        self._levels.know(rules)

    def dump(self) -> dict[str, Any]:
        """Everything, as JSON values. All but ``view`` is what the events add up to."""
        return {"version": VERSION, **self._ledger.dump(), "view": self._view()}

    def load(self, data: dict[str, Any]) -> None:
        """Inverse of :meth:`dump`; also takes the dump of a book with another configuration (see ConfigFact).

        Raises:
            ValueError: a dump of another version.
        """
        if data.get("version") != VERSION:
            raise ValueError(f"alarm state of version {data.get('version')!r}, expected {VERSION}")
        self._ledger.load(data)
        self._open = None
        self._health = Health(self._topology)
        self._health.load(data["view"])
        self._levels = Levels(self._topology)
        for row in range(len(self._site.tags)):
            self._levels.sight(row, self._health.viewed(row))
        self._levels.recall(data["view"].get("unjudged"))
        for occurrence in self.open():
            self._levels.alarm(None, occurrence)
        self._levels.watch(self._ledger.watches)
        self._retime()
        self._next = None

    def _view(self) -> dict[str, Any]:
        return {**self._health.dump(), "unjudged": self._levels.unjudged()}

    # --- one handler per fact: decides, changes no occurrence ---------------------------------------------------------

    def _rule(self, fact: RuleFact) -> list[Event]:
        subject, known = self._subjects[fact.rule], fact.after is not Condition.UNKNOWN
        if known and (viewed := self._health.judged(fact.rule, fact.after)) is not None:
            self._levels.sight(viewed, True)
        self._levels.judged(fact.rule, known=known, quality=fact.quality)
        lateness = fact.received - fact.time
        basis = Basis(
            time=fact.time,
            subject=subject,
            measured=True,
            value=fact.value,
            quality=fact.quality,
            rate=fact.rate,
            eta_s=fact.eta_s,
            confidence=fact.confidence,
            late=lateness if lateness > self._late[fact.rule] else 0,
        )
        return self._turn(Turn(subject, _CAUSES[fact.after], fact.onset, basis))

    def _tag(self, fact: TagFact) -> list[Event]:
        turns = self._health.tag(fact)
        self._levels.sight(fact.tag, self._health.viewed(fact.tag))
        return self._turns(turns)

    def _link(self, fact: LinkFact) -> list[Event]:
        return self._turns(self._health.link(fact))

    def _system(self, fact: SystemFact) -> list[Event]:
        return self._turn(self._health.system(fact))

    def _time(self, fact: TimeFact) -> list[Event]:
        """What time alone does; folded already, because what becomes of one alarm may set another aside."""
        events = self._fold(self._ledger.watches.due(fact.time))
        if self._timers.earliest() <= fact.time:
            # Oldest occurrence first: ids are hashes over the epoch, and their order must not decide anything.
            for ident in tuple(self._ledger.open):
                held = self._ledger.open.get(ident)
                events += self._fold(self._ran_out(held, fact.time)) if held is not None else []
        return events + self._fold(self._turns(self._health.due(fact.time)))

    def _command(self, fact: CommandFact) -> list[Event]:
        return self._acts.events(fact, self._ledger, self._health)

    def _started(self, fact: StartedFact) -> list[Event]:
        return started(fact, self._site.gateway, self._health)

    def _awaited(self, fact: AwaitedFact) -> list[Event]:
        """No event of any tag: what it says of a place is its live level."""
        self._health.wait_for(fact.tags)
        for row in fact.tags:
            self._levels.sight(row, False)
        return []

    def _config(self, fact: ConfigFact) -> list[Event]:
        changed = notes.config_changed(fact)
        here = {r.id for r in self._site.rules if r.enabled} | self._health.subjects()
        rules = dict.fromkeys(h.occurrence.rule for h in self._ledger.open.values())
        self._health.prune()
        gone = [r for r in rules if r not in here and not r.startswith(f"{SYSTEM}.")]
        events = [changed, *self._ledger.watches.unplanned(fact.time), *self._retired(gone, fact.time)]
        for rule in rules:
            events += self._adopted(rule, fact.time) if rule in here else []
        return events

    def _keep(self, events: list[Event], time: int) -> list[Event]:
        return self._settle(self._fold(events), time)

    def _fold(self, events: list[Event]) -> list[Event]:
        for event in events:
            self.evolve(event)
        return events

    def _settle(self, events: list[Event], time: int) -> list[Event]:
        """``events``, which are folded, and what follows: suppression by design, who is told, floods, live levels."""
        events += self._designed(events, time)
        events += self._tell(events, time)
        for told in self._ledger.floods.news(time):
            self.evolve(told)
            events.append(told)
        self._levels.hold(time)
        for changed in () if self._more else self._levels.news(self._ledger.announced):
            self.evolve(changed)
            events.append(changed)
        return events

    def _designed(self, events: list[Event], time: int) -> list[Event]:
        """What is set aside or comes back by it; folded already. Ends, because no rules are each other's causes."""
        another = bool(events) and events[0].event is EventKind.CONFIG_CHANGED
        found = self._fold(self._design.settle_all(self._ledger, time)) if another else []
        new = found or events
        while new := self._fold(self._design.settle(self._ledger, new, time)):
            found = [*found, *new]
        return found

    def _tell(self, events: list[Event], time: int) -> list[Event]:
        """Who is told of what was announced, and who next of what nobody acknowledged; folded already."""
        ledger, found = self._ledger, list[Event]()
        for event in events if self._router.tells else ():
            if event.event in ASKS:  # an acknowledge-all comes by here a hundred thousand times
                found += self._fold(self._told(event))
        while climbed := self._router.climb(ledger.notices, ledger.open, ledger.watches, time):
            found += self._fold(climbed)
        return found

    def _told(self, event: Event) -> list[Event]:
        ledger = self._ledger
        return self._router.told(event, ledger.open.get(event.id), ledger.notices, ledger.watches)

    def _turns(self, turns: list[Turn]) -> list[Event]:
        return [event for turn in turns for event in self._turn(turn)]

    def _turn(self, turn: Turn) -> list[Event]:
        subject, trunk = turn.subject, self._ledger.trunk(turn.subject.rule)
        first: list[Event] = []
        if trunk is not None:
            # A rise that was due before this edge comes before it, also in data that arrives in one piece.
            first = self._ran_out(trunk, turn.basis.time)
            trunk = None if first and first[-1].event in ENDS else follow(trunk, *first)
        state = NORM if trunk is None else trunk.occurrence.axes
        raised = EventKind.RAISED in move(state, turn.cause).effects
        if raised and not self._full(subject, trunk):
            ident = self._ledger.new_id(subject.rule, subject.tag, turn.onset)
            return first + self._begun(subject, ident, turn)
        if trunk is None:
            return first
        if trunk.occurrence.axes.recorded_only and turn.cause is Cause.WITHIN:
            return first + within_late(trunk, turn.basis)
        return first + press(trunk, Cause.AGAIN if raised else turn.cause, turn.basis)

    def _full(self, subject: Subject, trunk: Held | None) -> bool:
        # Announcing the latest again must say no less than a new occurrence would.
        if trunk is None or len(self._ledger.branches(subject.rule)) < subject.branches:
            return False
        return trunk.occurrence.shadow == subject.shadow and trunk.occurrence.level >= subject.level

    def _begun(self, subject: Subject, ident: str, turn: Turn) -> list[Event]:
        suppression, detail = away.inherited(self._ledger.branches(subject.rule), turn.basis.time)
        if suppression is Suppression.NONE and (by := self._design.cause(self._ledger, subject)):
            suppression, detail = Suppression.BY_DESIGN, {"by": by}
        shown = suppression is Suppression.NONE
        if shown and subject.first_out and self._quiet(subject.first_out):
            detail["first_out"] = subject.first_out
        basis = replace(turn.basis, detail={**turn.basis.detail, **detail})
        return begin(subject, ident, turn.onset, basis, suppression)

    def _quiet(self, group: str) -> bool:
        """Nothing of this first-out group stands or waits to be seen."""
        held = (h for rule in self._groups.get(group, ()) for h in self._ledger.branches(rule))
        return all(letter(h.occurrence.axes) not in STANDS for h in held)

    def _ran_out(self, held: Held, now: int) -> list[Event]:
        return run_out(held, self._by_id.get(held.occurrence.rule), now)

    def _retired(self, rules: Iterable[str], time: int) -> list[Event]:
        basis = Basis(time=time, detail={"why": "no longer configured"})
        held = (h for rule in dict.fromkeys(rules) for h in self._ledger.branches(rule))
        return [event for h in held for event in press(h, Cause.RETIRE, basis)]

    def _adopted(self, rule: str, time: int) -> list[Event]:
        """An open occurrence under an edited rule: live now, or of a higher level now, must be told."""
        subject, trunk = self._by_id.get(rule), self._ledger.trunk(rule)
        if subject is None or trunk is None or trunk.occurrence.axes.condition is Condition.NORMAL:
            return []
        basis = Basis(time=time, subject=subject, detail={"why": "configuration"})
        events: list[Event] = []
        if trunk.occurrence.shadow and not subject.shadow:
            events = go_live(trunk, basis)
            trunk = follow(trunk, *events)
        if subject.level > trunk.occurrence.level:
            events += risen(trunk, subject.level, subject, basis)
        return events

    def _time_of(self, ident: str, held: Held | None) -> None:
        subject = self._by_id.get(held.occurrence.rule) if held else None
        self._timers.set(ident, next_due(held, subject) if held else NEVER)

    def _retime(self) -> None:
        self._timers = Timers()
        for ident, held in self._ledger.open.items():
            self._time_of(ident, held)

    def _empty(self) -> Ledger:
        return Ledger(self._site.gateway, self._epoch, self._name, self._grouping, Watches(self._site))

    def _name(self, rule: str, kind: str) -> str:
        known = self._by_id.get(rule)
        return known.name if known else _FAULTS.get(kind, rule.rpartition(".")[2])


def _shown(held: Held | None) -> Occurrence | None:
    return held.occurrence if held else None
