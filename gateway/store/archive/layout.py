"""``<state>/archive``: which files there are and what each holds, without opening Parquet.

::

    archive/day=2026-11-22/readings.parquet   all readings of the day, by tag
                           inputs.parquet     everything else the engine stepped over, and the order of readings
                           closed.json        what it holds and both hashes; without it the day is not there
    archive/parts/<first id>-<last id>/       the same for a part of a day that is not over

A day is a day of UTC+8 by the time readings were received. ``id`` is the spool's own count (offset + input number): it
only grows, while input numbers begin again where a backup was restored.
"""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from gateway.model.times import NS

ARCHIVE: Final = "archive"
READINGS: Final = "readings.parquet"
INPUTS: Final = "inputs.parquet"
CLOSED: Final = "closed.json"
PARTS: Final = "parts"
CHINA_NS: Final = 8 * 3600 * NS
DAY_NS: Final = 86_400 * NS
_NEW: Final = ".new"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What one folder of the archive holds. Times ns; ``first``/``last`` are ids as of the spool, both inside."""

    day: str
    first: int
    last: int
    first_input: int
    last_input: int
    start: int
    """source times of the readings, first and last"""
    end: int
    rows: int
    inputs: int
    bytes: int
    hashes: dict[str, str]
    """file name -> SHA-256, hex"""
    groups: list[list[str]]
    """tags of each row group of the readings"""
    thinned: str = ""
    """empty: every reading is there; else how it was thinned"""
    lost: int = 0
    """readings that went when it was last thinned"""
    folder: Path = Path()

    @property
    def closed(self) -> bool:
        """A whole day."""
        return self.folder.parent.name != PARTS

    @property
    def readings(self) -> Path:
        """The file of readings."""
        return self.folder / READINGS


def day_of(received: int) -> str:
    """Date (UTC+8) of a time in ns."""
    return datetime.fromtimestamp((received + CHINA_NS) // NS, UTC).strftime("%Y-%m-%d")


def day_end(received: int) -> int:
    """First ns of the next day (UTC+8)."""
    return ((received + CHINA_NS) // DAY_NS + 1) * DAY_NS - CHINA_NS


def manifests(state: Path) -> list[Manifest]:
    """Closed days, then parts that no day includes yet; each in order."""
    root = state / ARCHIVE
    days = sorted(_read(root.glob("day=*")), key=lambda m: m.last)
    covered = max((m.last for m in days), default=-1)
    parts = sorted(_read((root / PARTS).glob("*-*")), key=lambda m: m.first)
    return [*days, *(p for p in parts if p.last > covered)]


def day_folder(state: Path, day: str) -> Path:
    """Where a closed day lies."""
    return state / ARCHIVE / f"day={day}"


def part_folder(state: Path, first: int, last: int) -> Path:
    """Where a part lies."""
    return state / ARCHIVE / PARTS / f"{first:016d}-{last:016d}"


def prepare(folder: Path) -> Path:
    """An empty folder beside ``folder`` to write into."""
    new = folder.with_name(folder.name + _NEW)
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    return new


def publish(new: Path, folder: Path, manifest: Manifest) -> Manifest:
    """Write the manifest, sync everything, and give the folder its name; replaces what was there."""
    body = {k: v for k, v in asdict(manifest).items() if k != "folder"}
    (new / CLOSED).write_text(json.dumps(body, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    for path in new.iterdir():
        _sync(path)
    _sync(new)
    if folder.exists():
        old = folder.with_name(folder.name + ".old")
        shutil.rmtree(old, ignore_errors=True)
        folder.rename(old)
        new.rename(folder)
        shutil.rmtree(old)
    else:
        new.rename(folder)
    _sync(folder.parent)
    return replace(manifest, folder=folder)


def remove(folder: Path) -> None:
    """Take a folder out of the archive: first its manifest, so that what is left half way does not count."""
    (folder / CLOSED).unlink(missing_ok=True)
    shutil.rmtree(folder)


def tidy(state: Path) -> None:
    """Remove what an interrupted close left; a folder that was to be replaced is put back if its heir is not there."""
    for root in (state / ARCHIVE, state / ARCHIVE / PARTS):
        for left in root.glob("*.old"):
            home = left.with_name(left.name.removesuffix(".old"))
            if home.exists():
                shutil.rmtree(left)
            else:
                left.rename(home)
        for left in root.glob(f"*{_NEW}"):
            shutil.rmtree(left)


def _read(folders: Iterator[Path]) -> Iterator[Manifest]:
    for folder in folders:
        try:
            raw: dict[str, Any] = json.loads((folder / CLOSED).read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue
        yield Manifest(**raw, folder=folder)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
