from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sources.modbus.plan import Area, Kind, Limits, Order, Point, halves, plan


def registers(*addresses: int, kind: Kind = Kind.UINT16) -> list[Point]:
    return [Point(Area.HOLDING, a, kind) for a in addresses]


def spans(points: list[Point], **options: object) -> list[tuple[str, int, int]]:
    return [(b.area.value, b.address, b.count) for b in plan(points, **options)]  # type: ignore[arg-type]


def test_neighbours_share_a_request() -> None:
    assert spans(registers(3, 4, 5)) == [("holding", 3, 3)]


def test_a_short_hole_is_read_through_and_a_long_one_is_not() -> None:
    points = registers(0, 10, 100)
    assert spans(points, limits=Limits(max_gap=9)) == [("holding", 0, 11), ("holding", 100, 1)]
    assert spans(points, limits=Limits(max_gap=8)) == [
        ("holding", 0, 1),
        ("holding", 10, 1),
        ("holding", 100, 1),
    ]


def test_no_request_is_longer_than_the_device_takes_and_no_value_is_cut() -> None:
    points = registers(*range(0, 200, 4), kind=Kind.FLOAT64)
    assert spans(points) == [("holding", 0, 124), ("holding", 124, 76)]
    assert spans(points[:3], limits=Limits(max_registers=7)) == [
        ("holding", 0, 4),
        ("holding", 4, 4),
        ("holding", 8, 4),
    ]


def test_areas_are_never_mixed_and_bits_have_their_own_limit() -> None:
    coils = [Point(Area.COIL, a, Kind.BIT) for a in range(0, 2500, 10)]
    assert spans([*registers(0), *coils]) == [("coil", 0, 1991), ("coil", 2000, 491), ("holding", 0, 1)]


def test_a_cut_is_not_read_across_and_a_skipped_point_is_not_read() -> None:
    points = registers(0, 1, 2, 3)
    assert spans(points, cuts={(Area.HOLDING, 2)}) == [("holding", 0, 2), ("holding", 2, 2)]
    assert spans(points, cuts={(Area.INPUT, 2)}) == [("holding", 0, 4)]
    assert spans(points, skip={1}, cuts={(Area.HOLDING, 1)}) == [("holding", 0, 1), ("holding", 2, 2)]


def test_halves_leave_the_hole_between_them_out() -> None:
    points = registers(0, 1, 20, 21)
    (block,) = plan(points)
    left, right = halves(block, points) or pytest.fail("not halved")
    assert (left.address, left.count, right.address, right.count) == (0, 2, 20, 2)
    assert halves(plan(points[:1])[0], points) is None


def test_values_that_overlap_are_not_halved() -> None:
    points = [Point(Area.HOLDING, 0, Kind.UINT32), Point(Area.HOLDING, 1, Kind.UINT16)]
    assert halves(plan(points)[0], points) is None


def _point(area: Area, address: int, kind: Kind, order: Order, registers: int) -> Point:
    kind = Kind.BIT if area.of_bits else kind
    return Point(area, address, kind, order, length=2 * registers if kind is Kind.STRING else 0)


any_point = st.builds(
    _point,
    st.sampled_from(Area),
    st.integers(0, 700),
    st.sampled_from(Kind),
    st.sampled_from(Order),
    st.integers(1, 4),
)
any_limits = st.builds(Limits, st.integers(4, 125), st.integers(1, 2000), st.integers(0, 50))


@given(
    st.lists(any_point, max_size=60),
    any_limits,
    st.sets(st.tuples(st.sampled_from(Area), st.integers(0, 700)), max_size=5),
    st.sets(st.integers(0, 59), max_size=5),
)
def test_every_point_is_read_once_whole_and_within_the_limits(
    points: list[Point], limits: Limits, cuts: set[tuple[Area, int]], skip: set[int]
) -> None:
    blocks = plan(points, limits, cuts, skip)
    read = sorted(i for b in blocks for i in b.points)
    assert read == [i for i in range(len(points)) if i not in skip]
    for b in blocks:
        assert 1 <= b.count <= limits.most(b.area)
        assert all(points[i].area is b.area for i in b.points)
        assert all(b.address <= points[i].address and points[i].end <= b.end for i in b.points)
        for area, cut in cuts:
            inside_value = any(points[i].address < cut < points[i].end for i in b.points)
            assert area is not b.area or not b.address < cut < b.end or inside_value


@given(st.lists(any_point, min_size=1, max_size=40))
def test_halving_ends_at_single_ranges_and_loses_nothing(points: list[Point]) -> None:
    todo, seen = list(plan(points)), []
    while todo:
        block = todo.pop()
        pair = halves(block, points)
        seen += [] if pair else block.points
        todo += pair or ()
    assert sorted(seen) == list(range(len(points)))
