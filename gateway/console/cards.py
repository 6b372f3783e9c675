"""Response cards (应急处置卡): the steps of each, which rule has which, and what was ticked of open alarms."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field, StringConstraints
from starlette.requests import Request
from starlette.responses import Response

from gateway.console import schemas
from gateway.console.acts import RESPONSES, actor
from gateway.console.answers import answer, records
from gateway.console.folds import Fold
from gateway.console.ports import Context
from gateway.model.commands import Act, Command
from gateway.model.events import EventKind, Record
from gateway.model.times import iso


class CardView(schemas.Model):
    """A card; without steps in English those of the plant are shown."""

    id: str
    title: str
    title_en: str
    steps: list[str]
    steps_en: list[str]


class TickView(schemas.Model):
    alarm: str
    step: int
    by: str
    time: str


class CardsView(schemas.Model):
    """``rules``: rule id -> card id."""

    cards: list[CardView]
    rules: dict[str, str]
    ticks: list[TickView]


class StepBody(schemas.Model):
    """A step that was done. ``step`` counts from 0."""

    alarm: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    rule: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    step: Annotated[int, Field(ge=0, le=99)]
    text: Annotated[str, StringConstraints(max_length=500)] = ""
    actor: schemas.ActorBody | None = None
    comment: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""


class Ticks:
    """Ticked steps by alarm, folded from the journal; forgotten with the alarm."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._found: dict[str, dict[int, Record]] = {}
        self._fold = Fold(context, self._found.clear, self._take)

    def _take(self, record: Record) -> None:
        event = record.event
        if event.event is EventKind.CARD_STEP:
            self._found.setdefault(event.detail["alarm"], {})[int(event.detail["step"])] = record
        elif event.event in {EventKind.CLOSED, EventKind.RETIRED}:
            self._found.pop(event.id, None)

    async def told(self) -> list[dict[str, Any]]:
        """All ticks of open alarms."""
        await self._fold.follow()
        return [
            {
                "alarm": key,
                "step": step,
                "by": r.event.actor.name if r.event.actor else "",
                "time": iso(r.event.time),
            }
            for key, steps in self._found.items()
            for step, r in sorted(steps.items())
        ]


def router(context: Context) -> APIRouter:
    """Handlers."""
    api, ticks = APIRouter(), Ticks(context)

    @api.get("/cards", response_model=CardsView, tags=["read"])
    async def cards() -> Response:
        """Response cards, which rule has which, and the steps that were ticked of open alarms."""
        site = context.plant.site
        told = [
            {
                "id": c.id,
                "title": c.title,
                "title_en": c.title_en,
                "steps": list(c.steps),
                "steps_en": list(c.steps_en),
            }
            for c in site.cards
        ]
        rules = {r.id: r.card for r in site.rules if r.card}
        return answer({"cards": told, "rules": rules, "ticks": await ticks.told()})

    @api.post("/commands/card-step", response_model=schemas.DoneView, tags=["act"], responses=RESPONSES)
    async def step(request: Request, body: StepBody) -> Response:
        """Journal that a step of an alarm's response card was done."""
        words = ("alarm", body.alarm), ("rule", body.rule), ("step", str(body.step)), ("text", body.text)
        command = Command(Act.CARD_STEP, actor(request, body.actor), (), body.comment, words=words)
        return records(await context.commands.submit(command))

    return api
