"""A Modbus TCP server of our own: pure frames and replies, a pure fault pipe, a thin asyncio rim."""

from simulators.modbus.server import DeviceServer, Reader

__all__ = ["DeviceServer", "Reader"]
