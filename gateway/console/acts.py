"""POST /api/v1/commands: what a named person does to alarms."""

from dataclasses import replace
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gateway.alarms import away, loop
from gateway.console import schemas
from gateway.console.answers import records
from gateway.console.ports import Context, ReloadPort
from gateway.console.session import HEADER, Keys
from gateway.model.commands import Act, Actor, Command, Seen
from gateway.model.errors import Refused
from gateway.model.times import parse_iso

WORDS: Final = {
    Act.ACKNOWLEDGE: "Take note of alarms as seen: events newer than `n` stay unacknowledged.",
    Act.RESET: "Release latched alarms whose condition is normal again.",
    Act.SHELVE: "Keep alarms or rules from the operator until a time, for a reason; they are judged and journalled on.",
    Act.UNSHELVE: "End a shelving now.",
    Act.REMOVE: "Take alarms or rules out of service until a time, under a permit.",
    Act.RETURN: "Put back into service now.",
    Act.ASSIGN: "Disposal: name who handles it.",
    Act.HANDLE: "Disposal: take it in hand.",
    Act.SUBMIT: "Disposal: handled; state cause and measure, for review by another person.",
    Act.SEND_BACK: "Disposal: reviewed, not done; say why.",
    Act.SETTLE: "Disposal: reviewed and closed (销警); the condition must be normal.",
    Act.DISMISS: "Disposal: reviewed, a false alarm (误报); say why.",
    Act.REOPEN: "Disposal: open it again while the alarm is still open; say why.",
}
RESPONSES: dict[int | str, dict[str, Any]] = {
    401: {"model": schemas.Problem, "description": "no session or token"},
    409: {"model": schemas.Problem, "description": "refused, nothing was changed"},
    422: {"model": schemas.Problem},
    503: {"model": schemas.Problem, "description": "starting or stopping; try again"},
}


def router(context: Context, keys: Keys, reload: ReloadPort | None = None) -> APIRouter:
    """Handlers that act. Each needs JSON and the token or the page's session."""
    api = APIRouter(prefix="/commands", tags=["act"], responses=RESPONSES)
    for act in (Act.ACKNOWLEDGE, Act.RESET):
        _route(api, act, schemas.ActBody, context, keys)
    for act in (*away.AWAY, *away.RETURNED):
        _route(api, act, schemas.SetAsideBody, context, keys)
    for act in loop.STEPS:
        _route(api, act, schemas.LoopBody, context, keys)

    @api.post("/reload", response_model=schemas.ReloadView)
    async def read_again(
        request: Request,
        body: schemas.ReloadBody,
        authorization: Annotated[str, Header()] = "",
        session: Annotated[str, Header(alias=HEADER)] = "",
    ) -> schemas.ReloadView:
        """Read the configuration's files again and put it in place; faults are named and nothing changes."""
        admitted(request, keys, authorization, session)
        if reload is None:
            raise Refused("this console cannot change the configuration")
        return schemas.ReloadView.model_validate(await reload(actor(body.actor), body.comment))

    return api


def admitted(request: Request, keys: Keys, authorization: str, session: str) -> None:
    """JSON, and the token or the page's session."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise HTTPException(415, "application/json is needed")
    if not keys.allow(authorization, session):
        raise HTTPException(401, "the session has ended; load the page again")


def _route(api: APIRouter, act: Act, shape: type[schemas.Model], context: Context, keys: Keys) -> None:
    async def handle(
        request: Request,
        body: Any,
        authorization: Annotated[str, Header()] = "",
        session: Annotated[str, Header(alias=HEADER)] = "",
    ) -> Response:
        admitted(request, keys, authorization, session)
        return records(await context.commands.submit(command(act, body)))

    handle.__annotations__["body"] = shape  # the one thing that differs
    name = act.value.replace("-", "_")
    api.post(f"/{act.value}", response_model=schemas.DoneView, name=name, description=WORDS[act])(handle)


def command(act: Act, body: Any) -> Command:
    """The body as the core's command. The role is ours to say, not the sender's."""
    seen = {s.id: Seen(s.id, s.n) for s in body.ids}
    made = Command(act, actor(body.actor), tuple(seen.values()), body.comment)
    if isinstance(body, schemas.SetAsideBody):
        until = parse_iso(body.until.isoformat()) if body.until else 0
        second = actor(body.second) if body.second else None
        rules = tuple(dict.fromkeys(body.rules))
        return replace(made, rules=rules, until=until, permit=body.permit, second=second)
    if isinstance(body, schemas.LoopBody):
        return replace(made, words=tuple((w, getattr(body, w)) for w in loop.WORDS if getattr(body, w)))
    return made


def actor(who: schemas.ActorBody) -> Actor:
    """Who says they act; what they may do is ours to say."""
    return Actor(who.id, who.name, "operator", who.workstation)
