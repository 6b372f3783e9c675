"""A plot of every kind at work on its trial: the values, and when it was in alarm."""

from itertools import groupby
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.quality.noise import SEED
from benchmarks.quality.trial import START, Trial, example
from detectors import layout as lo
from gateway.history.svg import Band, Line, Mark, trend

BEFORE: Final = 150
LINES: Final = ("#263238", "#1565c0", "#6a1b9a", "#2e7d32")
STYLE: Final = (
    "<style>.frame{fill:none;stroke:#90a4ae}.grid{stroke:#eceff1}text{font:11px sans-serif;fill:#546e7a}"
    ".y{text-anchor:end}.x{text-anchor:middle}.m{text-anchor:end}</style>"
    '<rect width="100%" height="100%" fill="#fff"/>'
)
OWN_UNIT: Final = frozenset({"limit", "vote", "peak", "setpoint", "total", "mean"})
"""kinds whose trigger can be drawn beside the values"""
MOST: Final = 320
"""points of a line"""


def plot(trial: Trial) -> str:
    """One copy from before the change on, as SVG."""
    values, conditions = example(trial, SEED, min(BEFORE, trial.after))
    values, conditions = values[:MOST], conditions[:MOST]
    times = START + trial.period * np.arange(len(values))
    lines = [Line(times, values[:, i], LINES[i % len(LINES)]) for i in range(values.shape[1])]
    marks = [Mark(float(trial.settings["trigger"]), "trigger", "#d32f2f")] if trial.kind in OWN_UNIT else []
    bands, at = list[Band](), 0
    for condition, stretch in groupby(conditions.tolist()):
        end = at + len(list(stretch))
        if condition == lo.IS_ACTIVE:
            bands.append(Band(int(times[at]), int(times[min(end, len(times) - 1)]), "#d32f2f"))
        at = end
    body = trend(f"{trial.kind}: {trial.said}", (int(times[0]), int(times[-1])), lines, marks, bands)
    head, _, rest = body.partition(">")
    return f'{head} xmlns="http://www.w3.org/2000/svg">{STYLE}{rest}\n'


def write(folder: Path, trial: Trial) -> Path:
    """The plot as a file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{trial.kind}.svg"
    path.write_text(plot(trial), encoding="utf-8")
    return path
