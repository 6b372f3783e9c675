"""What late data said and is over is in the journal, and in no message to anybody."""

from __future__ import annotations

import pytest

from gateway.model.events import Event, EventKind, Record
from gateway.model.times import seconds
from gateway.runtime.ledger import in_ledger
from gateway.sinks.mqtt.encode import announced, by_level
from gateway.sinks.webhook.encode import wanted
from tests.unit.alarms.plant import Story


@pytest.fixture
def events() -> list[Event]:
    """Raised ten minutes ago, cleared five minutes ago, both heard now."""
    story = Story()
    past = story.now - seconds(600)
    story.active("LT-1.HH", time=past, onset=past, received=story.now)
    story.normal("LT-1.HH", time=past + seconds(300), onset=past, received=story.now)
    found = [e for e in story.events if e.rule == "LT-1.HH"]
    assert [e.event for e in found] == [EventKind.RAISED, EventKind.CLEARED, EventKind.CLOSED]
    return found


def test_no_output_announces_it(events: list[Event]) -> None:
    records = [Record(n, e.time, f"{n:064x}", b"{}", e) for n, e in enumerate(events, 1)]
    assert by_level(records) == []
    for event in events:
        assert not event.announced
        assert not announced(event)
        assert not in_ledger(event)
        assert not wanted(event, {"red", "orange", "yellow", "blue"}, whole=False)
        assert wanted(event, (), whole=True), "the county has every event"


def test_the_same_in_time_is_announced(events: list[Event]) -> None:
    story = Story()
    assert all(e.announced for e in story.active("LT-1.HH") if e.rule == "LT-1.HH")
    assert not events[0]._replace(after=None, id="").announced
