"""The plant of ``benchmarks.delivery``, the same readings for whoever makes them.

200 devices of 50 tags. Unless one period is asked for, each tag has that of its kind in ``configs/packs``: gas
detectors 1 s, tanks 5 s, temperatures and the methane of mines 10 s, ponds, slopes and dams 10 min; 1,009 readings a
second in all, as many as if every tag had 10 s (87 million a day).
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gateway.model.batch import Batch
from gateway.model.levels import Level
from gateway.model.site import Installation, Rule, RuleKind, Site, Tag
from gateway.model.times import NS

TAGS: Final = 10_000
DEVICE: Final = 50
"""tags of one poll, with one time"""
MIX: Final = ((300, 1), (2_500, 5), (2_000, 10), (5_200, 600))
"""tags, and their period in s"""
LINES: Final = 5_000
"""in one POST, of either side"""
_SPAN: Final = NS * 99 // 100
"""polls of a second are spread over so much of it (ns)"""


def plant() -> Site:
    """10,000 tags that never grow stale, and one of them with a limit."""
    tags = tuple(
        Tag(id=f"T-{i}", raw="", description="", cls="level", unit="m", installation="A", max_age=0)
        for i in range(TAGS)
    )
    rule = Rule(
        id="T-0.H", name="H", kind=RuleKind.LIMIT_HIGH, subject="T-0", tags=("T-0",), trigger=8.0, reset=7.0,
        installation="A", level=Level.RED, priority=1,
    )  # fmt: skip
    site = Site(gateway="gw", county="341524", id="bench", name="bench", tags=tags, rules=(rule,))
    return replace(site, config_hash="d" * 64, installations=(Installation(id="A", name="A"),))


@dataclass(frozen=True)
class Day:
    """What was polled from ``base`` (ns, a whole second) on; every tag each ``period`` s, 0: as in ``MIX``."""

    table: str
    base: int
    period: int = 0

    @property
    def periods(self) -> NDArray[np.int64]:
        """Of each device."""
        mix = MIX if not self.period else ((TAGS, self.period),)
        return np.repeat([p for _, p in mix], [n // DEVICE for n, _ in mix])

    def lines(self, first: int, last: int) -> int:
        """Readings of the seconds from ``first`` to ``last`` (not inside)."""
        device, period = np.arange(TAGS // DEVICE), self.periods
        polls = (last - 1 + device) // period - (first - 1 + device) // period
        return int(polls.sum()) * DEVICE

    def polls(self, second: int) -> list[Batch]:
        """Of one second, in order of arrival."""
        due = np.flatnonzero((second + np.arange(TAGS // DEVICE)) % self.periods == 0)
        if not len(due):
            return []
        rng, step = np.random.default_rng(second), _SPAN // len(due)
        values = rng.normal(5, 0.5, (len(due), DEVICE)).astype(np.float32).astype(np.float64)
        at = self.base + second * NS + np.arange(len(due)) * step + rng.integers(0, step // 2, len(due))
        return [self._poll(*each) for each in zip(due.tolist(), at.tolist(), values, strict=True)]

    def _poll(self, device: int, at: int, values: NDArray[np.float64]) -> Batch:
        tag = np.arange(device * DEVICE, (device + 1) * DEVICE, dtype=np.int32)
        times = np.full(DEVICE, at)
        return Batch(self.table, tag, times, times, values, np.zeros(DEVICE, np.uint8))
