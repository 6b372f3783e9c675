"""The fast way writes what RFC 8785 says; the reference package is the judge."""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from gateway.store.canonical import ZERO, canonical, seal

SAFE = (1 << 53) - 1
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-SAFE, SAFE)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=("Cs",)))
)
keys = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
values = st.recursive(leaves, lambda v: st.lists(v, max_size=4) | st.dictionaries(keys, v, max_size=4))
objects = st.dictionaries(keys, values, max_size=6)


@given(objects)
def test_equals_the_reference(value: dict[str, Any]) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@given(objects)
def test_sealing_is_the_reference_twice(value: dict[str, Any]) -> None:
    digest, data = seal(value, ZERO)
    assert digest == hashlib.sha256(ZERO.encode() + rfc8785.dumps(value)).hexdigest()
    assert data == rfc8785.dumps({**value, "prev_hash": ZERO, "hash": digest})


@given(objects)
def test_reading_and_writing_again_changes_nothing(value: dict[str, Any]) -> None:
    data = canonical(value)
    assert canonical(json.loads(data, parse_int=float)) == data


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (333333333.33333329, "333333333.3333333"),  # examples of RFC 8785, section 3.2.2.3 and appendix B
        (1e30, "1e+30"),
        (4.50, "4.5"),
        (2e-3, "0.002"),
        (1e-27, "1e-27"),
        (-0.0, "0"),
        (5e-324, "5e-324"),
        (295147905179352830000.0, "295147905179352830000"),
        (0.000001, "0.000001"),
        (12.0, "12"),
        ('€$\u000f\nA\'B"\\\\"/', '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'),
    ],
)
def test_known_answers(value: Any, text: str) -> None:
    assert canonical({"a": value}).decode() == f'{{"a":{text}}}'


@pytest.mark.parametrize("value", [math.nan, math.inf, 1 << 53, "\ud800", {1: 2}, object()])
def test_what_json_cannot_carry_is_an_error(value: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        canonical({"a": value})


def test_the_hash_is_over_the_previous_hash_and_the_body() -> None:
    digest, data = seal({"b": 1, "a": "烽燧"}, ZERO)
    assert digest == hashlib.sha256(ZERO.encode() + '{"a":"烽燧","b":1}'.encode()).hexdigest()
    assert data.decode() == f'{{"a":"烽燧","b":1,"hash":"{digest}","prev_hash":"{ZERO}"}}'
