"""Sensors: lag, saturation, loop currents; every kind of sensor fault as the instrument shows it."""

import math

import numpy as np
import pytest

from simulators.errors import BadData
from simulators.faults import Fault, make_fault
from simulators.sensors import SensorBank, SensorFaults
from simulators.tags import Current, ModbusBinding, Tag

BINDING = ModbusBinding("plc", 1, 4, 0, "uint16")


def tag(**changes: object) -> Tag:
    given = {
        "id": "AT-1", "zh": "气体", "en": "gas", "tag_class": "gas-combustible", "unit": "%LEL",
        "range": (0.0, 100.0), "period_s": 1.0, "var": "x", "installation": "i", "modbus": BINDING,
    }  # fmt: skip
    return Tag(**(given | changes))  # type: ignore[arg-type]


def bank(*tags: Tag) -> SensorBank:
    return SensorBank(tags, np.random.default_rng(5))


def measure(
    one: Tag, value: float, fault: Fault | None = None, now_s: float = 100.0
) -> tuple[float, float | None]:
    measured = SensorFaults(np.random.default_rng(5)).measure(one, value, [fault] if fault else [], now_s)
    return measured.value, measured.milliampere


def fault(kind: str, since_s: float = 100.0, **params: float) -> Fault:
    return make_fault("f", kind, "AT-1", since_s, params)


def test_a_lagging_sensor_reaches_63_percent_after_its_lag() -> None:
    sensors = bank(tag(lag_s=8.0))
    sensors.step(0.5, {"x": 0.0})
    for _ in range(16):
        sensors.step(0.5, {"x": 50.0})
    assert sensors.healthy("AT-1") == pytest.approx(50.0 * (1 - math.exp(-1)), rel=1e-6)


def test_the_lag_does_not_depend_on_the_step() -> None:
    fine, coarse = bank(tag(lag_s=8.0)), bank(tag(lag_s=8.0))
    for sensors, dt, steps in ((fine, 0.1, 100), (coarse, 2.0, 5)):
        sensors.step(dt, {"x": 0.0})
        for _ in range(steps):
            sensors.step(dt, {"x": 50.0})
    assert fine.healthy("AT-1") == pytest.approx(coarse.healthy("AT-1"))


def test_a_direct_sensor_saturates_at_its_range() -> None:
    sensors = bank(tag())
    for _ in range(3):
        sensors.step(0.5, {"x": 260.0})
    assert sensors.healthy("AT-1") == 100.0


@pytest.mark.parametrize(
    ("value", "milliampere"), [(0.0, 4.0), (50.0, 12.0), (100.0, 20.0), (260.0, 20.5), (-30.0, 3.8)]
)
def test_a_loop_saturates_at_the_ne43_limits(value: float, milliampere: float) -> None:
    loop = tag(signal="4-20mA")
    sensors = bank(loop)
    sensors.step(0.5, {"x": value})
    assert measure(loop, sensors.healthy("AT-1"))[1] == pytest.approx(milliampere)


def test_noise_and_resolution() -> None:
    sensors = bank(tag(noise=0.5, resolution=0.1))
    seen = []
    for _ in range(2000):
        sensors.step(0.5, {"x": 50.0})
        seen.append(sensors.healthy("AT-1"))
    assert np.std(seen) == pytest.approx(0.5, rel=0.1)
    assert np.allclose(np.round(np.array(seen) * 10), np.array(seen) * 10)


def test_failure_currents_override_the_process() -> None:
    loop = tag(signal="4-20mA")
    assert measure(loop, 50.0, fault("failure-low"))[1] == 3.5
    assert measure(loop, 50.0, fault("failure-high", ma=21.5))[1] == 21.5


def test_counts_of_a_card_are_linear_beyond_the_range() -> None:
    assert Current(0.0, 27648.0).counts(3.5) == pytest.approx(-864.0)
    assert Current(4000.0, 20000.0).counts(21.8) == pytest.approx(21800.0)


@pytest.mark.parametrize(
    ("given", "now_s", "expected"),
    [
        (fault("stuck", value=1.0), 100.0, 1.0),
        (fault("drift", per_h=7.2), 1100.0, 52.0),
        (fault("bias", by=-3.0), 100.0, 47.0),
        (fault("spike", height=9.0, every_s=30.0, width_s=1.0), 100.5, 59.0),
        (fault("spike", height=9.0, every_s=30.0, width_s=1.0), 105.0, 50.0),
        (fault("spike", height=9.0, every_s=30.0, width_s=1.0), 130.0, 59.0),
    ],
)
def test_faults_that_bend_the_value(given: Fault, now_s: float, expected: float) -> None:
    assert measure(tag(), 50.0, given, now_s)[0] == pytest.approx(expected)


def test_frozen_holds_the_value_of_its_onset_until_cleared() -> None:
    bender, frozen = SensorFaults(np.random.default_rng(5)), fault("frozen")
    assert [bender.measure(tag(), v, [frozen], 100.0).value for v in (10.0, 20.0)] == [10.0, 10.0]
    bender.forget("f")
    assert bender.measure(tag(), 30.0, [frozen], 100.0).value == 30.0


def test_nan_and_noise() -> None:
    assert math.isnan(measure(tag(), 50.0, fault("nan"))[0])
    bender = SensorFaults(np.random.default_rng(5))
    seen = [bender.measure(tag(), 50.0, [fault("noise", sigma=4.0)], 0.0).value for _ in range(2000)]
    assert np.std(seen) == pytest.approx(4.0, rel=0.1)


def test_an_unknown_kind_or_parameter_is_refused_with_what_is_allowed() -> None:
    with pytest.raises(BadData, match="allowed: failure-low"):
        make_fault("f", "gremlin", "AT-1", 0.0, {})
    with pytest.raises(BadData, match="it has: per_h"):
        make_fault("f", "drift", "AT-1", 0.0, {"speed": 1.0})
