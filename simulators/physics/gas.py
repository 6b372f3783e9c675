"""Gas releases carried by the wind to points: Gaussian puffs, and a ventilated room for oxygen."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulators.physics.part import Part
from simulators.physics.weather import Weather

MOLAR_M3 = 0.02445  # molar volume of a gas at 25 degrees C and 1 atm, m3/mol
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SourceSpec:
    """A possible leak: place (m east, m north, m up), molar mass in kg/mol, first size of a puff in m."""

    at_m: Sequence[float]
    molar_kg: float
    size_m: float = 0.8


@dataclass(frozen=True)
class PointSpec:
    """A place where the concentration of one source's gas is wanted.

    ``full`` is the volume fraction that reads as one unit: 0.01 x LEL as a fraction for %LEL, 1e-6 for ppm.
    """

    at_m: Sequence[float]
    source: str
    full: float


@dataclass(frozen=True)
class RoomSpec:
    """A room with fresh-air ventilation (m3/s) in which nitrogen can leak."""

    volume_m3: float = 120.0
    fresh_m3_s: float = 0.3


def spread(travel_m: Floats) -> tuple[Floats, Floats]:
    """(sigma_y, sigma_z) in m after ``travel_m``: Briggs 1973, open country, stability class D."""
    across = 0.08 * travel_m / np.sqrt(1.0 + 0.0001 * travel_m)
    upward = 0.06 * travel_m / np.sqrt(1.0 + 0.0015 * travel_m)
    return across, upward


class Cloud:
    """The puffs of one source: columns (x, y, travel, kg); a puff is emitted each step while it leaks."""

    LIMIT_M = 400.0  # a puff that far has left the site

    def __init__(self, spec: SourceSpec) -> None:
        self.spec = spec
        self._puffs: Floats = np.empty((0, 4))

    def step(self, dt: float, kg_s: float, drift: tuple[float, float]) -> None:
        """Move every puff with the air, forget the far ones, emit the new one."""
        east, north = drift
        self._puffs = self._puffs + np.array([east, north, math.hypot(east, north), 0.0]) * dt
        self._puffs = self._puffs[self._puffs[:, 2] < self.LIMIT_M]
        if kg_s > 0.0:
            born = np.array([[self.spec.at_m[0], self.spec.at_m[1], 0.0, kg_s * dt]])
            self._puffs = np.concatenate([self._puffs, born])

    def fraction_at(self, place: Sequence[float]) -> float:
        """Volume fraction at (east, north, up): sum of Gaussian puffs, reflected at the ground."""
        if not len(self._puffs):
            return 0.0
        x, y, travel, kg = self._puffs.T
        across, upward = (s + self.spec.size_m for s in spread(travel))
        flat = np.exp(-((place[0] - x) ** 2 + (place[1] - y) ** 2) / (2.0 * across**2))
        kg_m3 = kg * flat * self._upright(place[2], upward) / ((2.0 * math.pi) ** 1.5 * across**2 * upward)
        return min(1.0, float(kg_m3.sum()) / self.spec.molar_kg * MOLAR_M3)

    def _upright(self, up_m: float, upward: Floats) -> Floats:
        height = float(self.spec.at_m[2])
        direct = np.exp(-((up_m - height) ** 2) / (2.0 * upward**2))
        mirror = np.exp(-((up_m + height) ** 2) / (2.0 * upward**2))
        return np.asarray(direct + mirror)


class Gas(Part):
    """All sources and points of a site; inputs are release rates ``<source>`` in kg/s and ``nitrogen`` in m3/s."""

    FRESH_OXYGEN = 20.9  # %vol

    def __init__(
        self, sources: Mapping[str, SourceSpec], points: Mapping[str, PointSpec], room: RoomSpec
    ) -> None:
        self._clouds = {name: Cloud(spec) for name, spec in sources.items()}
        self._points, self._room = points, room
        self.inputs = {**dict.fromkeys(sources, 0.0), "nitrogen": 0.0}
        self.oxygen = self.FRESH_OXYGEN
        self._seen = dict.fromkeys(points, 0.0)

    def step(self, dt: float, air: Weather) -> None:
        """Advance clouds and room by ``dt`` seconds, then look at every point."""
        for name, cloud in self._clouds.items():
            cloud.step(dt, self.number(name), air.drift_m_s)
        self._ventilate(dt)
        for name, point in self._points.items():
            self._seen[name] = self._clouds[point.source].fraction_at(point.at_m) / point.full

    def _ventilate(self, dt: float) -> None:
        """Well-mixed room: V dO2/dt = fresh x 20.9 - (fresh + leak) x O2."""
        fresh, leak = self._room.fresh_m3_s, self.number("nitrogen")
        change = fresh * self.FRESH_OXYGEN - (fresh + leak) * self.oxygen
        self.oxygen += change * dt / self._room.volume_m3

    def values(self) -> dict[str, float]:
        """True concentrations in each point's unit, and ``oxygen`` in %vol."""
        return self._seen | {"oxygen": self.oxygen}
