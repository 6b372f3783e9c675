"""How a connection is made, by the kind of source."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from gateway.model.errors import Misconfigured
from gateway.model.times import NS
from gateway.sources.modbus import config_serial, config_serial_tcp, config_tls
from gateway.sources.modbus.ascii import AsciiFrames
from gateway.sources.modbus.client import Lost, Secure, connect
from gateway.sources.modbus.counters import Counters
from gateway.sources.modbus.frames import Question
from gateway.sources.modbus.rtu import RtuFrames
from gateway.sources.modbus.settings import OverTcp, Polling
from gateway.sources.modbus.wire import Framing, Memory, Wire, memory

FASTEST_REST_S: Final = 0.00175
"""Above 19,200 bit/s the silence between frames is 1.75 ms, not 3.5 characters (MODBUS over Serial Line, 2.5.1.1)."""
FAST_BAUD: Final = 19_200


class Connection(Protocol):
    """What the scheduler asks of a line."""

    @property
    def up(self) -> bool: ...

    async def ask(self, asked: Question, timeout_s: float) -> bytes: ...

    async def close(self) -> None: ...


Dial = Callable[[], Awaitable[Connection]]
"""A new connection; Lost when there is none within the timeout."""
_FRAMINGS: Final[dict[str, Callable[[], Framing]]] = {"rtu": RtuFrames, "ascii": AsciiFrames}


def dialler(settings: Polling, counters: Counters) -> Dial:
    """How to reach what ``settings`` name. Late answers are remembered from one connection to the next."""
    match settings:
        case config_serial.Settings():
            return _serial(settings, counters, memory())
        case config_serial_tcp.Settings():
            return _serial_server(settings, counters, memory())
        case config_tls.Settings():
            return _tls(settings, counters)
        case OverTcp():
            return _tcp(settings, counters)
    raise Misconfigured(f"no way to reach {settings.place}")


def _tcp(settings: OverTcp, counters: Counters) -> Dial:
    timeout_s = settings.timeout / NS

    async def dial() -> Connection:
        return await connect(settings.host, settings.port, timeout_s, counters)

    return dial


def _tls(settings: config_tls.Settings, counters: Counters) -> Dial:
    """Certificates are read anew for each connection: they are renewed while the gateway runs."""

    timeout_s, name = settings.timeout / NS, settings.server_name or settings.host

    async def dial() -> Connection:
        secure = Secure(_context(settings), name)
        return await connect(settings.host, settings.port, timeout_s, counters, secure)

    return dial


def _context(settings: config_tls.Settings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.ca)
        if settings.cert is not None:
            context.load_cert_chain(settings.cert, settings.key)
    except (OSError, ssl.SSLError) as error:
        raise Misconfigured(f"certificates for {settings.place}: {error}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _serial(settings: config_serial.Settings, counters: Counters, doubts: Memory) -> Dial:
    from gateway.sources.modbus.port import open_port  # noqa: PLC0415 - only where there is a port

    framing = _FRAMINGS[settings.framing]
    chars_s = 3.5 * settings.character_s if settings.baud <= FAST_BAUD else FASTEST_REST_S
    rest_s = chars_s if settings.framing == "rtu" else 0.0

    async def dial() -> Connection:
        wire = Wire(framing(), doubts, rest_s, counters, settings.character_s)
        open_port(settings, wire)
        counters.connects += 1
        return wire

    return dial


def _serial_server(settings: config_serial_tcp.Settings, counters: Counters, doubts: Memory) -> Dial:
    framing, timeout_s = _FRAMINGS[settings.framing], settings.timeout / NS

    async def dial() -> Connection:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout_s):
                _, wire = await loop.create_connection(
                    lambda: Wire(framing(), doubts, 0.0, counters), settings.host, settings.port
                )
        except TimeoutError:
            raise Lost(f"no connection to {settings.place} within {timeout_s:g} s") from None
        except OSError as error:
            raise Lost(f"no connection to {settings.place}: {error.strerror or error}") from error
        counters.connects += 1
        return wire

    return dial
