"""The planner needs the fewest requests there can be for register maps in published styles."""

from __future__ import annotations

from benchmarks.modbus import fewest, requests
from gateway.sources.modbus.plan import Area, Kind, Limits, Point


def test_within_a_tenth_of_the_fewest() -> None:
    found = requests()
    assert found["maps"] == 20
    assert found["met"], found


def test_the_fewest_is_the_fewest() -> None:
    apart = [Point(Area.HOLDING, 100 * k, Kind.UINT16) for k in range(4)]
    assert fewest(apart, Limits()) == 2
    assert fewest(apart, Limits(max_registers=100)) == 4
    assert fewest([*apart, Point(Area.COIL, 0, Kind.BIT)], Limits()) == 3
