"""History in whole steps of time, and why few of them need work.

A history has no ticks of its own, so it is stepped at every multiple of ``step`` (one second): what arrived after the
step before and up to this one is one input, received at this step; where nothing arrived the input is a tick. Input
numbers count the steps, so they mean the same in every part of a site that is judged alone.

A tick before every deadline of the engine changes nothing but the engine's time, which the next input moves at least
as far. So only steps with readings and the first step at or past a deadline are done: exact, as
``tests/unit/history/test_ticks.py`` shows against every tick.
"""

from dataclasses import dataclass
from typing import Any, Final

from numpy.typing import NDArray

from gateway.model.times import NEVER, NS

FIRST: Final = 1
"""number of the start; steps follow"""


@dataclass(frozen=True, slots=True)
class Grid:
    """Steps ``first``, ``first + step``, ... in ns; ``first`` is the step of the earliest reading."""

    first: int
    step: int = NS

    @property
    def start(self) -> int:
        """When judging starts: one step before the first reading."""
        return self.first - self.step

    def up(self, time: int) -> int:
        """The first step at or after ``time``, never before the first of all."""
        return max(ceil_to(time, self.step), self.first) if time < NEVER - self.step else NEVER

    def number(self, at: int) -> int:
        """Input number of a step."""
        return FIRST + 1 + (at - self.first) // self.step

    def time(self, number: int) -> int:
        """Inverse of :meth:`number`."""
        return self.first + (number - FIRST - 1) * self.step


def ceil_to(time: int, step: int) -> int:
    """The first multiple of ``step`` at or after ``time``."""
    return -(-time // step) * step


def ceil_all(times: NDArray[Any], step: int) -> NDArray[Any]:
    """:func:`ceil_to` for a column."""
    return -(-times // step) * step
