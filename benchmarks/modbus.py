"""Modbus, all in: ``python -m benchmarks.modbus [--json] [--seed N] [--slot N]``; exit 1 where it falls short.

Two aims. Requests: for twenty register maps in published styles, the requests of a cycle are at most a tenth more than
the fewest any plan could have (exact dynamic programming, every hole allowed). CPU: 10,000 float tags at 1 Hz over 200
devices cost at most a third of a hand-written script's CPU per 1,000 readings, on the whole-system harness
(``FENGSUI_BENCH``); without it that part is "not run".
"""

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any, Final

from benchmarks._harness import Harness, Job
from benchmarks._maps import MAPS, points
from gateway.sources.modbus.config import Settings
from gateway.sources.modbus.plan import Area, Limits, Point, plan

MOST_REQUESTS: Final = 1.10
MOST_CPU: Final = 1 / 3
SCENARIO: Final = "S2"
"""200 devices with 50 float tags each, polled at 1 Hz for a minute, with alarms and a database"""


def fewest(wanted: Sequence[Point], limits: Limits) -> int:
    """Fewest requests that read all points, over all ways to cut each area's points, in address order."""
    return sum(_fewest([p for p in wanted if p.area is area], limits.most(area)) for area in Area)


def _fewest(mine: list[Point], most: int) -> int:
    mine.sort(key=lambda p: (p.address, p.end))
    best = [0]
    for j in range(len(mine)):
        end, options = 0, []
        for i in range(j, -1, -1):
            end = max(end, mine[i].end)
            if end - mine[i].address > most:
                break
            options.append(best[i] + 1)
        best.append(min(options))
    return best[-1]


def requests() -> dict[str, Any]:
    """Ours and the fewest, by map and in all."""
    limits = Settings(kind="modbus-tcp", host="device").limits
    found = {name: (len(plan(points(name), limits)), fewest(points(name), limits)) for name in MAPS}
    ours, least = (sum(each[k] for each in found.values()) for k in (0, 1))
    worst = max(a / b for a, b in found.values())
    return {
        "maps": len(found),
        "requests": ours,
        "fewest": least,
        "ratio": round(ours / least, 4),
        "worst_ratio": round(worst, 4),
        "met": worst <= MOST_REQUESTS,
    }


def cpu(seed: int, slot: int) -> dict[str, Any]:
    """CPU seconds per 1,000 readings of ours and of the script, back to back on one slot."""
    harness = Harness.from_environment()
    if harness.missing:
        return {"status": f"not run: {harness.missing}", "met": None}
    found: dict[str, Any] = {}
    for order, system in enumerate(("fengsui", "hand")):
        result = harness.run(Job(SCENARIO, seed, system, order), slot, harness.runs / "modbus")
        if result["status"] != "ok":
            return {"status": f"{system}: {result['why']}", "met": None if system == "hand" else False}
        figures = result["figures"]
        found[system] = {
            k: figures.get(k) for k in ("cpu_s_per_1000", "scans_lost", "polls_missed", "missed", "false")
        }
    ratio = found["fengsui"]["cpu_s_per_1000"] / found["hand"]["cpu_s_per_1000"]
    return {"status": "ok", **found, "ratio": round(ratio, 4), "met": ratio <= MOST_CPU}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.modbus", description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--slot", type=int, default=2, help="ports of the harness, 0-4")
    args = parser.parse_args()
    report: dict[str, Any] = {"benchmark": "modbus", "requests": requests(), "cpu": cpu(args.seed, args.slot)}
    if args.json:
        print(json.dumps(report))
    else:
        for part in ("requests", "cpu"):
            print(f"{part}: {report[part]}")
    return 1 if False in (report["requests"]["met"], report["cpu"]["met"]) else 0


if __name__ == "__main__":
    sys.exit(main())
