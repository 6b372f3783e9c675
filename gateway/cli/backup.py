"""``fengsui backup`` and ``fengsui restore``."""

import time
from pathlib import Path
from typing import Annotated

import typer

from gateway import __version__
from gateway.cli.say import say_json
from gateway.config.load import load

Config = Annotated[Path, typer.Argument(help="the site file")]
AsJson = Annotated[bool, typer.Option("--json", help="report as JSON")]


def backup(
    config: Config,
    target: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="a folder, best on another disk; each backup is a new one in it"),
    ],
    *,
    archive: Annotated[
        bool, typer.Option(help="also the closed days of history (linked to the last backup's)")
    ] = True,
    json: AsJson = False,
) -> None:
    """Copy the state folder, also while the gateway runs; the copied journal is verified before the backup counts."""
    from gateway.store.backup import back_up

    made = back_up(load(config).state, target, version=__version__, archive=archive)
    report = {"folder": str(made.folder), **{k: made.content[k] for k in ("time", "epoch", "seq", "hash")}}
    if json:
        say_json({**report, "files": len(made.content["files"])})
    else:
        typer.echo(f"{made.folder}: journal up to seq {report['seq']} of epoch {report['epoch']}")


def restore(
    config: Config,
    folder: Annotated[Path, typer.Argument(metavar="BACKUP", help="a folder that `fengsui backup` made")],
    *,
    json: AsJson = False,
) -> None:
    """Put a backup back, with the gateway stopped. A new epoch begins and names the last; what was there is kept."""
    from gateway.model.errors import Misconfigured
    from gateway.store import Identity, Store
    from gateway.store.backup import put_back, read_backup
    from gateway.store.plant import RESTORED

    loaded = load(config)
    site, found = loaded.site, read_backup(folder)
    whose = (found.content["gateway"], found.content["county"], found.content["site"])
    if whose != (site.gateway, site.county, site.id):
        raise Misconfigured(
            f"{folder} is of gateway {'/'.join(map(str, whose))}, not of this configuration's"
        )
    aside = put_back(found, loaded.state)
    why = f"{RESTORED} of {found.content['time']}, seq {found.content['seq']}"
    store = Store.open(
        loaded.state, Identity(site.gateway, site.county, site.id), now=time.time_ns(), adopt=why
    )
    epoch = store.epoch
    store.close()
    report = {"state": str(loaded.state), "epoch": epoch, "previous_epoch": found.content["epoch"],
              "previous_seq": found.content["seq"], "aside": str(aside) if aside else None}  # fmt: skip
    if json:
        say_json(report)
        return
    typer.echo(
        f"{loaded.state}: epoch {epoch} follows seq {report['previous_seq']} of {report['previous_epoch']}"
    )
    if aside is not None:
        typer.echo(f"what was there: {aside}")
