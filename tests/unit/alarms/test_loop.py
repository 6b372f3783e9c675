"""The closed loop (处置闭环): from onset to 销警, with the people named and nobody reviewing himself."""

import pytest

from gateway.model.commands import Act, Actor
from gateway.model.errors import Refused
from gateway.model.times import iso, seconds
from tests.unit.alarms.plant import LI, Story, edited, kinds, told

WANG = Actor("wang", "王强", "shift-leader")
SITE = edited("LT-2.H", disposal_due=seconds(3600))


def handled() -> Story:
    story = Story(SITE)
    story.active("LT-2.H")
    story.loop(Act.ASSIGN, "LT-2.H", WANG, assignee="li")
    story.loop(Act.HANDLE, "LT-2.H", LI)
    story.normal("LT-2.H")
    story.loop(Act.SUBMIT, "LT-2.H", LI, cause="阀门内漏", measure="更换阀芯", evidence="WO-118")
    return story


def test_from_onset_to_close() -> None:
    story = handled()
    o = story.one("LT-2.H")
    story.ack((o.id, o.n))
    assert kinds(story.loop(Act.SETTLE, "LT-2.H", WANG)) == ["disposal-closed", "closed"]
    assert [e.event.value for e in story.events if e.id == o.id] == [
        "raised", "disposal-opened", "disposal-assigned", "disposal-handling", "cleared", "disposal-review",
        "acknowledged", "disposal-closed", "closed",
    ]  # fmt: skip
    review = next(e for e in story.events if e.event.value == "disposal-review")
    assert review.detail == {"cause": "阀门内漏", "evidence": "WO-118", "measure": "更换阀芯"}
    assert {e.id for e in story.events if e.rule == "LT-2.H"} == {o.id}


def test_normal_and_acknowledged_is_not_closed() -> None:
    story = Story(SITE)
    story.active("LT-2.H")
    o = story.one("LT-2.H")
    story.ack((o.id, o.n))
    assert kinds(story.normal("LT-2.H")) == ["cleared"]
    assert story.one("LT-2.H").axes.disposal.value == "open"


@pytest.mark.parametrize("act", [Act.SETTLE, Act.DISMISS, Act.SEND_BACK])
def test_who_handled_it_does_not_review_it(act: Act) -> None:
    with pytest.raises(Refused, match="another person"):
        handled().loop(act, "LT-2.H", LI, "ok")


@pytest.mark.parametrize("act", [Act.SETTLE, Act.DISMISS])
def test_not_closable_while_active_or_unknown(act: Act) -> None:
    for back in ("active", "unknown"):
        story = Story(SITE)
        story.active("LT-2.H")
        if back == "unknown":
            story.unknown("LT-2.H")
        story.loop(Act.HANDLE, "LT-2.H")
        story.loop(Act.SUBMIT, "LT-2.H", cause="c", measure="m")
        with pytest.raises(Refused, match=f"condition is '{back}'"):
            story.loop(act, "LT-2.H", WANG, "ok")


@pytest.mark.parametrize(
    ("act", "words", "says"),
    [
        (Act.ASSIGN, {}, "must state assignee"),
        (Act.SUBMIT, {"cause": "c"}, "must state measure"),
        (Act.ASSIGN, {"assignee": "li", "mood": "good"}, "states mood"),
        (Act.SETTLE, {}, "'settle' is not possible while disposal is 'open'"),
        (Act.REOPEN, {}, "needs a reason"),
    ],
)
def test_what_a_step_must_state(act: Act, words: dict[str, str], says: str) -> None:
    story = Story(SITE)
    story.active("LT-2.H")
    story.normal("LT-2.H")
    before = story.book.dump()
    with pytest.raises(Refused, match=says):
        story.loop(act, "LT-2.H", **words)
    assert story.book.dump() == before


def test_a_false_alarm_is_reviewed_too_and_can_be_opened_again() -> None:
    story = handled()
    assert kinds(story.loop(Act.DISMISS, "LT-2.H", WANG, "仪表误报")) == ["disposal-false-alarm"]
    assert kinds(story.loop(Act.REOPEN, "LT-2.H", WANG, "又漏了")) == ["disposal-reopened"]
    assert story.one("LT-2.H").axes.disposal.value == "handling"


def test_overdue_is_said_once_and_at_its_moment() -> None:
    story = Story(SITE)
    story.active("LT-2.H")
    start = story.now
    assert kinds(story.wait(3599)) == []
    (event,) = story.wait(7200)
    assert (event.event.value, event.time, event.detail["disposal"]) == (
        "disposal-overdue", start + seconds(3600), "open",
    )  # fmt: skip
    assert kinds(story.wait(7200)) == []


def test_what_is_handled_in_time_is_never_overdue() -> None:
    story = handled()
    story.loop(Act.SETTLE, "LT-2.H", WANG)
    assert kinds(story.wait(7200)) == []


def test_a_shelved_alarm_opens_its_loop_when_it_comes_back() -> None:
    story = Story(SITE)
    story.aside(Act.SHELVE, "LT-2.H")
    assert told(story.active("LT-2.H")) == ["LT-2.H: raised"]
    assert told(story.wait(3600))[-1] == "LT-2.H: disposal-opened"
    opened = story.events[-1] if story.events[-1].id else next(e for e in reversed(story.events) if e.id)
    assert opened.detail["due"] == iso(opened.time + seconds(3600))
