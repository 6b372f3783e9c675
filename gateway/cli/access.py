"""``fengsui access``: the access file of a broker that several sites, a county and regulators share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Kind(StrEnum):
    """Brokers."""

    MOSQUITTO = "mosquitto"
    NATS = "nats"


def access(
    configs: Annotated[
        list[Path], typer.Argument(help="site files; each gateway is a user named <site>-<gateway>")
    ],
    *,
    broker: Annotated[Kind, typer.Option(help="whose access file")] = Kind.MOSQUITTO,
    county: Annotated[str, typer.Option(help="user of the county node; empty: none")] = "county",
    regulator: Annotated[str, typer.Option(help="user of the regulator; empty: none")] = "regulator",
) -> None:
    """Write who may read and write what: a site its own topics and receipts, a regulator what he may see, no more."""
    from gateway.config.load import load
    from gateway.wires import access as rights

    sites = [load(path).site for path in configs]
    backs = broker is Kind.NATS
    users = [(f"{s.id}-{s.gateway}", rights.site(s.root, reads_back=backs)) for s in sites]
    codes = dict.fromkeys(s.county for s in sites) if county else ()
    users += [(county, rights.county(code)) for code in codes]
    if regulator:
        users.append((regulator, rights.regulator()))
    typer.echo(rights.mosquitto(users) if broker is Kind.MOSQUITTO else rights.nats(users), nl=False)
