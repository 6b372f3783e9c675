"""Plant and gateway are led through the demo's time together, a slice at a time.

Were each to follow the wall at forty times its pace, a machine that is busy for a second would keep an answer, a
message or a decision waiting for forty plant seconds, and the verdict would be about the machine. So the gateway's
clock and the plant go on by a slice when what the slice before brought has been confirmed by the broker and judged. A
slow machine takes longer and says the same.
"""

import asyncio
from collections.abc import Mapping
from math import inf
from typing import Final

from gateway.app.plant import Line
from gateway.model.commands import Act, Actor, Command
from gateway.model.errors import Retry
from gateway.model.times import NS
from gateway.runtime.clock import ScaledClock
from gateway.runtime.machine import Machine

SLICE_S: Final = 0.025
"""Wall seconds that a slice lasts at least: 40 a second, a plant second each at forty times the pace."""
HOP_S: Final = 0.002
ROUNDS: Final = Actor("rounds", "巡检员")
PATIENCE_S: Final = 60.0
"""Wall seconds after which a slice will not end by itself."""


class Conductor:
    """``lead`` plays on; ``at_s`` says how far, in plant seconds."""

    def __init__(
        self, speed: float, line: Line, clock: ScaledClock, machine: Machine, pace: float = 1.0
    ) -> None:
        """``speed``: plant seconds to a second of the scenario's show; ``pace``: how much faster it is shown."""
        self._line, self._clock, self._machine = line, clock, machine
        self._slice_s, self._rest_s = SLICE_S * speed, SLICE_S / pace
        self.start = clock.hold(speed)
        self.at_s = 0.0
        self._due = 0.0

    async def begin(self) -> None:
        """Plant time begins."""
        await self._line.ask(cmd="start", t0_ns=self.start, led=True)
        self._due = asyncio.get_running_loop().time()

    async def lead(self, until_s: float = inf) -> None:
        """Go on to a plant second, at the scenario's pace or as fast as this machine can.

        Raises:
            Retry: a slice does not end: the plant, its broker or the gateway stands.
        """
        loop = asyncio.get_running_loop()
        while self.at_s < until_s:
            try:
                async with asyncio.timeout(PATIENCE_S):
                    await self._play(min(self.at_s + self._slice_s, until_s))
            except TimeoutError:
                raise Retry(f"the demo stands at plant second {self.at_s:.0f}") from None
            self._due = max(self._due + self._rest_s, loop.time())  # what was lost is not made good
            await asyncio.sleep(self._due - loop.time())

    async def _play(self, to_s: float) -> None:
        """The gateway first: what the plant says of a moment is never from its future."""
        moment = self.start + round(to_s * NS)
        self._clock.move(moment)
        self._machine.intake.wake.set()
        while self._machine.judged_until < moment:  # noqa: ASYNC110 - the hot path tells nobody of each turn
            await asyncio.sleep(HOP_S)
        waiting = True
        while waiting:
            answer = await self._line.ask(cmd="advance", to_s=to_s)
            await self._enter(answer["rounds"])
            if waiting := bool(answer["waiting"]):
                await asyncio.sleep(HOP_S)
        self.at_s = to_s

    async def _enter(self, rounds: Mapping[str, float]) -> None:
        """What a person has read at an instrument without a wire is entered by that person."""
        for tag, value in rounds.items():
            words = (("tag", tag), ("value", f"{value:.6g}"))
            await self._machine.submit(Command(Act.ENTER, ROUNDS, (), words=words))
