"""When a true value is beyond a limit: the causes a scenario names, judged on physics, not on sensors."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simulators.errors import BadData


@dataclass(frozen=True)
class Cause:
    """Exactly one of ``var``, ``rate``, ``votes``, ``differ`` and ``fault``, with the numbers it needs.

    ``var`` a true value, ``rate`` its change over ``window_s`` per ``per_s`` seconds: with ``above`` or
    ``below`` and, for the end, ``reset``.  ``votes`` true when ``needed`` of several are over ``over``.
    ``differ`` two states that disagree.  ``fault`` a fault of the scenario.  Episodes shorter than
    ``at_least_s`` do not count.
    """

    var: str = ""
    rate: str = ""
    votes: Sequence[str] = ()
    differ: Sequence[str] = ()
    fault: str = ""
    above: float | None = None
    below: float | None = None
    reset: float | None = None
    over: float = 0.0
    needed: int = 1
    window_s: float = 60.0
    per_s: float = 60.0
    at_least_s: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a cause that says nothing or two things."""
        named = [name for name in ("var", "rate", "votes", "differ", "fault") if getattr(self, name)]
        limits = [limit for limit in (self.above, self.below) if limit is not None]
        needs_limit = named in (["var"], ["rate"])
        if len(named) != 1 or len(limits) != int(needs_limit):
            raise BadData("cause: one of var, rate (each with above or below), votes, differ, fault")

    @property
    def variables(self) -> tuple[str, ...]:
        """The true values it looks at."""
        single = tuple(name for name in (self.var, self.rate) if name)
        return (*single, *self.votes, *self.differ)


Episode = tuple[float, float | None]  # plant seconds; an open end is None


class Watch:
    """Follows one cause through time and keeps its episodes."""

    def __init__(self, cause: Cause) -> None:
        self.cause = cause
        self._past: deque[tuple[float, float]] = deque()
        self._since: float | None = None
        self._closed: list[tuple[float, float]] = []

    def see(self, now_s: float, true: Mapping[str, float]) -> bool:
        """Look at the true values of this moment; True when an episode began or ended."""
        if self.cause.fault:
            return False
        return self.mark(now_s, active=self._holds(now_s, true))

    def mark(self, now_s: float, *, active: bool) -> bool:
        """The cause holds, or not, from now on; True when that is a change."""
        if active == (self._since is not None):
            return False
        if self._since is not None:
            self._closed.append((self._since, now_s))
        self._since = now_s if active else None
        return True

    def episodes(self, now_s: float) -> list[Episode]:
        """Episodes that lasted ``at_least_s``, oldest first."""
        shortest = self.cause.at_least_s
        found: list[Episode] = [one for one in self._closed if one[1] - one[0] >= shortest]
        if self._since is not None and now_s - self._since >= shortest:
            found.append((self._since, None))
        return found

    def _holds(self, now_s: float, true: Mapping[str, float]) -> bool:
        cause = self.cause
        if cause.differ:
            return len({true[name] >= 0.5 for name in cause.differ}) > 1
        if cause.votes:
            return sum(true[name] > cause.over for name in cause.votes) >= cause.needed
        value = true[cause.var] if cause.var else self._rate(now_s, true[cause.rate])
        return self._beyond(value)

    def _beyond(self, value: float) -> bool:
        """Trigger when quiet, reset when active; a side is a sign, so one comparison serves both."""
        cause = self.cause
        side, limit = (1.0, cause.above) if cause.above is not None else (-1.0, cause.below)
        held = cause.reset if self._since is not None and cause.reset is not None else limit
        return side * (value - (held or 0.0)) > 0.0

    def _rate(self, now_s: float, value: float) -> float:
        """Change over the last ``window_s``, per ``per_s``; 0 until the window is full."""
        self._past.append((now_s, value))
        while self._past[0][0] < now_s - self.cause.window_s:
            self._past.popleft()
        then, before = self._past[0]
        full = now_s - then >= self.cause.window_s * 0.99
        return (value - before) / (now_s - then) * self.cause.per_s if full else 0.0
