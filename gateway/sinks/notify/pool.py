"""Who is to be told what, and when: the first of a kind at once, the rest gathered, nothing left out. No clock."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from gateway.model.levels import Level
from gateway.sinks.notify.encode import Notice

MOST: Final = 1_000
"""Notices that wait for one receiver, at most; then no more are taken in until some are sent."""
NEW: Final = 12
FORGET: Final = 24 * 3600.0
"""A kind that a receiver has not been told of for this long (s) is new again."""


@dataclass(slots=True)
class _Receiver:
    """One person or group. Times in seconds of any clock."""

    waiting: list[Notice] = field(default_factory=list)
    last: float = float("-inf")
    told: dict[tuple[str, Level, int], float] = field(default_factory=dict)


class Pool:
    """Notices by receiver. ``every``: seconds between two messages to one receiver; of something new a twelfth of it,
    so that a flood of many kinds is a message every few seconds and not one for each. ``floor``: seconds that the way
    itself asks for between any two; ``longest``: characters that one message may have; what is above waits for another.
    """

    def __init__(self, every: float, floor: float = 0.0, longest: float = math.inf) -> None:
        self._every, self._floor, self._longest = every, floor, longest
        self._receivers: dict[str, _Receiver] = {}
        self._done: set[tuple[int, str]] = set()

    def put(self, notice: Notice, receivers: Iterable[str]) -> None:
        """Somebody is to be told; whoever was told of this very notice is not told again."""
        for each in receivers:
            if (notice.seq, each) not in self._done:
                found = self._receivers.setdefault(each, _Receiver())
                if all(n.seq != notice.seq for n in found.waiting):
                    found.waiting.append(notice)

    @property
    def full(self) -> bool:
        """Somebody has more waiting than can be kept."""
        return any(len(r.waiting) >= MOST for r in self._receivers.values())

    def lowest(self) -> int | None:
        """The lowest seq that still waits."""
        return min((n.seq for r in self._receivers.values() for n in r.waiting), default=None)

    def due(self, now: float) -> Mapping[str, Sequence[Notice]]:
        """Receiver -> what to tell them now."""
        return {
            name: self._message(r) for name, r in self._receivers.items() if self._at(r) <= now and r.waiting
        }

    def next_at(self) -> float | None:
        """When something is due; None: nothing waits."""
        return min((self._at(r) for r in self._receivers.values() if r.waiting), default=None)

    def sent(self, receiver: str, notices: Sequence[Notice], now: float) -> None:
        """They were told (or never can be)."""
        found, seqs = self._receivers[receiver], {n.seq for n in notices}
        found.waiting = [n for n in found.waiting if n.seq not in seqs]
        found.last = now
        found.told = {k: at for k, at in found.told.items() if now - at < FORGET} | {
            n.what: now for n in notices
        }
        self._done |= {(seq, receiver) for seq in seqs}

    def settled(self, seq: int) -> None:
        """The lane has passed ``seq``: what was told up to there needs not be remembered."""
        self._done = {each for each in self._done if each[0] > seq}

    def _at(self, receiver: _Receiver) -> float:
        new = any(n.what not in receiver.told for n in receiver.waiting)
        return receiver.last + max(self._floor, self._every / NEW if new else self._every)

    def _message(self, receiver: _Receiver) -> tuple[Notice, ...]:
        """Whole kinds, as many as fit and one at least: the new ones first, of these the highest."""
        kinds: dict[tuple[str, Level, int], list[Notice]] = defaultdict(list)
        for each in receiver.waiting:
            kinds[each.what].append(each)
        ranked = sorted(kinds.values(), key=lambda k: (k[0].what in receiver.told, -k[0].level, k[0].seq))
        chosen, length = list[Notice](), 0
        for kind in ranked:
            length += kind[-1].length
            if chosen and length > self._longest:
                break
            chosen += kind
        return tuple(sorted(chosen, key=lambda n: n.seq))
