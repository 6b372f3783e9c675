"""Publishes on their way: what is still unanswered, and what each answer means. No network."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from gateway.sinks.mqtt.encode import Message

NOT_READ_BACK: Final = -1
SILENCE: Final = "acknowledged but not read back: the broker may have refused it without saying so"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a publish does not count as accepted; ``code`` is the PUBACK's, or ``NOT_READ_BACK``."""

    topic: str
    code: int
    reason: str


@dataclass(slots=True)
class Burst:
    """The open answers of one call of ``Connection.send``."""

    missing: int
    verdicts: list[Refusal | None]
    done: asyncio.Future[None]


@dataclass(slots=True, eq=False)
class Slot:
    """One publish on its way. ``steps`` counts the answers still needed: PUBACK, and on 3.1.1 our own copy."""

    burst: Burst
    index: int
    message: Message
    steps: int


@dataclass(slots=True)
class Pace:
    """How many publishes a broker bears on the way at once. One of 3.1.1 has no word for it: some hang up on whoever
    sends more, some leave the rest unanswered. ``most`` is halved with each connection that ends so when the one before
    did too, and no call as large was answered between: a line that breaks now and then, with little on the way, says
    nothing of the broker. It grows by one with each call of at least so many that was answered, up to ``limit``. Lives
    through connections.
    """

    limit: int
    most: int = 0
    _doubted: int = 0
    """so many were on the way when a connection ended, and no call of as many was answered since; 0: none"""

    def __post_init__(self) -> None:
        self.most = self.most or self.limit

    def broke(self, flying: int) -> None:
        """A connection ended, or answers stopped, with so many publishes unanswered."""
        if flying > 1 and self._doubted:
            self.most = max(1, min(self.most, flying) // 2)
        if flying > 1:
            self._doubted = min(flying, self.most)

    def bore(self, sent: int) -> None:
        """All of a call of so many was answered."""
        if sent >= self._doubted:
            self._doubted = 0
        if sent >= self.most:
            self.most = min(self.limit, self.most + 1)


@dataclass(slots=True)
class Flight:
    """Everything unanswered of one connection."""

    by_mid: dict[int, Slot] = field(default_factory=dict)
    by_content: dict[tuple[str, bytes], deque[Slot]] = field(default_factory=dict)
    answers: int = 0
    room: asyncio.Future[None] | None = None
    """done at the next acknowledgement"""

    def took_off(self, mid: int, slot: Slot) -> None:
        """A publish was written; with more than one step its own copy is awaited too."""
        self.by_mid[mid] = slot
        if slot.steps > 1:
            self.by_content.setdefault((slot.message.topic, slot.message.payload), deque()).append(slot)

    def acknowledged(self, mid: int, code: int = 0, words: str = "") -> None:
        """A PUBACK; ``code`` 0 accepts."""
        self.answers += 1
        slot = self.by_mid.pop(mid, None)
        if self.room is not None and not self.room.done():
            self.room.set_result(None)
        if slot is None:
            return
        if code:
            _settle(slot, Refusal(slot.message.topic, code, f"{words} ({code})"))
        else:
            _step(slot)

    def read_back(self, topic: str, payload: bytes) -> bool:
        """A message came in; True when it is the copy of one of ours that was awaited."""
        waiting = self.by_content.get((topic, payload))
        if not waiting:
            return False
        self.answers += 1
        _step(waiting.popleft())
        return True

    def forget(self, burst: Burst) -> None:
        """Nothing of this burst is awaited any more; what did not come back is not accepted."""
        for mid in [m for m, s in self.by_mid.items() if s.burst is burst]:
            del self.by_mid[mid]
        for key in [k for k, slots in self.by_content.items() if any(s.burst is burst for s in slots)]:
            kept: deque[Slot] = deque()
            for slot in self.by_content[key]:
                if slot.burst is not burst:
                    kept.append(slot)
                elif burst.verdicts[slot.index] is None:
                    burst.verdicts[slot.index] = Refusal(key[0], NOT_READ_BACK, SILENCE)
            self.by_content[key] = kept
        self.by_content = {k: slots for k, slots in self.by_content.items() if slots}


def _step(slot: Slot) -> None:
    slot.steps -= 1
    if slot.steps == 0:
        _settle(slot, None)


def _settle(slot: Slot, verdict: Refusal | None) -> None:
    burst = slot.burst
    burst.verdicts[slot.index] = verdict
    burst.missing -= 1
    if burst.missing == 0 and not burst.done.done():
        burst.done.set_result(None)
