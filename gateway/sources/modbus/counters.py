"""What a Modbus source counts, for a unit and for its line, as plain integers; read by metrics and console."""

from dataclasses import dataclass
from typing import Final, Self

ERRORS: Final = ("silent", "garbled", "lost", "refused", "stray")
"""Kinds of errors, as they are called in metrics."""


@dataclass(slots=True)
class Counters:
    """Since the start of the source. ``rtt_ns`` sums over ``replies``; what a unit counts its line counts too."""

    line: Self | None = None
    up: bool | None = None
    """as the link was last said to be"""
    polls: int = 0
    requests: int = 0
    replies: int = 0
    silent: int = 0
    """no answer within the timeout"""
    garbled: int = 0
    """wrong CRC, length, unit, function or frame"""
    lost: int = 0
    """the connection broke, or could not be made"""
    refused: int = 0
    """exception answers"""
    stray: int = 0
    """answers to no question in flight: late, doubled or somebody else's; never taken"""
    echoes: int = 0
    """questions that came back to us before their answer: an adapter that hears itself"""
    connects: int = 0
    overdue: int = 0
    """polls that were skipped because the line was busy"""
    rtt_ns: int = 0
    rtt_last_ns: int = 0
    rtt_max_ns: int = 0

    def asked(self) -> None:
        """A question went out."""
        self.requests += 1
        if self.line is not None:
            self.line.asked()

    def reply(self, rtt_ns: int) -> None:
        """One answer came after so long."""
        self.replies += 1
        self.rtt_ns += rtt_ns
        self.rtt_last_ns = rtt_ns
        self.rtt_max_ns = max(self.rtt_max_ns, rtt_ns)
        if self.line is not None:
            self.line.reply(rtt_ns)

    def count(self, name: str, by: int = 1) -> None:
        """One of the rarer things: an error's kind, ``polls``, ``overdue``."""
        setattr(self, name, getattr(self, name) + by)
        if self.line is not None:
            self.line.count(name, by)
