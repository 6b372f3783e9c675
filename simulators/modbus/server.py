"""The asyncio rim of one simulated device on TCP: a listening port, its connections, its faults."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Protocol

import numpy as np

from simulators.errors import BadFrame
from simulators.faults import Fault
from simulators.image import Image
from simulators.modbus.frames import BUFFERS, Frame
from simulators.modbus.pdu import WRITES, exception, respond
from simulators.modbus.pipe import shape
from simulators.port import Act, Port, Send, perform

TARGET_FAILED = 11  # gateway target device failed to respond
HALF_OPEN_LOOK_S = 0.05


class Reader(Protocol):
    """What a server asks of the plant."""

    def image(self, device: str, unit: int) -> Image | None:
        """The unit's cells now; None when the device has no such unit."""

    def device_faults(self, device: str) -> Sequence[Fault]:
        """Faults of the device in force, oldest first."""


@dataclass(frozen=True)
class Device:
    """A port: its offset from the first port, what holes answer, what an unknown unit does, and its wire.

    ``wire``: ``tcp``; ``rtu-tcp`` and ``ascii-tcp``, as behind a serial server; ``rtu`` and ``ascii``, a serial port
    (the far end of a pty) at ``link``.
    """

    name: str
    port_offset: int = 0
    gaps: str = "zero"
    unknown_unit: str = "silent"
    wire: str = "tcp"
    link: str = ""

    @property
    def framing(self) -> str:
        """tcp, rtu or ascii."""
        return self.wire.partition("-")[0]


@dataclass
class Stats:
    """Counts since start.  ``writes`` counts write requests: a monitoring gateway has none."""

    connections: int = 0
    requests: int = 0
    replies: int = 0
    exceptions: int = 0
    writes: int = 0
    bad_frames: int = 0


class DeviceServer(Port):
    """One TCP port with any number of units behind it: Modbus TCP, or RTU or ASCII frames."""

    def __init__(self, device: Device, plant: Reader, rng: np.random.Generator) -> None:
        super().__init__()
        self.device, self.stats = device, Stats()
        self._plant, self._rng = plant, rng

    async def follow(self) -> None:
        """Close or open the port as the ``refuse`` fault comes and goes."""
        await self._stand(open_=not self._has("refuse"))

    def described(self) -> dict[str, int]:
        """The counts, for JSON."""
        return asdict(self.stats)

    def place(self) -> dict[str, str | int]:
        """Where it is reached."""
        return {"host": self._host, "port": self.port}

    def _has(self, kind: str) -> bool:
        return any(fault.kind == kind for fault in self._plant.device_faults(self.device.name))

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.stats.connections += 1
        try:
            await self._answer_all(reader, writer)
        except BadFrame:
            self.stats.bad_frames += 1
        except OSError:
            pass  # the client went away, as clients may, also in the middle of TLS
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _answer_all(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        frames = BUFFERS[self.device.framing]()
        while data := await self._receive(reader):
            for request in frames.feed(data):
                if not await perform(self._acts(request), writer):
                    return

    async def _receive(self, reader: asyncio.StreamReader) -> bytes:
        await self._sit_out_half_open()
        data = await reader.read(4096)
        await self._sit_out_half_open()
        return data

    async def _sit_out_half_open(self) -> None:
        """Faults are looked up, not announced, so this looks again now and then."""
        while self._has("half-open"):  # noqa: ASYNC110
            await asyncio.sleep(HALF_OPEN_LOOK_S)

    def _acts(self, request: Frame) -> list[Act]:
        self.stats.requests += 1
        self.stats.writes += request.pdu[0] in WRITES
        pdu = self._reply(request)
        echo: list[Act] = [Send(request.encoded())] if self._has("echo") else []
        if pdu is None:
            return echo
        answer = Frame(request.transaction, request.unit, pdu, request.framing)
        acts = shape(answer, self._plant.device_faults(self.device.name), self._rng)
        self.stats.exceptions += pdu[0] >= 0x80
        self.stats.replies += any(isinstance(act, Send) for act in acts)
        return [*echo, *acts]

    def _reply(self, request: Frame) -> bytes | None:
        image = self._plant.image(self.device.name, request.unit)
        if image is not None:
            return respond(request.pdu, image, self.device.gaps)
        if self.device.unknown_unit == "silent":
            return None
        return exception(request.pdu[0], TARGET_FAILED)
