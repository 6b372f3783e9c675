"""What bounds a source: floods, the bytes of a line, and topics that claim one tag."""

from __future__ import annotations

import datetime as dt

from gateway.model.quality import Quality
from gateway.model.times import CHINA, NS
from gateway.sources.mqtt.address import Binding
from gateway.sources.mqtt.budget import Budget, on_the_line, period_end
from gateway.sources.mqtt.decode import Row, Topic
from gateway.sources.mqtt.flood import Flood
from gateway.sources.mqtt.routes import SILENCE, Routes, routes

T = 1_800_000_000 * NS


def row(tag: int, source: int, value: float) -> Row:
    return tag, source, value, 0


def test_beyond_the_rate_the_newest_of_each_tag_is_kept_and_the_rest_is_counted() -> None:
    flood = Flood(most=3)
    kept = [flood.room(T + k) for k in range(5)]
    assert kept == [True, True, True, False, False]
    for k, tag in enumerate([1, 2, 1, 1]):
        flood.hold(row(tag, T + k, float(k)), T + k)
    assert flood.release(T + NS // 2) == ([], None), "its second is not over"
    held, lost = flood.release(T + NS)
    assert held == [(row(2, T + 1, 1.0), T + 1), (row(1, T + 3, 3.0), T + 3)]
    assert lost is not None
    assert (lost.start, lost.end, lost.count) == (T, T + 2, 2)
    assert not flood.holding
    assert flood.room(T + NS)


def test_a_clock_that_is_set_back_begins_a_new_second() -> None:
    flood = Flood(most=1)
    assert [flood.room(T), flood.room(T), flood.room(T - 3600 * NS)] == [True, False, True]
    flood.hold(row(1, T, 1.0), T)
    assert flood.wait_s(T - 7200 * NS) <= 1.0
    assert flood.release(T - 7200 * NS)[0]


def at(text: str) -> int:
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=CHINA).timestamp()) * NS


def test_periods_end_with_the_bill() -> None:
    now = at("2026-12-31T23:30:00")
    assert (
        period_end(now, "hour")
        == period_end(now, "day")
        == period_end(now, "month")
        == at("2027-01-01T00:00:00")
    )
    assert period_end(at("2028-02-29T12:00:00"), "month") == at("2028-03-01T00:00:00")


def test_a_budget_is_used_up_and_comes_back() -> None:
    budget, now = Budget(1000, "day"), at("2026-11-22T22:00:00")
    assert not budget.count(600, now)
    assert budget.count(1000, now + NS)
    assert budget.left_s(now) == 7200.0
    assert not budget.count(1100, now + 2 * 3600 * NS)
    assert budget.used == 100


def test_headers_are_estimated() -> None:
    assert [on_the_line(n) for n in (0, 1, 1400, 1401)] == [0, 81, 1480, 1561]


def made(*topics: str) -> Routes:
    return routes(
        lambda p, q: Topic(p, q, None, None), [(k, Binding(t, None), 0) for k, t in enumerate(topics)]
    )


def test_a_wildcard_finds_its_tag() -> None:
    table = made("a/+/x", "a/b/x", "c")
    assert table.filters == ["a/+/x", "a/b/x", "c"]
    found = table.find(b"a/b/x")
    assert found is not None
    assert sorted(found.tags) == [0, 1]
    assert table.find(b"a/c/y") is None
    assert table.find(b"a/b/x/d") is None
    assert table.tags_of("a/+/x") == [0]


def test_two_topics_that_claim_one_tag_make_it_bad_until_one_is_silent() -> None:
    table = made("a/+/x")
    assert table.owned(b"a/1/x", [row(0, T, 1.0)], T)[0][3] == 0
    second = table.owned(b"a/2/x", [row(0, T + 1, 2.0)], T + 1)[0]
    first = table.owned(b"a/1/x", [row(0, T + 2, 1.0)], T + 2)[0]
    assert second[3] == first[3] == Quality.CONFIGURATION
    later = T + 2 + SILENCE + 1
    assert table.owned(b"a/1/x", [row(0, later, 1.0)], later)[0][3] == 0, "the other has gone"
    swapped = later + SILENCE + 1
    assert table.owned(b"a/2/x", [row(0, swapped, 2.0)], swapped)[0][3] == 0, (
        "a new modem, the old one silent"
    )
    assert table.disputes == 2
