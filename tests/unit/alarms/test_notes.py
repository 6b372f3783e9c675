"""Records that change no alarm: approvals by two persons, what changed, the ends of drills."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.alarms.book import Book
from gateway.model.commands import Act, Actor, Command
from gateway.model.errors import Refused
from gateway.model.events import EventKind
from gateway.model.inputs import Acted, ConfigChange, Started, decode, encode
from gateway.model.levels import Level
from tests.unit.alarms.plant import LI, SITE, T0, Story

WANG = Actor("wang", "王强")
HASH = "ab" * 32


def approval(second: Actor | None = WANG, digest: str = HASH) -> Acted:
    return Acted(T0, Command(Act.APPROVE, LI, (), "looked at", second=second, words=(("hash", digest),)))


def test_an_approval_names_both_and_is_remembered_over_a_restart() -> None:
    story = Story()
    (event,) = story.tell(approval())
    assert (event.event, event.actor, event.comment) == (EventKind.CONFIG_APPROVED, LI, "looked at")
    assert event.detail == {"hash": HASH, "second": {"id": "wang", "name": "王强"}}
    again = Book(SITE, "epoch-1")
    again.load(story.book.dump())
    folded = Book(SITE, "epoch-1")
    folded.refold(story.events)
    for book in (story.book, again, folded):
        assert book.approvals.approved == {HASH: ["李明", "王强", T0]}


PROPOSAL = (("proposal", "p1"), ("rule", "LT-1.H"))
NUMBERS = (("trigger_was", "8"), ("trigger", "7"))


def change(act: Act, second: Actor | None = None) -> Acted:
    words = (*PROPOSAL, *NUMBERS) if act is Act.PROPOSE else PROPOSAL
    return Acted(T0, Command(act, LI, (), "nuisance", second=second, words=words))


@pytest.mark.parametrize("answer", [change(Act.AGREE, WANG), change(Act.DECLINE)])
def test_a_proposal_waits_over_a_restart_until_it_is_answered(answer: Acted) -> None:
    story = Story()
    (event,) = story.tell(change(Act.PROPOSE))
    assert event.event is EventKind.CHANGE_PROPOSED
    again, folded = Book(SITE, "epoch-1"), Book(SITE, "epoch-1")
    again.load(story.book.dump())
    folded.refold(story.events)
    for book in (story.book, again, folded):
        found = book.approvals.proposed["p1"]
        assert (found["trigger_was"], found["trigger"], found["comment"]) == ("8", "7", "nuisance")
        assert found["actor"]["id"] == LI.id
    story.tell(answer)
    assert story.book.approvals.proposed == {}


@pytest.mark.parametrize("second", [None, LI])
def test_nobody_agrees_to_a_proposal_of_their_own(second: Actor | None) -> None:
    story = Story()
    story.tell(change(Act.PROPOSE))
    with pytest.raises(Refused, match="by two persons"):
        story.tell(change(Act.AGREE, second))
    assert list(story.book.approvals.proposed) == ["p1"]


@pytest.mark.parametrize(("second", "digest"), [(None, HASH), (LI, HASH), (WANG, HASH[:12]), (WANG, "")])
def test_one_person_or_half_a_hash_approves_nothing(second: Actor | None, digest: str) -> None:
    story = Story()
    before = story.book.dump()
    with pytest.raises(Refused):
        story.tell(approval(second, digest))
    assert story.book.dump() == before


@pytest.mark.parametrize(("approval_", "level"), [("asked", Level.BLUE), ("required", Level.ORANGE)])
def test_what_was_not_approved_is_a_wish_unless_approval_is_required(approval_: str, level: Level) -> None:
    story = Story(replace(SITE, approval=approval_))
    story.system("unapproved-configuration", active=True)
    assert story.one("system.unapproved-configuration").level is level


def test_a_change_says_who_agreed_and_what_differs() -> None:
    change = ConfigChange(T0, "a", "b", "李明", "new limit", "王强", ("~ rule LT-1.H trigger: 8 -> 7",), 1)
    assert decode(encode(change)) == change
    event = Book(SITE, "e").apply(change)[0]
    assert event.detail == {
        "old": "a", "new": "b", "second": "王强", "changes": ["~ rule LT-1.H trigger: 8 -> 7"], "changes_count": 1,
    }  # fmt: skip
    assert event.actor == Actor("李明", "李明")


def test_a_start_names_the_configuration_that_judges() -> None:
    start = Started(T0, 0, "1.0", config=HASH)
    assert decode(encode(start)) == start
    assert Book(SITE, "e").apply(start)[0].detail["config"] == HASH


def test_a_drill_begins_and_ends_with_a_record_of_its_own() -> None:
    story = Story()
    words = (("exercise", "x1"), ("why", "done"))
    (event,) = story.tell(Acted(T0, Command(Act.EXERCISE_END, LI, (), words=words)))
    assert (event.event, event.detail, event.id) == (EventKind.EXERCISE_ENDED, dict(words), "")
