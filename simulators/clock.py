"""Plant time as a scaled copy of wall time, so that two processes can agree on it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

SECOND = 1_000_000_000


def steady_wall() -> Callable[[], int]:
    """Wall nanoseconds that never step: the wall clock now, carried on by the monotonic clock."""
    offset = time.time_ns() - time.monotonic_ns()
    return lambda: time.monotonic_ns() + offset


@dataclass(frozen=True)
class ScaledClock:
    """plant = t0 + (wall - wall0) * speed; all times are epoch nanoseconds."""

    t0_ns: int
    wall0_ns: int
    speed: float = 1.0
    wall: Callable[[], int] = field(default_factory=steady_wall)

    def now_ns(self) -> int:
        """Plant time now, epoch ns."""
        return self.t0_ns + round((self.wall() - self.wall0_ns) * self.speed)

    def elapsed_s(self) -> float:
        """Plant seconds since t0; negative before the agreed start."""
        return (self.now_ns() - self.t0_ns) / SECOND

    def at_ns(self, elapsed_s: float) -> int:
        """Plant time, epoch ns, of a moment given in plant seconds since t0."""
        return self.t0_ns + round(elapsed_s * SECOND)
