"""A serial port as an asyncio transport. pyserial opens and sets it; reading and writing are the event loop's."""

import asyncio
import os
from typing import Any

import serial

from gateway.model.errors import Misconfigured
from gateway.sources.modbus.client import Lost
from gateway.sources.modbus.config_serial import Settings

CHUNK = 4096


class PortTransport(asyncio.Transport):
    """Bytes of an open port. A port that is pulled out ends the connection."""

    def __init__(self, loop: asyncio.AbstractEventLoop, port: Any, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self._loop, self._port, self._protocol = loop, port, protocol
        self._closing = False
        self._handle: int = port.fileno()
        loop.add_reader(self._handle, self._readable)
        protocol.connection_made(self)

    def is_closing(self) -> bool:
        """Nothing more is sent or received."""
        return self._closing

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """A request; far less than what the port buffers."""
        try:
            sent = os.write(self._handle, data)
        except OSError as error:
            self._end(error)
            return
        if sent != len(data):
            self._end(OSError("the port takes no more"))

    def abort(self) -> None:
        """Close at once."""
        self._end(None)

    def close(self) -> None:
        """Close at once."""
        self._end(None)

    def _readable(self) -> None:
        try:
            data = os.read(self._handle, CHUNK)
        except BlockingIOError:
            return
        except OSError as error:
            self._end(error)
            return
        if data:
            self._protocol.data_received(data)
        else:
            self._end(OSError("the port is gone"))

    def _end(self, error: Exception | None) -> None:
        if self._closing:
            return
        self._closing = True
        self._loop.remove_reader(self._handle)
        self._port.close()
        self._loop.call_soon(self._protocol.connection_lost, error)


def open_port(settings: Settings, protocol: asyncio.Protocol) -> None:
    """Open the port for ``protocol`` alone.

    Raises:
        Lost: not there, in use, or not to be set like this.
        Misconfigured: this system's event loop cannot watch a port.
    """
    if os.name != "posix":
        raise Misconfigured(
            "serial ports are read on Linux and macOS; elsewhere use a serial server (modbus-serial-tcp)"
        )
    import termios  # noqa: PLC0415 - not on every system

    try:
        port = serial.Serial(
            settings.port,
            baudrate=settings.baud,
            bytesize=settings.data_bits,
            parity=settings.parity[0].upper(),
            stopbits=settings.stop_bits,
            timeout=0,
            exclusive=True,
        )
    except (OSError, ValueError, termios.error) as error:
        raise Lost(f"cannot open {settings.port}: {error}") from error
    try:
        port.reset_input_buffer()
        PortTransport(asyncio.get_running_loop(), port, protocol)
    except BaseException:
        port.close()
        raise
