"""Helpers: a device over a fixed image, raw conversations with it, and a broker that only listens."""

import asyncio
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import numpy as np

from simulators.faults import Fault, make_fault
from simulators.image import Image, build_image
from simulators.modbus.server import Device, DeviceServer
from simulators.sensors import Measured
from simulators.tags import ModbusBinding, Tag

READ_TWO = struct.pack(">HHHBBHH", 7, 0, 6, 1, 3, 0, 2)


def tag(name: str, binding: ModbusBinding) -> Tag:
    return Tag(name, name, name, "other", "", (0.0, 1.0), 1.0, "x", "i", modbus=binding)


@dataclass
class Bench:
    """Plays the plant to a server: units with images, and faults to switch on and off."""

    units: dict[int, Image]
    faults: list[Fault] = field(default_factory=list)

    def image(self, device: str, unit: int) -> Image | None:
        return self.units.get(unit)

    def device_faults(self, device: str) -> Sequence[Fault]:
        return self.faults

    def fail(self, kind: str, **params: float) -> None:
        self.faults = [make_fault("f", kind, "dev", 0.0, params)]


def image_of(*entries: tuple[ModbusBinding, float]) -> Image:
    return build_image([(tag(f"t{n}", b), Measured(v)) for n, (b, v) in enumerate(entries)], {})


def plain_image() -> Image:
    return image_of(*((ModbusBinding("dev", 1, 3, a, "uint16"), 100.0 + a) for a in range(10)))


@asynccontextmanager
async def serving(bench: Bench, **options: str) -> AsyncIterator[DeviceServer]:
    server = DeviceServer(Device("dev", 0, **options), bench, np.random.default_rng(2))
    await server.open("127.0.0.1", 0)
    try:
        yield server
    finally:
        await server.close()


async def talk(
    server: DeviceServer, request: bytes = READ_TWO, *, wait_s: float = 0.15
) -> tuple[bytes, bool]:
    """Everything that comes back within ``wait_s``, and whether the device closed the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(request)
    got, closed = b"", False
    try:
        async with asyncio.timeout(wait_s):
            while data := await reader.read(4096):
                got += data
            closed = True
    except TimeoutError:
        pass
    writer.close()
    return got, closed


@dataclass
class Ear:
    """An MQTT 3.1.1 broker that accepts everybody and remembers what was published."""

    messages: list[tuple[str, bytes]] = field(default_factory=list)
    port: int = 0

    async def hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                kind, body = await self._packet(reader)
                if reply := self._reply(kind, body):
                    writer.write(reply)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _packet(self, reader: asyncio.StreamReader) -> tuple[int, bytes]:
        kind, length, place = (await reader.readexactly(1))[0], 0, 0
        while True:
            byte = (await reader.readexactly(1))[0]
            length |= (byte & 0x7F) << place
            place += 7
            if byte < 0x80:
                return kind, await reader.readexactly(length)

    def _reply(self, kind: int, body: bytes) -> bytes:
        if kind >> 4 == 1:
            return b"\x20\x02\x00\x00"
        if kind >> 4 == 3:
            end = 2 + int.from_bytes(body[:2], "big")
            self.messages.append((body[2:end].decode(), body[end + 2 :]))
            return b"\x40\x02" + body[end : end + 2]
        return b"\xd0\x00" if kind >> 4 == 12 else b""


@asynccontextmanager
async def listening() -> AsyncIterator[Ear]:
    ear = Ear()
    server = await asyncio.start_server(ear.hear, "127.0.0.1", 0)
    ear.port = server.sockets[0].getsockname()[1]
    async with server:
        yield ear
