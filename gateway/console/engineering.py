"""/api/v1/rules, /kpi and /engineering: what judges and where it came from, and the long work of the tools.

The tools run as processes of their own that only read: a check of an uploaded tag list, where a value came from,
figures over a month, a change tried on the archive. One at a time, so that the plant is never short of a processor.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Protocol

from fastapi import APIRouter, HTTPException, Query
from starlette.requests import Request
from starlette.responses import Response

from gateway.console import schemas
from gateway.console.answers import answer
from gateway.console.ports import Context
from gateway.console.times import Asked
from gateway.console.trends import period
from gateway.console.views import finite
from gateway.model.site import Rule, RuleKind, Site
from gateway.model.times import NS

RATES: Final = (RuleKind.RATE_RISE, RuleKind.RATE_FALL)
LIMITED: Final = (RuleKind.LIMIT_HIGH, RuleKind.LIMIT_LOW, *RATES, RuleKind.VOTE)
"""kinds whose trigger and reset can be changed at the page; of the others the delays"""
LIST_NAME: Final = r"^[A-Za-z0-9_\-\u4e00-\u9fff]{1,64}\.(csv|xlsx)$"
"""one file beside the site file: no way out of its folder"""
Name = Annotated[str, Query(pattern=LIST_NAME, description="file name of the tag list, as in the site file")]
MaybeName = Annotated[
    str,
    Query(
        pattern=rf"^$|{LIST_NAME}", description="file name of the tag list; none: the configuration that runs"
    ),
]
SourceName = Annotated[
    str, Query(pattern=r"^[A-Za-z0-9_.-]{0,64}$", description="this source alone; none: all")
]
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    code: {"model": schemas.Problem} for code in (404, 409, 413, 415, 422, 503)
}


class ToolPort(Protocol):
    """Each runs a tool to its end and gives its report. Raises Refused (with its words) or Retry (another runs)."""

    async def kpi(self, start: int, end: int, installation: str) -> Mapping[str, Any]: ...
    async def explain(self, tag: str) -> Mapping[str, Any]: ...
    async def check(self, name: str, data: bytes) -> Mapping[str, Any]: ...
    async def annotated(self, name: str, data: bytes) -> bytes: ...
    async def probe(self, name: str, data: bytes, source: str) -> Mapping[str, Any]: ...
    async def what_if(self, name: str, data: bytes, days: float) -> Mapping[str, Any]: ...


class RuleView(schemas.Model):
    """One rule as it judges now. Times in s, limits in the tag's unit."""

    id: str
    name: str
    kind: str
    subject: str
    tags: list[str]
    installation: str
    level: str
    priority: int
    trigger: float | None
    reset: float | None
    on_delay_s: float
    off_delay_s: float
    stage: str
    enabled: bool
    standard: str
    clause: str
    mark: str
    verified_by: str
    version: str
    guidance: str
    unit: str
    limited: bool


class RulesView(schemas.Model):
    config: str
    rules: list[RuleView]


def router(context: Context, tools: ToolPort | None) -> APIRouter:
    """Handlers."""
    api = APIRouter(tags=["engineering"], responses=PROBLEMS)
    _reports(api, tools)

    @api.get("/rules", response_model=RulesView)
    async def rules() -> Response:
        """Every rule that judges now, with its clause, mark and signature."""
        site = context.plant.site
        return answer({"config": site.config_hash, "rules": [_rule(r, site) for r in site.rules]})

    @api.get("/rules/explain/{tag}", response_model=dict[str, Any])
    async def explain(tag: str) -> Response:
        """Where each effective value of a tag came from: pack, site, installation, list."""
        if tag not in context.plant.site.tag_index:
            raise HTTPException(404, f"no tag {tag!r}")
        return answer(await _given(tools).explain(tag))

    @api.post("/engineering/check", response_model=dict[str, Any])
    async def check(request: Request, name: Name) -> Response:
        """Check the configuration with this tag list (the body) in place of the one of that name: faults by cell."""
        return answer(await _given(tools).check(name, await request.body()))

    @api.post("/engineering/what-if", response_model=dict[str, Any])
    async def what_if(
        request: Request, name: Name, days: Annotated[float, Query(gt=0, le=400)] = 7
    ) -> Response:
        """Judge the last ``days`` of the archive with this tag list: alarms gained, lost, earlier, later."""
        return answer(await _given(tools).what_if(name, await request.body(), days))

    _files(api, tools)
    return api


def _files(api: APIRouter, tools: ToolPort | None) -> None:
    @api.post("/engineering/annotate", response_class=Response, responses={200: {"content": {XLSX: {}}}})
    async def annotate(request: Request, name: Name) -> Response:
        """This tag list (the body) as a workbook with each fault beside its row; 409 where it has none."""
        found = await _given(tools).annotated(name, await request.body())
        return Response(found, media_type=XLSX)

    @api.post("/engineering/probe", response_model=dict[str, Any])
    async def probe(request: Request, name: MaybeName = "", source: SourceName = "") -> Response:
        """Read every tag once: of this tag list (the body), or of what runs where there is no name. Slowly, over one
        connection a line, within a budget; of a line that the running poll has for itself, what it read last.
        """
        return answer(await _given(tools).probe(name, await request.body() if name else b"", source))


def _reports(api: APIRouter, tools: ToolPort | None) -> None:
    @api.get("/kpi", response_model=dict[str, Any])
    async def kpi(
        start: Asked, end: Asked, installation: Annotated[str, Query(pattern=r"^[A-Za-z0-9_-]{0,64}$")] = ""
    ) -> Response:
        """The figures of ISA-18.2 and of the closed loop over a period, with their targets."""
        first, last = period(start, end)
        return answer(await _given(tools).kpi(first, last, installation))


def _given(tools: ToolPort | None) -> ToolPort:
    if tools is None:
        raise HTTPException(404, "this console has no tools")
    return tools


def _rule(r: Rule, site: Site) -> dict[str, Any]:
    row = site.tag_index.get(r.tags[0]) if r.tags else None
    unit = site.tags[row].unit if row is not None else ""
    return {
        "id": r.id, "name": r.name, "kind": r.kind.value, "subject": r.subject, "tags": list(r.tags),
        "installation": r.installation, "level": r.level.word, "priority": r.priority, "trigger": finite(r.trigger),
        "reset": finite(r.reset), "on_delay_s": r.on_delay / NS, "off_delay_s": r.off_delay / NS,
        "stage": r.stage.value,
        "enabled": r.enabled, "standard": r.standard, "clause": r.clause, "mark": r.mark, "verified_by": r.verified_by,
        "version": r.version, "guidance": r.guidance, "unit": f"{unit}/s" if r.kind in RATES else unit,
        "limited": r.kind in LIMITED,
    }  # fmt: skip
