"""Ports: what the runtime gives to plugins, and what plugins give to the runtime. Protocols only.

A plugin is long-running: ``run`` works until it is cancelled. It raises :class:`~gateway.model.errors.Retry` when the
other side is gone (the supervisor calls ``run`` again after a backoff with full jitter) and
:class:`~gateway.model.errors.Misconfigured` when only a person can help (it stays down and visible).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from gateway.model.batch import Batch, Scan
from gateway.model.calm import Calm
from gateway.model.commands import Command
from gateway.model.events import Occurrence, Record
from gateway.model.levels import Level, LiveLevel
from gateway.model.probing import Looked
from gateway.model.site import Site


class Clock(Protocol):
    """The only way to know the time. Real in ``run``; scaled in ``demo``; the data's own in replay."""

    def now(self) -> int:
        """UTC, ns."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Sleep that many seconds of this clock."""
        ...


class Feed(Protocol):
    """What the runtime gives to a source."""

    @property
    def clock(self) -> Clock:
        """Stamps ``received``."""
        ...

    @property
    def table(self) -> str:
        """Tag-table id for batches."""
        ...

    def readings(self, batch: Batch, done: Callable[[], None] | None = None, *, soon: bool = False) -> bool:
        """Queue raw readings; ``done`` is called in the event loop after they are committed to disk.

        ``soon``: the other side sends no more before it has been told; the commit does not wait for company.
        Never blocks. False: the queue was full, the readings are lost and a gap record was made
        (``done`` is not called).
        """
        ...

    def scan(self, scan: Scan) -> bool:
        """Queue raw readings of one poll. Those of many devices that come together become one batch."""
        ...

    def link(self, link: str, *, up: bool, reason: str = "") -> None:
        """A bus or device was lost or came back. Repeats of the same state are ignored."""
        ...

    def gap(self, who: str, start: int, end: int, count: int, why: str) -> None:
        """Say what was lost before it could become a reading."""
        ...

    async def room(self) -> None:
        """Wait until the queue is at most half full (for sources that can push back, e.g. MQTT, replay)."""
        ...

    def calm(self) -> Calm:
        """Which of the source's readings may wait for company; the source keeps it up to date."""
        ...

    def fetch(self, call: Callable[[], None] | None) -> None:
        """``call`` hands on at once what the source lets wait: time must not go on over what has come. None: nothing
        waits any more. It is called in the event loop, and must not fail.
        """
        ...


class Source(Protocol):
    """A plugin that reads."""

    @property
    def name(self) -> str:
        """As in the configuration."""
        ...

    async def run(self, feed: Feed) -> None:
        """Read until cancelled."""
        ...


@dataclass(frozen=True, slots=True)
class LiveState:
    """Live and base level of the site (``installation`` empty) or of one installation."""

    installation: str
    level: LiveLevel
    base: Level
    since: int
    cause: tuple[str, ...] = ()
    """ids of occurrences, tags or rules that explain the level, most important first"""
    blinded: tuple[str, ...] = ()
    """tags whose rules cannot be judged now"""
    not_judged: tuple[str, ...] = ()
    """tags whose class needs a limit and has none enabled, or all of whose rules are disabled or in shadow"""
    unjudged: tuple[str, ...] = ()
    """rules whose condition is not known now, and why: ``LT-1.SL: state-not-listed``, ``PT-2.BASE: warming-up``"""
    suppressed: tuple[str, ...] = ()
    """rules that a person has shelved or taken out of service"""
    modifiers: tuple[str, ...] = ()
    """modifiers of the level that apply, with what makes them: ``bypass: BP-1.STATE``"""


@dataclass(frozen=True, slots=True)
class TagState:
    """The present of one tag, for console and status."""

    tag: str
    value: float | None
    quality: int
    source: int
    received: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkTraffic:
    """What a source counts of one link since it was made. Times are ns."""

    link: str
    up: bool | None
    """None: not heard yet"""
    requests: int = 0
    replies: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    """kind of error -> how many"""
    overdue: int = 0
    """polls that were skipped because the line was busy"""
    rtt: int = 0
    """mean time from a request to its reply, and the longest"""
    rtt_max: int = 0
    cycles: dict[int, int] = field(default_factory=dict)
    """period asked for -> achieved cycle, smoothed; 0: not polled twice yet"""


@runtime_checkable
class Counting(Protocol):
    """A source that counts its traffic by link."""

    def traffic(self) -> Sequence[LinkTraffic]:
        """Its lines, each before its devices."""
        ...


@runtime_checkable
class Showing(Protocol):
    """A source that can show what it read last of a tag as it was on the wire."""

    @property
    def name(self) -> str:
        """As in the configuration."""
        ...

    def raw(self, tag: int) -> Looked | None:
        """By its row in the tag table; None: the tag is another source's. Nothing is read for it."""
        ...


@dataclass(frozen=True, slots=True)
class Chunk:
    """Conditioned readings on their way out; ``id`` is the cursor, strictly increasing."""

    id: int
    first_input: int
    last_input: int
    batch: Batch


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What ``status`` publishes and /healthz shows."""

    state: str
    """starting / online / degraded"""
    time: int
    started: int
    version: str
    tags_good: int
    tags_uncertain: int
    tags_bad: int
    waiting_since: dict[str, int] = field(default_factory=dict)
    """output -> when the oldest event that it has not delivered was recorded, ns"""
    standby_open: tuple[str, ...] = ()
    """outputs that stand by and are in use now, because an alarm was not confirmed in time"""
    backlog: dict[str, int] = field(default_factory=dict)
    """output name -> records or readings waiting"""
    oldest_unsent_alarm: int | None = None
    disk_free: int = 0
    disk_days: float | None = None
    """days until history reaches the disk's end or its own limit, at the present rate; None: not known yet"""
    history_from: int | None = None
    """source time of the oldest readings kept, ns"""
    history_bytes: int = 0
    durable: bool = True
    clock_offset_s: float | None = None
    clock_synchronised: bool | None = None
    """whether the machine's clock is disciplined; None: it does not say"""
    certificate_days: int | None = None
    troubles: tuple[str, ...] = ()
    exercise: str = ""
    """id of the drill that is running beside the plant"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """The committed present: never ahead of the journal."""

    site: Site
    epoch: str
    head_seq: int
    head_hash: str
    time: int
    """of the gateway's clock, when it was asked for"""
    occurrences: tuple[Occurrence, ...]
    """open ones, oldest first; several of one rule are branches"""
    levels: tuple[LiveState, ...]
    """site first, then installations in order"""
    look: Callable[[], Status]
    """makes the status: it costs more than all else here, and who publishes an alarm needs none"""

    @property
    def status(self) -> Status:
        """How the gateway is, as of now."""
        return self.look()


class EventLane(Protocol):
    """A durable cursor over the journal, given to one output."""

    @property
    def name(self) -> str:
        """Output name and lane, e.g. ``county.alarms``."""
        ...

    @property
    def clock(self) -> Clock:
        """The runtime's clock."""
        ...

    @property
    def site(self) -> Site:
        """The configuration that judges now."""
        ...

    async def next(self, limit: int, timeout: float | None = None) -> Sequence[Record]:
        """Up to ``limit`` records after the cursor by seq; waits for the first; empty after ``timeout`` seconds."""
        ...

    async def rest(self, seconds: float) -> None:
        """Let events gather for so long before the next is asked for; when the gateway stops it is over at once."""
        ...

    def advance(self, seq: int) -> None:
        """Everything up to ``seq`` was accepted (or rejected). Kept durably soon after."""
        ...

    def reject(self, record: Record, reason: str) -> None:
        """Dead-letter one record with the other side's words; a gap record is made when :meth:`advance` passes it."""
        ...

    # --- where a receiver behind the other side confirms with receipts, the cursor is the receipt ---

    @property
    def cursor(self) -> int:
        """Everything up to here is settled."""
        ...

    @property
    def position(self) -> int:
        """Everything up to here was handed out since the sink started."""
        ...

    def taken(self, to: int) -> None:
        """The other side took everything handed out up to ``to``; that settles nothing yet."""
        ...

    def stored(self, to: int) -> None:
        """The receiver has stored everything up to ``to``: settled."""
        ...

    def back(self, to: int) -> None:
        """The receiver has lost what it had stored behind ``to``: the cursor goes back to there."""
        ...

    async def again(self, after: int, limit: int) -> Sequence[Record]:
        """Up to ``limit`` records behind ``after``, wherever the lane stands; empty at the journal's end."""
        ...

    def present(self) -> Present:
        """The committed present, for retained topics."""
        ...

    def trouble(self, what: str, *, active: bool, detail: str = "") -> None:
        """Report a fault of this output coming or going (a system alarm)."""
        ...


class ReadingLane(Protocol):
    """A durable cursor over the spool, given to one output."""

    @property
    def name(self) -> str: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def site(self) -> Site: ...

    async def next(self, timeout: float | None = None) -> Chunk | None:
        """The chunk after the last one this call returned (after (re)start: after the cursor)."""
        ...

    def advance(self, chunk_id: int) -> None: ...

    def site_of(self, table: str) -> Site | None:
        """The configuration whose tag table a chunk was made under (``Batch.table``); None when no longer kept."""
        ...

    def reject(self, lines: Sequence[str], reason: str, first: int, last: int) -> None:
        """Dead-letter readings of the chunks that the next :meth:`advance` passes, one a line, with the other side's
        words. A gap record is made with it, and counts them (``first``/``last``: source times ns).
        """
        ...

    def set_aside(self, lines: Sequence[str], reason: str) -> None:
        """Dead-letter lines that are no readings, or whose loss is told already."""
        ...

    def letters(self) -> Mapping[int, Sequence[str]]:
        """Lines that were refused once and are to be tried again, by number; :meth:`answered` settles each."""
        ...

    def answered(self, letter: int) -> None: ...

    def present(self) -> Present: ...

    def trouble(self, what: str, *, active: bool, detail: str = "") -> None: ...


class Sink(Protocol):
    """One lane of an output: an event sink gets an EventLane, a reading sink a ReadingLane."""

    @property
    def name(self) -> str: ...

    async def run(self, lane: Any) -> None:
        """Deliver until cancelled."""
        ...


class CommandPort(Protocol):
    """How the console and the command line act on alarms."""

    async def submit(self, command: Command) -> Sequence[Record]:
        """Number, step, commit; the events it caused.

        Raises:
            Refused: nothing was changed; the reason says why.
            Retry: the gateway is starting or stopping.
        """
        ...


class Plant(Protocol):
    """Read side of the running gateway for the console."""

    @property
    def site(self) -> Site: ...

    def present(self) -> Present: ...

    def tags(self) -> Sequence[TagState]:
        """In tag-table order."""
        ...

    def traffic(self) -> Sequence[LinkTraffic]:
        """Of all sources that count, line by line."""
        ...

    async def changed(self, timeout: float) -> None:
        """Wait for the next commit, at most ``timeout`` seconds."""
        ...
