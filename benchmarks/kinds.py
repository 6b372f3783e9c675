"""What each statistical kind costs: ``python -m benchmarks.kinds [--json]``.

One rule of a kind on each of 1,000 tags, whole-plant batches, nothing in alarm: process CPU time, readings a second on
one core and bytes of state a rule. Before it times anything it demands that a kind says the same of its signal of the
page of detectors (:mod:`benchmarks.detectors_signals`) in one piece and reading by reading.
"""

import argparse
import dataclasses
import json
import time
from typing import Any, Final

import numpy as np

from benchmarks.detectors_signals import SIGNALS, Signal
from detectors import layout as lo
from detectors.bank import Bank

TAGS: Final = 1000
ROUNDS: Final = 400
SETTLE: Final = 100
FAR: Final = 1e6
"""times the trigger: an alarm would be another benchmark"""


def rows_of(signal: Signal) -> Any:
    """The signal as rows of tag 0."""
    rows = np.zeros(len(signal.times), lo.ROW)
    rows["source"] = rows["received"] = signal.times
    rows["value"], rows["quality"], rows["flags"] = signal.values, signal.quality, lo.JUDGED
    return rows


def check(name: str, signal: Signal) -> None:
    """One piece and single readings must say the same, or the speed means nothing."""
    rows, whole, pieces = rows_of(signal), Bank(1, [signal.rule]), Bank(1, [signal.rule])
    found = [pieces.feed(rows[i : i + 1], 1, int(rows["received"][i])).copy() for i in range(len(rows))]
    wanted = whole.feed(rows, len(rows), int(rows["received"][-1]))
    if (
        wanted["after"].tolist() != np.concatenate(found)["after"].tolist()
        or lo.IS_ACTIVE not in wanted["after"]
    ):
        raise SystemExit(f"{name}: pieces and whole differ, or nothing was found")


def quiet(signal: Signal, tag: int) -> Any:
    """The rule on another tag, with a trigger that is never met."""
    rule: Any = signal.rule
    changes: dict[str, Any] = {"tag": tag}
    if hasattr(rule, "trigger") and not hasattr(rule, "horizon"):
        changes["trigger"] = rule.trigger * FAR
    return dataclasses.replace(rule, **changes)


def measure(name: str, signal: Signal) -> dict[str, Any]:
    """Readings a second, and bytes of state a rule."""
    bank = Bank(TAGS, [quiet(signal, tag) for tag in range(TAGS)])
    rows, step = np.zeros(TAGS, lo.ROW), int(signal.times[1] - signal.times[0])
    rows["tag"], rows["flags"], spent = np.arange(TAGS), lo.JUDGED, 0.0
    values = np.nan_to_num(
        signal.values[np.random.default_rng(1).integers(0, len(signal.values), (ROUNDS, TAGS))]
    )
    for i, drawn in enumerate(values):
        rows["source"] = rows["received"] = int(signal.times[0]) + i * step
        rows["value"] = drawn
        began = time.process_time()
        bank.feed(rows, TAGS, int(rows["received"][0]))
        spent += time.process_time() - began if i >= SETTLE else 0.0
    size = sum(len(data) for data in bank.dump().values()) / TAGS
    return {"kind": name, "readings_per_s": (ROUNDS - SETTLE) * TAGS / spent, "bytes_per_rule": round(size)}


def main() -> None:
    """Check, then measure each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    as_json, found = parser.parse_args().json, []
    for name, make in SIGNALS.items():
        check(name, make())
        found.append(measure(name, make()))
    if as_json:
        print(json.dumps({"benchmark": "kinds", "tags": TAGS, "runs": found}))
        return
    for run in found:
        print(
            f"{run['kind']:<18} {run['readings_per_s'] / 1e6:6.1f} M readings/s  {run['bytes_per_rule']:>6} B a rule"
        )


if __name__ == "__main__":
    main()
