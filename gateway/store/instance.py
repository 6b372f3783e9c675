"""``<state>/instance``: what is known about the journal outside the journal.

512 bytes, written in place and padded, so that a full disk cannot stop it and a torn write is unlikely (one
sector). It ties the folder to its ``plant.db`` (``nonce``), remembers how far the journal had come (``mark``:
a restored backup is older) and whether events have left that the journal may not have (``at_risk``).
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


@dataclass(frozen=True, slots=True)
class Instance:
    """The content of the file."""

    nonce: str
    mark: Head = field(default_factory=Head)
    at_risk: bool = False
    input: int = 0
    """while at risk: the last input that was on disk before the disk refused"""


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
        return (
            None if raw is None else Instance(raw["nonce"], Head(**raw["mark"]), raw["at_risk"], raw["input"])
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise Misconfigured(
            f"{path} cannot be read ({error}); put it back from a backup, or move it away and start once with --adopt"
        ) from error
