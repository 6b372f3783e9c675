"""SKAB: a pump loop; each file is a plant of its own that learns in its first minutes."""

import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality import sources
from benchmarks.quality.figures import Figure, above
from benchmarks.quality.table import Table, inside, judge, spans

COLUMNS = {
    "A1": "Accelerometer1RMS",
    "A2": "Accelerometer2RMS",
    "I": "Current",
    "P": "Pressure",
    "T": "Temperature",
    "U": "Voltage",
    "F": "Volume Flow RateRMS",
}
CLOCK_S = 45
Flags = tuple[NDArray[np.bool_], NDArray[np.bool_]]
"""of every record: in alarm, a change raised"""


def recording(name: str) -> Table:
    """One file, by the tags of the site."""
    header, rows = sources.lines(sources.folder("SKAB") / "data" / name, ";")
    values = sources.numbers(rows, [header.index(c) for c in COLUMNS.values()])
    return Table(
        sources.times([r[header.index("datetime")] for r in rows]), dict(zip(COLUMNS, values, strict=True))
    )


def found(name: str) -> Flags:
    """Records in alarm, and records at which a change was raised."""
    table = recording(name)
    outcome = judge("skab", table)
    changes = np.zeros(len(table.time), np.bool_)
    for span in spans(outcome, "pump.CHANGE"):
        changes[np.searchsorted(table.time, span.start)] = True
    return inside(table.time, spans(outcome, "pump.OUTLIER")), changes


def scored(files: list[str], flags: dict[str, Flags], place: Path) -> dict[str, dict[str, float]]:
    """What the scorer says of these records."""
    listed, path = place / "files.txt", place / "skab.csv"
    listed.write_text("\n".join(files), encoding="utf-8")
    rows = (
        (name, i, int(out), int(change))
        for name in files
        for i, (out, change) in enumerate(zip(*flags[name], strict=True))
    )
    sources.write(path, ("file", "row", "anomaly", "changepoint"), rows)
    said = sources.score(
        "score_skab.py", "--skab", str(sources.folder("SKAB")), "--pred", str(path), "--files", str(listed)
    )
    return {
        "outliers": said["outliers"],
        "changepoints": {**said["changepoints"], **said["changepoints"]["nab"]},
    }


def run() -> list[Figure]:
    """Both scores on all files, on each half of them, and that of a clock."""
    files = sources.dev_files("SKAB")
    flags = {name: found(name) for name in files}
    clock = {name: (out, np.arange(len(out)) % CLOCK_S == 0) for name, (out, _) in flags.items()}
    with tempfile.TemporaryDirectory() as made:
        place = Path(made)
        whole = scored(files, flags, place)
        halves = [scored(half, flags, place) for half in (files[::2], files[1::2])]
        ticking = scored(files, clock, place)["changepoints"]
    o, c = whole["outliers"], whole["changepoints"]
    f1 = ", ".join(f"{h['outliers']['F1']:.2f}" for h in halves)
    cp = ", ".join(f"{h['changepoints']['Standard']:.1f}" for h in halves)
    return [
        above("SKAB", "outliers, F1", o["F1"], 0.76,
              f"FAR {o['FAR']:.1f} %, MAR {o['MAR']:.1f} %; halves of the files {f1}"),
        above(
            "SKAB", "change points, NAB standard", c["Standard"], 26.16,
            f"missed {c['missed']:.0f} of {c['changepoints']:.0f}, false {c['false_alarms']:.0f}; halves {cp}",
        ),
        Figure("SKAB", "change points, low FP", c["LowFP"]),
        Figure("SKAB", "change points, low FN", c["LowFN"]),
        Figure("SKAB", f"change points of a clock that rings every {CLOCK_S} s", ticking["Standard"],
               note=f"false {ticking['false_alarms']:.0f}: the score hardly minds false alarms"),
    ]  # fmt: skip
