"""POST /api/v1/commands/retry: give what outputs refused to them again."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field
from starlette.requests import Request

from gateway.console import schemas
from gateway.console.acts import RESPONSES, actor
from gateway.console.ports import RetryPort
from gateway.model.errors import Refused


class RetryBody(schemas.Model):
    """Dead letters, by the numbers that `fengsui dead-letters list` shows."""

    letters: Annotated[
        list[Annotated[int, Field(ge=0, le=schemas.MOST)]], Field(min_length=1, max_length=1000)
    ]
    actor: schemas.ActorBody | None = None


class RetryView(schemas.Model):
    """How many were given again. One that is refused again is a new letter."""

    given: int


def router(retry: RetryPort | None) -> APIRouter:
    """The handler."""
    api = APIRouter(prefix="/commands", tags=["act"], responses=RESPONSES)

    @api.post("/retry", response_model=RetryView)
    async def again(request: Request, body: RetryBody) -> Any:
        """Give dead letters again to the outputs that refused them, when the cause is mended."""
        if retry is None:
            raise Refused("this console has no outputs")
        return RetryView(given=await retry(body.letters, actor(request, body.actor)))

    return api
