"""What the console is given. The same on the edge node and in the county."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from numpy.typing import NDArray

from gateway.model.commands import Actor, Command
from gateway.model.events import Occurrence, Record
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


class ReloadPort(Protocol):
    """Reads the files again; what differs. Raises Refused. The new configuration follows."""

    def __call__(self, actor: Actor, why: str, *, accept: bool) -> Awaitable[Mapping[str, Any]]:
        """``accept``: what two persons signed and the files do not say any more is dropped."""
        ...


class ChangePort(Protocol):
    """Management of change. Each method raises Refused with the reason; nothing was changed then."""

    def configs(self) -> Mapping[str, Any]:
        """What runs, and what was approved."""
        ...

    async def approve(self, digest: str, actor: Actor, second: Actor, why: str) -> Mapping[str, Any]:
        """Journal that a configuration was approved."""
        ...

    async def stage(
        self, part: str, ident: str, stage: str, actor: Actor, second: Actor, why: str
    ) -> Mapping[str, Any]:
        """Set a stage; what differs. The new configuration follows."""
        ...


LedgerPort = Callable[[Sequence[str], int], Mapping[str, Any] | Awaitable[Mapping[str, Any]]]
"""(beginnings of alarm ids, most events) -> the ledger as :meth:`gateway.store.ledger.Ledger.as_json` has it."""


RetryPort = Callable[[Sequence[int], Actor], Awaitable[int]]
"""(numbers of dead letters, who) -> how many were given again; raises Refused."""


class ExercisePort(Protocol):
    """Drills beside a running gateway. Each method raises Refused with the reason."""

    async def start(self, text: str, name: str, by: Actor, comment: str) -> Mapping[str, Any]:
        """Start one of a scenario's text, or of a named scenario; its status."""
        ...

    def stop(self, by: Actor, why: str) -> Mapping[str, Any]:
        """End the one that runs."""
        ...

    def status(self) -> Mapping[str, Any]:
        """Whether one runs."""
        ...

    def report(self, ident: str) -> Mapping[str, Any]:
        """Of one that is over; of the newest, if ``ident`` is empty."""
        ...

    def occurrences(self) -> Sequence[Occurrence]:
        """Open alarms of the one that runs."""
        ...

    async def records(self, after: int, limit: int) -> Sequence[Record]:
        """Its own journal."""
        ...

    async def submit(self, command: Command) -> Sequence[Record]:
        """An act on its alarms."""
        ...


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
    ledger: LedgerPort | None = None
    """what became of each alarm event at each output; none where nothing is sent"""
