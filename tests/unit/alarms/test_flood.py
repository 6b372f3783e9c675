"""Floods: said when they begin and end, and nothing is dropped."""

from dataclasses import replace

from gateway.alarms.book import Book
from gateway.model.commands import Act
from gateway.model.events import Event, EventKind
from gateway.model.levels import Level
from gateway.model.times import seconds
from tests.unit.alarms.plant import SITE, T0, Story, limit, tag

MANY = 40
TAGS = tuple(tag(f"T-{i}") for i in range(MANY))
PLANT = replace(
    SITE, tags=TAGS, rules=tuple(limit(f"T-{i}.H", f"T-{i}", Level.YELLOW, 8) for i in range(MANY))
)


def floods(events: list[Event]) -> list[str]:
    return [e.event.value for e in events if e.event in (EventKind.FLOOD_STARTED, EventKind.FLOOD_ENDED)]


def pour(story: Story, count: int, every: float, first: int = 0) -> None:
    for i in range(first, first + count):
        story.wait(every)
        story.active(f"T-{i}.H")


def test_ten_in_ten_minutes_are_no_flood_and_eleven_are() -> None:
    story = Story(PLANT)
    pour(story, 10, 30)
    assert floods(story.events) == []
    pour(story, 1, 30, first=10)
    assert floods(story.events) == ["flood-started"]
    assert len(story.book.open()) == 11


def test_eleven_slowly_are_none() -> None:
    story = Story(PLANT)
    pour(story, 30, 61)
    assert floods(story.events) == []


def test_it_ends_when_fewer_than_five_came_in_ten_minutes_at_that_moment() -> None:
    story = Story(PLANT)
    pour(story, 12, 10)
    last = story.now
    story.wait(3600)
    assert floods(story.events) == ["flood-started", "flood-ended"]
    ended = next(e for e in story.events if e.event is EventKind.FLOOD_ENDED)
    assert ended.time == last - seconds(40) + seconds(600)
    assert ended.detail["count"] == 12
    assert story.book.next_deadline() > T0


def test_what_the_operator_does_not_get_is_no_flood() -> None:
    story = Story(PLANT)
    story.aside(Act.SHELVE, *(r.id for r in PLANT.rules))
    pour(story, 20, 10)
    assert floods(story.events) == []


def test_a_flood_outlives_a_restart() -> None:
    story = Story(PLANT)
    pour(story, 12, 10)
    twin = Book(PLANT, "epoch-1")
    for event in story.events:
        twin.evolve(event)
    assert twin.next_deadline() == story.book.next_deadline()
    assert {k: v for k, v in twin.dump().items() if k != "view"} == {
        k: v for k, v in story.book.dump().items() if k != "view"
    }
