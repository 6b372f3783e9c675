"""POST /api/v1/push/<source>: readings from other systems, each with the token of its source and of nothing else."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Header, HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gateway.console import schemas
from gateway.console.answers import answer
from gateway.console.ports import Inlet

_RESPONSES: dict[int | str, dict[str, Any]] = {
    401: {"model": schemas.Problem, "description": "no such source, or not its token"},
    422: {"model": schemas.Problem, "description": "nothing was taken"},
    503: {"model": schemas.Problem, "description": "no room, starting or stopping; push again"},
}


def router(inlets: Mapping[str, Inlet]) -> APIRouter:
    """One handler for all sources."""
    api = APIRouter(prefix="/push", tags=["push"], responses=_RESPONSES)

    @api.post("/{source}")
    async def push(source: str, request: Request, authorization: Annotated[str, Header()] = "") -> Response:
        """Readings; the answer comes when they are on disk."""
        scheme, _, token = authorization.partition(" ")
        inlet = inlets.get(source)
        # One answer for both: who has no token learns no names.
        if inlet is None or scheme.lower() != "bearer" or not inlet.allows(token.strip()):
            raise HTTPException(401, "no such source, or not its token")
        if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            raise HTTPException(415, "application/json is needed")
        return answer(await inlet.take(await request.body()))

    return api
