"""``python -m tests.torture [--seeds 200] [--first 1] [--results FILE] [--jobs 2]``: the campaign (``make torture``).

Each seed is a run over real Mosquitto, real InfluxDB, the county node and a scripted device, with SIGKILL of gateway,
broker, county and database, cut, slow and half-open connections, 4xx and 5xx, a full disk, corrupt spool pages and
clock steps, mixed by the seed. Afterwards: alarms lost 0, doubled in effect 0, readings lost 0 but those that gap
records count, and those records count exactly. Exit 1 when a run shows anything else; its folder is kept.

A campaign of hours is played in parts: with ``--results FILE`` each run is a line there, what the file has as right is
not played again, and the sums are over all of it. SIGTERM begins no further run and lets those that play end.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from tests.servers import Influxd, Mosquitto
from tests.torture.run import FAULTS_EACH, Outcome, run


class Campaign:
    """Plays seeds and keeps what they showed."""

    def __init__(self, asked: argparse.Namespace) -> None:
        self.asked = asked
        self.outcomes: dict[int, Outcome] = _read(asked.results)
        self.over = threading.Event()
        self._began = time.monotonic()
        self._lock = threading.Lock()

    def play(self) -> None:
        """Every seed that was asked for and has not gone well yet."""
        seeds = range(self.asked.first, self.asked.first + self.asked.seeds)
        due = [s for s in seeds if s not in self.outcomes or self.outcomes[s].wrong]
        with ThreadPoolExecutor(self.asked.jobs) as pool:
            list(pool.map(self._one, due))

    def _one(self, seed: int) -> None:
        late = self.asked.seconds and time.monotonic() - self._began > self.asked.seconds
        if late or self.over.is_set():
            return
        folder = Path(tempfile.mkdtemp(prefix=f"torture-{seed}-"))
        outcome = run(seed, folder, self.asked.faults)
        with self._lock:
            self._keep(outcome)
            self._say(outcome, folder)
        if not outcome.wrong:
            shutil.rmtree(folder)

    def _keep(self, outcome: Outcome) -> None:
        self.outcomes[outcome.seed] = outcome
        if self.asked.results:
            with self.asked.results.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(outcome)) + "\n")

    def _say(self, outcome: Outcome, folder: Path) -> None:
        if outcome.wrong:
            words, faults = "; ".join(outcome.wrong), " > ".join(outcome.faults)
            sys.stderr.write(f"seed {outcome.seed}: {words}\n{faults}\n{folder}\n")
        if not self.asked.json:
            verdict = "WRONG" if outcome.wrong else "ok"
            sys.stdout.write(
                f"seed {outcome.seed}: {verdict} in {outcome.seconds:.0f} s, {outcome.alarms} alarms, "
                f"{outcome.events} events in {outcome.epochs} epochs, {outcome.readings} readings, "
                f"{outcome.lost_readings} lost, {outcome.told_lost} told of\n"
            )
            sys.stdout.flush()


def _read(results: Path | None) -> dict[int, Outcome]:
    """The last outcome of each seed."""
    if results is None or not results.exists():
        return {}
    lines = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]
    made = (
        Outcome(**{**each, "faults": tuple(each["faults"]), "wrong": tuple(each["wrong"])}) for each in lines
    )
    return {outcome.seed: outcome for outcome in made}


def main(arguments: list[str]) -> int:
    """Play seeds until there are no more, the time is over or SIGTERM comes; the exit code."""
    asked = _parser().parse_args(arguments)
    if Mosquitto.binary() is None or Influxd.binary() is None:
        sys.stderr.write("mosquitto and influxd are needed: make servers\n")
        return 2
    campaign = Campaign(asked)
    signal.signal(signal.SIGTERM, lambda *_: campaign.over.set())
    campaign.play()
    return _sum(campaign.outcomes.values(), as_json=asked.json)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.torture", description=(__doc__ or "").split("\n\n")[1]
    )
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, help="runs at once")
    parser.add_argument("--results", type=Path, help="file of outcomes: go on from it, add to it, sum it up")
    parser.add_argument(
        "--seconds", type=float, default=0.0, help="begin no further run after this; 0: no limit"
    )
    parser.add_argument("--faults", type=int, default=FAULTS_EACH)
    parser.add_argument("--json", action="store_true")
    return parser


def _sum(played: Iterable[Outcome], *, as_json: bool) -> int:
    outcomes = list(played)
    bad = [each for each in outcomes if each.wrong]
    told = {
        "runs": len(outcomes), "wrong": len(bad), "faults": sum(len(o.faults) for o in outcomes),
        "alarms": sum(o.alarms for o in outcomes), "events": sum(o.events for o in outcomes),
        "readings": sum(o.readings for o in outcomes), "readings_lost": sum(o.lost_readings for o in outcomes),
        "readings_told_lost": sum(o.told_lost for o in outcomes),
    }  # fmt: skip
    if as_json:
        sys.stdout.write(json.dumps({**told, "failed": [asdict(o) for o in bad]}) + "\n")
    else:
        sys.stdout.write(", ".join(f"{k} {v}" for k, v in told.items()) + "\n")
    return 1 if bad or not outcomes else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
