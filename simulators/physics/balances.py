"""A plant as data: balances of mass, heat and gas, lags of actuators and instruments, and what follows from them.

A node of ``nodes`` is one of

* ``is``: a formula, worked out in each step in the order of the file;
* ``rate``: what is stored; d/dt = the formula (per second), kept between ``low`` and ``high``;
* ``follows``: a first-order lag of time constant ``over_s`` behind the formula: pumps, valves, fans, heat, soaking.

``inputs`` are what a scenario sets, ``walks`` slow random movement (mean 0, ``deviation``, ``memory_s``). A formula may
name them, other nodes, ``t`` (s), ``hour`` (of the day) and values of other parts (``air.rain_mm_h``).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from simulators.data import make, mapping
from simulators.errors import BadData
from simulators.physics.formula import Formula, formula, names_in
from simulators.physics.part import Part


@dataclass(frozen=True)
class WalkSpec:
    """An Ornstein-Uhlenbeck walk around 0, exact for any step."""

    deviation: float
    memory_s: float = 600.0


@dataclass(frozen=True)
class NodeSpec:
    """One node; exactly one of ``is_``, ``rate`` and ``follows``."""

    is_: float | str = ""
    rate: float | str = ""
    follows: float | str = ""
    start: float = 0.0
    over_s: float = 1.0
    low: float = -math.inf
    high: float = math.inf
    text: str = ""


class Balances(Part):
    """All nodes of one plant file; see the module."""

    START_HOUR = 9.0

    def __init__(self, described: Mapping[str, Any], rng: np.random.Generator) -> None:
        self._rng = rng
        self.inputs = {k: float(v) for k, v in mapping(described.get("inputs", {}), "inputs").items()}
        walks = mapping(described.get("walks", {}), "walks")
        self._walks = {name: make(WalkSpec, spec, f"walks.{name}") for name, spec in walks.items()}
        self._nodes = {
            name: _node(spec, name) for name, spec in mapping(described.get("nodes"), "nodes").items()
        }
        self._formulas = {name: _formula(spec, name) for name, spec in self._nodes.items()}
        self._now: dict[str, float] = {name: node.start for name, node in self._nodes.items()}
        self._walk = dict.fromkeys(self._walks, 0.0)
        self._seconds = 0.0
        self._began = False

    def check_names(self, others: Mapping[str, float]) -> None:
        """Every name in every formula is there.

        Raises:
            BadData: says which is not.
        """
        known = {*self.inputs, *self._walks, *self._nodes, *others, "t", "hour"}
        for name, node in self._nodes.items():
            if lost := sorted(names_in(_text(node)) - known):
                raise BadData(f"nodes.{name}: unknown {', '.join(lost)}")

    def step(self, dt: float, others: Mapping[str, float]) -> None:
        """Advance by ``dt`` seconds; ``others`` are the values of the other parts now."""
        self._stroll(dt)
        env = self._env(others)
        for name, node in self._nodes.items():
            env[name] = self._now[name] = self._moved(name, node, env, dt)
        self._seconds += dt

    def settle(self, others: Mapping[str, float]) -> None:
        """Work out what follows from the start values, before the first step."""
        env = self._env(others)
        for name, node in self._nodes.items():
            if node.is_ != "":
                env[name] = self._now[name] = self._formulas[name](env)

    def _env(self, others: Mapping[str, float]) -> dict[str, float]:
        hour = (self.START_HOUR + self._seconds / 3600.0) % 24.0
        numbers = {name: float(value) for name, value in self.inputs.items()}
        return {**others, **numbers, **self._walk, **self._now, "t": self._seconds, "hour": hour}

    def _stroll(self, dt: float) -> None:
        for name, walk in self._walks.items():
            keep = math.exp(-dt / walk.memory_s)
            kick = walk.deviation * math.sqrt(1.0 - keep * keep) * float(self._rng.standard_normal())
            self._walk[name] = keep * self._walk[name] + kick

    def _moved(self, name: str, node: NodeSpec, env: Mapping[str, float], dt: float) -> float:
        asked, before = self._formulas[name](env), self._now[name]
        if node.is_ != "":
            return asked
        if node.rate != "":
            return min(node.high, max(node.low, before + asked * dt))
        return before + (asked - before) * (1.0 - math.exp(-dt / node.over_s))

    def values(self) -> dict[str, float]:
        """Every node, every input."""
        return {**{name: float(value) for name, value in self.inputs.items()}, **self._now}


def _node(described: object, name: str) -> NodeSpec:
    given = mapping(described, f"nodes.{name}")
    given["is_"] = given.pop("is", "")
    node = make(NodeSpec, given, f"nodes.{name}")
    if sum(each != "" for each in (node.is_, node.rate, node.follows)) != 1:
        raise BadData(f"nodes.{name}: one of is, rate, follows")
    if node.over_s <= 0.0:
        raise BadData(f"nodes.{name}: over_s above 0")
    return node


def _text(node: NodeSpec) -> float | str:
    return next(each for each in (node.is_, node.rate, node.follows) if each != "")


def _formula(node: NodeSpec, name: str) -> Formula:
    return formula(_text(node), f"nodes.{name}")
