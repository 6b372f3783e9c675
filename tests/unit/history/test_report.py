"""The report of a period: site and consoles, each with its own figures; and what people were told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gateway.history.kpi import DAY
from gateway.history.report import Part, report
from gateway.model.commands import Act
from gateway.model.levels import Level
from gateway.model.people import OperatorConsole
from gateway.model.times import seconds
from tests.unit.alarms.plant import LI, SITE, T0, Story
from tests.unit.alarms.test_notices import routed

CONSOLES = (
    OperatorConsole(id="room", name="中控室", installations=("farm",)),
    OperatorConsole(id="dam", name="尾矿库", installations=("pond",)),
)
TWO = replace(routed(replace(SITE, report_due=((Level.RED, seconds(60)),))), consoles=CONSOLES)


def value(part: Part, name: str) -> Any:
    return next(f for f in part.figures if f.name == name)


def story() -> Story:
    told = Story(TWO)
    told.active("LT-1.HH")
    told.loop(Act.REPORT, "LT-1.HH", LI, to="department", reference="A-1")
    told.wait(200)
    told.active("PZ-1.H")
    told.wait(100)
    told.down("plc1")
    told.wait(3600)
    told.up("plc1")
    return told


def test_each_console_has_its_own_figures_and_the_targets_beside_them() -> None:
    found = report(story().events, TWO, T0, T0 + DAY)
    room, dam = found.consoles
    assert (room.console, dam.console) == ("room", "dam")
    assert (
        value(found.site, "announced").value == value(room, "announced").value + value(dam, "announced").value
    )
    assert value(dam, "announced").value == 1
    assert (value(room, "per_hour").target, value(room, "per_hour").mark) == ("≈ 6, ≤ 12", "S")
    assert value(found.site, "per_hour").target == "", "the targets are for one operator"
    assert (value(room, "priority_1").value, value(dam, "priority_2").value) == (100, 100)


def test_a_site_that_is_one_console_has_the_targets_itself() -> None:
    one = replace(TWO, consoles=())
    found = report(story().events, one, T0, T0 + DAY)
    assert found.consoles == ()
    assert value(found.site, "per_hour").target == "≈ 6, ≤ 12"


def test_what_people_were_told_and_what_was_reported_late() -> None:
    found = report(story().events, TWO, T0, T0 + DAY).site
    assert value(found, "notified").value == 3
    assert value(found, "escalated").value == 4, (
        "technical, principal, nobody left; and nobody left for the device"
    )
    assert value(found, "unreached").met is False
    assert (value(found, "reports_owed").value, value(found, "reports_late").value) == (1, 1)


def test_online_rates_by_tag_and_device_the_worst_first() -> None:
    found = report(story().events, TWO, T0, T0 + DAY)
    assert next(iter(found.online_by_device.items())) == ("plc1", 1 - 3600 / 86400)
    assert found.online_by_device["pond"] == 1.0
    assert set(list(found.online_by_tag)[:2]) == {"LT-1", "LT-2"}
    told = found.as_json()
    assert list(told["consoles"]) == ["room", "dam"]
    assert told["online_by_device"]["plc1"] == round(1 - 3600 / 86400, 6)


def test_a_past_period_is_the_same_whatever_came_later() -> None:
    told = story()
    before = report(told.events, TWO, T0, T0 + seconds(7200))
    told.wait(90_000)
    told.active("LT-2.H")
    told.ack((told.one("LT-2.H").id, told.one("LT-2.H").n))
    assert report(told.events, TWO, T0, T0 + seconds(7200)).as_json() == before.as_json()
