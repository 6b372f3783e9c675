"""Small frozen things that the store gives and takes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from gateway.model.batch import Batch
from gateway.model.events import Record
from gateway.model.inputs import Gap
from gateway.store.canonical import ZERO


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose journal it is: the three names in every event and topic."""

    gateway: str
    county: str
    site: str


@dataclass(frozen=True, slots=True)
class Head:
    """The last event of an epoch; ``seq`` 0 and 64 zeros when there is none yet."""

    seq: int = 0
    hash: str = ZERO
    recorded: int = 0
    epoch: str = ""


@dataclass(frozen=True, slots=True)
class Commit:
    """What one commit did.

    Attributes:
        records: the events as journalled, in order; may leave the gateway now.
        durable: they are on disk. False: kept in memory, journalled first when the disk takes them.
        gaps: what had to be dropped since the last commit; to be numbered as inputs.
    """

    records: list[Record]
    durable: bool
    gaps: tuple[Gap, ...] = ()


@dataclass(slots=True)
class Ticket:
    """Of one commit: whether its events left before the disk answered; and the records once it has."""

    left: bool = False
    landed: "list[Record] | None" = None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What an output will never take, with the other side's words. ``time`` ns."""

    id: int
    time: int
    output: str
    reason: str
    data: bytes


class SnapshotLike(Protocol):
    """What :meth:`Store.save_snapshot` takes; the engine's snapshot is one."""

    @property
    def version(self) -> str: ...
    @property
    def number(self) -> int: ...
    @property
    def config_hash(self) -> str: ...
    @property
    def parts(self) -> Mapping[str, bytes]: ...


@dataclass(frozen=True, slots=True)
class SavedSnapshot:
    """A snapshot as read back: the state after input ``number``."""

    version: str
    number: int
    config_hash: str
    parts: dict[str, bytes]


@dataclass(slots=True)
class Growing:
    """The chunk of the spool that still grows."""

    first: int = 0
    last: int = 0
    slot: int = 0
    rows: int = 0
    batches: list[Batch] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)
