"""From true values to what instruments say: lag, noise, resolution, range, then the faults in force."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulators.faults import Fault
from simulators.tags import Tag

Floats = NDArray[np.float64]

# NAMUR NE 43: a healthy transmitter holds its current between these, beyond its range too.
SATURATED_MA = (3.8, 20.5)


@dataclass(frozen=True)
class Measured:
    """What leaves the instrument: the value in tag units and, for a current loop, the current in mA."""

    value: float
    milliampere: float | None = None


class SensorBank:
    """All sensors of a plant as columns; one first-order lag each: dy/dt = (x - y) / lag."""

    def __init__(self, tags: Sequence[Tag], rng: np.random.Generator) -> None:
        self.tags, self._rng = list(tags), rng
        self._index = {tag.id: i for i, tag in enumerate(tags)}
        self._lag = np.array([tag.lag_s for tag in tags])
        self._noise = np.array([tag.noise for tag in tags])
        self._grain = np.array([tag.resolution for tag in tags])
        self._low, self._high = np.array([tag.range for tag in tags]).T
        # A loop transmitter follows the process a little beyond its range, up to the NE 43 limits.
        loop = np.array([tag.signal == "4-20mA" for tag in tags])
        span = (self._high - self._low) / 16.0
        self._low, self._high = self._low - loop * 0.2 * span, self._high + loop * 0.5 * span
        self._state: Floats | None = None
        self.values: Floats = np.zeros(len(tags))

    def step(self, dt: float, true: Mapping[str, float]) -> None:
        """Advance all sensors by ``dt`` seconds toward the true values."""
        target = np.array([true[tag.var] for tag in self.tags])
        share = np.where(self._lag > 0.0, 1.0 - np.exp(-dt / np.maximum(self._lag, 1e-9)), 1.0)
        before = target if self._state is None else self._state
        self._state = before + (target - before) * share
        noisy = self._state + self._noise * self._rng.standard_normal(len(self.tags))
        grain = np.where(self._grain > 0.0, self._grain, 1.0)
        rounded = np.where(self._grain > 0.0, np.round(noisy / grain) * grain, noisy)
        self.values = np.clip(rounded, self._low, self._high)

    def healthy(self, tag_id: str) -> float:
        """The value of one sensor before any fault."""
        return float(self.values[self._index[tag_id]])


class SensorFaults:
    """Applies sensor faults one after the other; remembers what a frozen value was."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._held: dict[str, float] = {}

    def forget(self, fault_id: str) -> None:
        """A cleared fault may come again with another held value."""
        self._held.pop(fault_id, None)

    def measure(self, tag: Tag, value: float, faults: Sequence[Fault], now_s: float) -> Measured:
        """The instrument's output at plant second ``now_s``."""
        failure: float | None = None
        for fault in faults:
            failure = fault.params.get("ma", failure)
            value = self._bend(fault, value, now_s)
        if tag.signal != "4-20mA":
            return Measured(value)
        return Measured(value, failure if failure is not None else loop_current(tag, value))

    def _bend(self, fault: Fault, value: float, now_s: float) -> float:
        if fault.kind == "frozen":
            return self._held.setdefault(fault.id, value)
        if fault.kind == "noise":
            return value + fault.params["sigma"] * float(self._rng.standard_normal())
        bend = _BENDS.get(fault.kind)
        return value if bend is None else bend(value, fault.params, now_s - fault.since_s)


Bend = Callable[[float, Mapping[str, float], float], float]  # value, parameters, seconds since onset

_BENDS: dict[str, Bend] = {
    "stuck": lambda _, params, __: params["value"],
    "drift": lambda value, params, since: value + params["per_h"] * since / 3600.0,
    "bias": lambda value, params, _: value + params["by"],
    "spike": lambda value, params, since: (
        value + params["height"] * (since % params["every_s"] < params["width_s"])
    ),
    "nan": lambda *_: math.nan,
}


def loop_current(tag: Tag, value: float) -> float:
    """What a healthy loop carries, mA: linear over the range, held at the NE 43 limits beyond it."""
    low, high = tag.range
    return max(SATURATED_MA[0], min(SATURATED_MA[1], 4.0 + 16.0 * (value - low) / (high - low)))
