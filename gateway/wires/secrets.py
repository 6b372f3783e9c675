"""Secrets: from the environment or from files that only their owner may read, never from the configuration."""

import os
import stat
from pathlib import Path
from typing import Final

from gateway.model.errors import Misconfigured

MOUNTED: Final = (Path("/run/secrets"), Path("/var/run/secrets"))
"""Where containers are given their secrets; the modes there are the runtime's own."""


def secret(who: str, name: str | None, file: Path | None) -> str | None:
    """The word from ``file``, else from the environment variable ``name``; None when neither is configured.

    Raises:
        Misconfigured: it is not there, or others than its owner may read the file. The word is in no message.
    """
    if file is not None:
        return _read(who, file)
    if name is None:
        return None
    word = os.environ.get(name)
    if word is None:
        raise Misconfigured(f"{who}: environment variable {name} is not set")
    return word


def _read(who: str, file: Path) -> str:
    try:
        mode = file.stat().st_mode
        if os.name == "posix" and mode & (stat.S_IROTH | stat.S_IWOTH) and not _mounted(file):
            raise Misconfigured(
                f"{who}: {file}: anybody may read it (mode {mode & 0o777:o}); hint: chmod 600 {file}"
            )
        return file.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{who}: {file}: {getattr(error, 'strerror', None) or error}") from error


def _mounted(file: Path) -> bool:
    return any(file.absolute().is_relative_to(place) for place in MOUNTED)
