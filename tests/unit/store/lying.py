"""A file system that lies until it is synced: what was written since is there, in part, in any order, or not at all.

Every write, truncation, deletion and sync goes into one log. A crash at any point of it is then played as often as
one likes: of each file everything up to its last sync is there; of what came later each write is kept, lost, or kept
in some of its 512-byte sectors, and what overlaps is applied in any order.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import apsw

from gateway.store.instance import InstanceFile

SECTOR: Final = 512


@dataclass(frozen=True, slots=True)
class Op:
    """``what``: write, truncate, delete or sync of ``file`` (its name)."""

    file: str
    what: str
    at: int = 0
    data: bytes = b""


@dataclass
class Log:
    ops: list[Op] = field(default_factory=list)

    def add(self, path: str, what: str, at: int = 0, data: bytes = b"") -> None:
        if not path.endswith("-shm"):  # rebuilt by whoever opens first
            self.ops.append(Op(Path(path).name, what, at, bytes(data)))

    def sync_folder(self) -> None:
        """Deletions are for good."""
        gone = {op.file for op in self.ops if op.what == "delete"}
        self.ops += [Op(name, "sync") for name in sorted(gone)]

    def crash(self, upto: int, rng: random.Random, folder: Path) -> None:
        """What may be found in ``folder`` after a loss of power behind the first ``upto`` operations."""
        folder.mkdir()
        files: dict[str, list[Op]] = {}
        for op in self.ops[:upto]:
            files.setdefault(op.file, []).append(op)
        for name, ops in files.items():
            content = _after(ops, rng)
            if content is not None:
                (folder / name).write_bytes(content)


def _after(ops: list[Op], rng: random.Random) -> bytearray | None:
    synced = max((i for i, op in enumerate(ops) if op.what == "sync"), default=-1)
    content: bytearray | None = None
    for op in ops[: synced + 1]:
        content = _apply(content, op)
    later = [op for op in ops[synced + 1 :] if rng.random() < 0.6]
    if rng.random() < 0.5:
        rng.shuffle(later)
    for op in later:
        for piece in _torn(op, rng):
            content = _apply(content, piece)
    return content


def _torn(op: Op, rng: random.Random) -> list[Op]:
    if op.what != "write" or rng.random() < 0.6:
        return [op]
    cuts = range(0, len(op.data), SECTOR)
    return [Op(op.file, "write", op.at + c, op.data[c : c + SECTOR]) for c in cuts if rng.random() < 0.5]


def _apply(content: bytearray | None, op: Op) -> bytearray | None:
    if op.what == "delete":
        return None
    if op.what == "sync":
        return content
    found = bytearray() if content is None else content
    if op.what == "truncate":
        del found[op.at :]
        return found
    end = op.at + len(op.data)
    found.extend(bytes(max(0, end - len(found))))
    found[op.at : end] = op.data
    return found


class LyingFiles(apsw.VFS):
    """SQLite's own file layer, written down. Also takes what ``instance`` writes, which is no SQLite file."""

    def __init__(self, log: Log, monkeypatch: Any) -> None:
        self.log = log
        self.name = "lying-files"
        super().__init__(self.name, "unix")
        real = InstanceFile._write

        def write(file: InstanceFile, content: Any) -> None:
            real(file, content)
            log.add(str(file.path), "write", 0, file.path.read_bytes())
            log.add(str(file.path), "sync")

        monkeypatch.setattr(InstanceFile, "_write", write)
        monkeypatch.setattr("gateway.store.database.sync_folder", lambda _: log.sync_folder())

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        return _File(self.log, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        super().xDelete(filename, syncdir)
        self.log.add(filename, "delete")
        if syncdir:
            self.log.add(filename, "sync")


class _File(apsw.VFSFile):
    def __init__(self, log: Log, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        self.log = log
        self.path = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        super().__init__("unix", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:
        super().xWrite(data, offset)
        self.log.add(self.path, "write", offset, data)

    def xTruncate(self, newsize: int) -> None:
        super().xTruncate(newsize)
        self.log.add(self.path, "truncate", newsize)

    def xSync(self, flags: int) -> None:
        super().xSync(flags)
        self.log.add(self.path, "sync")
