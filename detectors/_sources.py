"""The hash of this package's sources: the key under which compiled kernels are kept.

The one file of the core that reads a disk, once, when the package is loaded; no judgement depends on it.
"""

import hashlib
from pathlib import Path
from typing import Final


def _hash() -> str:
    found = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        found.update(path.read_bytes())
    return found.hexdigest()[:8]


STAMP: Final = (f"_sources_{_hash()}", "<u4")
"""A field of every parameter record. Compiled kernels contain codes and parts of other files, and the disk cache knows
a kernel by its own file and its argument types only. So the hash of all sources is part of an argument's type: whoever
changes any gets new kernels."""
