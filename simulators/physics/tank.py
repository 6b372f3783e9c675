"""A fixed-roof storage tank: liquid and gas balances, an inlet valve, an outlet pump, a batch controller."""

import math
from dataclasses import dataclass
from typing import ClassVar

from simulators.physics.actuators import PUMP_FAILURES, VALVE_FAILURES, Pump, Valve
from simulators.physics.part import Part

GAS_CONSTANT = 8.314462618  # J/(mol K), CODATA 2018
AMBIENT_PA = 101_325.0
BATCHES = ("idle", "fill", "drain", "auto")


@dataclass(frozen=True)
class TankSpec:
    """Geometry (m), rates (m3/h), batch limits (m), breather settings (kPa gauge)."""

    diameter_m: float
    height_m: float
    level_m: float
    fill_m3_h: float
    drain_m3_h: float
    fill_stop_m: float
    drain_stop_m: float
    switch_m: float
    temperature_c: float = 22.0
    inflow_c: float = 26.0
    cooling_h: float = 60.0
    travel_s: float = 8.0
    pump_lag_s: float = 3.0
    suction_m: float = 0.3
    pad_kpa: float = 0.3
    vent_kpa: float = 0.8
    breather_m3_s_kpa: float = 0.6
    batch: str = "idle"


class Tank(Part):
    """dV/dt = inflow - outflow - overflow; the gas above it obeys p V = n R T with a breather valve."""

    choices: ClassVar = {"batch": BATCHES, "inlet_failure": VALVE_FAILURES, "pump_failure": PUMP_FAILURES}

    def __init__(self, spec: TankSpec) -> None:
        self.spec = spec
        self.area_m2 = math.pi * spec.diameter_m**2 / 4.0
        self.inputs = {"batch": spec.batch, "supply": 1.0, "inlet_failure": "none", "pump_failure": "none"}
        self.inlet = Valve(spec.travel_s, position=float(spec.batch == "fill"))
        self.inlet.command = spec.batch == "fill"
        self.outlet = Pump(spec.pump_lag_s)
        self.volume_m3 = spec.level_m * self.area_m2
        self.temperature_c = spec.temperature_c
        self.inflow_m3_h = self.outflow_m3_h = self.received_m3 = self.sent_m3 = self.spilled_m3 = 0.0
        self._gas_mol = self._moles_at(spec.pad_kpa)

    @property
    def level_m(self) -> float:
        """Liquid level above the bottom, m."""
        return self.volume_m3 / self.area_m2

    @property
    def pressure_kpa(self) -> float:
        """Gas pressure above ambient, kPa (ideal gas)."""
        kelvin = self.temperature_c + 273.15
        absolute = self._gas_mol * GAS_CONSTANT * kelvin / self._gas_m3()
        return (absolute - AMBIENT_PA) / 1000.0

    def step(self, dt: float, air_c: float) -> None:
        """Controller, then actuators, then the balances, all over ``dt`` seconds."""
        self._control()
        self.inlet.step(dt, str(self.inputs["inlet_failure"]))
        self.outlet.step(dt, str(self.inputs["pump_failure"]))
        self._flow()
        self._warm(dt, air_c)
        self._balance(dt)
        self._breathe(dt)

    def _control(self) -> None:
        """The plant's own batch logic; it commands, whether the valve obeys is another matter."""
        batch = self.inputs["batch"]
        if batch == "auto":
            batch = self._turn_round()
        self.inlet.command = batch == "fill" and self.level_m < self.spec.fill_stop_m
        self.outlet.command = batch == "drain" and self.level_m > self.spec.drain_stop_m

    def _turn_round(self) -> str:
        """In automatic operation: go on draining or filling until the batch limit, then turn round."""
        if self.level_m >= self.spec.fill_stop_m:
            return "drain"
        if self.level_m <= self.spec.drain_stop_m:
            return "fill"
        return "drain" if self.outlet.command else "fill"

    def _flow(self) -> None:
        self.inflow_m3_h = self.spec.fill_m3_h * self.inlet.position * self.number("supply")
        wet = self.level_m > self.spec.suction_m
        self.outflow_m3_h = self.spec.drain_m3_h * self.outlet.speed if wet else 0.0

    def _warm(self, dt: float, air_c: float) -> None:
        """Mixing with the inflow and heat exchange with the air (time constant ``cooling_h``)."""
        mixing = self.inflow_m3_h / max(self.volume_m3, 1.0) * (self.spec.inflow_c - self.temperature_c)
        losing = (air_c - self.temperature_c) / self.spec.cooling_h
        self.temperature_c += (mixing + losing) * dt / 3600.0

    def _balance(self, dt: float) -> None:
        received, sent = self.inflow_m3_h * dt / 3600.0, self.outflow_m3_h * dt / 3600.0
        filled = self.volume_m3 + received - sent
        spilled = max(0.0, filled - self.spec.height_m * self.area_m2)
        self.volume_m3 = filled - spilled
        self.received_m3 += received
        self.sent_m3 += sent
        self.spilled_m3 += spilled

    def _breathe(self, dt: float) -> None:
        """Blanket gas enters below ``pad_kpa``, the breather opens above ``vent_kpa`` (linear valves)."""
        pressure = self.pressure_kpa
        entering = max(0.0, self.spec.pad_kpa - pressure) - max(0.0, pressure - self.spec.vent_kpa)
        moved_m3 = entering * self.spec.breather_m3_s_kpa * dt
        self._gas_mol += moved_m3 * AMBIENT_PA / (GAS_CONSTANT * (self.temperature_c + 273.15))

    def _gas_m3(self) -> float:
        """Gas space: shell plus a cone roof of a tenth of the shell, which never fills."""
        return 1.1 * self.spec.height_m * self.area_m2 - self.volume_m3

    def _moles_at(self, gauge_kpa: float) -> float:
        kelvin = self.temperature_c + 273.15
        return (AMBIENT_PA + gauge_kpa * 1000.0) * self._gas_m3() / (GAS_CONSTANT * kelvin)

    def values(self) -> dict[str, float]:
        """True values: m, kPa, degrees C, m3/h, m3, and 0/1 states."""
        return {
            "level": self.level_m,
            "pressure": self.pressure_kpa,
            "temperature": self.temperature_c,
            "inflow": self.inflow_m3_h,
            "outflow": self.outflow_m3_h,
            "received": self.received_m3,
            "spilled": self.spilled_m3,
            "switch_hh": float(self.level_m >= self.spec.switch_m),
            "inlet_cmd": float(self.inlet.command),
            "inlet_fbk": float(self.inlet.feedback),
            "pump_cmd": float(self.outlet.command),
            "pump_fbk": float(self.outlet.feedback),
        }
