"""/api/v1/configs, /commands/stage, /commands/approve: who may let what run."""

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import Field, StringConstraints
from starlette.requests import Request
from starlette.responses import Response

from gateway.console import schemas
from gateway.console.acts import RESPONSES, actor, second
from gateway.console.answers import answer
from gateway.console.people.access import Access
from gateway.console.ports import ChangePort

Why = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Ident = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=128)]


class StageBody(schemas.Model):
    """The stage of a rule or an installation, asked for by one person and agreed to by another."""

    rule: Ident | None = None
    installation: Ident | None = None
    stage: Literal["live", "shadow"]
    actor: schemas.ActorBody | None = None
    second: schemas.SecondBody
    comment: Why


class ApproveBody(schemas.Model):
    """An approval; ``hash`` (or its beginning) empty: of what the files say now."""

    hash: Annotated[str, Field(pattern=r"^[0-9a-f]{0,64}$")] = ""
    actor: schemas.ActorBody | None = None
    second: schemas.SecondBody
    comment: Why


class ApprovedView(schemas.Model):
    """What was approved, and whether it runs."""

    hash: str
    running: bool


class ApprovalView(schemas.Model):
    """One approval."""

    hash: str
    by: str
    second: str
    time: str


class ConfigsView(schemas.Model):
    """The configuration that runs, and all that were approved."""

    running: str
    approval: Literal["none", "asked", "required"]
    approved: bool
    approvals: list[ApprovalView]


def router(changes: ChangePort, access: Access | None) -> APIRouter:
    """Handlers."""
    api = APIRouter(tags=["change"], responses=RESPONSES)

    @api.get("/configs", response_model=ConfigsView)
    async def configs() -> Response:
        """Which configuration runs, and which were approved by whom."""
        return answer(dict(changes.configs()))

    @api.post("/commands/approve", response_model=ApprovedView)
    async def approve(request: Request, body: ApproveBody) -> Response:
        """Journal that two persons approve a configuration: what runs, what the files say, or one that was kept."""
        who, other = actor(request, body.actor), await second(access, request, body.second)
        return answer(dict(await changes.approve(body.hash, who, other, body.comment)))

    @api.post("/commands/stage", response_model=schemas.ReloadView)
    async def stage(request: Request, body: StageBody) -> schemas.ReloadView:
        """Set the stage of one rule or installation, signed by two persons, and put it in place."""
        part, ident = ("rules", body.rule) if body.rule else ("installations", body.installation or "")
        who, other = actor(request, body.actor), await second(access, request, body.second)
        done = await changes.stage(part, ident, body.stage, who, other, body.comment)
        return schemas.ReloadView.model_validate(done)

    return api
