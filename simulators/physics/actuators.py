"""Shut-off valves and pumps: a command, a body that follows it, a feedback, and ways to fail."""

from dataclasses import dataclass

VALVE_FAILURES = ("none", "stuck")
PUMP_FAILURES = ("none", "trip", "runaway")

# Where the open limit switch makes, as a share of travel: the usual setting of a limit-switch box.
OPEN_LIMIT = 0.95


@dataclass
class Valve:
    """An on-off valve; ``position`` 0 closed .. 1 open, moving one full travel in ``travel_s``."""

    travel_s: float
    position: float = 0.0
    command: bool = False

    def step(self, dt: float, failure: str) -> None:
        """Move toward the command unless stuck."""
        if failure == "stuck":
            return
        reach = dt / self.travel_s
        gap = float(self.command) - self.position
        self.position += max(-reach, min(reach, gap))

    @property
    def feedback(self) -> bool:
        """The open limit switch."""
        return self.position >= OPEN_LIMIT


@dataclass
class Pump:
    """A pump; ``speed`` 0..1 follows its contactor with a first-order lag ``lag_s``."""

    lag_s: float
    speed: float = 0.0
    command: bool = False
    feedback: bool = False

    def step(self, dt: float, failure: str) -> None:
        """Contactor by command or failure, then the speed."""
        self.feedback = {"trip": False, "runaway": True}.get(failure, self.command)
        self.speed += (float(self.feedback) - self.speed) * min(1.0, dt / self.lag_s)
