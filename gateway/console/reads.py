"""GET /api/v1: status, levels, alarms, tags, history, events, stream."""

import inspect
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, HTTPException, Query
from starlette.requests import Request
from starlette.responses import Response

from gateway.console import schemas, views
from gateway.console.answers import answer, records
from gateway.console.changes import states
from gateway.console.errors import problem
from gateway.console.hub import MOST_CLIENTS, Hub
from gateway.console.people.door import Door
from gateway.console.people.roles import Role
from gateway.console.ports import Context
from gateway.console.stream import EventStream
from gateway.console.times import Asked
from gateway.console.trends import columns_of, past, period
from gateway.model.site import Site
from gateway.model.times import iso

MOST_POINTS: Final = 4000
MOST_EVENTS: Final = 1000
_PROBLEM: dict[int | str, dict[str, Any]] = {
    404: {"model": schemas.Problem},
    422: {"model": schemas.Problem},
}
_BUSY: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {}}},
    503: {"model": schemas.Problem},
}


def router(context: Context, hub: Hub, narrow: Hub, door: Door) -> APIRouter:
    """Handlers over one plant. They only read. ``narrow``: the stream of who may not see tags."""
    api = APIRouter(tags=["read"])
    _present(api, context)
    _tags(api, context)
    _past(api, context)

    @api.get("/stream", response_class=Response, responses=_BUSY)
    async def stream(request: Request) -> Response:
        """Server-sent events: ``full`` once, then ``change`` (only what changed) and ``beat``; see docs/http.md."""
        mine = narrow if request.state.who.role is Role.REGULATOR else hub
        if mine.full:
            return problem(503, "retry", f"at most {MOST_CLIENTS} streams", **{"Retry-After": "5"})
        return EventStream(mine, door.still(request))

    return api


def _present(api: APIRouter, context: Context) -> None:
    plant = context.plant

    @api.get("/status", response_model=schemas.StatusView)
    async def status() -> Response:
        """Who this gateway is and how it does."""
        return answer(views.status(plant.present()))

    @api.get("/levels", response_model=schemas.LevelsView)
    async def levels() -> Response:
        """Live and base level of the site (first) and of each installation."""
        present = plant.present()
        return answer({"time": iso(context.now()), "levels": views.levels(present.site, present.levels)})

    @api.get("/links", response_model=schemas.LinksView)
    async def links() -> Response:
        """Lines and devices: up or down, requests, errors by kind, reply times, achieved cycles, overdue polls."""
        told = views.links(plant.present().site, plant.traffic())
        return answer({"time": iso(context.now()), "links": told})

    @api.get("/alarms", response_model=schemas.AlarmsView)
    async def alarms() -> Response:
        """All open occurrences, oldest first. Several of one rule are branches."""
        present = plant.present()
        told = [views.alarm(o) for o in present.occurrences]
        head = {"time": iso(context.now()), "epoch": present.epoch, "seq": present.head_seq}
        return answer({**head, "alarms": told})


class _TagTable:
    """The unchanging part of each tag, encoded once per configuration."""

    def __init__(self) -> None:
        self._site: Site | None = None
        self._rows: list[bytes] = []

    def rows(self, site: Site) -> list[bytes]:
        if site is not self._site:
            limits = views.limits_by_tag(site)
            self._rows = [orjson.dumps(views.tag(t, limits.get(t.id, ())))[:-1] for t in site.tags]
            self._site = site
        return self._rows


def _tags(api: APIRouter, context: Context) -> None:
    plant, table = context.plant, _TagTable()

    @api.get("/tags", response_model=schemas.TagsView)
    async def tags() -> Response:
        """All tags with their limits and present values, in table order (``i`` of the stream is the place in it)."""
        site = plant.site
        moving = (orjson.dumps(views.reading(s))[1:] for s in states(plant))
        rows = [a + b"," + b for a, b in zip(table.rows(site), moving, strict=True)]
        head = orjson.dumps(
            {"time": iso(context.now()), "config": site.config_hash, "table": site.table, "tags": []}
        )[:-2]
        return Response(head + b",".join(rows) + b"]}", media_type="application/json")


def _past(api: APIRouter, context: Context) -> None:
    plant = context.plant

    @api.get("/tags/{tag}/history", response_model=schemas.HistoryView, responses=_PROBLEM)
    async def history(
        tag: str,
        start: Asked,
        end: Asked,
        points: Annotated[int, Query(ge=2, le=MOST_POINTS)] = 800,
    ) -> Response:
        """A tag's past in about ``points`` rows at most; where rows were merged, ``low``/``high`` are the extremes."""
        row = plant.site.tag_index.get(tag)
        if row is None:
            raise HTTPException(404, f"no tag {tag!r}")
        first, last = period(start, end)
        columns = await past(context, tag, first, last, points)
        head = {"tag": tag, "unit": plant.site.tags[row].unit, "start": iso(first), "end": iso(last)}
        return answer({**head, **columns_of(columns)})

    @api.get("/events", response_model=schemas.EventsView)
    async def events(
        after: Annotated[
            int | None, Query(ge=0, le=schemas.MOST, description="seq; left out: the newest ``limit``")
        ] = None,
        limit: Annotated[int, Query(ge=1, le=MOST_EVENTS)] = 100,
    ) -> Response:
        """Journal records after ``after``, oldest first, byte for byte as hashed and published."""
        present = plant.present()
        found = context.journal(max(0, present.head_seq - limit) if after is None else after, limit)
        told = await found if inspect.isawaitable(found) else found
        return records(told, {"epoch": present.epoch, "head": present.head_seq})
