"""Dispersion, the ventilated room, and the pond's water balance."""

import math

import numpy as np
import pytest

from simulators.physics.gas import MOLAR_M3, Cloud, Gas, PointSpec, RoomSpec, SourceSpec
from simulators.physics.pond import Pond, PondSpec
from simulators.physics.weather import Weather, WeatherSpec

SOURCE = SourceSpec(at_m=[0.0, 0.0, 1.0], molar_kg=0.0341)
POND = PondSpec(
    crest_m=100.0, level_m=99.0, pool_m2=40_000.0, bank_m2_m=4_000.0, catchment_m2=450_000.0, weir_m=98.9
)


def test_all_the_gas_of_a_puff_is_somewhere_above_the_ground() -> None:
    cloud = Cloud(SOURCE)
    cloud.step(1.0, 0.5, (0.0, 0.0))
    for _ in range(20):
        cloud.step(1.0, 0.0, (2.0, 0.0))
    east, north, up = np.arange(20, 60, 1.0), np.arange(-20, 20, 1.0), np.arange(0.25, 20, 0.5)
    total = sum(cloud.fraction_at((x, y, z)) for x in east for y in north[::4] for z in up)
    mass = total * 4 * 0.5 / MOLAR_M3 * SOURCE.molar_kg
    assert mass == pytest.approx(0.5, rel=0.02)


def test_gas_goes_with_the_wind_and_thins_out() -> None:
    cloud = Cloud(SOURCE)
    for _ in range(120):
        cloud.step(0.5, 0.1, (2.0, 0.0))
    near, far = cloud.fraction_at((10, 0, 1)), cloud.fraction_at((40, 0, 1))
    beside, upwind = cloud.fraction_at((10, 8, 1)), cloud.fraction_at((-15, 0, 1))
    assert near > 4 * far > 0.0
    assert beside < near / 100
    assert upwind == pytest.approx(0.0, abs=1e-9)


def test_a_cloud_arrives_with_the_wind_and_leaves_after_the_source_is_shut() -> None:
    cloud = Cloud(SOURCE)
    for _ in range(10):
        cloud.step(0.5, 0.1, (2.0, 0.0))
    assert cloud.fraction_at((40, 0, 1)) < 1e-12
    for _ in range(200):
        cloud.step(0.5, 0.0, (2.0, 0.0))
    assert cloud.fraction_at((10, 0, 1)) == pytest.approx(0.0, abs=1e-9)
    for _ in range(300):
        cloud.step(0.5, 0.0, (2.0, 0.0))
    assert cloud.fraction_at((400, 0, 1)) == 0.0


def test_a_room_with_a_nitrogen_leak_comes_to_its_balance() -> None:
    gas = Gas({}, {}, RoomSpec(120.0, 0.3))
    gas.set("nitrogen", 0.05)
    air = Weather(WeatherSpec(), np.random.default_rng(1))
    for _ in range(20_000):
        gas.step(0.5, air)
    assert gas.oxygen == pytest.approx(20.9 * 0.3 / 0.35)


def test_points_read_in_their_own_unit() -> None:
    points = {"lel": PointSpec([10, 0, 1], "leak", 0.00011), "ppm": PointSpec([10, 0, 1], "leak", 1e-6)}
    gas = Gas({"leak": SOURCE}, points, RoomSpec())
    gas.set("leak", 0.01)
    air = Weather(WeatherSpec(wind_from_deg=270.0), np.random.default_rng(1))
    for _ in range(60):
        gas.step(0.5, air)
    assert gas.values()["ppm"] == pytest.approx(gas.values()["lel"] * 110.0)


def test_wind_from_the_west_blows_east_and_scatters_as_said() -> None:
    air = Weather(WeatherSpec(gust_m_s=0.3, memory_s=30.0, wind_m_s=5.0), np.random.default_rng(3))
    speeds = []
    for _ in range(40_000):
        air.step(0.5)
        speeds.append(air.speed)
    assert np.mean(speeds) == pytest.approx(5.0, abs=0.05)
    assert np.std(speeds) == pytest.approx(0.3, rel=0.15)
    air.direction = 270.0
    assert air.drift_m_s == pytest.approx((air.speed, 0.0), abs=1e-9)


def test_the_pool_holds_what_came_in_and_did_not_go_out() -> None:
    pond = Pond(POND)
    for step in range(14_400):
        pond.step(0.5, 100.0 if step < 7_200 else 0.0)
    assert pond.stored_m3 == pytest.approx(pond.in_m3 - pond.out_m3)
    rise = pond.level_m - POND.level_m
    held = POND.pool_m2 * rise + POND.bank_m2_m * rise**2 / 2.0
    assert held == pytest.approx(pond.stored_m3, rel=1e-3)


def test_runoff_of_steady_rain_comes_to_its_share_of_the_catchment() -> None:
    pond = Pond(POND)
    for _ in range(7_200):
        pond.step(0.5, 50.0)
    assert pond.runoff_m3_h == pytest.approx(0.85 * 450_000 * 0.05, rel=1e-3)


def test_freeboard_beach_and_level_are_one_geometry() -> None:
    values = Pond(POND).values()
    assert values["freeboard"] == pytest.approx(100.0 - values["level"])
    assert values["beach"] == pytest.approx(values["freeboard"] / 0.01)


def test_the_phreatic_line_follows_the_pool_late() -> None:
    pond = Pond(POND)
    for _ in range(3_600):
        pond.step(1.0, 150.0)
    early = pond.phreatic_depth_m
    level = pond.level_m
    for _ in range(36_000):
        pond.step(1.0, 0.0)
    assert early < POND.phreatic_m
    assert POND.phreatic_m - early < 0.6 * (level - POND.level_m) + POND.soak_m_mm * 150
    assert math.isfinite(pond.displacement_mm)
    assert pond.displacement_mm > 0.0


def test_the_decant_is_a_weir_up_to_the_tunnel() -> None:
    pond = Pond(POND)
    pond.step(0.5, 0.0)
    assert pond.decant_m3_h == pytest.approx(1.84 * 1.2 * 0.1**1.5 * 3600.0)
    pond.level_m = 99.9
    pond.step(0.5, 0.0)
    assert pond.decant_m3_h == POND.decant_max_m3_h
