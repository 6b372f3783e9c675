"""What people do: one command to events, all or nothing. Whatever is refused is refused before anything changes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from gateway.alarms import away, loop, notes, report
from gateway.alarms.decide import Basis, acknowledge, let_go, press, set_aside
from gateway.alarms.evolve import Held
from gateway.alarms.facts import CommandFact
from gateway.alarms.instruments import Health
from gateway.alarms.ledger import Ledger
from gateway.alarms.subjects import Subject
from gateway.alarms.tables import Cause
from gateway.model.commands import Act, Command, Seen
from gateway.model.errors import Refused
from gateway.model.events import Event, Suppression
from gateway.model.site import Site

IN_BULK: Final = ("tags", "installation")
"""words of a command that name many rules at once"""


class Acts:
    """Commands on the alarms of one site. ``subjects``: by rule id."""

    def __init__(self, site: Site, subjects: Mapping[str, Subject]) -> None:
        self._site = site
        self._subjects = subjects

    def events(self, fact: CommandFact, ledger: Ledger, health: Health) -> list[Event]:
        """What a command decides.

        Raises:
            Refused: it cannot be done, in whole or in part.
        """
        command = fact.command
        if command.act in notes.KINDS:
            return [notes.note(command, fact.time)]
        if command.act in (Act.WATCH, Act.WATCH_END):
            return ledger.watches.declared(command, fact.time)
        ids = [*(s.id for s in command.seen), *command.rules]
        ids += [word for word, said in command.words if word in IN_BULK and said]
        ids += [command.permit] if command.act is Act.RETURN and command.permit else []
        if not ids or len(set(ids)) != len(ids):
            raise Refused("the command names no alarm" if not ids else "the command names an alarm twice")
        basis = Basis(time=fact.time, actor=command.actor, comment=command.comment)
        if command.act in away.AWAY or command.act in away.RETURNED:
            return self._suppress(command, basis, ledger, health)
        if command.rules or not command.seen:
            raise Refused(f"{command.act.value} is done to alarms by their ids, not to rules or places")
        return [e for seen in command.seen for e in _one(command, seen, basis, ledger)]

    def _suppress(self, command: Command, basis: Basis, ledger: Ledger, health: Health) -> list[Event]:
        """Shelve, remove and their ends act on a rule: on all that is open of it, and on what comes."""
        named = (_unchanged(ledger, s).occurrence.rule for s in command.seen)
        rules = dict.fromkeys([*named, *command.rules, *self._in_bulk(command, ledger)])
        if not rules:
            raise Refused("there is no rule that this names")
        if command.act in away.RETURNED:
            return [e for rule in rules for e in self._returned(rule, command.act, basis, ledger)]
        longest = self._site.shelve_longest if command.act is Act.SHELVE else self._site.remove_longest
        basis = replace(basis, detail=away.allowed(command, basis.time, longest))
        for rule in rules:
            away.two_persons(self._subjects.get(rule), rule, command.actor, command.second)
        cause = away.AWAY[command.act]
        return [e for rule in rules for e in self._set_aside(rule, cause, basis, ledger, health)]

    def _in_bulk(self, command: Command, ledger: Ledger) -> list[str]:
        """Rules of tags or of an installation; or, to be returned, whatever is out of service under a permit."""
        if command.act is Act.RETURN and command.permit:
            held = (h.occurrence for h in ledger.open.values())
            return [
                o.rule
                for o in held
                if o.permit == command.permit and o.axes.suppression is Suppression.OUT_OF_SERVICE
            ]
        return away.rules_of(self._site, dict(command.words))

    def _set_aside(
        self, rule: str, cause: Cause, basis: Basis, ledger: Ledger, health: Health
    ) -> list[Event]:
        branches = ledger.branches(rule)
        if branches:
            return [e for held in branches for e in press(held, cause, basis)]
        subject = self._subjects.get(rule) or health.fault(rule)
        if subject is None:
            raise Refused(f"no rule {rule!r}, and no open alarm of it")
        judged = self._site.rule_index.get(rule)
        quality = health.worst(self._site.rules[judged].tags if judged is not None else (subject.tag,))
        ident = ledger.new_id(rule, subject.tag, basis.time)
        return set_aside(subject, ident, cause, replace(basis, quality=quality))

    def _returned(self, rule: str, act: Act, basis: Basis, ledger: Ledger) -> list[Event]:
        wanted, subject = away.RETURNED[act], self._subjects.get(rule)
        held = [h for h in ledger.branches(rule) if h.occurrence.axes.suppression is wanted]
        if not held:
            raise Refused(f"{rule} is not {wanted.value}")
        return [e for h in held for e in let_go(h, subject, basis)]


def _one(command: Command, seen: Seen, basis: Basis, ledger: Ledger) -> list[Event]:
    if command.act is Act.ACKNOWLEDGE:
        return acknowledge(_held(ledger, seen), seen.n, basis)
    if command.act is Act.REPORT:
        return report.made(_held(ledger, seen), command, basis)
    held = _unchanged(ledger, seen)
    if command.act in loop.STEPS:
        return loop.step(held, command, basis)
    return press(held, Cause.RESET, basis)


def _held(ledger: Ledger, seen: Seen) -> Held:
    held = ledger.open.get(seen.id)
    if held is None:
        raise Refused(f"no open alarm {seen.id!r}: unknown, or closed meanwhile")
    return held


def _unchanged(ledger: Ledger, seen: Seen) -> Held:
    held = _held(ledger, seen)
    if seen.n != held.occurrence.n:
        raise Refused(f"alarm {seen.id} has changed: it is at event {held.occurrence.n}, not {seen.n}")
    return held
