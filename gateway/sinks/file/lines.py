"""The file itself: appended, synced, rotated. Blocking; of one thread at a time."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

TAIL: Final = 1 << 20
"""Bytes looked at for the last line; an event is far shorter."""


class Lines:
    """JSON lines in ``path``. A line that a power cut has torn is cut off when the file is opened.

    Raises (also later):
        OSError: the disk refuses.
    """

    def __init__(self, path: Path, max_bytes: int, keep: int) -> None:
        self._path, self._max, self._keep = path, max_bytes, keep
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o640)
        try:
            self.last = self._mend()
            """(epoch, seq) of the last line; none in an empty file"""
        except BaseException:
            self.close()
            raise

    def write(self, lines: Sequence[bytes]) -> None:
        """Append, and force to the disk."""
        if os.fstat(self._file).st_size >= self._max:
            self._rotate()
        data = memoryview(b"".join(line + b"\n" for line in lines))
        while data:
            data = data[os.write(self._file, data) :]
        os.fsync(self._file)

    def close(self) -> None:
        """Let the file go."""
        os.close(self._file)

    def _rotate(self) -> None:
        for n in range(self._keep, 0, -1):
            old = self._path if n == 1 else self._aside(n - 1)
            if old.exists():
                old.replace(self._aside(n))
        # The new one first: what refuses it must leave us the old one, to be closed once.
        full, self._file = self._file, os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o640)
        os.close(full)

    def _aside(self, n: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{n}")

    def _mend(self) -> tuple[str, int] | None:
        size = os.fstat(self._file).st_size
        tail = os.pread(self._file, TAIL, max(0, size - TAIL))
        whole = tail.rfind(b"\n") + 1
        if whole < len(tail):
            os.ftruncate(self._file, size - (len(tail) - whole))
        lines = tail[:whole].splitlines()
        if not lines:
            return None
        try:
            last = json.loads(lines[-1])
            return str(last["epoch"]), int(last["seq"])
        except (ValueError, KeyError, TypeError):
            return None  # somebody else's line: nothing can be said of it
