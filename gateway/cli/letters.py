"""``fengsui dead-letters``: what outputs refused, in their words, and once more when the cause is mended."""

import getpass
import platform
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.client import Gateway
from gateway.cli.given import numbers
from gateway.cli.say import say_json
from gateway.model.times import china, iso

app = typer.Typer(no_args_is_help=True)
Config = Annotated[Path, typer.Argument(help="the site file")]
AsJson = Annotated[bool, typer.Option("--json", help="report as JSON")]
OutputName = Annotated[
    str, typer.Option("--output", help="of this output or lane only, e.g. county or county.alarms")
]


@app.command("list")
def list_(
    config: Config,
    *,
    output: OutputName = "",
    limit: Annotated[int, typer.Option("-n", min=1, max=10_000, help="how many, the newest first")] = 50,
    json: AsJson = False,
) -> None:
    """What outputs will not take, newest first, with their words; needs no gateway. The 10,000 newest are kept."""
    found = letters(config, output, limit)
    if json:
        say_json(found)
        return
    for each in found:
        first = each["data"].partition("\n")[0]
        typer.echo(
            f"{each['id']:>6} {each['shown']} {each['output']:<20} {each['lines']} lines  {each['reason']}"
        )
        typer.echo(f"       {first[:160]}")
    typer.echo(f"{len(found)} dead letters")


@app.command("retry")
def retry(
    config: Config,
    ids: Annotated[
        list[str], typer.Argument(help="numbers from `list`, or `all` (with --output: all of that one)")
    ],
    *,
    output: OutputName = "",
    user: Annotated[str, typer.Option("--as", help="who does it")] = "",
    json: AsJson = False,
) -> None:
    """Give them again to the outputs that refused them. One that is refused again is a new letter."""
    chosen = [each["id"] for each in letters(config, output, 1000)] if ids == ["all"] else numbers("IDS", ids)
    name = user or getpass.getuser()
    actor = {"id": name, "name": name, "workstation": platform.node()}
    given = 0
    if chosen:
        given = Gateway(config).post("/commands/retry", {"letters": chosen, "actor": actor})["given"]
    if json:
        say_json({"given": given})
    else:
        typer.echo(f"{given} given again")


def letters(config: Path, output: str, limit: int) -> list[dict[str, Any]]:
    """As JSON; ``output`` empty: of all."""
    from gateway.config.load import load
    from gateway.store import open_reader

    with open_reader(load(config).state) as reader:
        found = reader.dead_letters(10_000)
    mine = [x for x in found if not output or x.output == output or x.output.startswith(f"{output}.")]
    return [
        {
            "id": x.id,
            "time": iso(x.time),
            "shown": china(x.time),
            "output": x.output,
            "reason": x.reason,
            "lines": x.data.count(b"\n") + 1,
            "data": x.data.decode(errors="replace"),
        }
        for x in mine[:limit]
    ]
