"""``<state>/reserve``: disk space held back, so that alarms are journalled on a disk that others have filled."""

import os
import shutil
import sys
from pathlib import Path
from typing import Final

from gateway.model.times import NS

RETRY: Final = 10 * NS
"""Look for space again this often, ns."""


class Reserve:
    """The file and whether it is whole. ``size`` bytes; 0 turns it off."""

    def __init__(self, folder: Path, size: int) -> None:
        self.path = folder / "reserve"
        self.size = size
        self._looked = -RETRY
        self.held = self._is_whole()

    def release(self) -> bool:
        """Give the space back to the file system; False if there was none to give."""
        self.held = False
        try:
            self.path.unlink()
        except OSError:
            return False  # not there, or a read-only disk: then space is not what is missing
        return True

    def restore(self, now: int) -> None:
        """Allocate it (again) if there is room for it twice; tried at most every :data:`RETRY`."""
        if self.held or not self.size or now - self._looked < RETRY:
            return
        self._looked = now
        try:
            self._allocate()
        except OSError:
            self.release()
        self.held = self._is_whole()

    def _allocate(self) -> None:
        if shutil.disk_usage(self.path.parent).free < 2 * self.size:
            return
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _fill(fd, self.size)
            os.fsync(fd)
        finally:
            os.close(fd)

    def _is_whole(self) -> bool:
        try:
            status = self.path.stat()
        except OSError:
            return False
        # st_blocks: a sparse file of the right length holds no space. Compressing file systems may count fewer.
        return status.st_size >= self.size > 0 and (sys.platform == "win32" or status.st_blocks > 0)


def _fill(fd: int, size: int) -> None:
    if sys.platform == "linux":
        os.posix_fallocate(fd, 0, size)
    else:
        block = os.urandom(1 << 20)
        for start in range(0, size, len(block)):
            os.write(fd, block[: size - start])
