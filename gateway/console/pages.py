"""The page and its files: ours beside this module, uPlot's from its wheel. No build step, nothing from elsewhere."""

import hashlib
from importlib.resources import files
from pathlib import Path
from typing import Final

from fastapi import APIRouter, HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles

from gateway.console.people.door import PANEL, YEAR_S, Door, cookie_name

STATIC: Final = Path(__file__).parent / "static"
VENDOR: Final = {"uplot.iife.min.js": "text/javascript", "uplot.min.css": "text/css"}
REVALIDATE: Final = {"cache-control": "no-cache"}
"""kept by the browser and asked for again by ETag: an upgrade is seen at once, a reload costs nothing"""


class Files(StaticFiles):
    """Static files that are asked for again by ETag."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers.update(REVALIDATE)
        return response


def vendor(name: str) -> Path:
    """A file of uPlot as installed. Found without importing the package that carries it."""
    return Path(str(files("youplot.vendor") / name))


def build_of(folder: Path = STATIC) -> str:
    """Digest of our files: a page older than the gateway reloads itself."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def index_html(folder: Path = STATIC) -> bytes:
    """The page, told of all its scripts at once: a browser that learns of them one import after another waits long."""
    names = sorted(p.relative_to(folder).as_posix() for p in (folder / "js").rglob("*.js"))
    links = "".join(
        f'<link rel="modulepreload" href="/static/{name}">\n' for name in names if name != "js/theme.js"
    )
    text = (folder / "index.html").read_text(encoding="utf-8")
    return text.replace("</head>", f"{links}</head>").encode()


def router(door: Door) -> APIRouter:
    """``/`` and ``/vendor``; the rest is mounted by the app."""
    api, html = APIRouter(include_in_schema=False), index_html()

    @api.get("/")
    async def index(request: Request) -> Response:
        """The console. A registered panel is known for another year."""
        page = Response(html, headers=REVALIDATE, media_type="text/html; charset=utf-8")
        name = cookie_name(PANEL, request.url.port)
        if door.panel_of(request) is not None:
            secure = request.url.scheme == "https"
            page.set_cookie(
                name, request.cookies[name], max_age=YEAR_S, httponly=True, samesite="strict", secure=secure
            )
        return page

    @api.get("/vendor/{name}")
    async def uplot(name: str) -> Response:
        """uPlot's script and style."""
        if name not in VENDOR:
            raise HTTPException(404, f"no file {name!r}")
        return FileResponse(vendor(name), media_type=VENDOR[name], headers=REVALIDATE)

    return api
