"""What people do that is no act on an alarm: enter a reading, mark a loop as tested or data as false; tested loops."""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter
from pydantic import AwareDatetime, Field, StringConstraints
from starlette.requests import Request
from starlette.responses import Response

from gateway.console import schemas
from gateway.console.acts import RESPONSES, actor
from gateway.console.answers import answer, records
from gateway.console.ports import Context
from gateway.model.commands import Act, Command
from gateway.model.events import EventKind, Record
from gateway.model.times import iso, parse_iso

PAGE: Final = 1000
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]


class EnterBody(schemas.Model):
    """A manual reading: who read which tag, what, and when (now, if not said)."""

    tag: Word
    value: Annotated[float, Field(allow_inf_nan=False)]
    time: AwareDatetime | None = None
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
    start: AwareDatetime
    end: AwareDatetime
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


@dataclass(slots=True)
class Loops:
    """The newest test of every loop, folded from the journal as far as it was read."""

    context: Context
    _epoch: str = ""
    _seq: int = 0
    _newest: dict[str, Record] = field(default_factory=dict)

    async def newest(self) -> dict[str, Record]:
        """Tag id -> its newest ``loop-tested``."""
        epoch = self.context.plant.present().epoch
        if epoch != self._epoch:
            self._epoch, self._seq, self._newest = epoch, 0, {}
        while page := await self._page():
            self._newest |= {r.event.tag: r for r in page if r.event.event is EventKind.LOOP_TESTED}
            self._seq = page[-1].seq
        return self._newest

    async def _page(self) -> Sequence[Record]:
        found = self.context.journal(self._seq, PAGE)
        return await found if inspect.isawaitable(found) else found


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
