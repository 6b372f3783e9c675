"""POST /api/v1/commands: what a named person does to alarms."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gateway.console import schemas
from gateway.console.answers import records
from gateway.console.ports import Context
from gateway.console.session import HEADER, Keys
from gateway.model.commands import Act, Actor, Command, Seen

_RESPONSES: dict[int | str, dict[str, Any]] = {
    401: {"model": schemas.Problem, "description": "no session or token"},
    409: {"model": schemas.Problem, "description": "refused, nothing was changed"},
    422: {"model": schemas.Problem},
    503: {"model": schemas.Problem, "description": "starting or stopping; try again"},
}


def router(context: Context, keys: Keys) -> APIRouter:
    """Handlers that act. Each needs JSON and the token or the page's session."""
    api = APIRouter(prefix="/commands", tags=["act"], responses=_RESPONSES)

    async def act(
        what: Act, body: schemas.ActBody, request: Request, keys_given: tuple[str, str]
    ) -> Response:
        if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            raise HTTPException(415, "application/json is needed")
        if not keys.allow(*keys_given):
            raise HTTPException(401, "the session has ended; load the page again")
        return records(await context.commands.submit(command(what, body)))

    @api.post("/acknowledge", response_model=schemas.DoneView)
    async def acknowledge(
        request: Request,
        body: schemas.ActBody,
        authorization: Annotated[str, Header()] = "",
        session: Annotated[str, Header(alias=HEADER)] = "",
    ) -> Response:
        """Take note of alarms as seen: events newer than ``n`` stay unacknowledged."""
        return await act(Act.ACKNOWLEDGE, body, request, (authorization, session))

    @api.post("/reset", response_model=schemas.DoneView)
    async def reset(
        request: Request,
        body: schemas.ActBody,
        authorization: Annotated[str, Header()] = "",
        session: Annotated[str, Header(alias=HEADER)] = "",
    ) -> Response:
        """Release latched alarms whose condition is normal again."""
        return await act(Act.RESET, body, request, (authorization, session))

    return api


def command(what: Act, body: schemas.ActBody) -> Command:
    """The body as the core's command. The role is ours to say, not the sender's."""
    who = Actor(body.actor.id, body.actor.name, "operator", body.actor.workstation)
    seen = {s.id: Seen(s.id, s.n) for s in body.ids}
    return Command(what, who, tuple(seen.values()), body.comment)
