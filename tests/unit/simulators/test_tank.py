"""Tanks: what goes in, comes out or spills over is what the level says; gas obeys its breather."""

import pytest

from simulators.errors import BadData
from simulators.physics.tank import Tank, TankSpec

SPEC = TankSpec(
    diameter_m=12.0,
    height_m=15.0,
    level_m=10.0,
    fill_m3_h=1200.0,
    drain_m3_h=900.0,
    fill_stop_m=11.0,
    drain_stop_m=9.0,
    switch_m=13.6,
    batch="fill",
)


def run(tank: Tank, seconds: float, dt: float = 0.5) -> None:
    for _ in range(round(seconds / dt)):
        tank.step(dt, 20.0)


@pytest.mark.parametrize("batch", ["idle", "fill", "drain", "auto"])
def test_volume_is_conserved(batch: str) -> None:
    tank = Tank(SPEC)
    start = tank.volume_m3
    tank.set("batch", batch)
    sent = 0.0
    for _ in range(7200):
        tank.step(0.5, 20.0)
        sent += tank.outflow_m3_h * 0.5 / 3600.0
    assert tank.volume_m3 == pytest.approx(start + tank.received_m3 - sent - tank.spilled_m3, abs=1e-6)


def test_a_batch_stops_at_its_limit_after_one_travel_of_the_valve() -> None:
    tank = Tank(SPEC)
    run(tank, 900)
    overshoot = SPEC.fill_m3_h / 3600.0 * SPEC.travel_s / 2.0 / tank.area_m2
    assert tank.level_m == pytest.approx(11.0 + overshoot, abs=0.003)
    assert not tank.inlet.feedback


def test_a_stuck_valve_overfills_and_the_surplus_spills() -> None:
    tank = Tank(SPEC)
    tank.set("inlet_failure", "stuck")
    run(tank, 3600)
    values = tank.values()
    assert values["level"] == pytest.approx(15.0)
    assert values["spilled"] > 0.0
    assert (values["inlet_cmd"], values["inlet_fbk"], values["switch_hh"]) == (0.0, 1.0, 1.0)


def test_filling_presses_gas_out_and_draining_draws_blanket_gas_in() -> None:
    filling, draining = Tank(SPEC), Tank(SPEC)
    draining.set("batch", "drain")
    run(filling, 120)
    run(draining, 120)
    assert filling.pressure_kpa == pytest.approx(
        SPEC.vent_kpa + 1200 / 3600 / SPEC.breather_m3_s_kpa, abs=0.1
    )
    assert draining.pressure_kpa == pytest.approx(SPEC.pad_kpa - 900 / 3600 / SPEC.breather_m3_s_kpa, abs=0.1)


def test_a_tripped_pump_stands_still_and_a_runaway_one_runs() -> None:
    tank = Tank(SPEC)
    tank.set("batch", "drain")
    tank.set("pump_failure", "trip")
    run(tank, 30)
    assert (tank.outlet.command, tank.outlet.feedback, tank.outflow_m3_h) == (True, False, 0.0)
    tank.set("batch", "idle")
    tank.set("pump_failure", "runaway")
    run(tank, 30)
    assert (tank.outlet.command, tank.outlet.feedback) == (False, True)
    assert tank.outflow_m3_h == pytest.approx(900.0, rel=0.01)


def test_warm_inflow_warms_the_tank() -> None:
    tank = Tank(SPEC)
    run(tank, 300)
    mixed = (1131.0 * 22.0 + tank.received_m3 * 26.0) / (1131.0 + tank.received_m3)
    assert tank.temperature_c == pytest.approx(mixed, abs=0.02)


@pytest.mark.parametrize(("name", "value"), [("nothing", 1.0), ("batch", "stop"), ("supply", "much")])
def test_an_unknown_input_or_value_is_refused(name: str, value: float | str) -> None:
    with pytest.raises(BadData, match="input"):
        Tank(SPEC).set(name, value)
