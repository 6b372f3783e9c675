"""Bytes over a line that is paid by the byte (satellite, mobile): counted, told, and where asked for, kept to. Pure."""

import datetime as dt
from dataclasses import dataclass
from typing import Final, Literal

from gateway.model.times import CHINA, NS

Per = Literal["hour", "day", "month"]
HEADERS: Final = 40
"""Bytes of IPv4 and TCP header that a piece of up to ``SEGMENT`` bytes costs beside itself (RFC 791, RFC 9293)."""
SEGMENT: Final = 1400


def on_the_line(size: int) -> int:
    """What a piece of data costs, its headers and their acknowledgement counted in; an estimate."""
    return size + 2 * HEADERS * -(-size // SEGMENT)


def period_end(now: int, per: Per) -> int:
    """When the present hour, day or month (UTC+8: that of the bill) is over, UTC ns."""
    at = dt.datetime.fromtimestamp(now // NS, CHINA).replace(minute=0, second=0, microsecond=0)
    if per == "hour":
        end = at + dt.timedelta(hours=1)
    elif per == "day":
        end = at.replace(hour=0) + dt.timedelta(days=1)
    else:
        end = (at.replace(day=1, hour=0) + dt.timedelta(days=32)).replace(day=1)
    return int(end.timestamp()) * NS


@dataclass(slots=True)
class Budget:
    """``most`` bytes in each period. Counts from the start of the process: a restart begins the count anew."""

    most: int
    per: Per
    used: int = 0
    _end: int = 0
    _counted: int = 0

    def count(self, total: int, now: int) -> bool:
        """Take the running total of bytes; whether the budget of this period is used up."""
        if now >= self._end:
            self.used, self._end = 0, period_end(now, self.per)
        self.used += total - self._counted
        self._counted = total
        return self.used >= self.most

    def left_s(self, now: int) -> float:
        """Until the period is over, s."""
        return max(0.0, (self._end - now) / NS)
