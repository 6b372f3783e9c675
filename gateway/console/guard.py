"""In front of every request: right host, small body, and headers that keep a page to itself."""

from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BODY: Final = 256 * 1024
"""an acknowledgement of a thousand alarms is 70 kB"""
MEDIA: Final = ("application/json",)
"""what a body may be: a form of another site can send none of these unasked"""
UPLOADS: Final = "/api/v1/engineering/"
FILE_MEDIA: Final = ("application/octet-stream",)
MOST_UPLOAD: Final = 16 * 1024 * 1024
"""a tag list of ten thousand points is 2 MB"""
LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")

HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_RAW: Final = [(k.encode(), v.encode()) for k, v in HEADERS.items()]


class Guard:
    """ASGI middleware.

    Host names other than ours are refused: a page of a foreign name that is made to resolve to this machine (DNS
    rebinding) would otherwise count as our own. A request that says it comes from another origin may not act.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str] = LOOPBACK) -> None:
        self._app = app
        self._hosts = frozenset(h.lower() for h in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": _dress(list(message.get("headers", ())))}
            await send(message)

        fault = self._fault(scope["method"], scope["path"], headers)
        if fault:
            await _refuse(dressed, *fault)
        else:
            await self._app(scope, receive, dressed)

    def _fault(self, method: str, path: str, headers: dict[str, str]) -> tuple[int, str, str] | None:
        host = headers.get("host", "").lower()
        if _name(host) not in self._hosts:
            return 421, "host", "this console answers to its own address only"
        if method in {"GET", "HEAD"}:
            return None
        if _foreign(headers, host):
            return 403, "origin", "acts come from the console's own page or from the command line"
        if method == "DELETE" and not headers.keys() & {"content-length", "transfer-encoding"}:
            return None
        return _body_fault(headers, uploads=path.startswith(UPLOADS))


def _body_fault(headers: dict[str, str], *, uploads: bool) -> tuple[int, str, str] | None:
    length = headers.get("content-length", "")
    if not (length.isascii() and length.isdigit()):
        return 411, "length", "content-length is needed"
    most = MOST_UPLOAD if uploads else MOST_BODY
    if int(length) > most:
        return 413, "length", f"at most {most} bytes"
    media = FILE_MEDIA if uploads else MEDIA
    if int(length) and _media(headers) not in media:
        return 415, "media-type", f"{media[0]} is needed"
    return None


def _name(host: str) -> str:
    """``127.0.0.1:8080`` -> ``127.0.0.1``; ``[::1]:8080`` -> ``[::1]``."""
    head, colon, port = host.rpartition(":")
    return head if colon and port.isdigit() else host


def _foreign(headers: dict[str, str], host: str) -> bool:
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return True
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc.lower() != host


def _media(headers: dict[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _dress(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    if not any(k.lower() == b"cache-control" for k, _ in headers):
        headers.append((b"cache-control", b"no-store"))
    return headers + _RAW


async def _refuse(send: Send, status: int, error: str, reason: str) -> None:
    body = orjson.dumps({"error": error, "reason": reason})
    head = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": body})
