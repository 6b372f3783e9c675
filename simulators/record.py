"""What the instruments of a scenario say, as a table of raw numbers without wires, for backtests; and the truth."""

import csv
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulators.image import register_value
from simulators.player import Player
from simulators.scenario import Scenario
from simulators.tags import Tag

LOST = ("exception", "silence")
"""faults in which nothing is read of a tag"""
BAD = "Bad"


def recorded(player: Player, every_s: float) -> Iterator[list[str | float]]:
    """A row of cells each ``every_s`` plant seconds: seconds since the start, then each tag's raw number.

    A tag is read at its own period. Empty: nothing was read; ``Bad``: not a number.
    """
    tags = list(player.site.tags.values())
    turns = np.array([max(1, round(tag.period_s / every_s)) for tag in tags])
    healthy = _Raw(tags)
    for n in range(int(player.scenario.duration_s / every_s) + 1):
        player.advance(n * every_s)
        row: list[str | float] = list(healthy(player.sensors.values))
        for i, tag in enumerate(tags):
            if player.faults and player.tag_faults(tag.id):
                row[i] = _cell(player, tag)
        for i in np.flatnonzero(n % turns).tolist():
            row[i] = ""
        yield [n * every_s, *row]


class _Raw:
    """Raw numbers of instruments without faults, all at once: the registers are linear in what is measured."""

    def __init__(self, tags: list[Tag]) -> None:
        lines = [_line(tag) for tag in tags]
        self._gain, self._offset = np.array(lines).T
        self._whole = np.array([_whole(tag) for tag in tags])

    def __call__(self, values: NDArray[np.float64]) -> list[float]:
        raw = values * self._gain + self._offset
        found: list[float] = np.where(self._whole, np.round(raw), raw).tolist()
        return found


def _line(tag: Tag) -> tuple[float, float]:
    """gain, offset from the measured value to the raw number."""
    if tag.modbus is None or tag.modbus.type == "bit":
        return 1.0, 0.0
    if tag.signal == "4-20mA":
        low, high = tag.range
        gain = (tag.current.at20 - tag.current.at4) / (high - low)
        return gain, tag.current.at4 - low * gain
    return 1.0 / tag.modbus.scale, -tag.modbus.offset / tag.modbus.scale


def _whole(tag: Tag) -> bool:
    return tag.modbus is not None and not tag.modbus.type.startswith("float")


def _cell(player: Player, tag: Tag) -> str | float:
    if any(fault.kind in LOST for fault in player.tag_faults(tag.id)):
        return ""
    measured = player.measured(tag.id)
    if math.isnan(measured.value):
        return BAD
    if tag.modbus is None:
        return measured.value
    if tag.modbus.type == "bit":
        return float(measured.value >= 0.5)
    raw = register_value(tag, tag.modbus, measured)
    return round(raw) if _whole(tag) else raw


def write_recording(scenario: Scenario, path: Path, every_s: float, start: int) -> dict[str, Any]:
    """Play a scenario into a CSV whose times begin at ``start`` (epoch s); the truth about it."""
    player = Player(scenario)
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["time", *player.site.tags])
        for seconds, *cells in recorded(player, every_s):
            out.writerow([start + float(seconds), *cells])
    return player.report()
