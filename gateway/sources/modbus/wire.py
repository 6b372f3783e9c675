"""A line without transaction ids: RTU or ASCII frames, on a serial port or through a serial server.

One question at a time. What late answers may still come is remembered by unit (:mod:`doubts`), also over a new
connection: a serial server delivers to it what the line said before.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from typing import Final, Protocol, cast

from gateway.sources.modbus.client import Lost, Silent
from gateway.sources.modbus.counters import Counters
from gateway.sources.modbus.doubts import Doubts, Verdict
from gateway.sources.modbus.frames import DeviceException, Frame, Garbled, Question, answer

PROBES: Final = 3
"""Most questions asked before one that a late answer would look like."""
ONLY_ECHO: Final = (
    "only our own question came back: the adapter hears itself, nobody answers (wiring, speed, unit)"
)
SETTLE_S: Final = 0.05
"""After a garbled frame the line must have been silent so long."""


class Framing(Protocol):
    """RTU or ASCII, see :mod:`rtu` and :mod:`ascii`."""

    echoed: bool

    @property
    def empty(self) -> bool: ...

    def expect(self, sent: bytes) -> None: ...

    def settle(self) -> list[Frame]: ...

    def request(self, asked: Question) -> bytes: ...

    def characters(self, asked: Question) -> int: ...

    def feed(self, data: bytes) -> list[Frame]: ...


Memory = defaultdict[int, Doubts]
"""Unit -> its unanswered questions."""


def memory() -> Memory:
    """Nothing asked yet."""
    return Memory(Doubts)


class Wire(asyncio.Protocol):
    """The connection. ``rest_s`` is the silence before a question, ``character_s`` what a character takes on the line:
    a timeout is the device's time, and what the line needs for question and answer comes on top.
    """

    def __init__(
        self, framing: Framing, doubts: Memory, rest_s: float, counters: Counters, character_s: float = 0.0
    ) -> None:
        self._framing, self._doubts, self._rest_s = framing, doubts, rest_s
        self._character_s = character_s
        self._counters = counters
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._asked: Question | None = None
        self._waiter: asyncio.Future[bytes] | None = None
        self._last = 0.0
        self._noisy = False
        self._why = "not connected"
        self._closed = self._loop.create_future()

    @property
    def up(self) -> bool:
        """Questions can be asked."""
        return self._transport is not None and not self._transport.is_closing()

    async def ask(self, asked: Question, timeout_s: float) -> bytes:
        """The data bytes of the answer, exactly as many as asked for.

        Raises:
            Silent: no answer in time, or late answers may still come that would look like one.
            Lost: the connection broke, seen at once.
            Garbled: noise, or an answer that is not one to this question.
            DeviceException: the device refuses.
        """
        doubts = self._doubts[asked.unit]
        for _ in range(PROBES):
            if not doubts.forbids(asked):
                return await self._exchange(asked, timeout_s)
            try:
                await self._exchange(doubts.probe(asked), timeout_s)
            except DeviceException:
                continue
        raise Silent("answers to older questions may still come")

    async def close(self) -> None:
        """Close at once and wait until it is."""
        if self._transport is not None:
            self._why = "closed by us"
            self._transport.abort()
            await self._closed

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio's call."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio's call: the question in flight fails now, not at its timeout."""
        self._transport = None
        if self._why == "not connected":
            self._why = f"connection lost: {exc}" if exc else "closed by the other side"
        self._fail(Lost(self._why))
        if not self._closed.done():
            self._closed.set_result(None)

    def data_received(self, data: bytes) -> None:
        """asyncio's call."""
        self._last = self._loop.time()
        if self._waiter is None or self._waiter.done():
            self._counters.stray += 1
            return
        self._sort(self._framing.feed, data)

    def _sort(self, cut: Callable[..., list[Frame]], *data: bytes) -> None:
        try:
            for frame in cut(*data):
                self._take(frame)
        except Garbled as error:
            self._noisy = True
            self._fail(error)

    async def _exchange(self, asked: Question, timeout_s: float) -> bytes:
        await self._quiet(timeout_s)
        transport = self._transport
        if transport is None or transport.is_closing():
            raise Lost(self._why)
        if self._waiter is not None:
            raise RuntimeError("one question at a time")
        self._framing.expect(self._framing.request(asked))
        waiter: asyncio.Future[bytes] = self._loop.create_future()
        self._asked, self._waiter = asked, waiter
        line_s = self._character_s * self._framing.characters(asked)
        timer = self._loop.call_later(timeout_s + line_s, self._expire, timeout_s)
        answered = False
        try:
            transport.write(self._framing.request(asked))
            data = await waiter
            answered = True
            return data
        except DeviceException:
            answered = True
            raise
        finally:
            timer.cancel()
            self._waiter = None
            self._counters.echoes += self._framing.echoed
            if not answered:  # also when we are cancelled: who asks next must know
                self._doubts[asked.unit].unanswered(asked)

    async def _quiet(self, most_s: float) -> None:
        """Wait for silence on the line; after noise for longer, so that its tail is no beginning of an answer."""
        began = self._loop.time()
        need = max(self._rest_s, SETTLE_S) if self._noisy else self._rest_s
        while (wait := self._last + need - self._loop.time()) > 0:
            if self._loop.time() - began > most_s:
                raise Garbled("the line is never silent")
            await asyncio.sleep(wait)
        self._noisy = False

    def _take(self, frame: Frame) -> None:
        waiter, asked = self._waiter, self._asked
        if waiter is None or waiter.done() or asked is None or frame.unit != asked.unit:
            self._counters.stray += 1
            return
        verdict = self._doubts[frame.unit].sort(asked, frame)
        if verdict is Verdict.LATE:
            self._counters.stray += 1
            return
        try:
            data = answer(asked, frame)
        except DeviceException as refusal:
            waiter.set_exception(refusal)
            return
        if verdict is Verdict.GARBLED:
            raise Garbled("an answer to no question that was asked")
        waiter.set_result(data)

    def _expire(self, timeout_s: float) -> None:
        self._sort(self._framing.settle)
        if self._framing.empty:
            only = f"; {ONLY_ECHO}" if self._framing.echoed else ""
            self._fail(Silent(f"no answer within {timeout_s:g} s{only}"))
        else:
            self._noisy = True
            self._fail(Garbled(f"an answer that was not whole within {timeout_s:g} s"))

    def _fail(self, error: Exception) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(error)
