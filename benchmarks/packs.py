"""``python -m benchmarks.packs [PACK ...] [--json]``: every pack's scenario and its ordinary week, judged by backtest.

The plant is played without wires, what its instruments say goes through the engine as raw numbers, and the verdict is
that of ``fengsui demo``: the simulator's own truth against what was raised.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from gateway.app.packsite import CALM, INCIDENT, SCENARIOS, write_site
from gateway.app.verdict import Message, good, judge
from gateway.config.load import Loaded, load
from gateway.config.packs.find import built_in
from gateway.history.form import Form
from gateway.history.recording import Recording
from gateway.history.run import Outcome, backtest
from gateway.model.events import Event
from gateway.model.site import Site
from gateway.model.times import NS, iso
from simulators.record import write_recording
from simulators.scenario import Scenario, load_scenario

START: Final = 1_767_225_600
"""2026-01-01T00:00:00Z, epoch s"""
STEPS: Final = 240
"""rows of a recording for each hundred plant seconds at most"""


@dataclass(frozen=True, slots=True)
class Judged:
    """One scenario of a pack."""

    loaded: Loaded
    scenario: Scenario
    truth: dict[str, Any]
    outcome: Outcome
    recording: Path
    report: dict[str, Any]

    @property
    def good(self) -> bool:
        """All that was expected in time, nothing else, leads where there is a trend."""
        return good(self.report)


def run(pack: Path, which: str, folder: Path) -> Judged:
    """Play ``incident`` or ``calm`` of a pack in the empty ``folder``."""
    loaded = load(write_site(pack, folder / "site"))
    scenario = load_scenario(pack / SCENARIOS / which)
    data = folder / "readings.csv"
    truth = write_recording(scenario, data, row_every(scenario), START)
    outcome = backtest(as_coarse(loaded.site, row_every(scenario)), Recording((data,), Form(unit="s")))
    messages = [m for _, event in outcome.decisions if (m := _message(event)) is not None]
    report = judge(messages, truth, START * NS)
    return Judged(loaded, scenario, truth, outcome, data, report)


def row_every(scenario: Scenario) -> float:
    """A row each second of a short scenario, each step of a long one."""
    return max(scenario.step_s, 1.0)


def as_coarse(site: Site, every_s: float) -> Site:
    """The site as it would be read that seldom: nothing goes stale between two rows."""
    every = round(every_s * NS)
    tags = (
        replace(t, period=max(t.period, every), max_age=max(t.max_age, 3 * every) if t.max_age else 0)
        for t in site.tags
    )
    return replace(site, tags=tuple(tags))


def _message(event: Event) -> Message | None:
    """The event as a subscriber would see it."""
    if event.shadow or not event.rule or event.level is None:
        return None
    branch = "faults" if event.fault else "alarms"
    body = {
        "event": event.event.value,
        "id": event.id, "rule": event.rule, "tag": event.tag, "fault": event.fault, "time": iso(event.time),
        "level": event.level.word, "value": event.value, "quality": "", "members": list(event.members),
    }  # fmt: skip
    return Message(f"fengsui/v1/c/s/g/{branch}/x", json.dumps(body).encode(), event.time / NS - START)


def main(arguments: Sequence[str]) -> int:
    """All packs, or those named."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.packs")
    parser.add_argument("packs", nargs="*")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", choices=(INCIDENT, CALM))
    asked = parser.parse_args(arguments)
    known = built_in()
    bad = 0
    for name in asked.packs or known:
        for which in (asked.only,) if asked.only else (INCIDENT, CALM):
            with tempfile.TemporaryDirectory() as folder:
                found = run(known.get(name, Path(name)), which, Path(folder))
            bad += not found.good
            _tell(name, which, found, as_json=asked.json)
    return int(bad > 0)


def _tell(name: str, which: str, found: Judged, *, as_json: bool) -> None:
    report = found.report
    if as_json:
        sys.stdout.write(json.dumps({"pack": name, "scenario": which, "ok": found.good, **report}) + "\n")
        return
    said = "ok" if found.good else "NOT SO"
    keys = ("expected", "raised", "missed", "false", "late", "early")
    counts = ", ".join(f"{key} {report[key]}" for key in keys)
    sys.stdout.write(f"{name} {which}: {said}: {counts}\n")
    for row in report["alarms"] if not found.good else ():
        if not row["raised"] or row["late"] or row["early"]:
            seen = ", ".join(f"{key} {row[key]}" for key in ("window_s", "decided_s", "level", "cause_s"))
            sys.stdout.write(f"  {row['rule']}: {seen}\n")
    for row in report["false_list"]:
        sys.stdout.write(f"  FALSE {row}\n")
    if report["not_held_while_saturated"]:
        sys.stdout.write(f"  not held: {report['not_held_while_saturated']}\n")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
