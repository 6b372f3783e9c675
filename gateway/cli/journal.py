"""``fengsui journal``: look at the record, and prove that nobody changed it."""

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.say import say_json
from gateway.config.load import load
from gateway.model.times import china

app = typer.Typer(no_args_is_help=True)
NOT_SO = 1
Config = Annotated[Path, typer.Argument(help="the site file, or the state folder itself")]
AsJson = Annotated[bool, typer.Option("--json", help="report as JSON")]


def _state(config: Path) -> Path:
    return config if config.is_dir() else load(config).state


@app.command("tail")
def tail(
    config: Config,
    *,
    lines: Annotated[int, typer.Option("-n", min=1, help="how many")] = 20,
    json: AsJson = False,
) -> None:
    """The newest events."""
    from gateway.store import open_reader

    with open_reader(_state(config)) as reader:
        records = reader.records(max(0, reader.head_seq - lines), lines)
    for record in records:
        if json:
            typer.echo(record.data.decode())
            continue
        e = record.event
        level = e.level.word if e.level else str(e.detail.get("level", "-"))
        who = f" by {e.actor.name}" if e.actor else ""
        what = f"{e.installation}/{e.tag} {e.rule}" if e.tag else e.installation
        typer.echo(
            f"{record.seq:>7} {china(record.recorded)} {e.event.value:<14} {level:<7} {what} {e.description}{who}"
        )


@app.command("verify")
def verify(
    config: Config,
    *,
    against: Annotated[
        Path | None, typer.Option(help="heads kept outside: one JSON {epoch, seq, hash} per line")
    ] = None,
    json: AsJson = False,
) -> None:
    """Check every record's hash and chain; with --against also find a cut tail and a rewritten journal."""
    from gateway.store.verify import read_heads, verify_journal

    heads = read_heads(against) if against is not None else []
    report = verify_journal(_state(config), heads)
    if json:
        say_json(report.as_json())
    else:
        typer.echo(report.text())
    if not report.ok:
        raise typer.Exit(NOT_SO)
