"""Rule kinds with settings of their own: one entry class each, found here and nowhere else."""

from typing import Final

from gateway.config.kinds import common, expression, groups, learned, statistics
from gateway.config.kinds.base import KindEntry

ENTRIES: Final[tuple[type[KindEntry], ...]] = (
    *common.ENTRIES,
    *groups.ENTRIES,
    *expression.ENTRIES,
    *learned.ENTRIES,
    *statistics.ENTRIES,
)
"""every entry class; the reference page and the checks walk it"""
