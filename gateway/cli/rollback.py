"""``fengsui rollback``."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.say import say_json
from gateway.config.load import Loaded, load

if TYPE_CHECKING:
    from gateway.store.rollback import SetAside

WHOLE = "this version reads the whole journal; start it"


def rollback(
    config: Annotated[Path, typer.Argument(help="the site file")],
    *,
    check: Annotated[
        bool, typer.Option("--check", help="only say whether anything is beyond this version; exit 1 if so")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="report as JSON")] = False,
) -> None:
    """Go on with this version where a newer one has been, with the gateway stopped. What it cannot read of the journal
    is set aside, whole, and a new epoch begins; where it reads all, nothing is changed.
    """
    from gateway.store import rollback as store

    loaded = load(config)
    if check:
        found = store.look(loaded.state)
        if json:
            say_json({"readable": found is None, "beyond": found.seq if found else None})
        else:
            typer.echo(f"from seq {found.seq} on beyond this version: {found.why}" if found else WHOLE)
        raise typer.Exit(1 if found else 0)
    done = store.set_aside(loaded.state)
    epoch = _begin(loaded, done.why) if done is not None else None
    if json:
        say_json({"set_aside": done.as_json() if done else None, "epoch": epoch})
    elif done is None:
        typer.echo(WHOLE)
    else:
        _say(done, str(epoch))


def _begin(loaded: Loaded, why: str) -> str:
    from gateway.store import Identity, Store

    site = loaded.site
    whose = Identity(site.gateway, site.county, site.id)
    store = Store.open(loaded.state, whose, now=time.time_ns(), adopt=why)
    store.close()
    return store.epoch


def _say(done: "SetAside", epoch: str) -> None:
    typer.echo(
        f"seq {done.first} to {done.last} of epoch {done.epoch} are in {done.file}; epoch {epoch} begins"
    )
    if done.raised:
        typer.echo(
            f"alarms raised in them: {', '.join(done.raised)}; they are raised anew where they still hold"
        )
    for lane, seq in done.missing.items():
        typer.echo(f"{lane} had only had them up to seq {seq}: hand it the file")
