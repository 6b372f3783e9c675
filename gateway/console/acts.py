"""POST /api/v1/commands: what a named person does to alarms."""

from dataclasses import replace
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.alarms import away, loop
from gateway.console import schemas
from gateway.console.answers import records
from gateway.console.people.access import Access
from gateway.console.people.door import Principal
from gateway.console.people.roles import Role
from gateway.console.ports import Context, ReloadPort
from gateway.model.commands import Act, Actor, Command, Seen
from gateway.model.errors import Refused
from gateway.model.times import iso, parse_iso

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
    Act.REPORT: "Dual report (双报告) of a major event: made to the department or the workers' congress, with receipt.",
}
RESPONSES: dict[int | str, dict[str, Any]] = {
    401: {"model": schemas.Problem, "description": "no session or token"},
    409: {"model": schemas.Problem, "description": "refused, nothing was changed"},
    422: {"model": schemas.Problem},
    429: {"model": schemas.Problem, "description": "too many wrong proofs of a second person from here"},
    503: {"model": schemas.Problem, "description": "starting or stopping; try again"},
}


def router(context: Context, access: Access | None, reload: ReloadPort | None = None) -> APIRouter:
    """Handlers that act."""
    api = APIRouter(prefix="/commands", tags=["act"], responses=RESPONSES)
    alarm_acts(api, context, access)

    @api.post("/watch", response_model=schemas.DoneView)
    async def watch(request: Request, body: schemas.WatchBody) -> Response:
        """Begin a period of heightened watch (重点时段): for a reason, until a time."""
        places = ",".join(body.installations)
        words = (("watch", body.watch), ("installations", places), ("acknowledge", repr(body.acknowledge)))
        until = parse_iso(body.until.isoformat())
        made = Command(Act.WATCH, actor(request, body.actor), (), body.comment, until=until, words=words)
        return records(await context.commands.submit(made))

    @api.post("/watch-end", response_model=schemas.DoneView)
    async def watch_end(request: Request, body: schemas.WatchEndBody) -> Response:
        """End a period of heightened watch now."""
        who = actor(request, body.actor)
        made = Command(Act.WATCH_END, who, (), body.comment, words=(("watch", body.watch),))
        return records(await context.commands.submit(made))

    @api.post("/reload", response_model=schemas.ReloadView)
    async def read_again(request: Request, body: schemas.ReloadBody) -> schemas.ReloadView:
        """Read the configuration's files again and put it in place; faults are named and nothing changes."""
        if reload is None:
            raise Refused("this console cannot change the configuration")
        who = actor(request, body.actor)
        return schemas.ReloadView.model_validate(await reload(who, body.comment, accept=body.accept))

    return api


def alarm_acts(api: APIRouter, context: Context, access: Access | None) -> None:
    """What is done to alarms: of the plant, or of a drill."""
    for act in (Act.ACKNOWLEDGE, Act.RESET):
        _route(api, act, schemas.ActBody, context, access)
    for act in (*away.AWAY, *away.RETURNED):
        _route(api, act, schemas.SetAsideBody, context, access)
    for act in loop.STEPS:
        _route(api, act, schemas.LoopBody, context, access)
    _route(api, Act.REPORT, schemas.ReportBody, context, access)


def _route(
    api: APIRouter, act: Act, shape: type[schemas.Model], context: Context, access: Access | None
) -> None:
    async def handle(request: Request, body: Any) -> Response:
        made = command(act, body, actor(request, body.actor))
        if isinstance(body, schemas.SetAsideBody) and body.second is not None:
            made = replace(made, second=await second(access, request, body.second))
        return records(await context.commands.submit(made))

    handle.__annotations__["body"] = shape  # the one thing that differs
    name = act.value.replace("-", "_")
    api.post(f"/{act.value}", response_model=schemas.DoneView, name=name, description=WORDS[act])(handle)


def command(act: Act, body: Any, who: Actor) -> Command:
    """The body as the core's command."""
    seen = {s.id: Seen(s.id, s.n) for s in body.ids}
    made = Command(act, who, tuple(seen.values()), body.comment)
    if isinstance(body, schemas.SetAsideBody):
        until = parse_iso(body.until.isoformat()) if body.until else 0
        rules = tuple(dict.fromkeys(body.rules))
        bulk = {"tags": ",".join(body.tags), "installation": body.installation}
        words = tuple((k, v) for k, v in bulk.items() if v)
        words += (("calibration", "yes"),) if body.calibration else ()
        return replace(made, rules=rules, until=until, permit=body.permit, words=words)
    if isinstance(body, schemas.LoopBody):
        return replace(made, words=tuple((w, getattr(body, w)) for w in loop.WORDS if getattr(body, w)))
    if isinstance(body, schemas.ReportBody):
        when = (("time", iso(parse_iso(body.time.isoformat()))),) if body.time else ()
        return replace(made, words=(("to", body.to), ("reference", body.reference), *when))
    return made


def actor(request: Request, said: schemas.ActorBody | None) -> Actor:
    """Who acts: who has signed in. Only the terminal, and a gateway without accounts, believe a name they are told.

    Raises:
        Refused: nobody is named, or somebody signed in acts under another name.
    """
    who: Principal = request.state.who
    if who.kind in {"session", "token"}:
        if said is not None and said.id != who.id:
            raise Refused(f"signed in as {who.id}, not as {said.id}")
        return Actor(who.id, who.name, who.role.value, who.workstation)
    if said is None:
        raise Refused("actor: say who acts")
    return Actor(said.id, said.name, "operator", said.workstation)


async def second(access: Access | None, request: Request, said: schemas.SecondBody) -> Actor:
    """The second person, who proves it where there are accounts.

    Raises:
        Refused: it is not that person, or not one who may.
    """
    if access is None:
        return Actor(said.id, said.name, "operator", said.workstation)
    account = await access.vouch(request.state.who, said.id, said.password, said.code)
    if account is None or account.role not in {Role.OPERATOR, Role.ENGINEER}:
        raise Refused("the second person is not known by this name and password, or may not")
    return Actor(account.id, account.name, account.role.value, said.workstation)
