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

from gateway.engine import Engine, Snapshot
from gateway.model.batch import Batch
from gateway.model.events import Event, Record
from gateway.model.inputs import Numbered
from gateway.model.site import Site
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


def with_seq(snapshot: Snapshot, seq: int) -> Snapshot:
    """The snapshot, labelled with the journal's head seq as well."""
    return replace(snapshot, parts={**snapshot.parts, SEQ_PART: str(seq).encode()})


def recover(store: Store, site: Site) -> Recovered:
    """Build the engine of ``site`` from what ``store`` kept."""
    engine, number, seq = _from_snapshot(store, site)
    fresh = number == 0
    decided: list[Event] = []
    stepped = 0
    for page in _pages(store.inputs(number)):
        step = engine.step(page)
        decided += [event for _, event in step.events]
        stepped += len(page)
        _refill(store, step.readings)
    difference = _difference(decided, _records(store, seq))
    if difference or (fresh and store.head.seq and not stepped):
        _fold_whole(store, engine)
    return Recovered(engine, difference, stepped)


def _from_snapshot(store: Store, site: Site) -> tuple[Engine, int, int]:
    for snapshot in store.snapshots():
        engine = Engine(site, store.epoch)
        try:
            engine.restore(Snapshot(snapshot.version, snapshot.number, snapshot.config_hash, snapshot.parts))
            return engine, snapshot.number, int(snapshot.parts[SEQ_PART])
        except (ValueError, KeyError) as error:
            log.warning("snapshot not used", number=snapshot.number, reason=str(error))
    return Engine(site, store.epoch), 0, 0


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
    """Readings whose inputs were committed but had not reached the spool."""
    for number, batch in readings:
        if number > store.spool.last_input:
            store.spool.append(number, number, batch)


def _difference(decided: Sequence[Event], journalled: Iterator[Record]) -> str:
    for index, (ours, record) in enumerate(zip_longest(decided, journalled)):
        theirs = record.event if record is not None else None
        if ours != theirs:
            seq = record.seq if record is not None else f"head+{index}"
            return f"at seq {seq}: stepping decides {_say(ours)}, the journal has {_say(theirs)}"
    return ""


def _say(event: Event | None) -> str:
    return (
        "nothing" if event is None else f"{event.event.value} {event.rule or event.installation} n={event.n}"
    )


def _fold_whole(store: Store, engine: Engine) -> None:
    """The journal is the truth about occurrences: fold it from its first record."""
    engine.refold(record.event for record in _records(store, 0))
