"""One event from the first reading beyond to its closing, under one id."""

from __future__ import annotations

from dataclasses import replace

from gateway.history.case import cases
from gateway.model.commands import Act, Actor
from gateway.model.levels import Level
from gateway.model.times import NS, iso, seconds
from tests.unit.alarms.plant import LI, T0, Story, edited
from tests.unit.alarms.test_notices import routed

WANG = Actor("wang", "王强")


def story() -> Story:
    site = replace(edited("LT-1.HH", disposal_due=seconds(3600)), report_due=((Level.RED, seconds(1800)),))
    return Story(routed(site))


def test_every_stage_has_its_time() -> None:
    told = story()
    raised = told.active("LT-1.HH", onset=T0 - 5 * NS)[0]
    told.wait(60)
    told.ack((raised.id, told.one("LT-1.HH").n))
    told.wait(60)
    told.loop(Act.HANDLE, "LT-1.HH", LI)
    told.wait(600)
    told.normal("LT-1.HH")
    told.reset((raised.id, told.one("LT-1.HH").n))
    told.loop(Act.SUBMIT, "LT-1.HH", LI, cause="c", measure="m")
    told.loop(Act.REPORT, "LT-1.HH", LI, to="department", reference="A-1")
    told.wait(1200)
    told.loop(Act.SETTLE, "LT-1.HH", WANG)
    told.loop(Act.REPORT, "LT-1.HH", WANG, to="congress", reference="Z-1")
    assert told.open("LT-1.HH") == []
    case = cases(told.events)[raised.id]
    found = case.as_json()
    assert {k: v["after_s"] for k, v in found["stages"].items()} == {
        "sensed": 0, "judged": 5, "notified": 5, "acknowledged": 65, "taken": 125, "handled": 725, "normal": 725,
        "reviewed": 1925, "closed": 1925,
    }  # fmt: skip
    assert found["reports"]["department"]["reference"] == "A-1"
    assert found["reports"]["congress"]["who"] == "王强"
    assert found["report_due"] == iso(T0 + seconds(1800))
    assert case.overdue == ("congress",)
    assert found["level"] == "red"
    assert {e.id or e.detail["alarm"] for e in case.events} == {raised.id}


def test_an_alarm_without_reports_owes_none() -> None:
    told = story()
    raised = told.active("LT-1.H")[0]
    case = cases(told.events)[raised.id]
    assert (case.due, case.overdue, case.reports) == (None, (), {})
    assert list(case.stages) == ["sensed", "judged", "notified"]
