"""A plant put together from its description; parts are stepped in the order air, tanks, gas, ponds, balances."""

from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np

from simulators.data import make, mapping
from simulators.errors import BadData
from simulators.physics.balances import Balances
from simulators.physics.gas import Gas, PointSpec, RoomSpec, SourceSpec
from simulators.physics.part import Part, Setting
from simulators.physics.pond import Pond, PondSpec
from simulators.physics.tank import Tank, TankSpec
from simulators.physics.weather import Weather, WeatherSpec

__all__ = ["Plant", "Setting", "build_plant"]

T = TypeVar("T")


class Plant:
    """Parts by name; inputs and true values are addressed as ``part.name``."""

    def __init__(
        self,
        weather: Weather,
        tanks: Mapping[str, Tank],
        gas: Gas,
        ponds: Mapping[str, Pond],
        balances: Balances | None = None,
    ) -> None:
        self.weather, self.tanks, self.gas, self.ponds = weather, dict(tanks), gas, dict(ponds)
        self.parts: dict[str, Part] = {"air": weather, "gas": gas, **self.tanks, **self.ponds}
        self.balances = balances
        if balances is not None:
            others = self.values()
            balances.check_names(others)
            balances.settle(others)
            self.parts["plant"] = balances

    def step(self, dt: float) -> None:
        """Advance the whole plant by ``dt`` seconds."""
        self.weather.step(dt)
        for tank in self.tanks.values():
            tank.step(dt, self.weather.air_c)
        self.gas.step(dt, self.weather)
        for pond in self.ponds.values():
            pond.step(dt, self.weather.rain)
        if self.balances is not None:
            self.balances.step(dt, self._others())

    def _others(self) -> dict[str, float]:
        """Values of the parts that balances may look at."""
        return {
            f"{name}.{key}": value
            for name, part in self.parts.items()
            if part is not self.balances
            for key, value in part.values().items()
        }

    def values(self) -> dict[str, float]:
        """Every true value now."""
        return {f"{name}.{key}": v for name, part in self.parts.items() for key, v in part.values().items()}

    def inputs(self) -> dict[str, Setting]:
        """Every input a scenario may set, with its present value."""
        return {f"{name}.{key}": v for name, part in self.parts.items() for key, v in part.inputs.items()}

    def check(self, path: str, value: Setting) -> None:
        """There is an input ``part.name`` and it can have this value."""
        part, _, name = path.partition(".")
        if part not in self.parts:
            raise BadData(f"no part {part!r}; the plant has {', '.join(self.parts)}")
        self.parts[part].check(name, value)

    def set(self, path: str, value: Setting) -> None:
        """Set the input ``part.name``."""
        self.check(path, value)
        part, _, name = path.partition(".")
        self.parts[part].set(name, value)


def build_plant(described: Mapping[str, Any], rng: np.random.Generator) -> Plant:
    """A plant from the ``physics`` mapping of a plant file."""
    extra = sorted(set(described) - {"air", "tanks", "gas", "ponds", "plant"})
    if extra:
        raise BadData(f"physics: unknown {', '.join(extra)}; allowed: air, tanks, gas, ponds, plant")
    weather = Weather(make(WeatherSpec, described.get("air", {}), "physics.air"), rng)
    tanks = {name: Tank(spec) for name, spec in _specs(TankSpec, described, "tanks").items()}
    ponds = {name: Pond(spec) for name, spec in _specs(PondSpec, described, "ponds").items()}
    gas = _gas(mapping(described.get("gas", {}), "physics.gas"))
    named = mapping(described.get("plant", {}), "physics.plant")
    return Plant(weather, tanks, gas, ponds, Balances(named, rng) if named else None)


def _gas(described: Mapping[str, Any]) -> Gas:
    room = make(RoomSpec, described.get("room", {}), "physics.gas.room")
    points = _specs(PointSpec, described, "points")
    return Gas(_specs(SourceSpec, described, "sources"), points, room)


def _specs(cls: type[T], described: Mapping[str, Any], key: str) -> dict[str, T]:
    found = mapping(described.get(key, {}), f"physics.{key}")
    return {name: make(cls, spec, f"physics.{key}.{name}") for name, spec in found.items()}
