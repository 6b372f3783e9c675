"""``docs/cli.md``, written from the commands: ``python -m gateway.cli.reference [--write]``.

Without ``--write`` it tells whether the committed page is in step (exit 1 when not). A test does the same.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import typer

from gateway.cli.main import app

PAGE: Final = Path(__file__).parents[2] / "docs" / "cli.md"
_HEAD: Final = """\
# Command line

<!-- Written by `python -m gateway.cli.reference --write`; change the commands, not this page. -->

`fengsui COMMAND --help` says the same in the terminal. In a checkout the command is `.venv/bin/fengsui`.

| exit code | means |
|---|---|
| 0 | done |
| 1 | the thing asked about is not so: alarms differ, the journal is broken, a command is refused, no gateway runs |
| 2 | bad usage or configuration; every fault is on stderr, with file, line, what is allowed and a hint |

`list`, `ack` and other acts reach the gateway that runs with this configuration, through its loopback address and the
token in its state folder; with the gateway down they are refused. `journal` reads the files and needs no gateway.
"""


def page() -> str:
    """The whole page."""
    root = typer.main.get_command(app)
    parts = "".join(
        _section(name, command) for name, command in commands(root, "fengsui") if name != "fengsui"
    )
    return _HEAD + parts


def commands(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    """``command`` and all below it, as (full name, command)."""
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, f"{path} {name}")


def options(command: Any) -> list[Any]:
    """Arguments and options, but the ``--help`` that every command has."""
    return [each for each in command.params if "--help" not in each.opts]


def spelled(parameter: Any) -> str:
    """``CONFIG``, ``--json``, ``--listen LISTEN``."""
    word: str = (parameter.metavar or parameter.name.strip("_")).upper()
    if not parameter.opts[0].startswith("-"):
        return word + ("..." if parameter.nargs != 1 else "")
    return ", ".join(parameter.opts) + ("" if parameter.is_flag else f" {word}")


def _section(name: str, command: Any) -> str:
    said = (command.help or "").strip()
    if hasattr(command, "commands"):
        return f"\n## {name}\n\n{said}\n"
    found = options(command)
    usage = " ".join(f"[{spelled(p)}]" if not p.required else spelled(p) for p in found)
    rows = "".join(f"| `{spelled(p)}` | {_default(p)} | {_cell(p.help or '')} |\n" for p in found)
    table = f"\n| | default | meaning |\n|---|---|---|\n{rows}" if rows else ""
    mark = "###" if name.count(" ") > 1 else "##"
    return f"\n{mark} {name}\n\n{said}\n\n```\n{name} {usage}\n```\n{table}"


def _default(parameter: Any) -> str:
    if parameter.required:
        return "**needed**"
    if parameter.default in (None, "", False):
        return ""
    return f"`{parameter.default}`"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def main(arguments: list[str]) -> int:
    """Write the page, or say that it is out of step."""
    if "--write" in arguments:
        PAGE.write_text(page(), encoding="utf-8")
    elif not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != page():
        sys.stdout.write("cli.md is out of step: python -m gateway.cli.reference --write\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
