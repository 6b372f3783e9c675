"""GET /api/v1/deliveries: how far the open alarms have come at each output, from the delivery ledger."""

import inspect
from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from gateway.console import schemas
from gateway.console.answers import answer
from gateway.console.ports import Context

MOST: Final = 5000
"""events of the ledger looked at"""
AT_ONCE: Final = 400
"""ids asked for by name; of more alarms the newest events are looked through"""


class WayView(schemas.Model):
    """One output and its last step for this alarm's newest event."""

    stage: str
    at: str | None
    refused: str | None


class DeliveryView(schemas.Model):
    """``n``: the newest event of the alarm that the ledger has."""

    n: int
    outputs: dict[str, WayView]


class DeliveriesView(schemas.Model):
    """``outputs``: name -> the last step it can tell. ``alarms``: open alarms by id, those the ledger knows."""

    known: bool
    outputs: dict[str, str]
    alarms: dict[str, DeliveryView]


def router(context: Context) -> APIRouter:
    """Handlers."""
    api = APIRouter(tags=["read"])

    @api.get("/deliveries", response_model=DeliveriesView)
    async def deliveries() -> Response:
        """Of each open alarm: how far its newest event has come at each output."""
        if context.ledger is None:
            return answer({"known": False, "outputs": {}, "alarms": {}})
        ids = [o.id for o in context.plant.present().occurrences]
        found = (
            context.ledger(ids if len(ids) <= AT_ONCE else (), MOST) if ids else {"outputs": {}, "events": []}
        )
        told = await found if inspect.isawaitable(found) else found
        return answer({"known": True, **_newest(told, set(ids))})

    return api


def _newest(told: Mapping[str, Any], ids: set[str]) -> dict[str, Any]:
    alarms: dict[str, Any] = {}
    for event in told["events"]:  # newest first
        if event["id"] in ids and event["id"] not in alarms:
            ways = {name: _way(steps) for name, steps in event["outputs"].items()}
            alarms[event["id"]] = {"n": event["n"], "outputs": ways}
    return {"outputs": {name: out["ends_at"] for name, out in told["outputs"].items()}, "alarms": alarms}


def _way(steps: Mapping[str, Any]) -> dict[str, Any]:
    at = steps["stored"] or steps["accepted"] or steps["sent"]
    return {"stage": steps["stage"], "at": at, "refused": steps["refused"]}
