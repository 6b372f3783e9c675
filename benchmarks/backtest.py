"""What a backtest costs: ``python -m benchmarks.backtest [--json] [--readings N] [--workers N]``.

The national platform's day is 0.8 billion readings. Here: 10,000 tags at 1 Hz for 80,000 s, wide Parquet of one file
for each 4,000 s (pyarrow's own settings), through the common set (:mod:`benchmarks._common`), all in: start of the
worker processes, decoding, conditioning, detection, the alarm stage. Values are seeded walks in steps of 0.01 between
30 and 70; every hundredth tag is driven to 95 for ten seconds in each file, and the run must raise exactly those
alarms. Exits 1 where it does not, or where 0.8 billion would take 60 s or more; a smaller run is scaled by readings.
"""

import argparse
import concurrent.futures
import json
import os
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._common import site
from gateway.history.form import Form
from gateway.history.recording import recording
from gateway.history.run import Outcome, backtest
from gateway.model.times import NS

DAY = 800_000_000
TAGS = 10_000
FILE_S = 4_000
START = 1_700_000_000
LIMIT_S = 60.0
EVERY = 100
"""one tag in so many is driven over its limits"""


def write(folder: Path, number: int, tags: int, seconds: int) -> None:
    """One file: walks folded into 30..70, in hundredths, so that both limits and quantisation are a plant's."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    draw = np.random.default_rng(number)
    times = (START + number * FILE_S + np.arange(seconds, dtype=np.int64)) * NS
    columns: dict[str, Any] = {"time": pa.array(times, pa.timestamp("ns", "UTC"))}
    for tag in range(tags):
        steps = draw.integers(-3, 4, seconds, dtype=np.int8)
        walk = draw.integers(0, 8000) + np.cumsum(steps, dtype=np.int32)
        values = (3000 + np.abs(walk % 8000 - 4000)) / 100.0
        if tag % EVERY == 0:
            at = seconds // 2 + tag % 97
            values[at : at + 10] = 95.0
        columns[f"T-{tag}"] = values
    pq.write_table(pa.table(columns), folder / f"{number:04d}.parquet", row_group_size=seconds)


def files(folder: Path, tags: int, readings: int) -> int:
    """Write the recording with all cores; returns its readings."""
    total = -(-readings // tags)
    lengths = [min(FILE_S, total - k * FILE_S) for k in range(-(-total // FILE_S))]
    with concurrent.futures.ProcessPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        jobs = [pool.submit(write, folder, k, tags, length) for k, length in enumerate(lengths)]
        for job in jobs:
            job.result()
    return total * tags


def check(outcome: Outcome, expected: int, planted: int) -> list[str]:
    """What was not as planted."""
    raised: dict[str, int] = {}
    for _, event in outcome.decisions:
        if event.event in ("raised", "re-alarm"):  # nobody acknowledges: the ninth is a re-alarm
            name = event.rule.rpartition(".")[2]
            raised[name] = raised.get(name, 0) + 1
    faults = [] if outcome.readings == expected else [f"{outcome.readings} readings of {expected}"]
    wrong = {name: raised.get(name, 0) for name in ("H", "HH") if raised.get(name, 0) != planted}
    faults += [f"{count} alarms {name} raised, {planted} planted" for name, count in wrong.items()]
    extra = {k: n for k, n in raised.items() if k in {"L", "LL", "FAULT"}}
    return faults + ([f"not planted: {extra}"] if extra else [])


def measure(tags: int, readings: int, workers: int, folder: Path) -> dict[str, Any]:
    began = time.perf_counter()
    expected = files(folder, tags, readings)
    written = time.perf_counter() - began
    size = sum(p.stat().st_size for p in folder.iterdir())
    plant = site(tags)
    cpu = _cpu()
    began = time.perf_counter()
    outcome = backtest(plant, recording(folder, Form()), workers=workers)
    wall = time.perf_counter() - began
    planted = len(range(0, tags, EVERY)) * len(list(folder.iterdir()))
    return {
        "benchmark": "backtest", "tags": tags, "readings": outcome.readings, "workers": workers,
        "rules_per_tag": len(plant.rules) // tags, "bytes_per_reading": size / expected, "write_s": written,
        "wall_s": wall, "cpu_s": _cpu() - cpu, "readings_per_s": outcome.readings / wall,
        "cpu_ns_per_reading": (_cpu() - cpu) / outcome.readings * 1e9, "events": len(outcome.decisions),
        "day_s": wall * DAY / outcome.readings, "limit_s": LIMIT_S, "faults": check(outcome, expected, planted),
    }  # fmt: skip


def _cpu() -> float:
    use = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in use)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--readings", type=int, default=DAY, help="fewer for a quick run")
    parser.add_argument("--tags", type=int, default=TAGS)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--folder", type=Path, help="where the recording is written, some 1.3 GB; default: a temporary folder"
    )
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder) as name:
        found = measure(args.tags, args.readings, args.workers, Path(name))
    found["ok"] = not found["faults"] and found["day_s"] < LIMIT_S
    if args.json:
        print(json.dumps(found))
    else:
        print(
            f"{found['readings']:,} readings of {found['tags']:,} tags, {found['rules_per_tag']} rules each, in "
            f"{found['wall_s']:.1f} s ({found['cpu_s']:.1f} s CPU, {found['cpu_ns_per_reading']:.0f} ns a reading); "
            f"0.8 billion: {found['day_s']:.1f} s, aim {LIMIT_S:g} s; {'; '.join(found['faults']) or 'all as planted'}"
        )
    raise SystemExit(0 if found["ok"] else 1)


if __name__ == "__main__":
    main()
