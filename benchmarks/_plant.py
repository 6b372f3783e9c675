"""The plant of ``benchmarks.delivery``, the same readings for whoever makes them."""

from dataclasses import replace
from typing import Final

import numpy as np

from gateway.model.batch import Batch
from gateway.model.levels import Level
from gateway.model.site import Installation, Rule, RuleKind, Site, Tag
from gateway.model.times import NS

TAGS: Final = 10_000
LINES: Final = 5_000
"""in one POST, of either side"""


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


def readings(site: Site, base: int, second: int) -> Batch:
    """A second of the plant from ``base`` (ns), each tag a little later than the one before."""
    values = np.random.default_rng(second).normal(5, 0.5, TAGS).astype(np.float32).astype(np.float64)
    source = base + second * NS + np.arange(TAGS, dtype=np.int64)
    return Batch(
        site.table, np.arange(TAGS, dtype=np.int32), source, source, values, np.zeros(TAGS, np.uint8)
    )
