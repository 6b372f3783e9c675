"""Takes what is pushed: checks the token, decodes, and answers when the readings are on disk.

It has no server of its own: the console's hands it the bodies (``POST /api/v1/push/<source>``), so that address,
loopback rule and limits are those of the console.
"""

import asyncio
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gateway.model.errors import Retry
from gateway.model.ports import Feed
from gateway.model.site import Tag
from gateway.model.times import NS
from gateway.sources.httppush.config import Binding, Settings
from gateway.sources.httppush.decode import Form, Pushed, parse
from gateway.wires.handing import Row, offer

COMMIT_S: Final = 10.0
"""Longest wait for the disk; then the pusher is asked to come again."""


@dataclass(slots=True)
class Counters:
    """Since the start of the source."""

    pushes: int = 0
    readings: int = 0
    bad: int = 0
    unknown: int = 0
    refused: int = 0


class HttpPushSource:
    """Takes the pushes of one pusher."""

    def __init__(self, name: str, settings: Settings, bound: Sequence[tuple[int, Tag, Binding]]) -> None:
        self.name = name
        self.counters = Counters()
        self._settings = settings
        self._rows_of = {place.name: row for row, _, place in bound}
        good, uncertain = (frozenset(map(str, words)) for words in (settings.good, settings.uncertain))
        self._form = Form(settings.time_unit, good, uncertain, settings.most)
        self._token = b""
        self._feed: Feed | None = None
        self._heard = 0.0

    async def run(self, feed: Feed) -> None:
        """Listen until cancelled.

        Raises:
            Misconfigured: there is no token.
        """
        loop = asyncio.get_running_loop()
        self._token, self._feed, self._heard = self._settings.token(), feed, loop.time()
        silence = self._settings.silence / NS
        try:
            while True:
                await asyncio.sleep(min(silence, 1.0))
                if loop.time() - self._heard > silence:
                    feed.link(self.name, up=False, reason=f"nothing pushed for {silence:g} s")
        finally:
            self._feed = None

    def allows(self, token: str) -> bool:
        """Compared in constant time."""
        return bool(self._token) and hmac.compare_digest(token.encode(), self._token)

    async def take(self, body: bytes) -> Mapping[str, Any]:
        """One push. Returns when it is on disk: how many readings, how many of them BAD, unknown names.

        Raises:
            Reject: the body is not as it must be; nothing of it was taken.
            Retry: no room, starting or stopping, or the disk is slow; it may be pushed again without harm.
        """
        feed = self._feed
        if feed is None:
            raise Retry("the source is starting or stopping", after=1)
        pushed = parse(body, self._form, self._rows_of, feed.clock.now())
        if pushed.rows:
            await self._commit(feed, pushed.rows)
        self._heard = asyncio.get_running_loop().time()
        feed.link(self.name, up=True)
        return self._counted(pushed)

    async def _commit(self, feed: Feed, rows: Sequence[Row]) -> None:
        committed = offer(feed, rows, "no room", after=2)
        try:
            async with asyncio.timeout(COMMIT_S):
                await committed
        except TimeoutError as error:
            raise Retry("the disk is slow", after=5) from error

    def _counted(self, pushed: Pushed) -> Mapping[str, Any]:
        c = self.counters
        c.pushes, c.readings = c.pushes + 1, c.readings + len(pushed.rows)
        c.bad, c.unknown = c.bad + pushed.bad, c.unknown + len(pushed.unknown)
        return {"accepted": len(pushed.rows), "bad": pushed.bad, "unknown": pushed.unknown}


def build(name: str, settings: Settings, bound: Sequence[tuple[int, Tag, Binding]]) -> HttpPushSource:
    """``bound``: (row in the tag table, tag, its name in what is pushed)."""
    return HttpPushSource(name, settings, bound)
