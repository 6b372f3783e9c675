"""``fengsui county``: the node that gateways deliver to, and what it has."""

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.say import say_json

NOT_SO = 1


def county(
    config: Annotated[Path, typer.Argument(help="the county's file")],
    *,
    listed: Annotated[
        bool, typer.Option("--list", help="what is stored and missing of each gateway, and whether it lives")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="report as JSON (with --list)")] = False,
) -> None:
    """Store every event of all gateways of a county and confirm it, until SIGTERM; or list what is stored.

    With --list: exit 1 when something is missing or refused, or a gateway does not live.
    """
    from gateway.county.config import load_county

    loaded = load_county(config)
    if listed:
        _list(loaded.state, json=json)
        return
    from gateway.app.run import in_loop, set_up_log
    from gateway.county.node import Node

    set_up_log()
    in_loop(lambda: Node(loaded).run())


def _list(state: Path, *, json: bool) -> None:
    from gateway.county.shelf import report

    found = report(state, time.time_ns())
    if json:
        say_json(found)
    else:
        for each in found["gateways"]:
            typer.echo(_line(each))
        typer.echo(f"{len(found['gateways'])} gateways, {found['bytes'] / 1e6:.1f} MB")
    if any(each["missing"] or each["refused"] or each["live"] != "live" for each in found["gateways"]):
        raise typer.Exit(NOT_SO)


def _line(each: dict[str, Any]) -> str:
    holes = ", ".join(f"{a}-{b}" if a < b else f"{a}" for a, b in each["missing"]) or "none"
    refused = sum(each["refused"].values())
    return (
        f"{each['site']}/{each['gateway']:<16} {each['live']:<8} stored {each['stored']} to seq {each['contiguous']} "
        f"of {each['head']}, missing {holes}, beside the history {each['beside']}, refused {refused}, "
        f"thinned {each['thinned']}"
    )
