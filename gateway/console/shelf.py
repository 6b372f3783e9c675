"""The page's files in memory, each packed once: ours beside this module, uPlot's from its wheel. No build step.

``/static/<build>/...`` may be kept by a browser for good, because another build has another address; without the build
a file is asked for again by ETag.
"""

import gzip
import hashlib
import mimetypes
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

STATIC: Final = Path(__file__).parent / "static"
VENDOR: Final = ("uplot.iife.min.js", "uplot.min.css")
FOREVER: Final = "public, max-age=31536000, immutable"
ANEW: Final = "no-cache"
LEAST_PACKED: Final = 400
"""bytes; a smaller file grows by packing, or hardly shrinks"""
TYPES: Final = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
_IMPORT: Final = re.compile(r'^import .*?from "(\.{1,2}/[\w./]+)";', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class File:
    """One file as it is sent. ``packed`` is empty where packing gains nothing."""

    kind: str
    plain: bytes
    packed: bytes
    tag: str


class Shelf:
    """All files by their path below ``/static/``."""

    def __init__(self, found: dict[str, bytes]) -> None:
        self.files = {name: _file(name, data) for name, data in sorted(found.items())}
        told = hashlib.sha256()
        for name, data in sorted(found.items()):
            told.update(name.encode() + b"\0" + data)
        self.build = told.hexdigest()[:12]

    @property
    def base(self) -> str:
        """Below which the page finds its files."""
        return f"/static/{self.build}"

    def imported(self, first: str) -> list[str]:
        """A script and all that it imports at once, without what it asks for later."""
        found, waiting = [first], [first]
        while waiting:
            name = waiting.pop(0)
            for target in _IMPORT.findall(self.files[name].plain.decode()):
                path = _joined(name, target)
                if path not in found:
                    found.append(path)
                    waiting.append(path)
        return found

    def find(self, path: str) -> tuple[File, str] | None:
        """The file of an address below ``/static/``, and how long it may be kept."""
        head, _, rest = path.partition("/")
        known = self.files.get(rest) if head == self.build else None
        if known is not None:
            return known, FOREVER
        found = self.files.get(path)
        return (found, ANEW) if found is not None else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI: what is mounted at ``/static``."""
        path = scope["path"].removeprefix(scope.get("root_path", "")).lstrip("/")
        headers = dict(scope["headers"])
        await _answer(self.find(path), scope["method"], headers)(scope, receive, send)


def _answer(found: tuple[File, str] | None, method: str, asked: dict[bytes, bytes]) -> Response:
    if found is None or method not in {"GET", "HEAD"}:
        status, word = (404, "unknown") if found is None else (405, "method")
        return Response(
            f'{{"error":"{word}","reason":"no such file"}}', status, media_type="application/json"
        )
    file, kept = found
    headers = {"cache-control": kept, "etag": file.tag, "vary": "accept-encoding"}
    if asked.get(b"if-none-match", b"").decode("latin-1") == file.tag:
        return Response(status_code=304, headers=headers)
    packed = file.packed and b"gzip" in asked.get(b"accept-encoding", b"")
    if packed:
        headers["content-encoding"] = "gzip"
    return Response(file.packed if packed else file.plain, headers=headers, media_type=file.kind)


def _file(name: str, data: bytes) -> File:
    suffix = Path(name).suffix
    kind = TYPES.get(suffix) or mimetypes.types_map.get(suffix, "application/octet-stream")
    packed = gzip.compress(data, 9, mtime=0) if len(data) >= LEAST_PACKED else b""
    tag = f'"{hashlib.sha256(data).hexdigest()[:16]}"'
    return File(kind, data, packed if len(packed) < len(data) else b"", tag)


def _joined(name: str, target: str) -> str:
    """``js/views/a.js`` and ``../b.js`` -> ``js/b.js``."""
    parts = name.split("/")[:-1]
    for step in target.split("/"):
        if step == "..":
            parts.pop()
        elif step != ".":
            parts.append(step)
    return "/".join(parts)


def vendor(name: str) -> Path:
    """A file of uPlot as installed. Found without importing the package that carries it."""
    return Path(str(files("youplot.vendor") / name))


@cache
def shelf() -> Shelf:
    """The files of this installation, read and packed once a process."""
    ours: Iterable[Path] = (p for p in STATIC.rglob("*") if p.is_file())
    found = {p.relative_to(STATIC).as_posix(): p.read_bytes() for p in ours}
    return Shelf(found | {f"vendor/{name}": vendor(name).read_bytes() for name in VENDOR})
