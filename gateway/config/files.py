"""Files of a configuration, read whole and never larger than sense."""

import stat
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from gateway.model.errors import Fault, Misconfigured

LARGEST: Final = 64 << 20
"""bytes; a tag list of 100,000 tags has about 20 MB"""


def read_file(path: Path) -> bytes:
    """The bytes of a regular file.

    Raises:
        Misconfigured: not there, not readable, not a regular file, larger than ``LARGEST``.
    """
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise Misconfigured([wrong(path, "not a file", "the name of a file")])
        if found.st_size > LARGEST:
            raise Misconfigured([wrong(path, f"{found.st_size} bytes", f"at most {LARGEST} bytes")])
        return path.read_bytes()
    except OSError as error:
        said = error.strerror or str(error)
        hint = "names are relative to the folder of the site file; upper and lower case differ"
        raise Misconfigured([wrong(path, said, "a readable file", hint)]) from error


def named_by(faults: Iterable[Fault], place: Fault) -> Iterator[Fault]:
    """Faults of a file as a whole, with the place that names the file."""
    for fault in faults:
        by = f"it is {place.path} of {place.file}:{place.line}"
        yield replace(fault, hint=f"{fault.hint}; {by}" if fault.hint else by)


def wrong(path: Path, value: str, allowed: str, hint: str = "", line: int | None = None) -> Fault:
    """A fault of the file as a whole."""
    named = str(path) if str(path).isprintable() else repr(str(path))[1:-1]
    return Fault(named, line, "(file)", value, allowed, hint)
