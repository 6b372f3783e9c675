"""TEP: a simulated chemical plant, each fault a run of its own after the same normal day."""

from dataclasses import dataclass

import numpy as np

from benchmarks.quality import sources
from benchmarks.quality.figures import Figure, least, most
from benchmarks.quality.table import Table, inside, judge, spans

MINUTE = 60_000_000_000
STEP = 3 * MINUTE
ONSET = 160
"""records of a test run before its fault"""
KNOWN_HARD = (3, 9, 15)
"""faults that no published monitor finds at a false-alarm rate of 1 % (Yin et al. 2012)"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of one run. ``late`` is minutes from the fault to the alarm; None: none came."""

    fault: int
    late: float | None
    share: float
    false: int


def runs(name: str) -> tuple[list[str], dict[int, np.ndarray]]:
    """Tags, and (records, tags) by run."""
    header, rows = sources.lines(sources.folder("TEP") / name)
    columns = [i for i, c in enumerate(header) if c.startswith(("xmeas_", "xmv_"))]
    values = sources.numbers(rows, columns)
    number = np.array([int(r[header.index("run")]) for r in rows])
    tags = [header[i].upper().replace("_", "") for i in columns]
    return tags, {int(n): values[:, number == n].T for n in np.unique(number)}


def verdict(tags: list[str], normal: np.ndarray, fault: int, values: np.ndarray) -> Verdict:
    """The normal run, then the test run."""
    whole = np.vstack([normal, values])
    time = 1_600_000_000_000_000_000 + STEP * np.arange(len(whole))
    outcome = judge("tep", Table(time, dict(zip(tags, whole.T, strict=True))), step=MINUTE)
    found = spans(outcome, "plant.UPSET")
    onset = int(time[len(normal) + ONSET])
    hit = [s for s in found if s.end > onset]
    late = (max(hit[0].start, onset) - onset) / MINUTE if hit else None
    false = sum(int(time[len(normal)]) <= s.start < onset for s in found)
    return Verdict(fault, late, float(inside(time, found)[len(normal) + ONSET :].mean()), false)


def run() -> list[Figure]:
    """Faults raised and how late, false alarms in the hours before them."""
    tags, training = runs("train.csv.gz")
    _, tests = runs("test.csv.gz")
    found = [verdict(tags, training[0], fault, values) for fault, values in tests.items()]
    open_ = [v for v in found if v.fault not in KNOWN_HARD]
    hit = [v for v in open_ if v.late is not None and v.share > 0.1]
    words = "; ".join(
        f"{v.fault}: {'-' if v.late is None else f'{v.late:.0f} min'}, {100 * v.share:.0f} %" for v in found
    )
    hours = len(found) * ONSET * STEP / (60 * MINUTE)
    return [
        least("TEP", f"faults raised, of {len(open_)} (3, 9, 15 left out)", float(len(hit)), len(open_),
              f"delay and share of the time in alarm: {words}"),
        most("TEP", f"false alarms in {hours:.0f} h before the faults", float(sum(v.false for v in found)), 2.0),
    ]  # fmt: skip
