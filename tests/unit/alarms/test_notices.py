"""Who is told of an alarm, and who next when nobody acknowledges it."""

from __future__ import annotations

import json
from dataclasses import replace

from gateway.alarms.book import Book
from gateway.alarms.facts import StartedFact, TimeFact
from gateway.model.commands import Act
from gateway.model.events import Event, EventKind
from gateway.model.levels import Level
from gateway.model.people import DAY, Hours, OperatorConsole, Owner, Person, Post, Route, Routing, Shift
from gateway.model.quality import Quality
from gateway.model.site import Site
from gateway.model.times import iso, seconds
from tests.unit.alarms.plant import SITE, T0, Story

LEVELS = tuple(Level)
NIGHT = Shift(hours=Hours(start=20 * seconds(3600), end=8 * seconds(3600)), members=("zhao",))
PEOPLE = tuple(Person(id=p, name=p) for p in ("wang", "li", "zhao", "chen"))
POSTS = (
    Post(id="room", name="中控室", members=("li", "zhao")),
    Post(id="safety", name="安全科", members=("wang",)),
    Post(id="night", name="夜班", shifts=(NIGHT,)),
)
PROCESS = ("process", "dam", "weather", "equipment", "other")
ROUTES = (
    Route(
        levels=(Level.RED,),
        specialties=PROCESS,
        posts=("room", "safety"),
        escalate=("owner:technical", "owner:principal"),
    ),
    Route(levels=(Level.ORANGE,), specialties=PROCESS, posts=("night",), escalate=("room",)),
    Route(levels=(Level.YELLOW,), specialties=PROCESS, posts=("room",), escalate=("safety",)),
    Route(levels=LEVELS, specialties=("instrument",), posts=("room",)),
)  # fmt: skip
LIMITS = ((Level.YELLOW, seconds(600)), (Level.ORANGE, seconds(300)), (Level.RED, seconds(120)))
OWNERS = (
    Owner(role="principal", person="chen", name="chen"),
    Owner(role="technical", person="wang", name="wang"),
)


def routed(site: Site = SITE, routes: tuple[Route, ...] = ROUTES) -> Site:
    farm, pond = site.installations
    return replace(
        site,
        people=PEOPLE,
        posts=POSTS,
        routing=Routing(routes=routes, acknowledge=LIMITS),
        installations=(replace(farm, owners=OWNERS), pond),
        consoles=(OperatorConsole(id="c", name="c", installations=("farm", "pond")),),
    )


def notes(events: list[Event]) -> list[tuple[str, list[str], list[str]]]:
    tells = [e for e in events if e.event in (EventKind.NOTIFIED, EventKind.ESCALATED)]
    return [(e.event.value, e.detail["posts"], e.detail["people"]) for e in tells]


def test_without_a_table_nobody_is_told_and_no_event_says_so() -> None:
    assert notes(Story().active("LT-1.HH")) == []


def test_who_is_told_and_then_who_else_until_somebody_acknowledges() -> None:
    story = Story(routed())
    (told,) = [e for e in story.active("LT-1.HH") if e.event is EventKind.NOTIFIED]
    o = story.one("LT-1.HH")
    assert (told.id, told.n, told.level, told.rule, told.tag) == ("", 0, Level.RED, "LT-1.HH", "LT-1")
    assert told.detail == {
        "alarm": o.id, "n": 1, "step": 0, "why": "raised", "posts": ["room", "safety"],
        "people": ["li", "zhao", "wang"], "then": ["owner:technical", "owner:principal"],
        "due": iso(T0 + seconds(120)),
    }  # fmt: skip
    assert notes(story.wait(119)) == []
    assert notes(story.wait(1)) == [("escalated", ["owner:technical"], ["wang"])]
    assert notes(story.ack((o.id, o.n))) == []
    assert notes(story.wait(10_000)) == []


def test_at_the_end_of_the_ladder_it_is_said_once_that_nobody_is_left() -> None:
    story = Story(routed())
    story.active("LT-1.HH")
    events = story.wait(10_000)
    assert notes(events) == [
        ("escalated", ["owner:technical"], ["wang"]),
        ("escalated", ["owner:principal"], ["chen"]),
        ("escalated", [], []),
    ]
    times = [e.time - T0 for e in events if e.event is EventKind.ESCALATED]
    assert times == [seconds(120), seconds(240), seconds(360)]
    assert events[-1].detail["why"] == f"not acknowledged by {iso(T0 + seconds(360))}; nobody is left to tell"
    assert notes(story.wait(10_000)) == []


def test_a_post_with_nobody_on_duty_is_passed_at_once() -> None:
    story = Story(routed())
    day = T0 // DAY * DAY + 4 * seconds(3600)  # 12:00 in UTC+8
    story.wait((day + DAY - T0) / 10**9)
    told = story.active("LT-2.H")
    assert notes(told) == [("notified", ["night"], []), ("escalated", ["room"], ["li", "zhao"])]
    assert told[1].detail["nobody"] == ["night"]
    story = Story(routed())
    story.wait((day + DAY + 9 * seconds(3600) - T0) / 10**9)
    assert notes(story.active("LT-2.H")) == [("notified", ["night"], ["zhao"])]


def test_a_rise_is_told_by_its_own_row_and_a_repeat_is_not() -> None:
    story = Story(routed())
    story.active("LT-1.H")
    rise = story.wait(60)
    assert notes(rise)[0][:2] == ("notified", ["night"])
    assert notes(story.normal("LT-1.H")) == []
    # A second occurrence is an alarm of its own.
    assert notes(story.active("LT-1.H"))[0] == ("notified", ["room"], ["li", "zhao"])


def test_what_is_suppressed_or_in_shadow_calls_nobody() -> None:
    story = Story(routed())
    assert notes(story.active("LT-3.H")) == []
    story.active("LT-1.HH")
    story.aside(Act.SHELVE, "LT-1.HH")
    assert notes(story.wait(600)) == []
    assert notes(story.aside(Act.UNSHELVE, "LT-1.HH"))[0][:2] == ("notified", ["room", "safety"])


def test_an_alarm_of_no_row_says_so() -> None:
    story = Story(routed(routes=ROUTES[:1]))
    (told,) = [e for e in story.active("LT-1.H") if e.event is EventKind.NOTIFIED]
    assert (told.detail["posts"], told.detail["why"]) == ([], "no row of the routing table applies")
    assert "due" not in told.detail
    assert notes(story.wait(50)) == []
    assert notes(story.wait(10)) == [("notified", [], [])], "it rises to orange, of which no row is either"


def test_faults_have_a_specialty_of_their_own() -> None:
    story = Story(routed())
    assert notes(story.bad("LT-2", Quality.FAILURE_CURRENT_LOW)) == [("notified", ["room"], ["li", "zhao"])]


def test_restart_and_replay_tell_the_same_and_nobody_twice() -> None:
    story = Story(routed())
    story.active("LT-1.HH")
    story.wait(130)
    story.active("LT-2.H")
    again = Book(story.site, "epoch-1")
    for event in story.events:
        again.evolve(event)
    loaded = Book(story.site, "epoch-1")
    loaded.load(json.loads(json.dumps(story.book.dump())))
    assert again.dump() | {"view": 0} == story.book.dump() | {"view": 0}
    later = TimeFact(story.now + seconds(300))
    expected = story.book.apply(later)
    assert loaded.apply(later) == expected
    assert notes(again.apply(later)) == notes(expected)
    assert notes(expected)


def test_time_in_which_the_gateway_was_down_is_not_a_persons_delay() -> None:
    story = Story(routed())
    story.active("LT-1.HH")
    story.wait(60)
    back = story.now + seconds(3600)
    assert notes(story.tell(StartedFact(back, story.now, "1.0"))) == []
    story.now = back
    assert notes(story.wait(59)) == []
    assert notes(story.wait(1)) == [("escalated", ["owner:technical"], ["wang"])]


def test_a_post_that_is_no_longer_configured_is_passed() -> None:
    story = Story(routed())
    story.active("LT-1.H")
    story.reconfigure(replace(story.site, posts=POSTS[:1]))
    events = story.wait(10_000)
    assert notes(events)[0] == ("notified", ["room", "safety"], ["li", "zhao"]), "it rose to red meanwhile"
    story = Story(routed())
    story.active("LT-2.H")
    story.reconfigure(replace(story.site, posts=()))
    assert notes(story.wait(300)) == [("escalated", ["room"], []), ("escalated", [], [])]
