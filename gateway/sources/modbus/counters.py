"""What a Modbus source counts, as plain integers; read by the console and by ``check --probe``."""

from dataclasses import dataclass


@dataclass(slots=True)
class Counters:
    """Since the start of the source. ``rtt_ns`` sums over ``replies``; ``overdue`` counts polls that were skipped."""

    polls: int = 0
    requests: int = 0
    replies: int = 0
    silent: int = 0
    garbled: int = 0
    lost: int = 0
    refused: int = 0
    """exception answers"""
    stray: int = 0
    """answers to no question in flight: late, doubled or somebody else's; never taken"""
    connects: int = 0
    overdue: int = 0
    rtt_ns: int = 0
    rtt_last_ns: int = 0
    rtt_max_ns: int = 0

    def reply(self, rtt_ns: int) -> None:
        """One answer came after so long."""
        self.replies += 1
        self.rtt_ns += rtt_ns
        self.rtt_last_ns = rtt_ns
        self.rtt_max_ns = max(self.rtt_max_ns, rtt_ns)
