"""The dual report (双报告): who owes it, what makes it, and that the event is not closed before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.model.commands import Act, Actor, Command, Seen
from gateway.model.errors import Refused
from gateway.model.events import Event, Report
from gateway.model.levels import Level
from gateway.model.times import iso, seconds
from tests.unit.alarms.plant import LI, SITE, T0, Story, edited, kinds

WANG = Actor("wang", "王强")
HOUR = seconds(3600)
MAJOR = replace(SITE, report_due=((Level.RED, HOUR),))


def owed() -> Story:
    story = Story(MAJOR)
    story.active("LT-1.HH")
    return story


def report(story: Story, rule: str = "LT-1.HH", actor: Actor = LI, **words: str) -> list[Event]:
    return story.loop(Act.REPORT, rule, actor, **words)


def test_only_a_major_event_owes_it() -> None:
    story = Story(MAJOR)
    assert "report-due" not in kinds(story.active("LT-2.H"))
    assert kinds(story.active("LT-1.HH")) == ["raised", "report-due"]
    (due,) = [e for e in story.events if e.event.value == "report-due"]
    assert due.detail == {"due": iso(T0 + HOUR)}
    assert "report-due" not in kinds(Story(replace(MAJOR)).bad("LT-1")), "a fault is no major event"


def test_two_records_and_then_it_is_closed() -> None:
    story = owed()
    o = story.one("LT-1.HH")
    (first,) = report(story, to="department", reference="应急收 2026-118")
    assert (first.event.value, first.actor) == ("reported", LI)
    assert first.detail == {"to": "department", "reference": "应急收 2026-118", "made": iso(story.now)}
    assert story.one("LT-1.HH").axes.report is Report.DEPARTMENT
    story.normal("LT-1.HH")
    story.ack((o.id, story.one("LT-1.HH").n))
    assert kinds(story.reset((o.id, story.one("LT-1.HH").n))) == ["reset"], (
        "not closed: the congress was not told"
    )
    late = report(story, actor=WANG, to="congress", reference="职代会 12", time=iso(T0))
    assert kinds(late) == ["reported", "closed"]
    assert late[0].detail["made"] == iso(T0)
    assert story.open("LT-1.HH") == []


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ({"to": "press", "reference": "1"}, "report to 'press'; allowed: department or congress"),
        ({"reference": "1"}, "report to 'whom'"),
        ({"to": "congress"}, "needs the reference of its receipt"),
        ({"to": "congress", "reference": "1", "time": "yesterday"}, "RFC 3339"),
        ({"to": "congress", "reference": "1", "time": iso(T0 - 1)}, "before the alarm"),
        ({"to": "congress", "reference": "1", "time": iso(T0 + HOUR)}, "later than now"),
    ],
)
def test_what_a_report_must_say(words: dict[str, str], why: str) -> None:
    story = owed()
    before = story.book.dump()
    with pytest.raises(Refused, match=why):
        report(story, **words)
    assert story.book.dump() == before


def test_nobody_reports_what_is_not_owed() -> None:
    story = Story(MAJOR)
    story.active("LT-2.H")
    with pytest.raises(Refused, match="'to-department' is not possible while report is 'not-required'"):
        report(story, "LT-2.H", to="department", reference="1")


def test_a_report_need_not_name_the_newest_event() -> None:
    story = owed()
    o = story.one("LT-1.HH")
    story.ack((o.id, o.n))
    words = (("to", "department"), ("reference", "1"))
    from gateway.alarms.facts import CommandFact

    command = Command(Act.REPORT, LI, (Seen(o.id, 1),), words=words)
    assert kinds(story.tell(CommandFact(story.now, command))) == ["reported"]


def test_a_further_version_is_a_record_of_its_own() -> None:
    story = owed()
    report(story, to="department", reference="1")
    report(story, to="congress", reference="2")
    assert kinds(report(story, to="department", reference="3 续报")) == ["reported"]
    assert story.one("LT-1.HH").axes.report is Report.MADE


def test_overdue_is_said_once() -> None:
    story = owed()
    report(story, to="department", reference="1")
    assert "report-overdue" not in kinds(story.wait(3599))
    (late,) = [e for e in story.wait(1) if e.event.value == "report-overdue"]
    assert (late.time, late.detail) == (T0 + HOUR, {"report": "department"})
    assert "report-overdue" not in kinds(story.wait(10_000))


def test_made_in_time_is_never_overdue() -> None:
    story = owed()
    report(story, to="department", reference="1")
    report(story, to="congress", reference="2")
    assert "report-overdue" not in kinds(story.wait(10_000))


def test_a_rise_to_red_owes_it() -> None:
    story = Story(MAJOR)
    story.active("LT-1.H")
    assert "report-due" not in kinds(story.wait(60))
    assert "report-due" in kinds(story.wait(240))


def test_what_is_shelved_owes_it_when_it_comes_back() -> None:
    story = Story(MAJOR)
    story.aside(Act.SHELVE, "LT-1.HH")
    assert "report-due" not in kinds(story.active("LT-1.HH"))
    assert "report-due" in kinds(story.aside(Act.UNSHELVE, "LT-1.HH"))


def test_a_false_alarm_owes_nothing_until_it_is_reopened() -> None:
    site = replace(edited("LT-1.HH", disposal_due=HOUR), report_due=((Level.RED, HOUR),))
    story = Story(site)
    story.active("LT-1.HH")
    story.loop(Act.HANDLE, "LT-1.HH", LI)
    story.normal("LT-1.HH")
    story.loop(Act.SUBMIT, "LT-1.HH", LI, cause="标定气", measure="无")
    story.loop(Act.DISMISS, "LT-1.HH", WANG, "标定")
    assert story.one("LT-1.HH").axes.report is Report.WAIVED
    assert "report-overdue" not in kinds(story.wait(10_000))
    assert kinds(story.loop(Act.REOPEN, "LT-1.HH", WANG, "不是误报")) == ["disposal-reopened"]
    assert story.one("LT-1.HH").axes.report is Report.DUE
    assert "report-overdue" in kinds(story.wait(1)), "its time was over long ago"
