"""An independent peer: pymodbus's server holds one image of all types in all orders and all areas."""

from __future__ import annotations

import asyncio
import struct

import pytest
from pymodbus import FramerType
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from gateway.model.site import Tag
from gateway.sources.modbus import config_serial_tcp
from gateway.sources.modbus.config import Settings, bind
from gateway.sources.modbus.plugin import build
from gateway.sources.modbus.settings import OverTcp
from tests.helpers.feed import FakeFeed
from tests.ports import HOST, free_port

VALUES = {
    "int16": (">h", -12345),
    "uint16": (">H", 54321),
    "int32": (">i", -1234567890),
    "uint32": (">I", 3456789012),
    "int64": (">q", -(2**52) - 5),
    "uint64": (">Q", 2**52 + 7),
    "float32": (">f", 1234.5),
    "float64": (">d", -9876.54321),
}
BITS = [True, False, False, True, True, False, True, False, True, True, False]


def words(value: float, form: str, order: str) -> list[int]:
    """Registers as a device of that order holds them."""
    raw = struct.pack(form, value)
    pairs = [raw[k : k + 2] for k in range(0, len(raw), 2)]
    pairs = pairs[::-1] if order in ("CDAB", "DCBA") else pairs
    return [int.from_bytes(p, "little" if order in ("BADC", "DCBA") else "big") for p in pairs]


def settings_of(framer: FramerType, port: int) -> OverTcp:
    place = {"host": HOST, "port": port, "max_gap": 32}
    if framer is FramerType.SOCKET:
        return Settings.model_validate({"kind": "modbus-tcp", **place})
    made = {"kind": "modbus-serial-tcp", "framing": framer.value, **place}
    return config_serial_tcp.Settings.model_validate(made)


def image() -> tuple[list[int], list[tuple[str, float]]]:
    held: list[int] = []
    cells: list[tuple[str, float]] = []
    for kind, (form, value) in VALUES.items():
        for order in ("ABCD", "CDAB", "BADC", "DCBA"):
            cells.append((f"{len(held)}:{kind}:{order}", value))
            held += words(value, form, order)
    return held, cells


@pytest.mark.leaks_ok("pymodbus's server keeps its own tasks a moment after its shutdown")
@pytest.mark.parametrize("framer", [FramerType.SOCKET, FramerType.RTU, FramerType.ASCII])
async def test_every_type_and_order_in_every_area(framer: FramerType) -> None:
    held, cells = image()
    blocks = (
        [SimData(0, values=BITS, datatype=DataType.BITS)],
        [SimData(0, values=BITS[::-1], datatype=DataType.BITS)],
        [SimData(0, values=held, datatype=DataType.REGISTERS)],
        [SimData(0, values=held[::-1], datatype=DataType.REGISTERS)],
    )
    port = free_port()
    server = ModbusTcpServer(SimDevice(7, simdata=blocks), framer=framer, address=(HOST, port))
    await server.serve_forever(background=True)
    want = {f"7:holding:{cell}": value for cell, value in cells}
    want |= {f"7:input:{k}": float(w) for k, w in enumerate(held[::-1])}
    want |= {f"7:holding:1.{b}:bit": float(held[1] >> b & 1) for b in range(16)}
    want |= {f"7:coil:{k}": float(b) for k, b in enumerate(BITS)}
    want |= {f"7:discrete:{k}": float(b) for k, b in enumerate(BITS[::-1])}
    settings = settings_of(framer, port)
    tags = [Tag(id=cell, raw="", description="", cls="other", unit="", installation="") for cell in want]
    reading, feed = (
        build("p", settings, [(i, t, bind(settings, t.id, t)) for i, t in enumerate(tags)]),
        FakeFeed(),
    )
    task = asyncio.create_task(reading.run(feed))
    try:
        await feed.until(lambda: bool(feed.batches))
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await server.shutdown()
    got = {tags[row.tag].id: row.value for row in feed.rows if row.quality == 0}
    assert got == want
