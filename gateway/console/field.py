"""GET /api/v1/dead-letters: what outputs refused, with the other side's words."""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Protocol

from fastapi import APIRouter
from starlette.responses import Response

from gateway.console import schemas
from gateway.console.answers import answer
from gateway.model.times import iso

MOST: Final = 200
SHOWN: Final = 500
"""characters of a letter's own text"""


class Letter(Protocol):
    """One refused record; ``time`` ns."""

    @property
    def id(self) -> int: ...
    @property
    def time(self) -> int: ...
    @property
    def output(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def data(self) -> bytes: ...


LettersPort = Callable[[int], Sequence[Letter] | Awaitable[Sequence[Letter]]]
"""most -> dead letters, newest first"""


class LetterView(schemas.Model):
    id: int
    time: str
    output: str
    reason: str
    text: str


class LettersView(schemas.Model):
    letters: list[LetterView]


def router(letters: LettersPort | None) -> APIRouter:
    """The handler."""
    api = APIRouter(tags=["read"])

    @api.get("/dead-letters", response_model=LettersView)
    async def dead() -> Response:
        """What outputs refused, newest first, at most 200."""
        found = letters(MOST) if letters is not None else ()
        told = await found if inspect.isawaitable(found) else found
        return answer({"letters": [_letter(x) for x in told]})

    return api


def _letter(x: Letter) -> dict[str, Any]:
    text = x.data[:SHOWN].decode(errors="replace")
    return {"id": x.id, "time": iso(x.time), "output": x.output, "reason": x.reason, "text": text}
