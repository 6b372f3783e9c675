"""The command line in this process: what it says and its exit code, without the second a process takes to start."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from gateway.cli.main import app, failed


@dataclass(frozen=True, slots=True)
class Done:
    """As of a process."""

    returncode: int
    stdout: str
    stderr: str


def incli(*words: str | Path) -> Done:
    """One command, to its end; errors become messages and exit codes as :func:`gateway.cli.main.main` has them."""
    result = CliRunner().invoke(app, [str(word) for word in words])
    error = result.exception
    if error is None or isinstance(error, SystemExit):
        return Done(result.exit_code, result.stdout, result.stderr)
    told = failed(error)
    if told is None:
        raise error
    return Done(told[0], result.stdout, told[1])
