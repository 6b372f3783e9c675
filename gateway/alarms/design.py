"""Suppression by design: an alarm is set aside while another rule's condition is active, its cause or a plant state.

Only a parent that is active and that people are told of suppresses. One that is unknown does not: not knowing why is no
reason to hide. Nor does one in shadow, one that is only recorded, or one that a person shelved or took out of service:
whoever keeps the cause from the operator must not keep its effects from him too. What was set aside comes back by
itself, and is announced if it is still there.

The relation holds after every event, whatever changed it: what touches a parent or a child is settled at once.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from gateway.alarms.away import BY_PERSON
from gateway.alarms.decide import Basis, let_go, press
from gateway.alarms.evolve import Held
from gateway.alarms.ledger import Ledger
from gateway.alarms.subjects import Subject
from gateway.alarms.tables import Cause
from gateway.model.events import Condition, Event, Occurrence, Suppression
from gateway.model.levels import Level
from gateway.model.people import specialty_of


class Design:
    """Which rules suppress which. ``subjects``: of all rules."""

    def __init__(self, subjects: Sequence[Subject]) -> None:
        self._children: dict[str, list[str]] = defaultdict(list)
        self._subjects: Mapping[str, Subject] = {s.rule: s for s in subjects}
        self._set_aside = frozenset(s.rule for s in subjects if s.suppressed_while)
        for subject in subjects:
            for parent in subject.suppressed_while:
                self._children[parent].append(subject.rule)

    def cause(self, ledger: Ledger, subject: Subject) -> str:
        """The parent of this rule that is active; empty: none is."""
        return self._cause(ledger, subject)

    def settle(self, ledger: Ledger, events: Iterable[Event], time: int) -> list[Event]:
        """What the folded ``events`` change for the rules they touch and for their children. Fold it and ask again: a
        child may be a parent itself.
        """
        if not self._set_aside:
            return []
        touched = dict.fromkeys(e.rule for e in events if e.id)
        rules = dict.fromkeys(r for rule in touched for r in (rule, *self._children.get(rule, ())))
        return self._settled(ledger, rules, time)

    def settle_all(self, ledger: Ledger, time: int) -> list[Event]:
        """The same for all that is open, under another configuration."""
        return self._settled(ledger, dict.fromkeys(h.occurrence.rule for h in ledger.open.values()), time)

    def _settled(self, ledger: Ledger, rules: Iterable[str], time: int) -> list[Event]:
        found: list[Event] = []
        for rule in rules:
            subject = self._subjects.get(rule)
            cause = self._cause(ledger, subject) if subject else ""
            for held in ledger.branches(rule):
                shown = subject is not None and always_shown(subject, held.occurrence.level)
                found += _changed(held, "" if shown else cause, time, subject)
        return found

    def _cause(self, ledger: Ledger, subject: Subject) -> str:
        """The first parent that is active and told, or nothing."""
        if always_shown(subject, subject.level):
            return ""
        parents = (
            p for p in subject.suppressed_while if any(_told(h.occurrence) for h in ledger.branches(p))
        )
        return next(parents, "")


def always_shown(subject: Subject, level: Level) -> bool:
    """Red, gas, oxygen, methane and highly managed alarms are never set aside, only grouped: whatever a configuration
    says (``check`` refuses it), and however they came to be red.
    """
    gas = specialty_of(subject.cls, fault=False) == "gas"
    return level is Level.RED or gas or subject.highly_managed


def _told(o: Occurrence) -> bool:
    kept = o.shadow or o.axes.recorded_only or o.axes.suppression in BY_PERSON
    return o.axes.condition is Condition.ACTIVE and not kept


def _changed(held: Held, by: str, time: int, subject: Subject | None) -> list[Event]:
    suppression = held.occurrence.axes.suppression
    if by and suppression is Suppression.NONE:
        return press(held, Cause.SUPPRESS, Basis(time=time, detail={"by": by}))
    if not by and suppression is Suppression.BY_DESIGN:
        return let_go(held, subject, Basis(time=time, detail={"why": "its cause is gone"}))
    return []
