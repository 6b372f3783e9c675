"""``fengsui run``: the gateway."""

import getpass
import platform
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.check import Accept
from gateway.cli.client import Gateway
from gateway.cli.say import say_json
from gateway.config.diff import Change, differences
from gateway.config.load import Loaded, load
from gateway.config.signed import signed_changes
from gateway.model.effective import load_site
from gateway.model.errors import Refused
from gateway.model.signed import SignedChange
from gateway.model.site import Site

if TYPE_CHECKING:
    from gateway.app.assembled import Assembled, Exercising


def run(
    config: Annotated[Path, typer.Argument(help="the site file")],
    *,
    adopt: Annotated[
        bool,
        typer.Option(
            "--adopt", help="take over a journal that was made on another machine or by another gateway"
        ),
    ] = False,
    accept: Accept = False,
) -> None:
    """Run the gateway until SIGTERM or Ctrl-C."""
    from gateway.app.run import run_gateway

    run_gateway(config, adopt=adopt, accept=accept, exercises=_exercises)


def _exercises(ours: "Assembled") -> "Exercising":
    from gateway.exercise import Exercises

    return Exercises(ours)


def reload(
    config: Annotated[Path, typer.Argument(help="the site file")],
    *,
    why: Annotated[str, typer.Option("--why", help="the reason; it is journalled")],
    user: Annotated[str, typer.Option("--as", help="who asks for it")] = "",
    accept: Accept = False,
    json: Annotated[bool, typer.Option("--json", help="report as JSON")] = False,
) -> None:
    """Let the running gateway read its files again; alarms, delays and windows go on. Faults change nothing."""
    name = user or getpass.getuser()
    actor = {"id": name, "name": name, "workstation": platform.node()}
    answer = Gateway(config).post("/commands/reload", {"actor": actor, "comment": why, "accept": accept})
    if json:
        say_json(answer)
        return
    for change in answer["changes"]:
        typer.echo(change)
    typer.echo(f"{answer['old'][:12]} -> {answer['new'][:12]}")


def diff(
    config: Annotated[Path, typer.Argument(help="the site file as it would be")],
    other: Annotated[
        Path | None, typer.Argument(help="the site file as it was; without it: what ran last")
    ] = None,
    *,
    signed: Annotated[
        bool,
        typer.Option(
            "--signed",
            help="what two persons changed against these files: where from, clause, who, when, hash",
        ),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="report as JSON")] = False,
) -> None:
    """What a configuration changes: effective rules, tags and installations, before and after. Exit 1 if anything."""
    new = load(config)
    changes: Sequence[Change | SignedChange]
    if signed:
        changes = signed_changes(new)
    else:
        changes = differences(load(other).site if other else _ran_last(new), new.site)
    if json:
        say_json([asdict(change) for change in changes])
    for change in changes if not json else ():
        typer.echo(str(change))
    if not changes and not json:
        typer.echo("no difference")
    if changes:
        raise typer.Exit(1)


def _ran_last(loaded: Loaded) -> Site:
    """The configuration that the state folder's inputs were judged under last."""
    from gateway.store import Reader

    with Reader(loaded.state) as reader:
        data = reader.config_in_use()
    if data is None:
        raise Refused(f"nothing has run in {loaded.state} yet; name another site file to compare with")
    return load_site(data)
