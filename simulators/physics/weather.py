"""Air over the site: wind as a mean-reverting random walk, air temperature over a day, rain as given."""

import math
from dataclasses import dataclass

import numpy as np

from simulators.physics.part import Part


@dataclass(frozen=True)
class WeatherSpec:
    """Means and scatter of the weather; wind direction is where it blows *from*, degrees from north."""

    wind_m_s: float = 3.0
    wind_from_deg: float = 270.0
    gust_m_s: float = 0.3
    veer_deg: float = 6.0
    memory_s: float = 60.0
    air_c: float = 22.0
    swing_c: float = 4.0
    hour: float = 9.0
    pressure_hpa: float = 1013.2


class Weather(Part):
    """Ornstein-Uhlenbeck wind: dx = -(x - mean) dt/T + s sqrt(2 dt/T) N(0,1), stationary deviation s."""

    def __init__(self, spec: WeatherSpec, rng: np.random.Generator) -> None:
        self.spec, self._rng = spec, rng
        self.inputs = {
            "wind_m_s": spec.wind_m_s,
            "wind_from_deg": spec.wind_from_deg,
            "rain_mm_h": 0.0,
        }
        self.speed, self.direction, self.rain = spec.wind_m_s, spec.wind_from_deg, 0.0
        self._seconds = 0.0

    def step(self, dt: float) -> None:
        """Advance by ``dt`` seconds."""
        speed_kick, turn_kick = self._rng.standard_normal(2)
        self._seconds += dt
        self.rain = max(0.0, self.number("rain_mm_h"))
        drawn = self._walk(self.speed, "wind_m_s", self.spec.gust_m_s * speed_kick, dt)
        self.speed = max(0.3, drawn)
        self.direction = self._walk(self.direction, "wind_from_deg", self.spec.veer_deg * turn_kick, dt)

    def _walk(self, value: float, mean: str, kick: float, dt: float) -> float:
        share = min(0.5, dt / self.spec.memory_s)  # a step longer than the memory draws anew
        return value + (self.number(mean) - value) * share + kick * math.sqrt(2.0 * share)

    @property
    def air_c(self) -> float:
        """Air temperature in degrees C: a daily sine, warmest at 15 h, cooler in rain."""
        hour = self.spec.hour + self._seconds / 3600.0
        daily = self.spec.swing_c * math.cos((hour - 15.0) / 24.0 * 2.0 * math.pi)
        return self.spec.air_c + daily - min(3.0, self.rain / 20.0)

    @property
    def drift_m_s(self) -> tuple[float, float]:
        """(east, north) speed of the air in m/s; wind *from* 270 degrees blows east."""
        angle = math.radians(self.direction + 180.0)
        return self.speed * math.sin(angle), self.speed * math.cos(angle)

    def values(self) -> dict[str, float]:
        """True values: wind m/s and degrees, rain mm/h, air degrees C, pressure hPa."""
        return {
            "wind_m_s": self.speed,
            "wind_from_deg": self.direction % 360.0,
            "rain_mm_h": self.rain,
            "air_c": self.air_c,
            "pressure_hpa": self.spec.pressure_hpa,
        }
