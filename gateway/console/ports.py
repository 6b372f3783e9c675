"""What the console is given. The same on the edge node and in the county."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from gateway.model.events import Record
from gateway.model.ports import CommandPort, Plant

Columns = Mapping[str, NDArray[Any]]
"""A tag's history in columns of one length, oldest first.

``time`` int64 ns (of the point, or of the bucket's first reading), ``value`` float64 in the tag's unit (NaN: no value),
``quality`` uint8 (the worst of the bucket). Optional: ``low`` and ``high``, the extremes of the bucket.
"""

HistoryPort = Callable[[int, int, int, int], Columns | Awaitable[Columns]]
"""(tag row, start ns, end ns, most points) -> columns; may be a coroutine function when the disk is slow."""

JournalPort = Callable[[int, int], Sequence[Record] | Awaitable[Sequence[Record]]]
"""(after seq, limit) -> records in seq order."""


@dataclass(frozen=True, slots=True)
class Context:
    """Everything the handlers work with."""

    plant: Plant
    commands: CommandPort
    history: HistoryPort
    journal: JournalPort
    now: Callable[[], int] = field(default=time.time_ns)
    """UTC, ns: the time that ages on the page are counted from"""
