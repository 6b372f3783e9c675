"""Writing lines over HTTP so that exactly the good ones are stored."""

import asyncio
import base64
import gzip
import re
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlencode

from gateway.model.errors import Retry
from gateway.sinks.influxdb.config import Settings
from gateway.wires.answers import Action, action_of, after_of, words_of
from gateway.wires.http import Http
from gateway.wires.secrets import secret

NO_DATABASE: Final = 404
_DROPPED: Final = re.compile(r"dropped=(\d+)")
ZIPPED: Final = b"Content-Encoding: gzip\r\n"


class Trouble(Retry):
    """Only a person can help; everything is kept meanwhile. ``what`` names the kind for the lane."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(reason)
        self.what = what


@dataclass(frozen=True, slots=True)
class Rejected:
    """A line the server will never take, by its index, with the server's words."""

    index: int
    reason: str


class Lines:
    """Lines to write: one text, cut into lines only when the server finds fault with some."""

    def __init__(self, text: str, count: int) -> None:
        self._text, self._count = text, count
        self._cut: list[str] | None = None

    @classmethod
    def of(cls, lines: Sequence[str]) -> Self:
        """From single lines, which may have line breaks inside text fields."""
        made = cls("\n".join(lines), len(lines))
        made._cut = list(lines)
        return made

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> str:
        return self._lines()[index]

    def part(self, start: int, stop: int) -> bytes:
        """Lines ``start:stop`` as they are sent."""
        whole = (start, stop) == (0, self._count)
        return (self._text if whole else "\n".join(self._lines()[start:stop])).encode()

    def _lines(self) -> list[str]:
        if self._cut is None:
            self._cut = self._text.split("\n")
        return self._cut


class Writer:
    """Async context manager around one connection.

    Raises:
        Misconfigured: a secret is missing here, or the address cannot be used.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._target = _where(settings)
        self._http = Http(settings.url.rstrip("/"), settings.timeout, _login(settings), settings.tls)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.close()

    async def write(self, lines: Lines) -> list[Rejected]:
        """Store all good lines; the others, by index. Sending the same lines again changes nothing.

        Raises:
            Retry: nothing is known of these lines; keep them (``after`` as the server asks).
        """
        rejected: list[Rejected] = []
        todo = [(0, len(lines))]
        while todo:
            start, stop = todo.pop()
            status, words, after = await self._post(lines.part(start, stop))
            action = action_of(status)
            if action is Action.ACCEPT:
                continue
            if action is not Action.SPLIT:
                await self._keep(status, f"{status}: {words}", after)
            elif stop - start == 1 or all_dropped(words, stop - start):
                rejected += [Rejected(i, f"{status}: {words}") for i in range(start, stop)]
            else:
                middle = (start + stop) // 2
                todo += [(middle, stop), (start, middle)]
        return sorted(rejected, key=lambda r: r.index)

    async def hello(self) -> tuple[int, str]:
        """A write of no lines: the server's status and words.

        Raises:
            Retry: no answer.
        """
        status, words, _ = await self._post(b"")
        return status, words

    async def _keep(self, status: int, words: str, after: float | None) -> None:
        action = action_of(status)
        if action is Action.LOGIN:
            raise Trouble("login", words)
        if status == NO_DATABASE:
            if self._settings.create_database and self._settings.version == 1:
                await self._create_database()
                raise Retry(f"database {self._settings.database} created", after=0.0)
            raise Trouble("database", words)
        if action is Action.PERSON:
            raise Trouble("refused", words)
        raise Retry(words, after=after)

    async def _post(self, body: bytes) -> tuple[int, str, float | None]:
        if not self._settings.gzip:
            return await self._call(self._target, body)
        return await self._call(self._target, await asyncio.to_thread(gzip.compress, body, 6), more=ZIPPED)

    async def _create_database(self) -> None:
        name = self._settings.database.replace("\\", "\\\\").replace('"', '\\"')
        query = urlencode({"q": f'CREATE DATABASE "{name}"'})
        status, words, _ = await self._call(f"/query?{query}", b"")
        if action_of(status) is not Action.ACCEPT or "error" in words:
            raise Trouble("database", f"cannot create {self._settings.database}: {status}: {words}")

    async def _call(self, target: str, body: bytes, *, more: bytes = b"") -> tuple[int, str, float | None]:
        """(status, the server's words, seconds it asks to wait)."""
        answer = await self._http.post(target, body, more=more)
        words = words_of(answer) or answer.headers.get("x-influxdb-error", "")
        return answer.status, words, after_of(answer)


def all_dropped(words: str, lines: int) -> bool:
    """InfluxDB 1.x counts what it dropped: when it is everything, there is nothing to look for."""
    found = _DROPPED.search(words)
    return found is not None and int(found[1]) >= lines


def _where(settings: Settings) -> str:
    if settings.version == 1:
        policy = {"rp": settings.retention_policy} if settings.retention_policy else {}
        return "/write?" + urlencode({"db": settings.database, "precision": "ns", **policy})
    if settings.version == 2:
        return "/api/v2/write?" + urlencode(
            {"org": settings.org, "bucket": settings.bucket, "precision": "ns"}
        )
    return "/api/v2/write?" + urlencode({"bucket": settings.database, "precision": "ns"})


def _login(settings: Settings) -> dict[str, str]:
    headers = {"Content-Type": "text/plain; charset=utf-8"}
    who = f"influxdb {settings.url}"
    token = secret(who, settings.token_env, settings.token_file)
    if token is not None:
        headers["Authorization"] = f"Token {token}"
    elif settings.username is not None:
        password = secret(who, settings.password_env, settings.password_file) or ""
        word = base64.b64encode(f"{settings.username}:{password}".encode()).decode()
        headers["Authorization"] = f"Basic {word}"
    return headers
