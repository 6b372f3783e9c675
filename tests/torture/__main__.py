"""``python -m tests.torture [--seeds 200] [--first 1] [--seconds 0] [--json]``: the campaign (``make torture``).

Each seed is a run over real Mosquitto, real InfluxDB, the county node and a scripted device, with SIGKILL of gateway,
broker, county and database, cut, slow and half-open connections, 4xx and 5xx, a full disk, corrupt spool pages and
clock steps, mixed by the seed. Afterwards: alarms lost 0, doubled in effect 0, readings lost 0 but those that gap
records count. Exit 1 when a run shows anything else; its folder is kept.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from tests.servers import Influxd, Mosquitto
from tests.torture.run import FAULTS_EACH, run


def main(arguments: list[str]) -> int:
    """Play seeds until there are no more or the time is over; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.torture", description=(__doc__ or "").split("\n\n")[1]
    )
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument(
        "--seconds", type=float, default=0.0, help="begin no further run after this; 0: no limit"
    )
    parser.add_argument("--faults", type=int, default=FAULTS_EACH)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args(arguments)
    if Mosquitto.binary() is None or Influxd.binary() is None:
        sys.stderr.write("mosquitto and influxd are needed: make servers\n")
        return 2
    began, outcomes = time.monotonic(), []
    for seed in range(asked.first, asked.first + asked.seeds):
        if asked.seconds and time.monotonic() - began > asked.seconds:
            break
        folder = Path(tempfile.mkdtemp(prefix=f"torture-{seed}-"))
        outcome = run(seed, folder, asked.faults)
        outcomes.append(outcome)
        if outcome.wrong:
            sys.stderr.write(
                f"seed {seed}: {'; '.join(outcome.wrong)}\n{' > '.join(outcome.faults)}\n{folder}\n"
            )
        else:
            shutil.rmtree(folder)
        if not asked.json:
            verdict = "WRONG" if outcome.wrong else "ok"
            sys.stdout.write(
                f"seed {seed}: {verdict} in {outcome.seconds:.0f} s, {outcome.alarms} alarms, "
                f"{outcome.events} events in {outcome.epochs} epochs, {outcome.readings} readings, "
                f"{outcome.lost_readings} lost, {outcome.told_lost} told of\n"
            )
            sys.stdout.flush()
    return _sum(outcomes, as_json=asked.json)


def _sum(outcomes: list, *, as_json: bool) -> int:  # type: ignore[type-arg]
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
