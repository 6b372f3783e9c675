"""/api/v1/exercise: drills. The same acts on the drill's alarms as on the plant's, under a path of their own."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field, StringConstraints
from starlette.requests import Request
from starlette.responses import Response

from gateway.console import schemas, views
from gateway.console.acts import RESPONSES, actor, alarm_acts
from gateway.console.answers import answer, records
from gateway.console.people.access import Access
from gateway.console.ports import Context, ExercisePort
from gateway.model.errors import Refused
from gateway.model.ports import Plant
from gateway.model.times import iso

Name = Annotated[str, StringConstraints(strip_whitespace=True, max_length=64)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]
LONGEST = 1_000_000
MOST_EVENTS = 1000


class StartBody(schemas.Model):
    """A drill: a scenario's text, or the name of one in the configured folder."""

    scenario: Annotated[str, Field(max_length=LONGEST)] = ""
    name: Name = ""
    actor: schemas.ActorBody | None = None
    comment: Text = ""


class StopBody(schemas.Model):
    """The end of a drill, and why."""

    actor: schemas.ActorBody | None = None
    comment: Text = ""


class RealAlarm(schemas.Model):
    """An alarm that the plant itself raised while a drill ran."""

    id: str
    rule: str
    level: str | None
    raised: str


class ExerciseView(schemas.Model):
    """Whether a drill runs. ``last``: the newest that is over; ``scenarios``: names of those that are configured."""

    running: bool
    starting: bool
    exercise: str | None = None
    scenario: str | None = None
    by: str | None = None
    since: str | None = None
    elapsed_s: float | None = None
    length_s: float | None = None
    alarms: int | None = None
    unacknowledged: int | None = None
    real_alarms: tuple[RealAlarm, ...] = ()
    last: str | None = None
    scenarios: tuple[str, ...] = ()


class StoppedView(schemas.Model):
    """The drill that is being ended."""

    exercise: str
    why: str


def router(exercise: ExercisePort, plant: Plant, access: Access | None) -> APIRouter:
    """Handlers."""
    api = APIRouter(prefix="/exercise", tags=["exercise"], responses=RESPONSES)
    _drill(api, exercise)
    _look(api, exercise)
    acts = APIRouter(prefix="/commands")
    context = Context(plant, exercise, _no_history, exercise.records)
    alarm_acts(acts, context, access)
    api.include_router(acts)
    return api


def _drill(api: APIRouter, exercise: ExercisePort) -> None:
    @api.get("", response_model=ExerciseView)
    async def status() -> Response:
        """Whether a drill runs."""
        return answer(dict(exercise.status()))

    @api.post("/start", response_model=ExerciseView)
    async def start(request: Request, body: StartBody) -> Response:
        """Start a drill on a copy of the present; nothing of it reaches live topics, tables or figures."""
        if bool(body.scenario) == bool(body.name):
            raise Refused("say either a scenario's text or the name of one")
        by = actor(request, body.actor)
        return answer(dict(await exercise.start(body.scenario, body.name, by, body.comment)))

    @api.post("/stop", response_model=StoppedView)
    async def stop(request: Request, body: StopBody) -> Response:
        """End the drill that runs; its report follows."""
        return answer(dict(exercise.stop(actor(request, body.actor), body.comment)))

    @api.get("/report", response_model=dict[str, Any])
    async def report(ident: Annotated[str, Query(alias="exercise", max_length=64)] = "") -> Response:
        """The report of a drill that is over; of the newest, if none is named."""
        return answer(dict(exercise.report(ident)))


def _look(api: APIRouter, exercise: ExercisePort) -> None:
    @api.get("/alarms", response_model=schemas.AlarmsView)
    async def alarms() -> Response:
        """Open alarms of the drill."""
        now = exercise.status()
        told = [views.alarm(o) for o in exercise.occurrences()]
        head = {"time": now.get("since") or iso(0), "epoch": str(now.get("exercise", "")), "seq": 0}
        return answer({**head, "alarms": told})

    @api.get("/events", response_model=schemas.EventsView)
    async def events(
        after: Annotated[int, Query(ge=0, le=schemas.MOST)] = 0,
        limit: Annotated[int, Query(ge=1, le=MOST_EVENTS)] = 100,
    ) -> Response:
        """Records of the drill's own journal after ``after``, oldest first."""
        found = await exercise.records(after, limit)
        head = found[-1].seq if found else after
        return records(found, {"epoch": str(exercise.status().get("exercise", "")), "head": head})


def _no_history(*_: int) -> Any:
    raise Refused("readings of a drill are not kept for trends")
