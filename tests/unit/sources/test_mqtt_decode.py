from __future__ import annotations

import json
import math

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.model.quality import Quality
from gateway.sources.mqtt.decode import (
    QualityPath,
    TimePath,
    Topic,
    Unit,
    moment,
    number,
    plain,
)
from gateway.sources.mqtt.paths import Malformed, compile_path, walk

T = 1_700_000_000_123_456_789
NOW = 1_800_000_000_000_000_000


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("v", ("v",)),
        ("a.b", ("a", "b")),
        ("a[0].b[12]", ("a", 0, "b", 12)),
        ("[1].v", (1, "v")),
        ('a["odd.key"].b', ("a", "odd.key", "b")),
        ("温度.值", ("温度", "值")),
        ("a b.c-d", ("a b", "c-d")),
    ],
)
def test_paths(text: str, steps: tuple[str | int, ...]) -> None:
    assert compile_path(text) == steps


@pytest.mark.parametrize("text", ["", ".a", "a.", "a..b", "a[b]", "a[", "a[-1]", "a]b", 'a["x]', "a[0]b"])
def test_bad_paths(text: str) -> None:
    with pytest.raises(ValueError, match="path"):
        compile_path(text)


@pytest.mark.parametrize(
    ("payload", "value"),
    [(b"12.5", 12.5), (b" -3e2 \n", -300.0), (b"true", 1.0), (b"False", 0.0), (b"0", 0.0), (b"+7", 7.0)],
)
def test_plain_values(payload: bytes, value: float) -> None:
    assert plain(payload) == value


@pytest.mark.parametrize(
    "payload", [b"", b"on", b"1_000", "１２".encode(), b"1,5", b"\xff", b"12.5 mm", b"0x10"]
)
def test_what_is_no_number_is_not_made_one(payload: bytes) -> None:
    with pytest.raises(Malformed):
        plain(payload)


@pytest.mark.parametrize("value", [None, [], {}, [1], "x"])
def test_json_that_is_no_number(value: object) -> None:
    with pytest.raises(Malformed):
        number(value)


@pytest.mark.parametrize(
    ("value", "unit", "ns"),
    [
        (1_700_000_000, "s", 1_700_000_000_000_000_000),
        (1_700_000_000.5, "s", 1_700_000_000_500_000_000),
        (1_700_000_000_123, "ms", 1_700_000_000_123_000_000),
        (1_700_000_000_123_456, "us", 1_700_000_000_123_456_000),
        (T, "ns", T),
        (str(T), "ns", T),
        ("2023-11-14T22:13:20.123456789Z", "iso", T),
        ("2023-11-15T06:13:20.123456789+08:00", "iso", T),
    ],
)
def test_times(value: object, unit: str, ns: int) -> None:
    assert moment(value, unit) == ns  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "unit"),
    [
        (0, "ms"),
        (-1, "s"),
        (True, "s"),
        (None, "s"),
        (1e300, "s"),
        (math.nan, "s"),
        ("x", "ms"),
        (T, "s"),
        (T, "iso"),
        ("2023-11-14T22:13:20", "iso"),
    ],
)
def test_bad_times(value: object, unit: str) -> None:
    with pytest.raises(Malformed):
        moment(value, unit)  # type: ignore[arg-type]


MS = TimePath(("ts",), "ms")
JSON = Topic((), ((0, ("v",)), (1, ("more", 1))), MS, None)


def test_one_message_many_tags() -> None:
    payload = b'{"ts":1700000000123,"v":1.5,"more":[9,true]}'
    at = 1_700_000_000_123_000_000
    assert JSON.rows(payload, NOW, retained=False) == [(0, at, 1.5, 0), (1, at, 1.0, 0)]


def test_a_missing_value_costs_only_its_tag() -> None:
    rows = JSON.rows(b'{"ts":1700000000123,"v":"2.5"}', NOW, retained=False)
    assert [(r[0], r[3]) for r in rows] == [(0, Quality.GOOD), (1, Quality.MALFORMED)]


@pytest.mark.parametrize(
    "payload", [b"", b"{", b"[]", b"12", b'{"v":1,"more":[1,2]}', b'{"ts":"x","v":1}', b"\xff\xfe"]
)
def test_a_message_that_cannot_be_read_is_bad_for_all_its_tags_now(payload: bytes) -> None:
    rows = JSON.rows(payload, NOW, retained=False)
    assert [(tag, source, quality) for tag, source, _, quality in rows] == [
        (0, NOW, Quality.MALFORMED),
        (1, NOW, Quality.MALFORMED),
    ]


def test_null_is_the_sources_own_no_value() -> None:
    rows = JSON.rows(b'{"ts":1700000000123,"v":null,"more":[0,1]}', NOW, retained=False)
    assert [r[3] for r in rows] == [Quality.SOURCE_BAD, Quality.GOOD]


def test_infinity_is_not_a_number() -> None:
    topic = Topic((5,), (), None, None)
    for payload in (b"inf", b"nan", b"1e999"):
        ((tag, source, value, quality),) = topic.rows(payload, NOW, retained=False)
        assert (tag, source, quality) == (5, NOW, Quality.NOT_A_NUMBER)
        assert math.isnan(value)


def test_a_retained_value_of_unknown_age_does_not_look_fresh() -> None:
    """FUXA 1034: stale MQTT value taken as new."""
    assert Topic((5,), (), None, None).rows(b"1", NOW, retained=True)[0][3] == Quality.CLOCK_DOUBTFUL
    without = Topic((), ((0, ("v",)),), None, None)
    assert without.rows(b'{"v":1}', NOW, retained=True)[0][3] == Quality.CLOCK_DOUBTFUL
    with_time = JSON.rows(b'{"ts":1700000000123,"v":1,"more":[0,1]}', NOW, retained=True)
    assert {r[3] for r in with_time} == {Quality.GOOD}


@pytest.mark.parametrize(
    ("payload", "quality"),
    [
        (b'{"v":1,"q":192}', Quality.GOOD),
        (b'{"v":1,"q":"good"}', Quality.GOOD),
        (b'{"v":1,"q":64}', Quality.SOURCE_UNCERTAIN),
        (b'{"v":1,"q":0}', Quality.SOURCE_BAD),
        (b'{"v":1}', Quality.SOURCE_UNCERTAIN),
    ],
)
def test_the_sources_own_quality(payload: bytes, quality: Quality) -> None:
    mapping = QualityPath(("q",), frozenset({"192", "good"}), frozenset({"64"}))
    assert Topic((), ((0, ("v",)),), None, mapping).rows(payload, NOW, retained=False)[0][3] == quality


any_json = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers(-(2**63), 2**64 - 1) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["v", "ts", "more", "q"]), inner)
    ),
    max_leaves=8,
)


@example(payload=b'{"ts":1,"v":false,"more":null,"q":"sick"}', unit="s", retained=False)
@given(
    any_json.map(orjson.dumps) | st.binary(), st.sampled_from(["s", "ms", "us", "ns", "iso"]), st.booleans()
)
def test_any_payload_gives_one_judged_row_for_each_tag(payload: bytes, unit: str, retained: bool) -> None:
    topic = Topic(
        (2,),
        ((0, ("v",)), (1, ("more", 1))),
        TimePath(("ts",), unit),  # type: ignore[arg-type]
        QualityPath(("q",), frozenset({"192"}), frozenset()),
    )
    rows = topic.rows(payload, NOW, retained=retained)
    assert sorted(r[0] for r in rows) == [0, 1, 2]
    for _, source, value, quality in rows:
        assert 0 < source < 2**63
        assert math.isfinite(value) == (quality < Quality.NO_DATA)


def test_walk_says_what_is_missing() -> None:
    with pytest.raises(Malformed, match="no 'b'"):
        walk({"a": {}}, ("a", "b"))
    with pytest.raises(Malformed, match=r"no \[3\]"):
        walk([1], (3,))


@given(
    payload=st.one_of(
        st.builds(
            lambda v, t, more: json.dumps({"v": v, "ts": t, **more}).encode(),
            st.one_of(st.floats(), st.integers(), st.booleans(), st.none(), st.text(max_size=3)),
            st.one_of(st.integers(-5, 1 << 65), st.floats(), st.booleans(), st.text(max_size=3), st.none()),
            st.dictionaries(st.sampled_from(["x", "more"]), st.integers(), max_size=1),
        ),
        st.binary(max_size=12),
        st.sampled_from([b"[]", b"{}", b"null", b'"v"', b"1", b'{"v":1.5}', b'{"ts":1}', b"[1.5, 2]"]),
    ),
    unit=st.sampled_from(["s", "ms", "us", "ns"]),
    retained=st.booleans(),
)
def test_the_short_way_says_the_same_or_nothing(payload: bytes, unit: Unit, retained: bool) -> None:
    topic = Topic((), ((0, ("v",)),), TimePath(("ts",), unit), None)
    short = topic.row(payload)
    assert short is None or [short] == topic.rows(payload, NOW, retained=retained)


def test_the_short_way_is_taken_by_ordinary_messages_only() -> None:
    assert JSON.row(b'{"v": 1.5, "ts": 3}') is None, "two tags"
    ordinary = Topic((), ((7, ("v",)),), MS, None)
    assert ordinary.row(b'{"v": 1.5, "ts": 3}') == (7, 3_000_000, 1.5, Quality.GOOD)
    for other in (
        Topic((7,), (), MS, None),
        Topic((), ((7, ("v", 0)),), MS, None),
        Topic((), ((7, ("v",)),), None, None),
    ):
        assert other.row(b'{"v": 1.5, "ts": 3}') is None
