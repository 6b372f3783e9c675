"""Any story: what events add up to is the state, and the state is what a naive reader of the facts would say."""

import json
from dataclasses import replace
from typing import Any

import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.alarms.book import Book
from gateway.alarms.evolve import Held
from gateway.alarms.facts import (
    CommandFact,
    Fact,
    GapFact,
    LinkFact,
    RuleFact,
    StartedFact,
    SystemFact,
    TagFact,
    TimeFact,
)
from gateway.alarms.loop import STEPS as STEPS_OF_LOOP
from gateway.alarms.tables import closes, letter
from gateway.model.commands import Act, Actor, Command, Seen
from gateway.model.errors import Refused
from gateway.model.events import Condition, Event, EventKind, Occurrence, Stamp, Suppression
from gateway.model.levels import Level, LiveLevel, Stage
from gateway.model.published import body
from gateway.model.quality import status_of
from gateway.model.site import RuleKind
from gateway.model.times import NEVER, seconds
from gateway.model.wire import parse
from tests.unit.alarms import plant
from tests.unit.alarms.plant import LI, T0

Step = tuple[Any, ...]
WANG = Actor("wang", "王强")
MORE: dict[str, dict[str, Any]] = {
    "LT-1.HH": {"highly_managed": True, "first_out": "g"},
    "LT-2.H": {
        "disposal_due": seconds(300),
        "first_out": "g",
        "re_alarm": seconds(70),
        "raise_level": ((seconds(90), Level.RED),),
    },
    "PZ-1.H": {"suppressed_while": ("GAS-A.VOTE", "LT-2.H"), "disposal_due": seconds(60)},
}
SITE = plant.with_rules(*(replace(r, **MORE.get(r.id, {})) for r in plant.SITE.rules))

STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("rule"),
            st.integers(0, len(SITE.rules) - 1),
            st.sampled_from(Condition),
            st.sampled_from([0, 1, seconds(2), seconds(3600)]),
        ),
        st.tuples(
            st.just("tag"),
            st.integers(0, len(SITE.tags) - 1),
            st.sampled_from([0, 1, 64, 128, 129, 131, 134]),
        ),
        st.tuples(st.just("link"), st.sampled_from([k.id for k in SITE.links]), st.booleans()),
        st.tuples(
            st.just("wait"), st.sampled_from([0, 1, seconds(4), seconds(5), seconds(61), seconds(400)])
        ),
        st.tuples(
            st.just("act"),
            st.sampled_from(Act),
            st.lists(st.integers(0, 5), min_size=1, max_size=2),
            st.integers(0, 3),
        ),
        st.tuples(
            st.just("set aside"),
            st.sampled_from([Act.SHELVE, Act.REMOVE, Act.UNSHELVE, Act.RETURN]),
            st.integers(0, len(SITE.rules) - 1),
            st.sampled_from([0, 1, seconds(61), seconds(400)]),
            st.booleans(),
        ),
        st.tuples(st.just("loop"), st.sampled_from(sorted(STEPS_OF_LOOP)), st.integers(0, 3), st.booleans()),
        st.tuples(st.just("system"), st.sampled_from(["disk", "output.county"]), st.booleans()),
        st.tuples(st.just("started"), st.sampled_from([0, seconds(30)])),
        st.tuples(st.just("gap")),
    ),
    max_size=40,
)


class Run:
    """Facts from steps; steps that name alarms name them by place among the open ones."""

    def __init__(self) -> None:
        self.book = Book(SITE, "e")
        self.now = T0
        self.facts: list[Fact] = []
        self.events: list[Event] = []

    def fact(self, step: Step) -> Fact:  # noqa: PLR0911 - one line per kind of step
        match step:
            case ("rule", row, after, late):
                time = self.now - late
                return RuleFact(row, Condition.NORMAL, after, time, time - 5, 9.5, 0, None, self.now)
            case ("tag", row, quality):
                return TagFact(row, quality >= 128, quality, self.now)
            case ("link", link, up):
                return LinkFact(self.now, link, up, "why")
            case ("wait", ns):
                self.now += ns
                return TimeFact(self.now)
            case ("act", act, places, older):
                held = self.book.open()
                seen = tuple(
                    Seen(held[p].id, held[p].n - older) if p < len(held) else Seen("x", 1) for p in places
                )
                return CommandFact(self.now, Command(act, LI, seen, "ok"))
            case ("set aside", act, row, time, two):
                asked = Command(
                    act,
                    LI,
                    (),
                    "pump test",
                    (SITE.rules[row].id,),
                    self.now + time,
                    "P-7",
                    WANG if two else None,
                )
                return CommandFact(self.now, asked)
            case ("loop", act, place, other):
                held = self.book.open()
                seen = (Seen(held[place].id, held[place].n),) if place < len(held) else ()
                words = (("assignee", "wang"), ("cause", "pump"), ("measure", "stopped"))
                return CommandFact(self.now, Command(act, WANG if other else LI, seen, "ok", words=words))
            case ("system", what, active):
                return SystemFact(self.now, what, active, "detail")
            case ("started", outage):
                since, self.now = self.now, self.now + outage
                return StartedFact(self.now, since, "1.0")
            case _:
                return GapFact(self.now, "spool", T0, self.now, 3, "full")

    def step(self, step: Step) -> list[Event]:
        fact = self.fact(step)
        before = self.book.dump()
        try:
            events = self.book.apply(fact)
        except Refused:
            assert self.book.dump() == before
            return []
        self.facts.append(fact)
        self.events += events
        return events


def folded(book: Book) -> dict[str, Any]:
    return {k: v for k, v in book.dump().items() if k != "view"}


@given(STEPS)
@settings(max_examples=300, deadline=None)
def test_what_events_add_up_to_is_the_state(steps: list[Step]) -> None:
    run = Run()
    for step in steps:
        run.step(step)
    twin = Book(SITE, "e")
    for event in run.events:
        twin.evolve(event)
    assert folded(twin) == folded(run.book)
    assert twin.open() == run.book.open()


@given(STEPS)
@settings(max_examples=100, deadline=None)
def test_what_is_read_back_from_the_journal_is_what_was_decided(steps: list[Step]) -> None:
    run = Run()
    for seq, step in enumerate(steps, 1):
        for event in run.step(step):
            stamp = Stamp(gateway="gw-01", county="341524", site="demo", epoch="e", seq=seq, recorded=run.now)
            assert parse(rfc8785.dumps({**body(event, stamp), "prev_hash": "", "hash": "x"})).event == event


@given(STEPS)
@settings(max_examples=100, deadline=None)
def test_the_same_facts_give_the_same_events(steps: list[Step]) -> None:
    run = Run()
    for step in steps:
        run.step(step)
    twin = Book(SITE, "e")
    assert [e for fact in run.facts for e in twin.apply(fact)] == run.events


@given(STEPS, st.integers(0, 40))
@settings(max_examples=200, deadline=None)
def test_a_restart_anywhere_changes_no_decision(steps: list[Step], at: int) -> None:
    run = Run()
    for step in steps:
        run.step(step)
    twin, events = Book(SITE, "e"), list[Event]()
    for k, fact in enumerate(run.facts):
        if k == at:
            data = json.loads(json.dumps(twin.dump(), sort_keys=True))
            twin = Book(SITE, "e")
            twin.load(data)
            assert twin.dump() == data
        events += twin.apply(fact)
    assert events == run.events
    assert twin.levels() == run.book.levels()
    assert twin.next_deadline() == run.book.next_deadline()


@given(STEPS)
@settings(max_examples=200, deadline=None)
def test_every_occurrence_is_whole(steps: list[Step]) -> None:
    run = Run()
    numbers: dict[str, int] = {}
    axes: dict[str, Any] = {}
    for step in steps:
        for event in run.step(step):
            if not event.id:
                continue
            assert event.n == numbers.get(event.id, 0) + 1
            assert event.after is not None
            assert event.before == axes.get(event.id, event.before)
            assert event.isa == letter(event.after)
            assert event.level in event.levels
            assert None not in (event.onset, event.priority, event.quality)
            assert event.rule
            assert event.tag
            numbers[event.id], axes[event.id] = event.n, event.after
        live: dict[str, int] = {}
        for o in run.book.open():
            assert not closes(o.axes)
            live[o.rule] = live.get(o.rule, 0) + (o.axes.condition is not Condition.NORMAL)
        assert all(count <= 1 for count in live.values())


class Naive:
    """What anybody reading the facts would say: which rules are in alarm, which tags can be seen."""

    def __init__(self) -> None:
        self.conditions = [Condition.NORMAL] * len(SITE.rules)
        self.sight = [False] * len(SITE.tags)
        self.doubtful = set[int]()
        self.said = set[int]()
        """rules that have a condition"""
        live = [r for r in SITE.rules if r.stage is Stage.LIVE and r.kind is RuleKind.LIMIT_HIGH]
        self.limits = {SITE.rule_index[r.id]: SITE.tag_index[r.tags[0]] for r in live}

    def tell(self, fact: Fact) -> None:
        if isinstance(fact, TagFact):
            if fact.bad or fact.quality < 64:
                self.doubtful.discard(fact.tag)
            elif not self.sight[fact.tag] and fact.tag in self.limits.values():
                self.doubtful.add(fact.tag)
            self.sight[fact.tag] = not fact.bad
        elif isinstance(fact, RuleFact):
            (self.said.discard if fact.after is Condition.UNKNOWN else self.said.add)(fact.rule)
            if fact.after is not Condition.UNKNOWN:
                self.doubtful.discard(self.limits.get(fact.rule, -1))
            known = self.conditions[fact.rule]
            silent = known is Condition.NORMAL and fact.after is Condition.UNKNOWN
            self.conditions[fact.rule] = known if silent else fact.after

    def level(self, place: str, trunks: dict[str, Occurrence]) -> LiveLevel:
        rules = [r for r in SITE.rules if r.stage is Stage.LIVE and place in {"", r.installation}]
        axes = {r.id: trunks[r.id].axes for r in rules if r.id in trunks}
        away = {r for r, a in axes.items() if a.suppression is not Suppression.NONE or a.recorded_only}
        burning = [r for r in rules if self.conditions[SITE.rule_index[r.id]] is not Condition.NORMAL]
        shown = [r for r in burning if r.id not in away]
        if shown:
            return LiveLevel(max(trunks[r.id].level for r in shown).word)
        sight = [seen and i not in self.doubtful for i, seen in enumerate(self.sight)]
        blind = any(not sight[SITE.tag_index[t]] for r in rules for t in r.tags)
        homes = [sight[i] for i, t in enumerate(SITE.tags) if place in {"", t.installation}]
        if blind or not any(homes):
            return LiveLevel.NO_VIEW
        by_person = (Suppression.SHELVED, Suppression.OUT_OF_SERVICE)
        standing = {r.id for r in burning}
        held = any(trunks[r].axes.suppression in by_person or r in standing for r in away)
        silent = any(SITE.rule_index[r.id] not in self.said for r in rules)
        return LiveLevel.NOT_JUDGED if held or silent else LiveLevel.NORMAL


@given(STEPS)
@settings(max_examples=300, deadline=None)
def test_alarms_and_levels_are_those_of_a_naive_reader(steps: list[Step]) -> None:
    run, naive = Run(), Naive()
    for step in steps:
        done = len(run.facts)
        run.step(step)
        for fact in run.facts[done:]:
            naive.tell(fact)
        trunks = {o.rule: o for o in run.book.open()}
        for rule, condition in zip(SITE.rules, naive.conditions, strict=True):
            held = trunks.get(rule.id)
            assert (held.axes.condition if held else Condition.NORMAL) is condition
        if run.facts:
            for state in run.book.levels():
                assert state.level is naive.level(state.installation, trunks)


@given(STEPS)
@settings(max_examples=200, deadline=None)
def test_levels_are_journalled_exactly_when_they_change(steps: list[Step]) -> None:
    run = Run()
    announced: dict[str, str] = {}
    for step in steps:
        for event in run.step(step):
            if event.event is EventKind.LIVE_LEVEL:
                assert announced.get(event.installation) != event.detail["level"]
                announced[event.installation] = event.detail["level"]
        if run.facts:
            assert announced == {s.installation: s.level.value for s in run.book.levels()}


@given(STEPS)
@settings(max_examples=200, deadline=None)
def test_the_next_deadline_is_exact(steps: list[Step]) -> None:
    run = Run()
    run.step(("wait", 0))
    for step in steps:
        run.step(step)
        due = run.book.next_deadline()
        if due > run.now:
            assert run.book.apply(TimeFact(min(due - 1, NEVER - 1))) == []
    due = run.book.next_deadline()
    if due < NEVER:
        run.now = max(run.now, due)
        run.step(("wait", 0))
        assert run.book.next_deadline() > due


@given(STEPS)
@settings(max_examples=100, deadline=None)
def test_a_lost_link_explains_its_tags(steps: list[Step]) -> None:
    run, down = Run(), set[str]()
    parents = {k.id: k.parent for k in SITE.links}
    for step in steps:
        done = len(run.facts)
        run.step(step)
        for fact in run.facts[done:]:
            if isinstance(fact, LinkFact):
                (down.discard if fact.up else down.add)(fact.link)
        faults = {o.rule for o in run.book.open() if o.fault and o.axes.condition is not Condition.NORMAL}
        for link in down:
            explained = parents[link] in down
            assert (f"{link}.LINK" in faults) or explained or run.book.next_deadline() < NEVER
            assert not (explained and f"{link}.LINK" in faults)


def test_held_is_small() -> None:
    """What the fold keeps beside an occurrence must stay of fixed size: alarms may be open for months."""
    assert set(Held._fields) == {"occurrence", "since", "first", "last"}


def test_the_plant_has_what_the_stories_need() -> None:
    assert all(r.enabled for r in SITE.rules)
    assert replace(SITE) == SITE
    assert status_of(131).name == "BAD"
