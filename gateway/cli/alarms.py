"""``fengsui alarms``: the operator's hands without the console. Acts go through the running gateway, or not at all."""

import getpass
import platform
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.client import Gateway
from gateway.cli.say import say_json
from gateway.model.errors import Refused

app = typer.Typer(no_args_is_help=True)
Config = Annotated[Path, typer.Argument(help="the site file")]
AsJson = Annotated[bool, typer.Option("--json", help="report as JSON")]


@app.command("list")
def list_(config: Config, *, json: AsJson = False) -> None:
    """Open alarms, unacknowledged and highest first."""
    alarms = Gateway(config).get("/alarms")["alarms"]
    if json:
        say_json(alarms)
        return
    for alarm in alarms:
        typer.echo(_line(alarm))
    typer.echo(f"{len(alarms)} open")


@app.command("ack")
def ack(
    config: Config,
    ids: Annotated[list[str], typer.Argument(help="occurrence ids (or unambiguous beginnings), or `all`")],
    *,
    comment: Annotated[str, typer.Option(help="why, or what is being done")] = "",
    user: Annotated[str, typer.Option("--as", help="who acknowledges")] = "",
    json: AsJson = False,
) -> None:
    """Acknowledge open alarms as they are now; an event that comes later stays unacknowledged."""
    gateway = Gateway(config)
    seen = [{"id": a["id"], "n": a["n"]} for a in _chosen(gateway.get("/alarms")["alarms"], ids)]
    name = user or getpass.getuser()
    actor = {"id": name, "name": name, "workstation": platform.node()}
    answer = gateway.post("/commands/acknowledge", {"ids": seen, "actor": actor, "comment": comment})
    if json:
        say_json(answer)
    else:
        typer.echo(f"{len(seen)} acknowledged by {name}")


def _line(a: dict[str, Any]) -> str:
    value = "-" if a["value"] is None else f"{a['value']:g} {a['unit']}"
    state = f"{a['condition']:<8} {a['acknowledgement']:<15} {a['isa']}"
    where = f"{a['installation']}/{a['tag']} {a['name']}"
    return f"{a['id']}  n={a['n']:<3} {a['level']:<7} P{a['priority']} {state} {where} {value} {a['description']}"


def _chosen(alarms: list[dict[str, Any]], ids: list[str]) -> list[dict[str, Any]]:
    unacked = [a for a in alarms if a["acknowledgement"] == "unacknowledged"]
    if ids == ["all"]:
        return unacked
    chosen = []
    for wanted in ids:
        found = [a for a in alarms if a["id"].startswith(wanted)]
        if len(found) != 1:
            raise Refused(
                f"{wanted!r} names {len(found)} open alarms; allowed: an id from `fengsui alarms list`"
            )
        chosen += found
    return chosen
