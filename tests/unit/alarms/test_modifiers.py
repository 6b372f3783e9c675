"""What modifies the live level: nothing that is not signed; and what is signed is shown with its cause."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.alarms.book import Book
from gateway.alarms.facts import CommandFact, StartedFact
from gateway.alarms.modifiers import MODIFIERS
from gateway.model.commands import Act, Actor, Command
from gateway.model.errors import Refused
from gateway.model.events import Event, EventKind
from gateway.model.levels import Level, LiveLevel
from gateway.model.site import PlannedWatch, RuleKind, Site
from gateway.model.times import iso, seconds
from tests.unit.alarms.plant import LI, SITE, T0, Story, edited, kinds, limit
from tests.unit.alarms.test_notices import notes, routed

WANG = Actor("wang", "王强")
HOUR = seconds(3600)
BYPASS = limit("BP-1.STATE", "LT-2", Level.BLUE, 1, kind=RuleKind.STATE, modifies="bypass")
STORM = limit(
    "WX-1.STATE", "PZ-3", Level.BLUE, 1, installation="pond", kind=RuleKind.STATE, modifies="weather"
)


def signed(*names: str, site: Site = SITE, **more: object) -> Site:
    farm, pond = site.installations
    places = (replace(farm, grade=1), replace(pond, head_pond=True))
    known = replace(site, installations=places, rules=(*site.rules, BYPASS, STORM))
    return replace(known, modifiers=tuple((n, "王强") for n in names), **more)  # type: ignore[arg-type]


def level_events(events: list[Event], place: str) -> list[Event]:
    return [e for e in events if e.event is EventKind.LIVE_LEVEL and e.installation == place]


def test_no_row_has_a_number_from_a_standard_and_none_is_on_by_default() -> None:
    assert {m.mark for m in MODIFIERS.values()} == {"U"}
    story = Story(signed())
    story.active("BP-1.STATE")
    story.active("LT-1.H")
    assert story.level("farm") is LiveLevel.YELLOW
    story.active("PZ-1.H")
    assert story.level("pond") is LiveLevel.BLUE


def test_a_bypass_raises_what_stands_and_not_itself() -> None:
    story = Story(signed("bypass"))
    story.active("BP-1.STATE")
    assert story.level("farm") is LiveLevel.BLUE, "alone it is its own level"
    (event,) = level_events(story.active("LT-1.H"), "farm")
    assert (story.level("farm"), story.level()) == (LiveLevel.ORANGE, LiveLevel.ORANGE)
    assert event.detail["modifiers"] == ["bypass: BP-1.STATE"]
    assert (event.detail["unmodified"], event.detail["base"], event.detail["level"]) == (
        "yellow",
        "orange",
        "orange",
    )
    story.normal("BP-1.STATE")
    assert story.level("farm") is LiveLevel.YELLOW
    assert "modifiers" not in level_events(story.events, "farm")[-1].detail


def test_a_modifier_that_comes_or_goes_is_journalled_though_the_level_stays() -> None:
    story = Story(signed("bypass"))
    story.active("LT-1.HH")
    (event,) = level_events(story.active("BP-1.STATE"), "farm")
    assert (event.detail["level"], event.detail["modifiers"]) == ("red", ["bypass: BP-1.STATE"])


def test_an_unknown_bypass_is_a_bypass() -> None:
    story = Story(signed("bypass"))
    story.active("BP-1.STATE")
    story.active("LT-1.H")
    story.unknown("BP-1.STATE")
    assert story.level("farm") is LiveLevel.ORANGE


@pytest.mark.parametrize(
    ("name", "rule", "place"),
    [("weather", "PZ-1.H", "pond"), ("head-pond", "PZ-1.H", "pond"), ("grade", "LT-1.H", "farm")],
)
def test_rows_by_installation(name: str, rule: str, place: str) -> None:
    story = Story(signed(name))
    if name == "weather":
        story.active("WX-1.STATE")
    before = SITE.rules[SITE.rule_index[rule]].level
    story.active(rule)
    assert story.level(place).value == Level(before + 1).word
    assert story.level().value == Level(before + 1).word


def test_several_raise_by_one_and_never_above_red() -> None:
    story = Story(signed("bypass", "grade"))
    story.active("BP-1.STATE")
    story.active("LT-1.H")
    assert story.level("farm") is LiveLevel.ORANGE
    story.active("LT-1.HH")
    assert story.level("farm") is LiveLevel.RED


def test_nothing_is_coloured_by_a_modifier_alone() -> None:
    story = Story(signed("grade", "head-pond"))
    assert (story.level("farm"), story.level("pond")) == (LiveLevel.NORMAL, LiveLevel.NORMAL)


def test_an_overdue_disposal_counts_on() -> None:
    site = edited("LT-2.H", disposal_due=HOUR)
    for names, expected in ((("overdue-disposal",), LiveLevel.ORANGE), ((), LiveLevel.NORMAL)):
        story = Story(signed(*names, site=site))
        story.active("LT-2.H")
        story.normal("LT-2.H")
        assert story.level("farm") is LiveLevel.NORMAL
        story.wait(3600)
        assert story.level("farm") is expected
    story = Story(signed("overdue-disposal", site=site))
    story.active("LT-2.H")
    story.normal("LT-2.H")
    story.wait(3600)
    assert level_events(story.events, "farm")[-1].detail["modifiers"] == ["overdue-disposal: LT-2.H"]
    story.loop(Act.HANDLE, "LT-2.H", LI)
    story.loop(Act.SUBMIT, "LT-2.H", LI, cause="c", measure="m")
    story.loop(Act.SETTLE, "LT-2.H", WANG)
    assert story.level("farm") is LiveLevel.NORMAL


def test_the_levels_are_the_same_after_a_restart() -> None:
    story = Story(signed("bypass", "overdue-disposal", "heightened-watch"))
    story.active("BP-1.STATE")
    story.active("LT-1.H")
    watch(story, "storm", 2)
    again = Book(story.site, "epoch-1")
    again.load(story.book.dump())
    assert again.levels() == story.book.levels()
    assert again.dump() == story.book.dump()


def watch(story: Story, ident: str, hours: float, comment: str = "台风", **words: str) -> list[Event]:
    asked = (("watch", ident), *words.items())
    until = story.now + seconds(3600 * hours)
    return story.tell(CommandFact(story.now, Command(Act.WATCH, LI, (), comment, until=until, words=asked)))


class TestWatches:
    def test_a_person_begins_one_and_its_time_ends_it(self) -> None:
        story = Story(signed("heightened-watch"))
        story.active("LT-1.H")
        begun = watch(story, "storm", 2, installations="farm", acknowledge="0.5")
        assert kinds(begun) == ["watch-started"]
        assert begun[0].detail == {
            "watch": "storm", "until": iso(T0 + 2 * HOUR), "acknowledge": 0.5, "reason": "台风",
            "installations": ["farm"],
        }  # fmt: skip
        assert (begun[0].actor, story.level("farm")) == (LI, LiveLevel.ORANGE)
        assert level_events(begun, "farm")[0].detail["modifiers"] == ["heightened-watch: storm"]
        assert story.book.next_deadline() <= T0 + 2 * HOUR
        ended = story.wait(7200)
        assert [e.detail["why"] for e in ended if e.event is EventKind.WATCH_ENDED] == ["its time is over"]

    def test_and_a_person_ends_it(self) -> None:
        story = Story(signed())
        watch(story, "storm", 2)
        end = Command(Act.WATCH_END, WANG, (), "过境", words=(("watch", "storm"),))
        (ended,) = story.tell(CommandFact(story.now, end))
        assert (ended.event, ended.actor) == (EventKind.WATCH_ENDED, WANG)
        with pytest.raises(Refused, match="no period of heightened watch 'storm' holds"):
            story.tell(CommandFact(story.now, end))

    @pytest.mark.parametrize(
        ("words", "why"),
        [
            ({"ident": "a b"}, "allowed: 1-64"),
            ({"comment": " "}, "needs a reason"),
            ({"hours": 0}, "needs an end"),
            ({"hours": 24 * 61}, "at most 60 days"),
            ({"installations": "farm,mill"}, "no installation 'mill'"),
            ({"acknowledge": "2"}, "a factor above 0"),
        ],
    )
    def test_what_is_refused(self, words: dict[str, object], why: str) -> None:
        story = Story(signed())
        asked = {"ident": "storm", "hours": 1, **words}
        with pytest.raises(Refused, match=why):
            watch(story, **asked)  # type: ignore[arg-type]

    def test_it_leaves_less_time_to_acknowledge(self) -> None:
        story = Story(routed())
        watch(story, "storm", 2, acknowledge="0.5")
        story.active("LT-1.HH")
        assert notes(story.wait(59)) == []
        assert notes(story.wait(1)) == [("escalated", ["owner:technical"], ["wang"])]

    def test_a_planned_one_begins_and_ends_by_itself_and_once(self) -> None:
        plan = PlannedWatch(id="feast", start=T0 + HOUR, end=T0 + 3 * HOUR, reason="春节", acknowledge=0.5)
        story = Story(signed(watches=(plan,)))
        assert story.book.next_deadline() == T0 + HOUR
        (begun,) = story.wait(3600)
        assert (begun.event, begun.time, begun.actor) == (EventKind.WATCH_STARTED, T0 + HOUR, None)
        again = Book(story.site, "epoch-1")
        for event in story.events:
            again.evolve(event)
        assert again.apply(StartedFact(story.now, 0, "1.0"))[0].event is EventKind.STARTED
        assert kinds(story.wait(3600)) == []
        (ended,) = story.wait(3600)
        assert (ended.event, ended.time) == (EventKind.WATCH_ENDED, T0 + 3 * HOUR)
        assert kinds(story.wait(36000)) == []

    def test_one_that_was_over_before_anybody_looked_is_not_said(self) -> None:
        plan = PlannedWatch(id="feast", start=T0 - 3 * HOUR, end=T0 - HOUR, reason="春节")
        story = Story(signed(watches=(plan,)))
        story.wait(1)
        assert "watch-started" not in kinds(story.events)
        assert story.book.next_deadline() > story.now

    def test_one_that_is_no_longer_planned_ends(self) -> None:
        plan = PlannedWatch(id="feast", start=T0, end=T0 + HOUR, reason="春节")
        story = Story(signed(watches=(plan,)))
        story.wait(1)
        assert "watch-ended" in kinds(story.reconfigure(signed()))
