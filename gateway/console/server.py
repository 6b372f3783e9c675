"""Serves the console inside the running event loop: no signal handlers, nothing left behind.

Without a certificate only this machine is listened to.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import uvicorn
from fastapi import FastAPI

from gateway.console.hub import Hub
from gateway.model.errors import Fault, Misconfigured

GRACE_S: Final = 2
MOST_CONNECTIONS: Final = 256
HINT: Final = "a certificate and users are not configured; use an SSH tunnel to look from elsewhere"


async def serve(
    app: FastAPI,
    host: str,
    port: int,
    on_ready: Callable[[str], None] | None = None,
    tls: tuple[Path, Path] | None = None,
) -> None:
    """Serve until cancelled.

    Args:
        host: a loopback address or ``localhost``; with a certificate any address.
        port: TCP port; 0 takes a free one.
        on_ready: called with the console's address once it answers.
        tls: PEM files of the certificate chain and its key.

    Raises:
        Misconfigured: not a loopback address, it cannot be bound, or the certificate cannot be used.
    """
    context = tls_context(*tls) if tls else None
    listener = bind(host, port, anywhere=context is not None)
    server = _Server(_config(app), context)
    hubs: tuple[Hub, ...] = (app.state.hub, app.state.narrow)
    try:
        async with asyncio.TaskGroup() as group:
            for hub in hubs:
                group.create_task(hub.run(), name="console-hub")
            await server.open([listener])
            if on_ready is not None:
                on_ready(url_of(listener, "https" if tls else "http"))
            await asyncio.Event().wait()
    finally:
        for hub in hubs:
            hub.close()
        await server.end([listener])
        listener.close()


def loopback(host: str) -> bool:
    """True for an address that only this machine can reach."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def bind(host: str, port: int, *, anywhere: bool = False) -> socket.socket:
    """A listening socket; on loopback only, unless ``anywhere``.

    Raises:
        Misconfigured: see :func:`serve`.
    """
    if not anywhere and not loopback(host):
        raise _wrong(host, port, "a loopback address (127.0.0.1, ::1, localhost)", HINT)
    address = "127.0.0.1" if host == "localhost" else host
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # The protocol is named: asyncio sends small answers at once (TCP_NODELAY) only where a socket says it is TCP.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.setblocking(False)
    except OSError as fault:
        listener.close()
        raise _wrong(host, port, "an address that is free", fault.strerror or str(fault)) from fault
    return listener


def url_of(listener: socket.socket, scheme: str = "http") -> str:
    """``http://127.0.0.1:8080/``."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - what it is told, not what is bound
    return f"{scheme}://[{host}]:{port}/" if ":" in host else f"{scheme}://{host}:{port}/"


def tls_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """TLS 1.2 and newer.

    Raises:
        Misconfigured: the files cannot be used.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except OSError as fault:  # SSLError is one
        allowed = "a PEM certificate chain and its private key"
        raise Misconfigured(
            [Fault("site.yaml", None, "console.certificate", str(certificate), allowed, str(fault))]
        ) from fault
    return context


def _wrong(host: str, port: int, allowed: str, hint: str) -> Misconfigured:
    return Misconfigured([Fault("site.yaml", None, "console.listen", f"{host}:{port}", allowed, hint)])


def _config(app: FastAPI) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http="h11",
        ws="none",
        loop="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=GRACE_S,
    )


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers and without its main loop, which wakes up ten times a second."""

    def __init__(self, config: uvicorn.Config, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(config)
        self._tls = tls

    async def open(self, sockets: Sequence[socket.socket]) -> None:
        """Start answering."""
        self.config.load()
        self.config.ssl = self._tls
        self.lifespan = self.config.lifespan_class(self.config)
        await self.startup(sockets=list(sockets))
        self.server_state.default_headers = self.config.encoded_headers

    async def end(self, sockets: Sequence[socket.socket]) -> None:
        """Stop answering; what still runs after the grace is cancelled and waited for."""
        if self.started:
            await self.shutdown(sockets=list(sockets))
            await asyncio.gather(*self.server_state.tasks, return_exceptions=True)
            # A client that takes nothing never lets its socket close.
            for left in tuple(self.server_state.connections):
                left.transport.abort()
            await asyncio.sleep(0)
