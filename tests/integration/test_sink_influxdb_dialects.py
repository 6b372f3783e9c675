"""The InfluxDB output against servers that answer as 2.x and 3 do, with bodies as their documentation has them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.model.errors import Retry
from tests.helpers.fake_influx import Answer, FakeInflux
from tests.helpers.influx_output import V1, V2, chunk, deliver, reading_lane, readings
from tests.helpers.lane import T0

GUILTY = {str(T0 + (50 + i) * 1_000_000_001) for i in (3, 4, 31, 49)}
V3 = {**V1, "version": 3}


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_TOKEN", "tok")


def said(status: int, body: dict[str, Any], **headers: str) -> Answer:
    return status, json.dumps(body), {"Content-Type": "application/json", **headers}


def wrong(lines: list[str]) -> list[int]:
    """Places of readings of a time in ``GUILTY``."""
    return [i for i, x in enumerate(lines) if x.startswith("reading") and x.rpartition(" ")[2] in GUILTY]


def conflict_2(lines: list[str]) -> Answer:
    """2.x: good points are written, 422 names the last conflict and counts what was dropped."""
    bad = wrong(lines)
    words = (
        "failure writing points to database: partial write: field type conflict: input field "
        f'"value" on measurement "reading" is type float, already exists as type integer dropped={len(bad)}'
    )
    return said(422, {"code": "unprocessable entity", "message": words}) if bad else (204, "", {})


def malformed_2(lines: list[str]) -> Answer:
    """2.x: nothing is written, 400 names the first malformed line."""
    bad = wrong(lines)
    words = f"unable to parse '{lines[bad[0]]}': invalid number" if bad else ""
    return said(400, {"code": "invalid", "message": words}) if bad else (204, "", {})


def partial_3(lines: list[str]) -> Answer:
    """3 Core: good lines are written, 400 lists the others."""
    data = [
        {
            "original_line": lines[i][:40],
            "line_number": i + 1,
            "error_message": "invalid column type for column 'value'",
        }
        for i in wrong(lines)
    ]
    return (
        said(400, {"error": "partial write of line protocol occurred", "data": data})
        if data
        else (204, "", {})
    )


def partial_cloud_3(lines: list[str]) -> Answer:
    """3 Serverless, Dedicated, Clustered: the first line's number, and the words of up to 100."""
    bad = wrong(lines)
    words = "\n".join(f"error parsing line {i + 1}: column type mismatch" for i in bad)
    return said(400, {"code": "invalid", "line": bad[0] + 1, "message": words}) if bad else (204, "", {})


@pytest.mark.parametrize(
    ("judge", "more", "words"),
    [
        (conflict_2, V2, 'field type conflict: input field "value"'),
        (malformed_2, V2, "invalid number"),
        (partial_3, V3, "partial write of line protocol occurred: invalid column type for column 'value'"),
        (partial_cloud_3, V3, "column type mismatch"),
    ],
)
async def test_exactly_the_guilty_lines_are_dead_letters_with_the_servers_words(
    judge: Any, more: dict[str, Any], words: str
) -> None:
    async with FakeInflux(judge=judge) as fake:
        lane = reading_lane(chunk(1))
        await deliver(readings(fake.url, **more), lane, 1)
    assert {line.rpartition(" ")[2] for lines, *_ in lane.rejected for line in lines} == GUILTY
    assert all(words in reason for _, reason, *_ in lane.rejected)
    written = {x for x in fake.stored if x.startswith("reading")}
    assert len(written) == 46


async def test_all_beyond_the_retention_are_counted_by_the_server_and_not_looked_for() -> None:
    """2.x answers 422 where every point is older than the bucket keeps."""

    def judge(lines: list[str]) -> Answer:
        words = f"partial write: points beyond retention policy dropped={len(lines)}"
        late = all(x.startswith("reading") for x in lines)
        return said(422, {"code": "unprocessable entity", "message": words}) if late else (204, "", {})

    async with FakeInflux(judge=judge) as fake:
        lane = reading_lane(chunk(1))
        await deliver(readings(fake.url, **V2), lane, 1)
    assert sum(len(lines) for lines, *_ in lane.rejected) == 50
    assert len(fake.requests) == 2, "descriptions, and one POST of readings"


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        (said(401, {"code": "unauthorized", "message": "unauthorized access"}), "login"),
        (said(403, {"code": "forbidden", "message": "insufficient permissions for write"}), "login"),
        (said(404, {"code": "not found", "message": 'bucket "b&1" not found'}), "database"),
        (said(404, {"code": "not found", "message": 'organization name "o r" not found'}), "database"),
        (said(405, {"error": "method not allowed"}), "refused"),
    ],
)
async def test_what_a_person_must_mend_is_kept_and_said(answer: Answer, trouble: str) -> None:
    async with FakeInflux(script=[answer]) as fake:
        lane, sink = reading_lane(chunk(1)), readings(fake.url, **V2)
        with pytest.raises(Retry):
            await sink.run(lane)
        assert [(what, active) for what, active, _ in lane.reports] == [(trouble, True)]
        assert json.loads(answer[1]).get("message", "method") in lane.reports[0][2]
        lane.rewind()
        await deliver(sink, lane, 1)
    assert (lane.reports[-1][0], lane.reports[-1][1]) == (trouble, False), "mended, it ends"
    assert not lane.rejected
    assert len([x for x in fake.stored if x.startswith("reading")]) == 50


@pytest.mark.parametrize(
    "answer",
    [
        said(429, {"code": "too many requests", "message": "write rate limit"}, **{"Retry-After": "7"}),
        said(503, {"code": "unavailable", "message": "overloaded"}, **{"Retry-After": "7"}),
    ],
)
async def test_a_server_that_asks_for_time_gets_it(answer: Answer) -> None:
    async with FakeInflux(script=[answer]) as fake:
        lane, sink = reading_lane(chunk(1)), readings(fake.url, **V2)
        with pytest.raises(Retry) as caught:
            await sink.run(lane)
    assert caught.value.after == 7.0
    assert not lane.reports
    assert not lane.rejected
