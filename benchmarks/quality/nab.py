"""NAB: single series, one configuration: surprises of novelty, no threshold search."""

import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality import sources
from benchmarks.quality.figures import Figure, above
from benchmarks.quality.table import Table, judge, spans

RULE = "value.NOVEL"


def series(name: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Times (ns) and values of a file. A time that does not rise is put 1 ns behind the one before: what the file says
    twice of one moment (a clock put back) are still two readings.
    """
    _, rows = sources.lines(sources.folder("NAB") / "data" / name)
    time = sources.times([r[0] for r in rows])
    order = np.arange(len(time))
    return np.maximum.accumulate(time - order) + order, np.array([float(r[1]) for r in rows])


def detections(name: str) -> NDArray[np.bool_]:
    """Which records raised the alarm."""
    time, value = series(name)
    found = np.zeros(len(time), np.bool_)
    for span in spans(judge("nab", Table(time, {"value": value}), step=1), RULE):
        found[np.searchsorted(time, span.start)] = True
    return found


def run() -> list[Figure]:
    """The score of the leaderboard's rules, and the false alarms behind it."""
    files = sources.dev_files("NAB")
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "nab.csv"
        rows = ((name, int(hit)) for name in files for hit in detections(name))
        sources.write(path, ("file", "detection"), rows)
        found = sources.score(
            "score_nab.py", "--nab", str(sources.folder("NAB")), "--pred", str(path), "--binary",
            "--files", str(sources.folder("NAB") / "dev_files.txt"),
        )  # fmt: skip
    standard = found["standard"]
    note = (
        f"{standard['windows_hit']} of {standard['windows']} windows, {standard['fp_records']} alarms outside"
    )
    return [
        above("NAB", "score, standard profile", standard["score"], 70.0, note),
        Figure("NAB", "score, reward low FP", found["reward_low_FP_rate"]["score"]),
        Figure("NAB", "score, reward low FN", found["reward_low_FN_rate"]["score"]),
    ]
