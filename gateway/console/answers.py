"""Answers in JSON by orjson: numpy columns and NaN (as null) included."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from starlette.responses import Response

from gateway.model.events import Record

JSON = "application/json"


def answer(data: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """``data`` encoded."""
    body = orjson.dumps(data, option=orjson.OPT_SERIALIZE_NUMPY)
    return Response(body, status, dict(headers or {}), JSON)


def records(found: Sequence[Record], head: Mapping[str, Any] | None = None) -> Response:
    """``{...head, "events": [...]}`` with the journal's own bytes: what was hashed is what is read."""
    front = orjson.dumps({**(head or {}), "events": []})[:-2]
    return Response(front + b",".join(r.data for r in found) + b"]}", media_type=JSON)
