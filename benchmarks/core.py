"""How fast the detectors judge on one core: ``python -m benchmarks.core [--json] [--rounds N] [--small]``.

The common per-tag set is that of ``benchmarks/_common.py``. Readings come once a second; windows are full, of such
readings, before anything is timed, and every figure covers whole minutes: as many bucket ends as the plant would have.
CPU seconds of this thread; every figure is the median of ``--rounds`` rounds, the contenders in turns. Before it times
anything it demands that kernel and numpy form find the same planted alarms.

river runs by itself in the harness' own form (``FENGSUI_BENCH``, ``BENCH_ENV``), one detector per tag; otherwise "not
run". One of our detectors stands against one of theirs, a thousand of each: the trend, the costliest of the set. Beside
it, all eight rules of the set against their one.

Exit 1 where an aim is not met. ``--small`` leaves out the national platform's 440,000 tags (two minutes to build).
"""

import argparse
import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks._common import params
from benchmarks._core_numpy import NumpySet
from detectors.bank import Bank
from detectors.kinds.common import Limit, Trend
from detectors.layout import IS_ACTIVE, JUDGED, ROW

S: Final = 1_000_000_000
START: Final = 1_700_000_040 * S // (60 * S) * (60 * S)
BUCKETS, MINUTE, DEVICE, NATION = 30, 60, 50, 440_000
SHAPES: Final = 16
AIMS: Final = {
    "common.1000": 25e6, "common.10000": 25e6, "common.440000": 15e6, "limits.1000": 100e6, "limits.10000": 100e6,
}  # fmt: skip
"""readings/s"""
LIVE_TIMES, PLANT_TIMES, RIVER_TIMES, MOST_BYTES, NATION_TICK_MS = 10.0, 1.0, 20.0, 1024, 30.0


class Plant:
    """Rows of one tick of ``tags`` tags, and the numbers they take in turn."""

    def __init__(self, tags: int) -> None:
        draw = np.random.default_rng(1)
        self.rows = np.zeros(tags, ROW)
        self.rows["tag"], self.rows["flags"] = np.arange(tags), JUDGED
        self.values = 50 + 2 * draw.standard_normal((SHAPES, tags))

    def at(self, tick: int, time_ns: int) -> NDArray[Any]:
        self.rows["source"] = self.rows["received"] = time_ns
        self.rows["value"] = self.values[tick % SHAPES]
        return self.rows


class Ours:
    """A bank, fed by the tick: whole (``batch`` 0) or one call per ``batch`` rows."""

    def __init__(self, tags: int, batch: int = 0, only: type[Any] = object) -> None:
        rules = [r for r in params(tags) if isinstance(r, only)]
        self.tags, self.batch, self.plant, self.bank = tags, batch, Plant(tags), Bank(tags, rules)
        self.edges, self.time, self.buffer = 0, START, np.zeros(batch, ROW)
        self.bytes_of_buffer = self.buffer.view("u1")
        for k in range(BUCKETS * MINUTE):
            self.bank.feed(self.plant.at(k, self.time), tags, self.time)
            self.time += S
        self.bytes = sum(len(part) for part in self.bank.dump().values()) / tags

    def _devices(self, rows: NDArray[Any], step: int, now: int) -> None:
        """One device's readings after the other, through one buffer: as the engine does it."""
        raw, size = rows.view("u1"), ROW.itemsize
        for start in range(0, self.tags, step):
            self.bytes_of_buffer[:] = raw[start * size : (start + step) * size]
            self.edges += len(self.bank.feed(self.buffer, step, now))

    def minute(self) -> list[float]:
        """CPU seconds of each of 60 ticks."""
        spent = []
        for k in range(MINUTE):
            rows, now, step = self.plant.at(k, self.time), self.time, self.batch or self.tags
            began = time.thread_time()
            if self.batch:
                self._devices(rows, step, now)
            else:
                self.edges += len(self.bank.feed(rows, self.tags, now))
            spent.append(time.thread_time() - began)
            self.time += S
        return spent


class Numpys:
    """The numpy form: one for the plant, or one per device of ``batch`` tags."""

    def __init__(self, tags: int, batch: int = 0) -> None:
        size = batch or tags
        self.plant, self.time = Plant(tags), START
        self.parts = [(NumpySet(list(params(1)), size), slice(i, i + size)) for i in range(0, tags, size)]
        for k in range(BUCKETS * MINUTE):
            self._tick(k)
            self.time += S

    def _tick(self, k: int) -> None:
        for part, where in self.parts:
            part.see(self.time, self.plant.values[k % SHAPES][where])

    def minute(self) -> list[float]:
        spent = []
        for k in range(MINUTE):
            began = time.thread_time()
            self._tick(k)
            spent.append(time.thread_time() - began)
            self.time += S
        return spent


def check() -> list[int]:
    """Both forms must find the planted alarms, and the same: raised by rule of the set."""
    tags, draw = 200, np.random.default_rng(2)
    bank, peer, rows = Bank(tags, params(tags)), NumpySet(list(params(1)), tags), np.zeros(tags, ROW)
    rows["tag"], rows["flags"], found = np.arange(tags), JUDGED, [0] * 8
    for k in range(4000):
        now, which = START + k * S, np.arange(tags)
        x = 50 + 0.5 * draw.standard_normal(tags)
        x += np.where(which < 40, np.maximum(k - 1900, 0) * 0.02, 0.0)  # slow: trend, then H and HH
        x += np.where(
            (which >= 40) & (which < 60), np.maximum(k - 2000, 0) * 1.5 * (k < 3000), 0.0
        )  # fast: rate
        x -= np.where((which >= 60) & (which < 80) & (k > 2000) & (k < 2100), 45.0, 0.0)  # low, then back
        x += np.where((which >= 80) & (which < 90) & (k == 2000), 25.0, 0.0)  # spike
        x = np.where((which >= 90) & (which < 99) & (k > 2000), 50.0, x)  # frozen
        rows["source"] = rows["received"] = now
        rows["value"] = x
        for edge in bank.feed(rows, tags, now):
            found[int(edge["rule"]) % 8] += int(edge["after"] == IS_ACTIVE)
        peer.see(now, x)
    if found != peer.raised() or not all(found):
        raise SystemExit(f"kernel found {found}, numpy {peer.raised()}: speeds mean nothing")
    return found


DETECTORS: Final = ("river ph", "river adwin", "river gauss", "river hst")
"""of the harness' peers; its ``river ewm`` is a statistic that decides nothing"""


def river() -> dict[str, float] | str:
    """Readings/s of river's detectors, a thousand of each, in the harness' own form."""
    python = Path(os.environ.get("BENCH_ENV", "/nowhere")) / "core" / "bin" / "python"
    script = Path(os.environ.get("FENGSUI_BENCH", "/nowhere")) / "core_bench.py"
    if not (python.exists() and script.exists()):
        return "not run: FENGSUI_BENCH and BENCH_ENV name no harness with an environment core"
    done = subprocess.run(
        [python, script, "1000", "200"], capture_output=True, text=True, check=False, timeout=600
    )
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    found = {each["core"]: float(each["samples_per_cpu_s"]) for each in lines if each["core"] in DETECTORS}
    return found or f"not run: {done.stderr[-200:]}"


def measure(rounds: int, makers: dict[str, Callable[[], Any]]) -> tuple[dict[str, float], dict[str, Any]]:
    """CPU seconds of a tick by name: median over rounds of the mean over whole minutes, in turns."""
    contenders = {name: make() for name, make in makers.items()}
    for contender in contenders.values():
        contender.minute()
    found: dict[str, list[float]] = {name: [] for name in makers}
    worst: dict[str, Any] = {}
    gc.disable()
    for _ in range(rounds):
        for name, contender in contenders.items():
            spent = contender.minute()
            found[name].append(sum(spent) / len(spent))
            worst[name] = max(worst.get(name, 0.0), *spent)
    gc.enable()
    if edges := sum(getattr(c, "edges", 0) for c in contenders.values()):
        raise SystemExit(f"{edges} alarms where nothing was planted")
    bytes_ = max((getattr(c, "bytes", 0.0) for c in contenders.values()), default=0.0)
    return {name: median(v) for name, v in found.items()}, {"bytes": bytes_, "worst_tick_s": worst}


def report(rounds: int, *, small: bool) -> dict[str, Any]:
    raised = check()
    ticks, extra = measure(rounds, {
        "common.1000": lambda: Ours(1000), "common.10000": lambda: Ours(10_000),
        "limits.1000": lambda: Ours(1000, only=Limit), "limits.10000": lambda: Ours(10_000, only=Limit),
        "trend.1000": lambda: Ours(1000, only=Trend),
        "live.1000": lambda: Ours(1000, DEVICE), "numpy.live.1000": lambda: Numpys(1000, DEVICE),
        "numpy.1000": lambda: Numpys(1000), "numpy.10000": lambda: Numpys(10_000),
    })  # fmt: skip
    if not small:
        more, large = measure(min(rounds, 3), {f"common.{NATION}": lambda: Ours(NATION)})
        ticks, extra["worst_tick_s"] = ticks | more, extra["worst_tick_s"] | large["worst_tick_s"]
    speeds = {name: int(name.rsplit(".", 1)[1]) / spent for name, spent in ticks.items()}
    peers = river()
    ratios = {
        "live / numpy live": speeds["live.1000"] / speeds["numpy.live.1000"],
        "plant / numpy plant, 1,000": speeds["common.1000"] / speeds["numpy.1000"],
        "plant / numpy plant, 10,000": speeds["common.10000"] / speeds["numpy.10000"],
    }
    if isinstance(peers, dict):
        ratios["one trend / river's cheapest"] = speeds["trend.1000"] / max(peers.values())
        ratios["whole set / river's cheapest"] = speeds["common.1000"] / max(peers.values())
    return {
        "benchmark": "core", "unit": "readings/s", "readings_per_s": speeds, "ratio": ratios, "river": peers,
        "state_bytes_per_tag": extra["bytes"], "worst_tick_ms": {k: v * 1e3 for k, v in extra["worst_tick_s"].items()},
        "raised_in_check": raised, "short": short(speeds, ratios, extra["bytes"]),
    }  # fmt: skip


def short(speeds: dict[str, float], ratios: dict[str, float], state: float) -> list[str]:
    """Aims that were measured and not met."""
    found = [
        f"{name}: {speeds[name] / 1e6:.1f} of {aim / 1e6:.0f} million/s"
        for name, aim in AIMS.items()
        if name in speeds and speeds[name] < aim
    ]
    bars = {
        "live / numpy live": LIVE_TIMES, "plant / numpy plant, 1,000": PLANT_TIMES,
        "plant / numpy plant, 10,000": PLANT_TIMES, "one trend / river's cheapest": RIVER_TIMES,
    }  # fmt: skip
    found += [
        f"{name}: {ratios[name]:.1f} of {bar:.0f} times"
        for name, bar in bars.items()
        if name in ratios and ratios[name] < bar
    ]
    nation = f"common.{NATION}"
    if nation in speeds and NATION / speeds[nation] * 1e3 > NATION_TICK_MS:
        found.append(
            f"a tick of {NATION:,} tags: {NATION / speeds[nation] * 1e3:.0f} ms of {NATION_TICK_MS:.0f}"
        )
    return found + ([f"state: {state:.0f} of {MOST_BYTES} bytes a tag"] if state > MOST_BYTES else [])


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=5, help="minutes of plant time each")
    parser.add_argument("--small", action="store_true", help="without the national platform")
    args = parser.parse_args()
    found = report(args.rounds, small=args.small)
    if args.json:
        print(json.dumps(found))
    else:
        for name, speed in found["readings_per_s"].items():
            print(
                f"{name:>18}: {speed / 1e6:7.2f} million readings/s, worst tick {found['worst_tick_ms'][name]:.2f} ms"
            )
        for key in ("ratio", "river", "state_bytes_per_tag", "raised_in_check"):
            print(f"{key}: {found[key]}")
        print("\n".join(found["short"]) or "met")
    return 1 if found["short"] else 0


if __name__ == "__main__":
    sys.exit(main())
