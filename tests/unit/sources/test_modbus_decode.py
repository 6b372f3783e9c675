"""The columnar decoder against one naive reading of each value with `struct`."""

from __future__ import annotations

import re
import struct
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.quality import Quality
from gateway.sources.modbus.convert import per_second
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
    Kind.FLOAT16: ">e",
    Kind.FLOAT32: ">f",
    Kind.FLOAT64: ">d",
    Kind.COUNT16: ">H",
    Kind.COUNT32: ">I",
    Kind.COUNT64: ">Q",
    Kind.UNIX32: ">I",
}


def naive(point: Point, image: bytes) -> float:
    """``image``: the area from address 0, registers big-endian or packed bits."""
    if point.area.of_bits:
        return float(image[point.address // 8] >> point.address % 8 & 1)
    raw = image[2 * point.address : 2 * point.address + point.bytes]
    words = [raw[k : k + 2] for k in range(0, len(raw), 2)]
    if point.order in (Order.CDAB, Order.DCBA):
        words.reverse()  # of a string too, though the configuration refuses it
    if point.order in (Order.BADC, Order.DCBA):
        words = [w[::-1] for w in words]
    if point.kind is Kind.BIT:
        return float(struct.unpack(">H", words[0])[0] >> point.bit & 1)
    return meaning(point.kind, b"".join(words))


def meaning(kind: Kind, raw: bytes) -> float:
    """One value, most significant byte first, the slow and plain way."""
    if kind in FORMATS:
        return float(struct.unpack(FORMATS[kind], raw)[0])
    if kind.value.startswith("bcd"):
        return float(raw.hex()) if raw.hex().isdecimal() else np.nan
    if kind is Kind.UNIX64:
        return float(int.from_bytes(raw)) / 1000
    return text(raw) if kind is Kind.STRING else date(raw)


def text(raw: bytes) -> float:
    plain = raw.split(b"\0")[0]
    return float(plain) if re.fullmatch(rb"\s*[+-]?\d+(\.\d+)?([eE][+-]?\d{1,3})?\s*", plain) else np.nan


def date(raw: bytes) -> float:
    _, year, month, day, hour, minute, ms = struct.unpack(">BBBBBBH", raw)
    try:
        made = datetime(2000 + (year & 127), month & 15, day & 31, hour & 31, minute & 63, tzinfo=UTC)
    except ValueError:
        return np.nan
    return np.nan if minute & 0x80 or ms > 59_999 else made.timestamp() + ms / 1000


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


@pytest.mark.parametrize("kind", [Kind.INT16, Kind.UINT32, Kind.INT64, Kind.FLOAT32, Kind.FLOAT64])
@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("hole", [False, True])
def test_an_answer_that_is_values_in_order_needs_no_decoder(kind: Kind, order: Order, hole: bool) -> None:
    width = kind.bytes // 2
    places = [k * width for k in range(5)]
    points = [Point(Area.HOLDING, at, kind, order) for at in (places[:2] + places[3:] if hole else places)]
    decoder = Decoder(points, plan(points, Limits()))
    swapped = order in {Order.CDAB, Order.BADC} and not (order is Order.CDAB and width == 1)
    swapped = swapped and not (order is Order.BADC and width == 1)
    if order is Order.BADC and width == 1:
        assert decoder.natural == ("" if hole else f"<{np.dtype(kind.value).str[1:]}")
    else:
        assert bool(decoder.natural) == (not hole and not swapped)
    if decoder.natural:
        data = np.random.default_rng(1).bytes(decoder.size)
        assert (
            np.frombuffer(data, decoder.natural).astype(np.float64).tobytes()
            == decoder.decode(data).tobytes()
        )


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
    points = [replace(p, bit=bit) for p, bit in zip(points, bits, strict=False)]
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


DIGITS = {
    (Kind.BCD16, "1234"): 1234,
    (Kind.BCD16, "12a4"): np.nan,
    (Kind.BCD64, "9999999999999999"): 1e16,
    (Kind.FLOAT16, "4900"): 10.0,
    (Kind.UNIX32, "65b8f0c0"): 1706619072,
    (Kind.UNIX64, "0000018d5a0e4a80"): 0x18D5A0E4A80 / 1000,
    (Kind.DATETIME64, "0018021d0d1e7530"): 1709213400 + 30.0,
    (Kind.DATETIME64, "0017021d0d1e7530"): np.nan,
    (Kind.DATETIME64, "0018021d0d9e7530"): np.nan,
}


@pytest.mark.parametrize(("key", "value"), DIGITS.items())
def test_times_and_decimals(key: tuple[Kind, str], value: float) -> None:
    """29 February 2024 is a day and that of 2023 is none; a minute with the invalid mark is no time."""
    point = Point(Area.HOLDING, 0, key[0])
    np.testing.assert_array_equal(Decoder([point], plan([point])).decode(bytes.fromhex(key[1])), [value])


@pytest.mark.parametrize(
    ("text", "codes", "value"),
    [
        (b"12.5\0\0", (), 12.5),
        (b" -3e2 ", (), -300.0),
        (b"1_0\0\0\0", (), np.nan),
        (b"nan\0\0\0", (), np.nan),
        (b"\xff1\0\0\0\0", (), np.nan),
        (b"RUN   ", (("RUN", 1.0), ("STOP", 0.0)), 1.0),
        (b"FAULT\0", (("RUN", 1.0), ("STOP", 0.0)), np.nan),
    ],
)
def test_texts(text: bytes, codes: tuple[tuple[str, float], ...], value: float) -> None:
    point = Point(Area.INPUT, 9, Kind.STRING, length=6, codes=codes)
    swapped = replace(point, order=Order.BADC)
    for each, raw in ((point, text), (swapped, b"".join(text[k : k + 2][::-1] for k in (0, 2, 4)))):
        decoder = Decoder([each], plan([each]))
        np.testing.assert_array_equal(decoder.decode(raw), [value])
        assert decoder.floats
        assert decoder.why.tolist() == [Quality.MALFORMED]


def test_an_enumeration_knows_its_codes_and_no_other() -> None:
    codes = (("1", 0.0), ("2", 1.0))
    points = [Point(Area.INPUT, k, Kind.UINT16, codes=codes) for k in range(3)]
    value = Decoder(points, plan(points)).decode(bytes.fromhex("000100020003"))
    np.testing.assert_array_equal(value, [0.0, 1.0, np.nan])


@pytest.mark.parametrize(
    ("before", "now", "seconds", "rate"),
    [
        (10, 30, 2.0, 10.0),
        (65530, 4, 1.0, 10.0),
        (40000, 39999, 1.0, np.nan),
        (1, 2, 0.0, np.nan),
        (5, 5, 1.0, 0.0),
    ],
)
def test_a_counter_wraps_and_a_reset_is_no_rate(before: int, now: int, seconds: float, rate: float) -> None:
    np.testing.assert_equal(per_second(float(before), float(now), 16, seconds), rate)
