"""A disk that can be filled to the last byte, and emptied again."""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SIZE_MB = 200
"""The reserve of 64 MB is allocated only where there is room for it twice."""


class TinyDisk:
    """A tmpfs of its own."""

    has_reserve = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._fillers: list[Path] = []

    def fill(self, pid: int) -> None:
        """Take every byte that is free."""
        path = self.folder / f"filler-{len(self._fillers)}"
        self._fillers.append(path)
        with path.open("wb", buffering=0) as file:
            for block in (1 << 20, 4096):
                try:
                    while file.write(bytes(block)) == block:
                        pass
                except OSError:
                    continue

    def free(self, pid: int) -> None:
        """Somebody has cleaned up."""
        for path in self._fillers:
            path.unlink()
        self._fillers.clear()


class LimitedDisk(TinyDisk):
    """No mount allowed: the process may write no file beyond 4 kB, which SQLite meets as a disk that refuses."""

    has_reserve = False

    def fill(self, pid: int) -> None:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))

    def free(self, pid: int) -> None:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


@contextmanager
def tiny_disk(folder: Path, *, mount: bool = True) -> Iterator[TinyDisk]:
    """A mounted one where that is allowed, else a limited one."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "none", str(folder)]
    if not mount or subprocess.run(command, capture_output=True, check=False).returncode:
        yield LimitedDisk(folder)
        return
    try:
        yield TinyDisk(folder)
    finally:
        subprocess.run(["umount", str(folder)], check=True)
