"""/api/v1/changes, /commands/propose, /agree, /decline, /rules/try: other numbers for a rule, asked for by one person,
agreed to by another; and what they would have said of the archive.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, HTTPException
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from gateway.console import schemas
from gateway.console.acts import RESPONSES, actor, second
from gateway.console.answers import answer
from gateway.console.changing import Ident, Why
from gateway.console.people.access import Access
from gateway.console.people.roles import Role
from gateway.model.commands import Actor
from gateway.model.errors import Refused
from gateway.model.signed import SignedChange

Limit = Annotated[float, Field(allow_inf_nan=False, ge=-1e15, le=1e15)]
Delay = Annotated[float, Field(allow_inf_nan=False, ge=0, le=86_400)]
SettingName = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}(\.[a-z0-9_]{1,40}){0,3}$")]
Key = Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]
NUMBERS = ("trigger", "reset", "deadband", "on_delay_s", "off_delay_s")


class ProposalPort(Protocol):
    """Each raises Refused with the reason, or Misconfigured with every fault; nothing was changed then."""

    def changes(self) -> Mapping[str, Any]:
        """What waits, and what two persons changed against the files."""
        ...

    def settings(self, rule: str) -> Sequence[Mapping[str, Any]]:
        """Numbers of the rule's own kind, as :class:`SettingView` has them."""
        ...

    async def propose(
        self, rule: str, wanted: Mapping[str, float | None], actor: Actor, why: str
    ) -> Mapping[str, Any]:
        """Ask for other numbers, checked as if they were in place."""
        ...

    async def agree(self, proposal: str, actor: Actor, comment: str) -> Mapping[str, Any]:
        """Put a proposal of somebody else in place; what differs. The new configuration follows."""
        ...

    async def decline(self, proposal: str, actor: Actor, comment: str) -> Mapping[str, Any]:
        """Turn it down, or take one's own back."""
        ...


class TrialPort(Protocol):
    """Raises Refused, Misconfigured, or Retry (another tool runs)."""

    async def try_rule(
        self, rule: str, wanted: Mapping[str, float | None], days: float
    ) -> Mapping[str, Any]: ...


class NumbersBody(schemas.Model):
    """Numbers wanted of a rule, in its own unit; what is not given stays. ``deadband`` instead of ``reset``."""

    rule: Ident
    trigger: Limit | None = None
    reset: Limit | None = None
    deadband: Annotated[Limit, Field(ge=0)] | None = None
    on_delay_s: Delay | None = None
    off_delay_s: Delay | None = None
    settings: dict[SettingName, Limit] = Field(
        {},
        max_length=64,
        description="numbers of its own kind by name (GET /rules/settings/{rule}), times in s",
        json_schema_extra={"additionalProperties": False},
    )

    @property
    def wanted(self) -> dict[str, float | None]:
        """Name -> number; ``settings.NAME`` of its kind."""
        own = {f"settings.{name}": value for name, value in self.settings.items()}
        return {**{name: getattr(self, name) for name in NUMBERS}, **own}


class ProposeBody(NumbersBody):
    """A proposal, and why."""

    actor: schemas.ActorBody | None = None
    comment: Why


class TryBody(NumbersBody):
    """A trial on the last days of the archive."""

    days: Annotated[float, Field(gt=0, le=400)] = 7


class AgreeBody(schemas.Model):
    """``second``: who agrees beside the one who is signed in here; without: who is signed in."""

    proposal: Key
    actor: schemas.ActorBody | None = None
    second: schemas.SecondBody | None = None
    comment: schemas.Statement = ""


class DeclineBody(schemas.Model):
    """Why not."""

    proposal: Key
    actor: schemas.ActorBody | None = None
    comment: Why


class ProposedView(schemas.Model):
    """The proposal's id."""

    proposal: str


class NumberView(schemas.Model):
    """One number, as it is and as it would be, in words. ``later``: the alarm then comes later, or not at all."""

    field: str
    old: str
    new: str
    later: bool


class WaitingView(schemas.Model):
    """A proposal that waits for a second person."""

    proposal: str
    rule: str
    numbers: list[NumberView]
    origin: str
    clause: str
    by: str
    by_id: str
    time: str
    comment: str


class ChangesView(schemas.Model):
    """What waits, and the signed difference between the files and what runs."""

    proposals: list[WaitingView]
    signed: list[SignedChange]


class SettingView(schemas.Model):
    """One number of a rule's kind: its value (s of a time; null: others stand for it), and what it is."""

    name: str
    value: float | None
    time: bool
    whole: bool
    about: str


class SettingsView(schemas.Model):
    settings: list[SettingView]


def router(proposals: ProposalPort, trials: TrialPort | None, access: Access | None) -> APIRouter:
    """Handlers."""
    api = APIRouter(tags=["change"], responses=RESPONSES)
    _looks(api, proposals, trials)

    @api.post("/commands/propose", response_model=ProposedView)
    async def propose(request: Request, body: ProposeBody) -> Response:
        """Ask for other numbers of a rule; they are checked as if they were in place, and wait for a second person."""
        who = actor(request, body.actor)
        return answer(dict(await proposals.propose(body.rule, body.wanted, who, body.comment)))

    @api.post("/commands/agree", response_model=schemas.ReloadView)
    async def agree(request: Request, body: AgreeBody) -> schemas.ReloadView:
        """Agree to another person's proposal and put it in place; only that rule changes."""
        who = await _agreeing(request, body, access)
        done = await proposals.agree(body.proposal, who, body.comment)
        return schemas.ReloadView.model_validate(done)

    @api.post("/commands/decline", response_model=ProposedView)
    async def decline(request: Request, body: DeclineBody) -> Response:
        """Turn a proposal down, or take one's own back."""
        who = actor(request, body.actor)
        return answer(dict(await proposals.decline(body.proposal, who, body.comment)))

    return api


def _looks(api: APIRouter, proposals: ProposalPort, trials: TrialPort | None) -> None:
    @api.get("/changes", response_model=ChangesView)
    async def changes() -> Response:
        """Proposals that wait, and everything that two persons changed against the site's own files."""
        return answer(dict(proposals.changes()))

    @api.get("/rules/settings/{rule}", response_model=SettingsView)
    async def settings(rule: str) -> Response:
        """Numbers of a rule's own kind that can be changed: windows, horizons, counts, limits of a state."""
        return answer({"settings": [dict(each) for each in proposals.settings(rule)]})

    @api.post("/rules/try", response_model=dict[str, Any])
    async def trial(body: TryBody) -> Response:
        """Judge the last days of the archive with these numbers: alarms gained, lost, earlier, later."""
        if trials is None:
            raise HTTPException(404, "this console has no tools")
        return answer(dict(await trials.try_rule(body.rule, body.wanted, body.days)))


async def _agreeing(request: Request, body: AgreeBody, access: Access | None) -> Actor:
    """Who agrees: the second person beside this one, or who is signed in.

    Raises:
        Refused: it is not that person, or a name that nobody proved where there are accounts.
    """
    here = actor(request, body.actor)
    if body.second is not None:
        return await second(access, request, body.second)
    if access is not None and here.role != Role.ENGINEER.value:
        raise Refused("a second person agrees, who is signed in or gives a password")
    return here
