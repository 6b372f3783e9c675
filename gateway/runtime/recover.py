"""Restart: the journal decides the occurrences; stepping the inputs again rebuilds what the detectors knew.

1. the latest readable snapshot (detector state and the book as of its input number and its journal seq), or nothing;
2. all inputs kept behind it are stepped again; what they decide is *compared* with the journal, never appended;
3. where they differ the journal wins: the book is folded from the journal, and a system alarm says so.

A snapshot of another version or configuration is not used; inputs back to the longest window are kept for that case.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Final

import structlog

from gateway.engine import VERSION, Engine, Snapshot
from gateway.model.batch import Batch
from gateway.model.errors import Misconfigured
from gateway.model.events import Event, EventKind, Record
from gateway.model.inputs import Numbered
from gateway.model.site import Site
from gateway.runtime.refill import lost_spool
from gateway.store import Store

PAGE: Final = 500
SEQ_PART: Final = "journal-seq"
"""Snapshot part that holds the journal's head seq as of the snapshot's input, decimal ASCII."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Recovered:
    """The engine as it was, and what recovery found."""

    engine: Engine
    difference: str
    """empty, or how the decisions of the stepped inputs differ from the journal"""
    stepped: int
    anew: bool
    """it did not come from a snapshot of this configuration and epoch: one should be made soon"""
    begun: int = 0
    """number of the input behind which stepping began; a lost spool is filled again from there"""


def with_seq(snapshot: Snapshot, seq: int) -> Snapshot:
    """The snapshot, labelled with the journal's head seq as well."""
    return replace(snapshot, parts={**snapshot.parts, SEQ_PART: str(seq).encode()})


def note(store: Store, *, unsure: bool) -> str:
    """What the start says of itself: where the journal comes from, and whether the outage's length is known."""
    before, words = store.previous, list[str]()
    if before is not None:
        words += [store.note, f"previous epoch {before.epoch} seq {before.seq} hash {before.hash}"]
    if unsure:
        words.append("the machine's clock was behind the last input: how long it was away is not known")
    return "; ".join(words)


def recover(store: Store, site: Site, before: Site | None = None) -> Recovered:
    """Build the engine of ``site`` from what ``store`` kept.

    Args:
        before: the configuration the kept inputs were judged under, when it is another one. They are stepped again
            under it; what both configurations share then goes over.
    """
    previous = store.previous
    new_epoch = previous is not None and previous.seq == store.head.seq
    epoch = previous.epoch if previous is not None and new_epoch else store.epoch
    recovered = _again(store, before or site, epoch)
    if before is None and not new_epoch:
        return recovered
    engine = Engine(site, store.epoch)
    engine.carry_over(recovered.engine)
    return replace(recovered, engine=engine, anew=True)


def _again(store: Store, site: Site, epoch: str) -> Recovered:
    """The engine as it was under ``site``: snapshot, then the inputs behind it stepped again."""
    start = _from_snapshot(store, site, epoch)
    decided: list[Event] = []
    stepped, first = 0, 0
    store.cut_spool()
    try:
        for page in _pages(store.inputs(start.number)):
            first = first or page[0].number
            step = start.engine.step(page)
            decided += [event for _, event in step.events]
            stepped += len(page)
            _refill(store, step.readings)
    except Misconfigured:  # damaged: a person decides
        raise
    except Exception as error:  # a bug, or an input of a newer version, must not keep a plant unwatched
        log.exception("kept inputs cannot be stepped again; the journal alone is taken over")
        at = start.number + stepped
        return _from_journal(store, site, epoch, f"stepping inputs behind {at} failed: {error!r}")
    # Without a snapshot and without the oldest inputs the decisions cannot be the journal's: nothing to compare.
    whole = start.number > 0 or first == 1 or not store.last_input[0]
    other = start.number == 0 and any(s.version != VERSION for s in store.snapshots())
    difference = _difference(decided, _records(store, start.seq), other=other) if whole else ""
    # What the journal has of levels was told, whatever this version makes of it; what is so now is told next.
    if (
        difference
        or not whole
        or (other and _levels(decided) != _levels(r.event for r in _records(store, start.seq)))
    ):
        start.engine.refold(record.event for record in _records(store, 0))
    return Recovered(start.engine, difference, stepped, start.number == 0, start.number)


def _from_journal(store: Store, site: Site, epoch: str, why: str) -> Recovered:
    """Alarms as the journal has them, and detectors that know nothing: what they judge is unknown until they do."""
    engine = Engine(site, epoch)
    engine.refold(record.event for record in _records(store, 0))
    return Recovered(engine, why, 0, anew=True)


@dataclass(frozen=True, slots=True)
class _Start:
    """Where stepping begins: an engine as of input ``number`` and journal ``seq``."""

    engine: Engine
    number: int
    seq: int


def _from_snapshot(store: Store, site: Site, epoch: str) -> _Start:
    # A lost spool is filled again from the inputs that are stepped: then the older snapshot is the better one.
    for snapshot in reversed(store.snapshots()) if lost_spool(store) else store.snapshots():
        engine = Engine(site, epoch)
        try:
            seq = int(snapshot.parts[SEQ_PART])
            if snapshot.number > store.last_input[0] or seq > store.head.seq:
                raise ValueError("it is ahead of the journal")
            engine.restore(Snapshot(snapshot.version, snapshot.number, snapshot.config_hash, snapshot.parts))
            return _Start(engine, snapshot.number, seq)
        except (ValueError, KeyError) as error:
            log.warning("snapshot not used", number=snapshot.number, reason=str(error))
    return _Start(Engine(site, epoch), 0, 0)


def _pages(inputs: Iterator[Numbered]) -> Iterator[list[Numbered]]:
    page: list[Numbered] = []
    for entry in inputs:
        page.append(entry)
        if len(page) == PAGE:
            yield page
            page = []
    if page:
        yield page


def _records(store: Store, after: int) -> Iterator[Record]:
    while records := store.records(after, PAGE):
        yield from records
        after = records[-1].seq


def _refill(store: Store, readings: Iterable[tuple[int, Batch]]) -> None:
    """Readings whose inputs were committed but had not reached the spool, or were lost with it."""
    for number, batch in readings:
        if number > store.spool.last_input:
            store.spool.append(number, number, batch)


def _difference(decided: Sequence[Event], journalled: Iterator[Record], *, other: bool) -> str:
    """``other``: another version wrote the journal. What a level is called and what it lists may differ between two;
    what was raised, cleared or unknown may not.
    """
    if other:
        decided = [e for e in decided if e.event is not EventKind.LIVE_LEVEL]
        journalled = (r for r in journalled if r.event.event is not EventKind.LIVE_LEVEL)
    for index, (ours, record) in enumerate(zip_longest(decided, journalled)):
        theirs = record.event if record is not None else None
        if ours != theirs:
            seq = record.seq if record is not None else f"head+{index}"
            return f"at seq {seq}: stepping decides {_say(ours)}, the journal has {_say(theirs)}"
    return ""


def _levels(events: Iterable[Event]) -> list[tuple[str, object]]:
    """Place and level of what was told of levels."""
    return [(e.installation, e.detail["level"]) for e in events if e.event is EventKind.LIVE_LEVEL]


def _say(event: Event | None) -> str:
    return (
        "nothing" if event is None else f"{event.event.value} {event.rule or event.installation} n={event.n}"
    )
