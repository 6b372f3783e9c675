"""/api/v1/layout and /api/v1/plan: where the installations are, and the site's plan picture."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fastapi import APIRouter, HTTPException
from starlette.responses import FileResponse, Response

from gateway.console import schemas
from gateway.console.answers import answer
from gateway.console.ports import Context

TYPES: Final = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".svg": "image/svg+xml"}
"""shown as a picture only: the content security policy runs nothing in it"""


@dataclass(frozen=True, slots=True)
class Plan:
    """A picture of the site and what it shows: west, south, east, north (degrees)."""

    picture: Path
    bounds: tuple[float, float, float, float]


class PlaceView(schemas.Model):
    """``position``: longitude, latitude."""

    id: str
    position: tuple[float, float] | None


class LayoutView(schemas.Model):
    """``bounds``: west, south, east, north of the plan picture."""

    plan: bool
    bounds: tuple[float, float, float, float] | None
    places: list[PlaceView]


def router(context: Context, plan: Plan | None) -> APIRouter:
    """Handlers."""
    api = APIRouter(tags=["read"], responses={404: {"model": schemas.Problem}})

    @api.get("/layout", response_model=LayoutView)
    async def layout() -> Response:
        """Where the installations are."""
        places = [{"id": i.id, "position": i.position} for i in context.plant.site.installations]
        return answer({"plan": plan is not None, "bounds": plan.bounds if plan else None, "places": places})

    @api.get("/plan", response_class=Response)
    async def picture() -> Response:
        """The plan picture as configured."""
        if plan is None or not plan.picture.is_file():
            raise HTTPException(404, "no plan picture is configured")
        kind = TYPES[plan.picture.suffix.lower()]
        return FileResponse(plan.picture, media_type=kind, headers={"cache-control": "no-cache"})

    return api
