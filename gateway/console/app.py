"""The console as an ASGI application."""

import time
from collections.abc import Callable, Iterable

from fastapi import FastAPI

from gateway import __version__
from gateway.console import acts, errors, hands, pages, probes, push, reads
from gateway.console.guard import LOOPBACK, Guard
from gateway.console.hub import Hub
from gateway.console.ports import Context, HistoryPort, Inlet, JournalPort, ReloadPort
from gateway.console.session import Keys
from gateway.model.ports import CommandPort, Plant

API = "/api/v1"


def create_app(  # noqa: PLR0913 - the four ports, and what cannot be guessed
    plant: Plant,
    commands: CommandPort,
    history: HistoryPort,
    journal: JournalPort,
    *,
    token: str,
    hosts: Iterable[str] = LOOPBACK,
    now: Callable[[], int] = time.time_ns,
    inlets: Iterable[Inlet] = (),
    reload: ReloadPort | None = None,
) -> FastAPI:
    """Pages, API and probes over one plant.

    Args:
        token: secret of the command line (at least 16 characters); the page gets a session derived from it.
        hosts: host names the console answers to.
        inlets: sources that are given their readings by HTTP.
        reload: puts another configuration in place; none where the console is not the gateway's own.
        now: UTC in ns; another clock only where the plant's time is not the wall's (the demo).

    ``app.state.hub`` must be run (``server.serve`` does) for the stream to move.
    """
    context, keys = Context(plant, commands, history, journal, now), Keys(token)
    hub = Hub(context, build=pages.build_of())
    app = FastAPI(
        title="Fengsui gateway",
        version=__version__,
        openapi_url=f"{API}/openapi.json",
        docs_url=None,  # their pages load scripts from elsewhere
        redoc_url=None,
    )
    app.state.hub = hub
    app.include_router(reads.router(context, hub), prefix=API)
    app.include_router(acts.router(context, keys, reload), prefix=API)
    app.include_router(hands.router(context, keys), prefix=API)
    app.include_router(push.router({inlet.name: inlet for inlet in inlets}), prefix=API)
    app.include_router(probes.router(context, hub))
    app.include_router(pages.router(keys))
    app.mount("/static", pages.Files(directory=pages.STATIC), name="static")
    errors.install(app)
    app.add_middleware(Guard, hosts=tuple(hosts))
    return app
