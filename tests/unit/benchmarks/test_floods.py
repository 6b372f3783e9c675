"""The flood benchmark on recordings of a few lines: what is less, and that nothing is hidden."""

from __future__ import annotations

import pytest

from benchmarks import floods
from benchmarks.floods import Message
from benchmarks.quality.sources import DATA
from gateway.model.times import NS

T0 = 1_700_000_000 * NS


def recorded(*rows: tuple[float, str, str, bool]) -> list[Message]:
    return [Message(T0 + int(s * NS), tag, kind, active) for s, tag, kind, active in rows]


CHATTER = recorded(*((10.0 * k, "F1", "H", k % 2 == 0) for k in range(100)), (2000, "L1", "H", True))


def test_a_chattering_alarm_is_one_alarm_and_stands_at_each_of_its_onsets() -> None:
    plain, kept = floods.judged(CHATTER, managed=False), floods.judged(CHATTER, managed=True)
    assert (plain.announced, kept.announced) == (51, 2)
    assert (plain.hidden, kept.hidden) == (0, 0)
    assert plain.first_shown
    assert kept.first_shown


def test_the_inner_limit_is_set_aside_under_the_outer_one_and_only_then() -> None:
    rows = recorded(
        (0, "L1", "H", True), (10, "L1", "HH", True), (400, "L1", "H", False), (800, "L1", "H", True),
        (900, "L1", "HH", False), (1000, "L2", "H", True),
    )  # fmt: skip
    kept = floods.judged(rows, managed=True)
    assert (kept.hidden, kept.set_aside) == (0, 1)


def test_what_is_not_announced_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(floods, "_shown", lambda event: event.tag != "L1-H")
    assert floods.judged(CHATTER, managed=True).hidden == 1


def test_without_the_data_it_is_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(DATA, raising=False)
    (figure,) = floods.case("TEP_ALARMS")
    assert (figure.value, figure.met) == (None, None)
    assert DATA in figure.note
