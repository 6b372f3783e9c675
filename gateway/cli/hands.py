"""``fengsui enter`` and ``fengsui loop-tested``: what people read and test, on record with their name."""

from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.alarms import actor
from gateway.cli.client import Gateway
from gateway.cli.say import say_json

Config = Annotated[Path, typer.Argument(help="the site file")]
User = Annotated[str, typer.Option("--as", help="who does it")]
Comment = Annotated[str, typer.Option(help="a word to it")]
AsJson = Annotated[bool, typer.Option("--json", help="report as JSON")]


def enter(  # noqa: PLR0913  # an option each
    config: Config,
    tag: Annotated[str, typer.Argument(help="id of a manual tag")],
    value: Annotated[float, typer.Argument(help="what was read, in the tag's unit")],
    *,
    time: Annotated[str, typer.Option(help="when it was read, RFC 3339 with zone; now, if not said")] = "",
    comment: Comment = "",
    user: User = "",
    json: AsJson = False,
) -> None:
    """Enter a manual reading into the running gateway; it is compared with the online tag of the same point."""
    body = {"tag": tag, "value": value, "actor": actor(user), "comment": comment, "time": time or None}
    answer = Gateway(config).post("/commands/enter", body)
    if json:
        say_json(answer)
        return
    event = next(e for e in answer["events"] if e["event"] == "manual-reading")
    typer.echo(
        f"{tag} {value:g} {event.get('unit', '')} entered by {event['actor']['name']}{_against(event)}"
    )


def loop_tested(  # noqa: PLR0913  # an option each
    config: Config,
    tags: Annotated[list[str], typer.Argument(help="ids of the tags whose loops were tested")],
    *,
    failed: Annotated[
        bool, typer.Option("--failed", help="the test was not passed; say why in --comment")
    ] = False,
    method: Annotated[str, typer.Option(help="how: simulator at the instrument, test gas, dip, ...")] = "",
    comment: Comment = "",
    user: User = "",
    json: AsJson = False,
) -> None:
    """Journal that loops were tested from the instrument to the value here; `check` and the API show by whom."""
    gateway = Gateway(config)
    result = "failed" if failed else "passed"
    common = {"result": result, "method": method, "actor": actor(user), "comment": comment}
    events: list[Any] = []
    for tag in tags:
        events += gateway.post("/commands/loop-tested", {"tag": tag, **common})["events"]
    if json:
        say_json({"events": events})
    else:
        typer.echo(f"{len(tags)} {result}")


def false_data(  # noqa: PLR0913  # an option each
    config: Config,
    tag: Annotated[str, typer.Argument(help="id of the tag")],
    start: Annotated[str, typer.Argument(help="first moment, RFC 3339 with zone")],
    end: Annotated[str, typer.Argument(help="last moment, RFC 3339 with zone")],
    *,
    reason: Annotated[str, typer.Option(help="why it was not the process")],
    user: User = "",
    json: AsJson = False,
) -> None:
    """Call a span of readings false data (伪数据). Nothing is overwritten; the journal says who and why."""
    body = {"tag": tag, "start": start, "end": end, "actor": actor(user), "comment": reason}
    answer = Gateway(config).post("/commands/false-data", body)
    if json:
        say_json(answer)
    else:
        typer.echo(f"{tag}: false data from {start} to {end}")


def _against(event: dict[str, Any]) -> str:
    detail = event.get("detail", {})
    if "online" not in detail:
        return ""
    if detail.get("agrees") is None:
        return f"; {detail['online']} is {detail['online_quality']}: nothing to compare with"
    word = "agrees with" if detail["agrees"] else "DIFFERS from"
    by = f"by {detail['difference']:g}, within {detail['within']:g}"
    return f"; {word} {detail['online']} {detail['online_value']:g} ({by})"
