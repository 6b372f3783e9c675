"""``python -m benchmarks.packs_wrong [PACK ...]``: one wrong reading of each instrument, near both ends of its range.

Each wire gives a wrong number now and then. It may raise no process alarm, but where the pack says that there is no
delay, and why. Exit 1 when one does.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from benchmarks.packs import as_coarse, row_every
from benchmarks.packs_page import SAID
from gateway.app.packsite import CALM, INCIDENT, SCENARIOS, write_site
from gateway.config.load import load
from gateway.config.packs.find import built_in
from gateway.history.form import Form
from gateway.history.recording import Recording
from gateway.history.run import backtest
from gateway.model.events import EventKind
from simulators.player import Player
from simulators.record import write_recording
from simulators.scenario import Scenario, TimedFault, load_scenario
from simulators.tags import Tag

START: Final = 1_767_225_600
NEAR: Final = 0.95
"""of the way from the true value to the end of the range"""
APART: Final = 12
"""readings between two wrong ones, ..."""
APART_S: Final = 900.0
"""... and seconds at least"""


def wrong(pack: Path, folder: Path) -> list[str]:
    """Rules that took a wrong reading for a hazard and do not say that they may; ``folder`` is empty."""
    loaded = load(write_site(pack, folder / "site"))
    step_s = load_scenario(pack / SCENARIOS / INCIDENT).step_s
    scenario = _spoilt(replace(load_scenario(pack / SCENARIOS / CALM), hazards=(), step_s=step_s))
    every_s = row_every(scenario)
    data = folder / "readings.csv"
    write_recording(scenario, data, every_s, START)
    outcome = backtest(as_coarse(loaded.site, every_s), Recording((data,), Form(unit="s")))
    spoilt = {fault.target for fault in scenario.faults}
    raised = {e.rule for _, e in outcome.decisions if e.event is EventKind.RAISED and not e.fault and e.level}
    rules = {rule.id: rule for rule in loaded.site.rules}
    mine = {r for r in raised & set(rules) if set(rules[r].tags) & spoilt or not rules[r].tags}
    return sorted(r for r in mine if SAID not in rules[r].reason)


def _spoilt(scenario: Scenario) -> Scenario:
    """With one wrong reading of every analogue instrument at a time."""
    player = Player(scenario)
    player.advance(scenario.step_s)
    tags = [t for t in player.site.tags.values() if not t.by_hand and not _bit(t)]
    longest = max(t.period_s for t in tags)
    apart = max(APART, -(-APART_S // longest)) * longest
    faults = list(_faults(tags, player, apart, scenario.step_s))
    return replace(scenario, faults=faults, duration_s=faults[-1].at + apart)


def _bit(tag: Tag) -> bool:
    """A state: what it says is what it is. So is a tag without a range."""
    low, high = tag.range
    return (tag.modbus is not None and tag.modbus.type == "bit") or (low, high) == (0, 1) or high - low > 1e11


def _faults(tags: Sequence[Tag], player: Player, apart: float, step_s: float) -> Iterator[TimedFault]:
    at = 2 * apart
    for side in (1, 0):
        for tag in tags:
            reading = round(at / tag.period_s) * tag.period_s
            height = (tag.range[side] - player.sensors.healthy(tag.id)) * NEAR
            params = {"height": height, "every_s": 1e9, "width_s": max(step_s, 0.6 * tag.period_s)}
            yield TimedFault(f"{tag.id}-{side}", reading - step_s - 1e-6, "spike", tag.id, None, params)
            at += apart


def main(arguments: Sequence[str]) -> int:
    """All packs, or those named."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.packs_wrong")
    parser.add_argument("packs", nargs="*")
    known, bad = built_in(), 0
    for name in parser.parse_args(arguments).packs or known:
        with tempfile.TemporaryDirectory() as folder:
            found = wrong(known.get(name, Path(name)), Path(folder))
        bad += len(found)
        sys.stdout.write(f"{name}: {', '.join(found) if found else 'ok'}\n")
        sys.stdout.flush()
    return int(bad > 0)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
