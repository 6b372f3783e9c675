"""The command line in this process: what it says and its exit code, without the second a process takes to start."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from gateway.cli.main import BAD_USAGE, NOT_SO, app
from gateway.model.errors import FengsuiError, Misconfigured


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
    if isinstance(error, Misconfigured):
        return Done(BAD_USAGE, result.stdout, "\n".join(map(str, error.faults)) or str(error))
    if isinstance(error, FengsuiError):
        return Done(NOT_SO, result.stdout, str(error))
    if error is not None and not isinstance(error, SystemExit):
        raise error
    return Done(result.exit_code, result.stdout, result.stderr)
