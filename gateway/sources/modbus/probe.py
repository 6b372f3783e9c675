"""Reads every tag of a source once, over one connection, slowly: raw registers beside the value. Reads only."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from gateway.model.errors import Retry
from gateway.model.probing import Looked, Pace, Probed, Spent
from gateway.model.site import Tag
from gateway.model.times import NS
from gateway.sources.modbus.address import Binding
from gateway.sources.modbus.counters import Counters
from gateway.sources.modbus.dial import Connection, dialler
from gateway.sources.modbus.frames import DeviceException, question
from gateway.sources.modbus.look import WORDS, looked
from gateway.sources.modbus.plan import Block, Point, halves, plan
from gateway.sources.modbus.settings import Polling

REFUSALS: Final = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "device failure",
    6: "busy",
    10: "gateway path unavailable",
    11: "gateway target does not answer",
}
ECHO: Final = "the adapter sends our questions back to us (its echo is left out)"
NOT_ASKED: Final = "not asked: the budget of the probe was used up"


class _Probe:
    """One run."""

    def __init__(self, settings: Polling, bound: Sequence[tuple[int, Tag, Binding]], pace: Pace) -> None:
        self._settings, self._pace = settings, pace
        self._timeout_s = settings.timeout / NS
        self._groups: dict[tuple[int, int], list[tuple[int, Point]]] = defaultdict(list)
        for row, tag, binding in bound:
            self._groups[binding.unit, tag.period or settings.period].append((row, binding.point))
        self._counters = Counters()
        self._dial = dialler(settings, self._counters)
        self._line: Connection | None = None
        self._mute: set[int] = set()
        self.out = Probed()

    async def run(self) -> Probed:
        out, cycle_ms, load = self.out, 0.0, 0.0
        out.requests_per_cycle = sum(len(self._plan(points)) for points in self._groups.values())
        try:
            self._line = await self._dial()
            out.reached = True
            for (unit, period), points in sorted(self._groups.items()):
                took = await self._unit(unit, points)
                cycle_ms, load = cycle_ms + took, load + took * 1e6 / period
        except Retry as error:
            out.why = error.reason
        finally:
            if self._line is not None:
                await self._line.close()
        self._rest(out.why or NOT_ASKED)
        if self._counters.echoes:
            out.why = "; ".join(filter(None, [out.why, ECHO]))
        out.cycle_ms, out.load, out.asked = round(cycle_ms, 1), round(load, 4), self._pace.asked
        return out

    def _plan(self, points: Sequence[tuple[int, Point]]) -> Sequence[Block]:
        return plan([p for _, p in points], self._settings.limits)

    def _rest(self, why: str) -> None:
        done = {row.tag for row in self.out.rows}
        every = [row for points in self._groups.values() for row, _ in points]
        self.out.rows += [Looked(row, None, "", None, why) for row in every if row not in done]

    async def _unit(self, unit: int, points: Sequence[tuple[int, Point]]) -> float:
        """Milliseconds its answers took."""
        took = 0.0
        only = [p for _, p in points]
        todo = deque(self._plan(points))
        while todo:
            block = todo.popleft()
            try:
                await asyncio.sleep(self._pace.turn(asyncio.get_running_loop().time()))
            except Spent:
                return took
            if unit in self._mute:
                self._say(block, points, "", f"unit {unit} does not answer")
                continue
            took += await self._block(unit, block, points, todo, only)
        return took

    async def _block(
        self,
        unit: int,
        block: Block,
        points: Sequence[tuple[int, Point]],
        todo: deque[Block],
        only: list[Point],
    ) -> float:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            line = await self._connected()
            data = await line.ask(question(unit, block.area, block.address, block.count), self._timeout_s)
        except DeviceException as refusal:
            parts = halves(block, only)
            if parts is not None:
                todo.extendleft(reversed(parts))
            else:
                words = REFUSALS.get(refusal.code, "refused")
                self._say(block, points, "", f"the device refuses it: {words} ({refusal.code})")
            return 0.0
        except Retry as error:
            self._mute.add(unit)
            self._say(block, points, "", error.reason)
            return 0.0
        ms = (loop.time() - began) * 1e3
        self._read(block, points, data, ms)
        return ms

    async def _connected(self) -> Connection:
        if self._line is None or not self._line.up:
            self._line = await self._dial()
        return self._line

    def _say(self, block: Block, points: Sequence[tuple[int, Point]], raw: str, note: str) -> None:
        self.out.rows += [Looked(points[i][0], None, raw, None, note) for i in block.points]

    def _read(self, block: Block, points: Sequence[tuple[int, Point]], data: bytes, ms: float) -> None:
        found = [looked(points[i][0], points[i][1], block, data) for i in block.points]
        self.out.rows += [
            replace(each, ms=round(ms, 1), note=WORDS.get(each.note, each.note)) for each in found
        ]


async def probe(settings: Polling, bound: Sequence[tuple[int, Tag, Binding]], pace: Pace) -> Probed:
    """See the module. Never raises for the device's sake: what is wrong is in the report."""
    return await _Probe(settings, bound, pace).run()
