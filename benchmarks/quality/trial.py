"""One kind on noise, and on a change in it: alarms counted over many tags at once, by the product's own bank."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors import layout as lo
from detectors.bank import Bank
from detectors.kinds import KINDS, Params

START = 1_700_006_400 * lo.NS
"""midnight UTC"""
Values = NDArray[np.float64]
"""(readings, copies, tags)"""
Draw = Callable[[np.random.Generator, tuple[int, int, int]], Values]


def normal(rng: np.random.Generator, shape: tuple[int, int, int]) -> Values:
    """Independent normal noise of mean 0 and standard deviation 1."""
    return rng.normal(0.0, 1.0, shape)


def still(_: np.random.Generator, shape: tuple[int, int, int]) -> Values:
    """Nothing moves."""
    return np.zeros(shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What is tried of a kind.

    Attributes:
        settings: of the kind, but its tags.
        roles: how many tags each role of it has; 0 is one tag (not a tuple).
        change: what is done to the values from the moment of the change on.
        said: the change in words.
        warm: readings before anything counts.
        noise: readings of noise that count.
        after: readings after the change.
        rare: readings between false alarms, by theory.
        late: readings from the change to the alarm, by theory.
        share: ``rare`` is 1 / the share of readings beyond, not the run length to the first.
        source: of the theory.
    """

    kind: str
    settings: Mapping[str, Any]
    change: Callable[[Values], None]
    said: str
    roles: Mapping[str, int] = field(default_factory=lambda: {"tag": 0})
    draw: Draw = normal
    warm: int = 1
    noise: int = 2000
    after: int = 300
    period: int = lo.NS
    copies: int = 400
    rare: float | None = None
    late: float | None = None
    share: bool = False
    source: str = ""

    @property
    def tags(self) -> int:
        """Of one copy."""
        return sum(max(n, 1) for n in self.roles.values())

    def rule(self, copy: int) -> Params:
        """The rule of one copy."""
        first, members = copy * self.tags, dict[str, Any]()
        for role, count in self.roles.items():
            members[role] = first if count == 0 else tuple(range(first, first + count))
            first += max(count, 1)
        return KINDS[self.kind](**self.settings, **members)


@dataclass(frozen=True, slots=True)
class Run:
    """Condition of every copy after every reading: (readings, copies), of :data:`detectors.layout` IS_*."""

    conditions: NDArray[np.int8]


def judge(trial: Trial, values: Values) -> Run:
    """Every reading of all copies is one input, one ``period`` apart."""
    steps, copies, tags = values.shape
    bank = Bank(copies * tags, [trial.rule(i) for i in range(copies)])
    rows = np.zeros(copies * tags, lo.ROW)
    rows["tag"], rows["flags"] = np.arange(copies * tags), lo.JUDGED
    out = np.empty((steps, copies), np.int8)
    now = np.full(copies, lo.IS_UNKNOWN, np.int8)
    for step in range(steps):
        at = START + step * trial.period
        rows["source"] = rows["received"] = at
        rows["value"] = values[step].reshape(-1)
        for edge in bank.feed(rows, len(rows), at):
            now[edge["rule"]] = edge["after"]
        out[step] = now
    return Run(out)


@dataclass(frozen=True, slots=True)
class Found:
    """``rare``: readings between false alarms, infinite if there was none in ``seen`` readings; ``late``: mean readings
    to the alarm of the copies that were quiet before; ``missed``: share of them that never raised.
    """

    rare: float
    alarms: int
    seen: int
    late: float
    missed: float


def measure(trial: Trial, seed: int) -> Found:
    """On noise, and on the change."""
    rng = np.random.default_rng(seed)
    shape = (trial.warm + trial.noise, trial.copies, trial.tags)
    rare, alarms, seen = _false(trial, judge(trial, trial.draw(rng, shape)))
    shape = (trial.warm + trial.after, trial.copies, trial.tags)
    values = trial.draw(rng, shape)
    trial.change(values[trial.warm :])
    late, missed = _late(trial, judge(trial, values))
    return Found(rare, alarms, seen, late, missed)


def _false(trial: Trial, run: Run) -> tuple[float, int, int]:
    active = run.conditions[trial.warm :] == lo.IS_ACTIVE
    if not trial.share:
        active = active[:, run.conditions[trial.warm - 1] != lo.IS_ACTIVE]
    if trial.share:
        alarms, seen = int(active.sum()), active.size
    else:
        first = np.where(active.any(axis=0), active.argmax(axis=0) + 1, len(active))
        alarms, seen = int(active.any(axis=0).sum()), int(first.sum())
    return (seen / alarms if alarms else float("inf")), alarms, seen


def _late(trial: Trial, run: Run) -> tuple[float, float]:
    quiet = run.conditions[trial.warm - 1] != lo.IS_ACTIVE
    active = run.conditions[trial.warm :][:, quiet] == lo.IS_ACTIVE
    found = active.any(axis=0)
    if not found.any():
        return float("nan"), 1.0
    return float((active.argmax(axis=0) + 1)[found].mean()), float(1.0 - found.mean())


def example(trial: Trial, seed: int, before: int) -> tuple[Values, NDArray[np.int8]]:
    """Values and conditions of one copy around a change, from ``before`` readings before it."""
    rng = np.random.default_rng(seed)
    values = trial.draw(rng, (trial.warm + trial.after, 1, trial.tags))
    trial.change(values[trial.warm :])
    run = judge(trial, values)
    start = max(0, trial.warm - before)
    return values[start:, 0], run.conditions[start:, 0]
