"""Numbers in registers: known bytes, and there and back in every type and order."""

import math

import pytest

from simulators.encode import FORMATS, ORDERS, from_registers, limits, to_registers


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("ABCD", [0x0102, 0x0304]),
        ("CDAB", [0x0304, 0x0102]),
        ("BADC", [0x0201, 0x0403]),
        ("DCBA", [0x0403, 0x0201]),
    ],
)
def test_known_bytes_of_32_bits(order: str, expected: list[int]) -> None:
    assert to_registers(0x01020304, "uint32", order) == expected


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("ABCD", [0x0102, 0x0304, 0x0506, 0x0708]),
        ("CDAB", [0x0708, 0x0506, 0x0304, 0x0102]),
        ("BADC", [0x0201, 0x0403, 0x0605, 0x0807]),
        ("DCBA", [0x0807, 0x0605, 0x0403, 0x0201]),
    ],
)
def test_known_bytes_of_64_bits(order: str, expected: list[int]) -> None:
    assert to_registers(0x0102030405060708, "uint64", order) == expected


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("kind", FORMATS)
def test_there_and_back(kind: str, order: str) -> None:
    value = 1234.5 if kind.startswith("float") else 12345 if kind.startswith("u") else -12345
    assert from_registers(to_registers(value, kind, order), kind, order) == value


@pytest.mark.parametrize("kind", [k for k in FORMATS if not k.startswith("float")])
def test_integers_clip_at_their_ends(kind: str) -> None:
    low, high = limits(kind)
    assert from_registers(to_registers(1e30, kind), kind) == high
    assert from_registers(to_registers(-1e30, kind), kind) == low
    assert from_registers(to_registers(math.nan, kind), kind) == low


def test_one_word_is_the_same_in_every_order() -> None:
    assert {tuple(to_registers(0x0102, "uint16", order)) for order in ORDERS} == {(0x0102,)}
