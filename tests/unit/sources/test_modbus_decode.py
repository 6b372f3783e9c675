"""The columnar decoder against one naive reading of each value with `struct`."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sources.modbus.decode import Decoder, positions
from gateway.sources.modbus.plan import Area, Kind, Limits, Order, Point, plan
from tests.unit.sources.test_modbus_plan import any_limits, any_point

FORMATS = {
    Kind.INT16: ">h",
    Kind.UINT16: ">H",
    Kind.INT32: ">i",
    Kind.UINT32: ">I",
    Kind.INT64: ">q",
    Kind.UINT64: ">Q",
    Kind.FLOAT32: ">f",
    Kind.FLOAT64: ">d",
}


def naive(point: Point, image: bytes) -> float:
    """``image``: the area from address 0, registers big-endian or packed bits."""
    if point.area.of_bits:
        return float(image[point.address // 8] >> point.address % 8 & 1)
    raw = image[2 * point.address : 2 * point.address + point.kind.bytes]
    words = [raw[k : k + 2] for k in range(0, len(raw), 2)]
    if point.order in (Order.CDAB, Order.DCBA):
        words.reverse()
    if point.order in (Order.BADC, Order.DCBA):
        words = [w[::-1] for w in words]
    if point.kind is Kind.BIT:
        return float(struct.unpack(">H", words[0])[0] >> point.bit & 1)
    return float(struct.unpack(FORMATS[point.kind], b"".join(words))[0])


def cut(image: bytes, area: Area, address: int, count: int) -> bytes:
    if not area.of_bits:
        return image[2 * address : 2 * (address + count)]
    bits = np.unpackbits(np.frombuffer(image, np.uint8), bitorder="little")[address : address + count]
    return np.packbits(bits, bitorder="little").tobytes()


@pytest.mark.parametrize(
    ("order", "wire"),
    [("ABCD", "41200000"), ("CDAB", "00004120"), ("BADC", "20410000"), ("DCBA", "00002041")],
)
def test_ten_in_the_four_orders(order: str, wire: str) -> None:
    point = Point(Area.HOLDING, 7, Kind.FLOAT32, Order(order))
    assert Decoder([point], plan([point])).decode(bytes.fromhex(wire)).tolist() == [10.0]


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("size", [2, 4, 8])
def test_positions_name_every_byte_once(order: Order, size: int) -> None:
    assert sorted(positions(order, size)) == list(range(size))


@given(
    st.lists(any_point, min_size=1, max_size=40),
    st.lists(st.integers(0, 15), min_size=40, max_size=40),
    any_limits,
    st.sets(st.integers(0, 39), max_size=3),
    st.binary(min_size=1420, max_size=1420),
)
def test_all_types_and_orders_at_all_places(
    points: list[Point], bits: list[int], limits: Limits, skip: set[int], image: bytes
) -> None:
    points = [Point(p.area, p.address, p.kind, p.order, bit) for p, bit in zip(points, bits, strict=False)]
    blocks = plan(points, limits, skip=skip)
    decoder = Decoder(points, blocks)
    data = b"".join(cut(image, b.area, b.address, b.count) for b in blocks)
    assert len(data) == decoder.size
    value = decoder.decode(data)
    assert sorted(decoder.order.tolist()) == list(range(len(points)))
    expected = [np.nan if i in skip else naive(points[i], image) for i in decoder.order]
    np.testing.assert_array_equal(value, expected)
    for k, b in enumerate(blocks):
        assert sorted(decoder.order[decoder.rows[k]].tolist()) == sorted(b.points)
