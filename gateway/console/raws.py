"""GET /api/v1/raw: what was on the wire beside the value. Out of the last poll: no device is asked for it."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, HTTPException, Query
from starlette.responses import Response

from gateway.console import schemas
from gateway.console.answers import answer
from gateway.console.views import finite, maybe_iso
from gateway.model.ports import Plant
from gateway.model.probing import Looked
from gateway.model.site import Tag

MOST: Final = 300
RawPort = Callable[[str], Looked | None]
"""tag id -> its raw reading; None where its source keeps none"""
Tags = Annotated[str, Query(max_length=65 * MOST, description=f"tag ids with commas between, at most {MOST}")]


class RawView(schemas.Model):
    """One tag: its registers in hexadecimal, the number they mean before scaling, when they came, and what is odd:
    not-polled, refused, no-answer, no-number or counter.
    """

    tag: str
    address: str
    raw: str
    number: float | None
    scale: str
    time: str | None
    note: str


class RawsView(schemas.Model):
    tags: list[RawView]


def router(plant: Plant, raws: RawPort | None) -> APIRouter:
    """The handler."""
    api = APIRouter(
        tags=["read"], responses={404: {"model": schemas.Problem}, 422: {"model": schemas.Problem}}
    )

    @api.get("/raw", response_model=RawsView)
    async def raw(tags: Tags) -> Response:
        """Raw registers of tags as the running poll read them last, beside address and scaling."""
        site = plant.site
        wanted = [name for name in tags.split(",") if name][:MOST]
        unknown = [name for name in wanted if name not in site.tag_index]
        if unknown:
            raise HTTPException(404, f"no tag {unknown[0]!r}")
        return answer({"tags": _all([site.tags[site.tag_index[name]] for name in wanted], raws)})

    return api


def _all(tags: Sequence[Tag], raws: RawPort | None) -> list[dict[str, Any]]:
    return [_one(tag, raws(tag.id) if raws is not None else None) for tag in tags]


def _one(tag: Tag, found: Looked | None) -> dict[str, Any]:
    scale = "" if tag.gain == 1.0 else f"× {tag.gain:.6g}"
    scale += f" {tag.offset:+.6g}" if tag.offset else ""
    out: dict[str, Any] = {"tag": tag.id, "address": tag.address, "scale": scale.strip()}
    if found is None:
        return {**out, "raw": "", "number": None, "time": None, "note": ""}
    number = finite(found.value)
    return {**out, "raw": found.raw, "number": number, "time": maybe_iso(found.at), "note": found.note}
