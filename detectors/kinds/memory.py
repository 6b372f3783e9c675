"""How far back each kind looks: the readings from which its number can be made anew when no snapshot can be used."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from detectors.kinds import common, groups, learned, statistics
from detectors.kinds.params import Params


@dataclass(frozen=True, slots=True)
class Memory:
    """What a number depends on, beside the newest reading of each of its tags, which it always does."""

    time: int = 0
    """GOOD readings so young, ns of event time, and the last one before them"""
    readings: int = 1
    """so many of the newest GOOD readings of each tag, however old"""
    learned: bool = False
    """and on all before: made anew it is another number until as much was learned again"""


def _newest(_: Any) -> Memory:
    return Memory()


def _window(rule: Any) -> Memory:
    """Its buckets and the open one."""
    return Memory(time=rule.window + -(-rule.window // int(rule.buckets)))


def _rest(rule: Any) -> Memory:
    """Within a band it matters where the value came to rest."""
    return Memory(time=rule.window, learned=rule.band > 0)


def _dwell(rule: Any) -> Memory:
    """Once beyond it stays so until a window has too little: what began it may be as old as two."""
    return Memory(time=2 * _window(rule).time) if rule.window else Memory(time=rule.longest)


def _balance(rule: Any) -> Memory:
    return Memory(time=rule.window + 2 * -(-rule.window // int(rule.cells)) + rule.bridge)


def _five(_: Any) -> Memory:
    return Memory(readings=5)


def _samples(rule: Any) -> Memory:
    """The samples, the one that is being made and the one it is judged after."""
    return Memory(time=rule.every * (rule.samples + 2), readings=rule.samples + 1)


def _learned(_: Any) -> Memory:
    return Memory(learned=True)


MEMORIES: Final[dict[type[Params], Callable[[Any], Memory]]] = {
    common.Limit: _newest,
    common.State: _newest,
    common.Discrepancy: _newest,
    common.Vote: _newest,
    common.Rate: _window,
    common.Trend: _window,
    common.Spike: _five,
    common.Frozen: _rest,
    groups.Deviation: _newest,
    groups.MovingLimit: _newest,
    groups.Spread: _newest,
    groups.StateLimit: _newest,
    groups.Expression: _newest,
    groups.Balance: _balance,
    groups.Multivariate: _learned,
    learned.Departure: _learned,
    learned.Novelty: _learned,
    statistics.Total: _window,
    statistics.Mean: _window,
    statistics.Peak: _window,
    statistics.Starts: _window,
    statistics.Oscillation: _learned,  # extremes are remembered until the signal turns, however long that takes
    statistics.Dwell: _dwell,
    statistics.Setpoint: _newest,
    statistics.Cusum: _learned,
    statistics.Ewma: _learned,
    statistics.PageHinkley: _learned,
    statistics.Hampel: _samples,
    statistics.Baseline: _learned,
    statistics.Excess: _window,
    statistics.Shift: _window,
    statistics.Noise: _window,
    statistics.Velocity: _window,
    statistics.InverseVelocity: _window,
}
"""by kind, over its parameters"""


def memory_of(rule: Params) -> Memory:
    """What the rule's number depends on; its delays come on top."""
    return MEMORIES[type(rule)](rule)
