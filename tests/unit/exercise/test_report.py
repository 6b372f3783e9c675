"""A drill's report: from its journal alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gateway.exercise.report import report
from gateway.history.scenario.file import read_scenario
from gateway.model.commands import Actor
from gateway.model.events import Event, EventKind, Record
from gateway.model.levels import Level
from tests.unit.engine.plant import ANNA, T0, S

COACH = Actor("coach", "Coach")


def record(seq: int, kind: EventKind, at: float, **fields: Any) -> Record:
    event = Event(event=kind, time=T0 + int(at * S), **fields)
    return Record(seq, event.time, f"{seq:064x}", b"", event)


def alarm(seq: int, kind: EventKind, at: float, ident: str = "a", **fields: Any) -> Record:
    return record(seq, kind, at, **{"id": ident, "rule": f"{ident}.H", "level": Level.RED, **fields})


def drill() -> list[Record]:
    return [
        record(1, EventKind.STARTED, -1),
        record(2, EventKind.EXERCISE_STARTED, 0, actor=COACH, detail={"exercise": "x1", "scenario": "one"}),
        alarm(3, EventKind.RAISED, 2),
        alarm(4, EventKind.RAISED, 3, "b"),
        alarm(5, EventKind.RAISED, 4, "s", shadow=True),
        alarm(6, EventKind.ACKNOWLEDGED, 12.5, actor=ANNA, comment="valve shut"),
        alarm(7, EventKind.DISPOSAL_HANDLING, 20, actor=ANNA),
        alarm(8, EventKind.CLEARED, 30),
        record(9, EventKind.EXERCISE_ENDED, 60, actor=COACH, detail={"exercise": "x1", "why": "done"}),
    ]


def test_who_acknowledged_what_and_when() -> None:
    found = report(drill(), None, [{"id": "r", "rule": "real.H"}])
    assert (found["exercise"], found["started_by"], found["why"], found["lasted_s"]) == (
        "x1",
        "Coach",
        "done",
        60,
    )
    first, second = found["alarms"]
    assert (first["rule"], first["raised_after_s"], first["acknowledged_after_s"]) == ("a.H", 2.0, 10.5)
    assert (first["acknowledged_by"], first["comment"]) == ("Anna", "valve shut")
    assert [s["step"] for s in first["disposal"]] == ["disposal-handling"]
    assert (second["rule"], second["acknowledged"]) == ("b.H", None)
    assert (found["acknowledged"], found["not_acknowledged"]) == (1, 1)
    assert found["people"] == {"Anna": 2}
    assert found["real_alarms"] == [{"id": "r", "rule": "real.H"}]


def test_each_expectation_and_when_it_came(tmp_path: Path) -> None:
    path = tmp_path / "one.yaml"
    lines = ["2s raised a.H red", "1s raised b.H red", "5s cleared b.H", "2s raised a.H red"]
    text = "scenario: one\nconfig: x.yaml\ntraces: {}\nexpect:\n" + "".join(f"  - {e}\n" for e in lines)
    path.write_text(text, encoding="utf-8")
    found = report(drill(), read_scenario(path), ())["expected"]
    assert [(e["came"], e["late_s"]) for e in found] == [("2s", 0.0), ("3s", 2.0), (None, None), (None, None)]


def test_a_drill_that_said_nothing_has_a_report_too() -> None:
    found = report([], None, ())
    assert (found["started"], found["alarms"], found["time_to_acknowledge_s"]) == (None, [], None)
