"""Inputs led from one value to another over time."""

from dataclasses import dataclass

from simulators.physics import Plant, Setting


@dataclass(frozen=True)
class _Ramp:
    start_s: float
    over_s: float
    low: float
    high: float

    def value(self, now_s: float) -> float:
        share = min(1.0, (now_s - self.start_s) / self.over_s)
        return self.low + (self.high - self.low) * share


class Ramps:
    """Inputs on their way; a new order for an input replaces the old one."""

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self._under_way: dict[str, _Ramp] = {}

    def lead(self, path: str, value: Setting, now_s: float, over_s: float) -> None:
        """Set ``path`` at once, or begin to lead it to ``value``."""
        self._plant.check(path, value)
        self._under_way.pop(path, None)
        present = self._plant.inputs()[path]
        if over_s > 0.0 and not isinstance(present, str) and not isinstance(value, str):
            self._under_way[path] = _Ramp(now_s, over_s, present, float(value))
        else:
            self._plant.set(path, value)

    def step(self, now_s: float) -> None:
        """Move every input that is on its way."""
        for path, ramp in list(self._under_way.items()):
            self._plant.set(path, ramp.value(now_s))
            if now_s >= ramp.start_s + ramp.over_s:
                del self._under_way[path]
