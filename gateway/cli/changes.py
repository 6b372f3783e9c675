"""``fengsui stage``, ``approve``, ``propose``, ``agree``: changes signed by two, through the running gateway."""

from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.alarms import actor, agreeing
from gateway.cli.client import Gateway
from gateway.cli.say import say_json
from gateway.model.errors import Misconfigured
from gateway.model.levels import Stage
from gateway.model.times import NS, parse_duration

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


def propose(  # noqa: PLR0913  # an option each
    config: Config,
    rule: Annotated[str, typer.Argument(help="rule id")],
    *,
    trigger: Annotated[float | None, typer.Option(help="the limit, in the rule's unit")] = None,
    reset: Annotated[float | None, typer.Option(help="where it ends")] = None,
    deadband: Annotated[float | None, typer.Option(help="instead of --reset: how far from the limit")] = None,
    on_delay: Annotated[str, typer.Option(help="beyond for this long before it is raised, e.g. 3s")] = "",
    off_delay: Annotated[str, typer.Option(help="inside for this long before it is cleared")] = "",
    own: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME=VALUE", help="a number of its kind, e.g. window=20min; repeatable"
        ),
    ] = None,
    reason: Reason,
    by: By = "",
    json: AsJson = False,
) -> None:
    """Ask for other numbers of a rule; a second person agrees to them, or declines."""
    delays = {"on_delay_s": on_delay, "off_delay_s": off_delay}
    asked = {"trigger": trigger, "reset": reset, "deadband": deadband}
    numbers = asked | {name: _seconds(text) for name, text in delays.items()}
    given = {name: value for name, value in numbers.items() if value is not None}
    settings = dict(_setting(text) for text in own or ())
    body = {"rule": rule, **given, "settings": settings, "actor": actor(by), "comment": reason}
    answer = Gateway(config).post("/commands/propose", body)
    say_json(answer) if json else typer.echo(f"{answer['proposal']} waits for a second person")


def agree(  # noqa: PLR0913  # an option each
    config: Config,
    proposal: Annotated[str, typer.Argument(help="its id; without it: what waits")] = "",
    *,
    second: Annotated[str, typer.Option("--second", help="the second person, who agrees")] = "",
    reason: Annotated[str, typer.Option("--reason", help="more to be said; it is journalled")] = "",
    by: By = "",
    decline: Annotated[
        bool, typer.Option("--decline", help="turn it down, or take one's own back; for a --reason")
    ] = False,
    json: AsJson = False,
) -> None:
    """Agree to another person's proposal, which puts it in place; or decline it; without an id say what waits."""
    gateway = Gateway(config)
    if not proposal:
        _tell_waiting(gateway.get("/changes")["proposals"], json=json)
        return
    body = {"proposal": proposal, "actor": actor(by), "comment": reason}
    if decline:
        answer = gateway.post("/commands/decline", body)
    elif second:
        answer = gateway.post("/commands/agree", {**body, "second": agreeing(second)})
    else:
        raise Misconfigured("agree needs --second: a change is agreed to by another person; or --decline")
    if json:
        say_json(answer)
        return
    for change in answer.get("changes", [f"declined {proposal}"]):
        typer.echo(change)


def _setting(text: str) -> tuple[str, float]:
    """``window=20min`` as its name and a number; of a time seconds.

    Raises:
        Misconfigured: it is neither a number nor a time.
    """
    name, _, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError:
        pass  # a time has a unit
    try:
        return name, parse_duration(value) / NS
    except ValueError as error:
        raise Misconfigured(f"--set {text}: allowed: NAME=NUMBER or NAME=TIME, e.g. window=20min") from error


def _seconds(text: str) -> float | None:
    try:
        return parse_duration(text) / NS if text else None
    except ValueError as error:
        raise Misconfigured(str(error)) from error


def _tell_waiting(found: list[dict[str, Any]], *, json: bool) -> None:
    if json:
        say_json(found)
        return
    for each in found:
        numbers = "; ".join(f"{n['field']} {n['old']} -> {n['new']}" for n in each["numbers"])
        typer.echo(
            f"{each['proposal']} {each['rule']} {numbers} by {each['by']} {each['time']}: {each['comment']}"
        )
    if not found:
        typer.echo("nothing waits")


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
