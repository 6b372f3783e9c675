"""Serves the console inside the running event loop: loopback only, no signal handlers, nothing left behind."""

import asyncio
import ipaddress
import socket
from collections.abc import Callable, Sequence
from typing import Final

import uvicorn
from fastapi import FastAPI

from gateway.console.hub import Hub
from gateway.model.errors import Fault, Misconfigured

GRACE_S: Final = 2
MOST_CONNECTIONS: Final = 256
HINT: Final = "a certificate and users are not configured; use an SSH tunnel to look from elsewhere"


async def serve(app: FastAPI, host: str, port: int, on_ready: Callable[[str], None] | None = None) -> None:
    """Serve until cancelled.

    Args:
        host: a loopback address or ``localhost``.
        port: TCP port; 0 takes a free one.
        on_ready: called with the console's address once it answers.

    Raises:
        Misconfigured: not a loopback address, or the address cannot be bound.
    """
    listener = bind(host, port)
    server = _Server(_config(app))
    hub: Hub = app.state.hub
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(hub.run(), name="console-hub")
            await server.open([listener])
            if on_ready is not None:
                on_ready(url_of(listener))
            await asyncio.Event().wait()
    finally:
        hub.close()
        await server.end([listener])
        listener.close()


def loopback(host: str) -> bool:
    """True for an address that only this machine can reach."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def bind(host: str, port: int) -> socket.socket:
    """A listening socket on loopback.

    Raises:
        Misconfigured: see :func:`serve`.
    """
    if not loopback(host):
        raise _wrong(host, port, "a loopback address (127.0.0.1, ::1, localhost)", HINT)
    address = "127.0.0.1" if host == "localhost" else host
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.setblocking(False)
    except OSError as fault:
        listener.close()
        raise _wrong(host, port, "an address that is free", fault.strerror or str(fault)) from fault
    return listener


def url_of(listener: socket.socket) -> str:
    """``http://127.0.0.1:8080/``."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


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

    async def open(self, sockets: Sequence[socket.socket]) -> None:
        """Start answering."""
        self.config.load()
        self.lifespan = self.config.lifespan_class(self.config)
        await self.startup(sockets=list(sockets))
        self.server_state.default_headers = self.config.encoded_headers

    async def end(self, sockets: Sequence[socket.socket]) -> None:
        """Stop answering; what still runs after the grace is cancelled and waited for."""
        if self.started:
            await self.shutdown(sockets=list(sockets))
            await asyncio.gather(*self.server_state.tasks, return_exceptions=True)
