"""``fengsui simulate``: a plant on the wire, as a process of its own."""

from typing import Annotated, Final

import typer

from gateway.cli.child import simulators

PORT_OPTION: Final = "--modbus-port-base"
PORT_BASE: Final = "15020"
"""The ports of the example configurations."""


def simulate(
    context: typer.Context,
    scenario: Annotated[str, typer.Argument(help="scenario name or file")],
) -> None:
    """Run a simulated plant on Modbus TCP and MQTT; further options go to the simulator (see simulators/README.md)."""
    options = list(context.args)
    if PORT_OPTION not in options:
        options += [PORT_OPTION, PORT_BASE]
    raise typer.Exit(simulators(["run", scenario, *options]))
