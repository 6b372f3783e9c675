"""``fengsui stage`` and ``fengsui approve``: changes signed by two persons, through the running gateway."""

from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.alarms import actor, agreeing
from gateway.cli.client import Gateway
from gateway.cli.say import say_json
from gateway.model.errors import Misconfigured
from gateway.model.levels import Stage

Config = Annotated[Path, typer.Argument(help="the site file")]
By = Annotated[str, typer.Option("--by", help="who asks for it")]
Second = Annotated[str, typer.Option("--second", help="the second person, who agrees")]
Reason = Annotated[str, typer.Option("--reason", help="why; it is journalled")]
AsJson = Annotated[bool, typer.Option("--json", help="report as JSON")]


def stage(  # noqa: PLR0913  # an option each
    config: Config,
    what: Annotated[str, typer.Argument(help="rule id, or `installation/ID`")],
    stage: Annotated[Stage, typer.Argument(help="live or shadow")],
    *,
    reason: Reason,
    second: Second,
    by: By = "",
    json: AsJson = False,
) -> None:
    """Set the stage of a rule or an installation, signed by two persons; it is put in place at once."""
    place, _, ident = what.partition("/")
    subject = {"installation": ident} if place == "installation" and ident else {"rule": what}
    body = {**subject, "stage": stage.value, **_signed(by, second, reason)}
    answer = Gateway(config).post("/commands/stage", body)
    if json:
        say_json(answer)
        return
    for change in answer["changes"]:
        typer.echo(change)


def approve(  # noqa: PLR0913  # an option each
    config: Config,
    digest: Annotated[
        str, typer.Argument(metavar="HASH", help="hash, or its beginning; without it: which there are")
    ] = "",
    *,
    files: Annotated[
        bool, typer.Option("--files", help="what the files say now, before it is put in place")
    ] = False,
    reason: Annotated[str, typer.Option("--reason", help="what was looked at; it is journalled")] = "",
    second: Annotated[str, typer.Option("--second", help="the second person, who agrees")] = "",
    by: By = "",
    json: AsJson = False,
) -> None:
    """Approve an effective configuration by two persons; without a hash say what runs and what was approved."""
    gateway = Gateway(config)
    if files:
        from gateway.config.load import load

        digest = load(config).site.config_hash
    if not digest:
        _tell(gateway.get("/configs"), json=json)
        return
    if not second or not reason:
        raise Misconfigured("approve needs --second and --reason: it is done by two persons, for a reason")
    answer = gateway.post("/commands/approve", {"hash": digest, **_signed(by, second, reason)})
    if json:
        say_json(answer)
    else:
        typer.echo(f"approved {answer['hash']}{', which runs' if answer['running'] else ''}")


def _signed(by: str, second: str, reason: str) -> dict[str, Any]:
    return {"actor": actor(by), "second": agreeing(second), "comment": reason}


def _tell(found: dict[str, Any], *, json: bool) -> None:
    if json:
        say_json(found)
        return
    word = "approved" if found["approved"] else "NOT approved"
    typer.echo(f"running {found['running']} {word} (approval: {found['approval']})")
    for each in found["approvals"]:
        typer.echo(f"{each['hash']} {each['time']} by {each['by']} and {each['second']}")
