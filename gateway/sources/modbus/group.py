"""The tags of one unit that are read with one period: what to ask, what was learnt of the device, one poll.

A device's refusal costs only the address it is for: the block is halved until the address is found, which is then left
out (its tags are BAD each poll) and asked for again after a while, soon at first and ever more rarely. Some devices
say nothing instead; a block that stays silent while others answer is left out in the same way.
"""

import math
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gateway.model.batch import Scan
from gateway.model.errors import Retry
from gateway.model.probing import Looked
from gateway.model.quality import Quality
from gateway.model.times import NS, seconds
from gateway.sources.modbus.client import Lost, Silent
from gateway.sources.modbus.convert import per_second
from gateway.sources.modbus.decode import Decoder
from gateway.sources.modbus.frames import DeviceException, Garbled, Question, question
from gateway.sources.modbus.look import NOT_YET, REFUSED, SILENT, looked
from gateway.sources.modbus.plan import Block, Cut, Limits, Point, block_of, halves, plan

Ask = Callable[[Question], Awaitable[bytes]]
Now = Callable[[], int]
ILLEGAL_FUNCTION: Final = 1
LEARNT_CODES: Final = (1, 2, 3, 4)
"""Refusals that an address can be the cause of; 4 is what several devices say of an address they do not have."""
SILENT_CODES: Final = (10, 11)
"""A gateway speaks for a unit that does not answer."""
FIRST_REST: Final = seconds(2)
MOST_OF_ALL: Final = seconds(30)
"""Longest rest where the device refuses everything: then it is in trouble, not its addresses, and will be well."""
SEARCH: Final = 40
"""Most requests one poll spends on finding refused addresses; the next poll goes on."""
ROUNDS: Final = 4
LATELY: Final = 10
"""Periods after which a counter's last reading says nothing of its rate: it may have wrapped more than once."""


@dataclass(slots=True)
class Rest:
    """Growing rest before a refused thing is tried again."""

    until: int
    length: int = FIRST_REST

    def longer(self, now: int, most: int) -> None:
        """Double, up to ``most`` ns."""
        self.length = min(2 * self.length, most)
        self.until = now + self.length


@dataclass(slots=True)
class _Memory:
    """What the device refused."""

    bad: set[int] = field(default_factory=set)
    cuts: set[Cut] = field(default_factory=set)
    rest: Rest | None = None
    mute: dict[Block, Rest] = field(default_factory=dict)


class Turn:
    """One reading of all blocks: data, or why there is none, and when it came; blocks refused with their code."""

    def __init__(self, blocks: Sequence[Block], began: int) -> None:
        self.began = began
        self.data: list[bytes | Quality] = [Quality.COMMUNICATION] * len(blocks)
        self.at = [began] * max(1, len(blocks))
        self.refused: dict[int, int] = {}


class Group:
    """See the module.

    ``due`` is the clock time of the next poll, ``questions`` are what it asks, ``cycle`` is the smoothed time between
    polls, ns.
    """

    def __init__(self, unit: int, period: int, bound: Sequence[tuple[int, Point]], limits: Limits) -> None:
        self.unit, self.period, self.due = unit, period, 0
        self.cycle, self._polled = 0.0, 0
        self._totals: dict[int, tuple[float, int]] = {}
        self._tag = np.array([tag for tag, _ in bound], np.int32)
        self._points = [point for _, point in bound]
        self._limits = limits
        self._memory = _Memory()
        self._last: tuple[Turn, Sequence[Block]] | None = None
        self._naive = plan(self._points, limits)
        self._compile()

    @property
    def requests(self) -> int:
        """Requests of one poll."""
        return len(self.questions)

    @property
    def refused(self) -> list[int]:
        """Tags whose address the device refuses."""
        return [int(self._tag[i]) for i in sorted(self._memory.bad)]

    @property
    def plain(self) -> bool:
        """Nothing is left out of a poll."""
        memory = self._memory
        return bool(self.questions) and not (memory.bad or memory.cuts or memory.rest or memory.mute)

    def turn(self, began: int) -> Turn:
        """A poll of all blocks, nothing answered yet."""
        return Turn(self._blocks, began)

    def first(self) -> Question:
        """The shortest sign of life to ask for."""
        return self._question(self._naive[0])

    async def poll(self, ask: Ask, clock: Now, longest_rest: int, *, patient: bool = True) -> Scan:
        """Read everything once. ``patient``: nobody else waits, so a first failure is asked again at once.

        Raises:
            Silent, Garbled, Lost: no answer at all, or two failures in a row.
        """
        now = clock()
        await self._reconsider(ask, now, longest_rest)
        spare = 1 if patient else 0
        for _ in range(ROUNDS):
            turn = await self._read(ask, clock, now, longest_rest, spare)
            if not await self._learn(ask, turn.refused, now):
                return self.done(turn, clock())
        return self.done(await self._read(ask, clock, now, longest_rest, spare), clock())

    def back(self) -> None:
        """The device was away: what it was silent to before says nothing now."""
        self._memory.mute.clear()

    def done(self, turn: Turn, now: int) -> Scan:
        """The readings of a turn that ended ``now``."""
        self._note(now)
        self._last = turn, self._blocks
        if len(turn.data) == 1 and isinstance(data := turn.data[0], bytes) and self._decoder.natural:
            return Scan(self._tags, turn.at[0], data, self._good, self._decoder.natural)
        return self._outcome(turn)

    def raw(self, tag: int) -> Looked | None:
        """What the last poll read of a tag, as it was on the wire; None: the tag is not this group's."""
        places = np.flatnonzero(self._tag == tag)
        if not len(places):
            return None
        if self._last is None:
            return Looked(tag, None, "", note=NOT_YET)
        at, (turn, blocks) = int(places[0]), self._last
        k = next((k for k, block in enumerate(blocks) if at in block.points), None)
        if k is None:
            return Looked(tag, None, "", note=REFUSED)
        data = turn.data[k]
        if not isinstance(data, bytes):
            why = REFUSED if data is Quality.DEVICE_EXCEPTION else SILENT
            return Looked(tag, None, "", note=why, at=turn.at[k])
        return looked(tag, self._points[at], blocks[k], data, turn.at[k])

    def _note(self, now: int) -> None:
        """The achieved cycle, smoothed over about eight polls."""
        if self._polled:
            last = now - self._polled
            self.cycle = last if not self.cycle else self.cycle + (last - self.cycle) / 8
        self._polled = now

    async def _read(self, ask: Ask, clock: Now, now: int, longest_rest: int, spare: int) -> Turn:
        """Every block once, a failed one again at the end."""
        turn, mute = Turn(self._blocks, now), self._memory.mute
        answered, failures = False, 0
        waiting = deque(
            k for k, b in enumerate(self._blocks) if not mute or b not in mute or mute[b].until <= now
        )
        again: set[int] = set()
        while waiting:
            k = waiting.popleft()
            try:
                turn.data[k] = await ask(self.questions[k])
            except DeviceException as refusal:
                turn.data[k], turn.refused[k] = Quality.DEVICE_EXCEPTION, refusal.code
            except Retry as error:
                failures += 1
                gone = isinstance(error, Lost)
                if (gone or not answered) and failures > (1 if gone else spare):
                    raise
                if k in again:
                    self._mute(k, now, longest_rest)
                else:
                    again.add(k)
                    waiting.append(k)
                continue
            turn.at[k] = clock()
            answered, failures = True, 0
            if mute:
                mute.pop(self._blocks[k], None)
        if not self._blocks or (mute and not answered):
            await self._sign_of_life(ask)
        return turn

    async def _sign_of_life(self, ask: Ask) -> None:
        """Nothing is left to read: is the device there at all?"""
        try:
            await ask(self.first())
        except DeviceException:
            return
        except Retry:
            try:
                await ask(self.first())
            except DeviceException:
                return

    def _mute(self, k: int, now: int, longest_rest: int) -> None:
        rest = self._memory.mute.setdefault(self._blocks[k], Rest(0, FIRST_REST // 2))
        rest.longer(now, longest_rest)

    async def _learn(self, ask: Ask, refused: dict[int, int], now: int) -> bool:
        """True: the plan has changed, read again."""
        found = [(self._blocks[k], code) for k, code in refused.items() if code in LEARNT_CODES]
        if not found:
            return False
        budget = [SEARCH]
        for block, code in found:
            if code == ILLEGAL_FUNCTION:
                self._memory.bad.update(i for i, p in enumerate(self._points) if p.area is block.area)
            else:
                await self._search(ask, block, budget)
        if self._memory.rest is None:
            self._memory.rest = Rest(now + FIRST_REST)
        self._compile()
        return True

    async def _search(self, ask: Ask, block: Block, budget: list[int]) -> None:
        """Halve a refused block until single addresses are to blame."""
        pair = halves(block, self._points)
        if pair is None:
            self._memory.bad.update(block.points)
            self._memory.cuts.add((block.area, block.address))
            return
        blameless = True
        for half in pair:
            if budget[0] > 0 and await self._refuses(ask, half, budget, silence=False):
                blameless = False
                await self._search(ask, half, budget)
        if blameless or budget[0] <= 0:
            self._memory.cuts.add((block.area, pair[1].address))

    async def _refuses(self, ask: Ask, block: Block, budget: list[int], *, silence: bool) -> bool:
        """``silence``: what to make of no (sane) answer."""
        budget[0] -= 1
        try:
            await ask(self._question(block))
        except DeviceException:
            return True
        except (Silent, Garbled):
            return silence
        return False

    async def _reconsider(self, ask: Ask, now: int, longest_rest: int) -> None:
        """Ask again for what was refused; one answer is enough to forget all that was learnt."""
        memory = self._memory
        if memory.rest is None or now < memory.rest.until:
            return
        whole = len(memory.bad) == len(self._points)
        memory.rest.longer(now, min(longest_rest, MOST_OF_ALL) if whole else longest_rest)
        budget = [SEARCH]
        for block in self._suspects():
            if budget[0] > 0 and not await self._refuses(ask, block, budget, silence=True):
                self._memory = _Memory(mute=memory.mute)
                self._compile()
                return

    def _suspects(self) -> list[Block]:
        """Whole blocks first: a device that was only starting then comes back with one request."""
        bad = self._memory.bad
        whole = [b for b in self._naive if bad.issuperset(b.points)]
        return whole + [block_of((i,), self._points) for i in sorted(bad)]

    def _compile(self) -> None:
        self._blocks = plan(self._points, self._limits, self._memory.cuts, self._memory.bad)
        self.questions = [self._question(b) for b in self._blocks]
        self._decoder = Decoder(self._points, self._blocks)
        self._tags = self._tag[self._decoder.order]
        self._good = np.zeros(len(self._tags), np.uint8)
        self._good[self._decoder.readable :] = Quality.DEVICE_EXCEPTION
        self._tags.flags.writeable = self._good.flags.writeable = False
        self._blank = [bytes(b.bytes) for b in self._blocks]

    def _question(self, block: Block) -> Question:
        return question(self.unit, block.area, block.address, block.count)

    def _outcome(self, turn: Turn) -> Scan:
        data = turn.data
        parts = [d if isinstance(d, bytes) else self._blank[k] for k, d in enumerate(data)]
        value = self._decoder.decode(parts[0] if len(parts) == 1 else b"".join(parts))
        quality = self._good
        for k, why in enumerate(data):
            if not isinstance(why, bytes):
                quality = self._good.copy() if quality is self._good else quality
                quality[self._decoder.rows[k]] = why
                value[self._decoder.rows[k]] = np.nan
        if self._decoder.floats and not np.isfinite(value).all():
            quality = self._not_numbers(value, quality)
        at = np.full(len(value), turn.at[-1], np.int64)
        if len(parts) > 1:
            for k, rows in enumerate(self._decoder.rows):
                at[rows] = turn.at[k]
        if self._decoder.counts:
            quality = self._rates(value, quality.copy(), at)
        return Scan(self._tags, at, value, quality)

    def _rates(
        self, value: NDArray[np.float64], quality: NDArray[np.uint8], at: NDArray[np.int64]
    ) -> NDArray[np.uint8]:
        """Counters as counts per second since the reading before, where there was one lately."""
        for row, i in self._decoder.counts:
            if quality[row] != Quality.GOOD:
                continue
            total, now = float(value[row]), int(at[row])
            before, then = self._totals.get(i, (math.nan, 0))
            self._totals[i] = total, now
            lately = now - then <= LATELY * self.period
            bits = 8 * self._points[i].bytes
            value[row] = per_second(before, total, bits, (now - then) / NS) if lately else math.nan
            if math.isnan(value[row]):
                quality[row] = Quality.NO_DATA
        return quality

    def _not_numbers(self, value: NDArray[np.float64], quality: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The device's own NaN, and bytes that mean nothing, told from the NaN that stands for "nothing read"."""
        return np.where(~np.isfinite(value) & (quality == Quality.GOOD), self._decoder.why, quality)
