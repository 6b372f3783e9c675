"""What people do that is no act on an alarm: enter a reading, mark a loop as tested or data as false; tested loops."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field, StringConstraints
from starlette.requests import Request
from starlette.responses import Response

from gateway.console import schemas
from gateway.console.acts import RESPONSES, actor
from gateway.console.answers import answer, records
from gateway.console.folds import Fold
from gateway.console.ports import Context
from gateway.console.times import Said
from gateway.model.commands import Act, Command
from gateway.model.events import EventKind, Record
from gateway.model.times import iso, parse_iso

Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]


class EnterBody(schemas.Model):
    """A manual reading: who read which tag, what, and when (now, if not said)."""

    tag: Word
    value: Annotated[float, Field(allow_inf_nan=False)]
    time: Said | None = None
    actor: schemas.ActorBody | None = None
    comment: Text = ""


class TestedBody(schemas.Model):
    """A loop, from the instrument to the value shown here, was tested."""

    tag: Word
    result: Literal["passed", "failed"] = "passed"
    method: Text = ""
    actor: schemas.ActorBody | None = None
    comment: Text = ""


class FalseBody(schemas.Model):
    """A span of a tag's readings was not the process: a calibration, a test gas, a broken sensor."""

    tag: Word
    start: Said
    end: Said
    actor: schemas.ActorBody | None = None
    comment: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class LoopView(schemas.Model):
    """The newest test of one loop; nulls: never tested."""

    tag: str
    result: Literal["passed", "failed"] | None
    tested: str | None
    by: str | None
    method: str
    comment: str


class LoopsView(schemas.Model):
    tested: int
    of: int
    loops: list[LoopView]


class Loops:
    """The newest test of every loop, folded from the journal."""

    def __init__(self, context: Context) -> None:
        self._newest: dict[str, Record] = {}
        self._fold = Fold(context, self._newest.clear, self._take)

    def _take(self, record: Record) -> None:
        if record.event.event is EventKind.LOOP_TESTED:
            self._newest[record.event.tag] = record

    async def newest(self) -> dict[str, Record]:
        """Tag id -> its newest ``loop-tested``."""
        await self._fold.follow()
        return self._newest


def router(context: Context) -> APIRouter:
    """Handlers."""
    api = APIRouter()
    loops = Loops(context)

    @api.post("/commands/enter", response_model=schemas.DoneView, tags=["act"], responses=RESPONSES)
    async def enter(
        request: Request,
        body: EnterBody,
    ) -> Response:
        """Enter a manual reading; the event compares it with the online tag of the same point."""
        words = [("tag", body.tag), ("value", repr(body.value))]
        words += [("time", iso(parse_iso(body.time.isoformat())))] if body.time else []
        command = Command(Act.ENTER, actor(request, body.actor), (), body.comment, words=tuple(words))
        return records(await context.commands.submit(command))

    @api.post("/commands/loop-tested", response_model=schemas.DoneView, tags=["act"], responses=RESPONSES)
    async def loop_tested(
        request: Request,
        body: TestedBody,
    ) -> Response:
        """Journal that a loop was tested, by whom and how."""
        words = ("tag", body.tag), ("result", body.result), ("method", body.method)
        command = Command(Act.LOOP_TESTED, actor(request, body.actor), (), body.comment, words=words)
        return records(await context.commands.submit(command))

    @api.post("/commands/false-data", response_model=schemas.DoneView, tags=["act"], responses=RESPONSES)
    async def false_data(
        request: Request,
        body: FalseBody,
    ) -> Response:
        """Call a span of readings false data (伪数据); they stay as they were, the journal says who and why."""
        times = [(name, iso(parse_iso(getattr(body, name).isoformat()))) for name in ("start", "end")]
        words = (("tag", body.tag), *times)
        command = Command(Act.FALSE_DATA, actor(request, body.actor), (), body.comment, words=words)
        return records(await context.commands.submit(command))

    @api.get("/loops", response_model=LoopsView, tags=["read"])
    async def all_loops() -> Response:
        """Every tag's newest loop test, in tag-table order."""
        newest = await loops.newest()
        views = [_view(tag.id, newest.get(tag.id)) for tag in context.plant.site.tags]
        tested = sum(view["result"] == "passed" for view in views)
        return answer({"tested": tested, "of": len(views), "loops": views})

    return api


def _view(tag: str, record: Record | None) -> dict[str, Any]:
    if record is None:
        return {"tag": tag, "result": None, "tested": None, "by": None, "method": "", "comment": ""}
    event = record.event
    return {
        "tag": tag,
        "result": event.detail.get("result"),
        "tested": iso(event.time),
        "by": event.actor.name if event.actor else None,
        "method": str(event.detail.get("method", "")),
        "comment": event.comment,
    }
