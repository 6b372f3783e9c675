"""Whole systems from outside: ``python -m benchmarks.campaign [--seeds 1-5] [--scenarios S1,S4kill] [--json]``.

The systems of one scenario and seed run back to back on one slot, in an order that rotates with the seed, so that every
comparison is made in one session. Several slots run at once, on ports of their own; heavy scenarios and those about
start times come last, two at a time with nothing beside them. A campaign resumes: what has a result is not run
again (``--fresh`` begins anew), a failed run is written down and run again at the next call.
"""

import argparse
import fcntl
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from benchmarks._harness import HERE, QUIET, SCENARIOS, SECONDS, SYSTEMS, Harness, Job

Round = list[Job]
"""One scenario and seed: every system, back to back."""
QUIET_SLOTS: Final = 2


def numbers(text: str) -> list[int]:
    """``1-3,7`` -> [1, 2, 3, 7]."""
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def rounds(scenarios: Sequence[str], seeds: Sequence[int], systems: Sequence[str]) -> list[Round]:
    """All work, seed by seed, so that a campaign cut short has whole seeds."""
    plan = []
    for seed in seeds:
        for scenario in scenarios:
            turn = seed % len(systems)
            order = [*systems[turn:], *systems[:turn]]
            plan.append([Job(scenario, seed, system, k) for k, system in enumerate(order)])
    return plan


class Campaign:
    """Rounds over slots; one result file for each run."""

    def __init__(self, harness: Harness, folder: Path, plan: Sequence[Round]) -> None:
        self._harness, self._folder, self._plan = harness, folder, plan
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._total = sum(map(len, plan))
        self._done = 0
        (folder / "results").mkdir(parents=True, exist_ok=True)

    def run(self, slots: Sequence[int]) -> None:
        """First what may run in company, then what wants quiet."""
        loud = [r for r in self._plan if r[0].scenario not in QUIET]
        quiet = [r for r in self._plan if r[0].scenario in QUIET]
        self._say(
            f"{self._total} runs on slots {','.join(map(str, slots))}, about {self._minutes(slots):.0f} min"
        )
        self._phase(loud, slots)
        self._phase(quiet, slots[:QUIET_SLOTS])

    def stop(self) -> None:
        """End the runs under way and begin no more."""
        self._stopping.set()
        self._harness.stop()

    def results(self) -> list[dict[str, Any]]:
        """Of this plan, what there is."""
        files = [self._file(job) for each in self._plan for job in each]
        return [json.loads(f.read_text(encoding="utf-8")) for f in files if f.is_file()]

    def _minutes(self, slots: Sequence[int]) -> float:
        def cost(quiet: bool, count: int) -> float:  # noqa: FBT001 - inner helper
            jobs = [j for r in self._plan for j in r if (j.scenario in QUIET) is quiet and not self._has(j)]
            return sum(SECONDS.get(j.scenario, 90) for j in jobs) / max(1, count) / 60

        return cost(False, len(slots)) + cost(True, min(QUIET_SLOTS, len(slots)))

    def _phase(self, work: Sequence[Round], slots: Sequence[int]) -> None:
        queue = deque(work)
        threads = [threading.Thread(target=self._slot, args=(slot, queue), daemon=True) for slot in slots]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _slot(self, slot: int, queue: deque[Round]) -> None:
        while not self._stopping.is_set():
            try:
                jobs = queue.popleft()
            except IndexError:
                return
            for job in jobs:
                self._one(job, slot)

    def _one(self, job: Job, slot: int) -> None:
        if self._stopping.is_set():
            return
        if self._has(job):
            self._tell(job, slot, "kept")
            return
        began = time.time()
        lack = self._harness.lacks(job)
        found = {"status": "not run", "why": lack} if lack else self._measured(job, slot)
        if self._stopping.is_set():
            return
        entry = {
            "scenario": job.scenario,
            "seed": job.seed,
            "system": job.system,
            "order": job.order,
            "slot": slot,
        }
        entry |= {
            "began": time.strftime("%F %T", time.localtime(began)),
            "took_s": round(time.time() - began),
            **found,
        }
        self._file(job).write_text(json.dumps(entry, indent=1), encoding="utf-8")
        self._tell(job, slot, found["status"] + (f": {found['why']}" if "why" in found else ""))

    def _measured(self, job: Job, slot: int) -> dict[str, Any]:
        try:
            return self._harness.run(job, slot, self._folder)
        except (OSError, KeyError, ValueError) as error:  # no space, or a result that is none
            return {"status": "failed", "why": f"{type(error).__name__}: {error}"}

    def _tell(self, job: Job, slot: int, word: str) -> None:
        with self._lock:
            self._done += 1
            done = self._done
        self._say(f"[{done}/{self._total}] slot {slot} {job.scenario} seed {job.seed} {job.system}: {word}")

    @staticmethod
    def _say(line: str) -> None:
        print(time.strftime("%T"), line, file=sys.stderr, flush=True)

    def _has(self, job: Job) -> bool:
        file = self._file(job)
        return file.is_file() and json.loads(file.read_text(encoding="utf-8"))["status"] == "ok"

    def _file(self, job: Job) -> Path:
        return self._folder / "results" / f"{job.key}.json"


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Two campaigns in one folder would take each other's slots and results."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SystemExit(f"a campaign is running in {folder}") from None
        yield


def session() -> dict[str, Any]:
    """What the figures were measured on."""
    cpu = next(
        (x.split(":", 1)[1].strip() for x in _lines("/proc/cpuinfo") if x.startswith("model name")), ""
    )
    memory = next((int(x.split()[1]) >> 20 for x in _lines("/proc/meminfo") if x.startswith("MemTotal")), 0)
    commit = subprocess.run(
        ["git", "-C", str(HERE.parent), "describe", "--always", "--dirty"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "memory_gib": memory,
        "kernel": platform.release(),
        "python": platform.python_version(),
        "commit": commit,
        "day": time.strftime("%F"),
    }


def _lines(path: str) -> list[str]:
    file = Path(path)
    return file.read_text(encoding="utf-8").splitlines() if file.is_file() else []


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=numbers, default=[1, 2, 3, 4, 5], help="1-5 or 1,3")
    parser.add_argument("--scenarios", default=",".join(SCENARIOS))
    parser.add_argument("--suts", default="fengsui,hand,nodered", help=f"of {', '.join(SYSTEMS)}")
    parser.add_argument(
        "--slots", type=numbers, default=[0, 1, 2, 3], help="0-3; ports from 30000 + 600 * slot"
    )
    parser.add_argument("--name", default="campaign", help="a campaign's folder of results, under BENCH_RUNS")
    parser.add_argument("--fresh", action="store_true", help="forget the campaign's results first")
    parser.add_argument("--keep", action="store_true", help="keep the logs of each run (gigabytes)")
    parser.add_argument("--json", action="store_true", help="results to standard output, too")
    args = parser.parse_args()
    args.scenarios, args.suts = args.scenarios.split(","), args.suts.split(",")
    unknown = [x for x in args.scenarios if x not in SECONDS] + [x for x in args.suts if x not in SYSTEMS]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}")
    return args


def measure(harness: Harness, folder: Path, args: argparse.Namespace) -> dict[str, Any]:
    """Run what is not done; all results of the plan, also written to ``results.json``."""
    if args.fresh:
        shutil.rmtree(folder / "results", ignore_errors=True)
    campaign = Campaign(harness, folder, rounds(args.scenarios, args.seeds, args.suts))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        campaign.run(args.slots)
    except KeyboardInterrupt:
        campaign.stop()
    report = {"benchmark": "campaign", "status": "ok", "session": session(), "results": campaign.results()}
    target = folder / "results.json"
    target.write_text(json.dumps(report, indent=1), encoding="utf-8")
    print(f"results: {target}", file=sys.stderr)
    return report


def main() -> None:
    """Run, gather, print where the results are."""
    args = arguments()
    harness = Harness.from_environment()
    harness.keep = args.keep
    if harness.missing:
        print(json.dumps({"benchmark": "campaign", "status": "not run", "why": harness.missing}))
        return
    folder = harness.runs / args.name
    with alone(folder):
        report = measure(harness, folder, args)
    if args.json:
        print(json.dumps(report))


if __name__ == "__main__":
    main()
