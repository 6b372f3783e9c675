"""Modbus devices of our own: pure frames and replies, a pure fault pipe, thin asyncio rims on TCP and serial lines."""

import numpy as np

from simulators.modbus.line import LineServer
from simulators.modbus.server import Device, DeviceServer, Reader

__all__ = ["Device", "DeviceServer", "LineServer", "Reader", "server_of"]


def server_of(device: Device, plant: Reader, rng: np.random.Generator) -> DeviceServer:
    """On TCP, or on a serial port."""
    made = LineServer if device.wire in ("rtu", "ascii") else DeviceServer
    return made(device, plant, rng)
