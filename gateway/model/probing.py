"""What a probe of the field says: each tag once, with what was on the wire, and what the reading cost."""

from dataclasses import dataclass, field


class Spent(Exception):
    """The probe's budget is used up; what was not asked is said to be so."""


@dataclass(slots=True)
class Pace:
    """How much a probe may ask: ``rate`` requests a second, ``most`` in all, on one connection."""

    rate: float
    most: int
    asked: int = 0
    _next: float = 0.0

    def turn(self, now: float) -> float:
        """One more request: how long it must wait, s, when it is ``now`` (of any clock that does not step).

        Raises:
            Spent: no request is left.
        """
        if self.asked >= self.most:
            raise Spent(f"{self.most} requests were asked")
        self.asked += 1
        start = max(now, self._next)
        self._next = start + 1 / self.rate
        return start - now


@dataclass(frozen=True, slots=True)
class Looked:
    """One tag: its row in the tag table, the number on the wire (None: none), what it was read from, and why not."""

    tag: int
    value: float | None
    raw: str
    ms: float | None = None
    note: str = ""
    at: int = 0
    """when it was read, ns; 0: just now"""


@dataclass(slots=True)
class Probed:
    """One source. ``cycle_ms`` is the line's time for one poll of all tags, measured on what answered."""

    reached: bool = False
    why: str = ""
    requests_per_cycle: int | None = None
    cycle_ms: float | None = None
    load: float | None = None
    """share of the line's time that polling takes"""
    asked: int = 0
    rows: list[Looked] = field(default_factory=list)
