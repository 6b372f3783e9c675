"""What goes into one POST each: chunks joined and cut, written down a little at a time."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass, field
from typing import Final

from gateway.model.batch import Batch
from gateway.model.ports import ReadingLane
from gateway.model.site import Site
from gateway.sinks.influxdb.client import Lines
from gateway.sinks.influxdb.encode import Prefixes, prefixes, reading_text

SLICE: Final = 2_000
"""Readings written down at once: half a millisecond's work, on cold caches one. An alarm waits behind no more."""
TABLES: Final = 8
"""Configurations whose prefixes are kept: the present one and those of chunks that still wait."""


@dataclass(slots=True)
class Post:
    """One POST; with it every chunk up to ``to`` is settled."""

    to: int = 0
    size: int = 0
    """readings in it"""
    texts: list[str] = field(default_factory=list)
    written: int = 0
    """of them written down in ``texts``"""
    nameless: list[Batch] = field(default_factory=list)
    """those of a tag table that is not known any more"""

    @property
    def lines(self) -> Lines:
        """What is sent."""
        return Lines("\n".join(self.texts), self.written)


class Posts:
    """Remembers the prefixes of the configurations it has met. ``most``: readings in a POST."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._prefixes: dict[str, Prefixes] = {}

    async def of(self, lane: ReadingLane) -> AsyncGenerator[Post, None]:
        """For ever: waits for a chunk, then takes what else is there already, up to a full POST."""
        post, begun = Post(), False
        while True:
            chunk = await lane.next(0 if begun else None)
            if chunk is None:
                if begun:
                    yield post
                post, begun = Post(post.to), False
                continue
            begun = True
            for piece in self._pieces(chunk.batch):
                if post.size + len(piece) > self._most:
                    yield post
                    post = Post(post.to)
                await self._add(lane, post, piece)
            post.to = chunk.id

    def _pieces(self, batch: Batch) -> Iterator[Batch]:
        """A chunk may be more than a POST."""
        return (batch.slice(at, at + self._most) for at in range(0, len(batch), self._most))

    async def _add(self, lane: ReadingLane, post: Post, piece: Batch) -> None:
        post.size += len(piece)
        names = self._names(lane, piece.table)
        if names is None:
            post.nameless.append(piece)
            return
        post.written += len(piece)
        for at in range(0, len(piece), SLICE):
            post.texts.append(reading_text(names, piece.slice(at, at + SLICE)))
            await asyncio.sleep(0)

    def _names(self, lane: ReadingLane, table: str) -> Prefixes | None:
        """A chunk may be older than the configuration: then the runtime is asked for the one it was made under."""
        found = self._prefixes.get(table)
        if found is None:
            now = lane.site
            site: Site | None = now if now.table == table else lane.site_of(table)
            if site is None:
                return None
            while len(self._prefixes) >= TABLES:
                del self._prefixes[next(iter(self._prefixes))]
            found = self._prefixes[table] = prefixes(site)
        return found
