"""The page of figures: ``docs/quality.md``, and its plots."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from benchmarks.quality import plots
from benchmarks.quality.figures import Figure
from benchmarks.quality.trial import Trial
from benchmarks.quality.trials import TRIALS
from detectors.kinds import KINDS

HERE: Final = Path(__file__).parent
DOCS: Final = HERE.parent.parent / "docs"
PAGE: Final = DOCS / "quality.md"
IMAGES: Final = DOCS / "images" / "quality"
TEXT: Final = HERE / "page.txt"


def table(figures: Sequence[Figure]) -> str:
    """A line for each figure."""
    head = "| what | figure | aim | | how it came about |\n|---|---|---|---|---|\n"
    return head + "".join(
        f"| {f.set}: {f.what} | {f.shown} | {f.aim} | {f.word} | {f.note} |\n" for f in figures
    )


def kind(trial: Trial, figures: Sequence[Figure]) -> str:
    """The section of a kind: its plot and its figures."""
    settings = ", ".join(f"{name} {value}" for name, value in trial.settings.items()) or "as they are"
    mine = [f for f in figures if f.set == f"{trial.kind} on noise"]
    return (
        f"### {trial.kind}\n\n"
        f"[What it is](detectors.md#{trial.kind}). Tried with (times in ns): {settings}. The change: {trial.said}.\n\n"
        f"![{trial.kind}: {trial.said}](images/quality/{trial.kind}.svg)\n\n{table(mine)}"
    )


def page(figures: Mapping[str, Sequence[Figure]]) -> str:
    """The whole page; the words around it are in ``page.txt``."""
    noise = figures["noise"]
    parts = {
        "figures": table([f for name, found in figures.items() if name != "noise" for f in found]),
        "noise": table([f for f in noise if f.aim]),
        "kinds": "\n".join(kind(trial, noise) for trial in TRIALS if trial.kind in KINDS),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda m: parts[m[1]].rstrip("\n"), TEXT.read_text(encoding="utf-8"))


def write(figures: Mapping[str, Sequence[Figure]]) -> None:
    """Page and plots."""
    PAGE.write_text(page(figures), encoding="utf-8")
    for trial in TRIALS:
        plots.write(IMAGES, trial)
