"""A serial port as an asyncio transport. pyserial opens and sets it.

Where the event loop can watch a port (POSIX) it reads and writes; on Windows, where it cannot, a thread reads.
"""

import asyncio
import os
import threading
from contextlib import suppress
from typing import Any, Final

import serial

from gateway.sources.modbus.client import Lost
from gateway.sources.modbus.config_serial import Settings

CHUNK: Final = 4096
READ_S: Final = 0.05
"""longest wait of the reading thread: how soon it sees that the port was closed"""


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


class ThreadedPort(asyncio.Transport):
    """The same where the event loop cannot watch a port. Requests are a few bytes: writing them does not wait."""

    def __init__(self, loop: asyncio.AbstractEventLoop, port: Any, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self._loop, self._port, self._protocol = loop, port, protocol
        self._closing = False
        self._reader = threading.Thread(target=self._read, name=f"read {port.name}", daemon=True)
        protocol.connection_made(self)
        self._reader.start()

    def is_closing(self) -> bool:
        """Nothing more is sent or received."""
        return self._closing

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """A request."""
        try:
            self._port.write(data)
        except OSError as error:
            self._end(error)

    def abort(self) -> None:
        """Close within ``READ_S``."""
        self._end(None)

    def close(self) -> None:
        """Close within ``READ_S``."""
        self._end(None)

    def _read(self) -> None:
        """The thread: what comes, until the port is closed or gone; its last act tells the protocol."""
        error: Exception | None = None
        try:
            while not self._closing:
                data = self._port.read(max(1, self._port.in_waiting))
                if data:
                    self._loop.call_soon_threadsafe(self._received, data)
        except (
            OSError,
            TypeError,
            AttributeError,
        ) as gone:  # pyserial's own, where a port was closed or pulled out
            error = gone if isinstance(gone, OSError) else OSError("the port is gone")
        with suppress(RuntimeError):  # the loop has ended: nobody is left to tell
            self._loop.call_soon_threadsafe(self._ended, error)

    def _received(self, data: bytes) -> None:
        if not self._closing:
            self._protocol.data_received(data)

    def _end(self, error: Exception | None) -> None:
        self._error, self._closing = error, True

    def _ended(self, error: Exception | None) -> None:
        self._closing = True
        self._port.close()
        self._reader.join()
        self._protocol.connection_lost(self._error or error)

    _error: Exception | None = None


def open_port(settings: Settings, protocol: asyncio.Protocol, *, threaded: bool = os.name != "posix") -> None:
    """Open the port for ``protocol`` alone; Windows knows it as ``COM3`` (or ``\\\\.\\COM12``).

    Raises:
        Lost: not there, in use, or not to be set like this.
    """
    loop = asyncio.get_running_loop()
    port = _opened(settings, READ_S if threaded else 0)
    try:
        port.reset_input_buffer()
        (ThreadedPort if threaded else PortTransport)(loop, port, protocol)
    except BaseException:
        port.close()
        raise


def _opened(settings: Settings, timeout_s: float) -> Any:
    try:
        return serial.Serial(
            settings.port,
            baudrate=settings.baud,
            bytesize=settings.data_bits,
            parity=settings.parity[0].upper(),
            stopbits=settings.stop_bits,
            timeout=timeout_s,
            exclusive=True if os.name == "posix" else None,
        )
    except _NOT_OPENED as error:
        raise Lost(f"cannot open {settings.port}: {error}") from error


def _setting_errors() -> tuple[type[Exception], ...]:
    """What a POSIX system says of a speed or parity that its port does not know."""
    if os.name != "posix":
        return ()
    import termios  # noqa: PLC0415 - not on every system

    return (termios.error,)


_NOT_OPENED: Final[tuple[type[Exception], ...]] = (OSError, ValueError, *_setting_errors())
