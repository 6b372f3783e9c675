"""Suppression by design: an alarm is set aside while another rule's condition is active, its cause or a plant state.

Only an active parent suppresses. One that is unknown does not: not knowing why is no reason to hide. What was set aside
comes back by itself, and is announced if it is still there.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from gateway.alarms.decide import Basis, let_go, press
from gateway.alarms.evolve import Held, follow
from gateway.alarms.ledger import Ledger
from gateway.alarms.subjects import Subject
from gateway.alarms.tables import ENDS, Cause
from gateway.model.events import Condition, Event, Suppression


class Design:
    """Which rules suppress which."""

    def __init__(self, subjects: Sequence[Subject]) -> None:
        self._children: dict[str, list[str]] = defaultdict(list)
        self._parents: dict[str, tuple[str, ...]] = {}
        for subject in subjects:
            if subject.suppressed_while:
                self._parents[subject.rule] = subject.suppressed_while
            for parent in subject.suppressed_while:
                self._children[parent].append(subject.rule)

    @property
    def parents(self) -> AbstractSet[str]:
        """Rules that suppress others."""
        return self._children.keys()

    def holds(self, ledger: Ledger, subject: Subject) -> bool:
        """A parent of this rule is active."""
        return any(_active(ledger.branches(parent)) for parent in subject.suppressed_while)

    def turned(
        self, ledger: Ledger, parent: str, now: Condition, time: int, subjects: Mapping[str, Subject]
    ) -> list[Event]:
        """What changes for the children of ``parent``, whose condition is ``now``."""
        events: list[Event] = []
        told = now is Condition.ACTIVE and not subjects[parent].shadow
        for rule in self._children[parent]:
            active = told or any(_active(ledger.branches(p)) for p in self._parents[rule] if p != parent)
            for held in ledger.branches(rule):
                events += _changed(held, parent if active else "", time, subjects.get(rule))
        return events

    def settled(
        self, ledger: Ledger, before: Sequence[Event], time: int, subjects: Mapping[str, Subject]
    ) -> list[Event]:
        """What changes for all that is open under another configuration, after the events ``before``."""
        events: list[Event] = []
        for rule in dict.fromkeys(held.occurrence.rule for held in ledger.open.values()):
            parents = self._parents.get(rule, ())
            active = [p for p in parents if _active(_after(ledger.branches(p), before))]
            for held in _after(ledger.branches(rule), before):
                events += _changed(held, active[0] if active else "", time, subjects.get(rule))
        return events


def _after(branches: Iterable[Held], events: Sequence[Event]) -> list[Held]:
    """Those still open once ``events`` are folded."""
    own = [(held, [e for e in events if e.id == held.occurrence.id]) for held in branches]
    return [follow(held, *new) for held, new in own if not new or new[-1].event not in ENDS]


def _active(branches: Iterable[Held]) -> bool:
    """Active and announced: a cause that nobody is told of (in shadow, or only recorded) hides nothing."""
    held = (h.occurrence for h in branches)
    return any(
        o.axes.condition is Condition.ACTIVE and not o.shadow and not o.axes.recorded_only for o in held
    )


def _changed(held: Held, by: str, time: int, subject: Subject | None) -> list[Event]:
    suppression = held.occurrence.axes.suppression
    if by and suppression is Suppression.NONE:
        return press(held, Cause.SUPPRESS, Basis(time=time, detail={"by": by}))
    if not by and suppression is Suppression.BY_DESIGN:
        return let_go(held, subject, Basis(time=time, detail={"why": "its cause is gone"}))
    return []
