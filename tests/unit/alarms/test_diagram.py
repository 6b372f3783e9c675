"""The committed page shows the tables the program runs on."""

from pathlib import Path

import pytest

from gateway.alarms import diagram
from gateway.alarms.tables import TABLES
from gateway.model.events import EventKind

PAGE = Path(__file__).parents[3] / "docs" / "alarms.md"


def test_the_page_is_in_step() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert diagram.fill(page) == page, "run: python -m gateway.alarms.diagram < docs/alarms.md > new.md"


def test_every_row_is_drawn() -> None:
    drawn = diagram.draw()
    assert drawn.count(" --> ") == sum(len(t) + 1 for t in TABLES.values())
    for event in {e for table in TABLES.values() for _, effects in table.values() for e in effects}:
        assert event.value in drawn


def test_the_page_names_every_event_that_is_no_axis_effect() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for kind in (EventKind.CLOSED, EventKind.RETIRED, EventKind.LIVE_LEVEL, EventKind.LEVEL_RAISED):
        assert kind.value in page


@pytest.mark.parametrize(
    "page", ["", diagram.BEGIN, diagram.END + diagram.BEGIN, diagram.BEGIN * 2 + diagram.END]
)
def test_a_page_without_its_marks_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match="the page needs one"):
        diagram.fill(page)
