"""The asyncio rim of one simulated serial line: the far end of a pty, its units, its faults."""

import asyncio
import os
import tempfile
import tty
from contextlib import suppress
from pathlib import Path

import numpy as np

from simulators.modbus.frames import BUFFERS
from simulators.modbus.server import HALF_OPEN_LOOK_S, Device, DeviceServer, Reader
from simulators.port import Act, Close, Send, Wait

MOST_WAITING = 1000


class LineServer(DeviceServer):
    """RTU or ASCII slaves on a serial port. Requests are answered one after the other, as on a line."""

    def __init__(self, device: Device, plant: Reader, rng: np.random.Generator) -> None:
        super().__init__(device, plant, rng)
        folder = tempfile.gettempdir()
        self.path = Path(device.link or f"{folder}/fengsui-{os.getpid()}-{device.name}")
        self._far = self._near = -1
        self._worker: asyncio.Task[None] | None = None
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue(MOST_WAITING)

    async def open(self, host: str, port: int) -> None:  # noqa: ARG002 - as on TCP
        """Make the port; its name leads to it until it is closed. ``host`` and ``port`` mean nothing here."""
        self._far, self._near = os.openpty()
        tty.setraw(self._near)
        os.set_blocking(self._far, False)
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(os.ttyname(self._near))
        loop = asyncio.get_running_loop()
        loop.add_reader(self._far, self._readable)
        self._worker = loop.create_task(self._answer_line())
        self.stats.connections += 1

    async def follow(self) -> None:
        """The port goes and comes with the ``refuse`` fault, as an adapter that is pulled out."""
        refusing = self._has("refuse")
        if refusing and self._far >= 0:
            await self.close()
        elif not refusing and self._far < 0:
            await self.open("", 0)

    async def close(self) -> None:
        """The port is gone."""
        if self._far < 0:
            return
        asyncio.get_running_loop().remove_reader(self._far)
        if self._worker is not None:
            self._worker.cancel()
            await asyncio.gather(self._worker, return_exceptions=True)
        self.path.unlink(missing_ok=True)
        for end in (self._near, self._far):
            os.close(end)
        self._far = self._near = -1

    def place(self) -> dict[str, str | int]:
        """Where it is reached."""
        return {"path": str(self.path)}

    def _readable(self) -> None:
        with suppress(OSError, asyncio.QueueFull):
            self._waiting.put_nowait(os.read(self._far, 4096))

    async def _answer_line(self) -> None:
        frames = BUFFERS[self.device.framing]()
        while True:
            data = await self._waiting.get()
            while self._has("half-open"):  # noqa: ASYNC110 - faults are looked up, not announced
                await asyncio.sleep(HALF_OPEN_LOOK_S)
            for request in frames.feed(data):
                for act in self._acts(request):
                    await self._do(act)

    async def _do(self, act: Act) -> None:
        match act:
            case Send(data):
                with suppress(OSError):  # nobody reads: as a line into the air
                    os.write(self._far, data)
            case Wait(seconds):
                await asyncio.sleep(seconds)
            case Close():
                return  # a line has no connection to close
