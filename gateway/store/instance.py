"""``<state>/instance``: what is known about the journal outside the journal.

512 bytes, written in place and padded, so that a full disk cannot stop it and a torn write is unlikely (one
sector). It ties the folder to its ``plant.db`` (``nonce``), remembers how far the journal had come (``mark``:
a restored backup is older), whether events have left that the journal may not have (``at_risk``), and how many readings
their sources were told that memory has while the disk took no commit (``owed``).
"""

import json
import os
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from gateway.model.errors import Misconfigured
from gateway.store.database import sync_folder
from gateway.store.types import Head

SIZE: Final = 512
OWED_TOLD: Final = "owed_told"
"""In the table ``meta`` of ``plant.db``: the name of the last :class:`Owed` that has its gap record."""


@dataclass(frozen=True, slots=True)
class Owed:
    """Readings that memory has and the disk does not, and that no source will say again. Times ns, of the readings."""

    count: int
    start: int
    end: int
    name: str
    """of the time at risk in which the first of them came: ``plant.db`` gets it with the gap record"""

    def __add__(self, more: "Owed") -> "Owed":
        return Owed(self.count + more.count, min(self.start, more.start), max(self.end, more.end), self.name)


@dataclass(frozen=True, slots=True)
class Instance:
    """The content of the file."""

    nonce: str
    mark: Head = field(default_factory=Head)
    at_risk: bool = False
    input: int = 0
    """while at risk: the last input that was on disk before the disk refused"""
    owed: Owed | None = None


def risk_id(mark: Head, last_input: int) -> str:
    """Names one time at risk; ``plant.db`` gets it in the very transaction that ends it."""
    return f"{mark.seq}:{last_input}"


class InstanceFile:
    """The file; ``content`` is None while it does not exist."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "instance"
        self.content: Instance | None = _load(self.path)

    def create(self, nonce: str) -> None:
        """Make or replace the content, on disk before return.

        Raises:
            OSError: the disk refuses.
        """
        self._write(Instance(nonce))
        sync_folder(self.path.parent)

    def update(self, **changes: Any) -> None:
        """Change fields of :class:`Instance`.

        Raises:
            OSError: the disk refuses.
        """
        if self.content is None:
            raise RuntimeError("instance was not created")
        changed = replace(self.content, **changes)
        if changed != self.content:
            self._write(changed)

    def _write(self, content: Instance) -> None:
        data = json.dumps(asdict(content), separators=(",", ":")).encode().ljust(SIZE - 1) + b"\n"
        fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.pwrite(fd, data, 0)
            os.fsync(fd)
        finally:
            os.close(fd)
        self.content = content


def _load(path: Path) -> Instance | None:
    try:
        raw = json.loads(path.read_bytes() or b"null")
        if raw is None:
            return None
        owed = Owed(**raw["owed"]) if raw.get("owed") else None  # 0.1.0 does not know it
        return Instance(raw["nonce"], Head(**raw["mark"]), raw["at_risk"], raw["input"], owed)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise Misconfigured(
            f"{path} cannot be read ({error}); put it back from a backup, or move it away and start once with --adopt"
        ) from error
