"""A state folder copied while the gateway runs, and put back so that nobody takes the copy for the original.

Databases are copied by SQLite itself, each as of one moment; closed days of the archive are linked or copied once.
The journal in the copy is checked before the backup counts. A restore begins a new epoch whose first event names the
head of the backup: receivers see at once that numbers behind it may have been used before (decision 0020).
"""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import apsw

from gateway.model.errors import Misconfigured
from gateway.model.times import iso
from gateway.store import plant
from gateway.store.archive.layout import ARCHIVE, CLOSED, manifests
from gateway.store.database import DISK_ERRORS, close_quietly, no_journal, open_reader, sync_folder
from gateway.store.lock import FolderLock
from gateway.store.verify import verify_journal

MANIFEST: Final = "backup.json"
_PAGES: Final = 256
"""Pages copied at once; a writer waits no longer than for one read of so many."""
_SKIP: Final = frozenset({"lock", "reserve", "instance", "console.json", "numba-cache", "broker", ARCHIVE})
_MOST: Final = 64 << 20
"""larger plain files are not the gateway's"""


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup."""

    folder: Path
    content: dict[str, Any]


def back_up(state: Path, target: Path, *, version: str, archive: bool = True) -> Backup:
    """Copy ``state`` into a new folder below ``target``; running or not.

    Raises:
        Misconfigured: no journal there, it is not whole, or the disk refuses; nothing is left that looks like a backup.
    """
    if not (state / "plant.db").is_file():
        raise no_journal(state)
    final = target / f"fengsui-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"
    new = final.with_name(final.name + ".partial")
    try:
        new.mkdir(parents=True)
        for path in _databases(state):
            copy_database(path, new / path.name)
        _copy_small(state, new)
        if archive:
            _copy_archive(state, target, new)
        content = _checked(new, version)
        _write(new / MANIFEST, content)
        sync_folder(new)
        new.rename(final)
        sync_folder(target)
    except DISK_ERRORS as error:
        shutil.rmtree(new, ignore_errors=True)
        raise Misconfigured(f"no backup in {target}: {error}") from error
    return Backup(final, content)


def read_backup(folder: Path) -> Backup:
    """What a backup says of itself, each file compared with its hash.

    Raises:
        Misconfigured: none, or a file is not as it was.
    """
    try:
        content: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Misconfigured(f"{folder} is no backup: {error}") from error
    for name, digest in content["files"].items():
        if not (folder / name).is_file() or _digest(folder / name) != digest:
            raise Misconfigured(f"{folder / name} is not as it was backed up; nothing was changed")
    return Backup(folder, content)


def put_back(backup: Backup, state: Path) -> Path | None:
    """Copy a backup to ``state``; what is there is moved beside it, which is returned.

    Raises:
        Misconfigured: a gateway runs there, or the disk refuses.
    """
    if state.exists():
        FolderLock(state).release()
    new, aside = state.with_name(state.name + ".restoring"), None
    try:  # whole and on disk first: until then, whoever is killed or starts a gateway finds what was there
        shutil.rmtree(new, ignore_errors=True)
        shutil.copytree(backup.folder, new, ignore=shutil.ignore_patterns(MANIFEST))
        for path in (new, *new.rglob("*")):
            _sync(path)
        aside = _move_aside(state)
        new.rename(state)
        sync_folder(state.parent)
    except Misconfigured:
        shutil.rmtree(new, ignore_errors=True)
        raise
    except OSError as error:
        left = f"; what was there is {aside}" if aside is not None else ", nothing was changed"
        raise Misconfigured(f"{state} could not be restored: {error}{left}") from error
    return aside


def copy_database(source: Path, target: Path) -> None:
    """One SQLite file as of one moment, whoever writes it meanwhile."""
    reader, copy = open_reader(source), apsw.Connection(str(target))
    try:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM sqlite_schema").fetchall()  # pins the moment
        with copy.backup("main", reader, "main") as work:
            while not work.done:
                work.step(_PAGES)
        copy.pragma("journal_mode", "delete")  # one file, that needs no companion
    finally:
        close_quietly(copy)
        close_quietly(reader)
    _sync(target)


def _databases(state: Path) -> Iterator[Path]:
    """The journal first: the spool may know more inputs than it, never fewer that matter."""
    found = sorted(p for p in state.glob("*.db") if p.is_file())
    yield from sorted(found, key=lambda p: p.name != "plant.db")


def _copy_small(state: Path, new: Path) -> None:
    for path in sorted(state.iterdir()):
        plain = path.is_file() and not path.is_symlink() and path.name not in _SKIP
        if plain and ".db" not in path.name and path.stat().st_size <= _MOST:
            shutil.copy2(path, new / path.name)


def _copy_archive(state: Path, target: Path, new: Path) -> None:
    """Closed files never change: from the last backup they are linked, otherwise copied."""
    before = max((p for p in target.glob("fengsui-*Z") if (p / ARCHIVE).is_dir()), default=None)
    for manifest in manifests(state):
        place = manifest.folder.relative_to(state)
        (new / place).mkdir(parents=True)
        for path in sorted(manifest.folder.iterdir()):
            known = before / place / path.name if before is not None else None
            same = (
                known is not None
                and known.is_file()
                and _alike(known.parent / CLOSED, manifest.folder / CLOSED)
            )
            if not (same and known is not None and _linked(known, new / place / path.name)):
                shutil.copy2(path, new / place / path.name)
                _sync(new / place / path.name)


def _alike(one: Path, other: Path) -> bool:
    return one.is_file() and one.read_bytes() == other.read_bytes()


def _linked(known: Path, place: Path) -> bool:
    try:
        os.link(known, place)
    except OSError:
        return False  # a file system without links: copied
    return True


def _checked(new: Path, version: str) -> dict[str, Any]:
    report = verify_journal(new, [])
    if not report.ok:
        raise Misconfigured(f"the journal in the backup is not whole: {report.text()}")
    db = open_reader(new / "plant.db")
    try:
        head, meta = plant.read_head(db), plant.read_meta(db)
    finally:
        close_quietly(db)
    files = {str(p.relative_to(new)): _digest(p) for p in sorted(new.rglob("*")) if p.is_file()}
    return {
        "schema": "fengsui.backup/1", "time": iso(time.time_ns()), "version": version,
        "gateway": meta.get("gateway"), "county": meta.get("county"), "site": meta.get("site"),
        "epoch": head.epoch, "seq": head.seq, "hash": head.hash, "files": files,
    }  # fmt: skip


def _move_aside(state: Path) -> Path | None:
    if not state.exists():
        return None
    lock = FolderLock(state)
    try:
        aside = state.with_name(f"{state.name}.before-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}")
        state.rename(aside)
    finally:
        lock.release()
    return aside


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    _sync(path)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
