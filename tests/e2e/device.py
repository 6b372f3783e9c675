"""A Modbus TCP device in a thread, whose registers the test sets, ramps, and looks back at."""

from __future__ import annotations

import asyncio
import struct
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Self

from tests.helpers.modbus_peer import Asked, Peer, frame


class Device:
    """Holding registers 0-99. A register is a number, or a function of the monotonic time in seconds.

    ``served``: per register, every value that was handed out, in order.
    """

    def __init__(self, port: int = 0) -> None:
        self._registers: dict[int, Callable[[float], float]] = {}
        self.served: dict[int, list[int]] = defaultdict(list)
        self._peer = Peer(self._answer, port)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="device")

    def __enter__(self) -> Self:
        self._thread.start()
        self.listen()
        return self

    def __exit__(self, *_: object) -> None:
        self.hang_up()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    @property
    def port(self) -> int:
        return self._peer.port

    @property
    def requests(self) -> int:
        return len(self._peer.asked)

    @property
    def connections(self) -> int:
        """Since the beginning."""
        return self._peer.connections

    def listen(self) -> None:
        asyncio.run_coroutine_threadsafe(self._peer.start(), self._loop).result(10)

    def hang_up(self) -> None:
        """Refuse connections from now on."""
        asyncio.run_coroutine_threadsafe(self._peer.stop(), self._loop).result(10)

    def set(self, register: int, value: float) -> None:
        self._registers[register] = lambda _: value

    def ramp(self, register: int, to: float, seconds: float) -> None:
        """Linear from what it is now."""
        begun = time.monotonic()
        start = self.value(register, begun)

        def at(now: float) -> float:
            share = min(1.0, (now - begun) / seconds)
            return start + (to - start) * share

        self._registers[register] = at

    def count(self, register: int) -> None:
        """One more at each reading."""
        self._registers[register] = lambda _: len(self.served[register]) + 1

    def value(self, register: int, now: float) -> float:
        found = self._registers.get(register)
        return found(now) if found is not None else 0.0

    def _answer(self, asked: Asked) -> list[bytes]:
        now, words = time.monotonic(), []
        for register in range(asked.address, asked.address + asked.count):
            words.append(round(self.value(register, now)) & 0xFFFF)
            self.served[register].append(words[-1])
        data = struct.pack(f">{asked.count}H", *words)
        return [frame(asked, bytes([asked.function, len(data)]) + data)]
