"""What supervisors and monitors ask: /healthz, /readyz, /metrics."""

from fastapi import APIRouter
from starlette.responses import Response

from gateway.console import schemas
from gateway.console.answers import answer
from gateway.console.hub import Hub
from gateway.console.metrics import CONTENT_TYPE, render
from gateway.console.ports import Context


def router(context: Context, hub: Hub) -> APIRouter:
    """They say nothing of the plant that a stranger should not know."""
    api = APIRouter(tags=["probes"])

    @api.get("/healthz", response_model=schemas.HealthView)
    async def healthz() -> Response:
        """The process runs and answers. Restart it when this fails."""
        return answer({"status": "ok", "version": context.plant.present().status.version})

    @api.get("/readyz", response_model=schemas.ReadyView, responses={503: {"model": schemas.ReadyView}})
    async def readyz() -> Response:
        """503 until readings are judged. A degraded gateway judges and is ready; ``troubles`` says what it lacks."""
        now = context.plant.present().status
        ready = now.state != "starting"
        return answer(
            {"ready": ready, "state": now.state, "troubles": list(now.troubles)}, 200 if ready else 503
        )

    @api.get("/metrics", response_class=Response)
    async def metrics() -> Response:
        """Prometheus text; every family is in docs/metrics.md."""
        return Response(
            render(context.plant.present(), hub, context.plant.traffic()), media_type=CONTENT_TYPE
        )

    return api
