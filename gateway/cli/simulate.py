"""``fengsui simulate``: a plant on the wire, as a process of its own."""

import subprocess
import sys
from typing import Annotated

import typer


def simulate(
    context: typer.Context,
    scenario: Annotated[str, typer.Argument(help="scenario name or file")],
) -> None:
    """Run a simulated plant on Modbus TCP and MQTT; further options go to the simulator (see simulators/README.md)."""
    done = subprocess.run([sys.executable, "-m", "simulators", "run", scenario, *context.args], check=False)
    raise typer.Exit(done.returncode)
