"""The console as an ASGI application."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fastapi import APIRouter, Depends, FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response

from gateway import __version__
from gateway.console import (
    acts,
    cards,
    changing,
    deliveries,
    engineering,
    errors,
    field,
    hands,
    layout,
    letters,
    pages,
    probes,
    push,
    reads,
    search,
    trends,
)
from gateway.console import exercise as drills
from gateway.console.answers import answer
from gateway.console.guard import LOOPBACK, Guard
from gateway.console.hub import Hub
from gateway.console.people import admin
from gateway.console.people import api as people
from gateway.console.people.access import Access, Audit
from gateway.console.people.book import Book
from gateway.console.people.door import ACT_IDLE_S, ACT_LONGEST_S, Door
from gateway.console.ports import (
    ChangePort,
    Context,
    ExercisePort,
    HistoryPort,
    Inlet,
    JournalPort,
    LedgerPort,
    ReloadPort,
    RetryPort,
)
from gateway.console.shelf import shelf
from gateway.model.commands import Act, Actor, Command
from gateway.model.ports import CommandPort, Plant

API = "/api/v1"
LARGE = 2048
"""bytes; smaller answers (the session's word among them) are never packed"""


@dataclass(frozen=True, slots=True)
class DoorRules:
    """What a site can say about signing in. Times are seconds."""

    act_idle_s: float = ACT_IDLE_S
    act_longest_s: float = ACT_LONGEST_S
    proxies: tuple[str, ...] = ()


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
    book: Book | None = None,
    rules: DoorRules = DoorRules(),
    exercise: ExercisePort | None = None,
    ledger: LedgerPort | None = None,
    plan: layout.Plan | None = None,
    dead: field.LettersPort | None = None,
    tools: engineering.ToolPort | None = None,
    changes: ChangePort | None = None,
    retry: RetryPort | None = None,
) -> FastAPI:
    """Pages, API and probes over one plant.

    Args:
        token: secret of the command line (at least 16 characters).
        hosts: host names the console answers to.
        inlets: sources that are given their readings by HTTP.
        reload: puts another configuration in place; none where the console is not the gateway's own.
        book: accounts, panels and tokens; without it whoever sits at the machine acts under the name they give.
        rules: how long the right to act lasts, and which proxies are believed.
        now: UTC in ns; another clock only where the plant's time is not the wall's (the demo).
        tools: checks, figures and trials; none where the console is not the gateway's own.
        dead: what outputs refused.
        plan: a picture of the site.
        ledger: what became of each alarm event at each output.
        exercise: drills; none where the console is not the gateway's own.
        changes: stages and approvals; the same.
        retry: gives dead letters again; the same.

    ``app.state.hub`` must be run (``server.serve`` does) for the stream to move.
    """
    context = Context(plant, commands, history, journal, now, ledger)
    door = Door(
        token, book, act_idle_s=rules.act_idle_s, act_longest_s=rules.act_longest_s, proxies=rules.proxies
    )
    access = Access(door, book, _audit(commands)) if book is not None else None
    files = shelf()
    hub, narrow = Hub(context, build=files.build), Hub(context, build=files.build, tags=False)
    app = FastAPI(
        title="Fengsui gateway",
        version=__version__,
        dependencies=[Depends(door.admit)],  # every endpoint asks the table of rights
        openapi_url=None,
        docs_url=None,  # their pages load scripts from elsewhere
        redoc_url=None,
    )
    app.state.hub, app.state.narrow, app.state.access = hub, narrow, access
    app.include_router(_openapi(app), prefix=API)
    app.include_router(people.router(door, access), prefix=API)
    app.include_router(admin.router(access), prefix=API)
    app.include_router(reads.router(context, hub, narrow, door), prefix=API)
    app.include_router(acts.router(context, access, reload), prefix=API)
    for part in (hands, cards, deliveries, search, trends):
        app.include_router(part.router(context), prefix=API)
    app.include_router(letters.router(retry), prefix=API)
    if changes is not None:
        app.include_router(changing.router(changes, access), prefix=API)
    if exercise is not None:
        app.include_router(drills.router(exercise, plant, access), prefix=API)
    app.include_router(layout.router(context, plan), prefix=API)
    app.include_router(field.router(dead), prefix=API)
    app.include_router(engineering.router(context, tools), prefix=API)
    app.include_router(push.router({inlet.name: inlet for inlet in inlets}), prefix=API)
    app.include_router(probes.router(context, hub))
    app.include_router(pages.router(door, files))
    app.mount("/static", files, name="static")
    errors.install(app)
    app.add_middleware(GZipMiddleware, minimum_size=LARGE, compresslevel=5)  # the stream packs itself
    app.add_middleware(Guard, hosts=tuple(hosts))
    return app


def _audit(commands: CommandPort) -> Audit:
    """Whatever changes who may is a command like any other: numbered, journalled, published."""

    async def said(who: Actor, what: str, details: dict[str, str]) -> None:
        words = (("what", what), *((k, v) for k, v in details.items() if v))
        await commands.submit(Command(Act.ACCESS, who, (), words=words))

    return said


def _openapi(app: FastAPI) -> APIRouter:
    api = APIRouter(include_in_schema=False)

    @api.get("/openapi.json")
    async def described() -> Response:
        """This API."""
        return answer(app.openapi())

    return api
