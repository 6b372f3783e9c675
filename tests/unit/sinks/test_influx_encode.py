"""Line protocol: exact text, escapes, and what is left out."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from gateway.model.batch import Batch, of_rows
from gateway.model.events import EventKind
from gateway.model.quality import Quality
from gateway.sinks.influxdb.encode import (
    event_line,
    field_text,
    prefixes,
    reading_text,
    tag_info_lines,
    tag_text,
)
from tests.helpers.lane import EPOCH, T0, Journal, event, site

HEAD = "reading,class=level,county=341524,installation=tank-farm,site=demo,tag=LT-1"


def lines(*rows: tuple[int, int, int, float, int]) -> list[str]:
    a_site = site()
    return reading_text(prefixes(a_site), of_rows(a_site.table, rows)).split("\n")


def test_a_good_reading_has_value_quality_and_source_time() -> None:
    assert lines((0, T0 + 7, T0 + 9, 5.25, 0)) == [f"{HEAD} value=5.25,quality=0i {T0 + 7}"]


@pytest.mark.parametrize("value", [0.1, 1e300, -0.0, 5e-324, 1 / 3, 123456789.123456789])
def test_values_survive_exactly(value: float) -> None:
    text = lines((0, T0, T0, value, 0))[0].split("value=")[1].split(",")[0]
    assert np.float64(text).tobytes() == np.float64(value).tobytes()


def test_a_drill_has_measurements_of_its_own() -> None:
    drill = replace(site(), exercise="x1")
    rows = of_rows(drill.table, [(0, T0, T0, 1.0, 0)])
    assert reading_text(prefixes(drill), rows).startswith("exercise_reading,")
    assert event_line(drill, Journal(drill).add(event())[0]).startswith("exercise_alarm_event,")
    assert all(line.startswith("exercise_tag_info,") for line in tag_info_lines(drill, T0))


def test_a_bad_reading_has_no_value_and_its_neighbours_do() -> None:
    found = lines((0, T0, T0, 1.0, 0), (0, T0 + 1, T0, 2.0, Quality.COMMUNICATION), (0, T0 + 2, T0, 3.0, 67))
    assert found == [
        f"{HEAD} value=1.0,quality=0i {T0}",
        f"{HEAD} quality=131i {T0 + 1}",
        f"{HEAD} value=3.0,quality=67i {T0 + 2}",
    ]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_not_a_number_is_not_written_whatever_its_quality(value: float) -> None:
    assert lines((0, T0, T0, value, 0)) == [f"{HEAD} quality=0i {T0}"]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("a b", "a\\ b"),
        ("a,b", "a\\,b"),
        ("a=b", "a\\=b"),
        ('a"b', 'a"b'),
        ("a\\b", "a\\b"),
        ("a\nb", "a\\ b"),
        ("储罐 1", "储罐\\ 1"),
        ("a\\", "a\\\\ "),
    ],
)
def test_tag_values_are_escaped(raw: str, text: str) -> None:
    assert tag_text(raw) == text


def test_string_fields_escape_quotes_and_backslashes_only() -> None:
    assert field_text('a"b\\c\nd, e=烽') == '"a\\"b\\\\c\nd, e=烽"'


def test_an_event_line_carries_the_exact_record() -> None:
    record = Journal(site()).add(event(description='罐 "A", \\x'))[0]
    line = event_line(site(), record)
    assert line.startswith(
        "alarm_event,county=341524,event=raised,gateway=gw-01,installation=tank-farm,level=red,rule=LT-1.HH,"
        "site=demo,tag=LT-1 value=8.5,limit=8.0,reset=7.9,seq=1i,n=1i,"
    )
    assert line.endswith(f" {record.recorded}")
    assert f'epoch="{EPOCH}"' in line
    assert f"source_time={T0}i" in line
    held = line.split('json="')[1].rsplit('",fault=', 1)[0].replace('\\"', '"').replace("\\\\", "\\")
    assert held.encode() == record.data


def test_an_event_without_level_or_place_says_none_and_leaves_the_rest_out() -> None:
    bare = event(EventKind.STARTED)._replace(
        installation="", tag="", rule="", level=None, levels=(), value=None, quality=None,
        priority=None, onset=None, detail={"epoch": "another", "seq": 3},
    )  # fmt: skip
    line = event_line(site(), Journal(site()).add(bare)[0])
    assert line.startswith(
        "alarm_event,county=341524,event=started,gateway=gw-01,level=none,site=demo limit="
    )
    assert f'epoch="{EPOCH}"' in line, "the previous epoch in the detail is not taken for the record's own"


def test_tag_info_says_what_a_tag_is() -> None:
    a_site = site(1)
    tag = replace(a_site.tags[0], low=0.0, high=12.0)
    line = tag_info_lines(replace(a_site, tags=(tag,)), T0)[0]
    assert line.startswith(
        "tag_info,class=level,county=341524,gateway=gw-01,installation=tank-farm,site=demo,tag=LT-1 "
    )
    for field in (
        'raw="LT-1 液位"',
        'description="甲醇 储罐"',
        'unit="m"',
        "low=0.0",
        "high=12.0",
        "period_s=1.0",
    ):
        assert field in line
    assert line.endswith(f" {T0}")


def test_lines_are_cheap() -> None:
    """Generous on a shared machine: a line costs about a microsecond."""
    a_site = site(1000)
    n = 10_000
    tags = np.arange(n, dtype=np.int32) % 1000
    times = T0 + np.arange(n)
    values = np.random.default_rng(1).normal(5, 1, n)
    batch = Batch(a_site.table, tags, times, times, values, np.zeros(n, np.uint8))
    prefix = prefixes(a_site)
    best = 1.0
    for _ in range(5):
        start = time.process_time()
        assert reading_text(prefix, batch).count("\n") == n - 1
        best = min(best, time.process_time() - start)
    assert best / n < 4e-6
