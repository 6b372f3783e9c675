"""Floods: said when they begin and end, and nothing is dropped."""

from dataclasses import replace
from typing import Any

import pytest

from gateway.alarms.book import Book
from gateway.model.commands import Act
from gateway.model.events import Event, EventKind, Suppression
from gateway.model.levels import Level
from gateway.model.people import OperatorConsole
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


def started(events: list[Event]) -> list[Event]:
    return [e for e in events if e.event is EventKind.FLOOD_STARTED]


def test_the_flood_says_by_what_its_alarms_belong_together() -> None:
    grouped = tuple(replace(r, first_out="trip") if i < 4 else r for i, r in enumerate(PLANT.rules))
    story = Story(replace(PLANT, rules=grouped))
    pour(story, 8, 10)
    story.down("plc1")
    pour(story, 2, 10, first=8)
    (begun,) = started(story.events)
    raised = {e.rule: e for e in story.events if e.event is EventKind.RAISED}
    assert [(g["group"], g["count"]) for g in begun.detail["groups"]] == [
        ("installation:farm", 6), ("first-out:trip", 4), ("device:plc1", 1),
    ]  # fmt: skip
    assert begun.detail["groups"][1]["first"] == raised["T-0.H"].id
    assert {o.rule: o.group for o in story.book.open()}["plc1.LINK"] == "device:plc1"
    assert sum(g["count"] for g in begun.detail["groups"]) == begun.detail["count"]
    pour(story, 10, 10, first=10)
    story.wait(3600)
    ended = next(e for e in story.events if e.event is EventKind.FLOOD_ENDED)
    assert sum(g["count"] for g in ended.detail["groups"]) == ended.detail["count"] == 21
    assert len(story.book.open()) == 21, "nothing is dropped"


def test_each_console_has_its_own_flood() -> None:
    tags = tuple(replace(t, installation="pond" if i % 2 else "farm") for i, t in enumerate(PLANT.tags))
    rules = tuple(replace(r, installation="pond" if i % 2 else "farm") for i, r in enumerate(PLANT.rules))
    two = (
        OperatorConsole(id="room", name="中控室", installations=("farm",)),
        OperatorConsole(id="dam", name="尾矿库", installations=("pond",)),
    )
    story = Story(replace(PLANT, tags=tags, rules=rules, consoles=two))
    pour(story, 20, 10)
    assert started(story.events) == [], "ten on each"
    story.wait(1)
    story.active("T-20.H")
    assert [e.detail["console"] for e in started(story.events)] == ["room"]
    twin = Book(story.site, "epoch-1")
    for event in story.events:
        twin.evolve(event)
    assert twin.dump() | {"view": 0} == story.book.dump() | {"view": 0}


@pytest.mark.parametrize(
    "change",
    [{"level": Level.RED}, {"highly_managed": True}, {"raise_level": ((seconds(1), Level.RED),)}],
    ids=["red", "highly managed", "risen to red"],
)
def test_red_and_highly_managed_alarms_are_never_set_aside(change: dict[str, Any]) -> None:
    cause, effect = PLANT.rules[:2]
    story = Story(replace(PLANT, rules=(cause, replace(effect, suppressed_while=(cause.id,), **change))))
    story.active(cause.id)
    story.active(effect.id)
    story.wait(2)
    assert story.one(effect.id).axes.suppression is Suppression.NONE


@pytest.mark.parametrize("cls", ["gas-combustible", "gas-toxic", "oxygen", "methane"])
def test_gas_alarms_are_never_set_aside_but_they_are_grouped(cls: str) -> None:
    cause, effect = PLANT.rules[:2]
    tags = (PLANT.tags[0], replace(PLANT.tags[1], cls=cls), *PLANT.tags[2:])
    rules = (cause, replace(effect, suppressed_while=(cause.id,)), *PLANT.rules[2:])
    story = Story(replace(PLANT, tags=tags, rules=rules))
    pour(story, 12, 10)
    o = story.one(effect.id)
    assert (o.axes.suppression, o.group, o.isa) == (Suppression.NONE, "installation:farm", "B")
    assert started(story.events)
