"""``fengsui watch``: periods of heightened watch (重点时段), begun and ended by a person."""

from typing import Annotated

import typer

from gateway.cli.alarms import AsJson, Comment, Config, User, acted, actor
from gateway.cli.client import Gateway
from gateway.cli.given import hours_from_now, shown

app = typer.Typer(no_args_is_help=True)
Ident = Annotated[str, typer.Argument(metavar="ID", help="id of the period, e.g. storm-7")]


@app.command("begin")
def begin(  # noqa: PLR0913  # an option each
    config: Config,
    ident: Ident,
    *,
    reason: Annotated[str, typer.Option(help="why")],
    hours: Annotated[float, typer.Option("--for", help="hours until it ends by itself")],
    installations: Annotated[
        list[str] | None, typer.Option("--at", help="installation; several times")
    ] = None,
    acknowledge: Annotated[float, typer.Option(help="factor on the times to acknowledge, at most 1")] = 1.0,
    user: User = "",
    json: AsJson = False,
) -> None:
    """Begin a period of heightened watch now: less time to acknowledge, and the live level takes it into account."""
    until = hours_from_now("--for", hours)
    body = {
        "watch": ident,
        "until": until.isoformat(),
        "installations": installations or [],
        "acknowledge": acknowledge,
        "actor": actor(user),
        "comment": reason,
    }
    acted(Gateway(config).post("/commands/watch", body), json, f"{ident} until {shown(until)}")


@app.command("end")
def end(
    config: Config, ident: Ident, *, comment: Comment = "", user: User = "", json: AsJson = False
) -> None:
    """End a period of heightened watch now."""
    body = {"watch": ident, "actor": actor(user), "comment": comment}
    acted(Gateway(config).post("/commands/watch-end", body), json, f"{ident} is over")
