"""``fengsui run``: the gateway."""

from pathlib import Path
from typing import Annotated

import typer


def run(
    config: Annotated[Path, typer.Argument(help="the site file")],
    *,
    adopt: Annotated[
        bool,
        typer.Option(
            "--adopt", help="take over a journal that was made on another machine or by another gateway"
        ),
    ] = False,
) -> None:
    """Run the gateway until SIGTERM or Ctrl-C."""
    from gateway.app.run import run_gateway

    run_gateway(config, adopt=adopt)
