"""/api/v1/trends: the past of several tags in columns, when their alarms stood, where they go, and all of it as CSV."""

import asyncio
import csv
import inspect
import io
from typing import Annotated, Any, Final

import numpy as np
from fastapi import APIRouter, HTTPException, Query
from starlette.responses import Response

from gateway.console import forecast, schemas, views
from gateway.console.answers import answer
from gateway.console.ports import Columns, Context
from gateway.console.spans import Spans
from gateway.console.times import Asked, china, moment
from gateway.model.quality import quality_name
from gateway.model.site import Rule, RuleKind
from gateway.model.times import MS, NS, iso

MOST_TAGS: Final = 8
MOST_POINTS: Final = 4000
LONGEST_S: Final = 20 * 366 * 86400
Tags = Annotated[
    str, Query(max_length=600, pattern=r"^,*[^,]+", description=f"ids with commas, at most {MOST_TAGS}")
]
Points = Annotated[int, Query(ge=2, le=MOST_POINTS)]
PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    404: {"model": schemas.Problem},
    422: {"model": schemas.Problem},
}


class SeriesView(schemas.Model):
    """Columns of one length. ``time_ms``: UTC, ms since 1970. A null value is no value, never zero."""

    tag: str
    unit: str
    time_ms: list[int]
    value: list[float | None]
    low: list[float | None]
    high: list[float | None]
    quality: list[int]


class SpanView(schemas.Model):
    """One alarm; ``end_ms`` null: it stands."""

    id: str
    rule: str
    tag: str
    level: str
    fault: bool
    shadow: bool
    start_ms: int
    end_ms: int | None


class TrendsView(schemas.Model):
    start: str
    end: str
    series: list[SeriesView]
    alarms: list[SpanView]


class ReachView(schemas.Model):
    """s from now; null: not within the horizon."""

    rule: str
    name: str
    limit: float
    expected_s: float | None
    earliest_s: float | None
    latest_s: float | None


class ForecastView(schemas.Model):
    """``known`` false: too few good readings. ``per_hour``: slope in units per hour."""

    tag: str
    known: bool
    per_hour: float | None
    time_ms: list[float]
    value: list[float]
    low: list[float]
    high: list[float]
    limits: list[ReachView]


def router(context: Context) -> APIRouter:
    """Handlers."""
    api = APIRouter(tags=["read"], responses=PROBLEMS)
    spans = Spans(context)

    @api.get("/trends", response_model=TrendsView)
    async def trends(tags: Tags, start: Asked, end: Asked, points: Points = 800) -> Response:
        """The past of several tags, at most about ``points`` rows each, and the alarms of that time."""
        ids, (first, last) = _ids(context, tags), period(start, end)
        found = await asyncio.gather(*(past(context, i, first, last, points) for i in ids))
        series = [_series(context, i, columns) for i, columns in zip(ids, found, strict=True)]
        alarms = [s.told() for s in await spans.of(ids, first, last)]
        return answer({"start": iso(first), "end": iso(last), "series": series, "alarms": alarms})

    @api.get("/trends/export.csv", response_class=Response)
    async def export(tags: Tags, start: Asked, end: Asked, points: Points = MOST_POINTS) -> Response:
        """The same as CSV, a row a point: UTF-8 with BOM, times in UTC+8."""
        ids, (first, last) = _ids(context, tags), period(start, end)
        found = [await past(context, i, first, last, points) for i in ids]
        headers = {"content-disposition": 'attachment; filename="trend.csv"'}
        return Response(_csv(context, ids, found), headers=headers, media_type="text/csv; charset=utf-8")

    @api.get("/tags/{tag}/forecast", response_model=ForecastView)
    async def ahead(
        tag: str,
        window_s: Annotated[float, Query(ge=10, le=86400 * 366)] = 900,
        horizon_s: Annotated[float, Query(ge=10, le=86400 * 366)] = 3600,
    ) -> Response:
        """A straight line through the last ``window_s``, its band, and when it reaches each limit."""
        [ident] = _ids(context, tag)
        now = context.now()
        columns = await past(context, ident, now - round(window_s * NS), now, MOST_POINTS)
        return answer(_ahead(context, ident, columns, now / NS, horizon_s))

    return api


def period(start: str, end: str) -> tuple[int, int]:
    """Two times, ns. Raises 422."""
    first, last = moment(start), moment(end)
    if not 0 < last - first <= LONGEST_S * NS:
        raise HTTPException(422, "end must be after start, by at most twenty years")
    return first, last


def _ids(context: Context, tags: str) -> list[str]:
    ids = list(dict.fromkeys(t for t in tags.split(",") if t))
    if not 1 <= len(ids) <= MOST_TAGS:
        raise HTTPException(422, f"1 to {MOST_TAGS} tags")
    missing = [i for i in ids if i not in context.plant.site.tag_index]
    if missing:
        raise HTTPException(404, f"no tag {missing[0]!r}")
    return ids


async def past(context: Context, tag: str, first: int, last: int, points: int) -> Columns:
    """A tag's history from the port, which may be a coroutine function."""
    found = context.history(context.plant.site.tag_index[tag], first, last, points)
    return await found if inspect.isawaitable(found) else found


def columns_of(columns: Columns) -> dict[str, Any]:
    """As the API has them: times in ms, extremes where rows were merged."""
    value = np.ascontiguousarray(columns["value"], np.float64)
    return {
        "time_ms": np.ascontiguousarray(columns["time"], np.int64) // MS,
        "value": value,
        "low": np.ascontiguousarray(columns.get("low", value), np.float64),
        "high": np.ascontiguousarray(columns.get("high", value), np.float64),
        "quality": np.ascontiguousarray(columns["quality"], np.uint8),
    }


def _series(context: Context, tag: str, columns: Columns) -> dict[str, Any]:
    site = context.plant.site
    return {"tag": tag, "unit": site.tags[site.tag_index[tag]].unit, **columns_of(columns)}


def _csv(context: Context, ids: list[str], found: list[Columns]) -> bytes:
    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.writer(out)
    writer.writerow(("tag", "time (UTC+8)", "value", "lowest", "highest", "unit", "quality"))
    site = context.plant.site
    for tag, columns in zip(ids, found, strict=True):
        told, unit = columns_of(columns), site.tags[site.tag_index[tag]].unit
        for ms, value, low, high, code in zip(*(c.tolist() for c in told.values()), strict=True):
            numbers = ["" if x != x else f"{x:.9g}" for x in (value, low, high)]  # noqa: PLR0124 - NaN is not itself
            writer.writerow((tag, china(ms * MS), *numbers, unit, quality_name(code)))
    return out.getvalue().encode()


def _ahead(context: Context, tag: str, columns: Columns, now: float, horizon: float) -> dict[str, Any]:
    value, quality = np.asarray(columns["value"], np.float64), np.asarray(columns["quality"])
    good = np.isfinite(value) & (quality < 64)
    line = forecast.fit(np.asarray(columns["time"], np.int64)[good], value[good])
    if line is None:
        empty: list[float] = []
        nothing = {"time_ms": empty, "value": empty, "low": empty, "high": empty, "limits": []}
        return {"tag": tag, "known": False, "per_hour": None, **nothing}
    rules = views.limits_by_tag(context.plant.site).get(tag, ())
    limits = [told for rule in rules if (told := _reach(rule, line, now, horizon))]
    curve = {name: column.tolist() for name, column in forecast.ahead(line, now, horizon).items()}
    return {"tag": tag, "known": True, "per_hour": line.slope * 3600.0, **curve, "limits": limits}


def _reach(rule: Rule, line: forecast.Line, now: float, horizon: float) -> dict[str, Any] | None:
    if not rule.enabled:
        return None
    found = forecast.reach(line, now, rule.trigger, horizon, high=rule.kind is RuleKind.LIMIT_HIGH)
    if found is None:
        return None
    times = {"expected_s": found.expected, "earliest_s": found.earliest, "latest_s": found.latest}
    return {"rule": rule.id, "name": rule.name, "limit": rule.trigger, **times}
