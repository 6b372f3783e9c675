"""The console as an ASGI application."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

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
    proposals,
    push,
    raws,
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
from gateway.console.people.roles import PARTS
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
from gateway.console.proposals import ProposalPort
from gateway.console.raws import RawPort
from gateway.console.shelf import shelf
from gateway.model.commands import Act, Actor, Command
from gateway.model.ports import CommandPort, Plant

API = "/api/v1"


class Tools(engineering.ToolPort, proposals.TrialPort, Protocol):
    """Everything that the tools do."""


LARGE = 2048
"""bytes; smaller answers (the session's word among them) are never packed"""


@dataclass(frozen=True, slots=True)
class DoorRules:
    """What a site can say about signing in. Times are seconds."""

    act_idle_s: float = ACT_IDLE_S
    act_longest_s: float = ACT_LONGEST_S
    proxies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Beside:
    """What a console may be given beside the plant; what is not given is not there, and its endpoints say so."""

    inlets: Iterable[Inlet] = ()
    """sources that are given their readings by HTTP"""
    reload: ReloadPort | None = None
    """puts another configuration in place; none where the console is not the gateway's own"""
    exercise: ExercisePort | None = None
    """drills; the same"""
    changes: ChangePort | None = None
    """stages and approvals; the same"""
    proposals: ProposalPort | None = None
    """other numbers for rules; the same"""
    retry: RetryPort | None = None
    """gives dead letters again; the same"""
    tools: Tools | None = None
    """checks, figures and trials; the same"""
    ledger: LedgerPort | None = None
    """what became of each alarm event at each output"""
    dead: field.LettersPort | None = None
    """what outputs refused"""
    raws: RawPort | None = None
    """what was on the wire"""
    plan: layout.Plan | None = None
    """a picture of the site"""


def create_app(  # noqa: PLR0913 - the four ports, and what cannot be guessed
    plant: Plant,
    commands: CommandPort,
    history: HistoryPort,
    journal: JournalPort,
    *,
    token: str,
    hosts: Iterable[str] = LOOPBACK,
    now: Callable[[], int] = time.time_ns,
    book: Book | None = None,
    rules: DoorRules = DoorRules(),
    beside: Beside = Beside(),
) -> FastAPI:
    """Pages, API and probes over one plant.

    Args:
        token: secret of the command line (at least 16 characters).
        hosts: host names the console answers to.
        book: accounts, panels and tokens; without it whoever sits at the machine acts under the name they give.
        rules: how long the right to act lasts, and which proxies are believed.
        now: UTC in ns; another clock only where the plant's time is not the wall's (the demo).

    ``app.state.hub`` must be run (``server.serve`` does) for the stream to move.
    """
    context = Context(plant, commands, history, journal, now, beside.ledger)
    door = Door(
        token, book, act_idle_s=rules.act_idle_s, act_longest_s=rules.act_longest_s, proxies=rules.proxies
    )
    door.lacks = tuple(name for name in PARTS if getattr(beside, name) is None)
    access = Access(door, book, _audit(commands)) if book is not None else None
    files = shelf()
    hub, narrow = Hub(context, build=files.build), Hub(context, build=files.build, tags=False)
    app = _bare(door)
    app.state.hub, app.state.narrow, app.state.access = hub, narrow, access
    shared = [people.router(door, access), admin.router(access), reads.router(context, hub, narrow, door)]
    for part in (
        _openapi(app),
        *shared,
        *_of_plant(context, access, beside),
        *_of_gateway(plant, access, beside),
    ):
        app.include_router(part, prefix=API)
    app.include_router(probes.router(context, hub))
    app.include_router(pages.router(door, files))
    app.mount("/static", files, name="static")
    errors.install(app)
    app.add_middleware(GZipMiddleware, minimum_size=LARGE, compresslevel=5)  # the stream packs itself
    app.add_middleware(Guard, hosts=tuple(hosts))
    return app


def _bare(door: Door) -> FastAPI:
    return FastAPI(
        title="Fengsui gateway",
        version=__version__,
        dependencies=[Depends(door.admit)],  # every endpoint asks the table of rights
        openapi_url=None,
        docs_url=None,  # their pages load scripts from elsewhere
        redoc_url=None,
    )


def _of_plant(context: Context, access: Access | None, beside: Beside) -> Iterator[APIRouter]:
    """What every console has."""
    yield acts.router(context, access, beside.reload)
    for part in (hands, cards, deliveries, search, trends):
        yield part.router(context)
    yield letters.router(beside.retry)
    yield layout.router(context, beside.plan)
    yield field.router(beside.dead)
    yield raws.router(context.plant, beside.raws)
    yield engineering.router(context, beside.tools)
    yield push.router({inlet.name: inlet for inlet in beside.inlets})


def _of_gateway(plant: Plant, access: Access | None, beside: Beside) -> Iterator[APIRouter]:
    """What only the gateway's own console has."""
    if beside.changes is not None:
        yield changing.router(beside.changes, access)
    if beside.proposals is not None:
        yield proposals.router(beside.proposals, beside.tools, access)
    if beside.exercise is not None:
        yield drills.router(beside.exercise, plant, access)


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
