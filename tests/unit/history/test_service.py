"""Figures of people and of what could be seen, from a story told to the book."""

from dataclasses import replace

import pytest

from gateway.history.service import calibration_overdue, online_by_tag, service
from gateway.model.commands import Act, Actor
from gateway.model.times import seconds
from tests.unit.alarms.plant import SITE, T0, Story, edited

WANG = Actor("wang", "王强")
HOUR = seconds(3600)


def figures(story: Story, start: int = T0, end: int = T0 + 10 * HOUR) -> dict[str, float]:
    return {f.name: f.value for f in service(story.events, story.site, start, end)}


def test_the_answers_of_people_are_timed() -> None:
    story = Story()
    for wait in (10, 30, 50):
        story.active("LT-2.H")
        story.wait(wait)
        o = story.one("LT-2.H")
        story.ack((o.id, o.n))
        story.normal("LT-2.H")
    found = figures(story)
    assert (found["acknowledged"], found["time_to_ack"], found["time_to_ack_max"]) == (3, 30, 50)
    late = figures(story, start=story.now)
    assert late["acknowledged"] == 1, "what was acknowledged at its first moment or later"


def test_what_was_kept_from_the_operator_is_counted_by_time() -> None:
    story = Story()
    story.aside(Act.SHELVE, "LT-2.H", hours=5)
    story.aside(Act.REMOVE, "LT-1.H", hours=24, permit="P-1")
    story.wait(5 * 3600)
    found = figures(story)
    assert found["shelved"] == pytest.approx(0.5)
    assert found["out_of_service"] == pytest.approx(1.0)
    assert figures(story, start=T0 + 5 * HOUR)["shelved"] == 0


def test_the_loop_is_counted_when_it_closes() -> None:
    story = Story(edited("LT-2.H", disposal_due=seconds(3600)))
    for hours, act in ((0.5, Act.SETTLE), (2, Act.DISMISS)):
        story.active("LT-2.H")
        story.loop(Act.HANDLE, "LT-2.H")
        story.normal("LT-2.H")
        story.loop(Act.SUBMIT, "LT-2.H", cause="c", measure="m")
        story.wait(3600 * hours)
        story.loop(act, "LT-2.H", WANG, "done")
        o = story.one("LT-2.H")
        story.ack((o.id, o.n))
    found = figures(story)
    assert (found["disposals"], found["closed"], found["on_time"], found["false_alarms"]) == (2, 2, 50, 50)


def test_what_could_not_be_seen_is_not_online() -> None:
    story = Story()
    story.bad("LT-1")
    story.wait(3600)
    story.good("LT-1")
    story.down("pond")
    story.wait(7200)
    story.up("pond")
    for tag in ("PZ-1", "PZ-2", "PZ-3"):
        story.good(tag)
    shares = online_by_tag(story.events, SITE, T0, T0 + 10 * HOUR)
    assert shares["LT-1"] == pytest.approx(0.9)
    assert shares["PZ-1"] == pytest.approx(0.8, abs=0.001)
    assert shares["LT-2"] == 1.0
    assert figures(story)["online"] == pytest.approx(100 * (1 - (0.1 + 3 * 0.2) / 6), abs=0.1)


def test_a_change_in_nobodys_name_is_said() -> None:
    story = Story()
    story.reconfigure(SITE)
    assert figures(story)["unauthorised"] == 1


def test_what_ran_before_it_was_approved_is_an_unauthorised_change_and_counts_once() -> None:
    story = Story()
    story.system("unapproved-configuration", active=True, detail="first start")
    assert figures(story)["unauthorised"] == 1
    story.wait(60)
    story.system("unapproved-configuration", active=False)
    story.reconfigure(SITE)
    story.system("unapproved-configuration", active=True, detail="in nobody's name too")
    assert figures(story)["unauthorised"] == 2
    story.wait(60)
    assert figures(story, start=story.now)["unauthorised"] == 0, "what began before the period is not of it"


def test_a_calibration_is_due_until_the_end_of_its_day() -> None:
    tags = tuple(replace(t, calibration_due="2026-11-20" if t.id == "LT-1" else "") for t in SITE.tags)
    site = replace(SITE, tags=tags)
    day = 86_400 * 10**9
    start = 1_795_132_800 * 10**9  # 2026-11-20T00:00:00Z
    assert calibration_overdue(site, start + day - 1) == []
    assert calibration_overdue(site, start + day) == ["LT-1"]


def test_a_past_month_never_changes() -> None:
    story = Story()
    story.active("LT-2.H")
    story.wait(60)
    o = story.one("LT-2.H")
    story.ack((o.id, o.n))
    before = figures(story, end=story.now)
    end = story.now
    story.wait(3600)
    story.normal("LT-2.H")
    story.bad("LT-1")
    assert figures(story, end=end) == before
