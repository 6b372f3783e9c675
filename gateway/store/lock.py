"""One process per state folder: a lock the operating system drops when the process ends, however it ends."""

import os
import sys
from pathlib import Path

from gateway.model.errors import Misconfigured

if sys.platform == "win32":
    import msvcrt

    def _grab(fd: int) -> None:
        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _grab(fd: int) -> None:
        # flock, not lockf: it also refuses a second open in this very process.
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)


class FolderLock:
    """Holds ``<folder>/lock`` until :meth:`release`.

    The owner's pid is written behind the first byte for the message only; the file is never removed, because
    removing a lock file opens a race between two starters.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / "lock"
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _grab(self._fd)
        except OSError as error:
            owner = os.pread(self._fd, 64, 1).decode(errors="replace").strip() or "unknown"
            os.close(self._fd)
            raise Misconfigured(
                f"state folder {folder} is in use by another process (pid {owner}); stop that gateway, "
                "or give this one a state folder of its own"
            ) from error
        self._note_owner()

    def _note_owner(self) -> None:
        try:
            os.pwrite(self._fd, f" {os.getpid():<20}\n".encode(), 0)
        except OSError:
            # A full or read-only disk: the lock holds all the same, only the message to a second starter is poorer.
            return

    def release(self) -> None:
        """Let the folder go."""
        os.close(self._fd)
