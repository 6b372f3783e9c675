"""The book against a naive one: any order of edges, waits, acts of people, restarts and reloads.

``FENGSUI_STEPS=100000`` runs that many steps instead of a short part.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from gateway.alarms.book import Book
from gateway.alarms.facts import CommandFact, ConfigFact, Fact, RuleFact, StartedFact, TimeFact
from gateway.alarms.loop import STEPS
from gateway.alarms.notices import waits
from gateway.model.commands import Act, Actor, Command, Seen
from gateway.model.errors import Refused
from gateway.model.events import Condition, Event, EventKind, Occurrence
from gateway.model.levels import Level
from gateway.model.times import parse_iso, seconds
from tests.unit.alarms.naive import Naive, No
from tests.unit.alarms.plant import LI, T0
from tests.unit.alarms.test_notices import routed
from tests.unit.alarms.test_properties import SITE as PLAIN
from tests.unit.alarms.test_properties import WANG

SITE = routed(replace(PLAIN, report_due=((Level.ORANGE, seconds(100)), (Level.RED, seconds(200)))))
PER_RUN = 50
RUNS = max(int(os.environ.get("FENGSUI_STEPS", "1500")) // PER_RUN, 1)
ASIDE = [Act.SHELVE, Act.REMOVE, Act.UNSHELVE, Act.RETURN]
TIMES = [1, seconds(30), seconds(61), seconds(301)]


class Books(RuleBasedStateMachine):
    """The real book and the naive one, told the same."""

    def __init__(self) -> None:
        super().__init__()
        self.book, self.naive, self.now = Book(SITE, "e"), Naive(SITE, T0), T0
        self.events: list[Event] = []
        self.steps: dict[str, tuple[Level | None, int, int | None]] = {}
        self.quiet: set[str] = set()
        self.tell(StartedFact(T0, 0, "1"))

    def tell(self, fact: Fact) -> bool:
        before = self.book.dump()
        try:
            new = self.book.apply(fact)
            self.events += new
            self.told(new)
        except Refused:
            assert self.book.dump() == before, "what is refused changes nothing"
            return False
        return True

    def told(self, new: list[Event]) -> None:
        """Nobody is told twice of the same, nor of what nobody needs to see; steps follow each other in time."""
        open_ = {o.id: o for o in self.book.open()}
        for event in new:
            if event.event is EventKind.NOTIFIED:
                alarm, before = event.detail["alarm"], self.steps.get(event.detail["alarm"])
                assert before is None or event.level != before[0] or alarm in self.quiet
            elif event.event is EventKind.ESCALATED:
                alarm, before = event.detail["alarm"], self.steps[event.detail["alarm"]]
                assert event.detail["step"] == before[1] + 1
                assert before[2] is not None
                assert event.time >= before[2]
            else:
                continue
            assert alarm in open_
            due = parse_iso(event.detail["due"]) if "due" in event.detail else None
            self.steps[alarm] = (event.level, event.detail["step"], due)
            self.quiet.discard(alarm)
        self.quiet |= {k for k in self.steps if k not in open_ or not waits(open_[k])}

    def both(self, fact: Fact, naive: Any) -> None:
        """An act that both do, or both refuse."""
        done = self.tell(fact)
        try:
            naive()
        except No:
            assert not done, fact
        else:
            assert done, fact

    def pick(self, place: int) -> Occurrence | None:
        found = self.book.open()
        return found[place % len(found)] if found else None

    @rule(
        row=st.integers(0, len(SITE.rules) - 1), after=st.sampled_from(Condition), ns=st.sampled_from(TIMES)
    )
    def edge(self, row: int, after: Condition, ns: int) -> None:
        self.wait(ns)
        self.tell(RuleFact(row, Condition.NORMAL, after, self.now, self.now, 9.5, 0, None, self.now))
        self.naive.edge(SITE.rules[row], after.value)

    @rule(ns=st.sampled_from(TIMES))
    def wait(self, ns: int) -> None:
        self.now += ns
        self.tell(TimeFact(self.now))
        self.naive.wait(ns)

    @rule(place=st.integers(0, 30), act=st.sampled_from([Act.ACKNOWLEDGE, Act.ACKNOWLEDGE, Act.RESET]))
    def see(self, place: int, act: Act) -> None:
        o = self.pick(place)
        if o is not None:
            alarm = self.naive.alarms[self.book.open().index(o)]
            fact = CommandFact(self.now, Command(act, LI, (Seen(o.id, o.n),)))
            self.both(fact, lambda: (self.naive.ack if act is Act.ACKNOWLEDGE else self.naive.reset)(alarm))

    @rule(
        act=st.sampled_from(ASIDE),
        row=st.integers(0, len(SITE.rules) - 1),
        ns=st.sampled_from([0, *TIMES, seconds(40 * 86_400)]),
        two=st.booleans(),
    )
    def aside(self, act: Act, row: int, ns: int, two: bool) -> None:
        longest = SITE.shelve_longest if act is Act.SHELVE else SITE.remove_longest
        second = WANG if two else None
        permit = "P-1" if act is Act.REMOVE else ""
        asked = Command(act, LI, (), "test", (SITE.rules[row].id,), self.now + ns, permit, second)
        self.both(
            CommandFact(self.now, asked),
            lambda: self.naive.aside(act, SITE.rules[row], self.now + ns, two, longest),
        )

    @rule(place=st.integers(0, 30), act=st.sampled_from(sorted(STEPS)), who=st.sampled_from([LI, WANG]))
    def loop(self, place: int, act: Act, who: Actor) -> None:
        o = self.pick(place)
        if o is not None:
            alarm = self.naive.alarms[self.book.open().index(o)]
            words = (("assignee", "li"), ("cause", "c"), ("measure", "m"))
            fact = CommandFact(self.now, Command(act, who, (Seen(o.id, o.n),), "ok", words=words))
            self.both(fact, lambda: self.naive.step(act, alarm, who.id))

    @rule(
        place=st.integers(0, 30),
        to=st.sampled_from(["department", "congress"]),
        times=st.integers(1, 2),
    )
    def report(self, place: int, to: str, times: int) -> None:
        for _ in range(times):
            o = self.pick(place)
            if o is not None:
                alarm = self.naive.alarms[self.book.open().index(o)]
                asked = Command(Act.REPORT, LI, (Seen(o.id, 1),), words=(("to", to), ("reference", "1")))
                self.both(CommandFact(self.now, asked), lambda a=alarm: self.naive.report(a, to))  # type: ignore[misc]

    @rule(
        ident=st.sampled_from("ab"), ns=st.sampled_from([0, *TIMES, seconds(61 * 86_400)]), end=st.booleans()
    )
    def watch(self, ident: str, ns: int, end: bool) -> None:
        words = (("watch", ident), ("acknowledge", "0.5"))
        if end:
            asked = Command(Act.WATCH_END, LI, (), "over", words=words)
            self.both(CommandFact(self.now, asked), lambda: self.naive.watch_end(ident))
            return
        asked = Command(Act.WATCH, LI, (), "storm", until=self.now + ns, words=words)
        self.both(CommandFact(self.now, asked), lambda: self.naive.watch(ident, self.now + ns))

    @rule(how=st.sampled_from(["snapshot", "journal", "reload"]))
    def again(self, how: str) -> None:
        new = Book(SITE, "e")
        if how == "journal":
            for event in self.events:
                new.evolve(event)
        else:
            new.load(json.loads(json.dumps(self.book.dump())))
        self.book = new
        if how == "reload":
            self.tell(ConfigFact(self.now, "a", "b"))

    @invariant()
    def the_same(self) -> None:
        found = [
            (
                o.rule, o.axes.condition.value, o.axes.acknowledgement.value, o.axes.latch.value,
                o.axes.suppression.value, o.axes.disposal.value, o.axes.report.value, o.level,
            )
            for o in self.book.open()
        ]  # fmt: skip
        assert found == self.naive.views()
        assert set(self.book.dump()["watches"]["open"]) == set(self.naive.watches)


Books.TestCase.settings = settings(
    max_examples=RUNS, stateful_step_count=PER_RUN, deadline=None, suppress_health_check=list(HealthCheck)
)
TestBooks = Books.TestCase
