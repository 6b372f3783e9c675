"""``fengsui journal``: look at the record, and prove that nobody changed it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, Final

import typer

from gateway.cli.kpi import moment
from gateway.cli.say import say_json, written
from gateway.config.load import load
from gateway.model.errors import Misconfigured
from gateway.model.times import NEVER, china

if TYPE_CHECKING:
    from gateway.model.events import Record

PAGE: Final = 1000

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


@app.command("export")
def export(
    config: Config,
    out: Annotated[Path, typer.Argument(help="file to write, an event a line (JSON Lines); - for stdout")],
    *,
    since: Annotated[str, typer.Option("--from", help="date (UTC+8) or RFC 3339 time of recording")] = "",
    until: Annotated[str, typer.Option("--to", help="the same; events recorded before it")] = "",
    json: AsJson = False,
) -> None:
    """Write events exactly as they were published; what is written serves `journal verify --against` as heads."""
    since_ns, until_ns = moment(since) if since else 0, moment(until) if until else NEVER
    if since_ns >= until_ns:
        raise Misconfigured(f"--from {since} is not before --to {until}")
    with open_out(out) as file:
        first, last = _write(_state(config), file, since_ns, until_ns)
    told = {
        "file": str(out),
        "from": first and first.seq,
        "to": last and last.seq,
        "hash": last and last.hash,
    }
    if json:
        say_json(told)
    elif last is None or first is None:
        typer.echo("no events of this time", err=True)
    else:
        typer.echo(f"events {first.seq} to {last.seq}, hash {last.hash}: {out}", err=str(out) == "-")


@contextmanager
def open_out(out: Path) -> Iterator[BinaryIO]:
    """The file, or stdout for ``-``."""
    if str(out) == "-":
        yield sys.stdout.buffer
        return
    with written(out):
        file = out.open("wb")
    with file:
        yield file


def _write(state: Path, file: BinaryIO, since: int, until: int) -> "tuple[Record | None, Record | None]":
    """The first and the last event written. Records are in the order of their recording, so it ends at ``until``."""
    from gateway.store import open_reader

    first = last = None
    after = -1
    with open_reader(state) as reader:
        while records := reader.records(after, PAGE):
            for record in records:
                if record.recorded >= until:
                    return first, last
                if record.recorded >= since:
                    file.write(record.data + b"\n")
                    first, last = first or record, record
            after = records[-1].seq
    return first, last


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
