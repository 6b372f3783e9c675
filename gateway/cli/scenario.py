"""``fengsui scenario``: golden scenarios, the unit tests of a configuration."""

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli import history as o
from gateway.cli.say import say_json


def scenario(
    files: Annotated[list[Path], typer.Argument(help="scenario files, or folders of them")],
    *,
    show: Annotated[
        bool, typer.Option("--show", help="print the events that came, as `expect` would say them")
    ] = False,
    json: o.AsJson = False,
) -> None:
    """Play scenarios through the engine and compare with what they expect; exit 1 where one differs."""
    with o.kernels():
        from gateway.history.scenario.verdict import run_all

        verdicts = run_all(files)
    if json:
        say_json({"ok": all(v.ok for v in verdicts), "scenarios": [v.as_json() for v in verdicts]})
    else:
        for v in verdicts:
            typer.echo(f"{'ok  ' if v.ok else 'FAIL'} {v.scenario.path}: {v.scenario.name}")
            for line in v.faults:
                typer.echo(f"     {line}")
            for came in v.came if show else ():
                typer.echo(f"  - {came}")
        typer.echo(f"{sum(v.ok for v in verdicts)} of {len(verdicts)} scenarios as expected")
    if not all(v.ok for v in verdicts):
        raise typer.Exit(o.NOT_SO)
