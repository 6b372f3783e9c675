"""Looks into the folder, reads what is complete, hands it on, and puts it away when its readings are on disk."""

import asyncio
import fnmatch
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.model.errors import Misconfigured, Reject, Retry
from gateway.model.ports import Feed
from gateway.model.site import Tag
from gateway.model.times import NS
from gateway.sources.filedrop.config import Binding, Settings
from gateway.sources.filedrop.decode import Form, Parsed, ordered, parse
from gateway.wires.handing import Row, offer

DONE: Final = "done"
BAD: Final = "bad"
BATCH_ROWS: Final = 5000


@dataclass(slots=True)
class Counters:
    """Since the start of the source."""

    files: int = 0
    refused: int = 0
    readings: int = 0
    unread: int = 0
    """rows that could not be read"""
    unknown: int = 0
    """rows of tags that are not configured"""


class FileDropSource:
    """Reads one folder."""

    def __init__(self, name: str, settings: Settings, bound: Sequence[tuple[int, Tag, Binding]]) -> None:
        self.name = name
        self.counters = Counters()
        self._settings = settings
        self._rows_of = {place.name: row for row, _, place in bound}
        self._form = _form(settings)
        self._sizes: dict[Path, tuple[int, int, float]] = {}
        """file -> size, time of change, loop time since when it is so"""

    async def run(self, feed: Feed) -> None:
        """Read until cancelled.

        Raises:
            Misconfigured: the folder is not there, or nothing can be put away in it.
        """
        loop = asyncio.get_running_loop()
        heard = loop.time()
        await asyncio.to_thread(self._prepare)
        while True:
            for path in await asyncio.to_thread(self._complete, loop.time()):
                await self._take(path, feed)
                heard = loop.time()
                feed.link(self.name, up=True)
            if loop.time() - heard > self._settings.silence / NS:
                feed.link(self.name, up=False, reason=f"no new file in {self._settings.folder}")
            await asyncio.sleep(self._settings.poll / NS)

    def _prepare(self) -> None:
        folder = self._settings.folder
        try:
            if not folder.is_dir():
                raise Misconfigured(f"folder {folder}: not there")
            for name in (DONE, BAD):
                (folder / name).mkdir(exist_ok=True)
        except OSError as error:
            raise Misconfigured(f"folder {folder}: {error.strerror}") from error

    def _complete(self, now: float) -> list[Path]:
        """Files that have not changed for the settle time, oldest first."""
        found: dict[Path, tuple[int, int, float]] = {}
        try:
            with os.scandir(self._settings.folder) as entries:
                for entry in entries:
                    if fnmatch.fnmatch(entry.name, self._settings.pattern) and entry.is_file(
                        follow_symlinks=False
                    ):
                        stat, path = entry.stat(), Path(entry.path)
                        known = self._sizes.get(path)
                        same = known is not None and known[:2] == (stat.st_size, stat.st_mtime_ns)
                        found[path] = (stat.st_size, stat.st_mtime_ns, known[2] if known and same else now)
        except OSError as error:
            raise Retry(f"folder {self._settings.folder}: {error.strerror}") from error
        self._sizes = found
        ripe = [p for p, (_, _, since) in found.items() if now - since >= self._settings.settle / NS]
        return sorted(ripe, key=lambda p: (found[p][1], p.name))

    async def _take(self, path: Path, feed: Feed) -> None:
        try:
            parsed = await asyncio.to_thread(self._read, path)
        except Reject as error:
            self.counters.refused += 1
            now = feed.clock.now()
            feed.gap(self.name, now, now, 0, f"file {path.name}: {error.reason}")
            await asyncio.to_thread(self._put_away, path, BAD)
            return
        await self._hand_on(ordered(parsed.rows), feed)
        self._count(parsed, path, feed)
        await asyncio.to_thread(self._put_away, path, DONE)

    def _read(self, path: Path) -> Parsed:
        try:
            if path.stat().st_size > self._settings.max_mb * 1e6:
                raise Reject(f"larger than {self._settings.max_mb:g} MB")
            return parse(path.read_bytes(), self._form, self._rows_of)
        except OSError as error:
            raise Retry(f"{path}: {error.strerror}") from error

    async def _hand_on(self, rows: Sequence[Row], feed: Feed) -> None:
        """All readings, committed when this returns: only then may the file go."""
        waiting: list[asyncio.Future[None]] = []
        for k in range(0, len(rows), BATCH_ROWS):
            await feed.room()
            waiting.append(offer(feed, rows[k : k + BATCH_ROWS], "no room: the file is read again"))
        await asyncio.gather(*waiting)

    def _count(self, parsed: Parsed, path: Path, feed: Feed) -> None:
        c = self.counters
        c.files, c.readings = c.files + 1, c.readings + len(parsed.rows)
        c.unread, c.unknown = c.unread + parsed.unread, c.unknown + parsed.unknown
        if parsed.unread:
            now = feed.clock.now()
            why = f"file {path.name}: {parsed.unread} rows could not be read: {'; '.join(parsed.faults[:3])}"
            feed.gap(self.name, now, now, parsed.unread, why)

    def _put_away(self, path: Path, place: str) -> None:
        """Out of the folder; never over another file of that name."""
        self._sizes.pop(path, None)
        try:
            if place == DONE and self._settings.after == "delete":
                path.unlink()
                return
            target = path.parent / place / path.name
            if target.exists():
                target = target.with_name(f"{target.stem}.{path.stat().st_mtime_ns}{target.suffix}")
            path.replace(target)
            self._prune(path.parent / place)
        except OSError as error:
            raise Misconfigured(f"{path} cannot be put away: {error.strerror}") from error

    def _prune(self, folder: Path) -> None:
        kept = sorted((p for p in folder.iterdir() if p.is_file()), key=lambda p: p.stat().st_mtime_ns)
        for path in kept[: max(0, len(kept) - self._settings.keep)]:
            path.unlink()


def _form(s: Settings) -> Form:
    return Form(
        wide=s.layout == "wide",
        header=s.header,
        time=s.time_column,
        time_format=s.time_format,
        zone=s.offset,
        tag=s.tag_column,
        value=s.value_column,
        quality=s.quality_column,
        good=frozenset(s.good),
        uncertain=frozenset(s.uncertain),
        delimiter=s.delimiter,
    )


def build(name: str, settings: Settings, bound: Sequence[tuple[int, Tag, Binding]]) -> FileDropSource:
    """``bound``: (row in the tag table, tag, where to read it)."""
    return FileDropSource(name, settings, bound)
