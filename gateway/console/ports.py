"""What the console is given. The same on the edge node and in the county."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from numpy.typing import NDArray

from gateway.model.commands import Actor
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


ReloadPort = Callable[[Actor, str], Awaitable[Mapping[str, Any]]]
"""(who, why) -> what differs; raises Refused. The new configuration follows."""


class Inlet(Protocol):
    """A source that is given its readings by HTTP."""

    @property
    def name(self) -> str:
        """As in the configuration."""
        ...

    def allows(self, token: str) -> bool:
        """Whether the token is this source's own."""
        ...

    async def take(self, body: bytes) -> Mapping[str, Any]:
        """The readings of one body; returns when they are on disk.

        Raises:
            Reject: it is not as it must be; nothing was taken.
            Retry: not now.
        """
        ...


@dataclass(frozen=True, slots=True)
class Context:
    """Everything the handlers work with."""

    plant: Plant
    commands: CommandPort
    history: HistoryPort
    journal: JournalPort
    now: Callable[[], int] = field(default=time.time_ns)
    """UTC, ns: the time that ages on the page are counted from"""
