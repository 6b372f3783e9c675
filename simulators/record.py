"""What the instruments of a scenario say, as a table of raw numbers without wires, for backtests; and the truth."""

import csv
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from simulators.image import register_value
from simulators.player import Player
from simulators.scenario import Scenario
from simulators.tags import Tag

LOST = ("exception", "silence")
"""faults in which nothing is read of a tag"""
BAD = "Bad"


def recorded(player: Player, every_s: float) -> Iterator[list[str]]:
    """A row of cells each ``every_s`` plant seconds: seconds since the start, then each tag's raw number.

    Empty: nothing was read; ``Bad``: not a number.
    """
    tags = list(player.site.tags.values())
    yield ["0", *[_cell(player, tag) for tag in tags]]
    count = int(player.scenario.duration_s / every_s)
    for n in range(1, count + 1):
        player.advance(n * every_s)
        yield [f"{n * every_s:g}", *[_cell(player, tag) for tag in tags]]


def _cell(player: Player, tag: Tag) -> str:
    faults = player.tag_faults(tag.id)
    if any(fault.kind in LOST for fault in faults):
        return ""
    measured = player.measured(tag.id)
    if math.isnan(measured.value):
        return BAD
    if tag.modbus is None:
        return f"{measured.value:.9g}"
    raw = register_value(tag, tag.modbus, measured)
    if tag.modbus.type == "bit":
        return str(int(measured.value >= 0.5))
    return f"{raw:.9g}" if tag.modbus.type.startswith("float") else str(round(raw))


def write_recording(scenario: Scenario, path: Path, every_s: float, start: int) -> dict[str, Any]:
    """Play a scenario into a CSV whose times begin at ``start`` (epoch s); the truth about it."""
    player = Player(scenario)
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["time", *player.site.tags])
        for seconds, *cells in recorded(player, every_s):
            out.writerow([f"{start + float(seconds):.3f}", *cells])
    return player.report()
