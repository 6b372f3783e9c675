"""Reading a record back gives the decision that was written."""

import hashlib
import json
import math
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model.commands import Actor
from gateway.model.events import (
    Acknowledgement,
    Axes,
    Condition,
    Disposal,
    Event,
    EventKind,
    Latch,
    Stamp,
    Suppression,
)
from gateway.model.levels import Level
from gateway.model.published import body
from gateway.model.quality import Quality, quality_name
from gateway.model.wire import parse, parse_prev_hash, parse_stamp, quality_of

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=8) | st.sampled_from(
    ["储罐区", '🔥\n"\\', "\u2028"]
)
TIME = st.integers(0, 4_000_000_000 * 10**9)
NUMBER = st.none() | st.floats(allow_nan=False, allow_infinity=False)
LEVEL = st.sampled_from(Level)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
AXES = st.builds(
    Axes,
    *(st.sampled_from(axis) for axis in (Condition, Acknowledgement, Latch, Suppression, Disposal)),
)
LATE = st.floats(0, 1e9)
STAMP = st.builds(
    Stamp,
    gateway=TEXT,
    county=TEXT,
    site=TEXT,
    epoch=TEXT,
    seq=st.integers(1, 2**53 - 1),
    recorded=TIME,
    durable=st.booleans(),
)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "event": st.sampled_from(EventKind),
    "time": TIME,
    "n": st.integers(0, 10**6),
    "fault": st.booleans(),
    "shadow": st.booleans(),
    "level": st.none() | LEVEL,
    "levels": st.lists(LEVEL, max_size=4, unique=True).map(tuple),
    "priority": st.none() | st.integers(1, 4),
    "onset": st.none() | TIME,
    "quality": st.none() | st.integers(0, 255),
    "before": st.none() | AXES,
    "after": st.none() | AXES,
    "actor": st.none() | st.builds(Actor, TEXT, TEXT, TEXT, TEXT),
    "members": st.lists(TEXT, max_size=3).map(tuple),
    "detail": st.dictionaries(TEXT, JSON, max_size=3),
    **dict.fromkeys(
        [
            "id",
            "installation",
            "tag",
            "description",
            "cls",
            "unit",
            "rule",
            "rule_version",
            "kind",
            "isa",
            "comment",
            "guidance",
        ],
        TEXT,
    ),
    **dict.fromkeys(["value", "limit", "reset", "rate", "eta_s", "confidence"], NUMBER),
}
IN_TIME = {"backfill": st.just(False), "late_s": st.just(0.0)}
EVENT = st.builds(Event, **FIELDS, **IN_TIME) | st.builds(
    Event, **FIELDS, backfill=st.just(True), late_s=LATE
)


def written(event: Event, stamp: Stamp, prev: str = "0" * 64) -> tuple[bytes, str]:
    content = body(event, stamp)
    digest = hashlib.sha256(prev.encode() + rfc8785.dumps(content)).hexdigest()
    return rfc8785.dumps({**content, "prev_hash": prev, "hash": digest}), digest


@given(EVENT, STAMP)
@settings(max_examples=400, deadline=None)
def test_a_record_reads_back_as_it_was_decided(event: Event, stamp: Stamp) -> None:
    data, digest = written(event, stamp)
    record = parse(data)
    assert record.event == event
    assert (record.seq, record.recorded, record.hash, record.data) == (
        stamp.seq,
        stamp.recorded,
        digest,
        data,
    )
    assert parse_stamp(data) == stamp
    assert parse_prev_hash(data) == "0" * 64


def test_every_field_of_an_event_is_told() -> None:
    assert set(FIELDS) | {"backfill", "late_s"} == set(Event._fields)


STAMPED = Stamp(gateway="g", county="341524", site="s", epoch="e", seq=7, recorded=5)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_json_cannot_say_reads_back_as_nothing(value: float) -> None:
    data, _ = written(Event(event=EventKind.RAISED, time=1, value=value), STAMPED)
    assert parse(data).event.value is None


def test_whole_numbers_read_back_as_floats() -> None:
    data, _ = written(Event(event=EventKind.RAISED, time=1, value=8.0), STAMPED)
    assert data.endswith(b'"value":8}')
    assert isinstance(parse(data).event.value, float)


@pytest.mark.parametrize("code", range(256))
def test_every_quality_code_has_a_name_that_reads_back(code: int) -> None:
    assert quality_of(quality_name(code)) == code


@pytest.mark.parametrize("name", ["", "nice", "nice_3", "good_0", "good_200", "bad_256", "bad_²", "good_-1"])
def test_other_names_are_no_quality(name: str) -> None:
    with pytest.raises(ValueError, match="is not a quality"):
        quality_of(name)


def test_an_unknown_code_keeps_its_number() -> None:
    assert quality_of("bad_190") == 190
    assert quality_of("frozen") == Quality.FROZEN


def spoilt(**changes: Any) -> bytes:
    raw = json.loads(written(Event(event=EventKind.RAISED, time=1, level=Level.RED), STAMPED)[0])
    raw.update(changes)
    return json.dumps({k: v for k, v in raw.items() if v is not ...}).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        spoilt(schema="fengsui.event/9"),
        spoilt(seq=...),
        spoilt(hash=...),
        spoilt(event="exploded"),
        spoilt(time="yesterday"),
        spoilt(time=5),
        spoilt(level="pink"),
        spoilt(levels=5),
        spoilt(actor={"who": "me"}),
        spoilt(after={"condition": "active"}),
        spoilt(value="much"),
        spoilt(quality=5),
        spoilt(fault=...),
    ],
)
def test_anything_else_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse(data)


@pytest.mark.parametrize("read", [parse_stamp, parse_prev_hash])
def test_the_smaller_readers_refuse_too(read: Any) -> None:
    for data in (b"[]", spoilt(schema="x"), spoilt(epoch=..., prev_hash=...)):
        with pytest.raises(ValueError, match="not a"):
            read(data)
