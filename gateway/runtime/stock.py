"""How much history there is, and how long the disk lasts."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.model.times import NS
from gateway.store.archive.layout import Manifest

SPARE_BYTES: Final = 1 << 30
"""Disk that the archive leaves to others."""
RATE_DAYS: Final = 7
"""the rate is the mean of so many closed days"""
LEAST_NS: Final = 3600 * NS
"""before the first day is closed, of so much in the spool at least"""
_DAY: Final = 86_400 * NS


@dataclass(frozen=True, slots=True)
class Stock:
    """What there is of history. ``oldest``: source time ns, 0 when there is none; ``bytes`` of the archive;
    ``days_left``: until disk or limit are reached at the present rate, None when the rate is not known yet.
    """

    oldest: int = 0
    bytes: int = 0
    days_left: float | None = None


@dataclass(frozen=True, slots=True)
class Spooled:
    """The spool's part: bytes, and the first and last source time on disk (ns; 0: nothing there)."""

    bytes: int
    oldest: int
    newest: int


def stock(folder: Path, known: Sequence[Manifest], spooled: Spooled, limit: int) -> Stock:
    """``limit``: bytes the archive may take."""
    kept = sum(m.bytes for m in known)
    starts = [m.start for m in known if m.rows] + [t for t in (spooled.oldest,) if t]
    rate = _rate(known, spooled)
    if rate is None:
        return Stock(min(starts, default=0), kept)
    room = min(shutil.disk_usage(folder).free - SPARE_BYTES, limit - kept)
    return Stock(min(starts, default=0), kept, round(max(0.0, room / max(1.0, rate)), 1))


def _rate(known: Sequence[Manifest], spooled: Spooled) -> float | None:
    """Bytes a day. The spool's are more than the archive will make of them: a careful guess for the first day."""
    whole = [m for m in known if m.closed and m.rows and not m.thinned][-RATE_DAYS:]
    if whole:
        return sum(m.bytes for m in whole) / len(whole)
    span = spooled.newest - spooled.oldest
    return spooled.bytes * _DAY / span if span >= LEAST_NS else None
