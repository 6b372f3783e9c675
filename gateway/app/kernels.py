"""Where compiled kernels are kept. Must run before numba is imported.

numba needs a cache folder it can write to (a read-only install cannot even import without one), and a cache made for
this very CPU is useless in an image: hence the generic CPU name and the state folder. The cache that ``make install``,
the bundle or the image built is copied there, so that the first start, and the first after an upgrade, is a warm one.
"""

import errno
import hashlib
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

import structlog

from gateway.model.errors import Fault, Misconfigured

CACHE_VARIABLE: Final = "NUMBA_CACHE_DIR"
CPU_VARIABLE: Final = "NUMBA_CPU_NAME"
# Names the installation whose kernels were copied; written last, so that half a copy is never taken for a whole one.
_COPIED: Final = ".copied"
# The reserve is given up for these later: a full disk is no reason not to start.
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
log = structlog.get_logger()


def built_cache() -> Path:
    """Cache of the installation, made by ``python -m gateway.warm``."""
    return Path(sys.prefix) / "numba-cache"


def prepare(state: Path) -> None:
    """Choose the cache folder; an operator's own NUMBA_* settings are left alone.

    Raises:
        Misconfigured: this user cannot write into ``state``.
    """
    _writable(state)
    os.environ.setdefault(CPU_VARIABLE, "generic")
    if CACHE_VARIABLE in os.environ:
        return
    mine, built = state / "numba-cache", built_cache()
    if built.is_dir():
        _fill(mine, built)
    mine.mkdir(parents=True, exist_ok=True)
    os.environ[CACHE_VARIABLE] = str(mine)


def _writable(state: Path) -> None:
    """Otherwise numba says so first, in fifty lines about itself."""
    try:
        with tempfile.TemporaryFile(dir=state):
            return
    except OSError as error:
        if error.errno in _FULL:
            return
        fault = Fault(
            str(state),
            None,
            "state",
            error.strerror or str(error),
            "a folder that this user can write to",
            _owner(),
        )
        raise Misconfigured([fault]) from error


def _owner() -> str:
    return f"it is for user id {os.geteuid()}: chown it, or mend the disk" if hasattr(os, "geteuid") else ""


def _fill(mine: Path, built: Path) -> None:
    """Copy the installation's kernels, unless those here came from it."""
    copied, made = mine / _COPIED, _fingerprint(built)
    if copied.is_file() and copied.read_text(encoding="ascii") == made:
        return
    shutil.rmtree(mine, ignore_errors=True)
    try:
        shutil.copytree(built, mine)
        copied.write_text(made, encoding="ascii")
    except OSError as error:
        log.warning(
            "no room for compiled kernels; this start takes longer", folder=str(mine), reason=str(error)
        )
        shutil.rmtree(mine, ignore_errors=True)


def _fingerprint(built: Path) -> str:
    """Another installation, another fingerprint: of names, sizes and times of change."""
    found = sorted((str(each.relative_to(built)), each.stat()) for each in built.rglob("*.nb?"))
    told = "\n".join(f"{name} {stat.st_size} {stat.st_mtime_ns}" for name, stat in found)
    return hashlib.sha256(told.encode()).hexdigest()
