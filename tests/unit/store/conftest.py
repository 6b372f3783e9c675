"""A disk that fails on command, and small makers of inputs and events."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import pytest

from gateway.store import Store
from tests.unit.store import make


class Disk(apsw.VFS):
    """SQLite's own file layer, with a switch. ``mode``: None, "full", "ioerr" (writes), "fsync" or "readonly"."""

    def __init__(self) -> None:
        self.name = "failing-disk"
        self.mode: str | None = None
        super().__init__(self.name, "unix")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> DiskFile:
        return DiskFile(self, name, flags)


class DiskFile(apsw.VFSFile):
    def __init__(self, disk: Disk, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        self.disk = disk
        super().__init__("unix", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:
        errors = {"full": apsw.FullError, "ioerr": apsw.IOError, "readonly": apsw.ReadOnlyError}
        if self.disk.mode in errors:
            raise errors[self.disk.mode](f"the disk is switched to {self.disk.mode}")
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:
        if self.disk.mode == "fsync":
            raise apsw.IOError("the disk is switched to fsync failures")
        super().xSync(flags)


@pytest.fixture
def disk() -> Iterator[Disk]:
    """Every database opened during the test goes through it."""
    shim = Disk()
    apsw.set_default_vfs(shim.name)
    try:
        yield shim
    finally:
        shim.mode = None
        apsw.set_default_vfs("unix")
        shim.unregister()


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., Store]]:
    """``opened(folder="state", now=..., adopt=...)`` opens a store and closes it after the test."""
    stores: list[Store] = []

    def open_(folder: str = "state", **options: object) -> Store:
        stores.append(make.store(tmp_path / folder, **options))
        return stores[-1]

    yield open_
    for each in stores:
        each.close()
