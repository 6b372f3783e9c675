"""Where compiled kernels are kept. Must run before numba is imported.

numba needs a cache folder it can write to (a read-only install cannot even import without one), and a cache made for
this very CPU is useless in an image: hence the generic CPU name and the state folder. The cache that ``make install``
or the image built is copied there, so that the first start is a warm one.
"""

import os
import shutil
import sys
from pathlib import Path
from typing import Final

CACHE_VARIABLE: Final = "NUMBA_CACHE_DIR"
CPU_VARIABLE: Final = "NUMBA_CPU_NAME"


def built_cache() -> Path:
    """Cache of the installation, made by ``python -m gateway.warm``."""
    return Path(sys.prefix) / "numba-cache"


def prepare(state: Path) -> None:
    """Choose the cache folder; an operator's own NUMBA_* settings are left alone."""
    os.environ.setdefault(CPU_VARIABLE, "generic")
    if CACHE_VARIABLE in os.environ:
        return
    mine, built = state / "numba-cache", built_cache()
    if not mine.exists() and built.is_dir():
        shutil.copytree(built, mine, copy_function=shutil.copy2)
    mine.mkdir(parents=True, exist_ok=True)
    os.environ[CACHE_VARIABLE] = str(mine)
