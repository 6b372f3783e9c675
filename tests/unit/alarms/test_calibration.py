"""Out of service in bulk: an instrument that is calibrated, everything under one permit; and what it says of itself."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.model.commands import Act
from gateway.model.errors import Refused
from gateway.model.events import Event, Occurrence, Suppression
from gateway.model.levels import LiveLevel
from gateway.model.quality import Quality
from tests.unit.alarms.plant import LI, SITE, Story, edited, told


def calibrate(story: Story, **words: str) -> list[Event]:
    more: dict[str, Any] = {"comment": "annual calibration", "permit": "JX-7"}
    return story.aside(Act.REMOVE, hours=4, words=(*words.items(), ("calibration", "yes")), **more)


def aside(story: Story) -> set[str]:
    return {o.rule for o in story.book.open() if o.axes.suppression is Suppression.OUT_OF_SERVICE}


def rules_of(tag: str) -> set[str]:
    return {r.id for r in SITE.rules if r.enabled and tag in r.tags} | {f"{tag}.FAULT"}


def test_an_instrument_under_calibration_alarms_nobody_and_is_judged_on() -> None:
    story = Story()
    calibrate(story, tags="LT-2")
    assert aside(story) == rules_of("LT-2"), "its limits, the votes it takes part in, and its own fault"
    (raised,) = story.active("LT-2.H")
    assert (raised.event.value, raised.isa) == ("raised", "I")
    story.bad("LT-2", Quality.FAILURE_CURRENT_LOW)
    assert story.one("LT-2.FAULT").isa == "I", "a current that is simulated is no fault either"
    assert story.level() is LiveLevel.NO_VIEW, "nothing of it looks normal"
    events = story.wait(4 * 3600)
    assert "LT-2.H: returned-to-service" in told(events)
    assert story.one("LT-2.FAULT").isa == "B", "what is still there is announced"


def test_what_it_says_of_itself_goes_with_every_alarm_that_comes() -> None:
    story = Story()
    calibrate(story, tags="LT-2")
    story.active("LT-2.H")
    for o in story.open("LT-2.H"):
        assert said(o) == ("JX-7", True, "annual calibration", LI.name)
    story.aside(Act.RETURN, permit="JX-7")
    assert {said(o) for o in story.book.open()} <= {("", False, "", None)}


def said(o: Occurrence) -> tuple[str, bool, str, str | None]:
    return o.permit, o.calibrating, o.reason, o.set_aside_by.name if o.set_aside_by else None


def test_everything_under_a_permit_comes_back_at_once_and_nothing_else() -> None:
    story = Story()
    calibrate(story, tags="LT-2")
    story.aside(Act.REMOVE, "LT-1.HH", permit="JX-8", hours=4)
    with pytest.raises(Refused, match="no rule"):
        story.aside(Act.RETURN, permit="JX-9")
    story.aside(Act.RETURN, permit="JX-7")
    assert aside(story) == {"LT-1.HH"}


def test_an_installation_at_once() -> None:
    story = Story()
    place = SITE.installations[0].id
    calibrate(story, installation=place)
    tags = {t.id for t in SITE.tags if t.installation == place}
    wanted = {r.id for r in SITE.rules if r.enabled and (r.installation == place or set(r.tags) & tags)}
    assert aside(story) == wanted | {f"{t}.FAULT" for t in tags}


@pytest.mark.parametrize("words", [{"tags": "LT-2,NO"}, {"installation": "nowhere"}, {}])
def test_what_names_nothing_is_refused_and_changes_nothing(words: dict[str, str]) -> None:
    story = Story()
    before = story.book.dump()
    with pytest.raises(Refused):
        calibrate(story, **words)
    assert story.book.dump() == before


def test_a_highly_managed_rule_among_them_needs_a_second_person_for_all() -> None:
    story = Story(edited("LT-2.H", highly_managed=True))
    with pytest.raises(Refused, match="second person"):
        calibrate(story, tags="LT-2")
    assert aside(story) == set()


def test_an_alarm_set_aside_by_design_names_its_cause() -> None:
    story = Story(edited("LT-2.H", suppressed_while=("LT-1.HH",)))
    story.active("LT-1.HH")
    story.active("LT-2.H")
    assert story.one("LT-2.H").aside_for == "LT-1.HH"
    again = Story(edited("LT-2.H", suppressed_while=("LT-1.HH",)))
    again.active("LT-2.H")
    again.active("LT-1.HH")
    assert again.one("LT-2.H").aside_for == "LT-1.HH"
    again.normal("LT-1.HH")
    assert again.one("LT-2.H").aside_for == ""
