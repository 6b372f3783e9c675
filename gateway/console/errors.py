"""Our errors and FastAPI's as one JSON shape: ``{"error": word, "reason": sentence}``."""

from dataclasses import asdict
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from gateway.console.answers import answer
from gateway.model.errors import Misconfigured, Refused, Reject, Retry

UNREADABLE = 400
"""what FastAPI says of a body whose bytes it cannot read; one that is no JSON is a 422 already"""
WORDS = {401: "session", 403: "role", 404: "unknown", 405: "method", 415: "media-type", 429: "wait"}


def install(app: FastAPI) -> None:
    """Map what a handler may raise. Anything else is a bug and stays a 500."""
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(Misconfigured, _misconfigured)
    app.add_exception_handler(Retry, _retry)
    app.add_exception_handler(Reject, _rejected)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


def problem(status: int, error: str, reason: str, **headers: str) -> Response:
    """An answer that says why not."""
    return answer({"error": error, "reason": reason}, status, headers)


async def _refused(_: Request, fault: Exception) -> Response:
    return problem(409, "refused", str(fault))


async def _misconfigured(_: Request, fault: Exception) -> Response:
    """Every fault by itself, so that a page can show each beside what it is of."""
    found = [asdict(f) for f in fault.faults] if isinstance(fault, Misconfigured) else []
    said = "; ".join(f"{f['path']}: {f['value']}; {f['allowed']}" for f in found)
    return answer({"error": "config", "reason": said or str(fault), "faults": found}, 409)


async def _rejected(_: Request, fault: Exception) -> Response:
    return problem(422, "invalid", str(fault))


async def _retry(_: Request, fault: Exception) -> Response:
    after = getattr(fault, "after", None)
    return answer(
        {"error": "retry", "reason": str(fault)}, 503, {"Retry-After": str(max(1, round(after or 1)))}
    )


async def _invalid(_: Request, fault: Exception) -> Response:
    found: list[dict[str, Any]] = list(fault.errors()) if isinstance(fault, RequestValidationError) else []
    said = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in found[:10])
    return problem(422, "invalid", said or str(fault))


async def _http(_: Request, fault: Exception) -> Response:
    status = fault.status_code if isinstance(fault, HTTPException) else 500
    if status == UNREADABLE:
        return problem(422, "invalid", "the body is no JSON in UTF-8")
    detail = fault.detail if isinstance(fault, HTTPException) else str(fault)
    headers = getattr(fault, "headers", None) or {}
    return problem(status, WORDS.get(status, "http"), str(detail), **headers)
