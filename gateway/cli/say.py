"""What commands print and write: JSON for programs, lines for people, files where they were asked for."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from gateway.config.files import read_file, wrong
from gateway.model.errors import Misconfigured


def say_json(value: Any) -> None:
    """One JSON document on standard output, in UTF-8 whatever the terminal speaks (RFC 8259, 8.1)."""
    sys.stdout.flush()
    sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_INDENT_2) + b"\n")
    sys.stdout.buffer.flush()


def read_text(path: Path) -> str:
    """A file in UTF-8.

    Raises:
        Misconfigured: not there, not readable, not UTF-8.
    """
    try:
        return read_file(path).decode()
    except UnicodeDecodeError as error:
        raise Misconfigured([wrong(path, f"byte {error.start} is not UTF-8", "a text in UTF-8")]) from error


def write_text(path: Path, text: str) -> None:
    """A file in UTF-8 that a person asked for.

    Raises:
        Misconfigured: it cannot be written.
    """
    with written(path):
        path.write_text(text, encoding="utf-8")


@contextmanager
def written(path: Path) -> Iterator[None]:
    """Around what writes a file that a person asked for.

    Raises:
        Misconfigured: it cannot be written.
    """
    try:
        yield
    except OSError as error:
        raise Misconfigured(
            [wrong(path, error.strerror or str(error), "a file that can be written")]
        ) from error
