"""The page itself: told of all its first scripts at once, and of the build whose files it loads."""

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.console.people.door import PANEL, YEAR_S, Door, cookie_name
from gateway.console.shelf import ANEW, Shelf

FIRST: Final = "js/main.js"


def index_html(shelf: Shelf) -> bytes:
    """A browser that learns of its scripts one import after another waits long, so all of them are named here.

    Low, because what early.js asks meanwhile (words, session, stream) would otherwise wait behind forty files.
    """
    links = "".join(
        f'<link rel="modulepreload" href="{shelf.base}/{name}" fetchpriority="low">\n'
        for name in shelf.imported(FIRST)
    )
    text = shelf.files["index.html"].plain.decode()
    return text.replace("/static/", f"{shelf.base}/").replace("</head>", f"{links}</head>").encode()


def router(door: Door, shelf: Shelf) -> APIRouter:
    """``/``; the files are mounted by the app."""
    api, html = APIRouter(include_in_schema=False), index_html(shelf)

    @api.get("/")
    async def index(request: Request) -> Response:
        """The console. A registered panel is known for another year."""
        page = Response(html, headers={"cache-control": ANEW}, media_type="text/html; charset=utf-8")
        name = cookie_name(PANEL, request.url.port)
        if door.panel_of(request) is not None:
            secure = request.url.scheme == "https"
            page.set_cookie(
                name, request.cookies[name], max_age=YEAR_S, httponly=True, samesite="strict", secure=secure
            )
        return page

    return api
