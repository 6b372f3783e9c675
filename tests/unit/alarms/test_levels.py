"""Live levels of the site and its installations."""

from dataclasses import replace

import pytest

from gateway.alarms.book import Book
from gateway.alarms.facts import RuleFact, StartedFact, TagFact, TimeFact
from gateway.model.events import Condition, EventKind
from gateway.model.levels import Level, LiveLevel, Stage
from gateway.model.quality import Quality
from gateway.model.site import Installation, RollUp, Site
from tests.unit.alarms.plant import SITE, T0, Story, edited, kinds, limit, tag, with_rules


def test_before_the_first_fact_nothing_has_been_announced() -> None:
    states = Book(SITE, "e").levels()
    assert [s.installation for s in states] == ["", "farm", "pond"]
    assert {s.level for s in states} == {LiveLevel.NO_VIEW}
    assert {s.since for s in states} == {0}


def test_the_first_step_journals_every_level() -> None:
    events = Book(SITE, "e").apply(TimeFact(T0))
    assert [(e.event, e.installation, e.detail["level"]) for e in events] == [
        (EventKind.LIVE_LEVEL, "", "no-view"),
        (EventKind.LIVE_LEVEL, "farm", "no-view"),
        (EventKind.LIVE_LEVEL, "pond", "no-view"),
    ]
    assert events[1].detail == {
        "level": "no-view",
        "base": "orange",
        "cause": ["LT-1", "LT-2", "LT-3"],
        "blinded": ["LT-1", "LT-2", "LT-3"],
        "blinded_count": 3,
        "not_judged": [],
        "not_judged_count": 0,
        "unjudged": [f"{r}: no-verdict-yet" for r in ("LT-1.H", "LT-1.HH", "LT-2.H", "LT-3.MAX")],
        "unjudged_count": 4,
        "suppressed": [],
        "suppressed_count": 0,
    }


def test_started_comes_before_the_first_levels() -> None:
    events = Book(SITE, "e").apply(StartedFact(T0, 0, "1.0"))
    assert kinds(events, levels=True) == ["started", "live-level", "live-level", "live-level"]


def test_normal_only_when_every_tag_that_is_judged_has_been_read_and_every_rule_judged() -> None:
    story = Story(seen=False)
    for name in ("LT-1", "LT-3", "PZ-1"):
        assert story.good(name) == []
    (event,) = story.good("LT-2")
    assert (event.installation, event.detail["level"]) == ("farm", "not-judged")
    for rule in ("LT-1.H", "LT-1.HH", "LT-2.H", "PZ-1.H"):
        assert story.normal(rule) == []
    (event,) = story.normal("LT-3.MAX")
    assert (event.installation, event.detail["level"]) == ("farm", "normal")
    assert story.level() is LiveLevel.NO_VIEW
    assert [e.installation for e in story.good("PZ-2")] == ["", "pond"]
    assert [e.installation for e in story.normal("GAS-A.VOTE")] == ["", "pond"]
    assert {s.level for s in story.book.levels()} == {LiveLevel.NORMAL}


def test_facts_of_one_input_are_one_change_of_level() -> None:
    story = Story()
    bad = TagFact(1, bad=True, quality=int(Quality.COMMUNICATION), time=T0 + 5)
    assert kinds(story.book.apply(bad, more=True), levels=True) == ["raised"]
    rule = RuleFact(2, Condition.NORMAL, Condition.UNKNOWN, T0 + 3, T0, 1.0, int(bad.quality), None, T0 + 3)
    found = story.book.apply(rule)
    assert [(e.installation, e.detail["level"]) for e in found] == [("", "no-view"), ("farm", "no-view")]
    assert {e.time for e in found} == {T0 + 5}, "as of the latest of them"


def test_the_highest_alarm_that_is_not_known_to_be_normal_colours_its_place_and_the_site() -> None:
    story = Story()
    red = story.active("LT-1.HH")[0]
    story.active("PZ-1.H")
    assert (story.level(), story.level("farm"), story.level("pond")) == (
        LiveLevel.RED,
        LiveLevel.RED,
        LiveLevel.BLUE,
    )
    story.unknown("LT-1.HH")
    assert story.level() is LiveLevel.RED
    story.ack((red.id, 2))
    assert story.level() is LiveLevel.RED
    story.normal("LT-1.HH")
    assert (story.level(), story.level("farm"), story.level("pond")) == (
        LiveLevel.BLUE,
        LiveLevel.NORMAL,
        LiveLevel.BLUE,
    )


def test_the_cause_is_the_most_important_first() -> None:
    story = Story()
    yellow, red = story.active("LT-1.H")[0], story.active("LT-1.HH")[0]
    state = story.book.levels()[0]
    assert state.cause == (red.id, yellow.id)
    assert (state.base, state.since) == (Level.RED, T0)


def test_an_event_for_every_change_of_level_and_not_of_cause() -> None:
    story = Story()
    assert kinds(story.active("LT-2.H"), levels=True) == ["raised", "live-level", "live-level"]
    assert kinds(story.active("LT-1.H"), levels=True) == ["raised"]
    assert len(story.book.levels()[1].cause) == 2


def test_a_rise_by_time_in_alarm_is_a_change_of_level() -> None:
    story = Story()
    story.active("LT-1.H")
    events = story.wait(60)
    assert [(e.installation, e.detail["level"]) for e in events if e.event is EventKind.LIVE_LEVEL] == [
        ("", "orange"),
        ("farm", "orange"),
    ]


def test_a_blinded_tag_takes_the_view_unless_something_higher_is_known() -> None:
    story = Story()
    story.bad("LT-1")
    assert story.book.levels()[1].cause == ("LT-1",)
    assert (story.level(), story.level("farm"), story.level("pond")) == (
        LiveLevel.NO_VIEW,
        LiveLevel.NO_VIEW,
        LiveLevel.NORMAL,
    )
    story.active("LT-2.H")
    assert story.level("farm") is LiveLevel.ORANGE
    assert story.book.levels()[1].blinded == ("LT-1",)


def test_a_tag_that_only_a_shadow_rule_needs_does_not_take_the_view_and_is_not_judged() -> None:
    story = Story(with_rules(*(r for r in SITE.rules if r.id != "LT-3.MAX")))
    story.bad("LT-3")
    assert story.level("farm") is LiveLevel.NOT_JUDGED
    assert story.book.levels()[1].cause == ("LT-3",)


def test_a_place_where_no_tag_can_be_seen_has_no_view_even_without_rules() -> None:
    story = Story(with_rules(), seen=False)
    assert story.level("pond") is LiveLevel.NO_VIEW
    story.good("PZ-3")
    assert story.level("pond") is LiveLevel.NOT_JUDGED, "seen, and judged by nobody"
    story.bad("PZ-3")
    assert story.level("pond") is LiveLevel.NO_VIEW


@pytest.mark.parametrize("changes", [{"enabled": False}, {"stage": Stage.SHADOW}], ids=str)
def test_not_judged_without_a_live_limit(changes: dict[str, object]) -> None:
    rules = tuple(replace(r, **changes) if r.subject == "LT-1" else r for r in SITE.rules)  # type: ignore[arg-type]
    story = Story(with_rules(*rules))
    assert (story.level(), story.level("farm"), story.level("pond")) == (
        LiveLevel.NOT_JUDGED,
        LiveLevel.NOT_JUDGED,
        LiveLevel.NORMAL,
    )
    assert story.book.levels()[1].not_judged == ("LT-1",)
    story.bad("LT-2")
    assert story.level("farm") is LiveLevel.NO_VIEW


def test_an_installation_without_tags_is_not_judged_and_so_is_its_site() -> None:
    story = Story(replace(SITE, installations=(*SITE.installations, Installation(id="new", name="新装置"))))
    assert (story.level(), story.level("new")) == (LiveLevel.NOT_JUDGED, LiveLevel.NOT_JUDGED)


def test_a_site_without_anything_is_not_judged() -> None:
    book = Book(Site(gateway="g", county="341524", id="s", name="s"), "e")
    assert [s.level for s in book.levels()] == [LiveLevel.NOT_JUDGED]


def test_an_installation_in_shadow_is_judged_but_never_coloured() -> None:
    farm = replace(SITE.installations[0], stage=Stage.SHADOW)
    story = Story(replace(SITE, installations=(farm, SITE.installations[1])))
    assert story.level("farm") is LiveLevel.NOT_JUDGED
    event = story.active("LT-1.HH")[0]
    assert event.shadow
    assert story.level() is LiveLevel.NOT_JUDGED
    assert story.bad("LT-2")[0].shadow


def test_an_alarm_of_a_place_nobody_configured_still_colours_the_site() -> None:
    story = Story(with_rules(*SITE.rules, limit("LT-2.X", "LT-2", Level.RED, 8, installation="nowhere")))
    story.active("LT-2.X")
    assert (story.level(), story.level("farm")) == (LiveLevel.RED, LiveLevel.NORMAL)


def test_long_lists_are_cut_in_the_event_and_counted_in_full() -> None:
    tags = tuple(replace(SITE.tags[1], id=f"T-{i}") for i in range(250))
    rules = tuple(limit(f"T-{i}.H", f"T-{i}", Level.RED, 8) for i in range(250))
    (event, *_) = Book(replace(SITE, tags=tags, rules=rules), "e").apply(TimeFact(T0))
    assert (len(event.detail["blinded"]), event.detail["blinded_count"]) == (100, 250)


def test_states_are_made_anew_only_where_something_changed() -> None:
    story = Story()
    before = story.book.levels()
    story.active("PZ-1.H")
    after = story.book.levels()
    assert after[1] is before[1]
    assert after[2] is not before[2]


def test_a_level_keeps_its_since_while_it_stays() -> None:
    story = Story(edited("LT-1.H", raise_level=()))
    story.now += 5
    story.active("LT-2.H")
    story.now += 5
    story.active("LT-1.H")
    assert story.book.levels()[0].since == T0 + 5


ROLL_UP = (
    RollUp(4, Level.BLUE, Level.YELLOW),
    RollUp(3, Level.YELLOW, Level.ORANGE),
    RollUp(2, Level.ORANGE, Level.RED),
)


def pond(levels: list[Level], *, classes: list[str] | None = None) -> Story:
    """A pond of points of one item (or of the items given), a limit of the given level on each."""
    names = classes or ["displacement"] * len(levels)
    tags = tuple(tag(f"P-{i}", "pond", ("pond",), cls=cls) for i, cls in enumerate(names))
    rules = tuple(
        limit(f"P-{i}.H", f"P-{i}", level, 8, installation="pond") for i, level in enumerate(levels)
    )
    place = Installation(id="pond", name="尾矿库", base_level=Level.BLUE, roll_up=ROLL_UP)
    return Story(replace(SITE, tags=tags, rules=rules, installations=(place,)))


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ([Level.BLUE] * 3, "blue"),
        ([Level.BLUE] * 4, "yellow"),
        ([Level.BLUE] * 9, "yellow"),
        ([Level.YELLOW] * 2, "yellow"),
        ([Level.YELLOW] * 3, "orange"),
        ([Level.BLUE] * 2 + [Level.YELLOW] * 2, "yellow"),
        ([Level.ORANGE], "orange"),
        ([Level.ORANGE] * 2, "red"),
        ([Level.RED, Level.ORANGE], "red"),
    ],
)
def test_points_of_one_item_count_as_a_higher_level(levels: list[Level], expected: str) -> None:
    story = pond(levels)
    for i in range(len(levels)):
        story.active(f"P-{i}.H")
    assert (story.level("pond").value, story.level().value) == (expected, expected)


def test_points_of_different_items_do_not_add_up() -> None:
    story = pond([Level.YELLOW] * 3, classes=["displacement", "displacement", "phreatic-depth"])
    for i in range(3):
        story.active(f"P-{i}.H")
    assert story.level("pond") is LiveLevel.YELLOW


def test_a_rolled_up_level_names_its_points_and_goes_with_them() -> None:
    story = pond([Level.YELLOW] * 3)
    for i in range(3):
        events = story.active(f"P-{i}.H")
    told = [e.detail["rolled_up"] for e in events if e.event is EventKind.LIVE_LEVEL]
    assert told[-1] == [
        {"installation": "pond", "item": "displacement", "points": 3, "of": "yellow", "to": "orange"}
    ]
    story.normal("P-1.H")
    assert story.level("pond") is LiveLevel.YELLOW


def test_one_point_with_two_limits_is_one_point() -> None:
    story = pond([Level.ORANGE])
    rules = (*story.site.rules, limit("P-0.HH", "P-0", Level.ORANGE, 9, installation="pond"))
    story = Story(replace(story.site, rules=rules))
    story.active("P-0.H")
    story.active("P-0.HH")
    assert story.level("pond") is LiveLevel.ORANGE
