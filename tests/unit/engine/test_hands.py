"""Manual readings and loop tests are inputs: on record with who and when, judged, replayed as they were."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gateway.engine import Engine
from gateway.engine.hands import OLDEST
from gateway.model.batch import Batch
from gateway.model.commands import Act, Actor, Command
from gateway.model.events import EventKind, Stamp
from gateway.model.inputs import Acted, Input, Numbered, Readings, Started, decode, encode
from gateway.model.levels import Level
from gateway.model.published import body
from gateway.model.quality import Quality
from gateway.model.site import Installation, Rule, RuleKind, Site, Tag
from gateway.model.times import NS, iso
from gateway.model.wire import event_of

T0 = 1_800_000_000 * NS
WQ = Actor("wq", "王强")
ONLINE = Tag(
    id="LT-1",
    raw="LT 1",
    description="液位",
    cls="level",
    unit="m",
    installation="A",
    low=0.0,
    high=15.0,
    max_age=60 * NS,
)
DIP = replace(
    ONLINE, id="DIP-1", manual=True, twin="LT-1", twin_within=0.05, period=86400 * NS, max_age=2 * 86400 * NS
)
HIGH = Rule(
    id="DIP-1.H",
    name="H",
    kind=RuleKind.LIMIT_HIGH,
    subject="DIP-1",
    tags=("DIP-1",),
    installation="A",
    level=Level.YELLOW,
    priority=2,
    trigger=12.0,
    reset=11.8,
)
SITE = Site(
    gateway="g",
    county="341524",
    id="s",
    name="厂",
    installations=(Installation(id="A", name="罐区"),),
    tags=(ONLINE, DIP),
    rules=(HIGH,),
)


def online(at: int, value: float, quality: int = 0) -> Readings:
    times = np.array([at], np.int64)
    return Readings(
        Batch(
            SITE.table,
            np.array([0], np.int32),
            times,
            times,
            np.array([value]),
            np.array([quality], np.uint8),
        )
    )


def act(what: Act, at: int, comment: str = "", **words: str) -> Acted:
    return Acted(at, Command(what, WQ, (), comment, words=tuple(words.items())))


class Run:
    def __init__(self, *items: Input) -> None:
        self.engine = Engine(SITE, "e" * 16)
        self.inputs: list[Input] = []
        self.events = []
        self.readings = []
        self.refused: list[str] = []
        for item in (Started(T0, 0, "1"), *items):
            self.give(item)

    def give(self, item: Input) -> None:
        self.inputs.append(item)
        step = self.engine.step([Numbered(len(self.inputs), item)])
        self.events += [e for _, e in step.events]
        self.readings += [b for _, b in step.readings]
        self.refused += list(step.refused.values())


def of(run: Run, kind: EventKind) -> list:
    return [e for e in run.events if e.event is kind]


def test_an_entry_is_an_event_with_who_and_a_reading_of_its_own_quality() -> None:
    run = Run(online(T0 + NS, 11.80), act(Act.ENTER, T0 + 2 * NS, "量油尺", tag="DIP-1", value="11.83"))
    (event,) = of(run, EventKind.MANUAL_READING)
    assert (event.actor, event.comment, event.value, event.tag) == (WQ, "量油尺", 11.83, "DIP-1")
    assert event.detail["difference"] == 0.03
    assert event.detail["agrees"] is True
    state = run.engine.tags()[1]
    assert (state.value, state.quality, state.source) == (11.83, Quality.GOOD_MANUAL, T0 + 2 * NS)
    assert run.readings[-1].quality.tolist() == [Quality.GOOD_MANUAL]


@pytest.mark.parametrize(("value", "agrees"), [("11.84", True), ("11.86", False), ("11.74", False)])
def test_it_is_compared_with_the_online_tag(value: str, agrees: bool) -> None:
    run = Run(online(T0 + NS, 11.80), act(Act.ENTER, T0 + 2 * NS, tag="DIP-1", value=value))
    assert of(run, EventKind.MANUAL_READING)[0].detail["agrees"] is agrees


def test_a_bad_online_tag_agrees_with_nothing() -> None:
    run = Run(
        online(T0 + NS, 1.0, Quality.SOURCE_BAD), act(Act.ENTER, T0 + 2 * NS, tag="DIP-1", value="11.8")
    )
    detail = of(run, EventKind.MANUAL_READING)[0].detail
    assert (detail["agrees"], detail["online_quality"]) == (None, "source_bad")
    assert "difference" not in detail


def test_it_is_judged_as_any_other_reading() -> None:
    run = Run(act(Act.ENTER, T0 + 2 * NS, tag="DIP-1", value="12.5"))
    kinds = [e.event for e in run.events if e.tag == "DIP-1"]
    assert kinds.index(EventKind.MANUAL_READING) < kinds.index(EventKind.RAISED)


def test_a_round_entered_later_has_its_own_time() -> None:
    run = Run(act(Act.ENTER, T0 + 7200 * NS, tag="DIP-1", value="11.0", time=iso(T0 + 3600 * NS)))
    assert run.engine.tags()[1].source == T0 + 3600 * NS
    assert run.engine.tags()[1].received == T0 + 7200 * NS


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ({"tag": "LT-1", "value": "1"}, "is measured, not entered"),
        ({"tag": "X", "value": "1"}, "no tag 'X'"),
        ({"tag": "DIP-1", "value": "x"}, "allowed: a number"),
        ({"tag": "DIP-1", "value": "nan"}, "allowed: a number"),
        ({"tag": "DIP-1", "value": "15.01"}, "outside the range"),
        ({"tag": "DIP-1", "value": "1", "time": iso(T0 + 9999 * NS)}, "later than now"),
        ({"tag": "DIP-1", "value": "1", "time": iso(T0 - OLDEST)}, "seven days"),
        ({"tag": "DIP-1", "value": "1", "time": "yesterday"}, "RFC 3339"),
        ({"tag": "DIP-1", "value": "1", "time": iso(T0 + 5 * NS)}, "already"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(words: dict[str, str], why: str) -> None:
    run = Run(act(Act.ENTER, T0 + 10 * NS, tag="DIP-1", value="11.0"))
    before = (len(run.events), run.engine.tags())
    run.give(act(Act.ENTER, T0 + 20 * NS, **words))
    assert len(run.refused) == 1
    assert why in run.refused[0]
    assert (len(run.events), run.engine.tags()) == before


def test_a_loop_is_marked_tested_by_whom() -> None:
    run = Run(
        online(T0 + NS, 11.80),
        act(Act.LOOP_TESTED, T0 + 2 * NS, tag="LT-1", result="passed", method="信号发生器"),
        act(Act.LOOP_TESTED, T0 + 3 * NS, tag="LT-1", result="failed"),
        act(Act.LOOP_TESTED, T0 + 4 * NS, "断线", tag="LT-1", result="failed"),
        act(Act.LOOP_TESTED, T0 + 5 * NS, tag="LT-1", result="perhaps"),
    )
    found = of(run, EventKind.LOOP_TESTED)
    assert [(e.actor, e.detail["result"], e.value) for e in found] == [
        (WQ, "passed", 11.8),
        (WQ, "failed", 11.8),
    ]
    assert found[0].detail["method"] == "信号发生器"
    assert ["a comment" in run.refused[0], "allowed: passed or failed" in run.refused[1]] == [True, True]


def test_replay_equals_live_through_the_bytes_on_disk() -> None:
    live = Run(
        online(T0 + NS, 11.80),
        act(Act.ENTER, T0 + 2 * NS, tag="DIP-1", value="12.5"),
        act(Act.LOOP_TESTED, T0 + 3 * NS, tag="LT-1"),
        act(Act.ENTER, T0 + 4 * NS, tag="LT-1", value="1"),
    )
    again = Engine(SITE, "e" * 16)
    stored = [Numbered(k, decode(encode(item))) for k, item in enumerate(live.inputs, 1)]
    step = again.step(stored)
    assert [e for _, e in step.events] == live.events
    again.refold([e for _, e in step.events])
    assert again.book.open() == live.engine.book.open()


def test_the_events_survive_the_journal() -> None:
    run = Run(online(T0 + NS, 11.80), act(Act.ENTER, T0 + 2 * NS, tag="DIP-1", value="11.83"))
    event = of(run, EventKind.MANUAL_READING)[0]
    stamp = Stamp(gateway="g", county="341524", site="s", epoch="e", seq=1, recorded=T0, durable=True)
    assert event_of(body(event, stamp)) == event


def test_false_data_are_named_for_a_reason_and_nothing_is_overwritten() -> None:
    span = {"tag": "LT-1", "start": iso(T0 - NS), "end": iso(T0 + NS)}
    run = Run(
        act(Act.FALSE_DATA, T0 + 2 * NS, "通标气", **span),
        act(Act.FALSE_DATA, T0 + 3 * NS, **span),
        act(Act.FALSE_DATA, T0 + 4 * NS, "x", **(span | {"end": span["start"]})),
        act(Act.FALSE_DATA, T0 + 5 * NS, "x", **(span | {"end": "soon"})),
    )
    (event,) = of(run, EventKind.FALSE_DATA)
    assert (event.tag, event.comment, event.detail) == (
        "LT-1",
        "通标气",
        {"start": span["start"], "end": span["end"]},
    )
    said = list(run.refused)
    assert len(said) == 3
    assert "a reason" in said[0]
    assert "after the start" in said[1]
    assert "RFC 3339" in said[2]
