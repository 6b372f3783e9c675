"""The demo's verdict is computed from messages and truth alone; each kind of failure is found."""

import json
from typing import Any

import pytest

from gateway.app.verdict import Message, good, judge
from gateway.model.times import NS, iso

START = 1_700_000_000 * NS


def message(event: str, at: float, *, ident: str = "1", level: str = "red", **more: Any) -> Message:
    body = {"event": event, "id": ident, "n": 1, "rule": "T.HH", "tag": "T", "level": level, "fault": False}
    body |= {"time": iso(START + int(at * NS)), "value": 9.0, "quality": "good", **more}
    side = "faults" if body["fault"] else "alarms"
    return Message(f"fengsui/v1/341524/s/g/{side}/{level}/i/T", json.dumps(body).encode(), at + 0.1)


def truth(seconds: float = 100.0, **more: Any) -> dict[str, Any]:
    row = {"id": "x", "tag": "T", "rule": "T.HH", "level": "red", "kind": "process", "members": []}
    row |= {"beyond_range": []}
    row |= {"active": [[10.0, 30.0]], "raise": [10.0, 20.0], "end": 40.0, "must_end": True, **more}
    return {"seconds": seconds, "expect": [row], "allow": []}


RAISED, CLEARED = message("raised", 12.0), message("cleared", 32.0)


def test_all_well() -> None:
    report = judge([RAISED, CLEARED], truth(), START)
    assert good(report)
    assert (report["expected"], report["raised"], report["missed"], report["false"], report["late"]) == (
        1,
        1,
        0,
        0,
        0,
    )


def test_a_message_that_comes_twice_is_one_event() -> None:
    assert good(judge([RAISED, RAISED, CLEARED, CLEARED], truth(), START))


@pytest.mark.parametrize(
    ("messages", "changed", "key"),
    [
        ([], {}, "missed"),
        ([message("raised", 12.0, level="yellow"), CLEARED], {}, "missed"),
        ([message("raised", 12.0, fault=True), CLEARED], {}, "missed"),
        ([RAISED, CLEARED], {"members": ["A"]}, "missed"),
        ([RAISED], {}, "not_ended"),
        ([message("raised", 25.0), CLEARED], {}, "late"),
        ([message("raised", 5.0), CLEARED], {}, "early"),
        ([RAISED, CLEARED, message("raised", 50.0, ident="2")], {}, "false"),
        ([RAISED, CLEARED, message("raised", 50.0, ident="2", rule="U.H")], {}, "false"),
        ([RAISED, CLEARED], {"active": [], "raise": None, "end": None}, "false"),
    ],
)
def test_each_kind_of_failure_is_found(messages: list[Message], changed: dict[str, Any], key: str) -> None:
    report = judge(messages, truth(**changed), START)
    assert report[key] == 1
    assert not good(report)


def test_what_is_not_due_yet_is_not_missed() -> None:
    assert judge([], truth(seconds=15.0), START)["missed"] == 0


@pytest.mark.parametrize(
    ("messages", "held"),
    [
        ([RAISED, CLEARED], True),
        ([RAISED], True),
        ([message("raised", 21.0), CLEARED], True),
        ([RAISED, message("cleared", 24.0)], False),
        ([RAISED, message("cleared", 15.0), message("raised", 18.0, ident="2")], True),
        ([message("raised", 27.0), CLEARED], False),
        ([], False),
    ],
)
def test_an_alarm_stands_until_a_saturated_instrument_is_back_in_its_range(
    messages: list[Message], held: bool
) -> None:
    report = judge(messages, truth(beyond_range=[[14.0, 25.0]], active=[[10.0, 16.0], [17.0, 30.0]]), START)
    assert report["raised_while_saturated"] == ["T.HH"] * held
    assert report["not_held_while_saturated"] == ["T.HH"] * (not held)
    assert held or not good(report)


@pytest.mark.parametrize("beyond", [[], [[14.0, None]]])
def test_a_saturation_that_is_not_over_is_not_judged(beyond: list[list[float | None]]) -> None:
    report = judge([RAISED, CLEARED], truth(beyond_range=beyond), START)
    assert report["raised_while_saturated"] == report["not_held_while_saturated"] == []
