"""Deadlines by key: cheap to set, to drop and to ask for the earliest, also with thousands of them in a flood."""

import heapq
from collections.abc import Iterable, Mapping
from typing import Final, Generic, TypeVar

from gateway.model.times import NEVER

K = TypeVar("K", int, str)
_SLACK: Final = 64


class Timers(Generic[K]):
    """Key -> deadline, ns. Entries of the heap that no longer hold are skipped when they come up."""

    def __init__(self, due: Mapping[K, int] | None = None) -> None:
        self._due: dict[K, int] = {}
        self._heap: list[tuple[int, K]] = []
        for key, at in (due or {}).items():
            self.set(key, at)

    def __contains__(self, key: K) -> bool:
        return key in self._due

    def set(self, key: K, at: int) -> None:
        """A new deadline for the key, or none if ``at`` is NEVER."""
        if self._due.get(key, NEVER) == at:
            return
        self.drop(key)
        if at < NEVER:
            self._due[key] = at
            heapq.heappush(self._heap, (at, key))

    def drop(self, key: K) -> None:
        """No deadline for the key."""
        self._due.pop(key, None)
        if len(self._heap) > 2 * len(self._due) + _SLACK:
            self._heap = sorted((at, k) for k, at in self._due.items())

    def earliest(self) -> int:
        """The next deadline, or NEVER."""
        while self._heap and self._due.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else NEVER

    def take(self, now: int) -> list[tuple[int, K]]:
        """Remove and return what is due at ``now``, by (deadline, key)."""
        taken: list[tuple[int, K]] = []
        while self.earliest() <= now and self._due:
            at, key = heapq.heappop(self._heap)
            del self._due[key]
            taken.append((at, key))
        return taken

    def items(self) -> Iterable[tuple[K, int]]:
        """Key and deadline."""
        return self._due.items()
