"""The files of the repository, as the documents' tests see them."""

from __future__ import annotations

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@cache
def files() -> tuple[Path, ...]:
    """Tracked files and those that would be, so that a rule bites before the commit and not after."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return tuple(path for line in listed.splitlines() if (path := ROOT / line).is_file())


def sources(*folders: str) -> list[Path]:
    return [each for each in files() if each.suffix == ".py" and is_under(each, *folders)]


def is_under(path: Path, *folders: str) -> bool:
    return any(path.is_relative_to(ROOT / folder) for folder in folders)


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def text(path: Path) -> str:
    """The text, or nothing for a file that is not text or that has gone since the listing."""
    try:
        return path.read_text(encoding="utf-8")
    except (UnicodeDecodeError, FileNotFoundError):
        return ""


def parsed(path: Path) -> ast.Module:
    return ast.parse(text(path), filename=str(path))
