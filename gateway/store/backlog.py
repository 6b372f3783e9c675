"""What could not be written yet: bounded, in order, events never dropped."""

from bisect import insort
from collections.abc import Sequence
from dataclasses import replace
from threading import Lock
from typing import Final

import zstandard

from gateway.model.batch import Batch
from gateway.model.inputs import Gap, Numbered, Readings
from gateway.store.plant import Group, pack_inputs, unpack_inputs

LIMIT: Final = 64 << 20
"""Bytes of packed inputs and records kept in memory while the disk refuses (readings go first beyond it)."""


class Backlog:
    """Groups that wait for the disk. The numbers of dropped readings stay, with no rows in them.

    Two threads add (what the disk refused, what left past it); one writes.
    """

    def __init__(self, compressor: zstandard.ZstdCompressor, limit: int = LIMIT) -> None:
        self._compressor = compressor
        self._limit = limit
        self._groups: list[Group] = []
        self._bytes = 0
        self._thinned = 0
        self._writing: Sequence[Group] = ()
        self._lock = Lock()

    def __bool__(self) -> bool:
        return bool(self._groups)

    @property
    def groups(self) -> Sequence[Group]:
        """Oldest first."""
        return self._groups

    def add(self, group: Group, now: int) -> list[Gap]:
        """Keep a group in its place; gaps for readings that had to go for it."""
        gaps = []
        with self._lock:
            insort(self._groups, group, key=lambda g: g.last)
            self._bytes += _size(group)
            while self._bytes > self._limit and self._thinned < len(self._groups):
                gap = self._thin(self._thinned, now)
                self._thinned += 1
                gaps += [gap] if gap else []
        return _joined(gaps)

    def taken(self) -> Sequence[Group]:
        """What is being written now; more may be added meanwhile."""
        with self._lock:
            self._writing = tuple(self._groups)
        return self._writing

    def done(self) -> Sequence[Group]:
        """What was taken is on disk; it is forgotten here."""
        written, self._writing = self._writing, ()
        with self._lock:
            del self._groups[: len(written)]
            self._bytes = sum(map(_size, self._groups))
            self._thinned = max(0, self._thinned - len(written))
        return written

    def _thin(self, index: int, now: int) -> Gap | None:
        """Take the readings out of one group; commands, ticks, links and events stay."""
        group = self._groups[index]
        inputs = list(unpack_inputs(group.first, group.packed)) if group.packed else []
        lost = [n.input.batch for n in inputs if isinstance(n.input, Readings) and len(n.input.batch)]
        if not lost:
            return None
        thin = replace(group, packed=pack_inputs([_without_rows(n) for n in inputs], self._compressor))
        self._groups[index] = thin
        self._bytes += _size(thin) - _size(group)
        start = min(int(b.source.min()) for b in lost)
        end = max(int(b.source.max()) for b in lost)
        return Gap(
            now,
            "store",
            start,
            end,
            sum(map(len, lost)),
            "the disk takes no commits and memory for them is full",
        )


def _without_rows(entry: Numbered) -> Numbered:
    if not isinstance(entry.input, Readings):
        return entry
    return Numbered(entry.number, Readings(Batch.empty(entry.input.batch.table)))


def _size(group: Group) -> int:
    return len(group.packed) + sum(len(r.data) for r in group.records) + 200


def _joined(gaps: list[Gap]) -> list[Gap]:
    """One gap for all that went at once."""
    if len(gaps) < 2:
        return gaps
    first = gaps[0]
    return [
        Gap(
            first.time,
            first.who,
            min(g.start for g in gaps),
            max(g.end for g in gaps),
            sum(g.count for g in gaps),
            first.why,
        )
    ]
